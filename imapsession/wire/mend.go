package wire

import (
	"bytes"
	"strings"
)

// mend takes the next segment of what the server sent and returns what the
// client gets instead: most often the segment itself. body is the size of the
// body literal that follows, or -1; it decides whether that is passed on
// (in.stream) or not (in.skip).
func (c *Conn) mend(seg []byte, body int64) []byte {
	in := &c.in
	if in.fetch.open || isFetch(seg) {
		return c.mendFetch(seg, body)
	}
	switch {
	case len(trimEOL(seg)) == 0:
		c.repaired("blank line")
		return nil
	case seg[0] == '+':
		return c.continuation(seg)
	case seg[0] == '*':
		return c.untagged(seg)
	}
	return c.tagged(seg)
}

// continuation hands "+" to whoever waits for it.
func (c *Conn) continuation(seg []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cont != nil {
		c.cont.said <- true
		c.cont = nil
		return nil
	}
	for _, f := range c.flights {
		if f.cont {
			f.cont, f.literal = false, false
			f.quiet = f.name == "IDLE"
			return c.plainText(seg, 1)
		}
	}
	c.repairs["continuation nobody asked for"]++
	return nil
}

// tagged handles a completion: of a command of ours, which is kept from the
// client, or of one of the client's.
func (c *Conn) tagged(seg []byte) []byte {
	tag, _, _ := strings.Cut(string(trimEOL(seg[:min(len(seg), 64)])), " ")
	c.mu.Lock()
	call, f := c.calls[tag], c.flights[tag]
	c.mu.Unlock()
	switch {
	case call != nil:
		c.complete(call, seg)
		return nil
	case f != nil:
		return c.land(f, seg)
	}
	c.repaired("line that is no response")
	return nil
}

// complete ends a command of ours.
func (c *Conn) complete(call *call, seg []byte) {
	s := parseStatus(seg)
	call.result.Status, call.result.Code, call.result.Text = s.status, s.code, s.text
	c.alert(s)
	c.mu.Lock()
	delete(c.calls, call.tag)
	c.refuse(call.tag)
	c.mu.Unlock()
	close(call.done)
}

// land ends a command of the client's and returns the line it is to read.
func (c *Conn) land(f *flight, seg []byte) []byte {
	s := parseStatus(seg)
	c.alert(s)
	c.noteCapabilities(s)
	c.mu.Lock()
	delete(c.flights, f.tag)
	f.done = true
	c.code = s.code
	c.refuse(f.tag)
	if f.name == "AUTHENTICATE" || f.name == "IDLE" {
		c.passTurn(f)
	}
	asked := f.cont && f.literal
	f.cont = false
	c.mu.Unlock()

	line := c.mendStatus(seg, s)
	if !asked {
		return line
	}
	// A literal that is refused makes imapclient close the connection. So it is
	// asked to send the literal, which goes nowhere, and reads the refusal when
	// it is through.
	c.repaired("refused literal")
	c.mu.Lock()
	f.refused = bytes.Clone(line)
	c.mu.Unlock()
	return []byte("+ go on, this is thrown away\r\n")
}

// refuse tells our own wait for "+" that the command was completed instead.
// c.mu is held.
func (c *Conn) refuse(tag string) {
	if c.cont != nil && c.cont.tag == tag {
		c.cont.said <- false
		c.cont = nil
	}
}

// untagged handles every response with a "*" except FETCH.
func (c *Conn) untagged(seg []byte) []byte {
	if isStatus(seg) {
		return c.untaggedStatus(seg)
	}
	if c.claimed(seg) {
		return nil
	}
	return c.mendData(seg)
}

// untaggedStatus handles OK, NO, BAD, BYE and PREAUTH.
func (c *Conn) untaggedStatus(seg []byte) []byte {
	s := parseStatus(seg)
	c.alert(s)
	c.noteCapabilities(s)
	c.mu.Lock()
	first := !c.greeted
	c.greeted = true
	if s.status == "BYE" {
		c.bye = s.text
	}
	c.mu.Unlock()
	if !first && c.claimed(seg) {
		return nil
	}
	return c.mendStatus(seg, s)
}

