package memory

import "strings"

// address is one of a list, undecoded. A group is a start (mailbox its name, host "") and an end (both "").
type address struct{ name, mailbox, host string }

// parseAddresses reads an address list and makes the best of a malformed one.
func parseAddresses(s string) []address {
	p := addressParser{s: s}
	for p.s != "" {
		p.step()
	}
	p.end()
	return p.out
}

type addressParser struct {
	s        string
	out      []address
	words    []string // of the phrase, or of the bare address, read so far
	comment  string
	angle    string
	hasAngle bool
	inGroup  bool
}

func (p *addressParser) step() {
	switch c := p.s[0]; c {
	case ' ', '\t', '\r', '\n':
		p.s = p.s[1:]
	case '"':
		p.words = append(p.words, p.quoted())
	case '(':
		p.comment = p.comments()
	case '<':
		inner, rest, _ := strings.Cut(p.s[1:], ">")
		p.angle, p.hasAngle, p.s = strings.TrimSpace(inner), true, rest
	case ',':
		p.end()
		p.s = p.s[1:]
	case ':':
		p.out = append(p.out, address{mailbox: strings.Join(p.words, " ")})
		p.words, p.inGroup, p.s = nil, true, p.s[1:]
	case ';':
		p.end()
		if p.inGroup {
			p.out = append(p.out, address{})
		}
		p.inGroup, p.s = false, p.s[1:]
	default:
		end := strings.IndexAny(p.s, " \t\r\n\"(<,:;")
		if end <= 0 {
			end = len(p.s)
		}
		p.words = append(p.words, p.s[:end])
		p.s = p.s[end:]
	}
}

// quoted takes a quoted string; before an "@" it is a local part.
func (p *addressParser) quoted() string {
	var b strings.Builder
	i := 1
	for ; i < len(p.s) && p.s[i] != '"'; i++ {
		if p.s[i] == '\\' && i+1 < len(p.s) {
			i++
		}
		b.WriteByte(p.s[i])
	}
	p.s = p.s[min(i+1, len(p.s)):]
	if strings.HasPrefix(p.s, "@") {
		end := strings.IndexAny(p.s, " \t<,;(")
		if end < 0 {
			end = len(p.s)
		}
		b.WriteString(p.s[:end])
		p.s = p.s[end:]
	}
	return b.String()
}

func (p *addressParser) comments() string {
	depth := 0
	for i := range len(p.s) {
		switch p.s[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			text := p.s[1:i]
			p.s = p.s[i+1:]
			return text
		}
	}
	text := p.s[1:]
	p.s = ""
	return text
}

// end makes an address of what was read.
func (p *addressParser) end() {
	defer func() { p.words, p.comment, p.angle, p.hasAngle = nil, "", "", false }()
	var a address
	spec := p.angle
	switch {
	case p.hasAngle:
		a.name = strings.Join(p.words, " ")
		if strings.HasPrefix(spec, "@") { // a source route, long obsolete
			_, spec, _ = strings.Cut(spec, ":")
		}
	case len(p.words) > 0:
		spec = strings.Join(p.words, " ")
		a.name = p.comment
	default:
		return
	}
	if i := strings.LastIndexByte(spec, '@'); i >= 0 {
		a.mailbox, a.host = strings.TrimSpace(spec[:i]), strings.TrimSpace(spec[i+1:])
	} else {
		a.mailbox, a.host = spec, "MISSING_DOMAIN"
	}
	p.out = append(p.out, a)
}
