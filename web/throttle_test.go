package web

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func newTestThrottle() (*throttle, func(time.Duration)) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	return newThrottle(func() time.Time { return now }), func(d time.Duration) { now = now.Add(d) }
}

var (
	home   = netip.MustParseAddr("192.0.2.10")
	nextTo = netip.MustParseAddr("192.0.2.200")
	abroad = netip.MustParseAddr("198.51.100.1")
)

func TestThrottleDelayGrowsPerAccount(t *testing.T) {
	th, advance := newTestThrottle()
	want := []time.Duration{0, 0, 0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute}
	for i, w := range want {
		got := th.try("ada", netip.AddrFrom4([4]byte{10, 0, byte(i), 1}))
		if got != w {
			t.Errorf("attempt %d: wait %v, want %v", i+1, got, w)
		}
		if got > 0 {
			advance(got)
			if again := th.try("ADA", netip.AddrFrom4([4]byte{10, 1, byte(i), 1})); again != 0 {
				t.Errorf("attempt %d after its wait: %v more", i+1, again)
			}
		}
	}
}

func TestThrottleCountsNetworks(t *testing.T) {
	th, advance := newTestThrottle()
	for i := range sourceRule.free {
		if w := th.try(fmt.Sprint("user", i), home); w != 0 {
			t.Fatalf("attempt %d: wait %v, want none", i, w)
		}
	}
	if w := th.try("another", nextTo); w != time.Second {
		t.Errorf("same /24: wait %v, want 1s", w)
	}
	if w := th.try("another", netip.MustParseAddr("::ffff:192.0.2.77")); w != time.Second {
		t.Errorf("same /24 mapped into IPv6: wait %v, want 1s", w)
	}
	if w := th.try("another", abroad); w != 0 {
		t.Errorf("other network: wait %v, want none", w)
	}
	for i := range sourceRule.free {
		th.try(fmt.Sprint("six", i), netip.MustParseAddr("2001:db8:1:2::1"))
	}
	if w := th.try("x", netip.MustParseAddr("2001:db8:1:2:3:4:5:6")); w != time.Second {
		t.Errorf("same /64: wait %v, want 1s", w)
	}
	if w := th.try("x", netip.MustParseAddr("2001:db8:1:3::1")); w != 0 {
		t.Errorf("other /64: wait %v, want none", w)
	}
	advance(throttleForget)
	if w := th.try("another", nextTo); w != 0 {
		t.Errorf("after an hour: wait %v, want none", w)
	}
}

func TestThrottleSuccess(t *testing.T) {
	th, _ := newTestThrottle()
	for range accountRule.free {
		th.try("ada", home)
	}
	th.try("bob", home)
	th.succeeded("ada", home)
	if w := th.try("ada", home); w != 0 {
		t.Errorf("after a success: wait %v, want none", w)
	}
	if n := th.entries["s192.0.2.0/24"].failures; n != 4 {
		t.Errorf("failures of the network = %d, want 4: a success takes back its own attempt alone", n)
	}
}

// A mail server that is down must not use up anyone's tries.
func TestThrottleUndone(t *testing.T) {
	th, _ := newTestThrottle()
	for range 100 {
		if w := th.try("ada", home); w != 0 {
			t.Fatalf("wait %v, want none", w)
		}
		th.undone("ada", home)
	}
	if len(th.entries) != 0 {
		t.Errorf("entries left: %d", len(th.entries))
	}
}

func TestThrottleKnowsAName(t *testing.T) {
	for _, spelling := range []string{"Ada@Godwit.Example", "ada@godwit.example ", "a\u00adda@godwit.example", "\u200bada@godwit.example", "\uff41da@godwit.example", "ada@godwit\uff0eexample"} {
		if got, want := accountKey(spelling), accountKey("ada@godwit.example"); got != want {
			t.Errorf("accountKey(%q) = %q, want %q", spelling, got, want)
		}
	}
	if accountKey("ada") == accountKey("adá") {
		t.Error("an accent is no difference")
	}
}

func TestThrottleIsBounded(t *testing.T) {
	th, advance := newTestThrottle()
	for i := range throttleMost {
		th.fail(fmt.Sprint(i), th.clock())
	}
	th.try("ada", home)
	if len(th.entries) > throttleMost+1 {
		t.Errorf("%d entries, want at most %d", len(th.entries), throttleMost+1)
	}
	advance(throttleForget)
	th.try("bob", abroad)
	th.try("carl", abroad)
	if len(th.entries) > throttleMost {
		t.Errorf("%d entries after all were forgotten", len(th.entries))
	}
}
