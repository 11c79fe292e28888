package memory

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"sync"
)

// Limits of what a structure describes; beyond them parts are shown as plain ones.
const (
	maxDepth  = 100
	maxParts  = 10000
	maxHeader = 1 << 20 // octets of one header that are kept for looking at
)

// content is a message and, once asked for, its structure.
type content struct {
	Content
	bytes []byte // all of it, when it is in memory anyhow
	once  sync.Once
	root  *part
}

func newContent(raw []byte) *content {
	return &content{Content: bytes.NewReader(raw), bytes: raw}
}

// structure looks through the message on the first call.
func (c *content) structure() *part {
	c.once.Do(func() { c.root = parse(c) })
	return c.root
}

// read returns a range of the message; for small ranges.
func (c *content) read(from, to int64) []byte {
	if c.bytes != nil {
		return c.bytes[from:to]
	}
	b := make([]byte, to-from)
	n, _ := c.ReadAt(b, from)
	return b[:n]
}

// part is a message, or a part of one, as offsets into it: header from start to body, body from there to end.
type part struct {
	start, body, end int64
	lines            int64 // line ends in the body
	fields           []field

	mediaType, subtype string // as written; "text", "plain" when the header does not say
	params             []param
	parts              []*part // children of a multipart
	message            *part   // the message within a message/rfc822
}

type field struct {
	name  string // as written
	value string // unfolded, else as written
}

type param struct{ name, value string }

// get is the value of the first field of that name.
func (p *part) get(name string) string {
	for _, f := range p.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// parse looks through a message in one pass. It never fails: what is not MIME is text.
func parse(c Content) *part {
	p := &parser{r: bufio.NewReaderSize(io.NewSectionReader(c, 0, c.Size()), 64<<10)}
	p.next()
	return p.message(0)
}

// parser goes through a message line by line. It stands on a line, which is not yet used up, until next.
type parser struct {
	r          *bufio.Reader
	line       []byte // with its end; no longer than the reader's buffer
	start      int64  // offset of line
	textEnd    int64  // offset of the end of the line before, without its line end
	lineEnds   int64  // seen before line
	cont       bool   // line goes on from the one before, which was too long
	eof        bool   // there is no line any more
	boundaries []string
	parts      int
}

func (p *parser) next() {
	p.lineEnds += int64(bytes.Count(p.line, []byte("\n")))
	p.textEnd = p.start + int64(len(bytes.TrimSuffix(bytes.TrimSuffix(p.line, []byte("\n")), []byte("\r"))))
	p.start += int64(len(p.line))
	p.cont = len(p.line) > 0 && p.line[len(p.line)-1] != '\n'
	p.line, _ = p.r.ReadSlice('\n')
	p.eof = len(p.line) == 0
}

// boundary says which of the open multiparts the line delimits, -1 for none, and whether it closes it.
func (p *parser) boundary() (level int, closing bool) {
	if p.cont || !bytes.HasPrefix(p.line, []byte("--")) {
		return -1, false
	}
	rest := string(bytes.TrimRight(p.line[2:], " \t\r\n"))
	for i := len(p.boundaries) - 1; i >= 0; i-- {
		if rest == p.boundaries[i] {
			return i, false
		}
		if rest == p.boundaries[i]+"--" {
			return i, true
		}
	}
	return -1, false
}

// atEnd says whether the part that is being read ends before this line.
func (p *parser) atEnd() bool {
	if p.eof {
		return true
	}
	level, _ := p.boundary()
	return level >= 0
}

// message reads a message up to the end of what is around it.
func (p *parser) message(depth int) *part { return p.part(depth, "text", "plain") }

func (p *parser) part(depth int, defaultType, defaultSubtype string) *part {
	p.parts++
	x := &part{start: p.start}
	x.fields = p.header()
	x.body = p.start
	var ok bool
	x.mediaType, x.subtype, x.params, ok = parseContentType(x.get("Content-Type"))
	if !ok {
		x.mediaType, x.subtype = defaultType, defaultSubtype
	}
	before := p.lineEnds
	boundary := paramValue(x.params, "boundary")
	deep := depth >= maxDepth || p.parts >= maxParts
	switch {
	case deep:
		p.skip()
	case strings.EqualFold(x.mediaType, "multipart") && boundary != "":
		p.multipart(x, boundary, depth)
	case strings.EqualFold(x.mediaType, "message") && strings.EqualFold(x.subtype, "rfc822") && plainEncoding(x.get("Content-Transfer-Encoding")):
		x.message = p.message(depth + 1)
	default:
		p.skip()
	}
	if strings.EqualFold(x.mediaType, "multipart") && len(x.parts) == 0 {
		// Nothing can be told of it; as text it can at least be read.
		x.mediaType, x.subtype, x.params = "text", "plain", nil
	}
	x.end = p.start
	x.lines = p.lineEnds - before
	if !p.eof {
		// The line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
		x.end = max(x.body, p.textEnd)
		if p.start > x.body {
			x.lines--
		}
	}
	// A message of nothing but a header keeps the empty line that both it and the delimiter claim.
	for _, child := range x.parts {
		x.end = max(x.end, child.end)
	}
	if x.message != nil {
		x.end = max(x.end, x.message.end)
		x.message.end = x.end
	}
	return x
}

func plainEncoding(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "7bit", "8bit", "binary":
		return true
	}
	return false
}

