package rfc822

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits on one header block. What stands beyond them is left out, but the end of the block is still found.
const (
	maxHeaderFields = 2000      // fields; the largest honest header seen has some 200
	maxHeaderBytes  = 256 << 10 // bytes of values and names kept
	maxFieldBytes   = 64 << 10  // bytes of one value; address lists may use all of maxHeaderBytes
	maxLateFields   = 32        // fields that say how to read the message, kept even when they come after the limits
)

// Field is one header field, the name as sent, the value unfolded but not decoded.
type Field struct{ Name, Value string }

// Header is a message's header fields in order.
type Header []Field

// ParseHeader reads the header block at the start of b. body is the offset of the first octet after the empty line that ends it, len(b) without one.
//
// Lines may end in LF, CRLF or CR CR LF (CR alone when b holds no LF). An mbox "From " line, a byte order mark, a continuation with nothing before
// it and lines without a colon are skipped. When nothing but such lines comes before the empty line, they are the body: a message
// without a header has body 0. A line that begins with "--" and is no field ends the header too, since it is a boundary whose empty line was forgotten.
func ParseHeader(b []byte) (h Header, body int) {
	eol := byte('\n')
	if bytes.IndexByte(b, '\n') < 0 {
		eol = '\r'
	}
	var s headerScan
	s.reset(0)
	for at := 0; at < len(b); {
		line, next := b[at:], len(b)
		if i := bytes.IndexByte(line, eol); i >= 0 {
			line, next = line[:i], at+i+1
		}
		if s.line(line, int64(at), int64(next)) {
			break
		}
		at = next
	}
	return s.finish(int64(len(b)))
}

// Get returns the raw value of the first field of that name in any case, "" without one.
func (h Header) Get(name string) string {
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// All returns the raw values of all fields of that name, in order.
func (h Header) All(name string) []string {
	var values []string
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			values = append(values, h[i].Value)
		}
	}
	return values
}

// Text returns the first field of that name for display: encoded words decoded, raw 8-bit text guessed (the charset of the message's own
// Content-Type is the first guess), on one line, without controls, bidirectional overrides and invisible characters.
func (h Header) Text(name string) string {
	value := h.Get(name)
	return CleanText(decodeWords(value, h.hint(value)))
}

// Addresses returns the mailboxes of all fields of that name. See ParseAddresses.
func (h Header) Addresses(name string) []Address {
	var list []Address
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			list = append(list, parseAddresses(h[i].Value, h.hint(h[i].Value))...)
		}
	}
	return list
}

