package web

import (
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A throttle slows down guessing of passwords. Each failed sign-in counts against the account's name and against the source's
// network; once a few were made, the next must wait, twice as long after each failure. Nobody is locked out: an account's wait stays
// short, since whoever knows a name could otherwise keep its owner away.
type throttle struct {
	clock func() time.Time

	mu      sync.Mutex
	entries map[string]*attempts
}

// attempts are the failures of one account or network.
type attempts struct {
	failures int
	last     time.Time // of the latest failure
}

// throttleRule says how fast waits grow.
type throttleRule struct {
	free int           // failures that cost nothing
	most time.Duration // longest wait
}

var (
	accountRule = throttleRule{free: 3, most: time.Minute}
	// An office or a mobile carrier shares one network: more tries, but a longer wait for a machine that goes on.
	sourceRule = throttleRule{free: 15, most: 15 * time.Minute}
)

const (
	throttleForget = time.Hour // failures older than this no longer count
	throttleMost   = 100_000   // names and networks remembered; beyond it the forgotten go, then any
)

func newThrottle(clock func() time.Time) *throttle {
	return &throttle{clock: clock, entries: map[string]*attempts{}}
}

// try asks to sign in. A positive wait refuses; else the attempt counts as failed until succeeded or undone is called, so that many at once gain nothing.
func (t *throttle) try(user string, source netip.Addr) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock()
	account, network := keys(user, source)
	wait = max(t.wait(account, accountRule, now), t.wait(network, sourceRule, now))
	if wait > 0 {
		return wait
	}
	t.fail(account, now)
	t.fail(network, now)
	return 0
}

// succeeded forgets the account's failures. The network's stay but for this attempt: one account of the attacker's own must not wipe them out.
func (t *throttle) succeeded(user string, source netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	account, network := keys(user, source)
	delete(t.entries, account)
	t.take(network)
}

// undone takes an attempt back that said nothing about the password: the mail server did not answer.
func (t *throttle) undone(user string, source netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	account, network := keys(user, source)
	t.take(account)
	t.take(network)
}

func (t *throttle) wait(key string, rule throttleRule, now time.Time) time.Duration {
	a := t.entries[key]
	if a == nil || now.Sub(a.last) >= throttleForget {
		return 0
	}
	over := a.failures - rule.free
	if over < 0 {
		return 0
	}
	delay := rule.most
	if over < 20 {
		delay = min(time.Second<<over, rule.most)
	}
	return a.last.Add(delay).Sub(now)
}

func (t *throttle) fail(key string, now time.Time) {
	a := t.entries[key]
	if a == nil {
		t.makeRoom(now)
		a = &attempts{}
		t.entries[key] = a
	}
	if now.Sub(a.last) >= throttleForget {
		a.failures = 0
	}
	a.failures++
	a.last = now
}

func (t *throttle) take(key string) {
	a := t.entries[key]
	if a == nil {
		return
	}
	if a.failures--; a.failures <= 0 {
		delete(t.entries, key)
	}
}

func (t *throttle) makeRoom(now time.Time) {
	if len(t.entries) < throttleMost {
		return
	}
	for key, a := range t.entries {
		if now.Sub(a.last) >= throttleForget {
			delete(t.entries, key)
		}
	}
	for key := range t.entries {
		if len(t.entries) < throttleMost {
			return
		}
		delete(t.entries, key)
	}
}

// keys are the account's name as servers mostly compare it, and the network that one attacker mostly has: /24, or /64 of IPv6.
func keys(user string, source netip.Addr) (account, network string) {
	source = source.Unmap().WithZone("")
	bits := 24
	if source.Is6() {
		bits = 64
	}
	prefix, err := source.Prefix(bits)
	if err != nil {
		return accountKey(user), "s" // no address: all such share one
	}
	return accountKey(user), "s" + prefix.String()
}

// accountKey folds what a server may take for the same name: letter case, wide and composed forms, and, as SASLprep does (RFC 4013), what can't be seen. Two names that are one
// here share their waits and nothing else.
func accountKey(user string) string {
	return "a" + strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToLower(norm.NFKC.String(user)))
}
