package wire

import (
	"bytes"
	"errors"
	"strings"
)

type kind int

const (
	nilValue kind = iota
	atomValue
	stringValue
	listValue
	streamValue // the announcement of a body literal, at the end of a segment
)

// value is one element of a response as the tolerant parser sees it.
type value struct {
	kind kind
	text []byte // of an atom or a string, unescaped
	list []value
	raw  []byte // what stood there
}

func (v value) isText() bool { return v.kind == atomValue || v.kind == stringValue }

// is reports whether v is the atom or string s, in any case of letters.
func (v value) is(s string) bool { return v.isText() && strings.EqualFold(string(v.text), s) }

// parser reads values out of whatever a server sends. It knows no faults but
// too much: what is missing is taken as there, what is one too many is skipped.
type parser struct {
	b      []byte
	i      int
	depth  int
	values int
}

// maxNesting bounds the stack that parsing takes. What is printed again is
// bounded by maxDepth.
const maxNesting = 1000

// maxValues bounds the memory a response takes when parsed: some 10 MB.
const maxValues = 1 << 16

var errTooMuch = errors.New("too deep or too many values")

// done reports whether only a line end is left.
func (p *parser) done() bool {
	p.i = skipBlanks(p.b, p.i)
	return p.i >= len(p.b)
}

func skipBlanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n' || b[i] == 0) {
		i++
	}
	return i
}

// next reads one value. A closing parenthesis without an opening one is skipped.
func (p *parser) next() (value, error) {
	for !p.done() && p.b[p.i] == ')' {
		p.i++
	}
	if p.done() {
		return value{}, nil
	}
	p.values++
	if p.values > maxValues {
		return value{}, errTooMuch
	}
	from := p.i
	v, err := p.value()
	v.raw = p.b[from:p.i]
	return v, err
}

func (p *parser) value() (value, error) {
	switch p.b[p.i] {
	case '(':
		return p.list()
	case '"':
		return value{kind: stringValue, text: p.quoted()}, nil
	case '~', '{':
		if v, ok := p.literal(); ok {
			return v, nil
		}
	}
	return p.atom(), nil
}

func (p *parser) list() (value, error) {
	v := value{kind: listValue}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting {
		return v, errTooMuch
	}
	p.i++
	for !p.done() {
		if p.b[p.i] == ')' {
			p.i++
			break
		}
		item, err := p.next()
		if err != nil {
			return v, err
		}
		v.list = append(v.list, item)
	}
	return v, nil
}

// quoted reads a quoted string. QUIRK: NetEase writes quotes inside a quoted
// string without escaping them (""Name""), so a quote ends the string only
// where an element may end. QUIRK: a string may lack its closing quote; it ends
// with the line then.
func (p *parser) quoted() []byte {
	from := p.i + 1
	plain := true
	for i := from; i < len(p.b); i++ {
		switch p.b[i] {
		case '\\':
			plain = false
			i++
		case '"':
			if !endsElement(p.b, i+1) {
				continue
			}
			p.i = i + 1
			return unescape(p.b[from:i], plain)
		}
	}
	p.i = len(p.b)
	text := trimEOL(p.b[from:])
	return unescape(bytes.TrimRight(text, ")"), plain)
}

// unescape drops the backslashes, and makes line ends spaces.
func unescape(text []byte, plain bool) []byte {
	if plain && bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			out = append(out, text[i])
		case text[i] == '\r':
		case text[i] == '\n':
			out = append(out, ' ')
		default:
			out = append(out, text[i])
		}
	}
	return out
}

// unquote is the content of a quoted string that quoted has recognised.
func unquote(q []byte) []byte { return unescape(q[1:len(q)-1], false) }

func endsElement(b []byte, i int) bool {
	return i >= len(b) || b[i] == ' ' || b[i] == ')' || b[i] == '(' || b[i] == '\r' || b[i] == '\n'
}

