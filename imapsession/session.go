package imapsession

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what all sessions of a process share. The zero value works.
type Options struct {
	MaxConns    int           // connections per account at most, 0 is 3
	IdleAfter   time.Duration // an unused connection is closed after this, 0 is 2 min
	CommandWait time.Duration // a server that says nothing for this long is dead, 0 is 30 s
	Log         *slog.Logger  // nil discards
	// Trace, when not nil, receives the protocol dialogue with literals and credentials cut out.
	Trace func(user string, line string)
	// Dial replaces net.Dialer, for tests. TLS is laid over what it returns.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o *Options) maxConns() int {
	if o.MaxConns > 0 {
		return o.MaxConns
	}
	return 3
}

func (o *Options) idleAfter() time.Duration {
	if o.IdleAfter > 0 {
		return o.IdleAfter
	}
	return 2 * time.Minute
}

func (o *Options) commandWait() time.Duration {
	if o.CommandWait > 0 {
		return o.CommandWait
	}
	return 30 * time.Second
}

func (o *Options) log() *slog.Logger {
	if o.Log != nil {
		return o.Log
	}
	return slog.New(slog.DiscardHandler)
}

func (o *Options) tracer(user string) func(string) {
	if o.Trace == nil {
		return nil
	}
	return func(line string) { o.Trace(user, line) }
}

// Account says where and as whom to sign in.
type Account struct {
	Server Server
	User   string
	Secret Secret
}

// Secret is a password that does not print.
type Secret string

func (Secret) String() string       { return "[secret]" }
func (Secret) GoString() string     { return "[secret]" }
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Session is one user's login to one mail account. Its methods may be called from
// many goroutines at once.
type Session struct {
	opts    *Options
	account Account
	pool    *pool
	used    atomic.Int64 // when a connection was last asked for, Unix nanoseconds
	folders folders
	read    *readMemory // what reading mail taught; see kept.go

	mu       sync.Mutex
	alerts   []string
	alerted  map[string]bool // texts told before, so that one on every login is shown once
	serverID []Field         // the server's ID reply; nil before the first sign-in or without ID
}

// Login connects, signs in and returns the Session, whose first connection stays open for use.
// Every failure is a *LoginError.
func Login(ctx context.Context, opts *Options, account Account) (*Session, error) {
	s := Resume(opts, account)
	if account.User == "" {
		return nil, &LoginError{Reason: LoginRejected, Server: account.Server.Address(), Err: errors.New("no name was given")}
	}
	if err := s.pool.warm(ctx); err != nil {
		s.pool.close(ctx)
		return nil, err
	}
	return s, nil
}

// Resume returns a Session that signs in lazily with its first use: for a session record found after a restart.
func Resume(opts *Options, account Account) *Session {
	if opts == nil {
		opts = &Options{}
	}
	s := &Session{opts: opts, account: account, alerted: make(map[string]bool), read: newReadMemory()}
	s.touch()
	s.pool = newPool(s.connect, opts.maxConns(), opts.idleAfter())
	return s
}

// connect makes one more signed-in connection. Every failure is a *LoginError.
func (s *Session) connect(ctx context.Context) (*conn, error) {
	up, err := connect(ctx, s.opts, s.account, nil)
	if err != nil {
		s.opts.log().Debug("no connection", "user", s.account.User, "err", err)
		return nil, err
	}
	return s.open(ctx, up)
}

// open hands a signed-in connection to go-imap. Every failure is a *LoginError.
func (s *Session) open(ctx context.Context, up *upstream) (*conn, error) {
	for _, text := range up.alerts {
		s.alert(text)
	}
	c, err := open(ctx, s.opts, s.account.User, up, s.alert)
	if err == nil {
		if err = s.identify(ctx, c); err != nil {
			c.discard()
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, &LoginError{Reason: LoginUnreachable, Server: s.account.Server.Address(), Err: err}
	}
	return c, nil
}

// User is the name the account signed in with.
func (s *Session) User() string { return s.account.User }

// maxAlerts bounds what a server can pile up that nobody has read.
const maxAlerts = 20

// alert keeps an ALERT until Alerts asks for it. It is called from go-imap's reading goroutine.
func (s *Session) alert(text string) {
	text = printable(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if text == "" || s.alerted[text] || len(s.alerts) >= maxAlerts {
		return
	}
	if len(s.alerted) >= 10*maxAlerts {
		clear(s.alerted)
	}
	s.alerted[text] = true
	s.alerts = append(s.alerts, text)
}

// Alerts returns the ALERT texts (RFC 9051 section 7.1) that came since the last call, oldest first; a person must see them.
// A text is told once in a Session's life.
func (s *Session) Alerts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	alerts := s.alerts
	s.alerts = nil
	return alerts
}

// Close logs out all connections, waiting at most until ctx ends, and makes every later call ErrUnavailable.
// Connections still in use are waited for as long as ctx lasts, then cut off. It may be called more than once.
func (s *Session) Close(ctx context.Context) error { return s.pool.close(ctx) }

func (s *Session) touch() { s.used.Store(time.Now().UnixNano()) }

func (s *Session) lastUse() time.Time { return time.Unix(0, s.used.Load()) }

// with lends a connection that has mailbox selected to f; mailbox "" lends any
// authenticated one. At most Options.MaxConns are out at once; it waits for one, first come
// first served, until ctx ends.
//
// When f fails with anything but a tagged NO or BAD or one of the sentinels of this package, or ctx
// ends, or f panics, the connection is dropped, never reused. When a pooled connection
// turns out dead before f's first byte came back, f is run once more on a fresh one: f starts from scratch
// at each run. f reads every answer to its end before it returns nil, NO or a sentinel.
//
// Errors come back translated (errors.go), with the original wrapped; when ctx has ended, its error alone.
func (s *Session) with(ctx context.Context, box lease, f func(c *conn) error) error {
	for again := true; ; again = false {
		s.touch()
		c, reused, err := s.pool.get(ctx, box.mailbox)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		err = c.lend(ctx, box, f)
		again = again && reused && c.broken && c.unanswered() && ctx.Err() == nil
		if c.broken {
			s.opts.log().Debug("connection dropped", "user", s.account.User, "mailbox", box.mailbox, "err", err, "again", again, "repairs", c.wire.Repairs())
		}
		s.pool.put(c)
		if err == nil || !again {
			return err
		}
		s.pool.distrust()
	}
}

// lease says what a borrower needs.
type lease struct {
	mailbox     string
	uidValidity uint32 // 0 does not check
	write       bool   // ErrReadOnly unless the server lets us write
	fresh       bool   // conn.messages is to be as of now: one NOOP on a connection that has the mailbox selected, nothing else
}

func hasFlag(flags []string, flag string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, flag) })
}

// errClosed is what a Session says after Close.
var errClosed = fmt.Errorf("the session is closed: %w", ErrUnavailable)