// Date returns the time of the first Date field that can be read, in the zone it was written in. See ParseDate.
func (h Header) Date() (t time.Time, ok bool) {
	for i := range h {
		if strings.EqualFold(h[i].Name, "Date") {
			if t, ok = ParseDate(h[i].Value); ok {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// MessageIDs returns the message identifiers of all fields of that name, without <>. See ParseMessageIDs.
func (h Header) MessageIDs(name string) []string {
	var ids []string
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			ids = append(ids, ParseMessageIDs(h[i].Value)...)
		}
	}
	return ids
}

// hint is the charset that a raw 8-bit value may be in, that of the message's own Content-Type; "" for a value that needs none.
func (h Header) hint(value string) string {
	if utf8.ValidString(value) {
		return ""
	}
	_, params := ParseMediaType(h.Get("Content-Type"))
	return params["charset"]
}

// headerScan collects header fields line by line, from memory or from a stream. Offsets are those that the caller counts.
type headerScan struct {
	fields Header
	value  []byte // of the field being read
	name   string // of the field being read, "" while there is none
	bytes  int    // kept so far
	late   int    // fields kept after a limit was reached
	junk   int64  // start of the lines without a colon since the last field, -1 without
	seen   bool   // a field was read
	first  bool   // no line was read yet
	body   int64  // where the body starts, -1 while in the header
}

// reset begins a new block. kept is what earlier blocks of the same message hold already, in bytes.
func (s *headerScan) reset(kept int) {
	*s = headerScan{value: s.value[:0], bytes: kept, junk: -1, first: true, body: -1}
}

// line takes the next line without its LF and reports whether the header ended with it (or before it).
func (s *headerScan) line(line []byte, start, next int64) (done bool) {
	line = bytes.TrimRight(line, "\r")
	if s.first {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	first := s.first
	s.first = false
	if len(line) == 0 {
		s.body = next
		return true
	}
	if line[0] == ' ' || line[0] == '\t' {
		// A first line that is indented is the rest of a cut field or a text without a header: the lines after it tell.
		if !s.seen && s.junk < 0 {
			s.junk = start
		}
		if s.name != "" && s.junk < 0 {
			s.fold(line)
		}
		return false
	}
	if first && bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From ")) {
		return false
	}
	name, value, ok := cutField(line)
	if ok && (s.seen || s.junk < 0 || knownField(name)) {
		s.flush()
		s.junk, s.seen = -1, true
		s.name = name
		s.value = append(s.value[:0], value...)
		return false
	}
	if len(line) > 2 && line[0] == '-' && line[1] == '-' {
		s.body = start
		return true
	}
	if s.junk < 0 {
		s.junk = start
	}
	return false
}

// finish returns the fields and the offset of the body. end is where the caller stopped, for a header without an empty line.
func (s *headerScan) finish(end int64) (Header, int) {
	s.flush()
	body := s.body
	if body < 0 {
		body = end
	}
	if s.junk >= 0 {
		body = s.junk
	}
	return s.fields, int(body)
}

func (s *headerScan) fold(line []byte) {
	if len(s.value)+len(line) <= maxHeaderBytes {
		s.value = append(s.value, line...)
	}
}

// flush keeps the field that was read if the limits allow it.
func (s *headerScan) flush() {
	if s.name == "" {
		return
	}
	name, value := s.name, bytes.Trim(s.value, " \t\r\x00")
	s.name = ""
	limit := maxFieldBytes
	if listField(name) {
		limit = maxHeaderBytes
	}
	if len(value) > limit {
		value = value[:limit]
		// Half an address would be a wrong one.
		if i := bytes.LastIndexByte(value, ','); i > 0 && listField(name) {
			value = value[:i]
		}
	}
	if len(s.fields) >= maxHeaderFields || s.bytes+len(name)+len(value) > maxHeaderBytes {
		if s.late >= maxLateFields || len(value) > maxFieldBytes || !vitalField(name) || s.fields.Get(name) != "" {
			return
		}
		s.late++
	}
	s.bytes += len(name) + len(value)
	s.fields = append(s.fields, Field{Name: name, Value: unfold(value)})
}

// unfold drops NUL and makes one space of a CR or LF that is left inside.
func unfold(value []byte) string {
	if bytes.IndexByte(value, 0) < 0 && bytes.IndexByte(value, '\r') < 0 && bytes.IndexByte(value, '\n') < 0 {
		return string(value)
	}
	out := make([]byte, 0, len(value))
	for _, c := range value {
		switch c {
		case 0:
		case '\r', '\n':
			out = append(out, ' ')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// cutField splits "Name: value". Blanks before the colon are let pass (RFC 5322 section 4.5.8), those inside a name are not.
func cutField(line []byte) (name string, value []byte, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 1000 {
		return "", nil, false
	}
	n := bytes.TrimRight(line[:i], " \t")
	if len(n) == 0 {
		return "", nil, false
	}
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", nil, false
		}
	}
	return string(n), line[i+1:], true
}

// listField names the fields whose length grows with the number of people.
func listField(name string) bool {
	switch strings.ToLower(name) {
	case "to", "cc", "bcc", "reply-to", "from", "references":
		return true
	}
	return false
}

// vitalField names the fields without which a message can't be shown or answered.
func vitalField(name string) bool {
	switch n := strings.ToLower(name); n {
	case "from", "to", "cc", "reply-to", "sender", "subject", "date", "message-id", "in-reply-to", "references":
		return true
	default:
		return strings.HasPrefix(n, "content-")
	}
}

// knownField names the fields that tell a header from text that happens to hold a colon.
func knownField(name string) bool {
	switch n := strings.ToLower(name); n {
	case "from", "to", "cc", "bcc", "reply-to", "sender", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
		"received", "return-path", "delivered-to", "resent-from", "resent-to", "resent-date", "list-id", "list-unsubscribe", "dkim-signature":
		return true
	default:
		return strings.HasPrefix(n, "content-") || strings.HasPrefix(n, "x-")
	}
}
