package replay

import (
	"bytes"
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// A small MIME reader for the built-in FETCH answers. It is written here, and not taken from the client's own
// library, so that a mistake of that library cannot hide on both sides.

// part is a message or a part of one.
type part struct {
	head, body []byte // head ends with the blank line
	typ, sub   string
	params     map[string]string
	kids       []*part
	msg        *part // message/rfc822
}

func parsePart(raw []byte) *part {
	p := &part{typ: "text", sub: "plain", params: map[string]string{}}
	if bytes.HasPrefix(raw, []byte("\r\n")) {
		p.head, p.body = raw[:2], raw[2:]
	} else if i := bytes.Index(raw, []byte("\r\n\r\n")); i >= 0 {
		p.head, p.body = raw[:i+4], raw[i+4:]
	} else {
		p.head = raw
	}
	if ct := p.get("Content-Type"); ct != "" {
		t, pr, err := mime.ParseMediaType(ct)
		if err == nil || t != "" {
			if a, b, ok := strings.Cut(t, "/"); ok {
				p.typ, p.sub = a, b
			}
			if pr != nil {
				p.params = pr
			}
		}
	}
	switch {
	case p.typ == "multipart" && p.params["boundary"] != "":
		d := []byte("--" + p.params["boundary"])
		rest, pos, start := p.body, 0, -1
		for pos <= len(rest) {
			nl := bytes.Index(rest[pos:], []byte("\r\n"))
			end := len(rest)
			next := len(rest) + 1
			if nl >= 0 {
				end, next = pos+nl, pos+nl+2
			}
			line := rest[pos:end]
			if bytes.HasPrefix(line, d) {
				if start >= 0 {
					e := pos - 2
					if e < start {
						e = start
					}
					p.kids = append(p.kids, parsePart(rest[start:e]))
				}
				start = next
				if bytes.HasPrefix(line[len(d):], []byte("--")) {
					start = -1
					break
				}
			}
			pos = next
		}
		if start >= 0 && start <= len(rest) {
			p.kids = append(p.kids, parsePart(rest[start:]))
		}
	case p.typ == "message" && p.sub == "rfc822":
		p.msg = parsePart(p.body)
	}
	return p
}

func (p *part) get(name string) string {
	for _, f := range headerFields(p.head) {
		k, v, ok := strings.Cut(string(f), ":")
		if ok && strings.EqualFold(strings.TrimSpace(k), name) {
			v = strings.ReplaceAll(v, "\r\n", "")
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func headerFields(h []byte) [][]byte {
	var out [][]byte
	for _, l := range bytes.SplitAfter(h, []byte("\r\n")) {
		if len(bytes.TrimSpace(l)) == 0 {
			continue
		}
		if (l[0] == ' ' || l[0] == '\t') && len(out) > 0 {
			out[len(out)-1] = append(append([]byte(nil), out[len(out)-1]...), l...)
		} else {
			out = append(out, l)
		}
	}
	return out
}

// nstring writes an IMAP string: NIL, quoted or literal.
func nstring(s string) string {
	if s == "" {
		return "NIL"
	}
	return istring(s)
}
func istring(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || s[i] == '\r' || s[i] == '\n' || s[i] == 0 {
			return fmt.Sprintf("{%d}\r\n%s", len(s), s)
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func addrs(v string) string {
	if v == "" {
		return "NIL"
	}
	var items []string
	var cur strings.Builder
	q, par, ang := false, 0, false
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case c == '\\' && i+1 < len(v):
			cur.WriteByte(c)
			i++
			c = v[i]
		case c == '"':
			q = !q
		case q:
		case c == '(':
			par++
		case c == ')' && par > 0:
			par--
		case c == '<':
			ang = true
		case c == '>':
			ang = false
		case c == ',' && par == 0 && !ang:
			items = append(items, cur.String())
			cur.Reset()
			continue
		}
		cur.WriteByte(c)
	}
	items = append(items, cur.String())
	var b strings.Builder
	b.WriteByte('(')
	n := 0
	for _, it := range items {
		it = strings.TrimSpace(it)
		if it == "" {
			continue
		}
		name, addr := "", it
		if i := strings.LastIndexByte(it, '<'); i >= 0 {
			name = strings.TrimSpace(it[:i])
			addr = strings.TrimSuffix(strings.TrimSpace(it[i+1:]), ">")
			if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
				name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(name[1 : len(name)-1])
			}
		}
		mb, host := addr, ""
		if i := strings.LastIndexByte(addr, '@'); i >= 0 {
			mb, host = addr[:i], addr[i+1:]
		}
		fmt.Fprintf(&b, "(%s NIL %s %s)", nstring(name), nstring(mb), nstring(host))
		n++
	}
	if n == 0 {
		return "NIL"
	}
	b.WriteByte(')')
	return b.String()
}

func (p *part) envelope() string {
	from := p.get("From")
	or := func(h string) string {
		if v := p.get(h); v != "" {
			return v
		}
		return from
	}
	return fmt.Sprintf("(%s %s %s %s %s %s %s %s %s %s)", nstring(p.get("Date")), nstring(p.get("Subject")), addrs(from), addrs(or("Sender")), addrs(or("Reply-To")),
		addrs(p.get("To")), addrs(p.get("Cc")), addrs(p.get("Bcc")), nstring(p.get("In-Reply-To")), nstring(p.get("Message-ID")))
}

func params(m map[string]string) string {
	if len(m) == 0 {
		return "NIL"
	}
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	for i := range ks {
		for j := i + 1; j < len(ks); j++ {
			if ks[j] < ks[i] {
				ks[i], ks[j] = ks[j], ks[i]
			}
		}
	}
	var o []string
	for _, k := range ks {
		o = append(o, istring(strings.ToUpper(k))+" "+istring(m[k]))
	}
	return "(" + strings.Join(o, " ") + ")"
}

func (p *part) structure(ext bool) string {
	disp := "NIL"
	if d := p.get("Content-Disposition"); d != "" {
		t, pr, _ := mime.ParseMediaType(d)
		if t != "" {
			disp = "(" + istring(strings.ToUpper(t)) + " " + params(pr) + ")"
		}
	}
	if p.typ == "multipart" {
		var b strings.Builder
		b.WriteByte('(')
		for _, k := range p.kids {
			b.WriteString(k.structure(ext))
		}
		if len(p.kids) == 0 {
			b.WriteString(`("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)`)
		}
		b.WriteString(" " + istring(strings.ToUpper(p.sub)))
		if ext {
			b.WriteString(" " + params(p.params) + " " + disp + " NIL NIL")
		}
		b.WriteByte(')')
		return b.String()
	}
	cte := p.get("Content-Transfer-Encoding")
	if cte == "" {
		cte = "7BIT"
	}
	par := p.params
	if p.typ == "text" && len(par) == 0 {
		par = map[string]string{"charset": "us-ascii"}
	}
	o := fmt.Sprintf("(%s %s %s %s %s %s %d", istring(strings.ToUpper(p.typ)), istring(strings.ToUpper(p.sub)), params(par), nstring(p.get("Content-ID")), nstring(p.get("Content-Description")), istring(strings.ToUpper(cte)), len(p.body))
	lines := bytes.Count(p.body, []byte("\n"))
	if p.msg != nil {
		o += fmt.Sprintf(" %s %s %d", p.msg.envelope(), p.msg.structure(ext), lines)
	} else if p.typ == "text" {
		o += fmt.Sprintf(" %d", lines)
	}
	if ext {
		o += " NIL " + disp + " NIL NIL"
	}
	return o + ")"
}

// section gives the bytes of BODY[spec]; ok is false where there is no such part.
func section(root *part, raw []byte, spec string) ([]byte, bool) {
	p, full := root, true
	rest := spec
	for rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		num, tail, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(num)
		if err != nil || n < 1 {
			return nil, false
		}
		rest = tail
		q := p
		if !full && p.msg != nil {
			q = p.msg
		}
		switch {
		case q.typ == "multipart":
			if n > len(q.kids) {
				return nil, false
			}
			p = q.kids[n-1]
		case n == 1 && (full || q != p):
			p = q
		default:
			return nil, false
		}
		full = false
	}
	up := strings.ToUpper(rest)
	msg := p
	if !full && up != "" && up != "MIME" {
		if p.msg == nil {
			return nil, false
		}
		msg = p.msg
	}
	switch {
	case up == "":
		if full {
			return raw, true
		}
		return p.body, true
	case up == "MIME":
		return p.head, !full
	case up == "HEADER":
		return msg.head, true
	case up == "TEXT":
		return msg.body, true
	case strings.HasPrefix(up, "HEADER.FIELDS"):
		not := strings.HasPrefix(up, "HEADER.FIELDS.NOT")
		i, j := strings.IndexByte(rest, '('), strings.LastIndexByte(rest, ')')
		if i < 0 || j < i {
			return nil, false
		}
		want := map[string]bool{}
		for _, f := range strings.Fields(rest[i+1 : j]) {
			want[strings.ToLower(strings.Trim(f, `"`))] = true
		}
		var b bytes.Buffer
		for _, f := range headerFields(msg.head) {
			k, _, _ := strings.Cut(string(f), ":")
			if want[strings.ToLower(strings.TrimSpace(k))] != not {
				b.Write(f)
			}
		}
		b.WriteString("\r\n")
		return b.Bytes(), true
	}
	return nil, false
}
