package wire

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// fetchItem is one item of a FETCH response that imapclient knows.
type fetchItem struct {
	name  string
	value value
	raw   []byte // where the value begins, for one that could not be parsed
	bad   bool   // it could not
}

// rebuildFetch prints a segment of a FETCH response anew from what the tolerant
// parser makes of it: items that imapclient does not know are cut out, the
// others mended. body is the size of the body literal behind it, or -1.
func (c *Conn) rebuildFetch(seg []byte, first bool, body int64) []byte {
	st := &c.in.fetch
	p := &parser{b: seg}
	if first {
		st.number, _, p.i = responseHead(seg)
		if i := skipSpaces(seg, p.i); i < len(seg) && seg[i] == '(' {
			p.i = i + 1
		}
	}
	items := readItems(p)
	if first {
		items = c.uidFirst(items, body)
	}
	out := c.in.scratch[:0]
	streamed := false
	for _, item := range items {
		from := len(out)
		out = st.begin(out)
		mark := len(out)
		out = appendItem(out, item, body)
		if len(out) == mark {
			out = out[:from]
			continue
		}
		st.head, st.items = true, true
		st.uid = st.uid || item.name == "UID"
		streamed = item.value.kind == streamValue
	}
	if body >= 0 && !streamed { // it belongs to an item that was cut out
		c.in.stream, c.in.skip = 0, body
	}
	if body < 0 && st.head {
		out = append(out, ")\r\n"...)
	}
	return c.mended("fetch", seg, out)
}

// begin puts what has to stand before the next item.
func (st *fetchState) begin(out []byte) []byte {
	switch {
	case !st.head:
		out = append(out, "* "...)
		out = strconv.AppendUint(out, uint64(st.number), 10)
		return append(out, " FETCH ("...)
	case st.items:
		return append(out, ' ')
	}
	return out
}

// readItems reads names and values up to the end of the segment.
func readItems(p *parser) []fetchItem {
	var items []fetchItem
	var name string
	for {
		for !p.done() && p.b[p.i] == ')' {
			p.i++
		}
		if p.done() {
			return items
		}
		from := p.i
		v, err := p.next()
		if err != nil {
			p.i, p.depth, p.values = from, 0, 0
			p.skip()
		}
		switch {
		case err == nil && v.kind == atomValue && (name == "" || isItemName(v.text)):
			name = string(v.text)
		case name != "":
			items = append(items, fetchItem{name: itemName(name), value: v, raw: p.b[from:p.i], bad: err != nil})
			name = ""
		}
	}
}

// skip goes behind the value at p.i without looking at what it holds.
func (p *parser) skip() {
	depth := 0
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case '(':
			depth++
		case ')':
			if depth--; depth <= 0 {
				p.i++
				return
			}
		case '"':
			p.quoted()
			continue
		case '{':
			if _, ok := p.literal(); ok {
				continue
			}
		}
		p.i++
	}
}

// isItemName reports whether a FETCH item is called text: then it can not be
// another one's value, and the one before it has none.
func isItemName(text []byte) bool {
	name := itemName(string(text))
	name, _, section := strings.Cut(name, "[")
	switch name {
	case "UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "MODSEQ":
		return !section
	case "BODY", "BINARY", "BINARY.SIZE":
		return section || name == "BODY"
	}
	return false
}

// itemName gives an item the name that imapclient knows it by.
func itemName(name string) string {
	base, section, has := strings.Cut(name, "[")
	base = strings.ToUpper(base)
	switch base {
	case "RFC822":
		return "BODY[]"
	case "RFC822.HEADER":
		return "BODY[HEADER]"
	case "RFC822.TEXT":
		return "BODY[TEXT]"
	case "BODY.PEEK", "BINARY.PEEK":
		base = strings.TrimSuffix(base, ".PEEK")
	}
	if has {
		return base + "[" + strings.ToUpper(section)
	}
	return base
}

// uidFirst moves the UID before the bodies, or puts it there when the client
// asked for one UID only and the server brings it, if at all, after a body that
// is too long to wait for.
func (c *Conn) uidFirst(items []fetchItem, body int64) []fetchItem {
	for i, item := range items {
		if item.name == "UID" {
			copy(items[1:i+1], items[:i])
			items[0] = item
			return items
		}
	}
	if inFlight, single := c.fetchedUIDs(); inFlight && single != "" && body >= 0 {
		uid := fetchItem{name: "UID", value: value{kind: atomValue, text: []byte(single)}}
		return append([]fetchItem{uid}, items...)
	}
	return items
}

