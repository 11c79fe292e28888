package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// Response is one untagged response with its literals put back in place as tokens.
type Response struct {
	Number uint32 // of "* 12 FETCH", else 0
	Name   string // "FETCH", "LSUB", "VANISHED"; upper case
	Fields []any  // parsed arguments: nil for NIL, string (atoms and strings), []byte never; []any for a list. Of OK, NO, BAD, BYE and PREAUTH: code and text
}

// Item is the value of the item called name, in a FETCH, STATUS or similar
// response whose last field is a list of names and values. The name's case
// does not matter.
func (r Response) Item(name string) (any, bool) {
	if len(r.Fields) == 0 {
		return nil, false
	}
	list, _ := r.Fields[len(r.Fields)-1].([]any)
	for i := 0; i+1 < len(list); i += 2 {
		if s, ok := list[i].(string); ok && strings.EqualFold(s, name) {
			return list[i+1], true
		}
	}
	return nil, false
}

// Atom goes to the wire as it is; never from user input.
type Atom string

// Mailbox is a mailbox name as go-imap gives and takes it. It goes to the wire
// as the very octets that the server calls the mailbox by; see MailboxName.
type Mailbox string

// call is a command of ours in flight.
type call struct {
	tag    string
	name   string
	want   func(Response) bool
	mark   string // what every response wanted holds; "" when nothing is known of them
	result Result
	held   int64         // what result's responses take up, in octets; touched only by Read
	done   chan struct{} // closed when result is whole
}

// An answer is held until it is whole: LIST of 100,000 mailboxes with as many STATUS takes up a third of what is allowed.
const (
	answerResponses = 4   // times Options.MaxResponse
	responseCost    = 200 // octets that a parsed response takes up beside its own
)

func (c *Conn) newCall(name, mark string, want func(Response) bool) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callSeq++
	call := &call{tag: "X" + strconv.FormatUint(c.callSeq, 10), name: name, want: want, mark: mark, done: make(chan struct{})}
	c.calls[call.tag] = call
	return call
}

// piece is a part of a command that is sent in one go. Before the next one the
// server has to say "+".
type piece struct {
	wire  []byte
	trace string
}

// send writes call's pieces. It returns nil, too, when the server refused a
// literal: then the result is there.
func (c *Conn) send(call *call, pieces []piece) error {
	for i, p := range pieces {
		if i == 0 {
			p.wire = append([]byte(call.tag+" "), p.wire...)
			p.trace = call.tag + " " + p.trace
		}
		c.trace("C: ", p.trace)
		if i == len(pieces)-1 {
			return c.writeSocket(p.wire)
		}
		plus, err := c.awaitPlus(call.tag, p.wire)
		if err != nil || !plus {
			return err
		}
	}
	return nil
}

// literalRule says how literals may be sent.
type literalRule struct {
	plus  bool // LITERAL+ (RFC 7888): none has to wait
	minus bool // LITERAL-: those up to 4096 octets need not
}

func (r literalRule) waits(n int) bool { return !r.plus && !(r.minus && n <= 4096) }

// literals reads the rule from what the server listed last.
func (c *Conn) literals() literalRule {
	c.mu.Lock()
	defer c.mu.Unlock()
	var r literalRule
	for _, name := range c.caps {
		switch name {
		case "LITERAL+":
			r.plus = true
		case "LITERAL-":
			r.minus = true
		}
	}
	return r
}

// encoder builds a command.
type encoder struct {
	literals literalRule
	pieces   []piece
	wire     []byte
	shown    []byte // the same for the trace
}

func encodeCommand(name string, args []any, literals literalRule) ([]piece, error) {
	e := &encoder{literals: literals}
	e.atom(name)
	for _, arg := range args {
		e.atom(" ")
		if err := e.value(arg); err != nil {
			return nil, err
		}
	}
	e.atom("\r\n")
	e.cut()
	return e.pieces, nil
}

func (e *encoder) value(arg any) error {
	switch v := arg.(type) {
	case nil:
		e.atom("NIL")
	case Atom:
		e.atom(string(v))
	case Mailbox:
		e.string(WireName(string(v)))
	case string:
		e.string(v)
	case int:
		e.atom(strconv.Itoa(v))
	case int64:
		e.atom(strconv.FormatInt(v, 10))
	case uint32:
		e.atom(strconv.FormatUint(uint64(v), 10))
	case []any:
		return e.list(v)
	default:
		return fmt.Errorf("argument of type %T", arg)
	}
	return nil
}

func (e *encoder) list(items []any) error {
	e.atom("(")
	for i, item := range items {
		if i > 0 {
			e.atom(" ")
		}
		if err := e.value(item); err != nil {
			return err
		}
	}
	e.atom(")")
	return nil
}

func (e *encoder) atom(s string) {
	e.wire = append(e.wire, s...)
	e.shown = append(e.shown, s...)
}

// string writes s quoted where that is allowed, else as a literal.
func (e *encoder) string(s string) {
	if fitsQuotes(s) {
		e.wire = appendQuoted(e.wire, s)
		e.shown = appendQuoted(e.shown, s)
		return
	}
	announce := "{" + strconv.Itoa(len(s))
	if !e.literals.waits(len(s)) {
		e.atom(announce + "+}")
		e.wire = append(e.wire, "\r\n"+s...)
		return
	}
	e.atom(announce + "}")
	e.wire = append(e.wire, "\r\n"...)
	e.cut()
	e.wire = append(e.wire, s...)
}

// cut ends a piece.
func (e *encoder) cut() {
	e.pieces = append(e.pieces, piece{e.wire, strings.TrimRight(string(e.shown), "\r\n")})
	e.wire, e.shown = nil, nil
}

// fitsQuotes reports whether a client may send s as a quoted string: no
// control characters and nothing beyond ASCII (RFC 3501 section 9).
func fitsQuotes(s string) bool {
	if len(s) > 1000 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// appendQuoted appends s as a quoted string.
func appendQuoted[S string | []byte](b []byte, s S) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
