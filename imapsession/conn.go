package imapsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/imapsession/wire"
)

// conn is one authenticated connection and the mailbox selected on it. One borrower at a time uses it.
type conn struct {
	*imapclient.Client
	wire *wire.Conn
	can  features

	// The rest is touched only by the borrower.

	mailbox        string // selected, "" when none
	uidValidity    uint32
	uidNext        UID    // as SELECT told it; 0 when the server did not, or messages came since
	highestModSeq  uint64 // as SELECT told it; 0 likewise
	messages       uint32 // EXISTS as last told; see refresh
	readOnly       bool   // SELECT said [READ-ONLY]
	permanentFlags []imap.Flag
	// fresh says that messages is as of this loan: the mailbox was selected or refreshed in it.
	// Otherwise mail may have come that the server had no occasion to tell of.
	fresh bool

	link   *link
	cut    atomic.Bool // by abort: not go-imap's doing
	owing  []io.Closer // commands of this loan whose answers may still be unread
	broken bool        // not to be lent again
	began  bool        // the borrower's own function was started in this loan
	heard  int64       // octets received when it was
	idle   time.Time   // since when nobody has it
}

// maxLineOctets bounds one line of an answer. SORT names every message in one: a million of them take 8 MiB.
const maxLineOctets = 16 << 20

// open wraps a signed-in connection for go-imap. alert is called from the reading goroutine.
func open(ctx context.Context, o *Options, user string, up *upstream, alert func(string)) (*conn, error) {
	// go-imap is told of a connection that was signed in from the start, so that
	// it has no cause to ask for capabilities at a moment of its own choosing.
	greeting := "* PREAUTH [CAPABILITY " + strings.Join(clientCaps(up.caps), " ") + "] signed in\r\n"
	l := &link{Conn: up.nc, raw: up.raw, ahead: append([]byte(greeting), up.ahead...)}
	w := wire.New(l, wire.Options{Wait: o.commandWait(), Trace: o.tracer(user), OnAlert: alert, MaxLine: maxLineOctets})
	c := &conn{
		Client: imapclient.New(w, &imapclient.Options{}),
		wire:   w,
		can:    chooseFeatures(up.caps),
		link:   l,
	}
	defer context.AfterFunc(ctx, c.abort)()
	if err := c.WaitGreeting(); err != nil {
		c.discard()
		return nil, err
	}
	return c, nil
}