// appendItem prints an item, or nothing when it can not be saved.
func appendItem(out []byte, item fetchItem, body int64) []byte {
	v := item.value
	switch item.name {
	case "UID":
		return appendNumberItem(out, item.name, v, most32)
	case "RFC822.SIZE":
		return appendNumberItem(out, item.name, v, most63)
	case "FLAGS":
		if item.bad || v.kind != listValue && v.kind != nilValue {
			return out
		}
		return appendFlags(append(out, "FLAGS "...), v)
	case "INTERNALDATE":
		return appendDate(out, v)
	case "MODSEQ":
		if v.kind == listValue && len(v.list) == 1 {
			v = v.list[0]
		}
		if n, ok := parseNumber(v.text, mostModSeq); ok {
			out = append(out, "MODSEQ ("...)
			return append(strconv.AppendUint(out, n, 10), ')')
		}
		return out
	case "ENVELOPE":
		if item.bad || v.kind != listValue {
			return out
		}
		return appendEnvelope(append(out, "ENVELOPE "...), v)
	case "BODY", "BODYSTRUCTURE":
		out = append(append(out, item.name...), ' ')
		if item.bad {
			return append(out, unusableBody...)
		}
		return appendBody(out, v, 0)
	}
	return appendContent(out, item, body)
}

func appendNumberItem(out []byte, name string, v value, most uint64) []byte {
	n, ok := parseNumber(v.text, most)
	if !ok || !v.isText() {
		return out
	}
	out = append(append(out, name...), ' ')
	return strconv.AppendUint(out, n, 10)
}

// appendContent prints BODY[...], BINARY[...] and BINARY.SIZE[...].
func appendContent(out []byte, item fetchItem, body int64) []byte {
	base, _, _ := strings.Cut(item.name, "[")
	section := []byte(item.name[len(base):])
	// imapclient does not expect the origin that a partial BINARY comes with
	// (RFC 3516 erratum 8217), nor one beyond 4 GiB.
	if i := bytes.LastIndexByte(section, '<'); i > 0 && (base != "BODY" || cleanSection(section, 0) < 0) {
		section = section[:i]
	}
	valid := cleanSection(section, 0) == len(section)
	if base != "BODY" {
		valid = one(section, partNumbers(section, one(section, 0, '[')), ']') == len(section)
	}
	if !valid || item.bad {
		return out
	}
	switch base {
	case "BINARY.SIZE":
		return appendNumberItem(out, base+string(section), item.value, most32)
	case "BODY", "BINARY":
	default:
		return out
	}
	v := item.value
	if v.kind == listValue {
		return out
	}
	out = append(append(append(out, base...), section...), ' ')
	switch {
	case v.kind == streamValue:
		out = strconv.AppendInt(append(out, '{'), body, 10)
		return append(out, "}\r\n"...)
	case v.kind == nilValue, v.kind == atomValue && bytes.HasPrefix(v.text, []byte("{")):
		return append(out, "NIL"...) // QUIRK: {-1} for a part that is not there
	}
	return appendString(out, v.text)
}

// appendDate prints an INTERNALDATE; one that says no time is cut out.
func appendDate(out []byte, v value) []byte {
	if !v.isText() {
		return out
	}
	text := strings.TrimSpace(string(v.text))
	for _, layout := range []string{dateTime, "2-Jan-2006 15:04:05 -0700", "2-Jan-06 15:04:05 -0700", "2-Jan-2006 15:04:05 MST", "2-Jan-2006 15:04:05",
		time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", time.RFC1123, time.RFC3339, time.DateTime, time.ANSIC, time.UnixDate} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 1 && t.Year() < 10000 {
			out = append(out, `INTERNALDATE "`...)
			return append(t.AppendFormat(out, "02-Jan-2006 15:04:05 -0700"), '"')
		}
	}
	return out
}

// appendFlags prints a flag list without what is no flag. QUIRK: flags with "]"
// ("[Gmail]/x" as a keyword), a lone backslash, quotes around a flag.
func appendFlags(out []byte, v value) []byte {
	out = append(out, '(')
	n := 0
	for _, item := range v.list {
		if !item.isText() || flag(item.text, 0) != len(item.text) {
			continue
		}
		if n++; n > 1 {
			out = append(out, ' ')
		}
		out = append(out, item.text...)
	}
	return append(out, ')')
}

// appendString prints a string, quoted where it fits a line.
func appendString(out, s []byte) []byte {
	if len(s) <= 4096 && bytes.IndexByte(s, '\r') < 0 && bytes.IndexByte(s, '\n') < 0 && bytes.IndexByte(s, 0) < 0 {
		return appendQuoted(out, s)
	}
	out = strconv.AppendInt(append(out, '{'), int64(len(s)), 10)
	return append(append(out, "}\r\n"...), s...)
}

// appendNString prints a string, or NIL for what is none.
func appendNString(out []byte, v value) []byte {
	if !v.isText() {
		return append(out, "NIL"...)
	}
	return appendString(out, v.text)
}
