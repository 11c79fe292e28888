package wire

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

const (
	// restBuffer is what a connection at rest holds for reading. 500 idle
	// sessions with three connections each hold 6 MB.
	restBuffer = 4 << 10
	// workBuffer is lent from a pool while a reply is longer than that.
	workBuffer = 64 << 10
	// directRead is the room from which on a body literal is read from the
	// socket right into the reader's slice.
	directRead = 8 << 10
)

var workBuffers = sync.Pool{New: func() any { b := make([]byte, workBuffer); return &b }}

// input holds what came from the socket. A segment is a whole response, or the
// part of a FETCH response up to the announcement of a body literal, or from
// the end of one to the next: literals that are not body content lie in it.
type input struct {
	buf  []byte
	r, w int // buf[r:w] is unread

	rest   []byte  // the small buffer, kept
	lent   *[]byte // the pool's
	filled bool    // the last read left no room: more is likely to come

	segLen   int   // octets of the segment known so far, in whole lines and literals
	looked   int   // octets behind them without a line end
	response int64 // octets of this response in earlier segments

	lex     lexer // of this segment, where it is part of a FETCH response
	fetch   fetchState
	give    []byte // to be given to the client next; may lie in buf
	stream  int64  // octets of a body literal to be given after that
	skip    int64  // octets of a body literal that nobody is to see
	scratch []byte // where repaired responses are built
}

var errWouldBlock = errors.New("nothing more without waiting")

// Read gives the client what the server sent, mended. It fills p with whole
// segments as long as that needs no wait.
func (c *Conn) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		in := &c.in
		if len(in.give) > 0 {
			m := copy(p[n:], in.give)
			in.give = in.give[m:]
			n += m
			continue
		}
		m, err := c.readStream(p[n:], n == 0)
		if m == 0 && err == nil {
			err = c.next(n == 0)
		}
		n += m
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, c.readError()
		}
	}
	return n, nil
}

// readStream copies from the body literal under way, if there is one, into p.
// It returns 0 and nil when there is none.
func (c *Conn) readStream(p []byte, wait bool) (int, error) {
	in := &c.in
	if in.stream == 0 {
		return 0, nil
	}
	if int64(len(p)) > in.stream {
		p = p[:in.stream]
	}
	if in.r == in.w && wait && len(p) >= directRead {
		n, err := c.readSocket(p)
		in.stream -= int64(n)
		return n, err
	}
	if in.r == in.w {
		if err := c.fill(wait); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.buf[in.r:in.w])
	in.r += n
	in.stream -= int64(n)
	return n, nil
}

// readSocket reads from the server into p, with the deadline that the moment
// calls for. It returns 0 and nil when lines of ours were put before.
func (c *Conn) readSocket(p []byte) (int, error) {
	for {
		c.mu.Lock()
		if c.fault != nil {
			defer c.mu.Unlock()
			return 0, c.fault
		}
		c.arm()
		pending := len(c.injected) > 0
		c.mu.Unlock()
		if pending && c.in.stream == 0 && c.in.skip == 0 && !c.in.fetch.open {
			return 0, errInjected
		}
		if pending {
			c.Conn.SetReadDeadline(time.Now().Add(c.opts.Wait))
		}
		n, err := c.Conn.Read(p)
		if n > 0 {
			return n, nil
		}
		if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && c.woken() {
			continue
		}
		if err != nil {
			return 0, c.fail(c.nameSilence(err))
		}
	}
}

// errInjected says that injected lines are to be given before the socket is read.
var errInjected = errors.New("lines of our own are waiting")

// woken reports whether a read's deadline passed for another reason than
// silence: lines were injected, or the deadline was meant for a command that
// is done by now.
func (c *Conn) woken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fault == nil && (len(c.injected) > 0 || !c.waiting())
}

func (c *Conn) nameSilence(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the mail server was silent for %v: %w", c.opts.Wait, err)
	}
	return err
}

// fill reads more into the buffer, making room for it first.
func (c *Conn) fill(wait bool) error {
	if !wait {
		return errWouldBlock
	}
	c.mu.Lock()
	busy := c.waiting()
	c.mu.Unlock()
	c.in.makeRoom(busy)
	n, err := c.readSocket(c.in.buf[c.in.w:])
	c.in.w += n
	c.in.filled = c.in.w == len(c.in.buf)
	return err
}