// skip passes over a body.
func (p *parser) skip() {
	for !p.atEnd() {
		p.next()
	}
}

func (p *parser) multipart(x *part, boundary string, depth int) {
	p.boundaries = append(p.boundaries, boundary)
	mine := len(p.boundaries) - 1
	defaultType, defaultSubtype := "text", "plain"
	if strings.EqualFold(x.subtype, "digest") {
		defaultType, defaultSubtype = "message", "rfc822"
	}
	p.skip() // the preamble
	for !p.eof {
		level, closing := p.boundary()
		if level != mine || closing {
			break
		}
		p.next()
		x.parts = append(x.parts, p.part(depth+1, defaultType, defaultSubtype))
	}
	level, _ := p.boundary()
	p.boundaries = p.boundaries[:mine]
	if !p.eof && level == mine {
		p.next()
		p.skip() // the epilogue
	}
}

// header reads fields up to and with the empty line that ends them. What is no field is passed over.
func (p *parser) header() []field {
	var fields []field
	var size int
	for !p.atEnd() {
		text := bytes.TrimRight(p.line, "\r\n")
		if len(text) == 0 && !p.cont {
			p.next()
			break
		}
		size += len(text)
		switch {
		case size > maxHeader || len(text) == 0:
		case (text[0] == ' ' || text[0] == '\t' || p.cont) && len(fields) > 0:
			f := &fields[len(fields)-1]
			f.value += string(text)
		default:
			if name, value, ok := strings.Cut(string(text), ":"); ok {
				fields = append(fields, field{strings.TrimRight(name, " \t"), value})
			}
		}
		p.next()
	}
	for i := range fields {
		fields[i].value = strings.Trim(fields[i].value, " \t")
	}
	return fields
}

func paramValue(params []param, name string) string {
	for _, p := range params {
		if strings.EqualFold(p.name, name) {
			return p.value
		}
	}
	return ""
}

// parseContentType reads "type/subtype; name=value". Parameters stay in order and undecoded.
func parseContentType(value string) (mediaType, subtype string, params []param, ok bool) {
	full, params := parseParams(value)
	mediaType, subtype, found := strings.Cut(full, "/")
	mediaType, subtype = strings.TrimSpace(mediaType), strings.TrimSpace(subtype)
	if !found || mediaType == "" || subtype == "" || strings.ContainsAny(mediaType+subtype, " \t\"()<>@,;:\\/[]?=") {
		return "", "", nil, false
	}
	return mediaType, subtype, params, true
}

// parseParams reads "value; name=value; name="quoted value"" as Content-Type and Content-Disposition have it.
func parseParams(s string) (value string, params []param) {
	l := paramLexer{s: s}
	value = strings.TrimSpace(l.until(";"))
	for l.s != "" {
		l.s = strings.TrimLeft(l.s, "; \t")
		name := strings.TrimSpace(l.until("=;"))
		if !strings.HasPrefix(l.s, "=") {
			continue // a name alone says nothing
		}
		l.s = strings.TrimLeft(l.s[1:], " \t")
		v := l.value()
		if name != "" {
			params = append(params, param{name, v})
		}
	}
	return value, params
}

type paramLexer struct{ s string }

// until takes all before the first of stops, leaving comments out.
func (l *paramLexer) until(stops string) string {
	var b strings.Builder
	depth := 0
	for l.s != "" {
		c := l.s[0]
		if depth == 0 && strings.IndexByte(stops, c) >= 0 {
			break
		}
		l.s = l.s[1:]
		switch {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (l *paramLexer) value() string {
	if !strings.HasPrefix(l.s, `"`) {
		return strings.TrimSpace(l.until(";"))
	}
	var b strings.Builder
	for i := 1; i < len(l.s); i++ {
		switch c := l.s[i]; c {
		case '"':
			l.s = l.s[i+1:]
			l.until(";")
			return b.String()
		case '\\':
			if i+1 < len(l.s) {
				i++
			}
			b.WriteByte(l.s[i])
		default:
			b.WriteByte(c)
		}
	}
	l.s = "" // the closing quote is missing
	return b.String()
}
