package memory

import (
	"bytes"
	"strconv"
	"strings"
)

// section is what stands in the brackets of BODY[...].
type section struct {
	path   []int
	what   string   // "", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "MIME" or "TEXT"
	fields []string // for HEADER.FIELDS
}

// parseSection reads "1.2", "1.2.MIME", `HEADER.FIELDS ("From" Date)`.
func parseSection(s string) (section, bool) {
	var sec section
	for s != "" && s[0] >= '0' && s[0] <= '9' {
		digits, rest, _ := strings.Cut(s, ".")
		n, err := strconv.Atoi(digits)
		if err != nil || n == 0 {
			return sec, false
		}
		sec.path, s = append(sec.path, n), rest
	}
	name, list, hasList := strings.Cut(s, " ")
	sec.what = strings.ToUpper(name)
	switch sec.what {
	case "", "HEADER", "TEXT":
		return sec, !hasList
	case "MIME":
		return sec, !hasList && len(sec.path) > 0
	case "HEADER.FIELDS", "HEADER.FIELDS.NOT":
		l := lexer{rest: list}
		tokens, err := l.tokens(0)
		if err != nil || len(tokens) != 1 {
			return sec, false
		}
		for _, t := range tokens[0].list {
			sec.fields = append(sec.fields, t.String())
		}
		return sec, true
	}
	return sec, false
}

// find returns the part at a path below a message, nil when there is none.
func (p *part) find(path []int) *part {
	for i, n := range path {
		leaf := i == 0
		if i > 0 && p.message != nil {
			p, leaf = p.message, true
		}
		switch {
		case len(p.parts) > 0:
			if n > len(p.parts) {
				return nil
			}
			p = p.parts[n-1]
		case leaf && n == 1: // the body of a message that is no multipart
		default:
			return nil
		}
	}
	return p
}

// span is what a section is: either a range of the message, or octets made for it (HEADER.FIELDS).
type span struct {
	from, to int64
	made     []byte
	isMade   bool
}

func (s span) size() int64 {
	if s.isMade {
		return int64(len(s.made))
	}
	return s.to - s.from
}

// locate finds a section; false when the message has no such.
func (c *content) locate(sec section) (span, bool) {
	if len(sec.path) == 0 && sec.what == "" {
		return span{to: c.Size()}, true
	}
	p := c.structure().find(sec.path)
	if p == nil {
		return span{}, false
	}
	switch sec.what {
	case "":
		return span{from: p.body, to: p.end}, true
	case "MIME":
		return span{from: p.start, to: p.body}, true
	}
	if len(sec.path) > 0 {
		if p.message == nil {
			return span{}, false
		}
		p = p.message
	}
	switch sec.what {
	case "HEADER":
		return span{from: p.start, to: p.body}, true
	case "TEXT":
		return span{from: p.body, to: p.end}, true
	}
	header := c.read(p.start, p.body)
	return span{made: pickFields(header, sec.fields, sec.what == "HEADER.FIELDS"), isMade: true}, true
}

// pickFields keeps the named fields of a header, or all others, as they are, and the empty line that ends it.
// In a message of nothing but a header, which has none, only the named ones get it: so does Dovecot.
func pickFields(header []byte, names []string, keep bool) []byte {
	var out []byte
	picked := false
	for line := range bytes.Lines(header) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return append(out, line...)
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, isField := strings.Cut(string(line), ":")
			picked = isField && hasFlag(names, strings.TrimRight(name, " \t")) == keep
		}
		if picked {
			out = append(out, line...)
		}
	}
	if keep {
		out = append(out, "\r\n"...)
	}
	return out
}