// makeRoom sees to it that there is room behind w. Nothing may point into the
// buffer any more, except by r and w. busy says that a reply is under way.
func (in *input) makeRoom(busy bool) {
	if in.r == in.w {
		in.r, in.w = 0, 0
		in.settle(busy)
		return
	}
	if in.w < len(in.buf) {
		return
	}
	if in.r > len(in.buf)/2 {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
		return
	}
	in.grow()
}

// settle chooses the buffer for an empty input: the small one at rest, and
// until a read fills it.
func (in *input) settle(busy bool) {
	if in.rest == nil {
		in.rest = make([]byte, restBuffer)
	}
	switch {
	case !busy || in.buf == nil:
		in.giveBack()
		in.buf = in.rest
	case in.filled || in.lent != nil:
		in.borrow()
		in.buf = *in.lent
	}
}

func (in *input) grow() {
	old := in.buf[in.r:in.w]
	if len(in.buf) < workBuffer {
		in.borrow()
		in.buf = *in.lent
	} else {
		in.buf = make([]byte, 2*len(in.buf))
	}
	in.w = copy(in.buf, old)
	in.r = 0
}

func (in *input) borrow() {
	if in.lent == nil {
		in.lent = workBuffers.Get().(*[]byte)
	}
}

func (in *input) giveBack() {
	if in.lent != nil {
		workBuffers.Put(in.lent)
		in.lent = nil
	}
	in.buf = nil
	if cap(in.scratch) > workBuffer {
		in.scratch = nil
	}
}

// next reads segments until there is one for the client.
func (c *Conn) next(wait bool) error {
	in := &c.in
	for {
		if err := c.discard(wait); err != nil {
			return err
		}
		if c.takeInjected() {
			return nil
		}
		body, err := c.segment(wait)
		if err == errInjected {
			continue
		}
		if err != nil {
			return err
		}
		seg := in.buf[in.r : in.r+in.segLen]
		in.r += in.segLen
		in.segLen, in.looked = 0, 0
		c.traceServer(seg, body)
		in.give = c.mend(seg, body)
		if body >= 0 {
			in.response += int64(len(seg))
		} else {
			in.response = 0
		}
		if len(in.give) > 0 || in.stream > 0 {
			return nil
		}
	}
}

// discard reads over a body literal that nobody is to see.
func (c *Conn) discard(wait bool) error {
	in := &c.in
	for in.skip > 0 {
		if in.r == in.w {
			if err := c.fill(wait); err != nil && err != errInjected {
				return err
			}
		}
		n := min(int64(in.w-in.r), in.skip)
		in.r += int(n)
		in.skip -= n
	}
	return nil
}

// takeInjected puts lines of our own before what the server sends next, at the
// start of a response only. The first are Options.Greeting, which is mended
// like any that came through the socket.
func (c *Conn) takeInjected() bool {
	if c.in.fetch.open {
		return false
	}
	c.mu.Lock()
	lines, greeting := c.injected, !c.greeted
	c.injected = nil
	c.mu.Unlock()
	if greeting && lines != nil {
		lines = c.mend(lines, -1)
	}
	c.in.give = lines
	return len(lines) > 0
}

// inject gives lines to the client as if the server had sent them.
func (c *Conn) inject(lines string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.injected = append(c.injected, lines...)
	c.arm()
}

// segment reads until in.segLen covers the next segment. It returns the octets
// of the body literal that follows it, or -1 when the response ends with it.
func (c *Conn) segment(wait bool) (int64, error) {
	in := &c.in
	if in.segLen == 0 {
		in.lex = lexer{}
		if in.fetch.open {
			in.lex.depth = 1
		}
	}
	for {
		line, err := c.line(wait)
		if err != nil {
			return 0, err
		}
		whole := in.buf[in.r : in.r+in.segLen]
		if !in.fetch.open && (whole[0] != '*' || isStatus(whole)) {
			return -1, nil
		}
		size, ok := announced(line)
		if !ok {
			more, err := c.goesOn(whole, wait)
			if more {
				continue
			}
			return -1, err
		}
		if size < 0 {
			return 0, c.fail(fmt.Errorf("a literal whose size is no number: %w", ErrLimit))
		}
		if c.streams(whole, size) {
			return size, nil
		}
		if err := c.literal(size, wait); err != nil {
			return 0, err
		}
	}
}

