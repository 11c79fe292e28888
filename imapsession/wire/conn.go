package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// Options of a Conn; zero values choose the defaults named.
type Options struct {
	Wait        time.Duration     // silence a server may keep while a command is in flight, sliding per read; 0 is 30 s
	MaxLine     int               // octets of one line, 0 is 1 MiB
	MaxLiteral  int64             // octets of a literal that is not body content, 0 is 4 MiB
	MaxResponse int64             // octets of one response besides its body literals, 0 is 32 MiB; the answer to a Command may hold four times as much
	Trace       func(line string) // nil: none. Called with each line, credentials and literals cut out
	OnAlert     func(text string) // an ALERT's text, control characters removed; called from the reader, so it must not wait for a command

	// Greeting, when set, is given to the client as the server's first line
	// ("* OK [CAPABILITY ...] ready"): for a connection whose greeting was
	// read before wire was laid over it, as it is with STARTTLS.
	Greeting string
	// KeepCapability, when set, says which capabilities the client gets to
	// see. IMAP4rev2 is withheld in any case; see the package comment.
	KeepCapability func(name string) bool
}

func (o Options) withDefaults() Options {
	if o.Wait == 0 {
		o.Wait = 30 * time.Second
	}
	if o.MaxLine == 0 {
		o.MaxLine = 1 << 20
	}
	if o.MaxLiteral == 0 {
		o.MaxLiteral = 4 << 20
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = 32 << 20
	}
	return o
}

// Conn wraps a server's connection for imapclient.New. Read is for one
// goroutine at a time and Write for one at a time, as imapclient does; all
// other methods are safe at any time.
type Conn struct {
	net.Conn
	connState
}

type connState struct {
	opts Options

	in  input    // what was read and not yet given on; touched only by Read
	out outgoing // the client's half-written command; touched only by Write

	// turn is held by whoever is in the middle of writing a command: from its
	// first octet to its last, over all literals, over IDLE until DONE and
	// over AUTHENTICATE until its completion.
	turn chan struct{}
	dead chan struct{} // closed with the first fault

	mu       sync.Mutex
	fault    error
	greeted  bool
	bye      string
	code     string
	caps     []string // as the server last listed them, nothing withheld
	repairs  map[string]int
	flights  map[string]*flight // the client's commands in flight, by tag
	calls    map[string]*call   // ours, by tag
	callSeq  uint64
	cont     *contWait // set while we wait for "+" on our own behalf
	injected []byte    // lines of ours that the client is to read next
}

// New wraps nc, which must not be used by others from then on.
func New(nc net.Conn, opts Options) *Conn {
	c := &Conn{Conn: nc}
	c.opts = opts.withDefaults()
	c.turn = make(chan struct{}, 1)
	c.dead = make(chan struct{})
	c.repairs = map[string]int{}
	c.flights = map[string]*flight{}
	c.calls = map[string]*call{}
	if opts.Greeting != "" {
		c.injected = []byte(opts.Greeting + "\r\n")
	}
	keepAlive(nc)
	return c
}

// Result is the answer to an injected command.
type Result struct {
	Untagged []Response // those that match the want function of Command, in order
	Status   string     // "OK", "NO" or "BAD"
	Code     string     // response code with its arguments, no brackets; may be empty
	Text     string
}

// Command sends one command that go-imap lacks under a tag of ours and waits for its completion. It may be called while a
// go-imap command of the same borrower is in flight, but not during IDLE, AUTHENTICATE, STARTTLS or an APPEND: then it waits until those end.
// args are encoded as atoms when a Atom, as a mailbox name when a Mailbox, as quoted string or literal when a string,
// as a number when an int, uint32 or int64, as a list when []any, as NIL when nil.
// want picks the untagged responses that belong to this command alone: they are not passed on to go-imap. A NO or BAD is in Result, not an error.
//
// The completion is noticed inside Read, so somebody has to be reading: imapclient's goroutine always is, unless it waits for its own
// caller to take a body literal or a list entry; then Command waits too. want runs in that goroutine and must not block.
// A ctx that ends before anything was written leaves the connection as it was; one that ends later closes it.
func (c *Conn) Command(ctx context.Context, name string, args []any, want func(Response) bool) (*Result, error) {
	return c.command(ctx, name, args, "", want)
}

