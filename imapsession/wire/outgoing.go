package wire

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
)

// outgoing is the write side: what of the client's command has been written so
// far. A line goes out when it is whole, since mailbox names in it may have to
// be written otherwise; literals stream.
type outgoing struct {
	line    []byte  // the beginning of a line whose end has not come yet
	literal int64   // octets of a literal still to come
	now     *flight // the command being written; nil between commands
	pending []byte  // lines and short literals to be sent as one
}

// flight is a command of the client's: from the first line it wrote until the
// server completed it.
type flight struct {
	tag  string
	name string // "SELECT", "UID FETCH"; upper case
	uid  string // of a UID FETCH for a single UID: that UID

	// Guarded by Conn.mu.
	cont    bool   // the client waits for "+"
	literal bool   // and would then send a literal
	quiet   bool   // an IDLE that the server has accepted and the client not ended
	refused []byte // completed while a literal was still to come: by this line, which the client reads when it has written all; nothing of that is sent
	turn    bool   // holds Conn.turn
	done    bool   // completed
}

// Write sends what the client writes. A command begins only when no other is
// being written.
func (c *Conn) Write(p []byte) (int, error) {
	w := &c.out
	if err := c.Err(); err != nil {
		return 0, err
	}
	for rest := p; len(rest) > 0; {
		n, err := c.writeSome(rest)
		if err != nil {
			return len(p) - len(rest), c.writeError(err)
		}
		rest = rest[n:]
	}
	if err := c.flush(); err != nil {
		return 0, c.writeError(err)
	}
	if cap(w.pending) > workBuffer {
		w.pending = nil
	}
	return len(p), nil
}

// writeSome takes the next piece of p: of a literal, or up to a line's end.
func (c *Conn) writeSome(p []byte) (int, error) {
	w := &c.out
	if w.literal > 0 {
		n := int(min(int64(len(p)), w.literal))
		w.literal -= int64(n)
		return n, c.sendLiteral(p[:n])
	}
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		w.line = append(w.line, p...)
		return len(p), c.Err()
	}
	line := p[:i+1]
	if len(w.line) > 0 {
		w.line = append(w.line, line...)
		line = w.line
	}
	err := c.sendLine(line)
	w.line = w.line[:0]
	return i + 1, err
}

