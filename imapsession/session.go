package imapsession

import (
	"context"
	"log/slog"
	"net"
	"strings"
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

// Login connects, signs in and returns the Session, whose first connection stays open for use.
// Every failure is a *LoginError.
func Login(ctx context.Context, opts *Options, account Account) (*Session, error) { panic("login.go") }

// Resume returns a Session that signs in lazily with its first use: for a session record found after a restart.
func Resume(opts *Options, account Account) *Session { panic("session.go") }

// User is the name the account signed in with.
func (s *Session) User() string { panic("session.go") }

// Alerts returns the ALERT texts (RFC 9051 section 7.1) that came since the last call, oldest first; a person must see them.
func (s *Session) Alerts() []string { panic("session.go") }

// Close logs out all connections, waiting at most until ctx ends, and makes every later call ErrUnavailable.
func (s *Session) Close(ctx context.Context) error { panic("session.go") }

// Table keeps the live Sessions of a process by a key of the caller's, and closes those unused for a while.
// NewTable starts one goroutine, which CloseAll ends.
type Table struct{ tableState }

func NewTable(idle time.Duration) *Table                { panic("table.go") }
func (t *Table) Get(key string) (*Session, bool)        { panic("table.go") }
func (t *Table) Add(key string, s *Session) *Session    { panic("table.go") } // the one that is kept, when two raced
func (t *Table) Remove(ctx context.Context, key string) { panic("table.go") } // and closes it
func (t *Table) CloseAll(ctx context.Context)           { panic("table.go") }
func (t *Table) Len() int                               { panic("table.go") }

func hasFlag(flags []string, flag string) bool {
	for _, f := range flags {
		if strings.EqualFold(f, flag) {
			return true
		}
	}
	return false
}

// with lends a connection that has mailbox selected (EXAMINEd unless write) to f; mailbox "" lends any
// authenticated one. At most Options.MaxConns are out at once; it waits for one until ctx ends.
// When f fails with anything but a tagged NO/BAD, or ctx ends, the connection is dropped, never reused. When a pooled connection
// turns out dead before f's first byte came back, f is run once more on a fresh one: f must be idempotent.
// uidValidity, when not 0, is checked against the selected mailbox: ErrStale.
func (s *Session) with(ctx context.Context, box lease, f func(c *conn) error) error { panic("pool.go") }

// lease says what a borrower needs.
type lease struct {
	mailbox     string
	uidValidity uint32 // 0 does not check
	write       bool   // SELECT, not EXAMINE
}