// CommandFor is Command for when the responses wanted all hold mark, as the server spells it ("PREVIEW"), and no body literal.
// Others are not taken apart for want to see and their bodies stream on, which matters when it runs beside a large FETCH.
func (c *Conn) CommandFor(ctx context.Context, name string, args []any, mark string, want func(Response) bool) (*Result, error) {
	return c.command(ctx, name, args, mark, want)
}

func (c *Conn) command(ctx context.Context, name string, args []any, mark string, want func(Response) bool) (*Result, error) {
	pieces, err := encodeCommand(name, args, c.literals())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := c.takeTurn(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	call := c.newCall(name, mark, want)
	stop := context.AfterFunc(ctx, func() { c.fail(fmt.Errorf("%s: %w", name, context.Cause(ctx))) })
	defer stop()
	err = c.send(call, pieces)
	c.leaveTurn()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	select {
	case <-call.done:
		return &call.result, nil
	case <-c.dead:
	}
	select {
	case <-call.done: // the completion came before the end did
		return &call.result, nil
	default:
		return nil, fmt.Errorf("%s: %w", name, c.Err())
	}
}

// Bye is the text of the last untagged BYE, "" if none came.
func (c *Conn) Bye() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bye
}

// Err is the first fault of the connection; once set every Read and Write
// fails. It wraps io.EOF when the server closed, net.ErrClosed when we did,
// os.ErrDeadlineExceeded when the server was silent for too long, and ErrLimit
// when it sent more than Options allow.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fault
}

// Repairs counts what was mended so far, by kind, for the log.
func (c *Conn) Repairs() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.repairs)
}

// LastCode is the response code of the last tagged completion passed to go-imap ("MODIFIED 7,9", "HIGHESTMODSEQ 12").
func (c *Conn) LastCode() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

// Capabilities is what the server last listed, upper case, those withheld from
// the client included; nil when it has not listed any yet.
func (c *Conn) Capabilities() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.caps)
}

// Close ends the connection without a word to the server.
func (c *Conn) Close() error {
	c.fail(net.ErrClosed)
	return nil
}

// ErrLimit is wrapped by Err when a server sent a longer line, literal or
// response than Options allow.
var ErrLimit = errors.New("limit exceeded")

// fail latches the first fault, closes the socket and wakes all who wait. It
// returns the fault that is latched.
func (c *Conn) fail(err error) error {
	c.mu.Lock()
	if c.fault != nil {
		defer c.mu.Unlock()
		return c.fault
	}
	if errors.Is(err, io.EOF) {
		err = c.endOfInput()
	}
	c.fault = err
	close(c.dead)
	polite := errors.Is(err, net.ErrClosed) && !c.waiting()
	c.mu.Unlock()

	// Closing TLS writes a farewell, which may take seconds on a stalled
	// connection: only said where nothing is under way.
	if inner, ok := c.Conn.(interface{ NetConn() net.Conn }); ok && !polite {
		inner.NetConn().Close()
	}
	c.Conn.Close()
	return err
}

func (c *Conn) endOfInput() error {
	if c.bye != "" {
		return fmt.Errorf("the mail server ended the connection (%q): %w", c.bye, io.EOF)
	}
	return fmt.Errorf("the mail server closed the connection: %w", io.EOF)
}

// readError is what Read returns for the latched fault. imapclient compares
// with io.EOF and looks for net.ErrClosed to tell an end from a failure.
func (c *Conn) readError() error {
	err := c.Err()
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, net.ErrClosed):
		return net.ErrClosed
	}
	return err
}

func (c *Conn) repaired(kind string) {
	c.mu.Lock()
	c.repairs[kind]++
	c.mu.Unlock()
}