// line extends the segment by one line and returns it.
func (c *Conn) line(wait bool) ([]byte, error) {
	in := &c.in
	for {
		from := in.r + in.segLen
		i := bytes.IndexByte(in.buf[from+in.looked:in.w], '\n')
		if i >= 0 {
			n := in.looked + i + 1
			in.segLen += n
			in.looked = 0
			if n > c.opts.MaxLine {
				return nil, c.tooLong("line", int64(n), int64(c.opts.MaxLine))
			}
			return in.buf[from : from+n], c.responseFits(0)
		}
		in.looked = in.w - from
		if in.looked > c.opts.MaxLine {
			return nil, c.tooLong("line", int64(in.looked), int64(c.opts.MaxLine))
		}
		if err := c.fill(wait); err != nil {
			return nil, err
		}
	}
}

// literal extends the segment by a literal of size octets.
func (c *Conn) literal(size int64, wait bool) error {
	in := &c.in
	if size > c.opts.MaxLiteral {
		return c.tooLong("literal", size, c.opts.MaxLiteral)
	}
	if err := c.responseFits(size); err != nil {
		return err
	}
	for int64(in.w-in.r-in.segLen) < size {
		if err := c.fill(wait); err != nil {
			// Start over with the response when data is there.
			in.segLen = 0
			return err
		}
	}
	in.segLen += int(size)
	return nil
}

func (c *Conn) responseFits(more int64) error {
	if n := c.in.response + int64(c.in.segLen) + more; n > c.opts.MaxResponse {
		return c.tooLong("response", n, c.opts.MaxResponse)
	}
	return nil
}

func (c *Conn) tooLong(what string, is, limit int64) error {
	return c.fail(fmt.Errorf("a %s of at least %d octets where %d are allowed: %w", what, is, limit, ErrLimit))
}

// announced returns the size of the literal that line announces at its end:
// {12}, {12+} or ~{12}. It is -1 when it does not fit an int64.
func announced(line []byte) (int64, bool) {
	line = trimEOL(line)
	if len(line) < 3 || line[len(line)-1] != '}' {
		return 0, false
	}
	line = line[:len(line)-1]
	if line[len(line)-1] == '+' {
		line = line[:len(line)-1]
	}
	i := len(line)
	for i > 0 && line[i-1] >= '0' && line[i-1] <= '9' {
		i--
	}
	if i == len(line) || i == 0 || line[i-1] != '{' {
		return 0, false
	}
	n, ok := parseNumber(line[i:], 1<<62)
	if !ok {
		return -1, true
	}
	return int64(n), true
}

func trimEOL(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// goesOn reports whether a FETCH response is cut in two by a line end inside a
// quoted string, which some servers let through from a folded subject. What
// follows is looked at first: a line that begins a response ends the string.
func (c *Conn) goesOn(whole []byte, wait bool) (bool, error) {
	in := &c.in
	if !in.fetch.open && !isFetch(whole) || bytes.HasSuffix(trimEOL(whole), []byte(")")) {
		return false, nil
	}
	if in.lex.look(whole); !in.lex.quoted {
		return false, nil
	}
	c.mu.Lock()
	owed := c.waiting()
	c.mu.Unlock()
	if in.r+in.segLen == in.w && owed {
		if err := c.fill(wait); err != nil {
			in.segLen = 0
			return false, err
		}
	}
	next := in.buf[in.r+in.segLen : in.w]
	return len(next) > 0 && next[0] != '*' && next[0] != '+' && !c.startsTagged(next), nil
}

// startsTagged reports whether b begins with the tag of a command in flight.
func (c *Conn) startsTagged(b []byte) bool {
	tag, _, ok := bytes.Cut(b[:min(len(b), 64)], []byte(" "))
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flights[string(tag)] != nil || c.calls[string(tag)] != nil
}
