package wire

import (
	"bytes"
	"time"
)

// fetchState is where in a FETCH response the reader is.
type fetchState struct {
	open    bool   // a body literal was passed on, the rest is still to come
	number  uint32 // message sequence number
	swallow bool   // nobody is to see this response
	head    bool   // "* n FETCH (" has been given
	items   bool   // so has an item
	uid     bool   // so has the UID

	// What streams found of the segment that is mended next.
	verdict    verdict
	verdictUID bool
}

// verdict is what cleanFetch makes of a segment.
type verdict int

const (
	dirty  verdict = iota
	whole          // clean, and the response ends with it
	toBody         // clean, and a body literal follows
)

// lexer follows a FETCH response line by line just as far as is needed to tell
// where a literal stands. It looks at each octet once, however many literals
// there are.
type lexer struct {
	at     int // octets of the segment looked at
	depth  int // of parentheses
	quoted bool
	uid    bool // an item UID has come
}

// look goes on to the end of seg.
func (l *lexer) look(seg []byte) {
	for i := min(l.at, len(seg)); i < len(seg); i++ {
		switch ch := seg[i]; {
		case ch == '"':
			l.quoted = !l.quoted
		case l.quoted && ch == '\\':
			i++
		case l.quoted:
		case ch == '(':
			l.depth++
		case ch == ')':
			l.depth--
		case ch == ' ' && l.depth == 1 && bytes.HasSuffix(seg[:i], []byte("UID")):
			l.uid = true
		}
	}
	l.at = max(l.at, len(seg))
}

// streams decides whether the literal announced at the end of seg, part of a
// FETCH response, is body content to be streamed, and not one to be taken into
// the segment. It is asked after each line that announces a literal.
func (c *Conn) streams(seg []byte, size int64) bool {
	st, lex := &c.in.fetch, &c.in.lex
	if !st.open && !isFetch(seg) {
		return false
	}
	st.verdict = dirty
	if lex.at == 0 && followsSection(seg) { // the common case: nothing odd so far
		st.verdict, st.verdictUID = cleanFetch(seg, st.open)
	}
	top, uid := st.verdict == toBody, st.verdictUID
	if !top {
		lex.look(seg)
		top, uid = lex.depth == 1 && !lex.quoted && followsSection(seg), lex.uid
		lex.quoted = false // a literal is never inside a string: a quote is missing
	}
	if !top || size <= c.opts.MaxLiteral && !st.open && c.holds(uid) {
		lex.look(seg)
		lex.at += int(min(size, c.opts.MaxLiteral))
		return false
	}
	if st.verdict != toBody {
		st.verdict, st.verdictUID = cleanFetch(seg, st.open)
	}
	return true
}

// holds reports whether a FETCH response has to be seen whole before it can be
// passed on: because a command of ours may claim it, or because its UID comes
// only after a body, where imapclient would not look for it any more. uid says
// that it has come.
func (c *Conn) holds(uid bool) bool {
	if c.asking() {
		return true
	}
	if uid {
		return false
	}
	inFlight, single := c.fetchedUIDs()
	return inFlight && single == ""
}

// fetchedUIDs reports whether the client has a UID FETCH in flight, and the
// UID when it is for one only.
func (c *Conn) fetchedUIDs() (inFlight bool, single string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.flights {
		if f.name == "UID FETCH" {
			if inFlight {
				return true, ""
			}
			inFlight, single = true, f.uid
		}
	}
	return inFlight, single
}

// followsSection reports whether what stands before the literal announced at
// the end of seg can be the name of body content.
func followsSection(seg []byte) bool {
	line := trimEOL(seg)
	i := bytes.LastIndexByte(line, '{')
	line = bytes.TrimRight(line[:max(i, 0)], "~ ")
	if len(line) == 0 {
		return false
	}
	switch line[len(line)-1] {
	case ']', '>':
		return true
	}
	name := line[bytes.LastIndexAny(line, " (")+1:]
	return bytes.HasPrefix(bytes.ToUpper(name), []byte("RFC822"))
}

// mendFetch handles the next segment of a FETCH response. body is the size of
// the body literal behind it, or -1.
func (c *Conn) mendFetch(seg []byte, body int64) []byte {
	in := &c.in
	st := &in.fetch
	first := !st.open
	v, uid := st.verdict, st.verdictUID
	if body < 0 {
		v, uid = cleanFetch(seg, !first)
	}
	if first {
		*st = fetchState{swallow: body < 0 && c.claimed(seg)}
	}
	st.open = body >= 0
	if st.swallow {
		return nil
	}
	in.stream = max(body, 0)
	clean := v == whole && body < 0 || v == toBody && body >= 0
	if clean && (uid || st.uid || !first || !c.lacksUID(seg, body)) {
		if st.items || first {
			st.head, st.items, st.uid = true, true, st.uid || uid
			return seg
		}
	}
	return c.rebuildFetch(seg, first, body)
}