// lend runs f with what box asks for. It returns f's error in the words of this package,
// and leaves c.broken true when the connection must not be lent again.
func (c *conn) lend(ctx context.Context, box lease, f func(*conn) error) (err error) {
	c.began, c.fresh = false, false
	stop := context.AfterFunc(ctx, c.abort)
	defer func() {
		if v := recover(); v != nil {
			// go-imap may have panicked with its encoder locked: the connection is lost,
			// and any further call on it would wait for ever.
			c.broken = true
			err = fmt.Errorf("%w: panic in the mail client: %v\n%s", ErrUnavailable, v, debug.Stack())
		}
		if !stop() || c.dead() || !harmless(err) {
			c.broken = true
		}
		if c.broken {
			// Before anyone waits for go-imap: its reader may be stuck on an answer nobody reads.
			c.discard()
		} else {
			c.owing = nil
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
	}()
	if err := c.prepare(box); err != nil {
		return err
	}
	c.began, c.heard = true, c.link.received.Load()
	return c.translate(f(c))
}

// maxTrust is how long an unused connection is believed to be alive: firewalls forget connections
// silently, and only an answer shows the difference.
const maxTrust = 30 * time.Second

// maxProof is how soon an unused connection has to answer.
const maxProof = 5 * time.Second

// prepare selects, checks and refreshes as box asks.
func (c *conn) prepare(box lease) error {
	if !c.idle.IsZero() && time.Since(c.idle) > maxTrust {
		guard := time.AfterFunc(maxProof, c.abort)
		err := c.refresh()
		guard.Stop()
		if err != nil {
			return err
		}
	}
	if box.mailbox == "" {
		return nil
	}
	if !c.selected(box.mailbox) || box.write && c.readOnly || box.uidValidity != 0 && box.uidValidity != c.uidValidity {
		// The last two: what was true when the mailbox was selected may have been overtaken.
		if err := c.choose(box.mailbox); err != nil {
			return err
		}
	} else if box.fresh && !c.fresh {
		if err := c.refresh(); err != nil {
			return err
		}
	}
	c.count()
	switch {
	case box.uidValidity != 0 && box.uidValidity != c.uidValidity:
		return fmt.Errorf("mailbox %q has UIDVALIDITY %d, not %d: %w", box.mailbox, c.uidValidity, box.uidValidity, ErrStale)
	case box.write && c.readOnly:
		return fmt.Errorf("mailbox %q: %w", box.mailbox, ErrReadOnly)
	}
	return nil
}

func (c *conn) selected(mailbox string) bool {
	return c.mailbox != "" && sameMailbox(c.mailbox, mailbox)
}

// sameMailbox compares names: as they are, but for INBOX (RFC 9051 section 5.1).
func sameMailbox(a, b string) bool {
	return a == b || strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX")
}

// choose selects a mailbox, for reading too: SELECT alone tells whether it may be written, and
// a message that is opened is marked as seen right after, which would otherwise cost
// selecting again. What SELECT changes and EXAMINE does not is \Recent, which RFC 9051 dropped.
func (c *conn) choose(mailbox string) error {
	c.mailbox = "" // also when the server says NO (RFC 9051 section 6.3.2)
	before := c.Client.Mailbox()
	data, err := c.Select(mailbox, nil).Wait()
	var said *imap.Error
	if errors.As(err, &said) && said.Code == imap.ResponseCodeAlreadyExists {
		// QUIRK: Dovecot makes a new user's INBOX at the first SELECT, and says this when another connection, that of the
		// folder list, is making it at the same moment. By now it is there.
		data, err = c.Select(mailbox, nil).Wait()
	}
	if err != nil {
		return fmt.Errorf("mailbox %q: %w", mailbox, c.refused(err))
	}
	c.mailbox = mailbox
	c.settle(before, data)
	c.uidValidity, c.uidNext, c.highestModSeq = data.UIDValidity, data.UIDNext, data.HighestModSeq
	c.messages, c.permanentFlags = data.NumMessages, data.PermanentFlags
	c.readOnly = strings.EqualFold(c.wire.LastCode(), "READ-ONLY")
	c.fresh = true
	return nil
}

// maxSettle bounds the wait for go-imap's record of the selected mailbox. It takes microseconds.
const maxSettle = 100 * time.Millisecond

// settle waits until go-imap has the new mailbox on record, which it does only after SELECT's Wait
// was let go: until then Client.Mailbox tells of the one before, whose count must not be taken for this one's. With
// the same name in both only the count tells them apart, and where that is equal too nothing is lost.
func (c *conn) settle(before *imapclient.SelectedMailbox, data *imap.SelectData) {
	for deadline := time.Now().Add(maxSettle); time.Now().Before(deadline); runtime.Gosched() {
		now := c.Client.Mailbox()
		if now == nil || now.Name != c.mailbox {
			continue
		}
		if before == nil || before.Name != c.mailbox || now.NumMessages == data.NumMessages {
			return
		}
	}
}

// refused translates why a mailbox could not be selected: any NO that is not about the server's own
// health means that there is nothing to be opened under this name.
func (c *conn) refused(err error) error {
	var said *imap.Error
	if !errors.As(err, &said) {
		return c.translate(err)
	}
	switch said.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeServerBug, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeCorruption:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", ErrNoMailbox, err)
}

// refresh makes messages current by a NOOP, one round trip. Expunges that it brings move sequence
// numbers: whoever holds some must ask again.
func (c *conn) refresh() error {
	if err := c.Noop().Wait(); err != nil {
		return c.translate(err)
	}
	c.count()
	c.fresh = true
	return nil
}

// count takes over what go-imap has heard of the selected mailbox's size. Its own record is
// kept by the reading goroutine under a lock; the fields here belong to the borrower.
func (c *conn) count() {
	box := c.Client.Mailbox()
	if box == nil || c.mailbox == "" {
		return
	}
	if box.NumMessages != c.messages {
		c.messages, c.uidNext, c.highestModSeq = box.NumMessages, 0, 0
	}
	c.permanentFlags = box.PermanentFlags
}

// fetch is Client.Fetch, remembered: should the loan end badly, its answer is read to the end of the closed
// connection, without which go-imap's reader would hang for ever. Every FETCH goes through it.
// numSet must not be empty: that would cost the connection.
func (c *conn) fetch(numSet imap.NumSet, options *imap.FetchOptions) *pendingFetch {
	cmd := &pendingFetch{FetchCommand: c.Client.Fetch(numSet, options)}
	c.owing = append(c.owing, cmd)
	return cmd
}

// pendingFetch is go-imap's command, and whether a literal of it was cut off in the middle.
type pendingFetch struct {
	*imapclient.FetchCommand
	cut atomic.Bool
}

// Close reads the answer to its end. After a cut literal it must not: go-imap's reader has
// gone on then with the very decoder that the literal would be read from once more.
func (cmd *pendingFetch) Close() error {
	if cmd.cut.Load() {
		return errCutLiteral
	}
	return cmd.FetchCommand.Close()
}

// dead tells whether go-imap has given the connection up.
func (c *conn) dead() bool {
	select {
	case <-c.Closed():
		return true
	default:
		return c.link.closed.Load()
	}
}

// maxBye is more than a goodbye has, and less than an answer to be acted on.
const maxBye = 256 // octets

// unanswered tells whether the borrower's function heard nothing at all, or nothing but goodbye, so
// that it can be run again.
func (c *conn) unanswered() bool {
	heard := c.link.received.Load() - c.heard
	return !c.began || heard == 0 || heard < maxBye && c.wire.Bye() != ""
}

// abort cuts the connection off at once; it may be called from any goroutine.
// Close on TLS would say goodbye first, and wait for a peer that does not read.
func (c *conn) abort() {
	c.cut.Store(true)
	c.link.Close()
}

// maxDrain bounds the wait for go-imap's reader after the connection was cut. It takes microseconds.
const maxDrain = 2 * time.Second

// discard cuts the connection off and sees go-imap's goroutine end.
func (c *conn) discard() {
	c.broken = true
	c.abort()
	for _, cmd := range c.owing {
		cmd.Close()
	}
	c.owing = nil
	timeout := time.NewTimer(maxDrain)
	defer timeout.Stop()
	select {
	case <-c.Closed():
	case <-timeout.C:
	}
}

// maxLogout bounds the goodbye: a server that does not answer it loses nothing.
const maxLogout = 2 * time.Second

// logout says goodbye and closes the connection, waiting at most until ctx ends.
func (c *conn) logout(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, maxLogout)
	defer cancel()
	defer c.discard()
	if c.dead() {
		return
	}
	defer context.AfterFunc(ctx, c.abort)()
	if err := c.Client.Logout().Wait(); err != nil {
		return
	}
	// The server closes now (RFC 9051 section 3.4), unless it waits for us.
	select {
	case <-c.Closed():
	case <-time.After(20 * time.Millisecond):
	}
}

// link is the lowest layer of a connection: it puts back what was read ahead, counts,
// remembers the network's own fault apart from what is made of it above, and closes
// without ceremony.
type link struct {
	net.Conn
	raw      net.Conn
	ahead    []byte
	received atomic.Int64 // octets from the server
	closed   atomic.Bool  // by us

	mu    sync.Mutex
	fault error // the first, other than our own closing
}

func (l *link) Read(p []byte) (int, error) {
	if len(l.ahead) > 0 {
		n := copy(p, l.ahead)
		if l.ahead = l.ahead[n:]; len(l.ahead) == 0 {
			l.ahead = nil // lets go of it
		}
		return n, nil
	}
	n, err := l.Conn.Read(p)
	l.received.Add(int64(n))
	l.note(err)
	return n, err
}

func (l *link) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	l.note(err)
	return n, err
}

func (l *link) note(err error) {
	if err == nil || l.closed.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		l.fault = err
	}
}

// lost is the network's own fault, nil when the network is not to blame.
func (l *link) lost() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

func (l *link) Close() error {
	l.closed.Store(true)
	return l.raw.Close()
}