// literal reads {12} or ~{12} with its octets, or at the end of the segment
// without.
func (p *parser) literal() (value, bool) {
	i := p.i
	if p.b[i] == '~' {
		i++
	}
	end := one(p.b, i, '{')
	end = number(p.b, end, most63)
	if plus := one(p.b, end, '+'); plus >= 0 {
		end = plus
	}
	if end < 0 || end >= len(p.b) || p.b[end] != '}' {
		return value{}, false
	}
	size, _ := parseNumber(bytes.Trim(p.b[i:end], "{+"), most63)
	from := lineEnd(p.b, end+1)
	if from < 0 {
		return value{}, false
	}
	if size > uint64(len(p.b)-from) {
		p.i = len(p.b)
		return value{kind: streamValue}, true
	}
	if from == len(p.b) && size == 0 {
		p.i = from
		return value{kind: streamValue}, true
	}
	p.i = from + int(size)
	return value{kind: stringValue, text: p.b[from:p.i]}, true
}

// atom reads up to the next delimiter; of BODY[HEADER.FIELDS (DATE)]<0> all.
// QUIRK: a NIL may be in small letters.
func (p *parser) atom() value {
	from := p.i
	for p.i < len(p.b) && p.b[p.i] > ' ' && p.b[p.i] != '(' && p.b[p.i] != ')' {
		if p.b[p.i] == '[' && hasSection(p.b[from:p.i]) {
			p.section()
			if p.i < len(p.b) && (p.b[p.i] == '"' || p.b[p.i] == '{' || p.b[p.i] == '~') {
				break // the space before the value is missing
			}
			continue
		}
		p.i++
	}
	if p.i == from { // an odd control character: stands for itself
		p.i++
	}
	text := p.b[from:p.i]
	if len(text) == 3 && bytes.EqualFold(text, []byte("NIL")) {
		return value{kind: nilValue}
	}
	return value{kind: atomValue, text: text}
}

// hasSection reports whether name is a FETCH item that "[" may follow.
func hasSection(name []byte) bool {
	if len(name) > len("BINARY.PEEK") {
		return false
	}
	switch strings.ToUpper(string(name)) {
	case "BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE":
		return true
	}
	return false
}

// section goes behind "[...]" and a "<0>" that follows it.
func (p *parser) section() {
	end := bytes.IndexByte(p.b[p.i:], ']')
	if end < 0 {
		p.i++
		return
	}
	p.i += end + 1
	if p.i < len(p.b) && p.b[p.i] == '<' {
		if end := bytes.IndexByte(p.b[p.i:], '>'); end > 0 {
			p.i += end + 1
		}
	}
}

// parseAll reads all values up to the end of b.
func parseAll(b []byte) ([]value, error) {
	p := &parser{b: b}
	var all []value
	for !p.done() {
		v, err := p.next()
		if err != nil {
			return nil, err
		}
		if v.raw != nil {
			all = append(all, v)
		}
	}
	return all, nil
}

// parseOne reads the first value of b.
func parseOne(b []byte) (value, bool) {
	p := &parser{b: b}
	if p.done() {
		return value{}, false
	}
	v, err := p.next()
	return v, err == nil
}

// parseResponse reads a whole untagged response for a want function.
func parseResponse(seg []byte) (Response, bool) {
	if isStatus(seg) {
		s := parseStatus(seg)
		return Response{Name: s.status, Fields: []any{s.code, s.text}}, true
	}
	number, name, i := responseHead(seg)
	all, err := parseAll(seg[i:])
	if err != nil || name == "" {
		return Response{}, false
	}
	r := Response{Number: number, Name: name}
	for _, v := range all {
		r.Fields = append(r.Fields, v.plain())
	}
	return r, true
}

// responseHead reads "* 12 NAME" and returns the place behind it. The name is
// in capitals, "" when there is none that could be one.
func responseHead(seg []byte) (number uint32, name string, i int) {
	i = skipSpaces(seg, 1)
	w := word(seg, i)
	if n, ok := parseNumber(w, most32); ok {
		number = uint32(n)
		i = skipSpaces(seg, i+len(w))
		w = word(seg, i)
	}
	return number, strings.ToUpper(string(w)), i + len(w)
}

// plain is v in the types of Response.Fields.
func (v value) plain() any {
	switch v.kind {
	case atomValue, stringValue:
		return string(v.text)
	case listValue:
		l := make([]any, len(v.list))
		for i, item := range v.list {
			l[i] = item.plain()
		}
		return l
	}
	return nil
}