func (c *Conn) sendLiteral(b []byte) error {
	if c.refusedNow() {
		return nil
	}
	w := &c.out
	if len(w.pending)+len(b) <= restBuffer {
		w.pending = append(w.pending, b...)
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	return c.writeSocket(b)
}

func (c *Conn) flush() error {
	w := &c.out
	if len(w.pending) == 0 {
		return nil
	}
	err := c.writeSocket(w.pending)
	w.pending = w.pending[:0]
	return err
}

// sendLine sends one line of the client's and keeps account of where in a
// command that leaves it.
func (c *Conn) sendLine(line []byte) error {
	w := &c.out
	if w.now == nil {
		if isDone(line) { // ends an IDLE that the server has ended already
			return nil
		}
		if err := c.begin(line); err != nil {
			return err
		}
	} else if w.now.name == "AUTHENTICATE" || w.now.name == "IDLE" {
		return c.sendReply(line)
	}
	f := w.now
	size, sync, hasLiteral := announcedByClient(line)
	c.traceClient(f, line, size, hasLiteral)
	if c.refusedNow() {
		return c.afterRefusal(size, sync, hasLiteral)
	}
	if hasLiteral {
		w.literal = size
		if sync {
			c.expect(f, true)
		}
		w.pending = append(w.pending, line...)
		return nil
	}
	rewritten, err := c.sendNames(f, line)
	if err != nil {
		return err
	}
	if !rewritten {
		w.pending = append(w.pending, line...)
	}
	if f.name == "IDLE" || f.name == "AUTHENTICATE" {
		return nil // more of it follows the server's "+"
	}
	return c.end(f)
}

// sendReply sends a line that answers a "+": DONE, or a SASL response.
func (c *Conn) sendReply(line []byte) error {
	w := &c.out
	f := w.now
	c.mu.Lock()
	done := f.done
	f.quiet = false
	if f.name == "AUTHENTICATE" {
		f.cont = true
	}
	c.mu.Unlock()
	if done { // the server ended it first, so this begins a new command
		w.now = nil
		return c.sendLine(line)
	}
	c.traceClient(f, line, 0, false)
	w.pending = append(w.pending, line...)
	if f.name == "IDLE" {
		return c.end(f)
	}
	return nil
}

// begin takes the turn for a new command and notes it as in flight.
func (c *Conn) begin(line []byte) error {
	if err := c.takeTurn(context.Background()); err != nil {
		return err
	}
	f := parseFlight(line)
	f.turn = true
	f.cont = f.name == "IDLE" || f.name == "AUTHENTICATE"
	c.out.now = f
	c.mu.Lock()
	c.flights[f.tag] = f
	c.mu.Unlock()
	return nil
}

// end passes the turn on: the last octet of a command was sent.
func (c *Conn) end(f *flight) error {
	c.out.now = nil
	err := c.flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passTurn(f)
	return err
}

// passTurn gives the turn back if f has it. c.mu is held.
func (c *Conn) passTurn(f *flight) {
	if f.turn {
		f.turn = false
		<-c.turn
	}
}

// expect notes that the client is about to wait for "+".
func (c *Conn) expect(f *flight, literal bool) {
	c.mu.Lock()
	f.cont, f.literal = true, literal
	c.mu.Unlock()
}

// refusedNow reports whether the server completed the command that is being
// written before it was whole, so that the rest must not be sent.
func (c *Conn) refusedNow() bool {
	f := c.out.now
	if f == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return f.refused != nil
}

// afterRefusal swallows a line of a command that the server has refused. The
// client may wait for "+" once more; it gets one from us. At the end it gets
// the refusal: were it to come earlier, imapclient would take it for the answer
// to the wait and close the connection.
func (c *Conn) afterRefusal(size int64, sync, hasLiteral bool) error {
	f := c.out.now
	if !hasLiteral {
		err := c.end(f)
		c.inject(string(f.refused))
		return err
	}
	c.out.literal = size
	if sync {
		c.inject("+ go on, this is thrown away\r\n")
	}
	return nil
}

func (c *Conn) takeTurn(ctx context.Context) error {
	if err := c.Err(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.dead:
		return c.Err()
	}
}

func (c *Conn) leaveTurn() { <-c.turn }

func (c *Conn) writeError(err error) error {
	if latched := c.Err(); latched != nil {
		return latched
	}
	return c.fail(err)
}

// parseFlight reads tag and command name of a command's first line.
func parseFlight(line []byte) *flight {
	tag, rest, _ := strings.Cut(string(trimEOL(line[:min(len(line), 256)])), " ")
	name, rest, _ := strings.Cut(rest, " ")
	f := &flight{tag: tag, name: strings.ToUpper(name)}
	if f.name != "UID" {
		return f
	}
	name, rest, _ = strings.Cut(rest, " ")
	f.name = "UID " + strings.ToUpper(name)
	if set, _, ok := strings.Cut(rest, " "); ok && f.name == "UID FETCH" {
		if _, err := strconv.ParseUint(set, 10, 32); err == nil {
			f.uid = set
		}
	}
	return f
}

func isDone(line []byte) bool { return string(trimEOL(line)) == "DONE" }

// announcedByClient reads the literal announced at the end of a client's line,
// and whether the server is to say "+" first.
func announcedByClient(line []byte) (size int64, sync, ok bool) {
	size, ok = announced(line)
	sync = !bytes.HasSuffix(trimEOL(line), []byte("+}"))
	return size, sync, ok
}

// contWait is our own wait for "+".
type contWait struct {
	tag  string
	said chan bool // true for "+", false when the command was completed instead
}

// awaitPlus sends head, which ends in {n}, and waits until the server asks for
// the literal. It returns false when the server refuses it.
func (c *Conn) awaitPlus(tag string, head []byte) (bool, error) {
	wait := &contWait{tag: tag, said: make(chan bool, 1)}
	c.mu.Lock()
	c.cont = wait
	c.mu.Unlock()
	if err := c.writeSocket(head); err != nil {
		return false, err
	}
	select {
	case plus := <-wait.said:
		return plus, nil
	case <-c.dead:
		return false, fmt.Errorf("waiting to send a literal: %w", c.Err())
	}
}