// claimed offers a response to the commands of ours in flight and reports
// whether one took it.
func (c *Conn) claimed(seg []byte) bool {
	c.mu.Lock()
	var askers []*call
	for _, call := range c.calls {
		if call.want != nil && (call.mark == "" || bytes.Contains(seg, []byte(call.mark))) {
			askers = append(askers, call)
		}
	}
	c.mu.Unlock()
	if len(askers) == 0 {
		return false
	}
	r, ok := parseResponse(seg)
	if !ok {
		return false
	}
	for _, call := range askers {
		if call.want(r) {
			call.held += int64(len(seg)) + responseCost
			if most := answerResponses * c.opts.MaxResponse; call.held > most {
				c.tooLong("answer to "+call.name, call.held, most)
				return true
			}
			call.result.Untagged = append(call.result.Untagged, r)
			return true
		}
	}
	return false
}

// asking reports whether a command of ours in flight wants to see responses that may hold body literals.
func (c *Conn) asking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.calls {
		if call.want != nil && call.mark == "" {
			return true
		}
	}
	return false
}

// alert gives an ALERT's text to OnAlert (RFC 3501 section 7.1: it must be
// shown to the user).
func (c *Conn) alert(s status) {
	if c.opts.OnAlert != nil && strings.EqualFold(s.code, "ALERT") {
		c.opts.OnAlert(s.text)
	}
}

// noteCapabilities keeps the list that a response code brings.
func (c *Conn) noteCapabilities(s status) {
	name, args, _ := strings.Cut(s.code, " ")
	if strings.EqualFold(name, "CAPABILITY") {
		c.setCapabilities(args)
	}
}

func (c *Conn) setCapabilities(list string) {
	caps := strings.Fields(strings.ToUpper(list))
	c.mu.Lock()
	c.caps = caps
	c.mu.Unlock()
}

// keeps reports whether the client gets to see a capability.
//
// IMAP4rev2 is withheld: imapclient sends raw UTF-8 mailbox names and searches
// without CHARSET as soon as it sees it, enabled or not, and servers that
// offer both speak IMAP4rev1 until ENABLE says otherwise (RFC 9051 section 6.3.1).
func (c *Conn) keeps(name string) bool {
	if strings.EqualFold(name, "IMAP4REV2") {
		return false
	}
	return c.opts.KeepCapability == nil || c.opts.KeepCapability(strings.ToUpper(name))
}

// isFetch reports whether seg begins a FETCH response: "* 12 FETCH".
func isFetch(seg []byte) bool {
	if len(seg) < 10 || seg[0] != '*' {
		return false
	}
	i := skipSpaces(seg, 1)
	j := i
	for j < len(seg) && seg[j] >= '0' && seg[j] <= '9' {
		j++
	}
	if i == j || j == len(seg) || seg[j] != ' ' {
		return false
	}
	j = skipSpaces(seg, j)
	return len(seg) >= j+6 && bytes.EqualFold(seg[j:j+5], []byte("FETCH")) && (seg[j+5] == ' ' || seg[j+5] == '(')
}

// isStatus reports whether seg is an untagged OK, NO, BAD, BYE or PREAUTH, whose
// text may hold anything.
func isStatus(seg []byte) bool {
	if len(seg) < 4 || seg[0] != '*' {
		return false
	}
	switch w := word(seg, skipSpaces(seg, 1)); len(w) {
	case 2:
		return bytes.EqualFold(w, []byte("OK")) || bytes.EqualFold(w, []byte("NO"))
	case 3:
		return bytes.EqualFold(w, []byte("BAD")) || bytes.EqualFold(w, []byte("BYE"))
	case 7:
		return bytes.EqualFold(w, []byte("PREAUTH"))
	}
	return false
}

// word is what stands from i up to the next space, parenthesis or line end.
func word(seg []byte, i int) []byte {
	j := i
	for j < len(seg) && seg[j] > ' ' && seg[j] != '(' && seg[j] != ')' {
		j++
	}
	return seg[i:j]
}

func skipSpaces(b []byte, i int) int {
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return i
}
