// Package wire is the net.Conn beneath go-imap: it keeps time, sets limits,
// repairs what servers send so that the client survives it, and carries the
// commands the client lacks.
package wire

import (
	"context"
	"net"
	"time"
)

// Options of a Conn; zero values choose the defaults named.
type Options struct {
	Wait        time.Duration     // silence a server may keep while a command is in flight, sliding per read; 0 is 30 s
	MaxLine     int               // octets of one line, 0 is 1 MiB
	MaxLiteral  int64             // octets of a literal that is not body content, 0 is 4 MiB
	MaxResponse int64             // octets of one response besides its body literals, 0 is 32 MiB
	Trace       func(line string) // nil: none. Called with each line, credentials and literals cut out
	OnAlert     func(text string) // an ALERT's text, control characters removed
}

// Conn wraps a server's connection for imapclient.New.
type Conn struct {
	net.Conn
	connState
}

type connState struct{}

// New wraps nc, which must not be used by others from then on.
func New(nc net.Conn, opts Options) *Conn { panic("wire") }

// Result is the answer to an injected command.
type Result struct {
	Untagged []Response // those that match the want function of Command, in order
	Status   string     // "OK", "NO" or "BAD"
	Code     string     // response code with its arguments, no brackets; may be empty
	Text     string
}

// Response is one untagged response with its literals put back in place as tokens.
type Response struct {
	Number uint32 // of "* 12 FETCH", else 0
	Name   string // "FETCH", "LSUB", "VANISHED"; upper case
	Fields []any  // parsed arguments: nil for NIL, string (atoms and strings), []byte never; []any for a list
}

// Command sends one command that go-imap lacks under a tag of ours and waits for its completion. It may be called while a
// go-imap command of the same borrower is in flight, but not during IDLE, AUTHENTICATE, STARTTLS or an APPEND.
// args are encoded as atoms when a Atom, as quoted string or literal when a string, as a list when []any.
// want picks the untagged responses that belong to this command alone: they are not passed on to go-imap. A NO or BAD is in Result, not an error.
func (c *Conn) Command(ctx context.Context, name string, args []any, want func(Response) bool) (*Result, error) {
	panic("wire")
}

// Atom goes to the wire as it is; never from user input.
type Atom string

// Bye is the text of the last untagged BYE, "" if none came.
func (c *Conn) Bye() string { panic("wire") }

// Err is the first fault of the connection; once set every Read and Write returns it.
func (c *Conn) Err() error { panic("wire") }

// Repairs counts what was mended so far, by kind, for the log.
func (c *Conn) Repairs() map[string]int { panic("wire") }

// LastCode is the response code of the last tagged completion passed to go-imap ("MODIFIED 7,9", "HIGHESTMODSEQ 12").
func (c *Conn) LastCode() string { panic("wire") }