// lacksUID reports whether imapclient would not know whose answer this is: it
// looks for the UID before the first body only.
func (c *Conn) lacksUID(seg []byte, body int64) bool {
	inFlight, single := c.fetchedUIDs()
	if body >= 0 {
		return inFlight && single != ""
	}
	return inFlight && bytes.Contains(seg, []byte("UID ")) && bytes.Contains(seg, []byte("["))
}

// cleanFetch recognises a segment of a FETCH response that imapclient reads
// without fault. uid reports whether it brings the UID before any body.
func cleanFetch(b []byte, open bool) (v verdict, uid bool) {
	i := 0
	if !open {
		i = exactly(b, number(b, exactly(b, 0, "* "), most32), " FETCH (")
	} else if i = space(b, 0); i < 0 {
		return cleanFetchEnd(b, one(b, 0, ')')), false
	}
	seenBody := open
	for i >= 0 {
		name := i
		for i < len(b) && b[i] > ' ' && b[i] != '[' && b[i] != ')' {
			i++
		}
		if i == len(b) {
			return dirty, false
		}
		switch string(b[name:i]) {
		case "UID":
			i = number(b, space(b, i), most32)
			uid = uid || !seenBody
		case "FLAGS":
			i = flagList(b, space(b, i))
		case "INTERNALDATE":
			i = cleanDate(b, space(b, i))
		case "RFC822.SIZE":
			i = number(b, space(b, i), most63)
		case "MODSEQ":
			i = one(b, number(b, exactly(b, i, " ("), mostModSeq), ')')
		case "ENVELOPE":
			i = cleanEnvelope(b, space(b, i))
		case "BODYSTRUCTURE":
			i = cleanBody(b, space(b, i), 0)
		case "BODY":
			if b[i] != '[' {
				i = cleanBody(b, space(b, i), 0)
				break
			}
			seenBody = true
			i = space(b, cleanSection(b, i))
			if announcesEnd(b, i) {
				return toBody, uid
			}
			i = nstring(b, i)
		case "BINARY":
			seenBody = true
			i = space(b, one(b, partNumbers(b, one(b, i, '[')), ']'))
			if tilde := one(b, i, '~'); tilde >= 0 {
				i = tilde
			}
			if announcesEnd(b, i) {
				return toBody, uid
			}
			i = nstring(b, i)
		case "BINARY.SIZE":
			i = number(b, space(b, one(b, partNumbers(b, one(b, i, '[')), ']')), most32)
		default:
			return dirty, false
		}
		if end := one(b, i, ')'); end >= 0 {
			return cleanFetchEnd(b, end), uid
		}
		i = space(b, i)
	}
	return dirty, false
}

func cleanFetchEnd(b []byte, i int) verdict {
	if lineEnd(b, i) == len(b) {
		return whole
	}
	return dirty
}

// announcesEnd reports whether b ends with the announcement of a literal at i.
func announcesEnd(b []byte, i int) bool {
	if i < 0 || i >= len(b) || b[i] != '{' {
		return false
	}
	from, _ := announcement(b, i)
	return from == len(b)
}

// cleanSection wants "[1.2.HEADER.FIELDS (FROM TO)]" and maybe "<0>".
func cleanSection(b []byte, i int) int {
	i = one(b, i, '[')
	j := partNumbers(b, i)
	text := j
	if j > i && j < len(b) && b[j] == '.' {
		text = j + 1
	}
	end := atom(b, text)
	switch {
	case end < 0 && text == j:
		end = j
	case end < 0 || text == j && j > i:
		return -1
	default:
		switch string(b[text:end]) {
		case "HEADER", "TEXT", "MIME":
		case "HEADER.FIELDS", "HEADER.FIELDS.NOT":
			end = list(b, space(b, end), astring)
		default:
			return -1
		}
	}
	end = one(b, end, ']')
	if offset := one(b, end, '<'); offset >= 0 {
		return one(b, number(b, offset, most32), '>')
	}
	return end
}

// partNumbers wants "1.2.3" or nothing.
func partNumbers(b []byte, i int) int {
	for j := number(b, i, 1<<31-1); j >= 0; {
		i = j
		if j+1 >= len(b) || b[j] != '.' {
			break
		}
		j = number(b, j+1, 1<<31-1)
	}
	return i
}

// dateTime is the form of INTERNALDATE that imapclient reads.
const dateTime = "_2-Jan-2006 15:04:05 -0700"

func cleanDate(b []byte, i int) int {
	end := quoted(b, i)
	if end < 0 {
		return -1
	}
	t, err := time.Parse(dateTime, string(b[i+1:end-1]))
	if err != nil || t.IsZero() {
		return -1
	}
	return end
}
