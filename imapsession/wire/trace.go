package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// trace gives one line to Options.Trace: "C: " what the client or Command
// wrote, "S: " what the server sent, "R: " what the client was given in its
// place. Credentials and literals are left out; what remains still names
// mailboxes, senders and subjects, so a trace is for its own user's eyes.
func (c *Conn) trace(direction, line string) {
	if c.opts.Trace != nil {
		c.opts.Trace(direction + cutLiterals(line))
	}
}

// traceClient shows a line that the client wrote.
func (c *Conn) traceClient(f *flight, line []byte, size int64, hasLiteral bool) {
	if c.opts.Trace == nil {
		return
	}
	text := string(trimEOL(line))
	switch {
	case isDone(line):
	case f.name == "LOGIN":
		text = f.tag + " LOGIN (hidden)"
	case f.name == "AUTHENTICATE":
		words := strings.Fields(text)
		text = "(hidden)"
		if len(words) >= 3 && words[0] == f.tag {
			text = strings.Join(words[:3], " ")
		}
		if len(words) > 3 {
			text += " (hidden)"
		}
	}
	c.trace("C: ", text)
	if hasLiteral {
		c.trace("C: ", octets(size))
	}
}

// traceServer shows a segment that the server sent, and the size of the body
// literal behind it.
func (c *Conn) traceServer(seg []byte, body int64) {
	if c.opts.Trace == nil {
		return
	}
	text := string(trimEOL(seg))
	if len(seg) > 0 && seg[0] == '+' && c.authenticating() {
		text = "+ (hidden)"
	}
	c.trace("S: ", text)
	if body >= 0 {
		c.trace("S: ", octets(body))
	}
}

func (c *Conn) authenticating() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.flights {
		if f.name == "AUTHENTICATE" {
			return true
		}
	}
	return false
}

func octets(n int64) string { return "{" + strconv.FormatInt(n, 10) + " octets}" }

// cutLiterals replaces the literals within a segment by their sizes, and line
// ends by spaces.
func cutLiterals(text string) string {
	if !strings.Contains(text, "\n") {
		return text
	}
	b := []byte(text)
	var out []byte
	for i := 0; i < len(b); {
		if b[i] == '{' {
			if end := literal(b, i); end >= 0 {
				_, size := announcement(b, i)
				out = append(out, octets(size)...)
				i = end
				continue
			}
		}
		if b[i] == '"' {
			if end := quoted(b, i); end >= 0 {
				out = append(out, b[i:end]...)
				i = end
				continue
			}
		}
		out = append(out, b[i])
		i++
	}
	return string(bytes.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, out))
}
