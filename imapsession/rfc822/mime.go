package rfc822

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits bound what Parse looks into. A zero field takes its default.
type Limits struct {
	Depth       int // levels of parts within parts; 64. What lies deeper is a leaf
	Parts       int // entities of the whole message; 10,000. What comes after them is left out
	HeaderBytes int // bytes of header fields kept of all parts together; 8 MiB. Beyond it a part keeps only what says how to read it
}

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = 64
	}
	if l.Parts <= 0 {
		l.Parts = 10_000
	}
	if l.HeaderBytes <= 0 {
		l.HeaderBytes = 8 << 20
	}
	return l
}

// Entity is a message or a part of one (RFC 2045 section 2.4). Offsets count octets of the whole message.
type Entity struct {
	Header      Header
	HeaderStart int64
	BodyStart   int64 // behind the empty line
	BodyEnd     int64 // before the line end that belongs to the boundary

	Type              string            // "text/plain": lower case, always with a slash; the default (RFC 2045 section 5.2, RFC 2046 section 5.1.5) where the header gives none
	Params            map[string]string // of the type, decoded
	Encoding          string            // "base64", "7bit" ...: see TransferEncoding
	Disposition       string            // "inline", "attachment", another word, or "" when the header gives none
	DispositionParams map[string]string // decoded

	// Children are the parts of a multipart, or the one message in a message/rfc822. A multipart that is not Encoded has one at least: when no
	// boundary can be found its whole body becomes a text/plain child.
	Children []*Entity

	Encoded   bool // a message/rfc822 (or multipart) under base64 or quoted-printable: a leaf whose decoded body can be parsed in turn
	Truncated bool // on the root: the limits left parts out

	boundary  string
	guess     bool  // no boundary is known: the first line that looks like one gives it
	firstDash int64 // start of the first line that looks like a boundary and is none; -1 without
}

// Filename returns the part's name for people, safe to save under; "" without one.
func (e *Entity) Filename() string { return Filename(e.DispositionParams, e.Params) }

// Class returns the first half of the type: "text", "image", "multipart" ...
func (e *Entity) Class() string {
	class, _, _ := strings.Cut(e.Type, "/")
	return class
}

// ContentID returns the part's Content-ID without <>, "" without one.
func (e *Entity) ContentID() string {
	if ids := e.Header.MessageIDs("Content-ID"); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// Raw reads the body as it was sent; r is what the entity was parsed from.
func (e *Entity) Raw(r io.ReaderAt) *io.SectionReader {
	return io.NewSectionReader(r, e.BodyStart, e.BodyEnd-e.BodyStart)
}

// Body reads the body with its transfer encoding undone; r is what the entity was parsed from.
func (e *Entity) Body(r io.ReaderAt) io.Reader {
	return NewTransferReader(e.Encoding, e.Raw(r))
}

// Walk calls f for e and everything in it, in order, with the part number that IMAP gives it (RFC 9051 section 6.4.5): "" for a root that
// is a multipart, "1" for one that is not. The children of a message/rfc822 with number n are numbered n.1 and so on; when the message in it is a
// multipart, that one is given the number n as well. f returns false to keep out of an entity's children.
func (e *Entity) Walk(f func(section string, e *Entity) bool) {
	if e.Class() == "multipart" {
		e.walk("", f)
		return
	}
	e.walk("1", f)
}

func (e *Entity) walk(section string, f func(string, *Entity) bool) {
	if !f(section, e) {
		return
	}
	prefix := section
	if prefix != "" {
		prefix += "."
	}
	if e.Class() != "multipart" && len(e.Children) == 1 {
		child := e.Children[0]
		if child.Class() == "multipart" {
			child.walk(section, f)
			return
		}
		child.walk(prefix+"1", f)
		return
	}
	for i, child := range e.Children {
		child.walk(prefix+strconv.Itoa(i+1), f)
	}
}

// Parse finds the parts of the message of size octets in r, and where each begins and ends. It reads r once from start to end with a buffer of 64 KiB (lines of a header
// may be read twice, and a body whose boundary is wrong once more); the time is linear in size whatever the message holds.
//
// What is broken is read as well as it can be: final boundaries that are missing, boundaries that no parameter names, headers without an
// end or none at all, a boundary used on two levels. An error is one of r; the parts found before it come with it.
func Parse(r io.ReaderAt, size int64, limits Limits) (*Entity, error) {
	p := &parser{limits: limits.withDefaults(), budget: size}
	p.lines.init(r, size)
	root := &Entity{}
	p.parts = 1
	p.run(root, nil, 0, size)
	root.Truncated = p.truncated
	if p.lines.err != nil {
		return root, fmt.Errorf("message at octet %d: %w", p.lines.pos, p.lines.err)
	}
	return root, nil
}

// parser is one Parse.
type parser struct {
	limits    Limits
	lines     lineReader
	head      headerScan
	parts     int
	headBytes int
	budget    int64 // octets that may be read a second time
	truncated bool

	stack  []*Entity // open entities, the root of this run first; only multiparts and messages have something above them
	closed []bool    // beside stack: the final boundary came, or it is no multipart
	depth  int       // of stack[0]
	end    int64     // of this run
	eol    int64     // octets of the line end before the current line
}

// run parses [from, end). With top nil, root's header stands at from; else root is an open multipart and from lies in its body.
func (p *parser) run(root *Entity, top *Entity, from, end int64) {
	p.lines.seek(from)
	p.end, p.eol = end, 0
	p.stack, p.closed = p.stack[:0], p.closed[:0]
	if top == nil {
		top = root
		p.open(root, from)
		p.header(root, "text/plain")
	} else {
		p.stack, p.closed = append(p.stack, top), append(p.closed, false)
	}
	for !p.truncated {
		line, start, next, ok := p.next()
		if !ok {
			break
		}
		eol := lineEnd(line, next-start, p.lines.long)
		if len(line) <= 2 || line[0] != '-' || line[1] != '-' || !p.dashes(line, start, next, eol) {
			p.eol = eol
		}
	}
	p.closeTo(0, end)
	p.repairAll(top)
}

// next is the next line of this run.
func (p *parser) next() (line []byte, start, next int64, ok bool) {
	if p.lines.pos >= p.end {
		return nil, 0, 0, false
	}
	return p.lines.next()
}

// lineEnd is the length of the line end of a line of n octets in all.
func lineEnd(line []byte, n int64, long bool) int64 {
	if n == 0 || !long && int64(len(line)) == n {
		return 0
	}
	if len(line) > 0 && line[len(line)-1] == '\r' && !long {
		return 2
	}
	return 1
}

// dashes takes a line that begins with "--": a boundary of an open multipart, or not. It reports whether it read on, into the header of a new part.
func (p *parser) dashes(line []byte, start, next, eol int64) bool {
	level, final, ok := p.match(line)
	if !ok && p.adopt(line) {
		level, final, ok = p.match(line)
	}
	if !ok {
		return false
	}
	p.closeTo(level+1, start-p.eol)
	if final {
		p.closed[level] = true
		return false
	}
	parent := p.stack[level]
	if p.parts >= p.limits.Parts {
		p.truncated = true
		return false
	}
	p.eol = eol
	p.parts++
	child := &Entity{}
	parent.Children = append(parent.Children, child)
	p.open(child, next)
	kind := "text/plain"
	if parent.Type == "multipart/digest" {
		kind = "message/rfc822"
	}
	p.header(child, kind)
	return true
}

// match finds the innermost open multipart whose boundary the line is.
func (p *parser) match(line []byte) (level int, final, ok bool) {
	text := bytes.TrimRight(line[2:], " \t\r")
	bare, isFinal := bytes.CutSuffix(text, []byte("--"))
	for i := len(p.stack) - 1; i >= 0; i-- {
		b := p.stack[i].boundary
		if b == "" || p.closed[i] {
			continue
		}
		if string(text) == b {
			return i, false, true
		}
		if isFinal && string(bare) == b {
			return i, true, true
		}
	}
	return 0, false, false
}

// adopt gives the innermost entity the boundary that this line seems to be, when it is a multipart that names none.
func (p *parser) adopt(line []byte) bool {
	i := len(p.stack) - 1
	e := p.stack[i]
	if !strings.HasPrefix(e.Type, "multipart/") || p.closed[i] || len(e.Children) > 0 {
		return false
	}
	text := bytes.TrimRight(line[2:], " \t\r")
	if len(text) == 0 || len(text) > 200 {
		return false
	}
	if e.firstDash < 0 {
		e.firstDash = p.lines.start
	}
	if !e.guess || bytes.HasSuffix(text, []byte("--")) {
		return false
	}
	e.boundary = string(text)
	return true
}

// open puts e on the stack; its header starts at start.
func (p *parser) open(e *Entity, start int64) {
	e.HeaderStart, e.BodyStart, e.BodyEnd, e.firstDash = start, start, start, -1
	p.stack, p.closed = append(p.stack, e), append(p.closed, true)
}

// closeTo takes entities off the stack down to level; their bodies end at end.
func (p *parser) closeTo(level int, end int64) {
	for i := len(p.stack) - 1; i >= level; i-- {
		e := p.stack[i]
		e.BodyEnd = max(end, e.BodyStart)
		// The empty line of a part without a body is the line end before the boundary as well.
		if n := len(e.Children); n > 0 {
			e.BodyEnd = max(e.BodyEnd, e.Children[n-1].BodyEnd)
		}
	}
	p.stack, p.closed = p.stack[:level], p.closed[:level]
}

// header reads the header of e, the innermost open entity, and of the messages that begin in its body at once.
func (p *parser) header(e *Entity, defaultType string) {
	for {
		p.readHeader(e)
		p.describe(e, defaultType)
		top := len(p.stack) - 1
		level := p.depth + top
		switch {
		case level >= p.limits.Depth:
			return
		case strings.HasPrefix(e.Type, "multipart/"):
			if e.Encoded {
				return
			}
			p.closed[top] = false
			return
		case e.Type == "message/rfc822" || e.Type == "message/global" || e.Type == "message/news":
			if e.Encoded || p.parts >= p.limits.Parts {
				return
			}
			p.parts++
			child := &Entity{}
			e.Children = []*Entity{child}
			p.open(child, e.BodyStart)
			e, defaultType = child, "text/plain"
		default:
			return
		}
	}
}

// readHeader collects header lines up to the empty line, a boundary, or the end.
func (p *parser) readHeader(e *Entity) {
	p.head.reset(0)
	p.head.fields = nil
	stop := p.end
	for {
		line, start, next, ok := p.next()
		if !ok {
			break
		}
		if len(line) > 2 && line[0] == '-' && line[1] == '-' {
			if _, _, boundary := p.match(line); boundary {
				stop = start
				p.lines.seek(start)
				break
			}
		}
		done := p.head.line(line, start, next)
		p.eol = lineEnd(line, next-start, p.lines.long)
		if done {
			stop = next
			break
		}
	}
	header, body := p.head.finish(stop)
	e.Header, e.BodyStart, e.BodyEnd = header, int64(body), int64(body)
	if e.BodyStart < p.lines.pos {
		p.lines.seek(e.BodyStart)
	}
	p.keepHeader(e)
}

// keepHeader holds the headers of all parts together within the limit.
func (p *parser) keepHeader(e *Entity) {
	n := 0
	for _, f := range e.Header {
		n += len(f.Name) + len(f.Value)
	}
	if p.headBytes += n; p.headBytes <= p.limits.HeaderBytes {
		return
	}
	p.headBytes -= n
	var few Header
	for _, f := range e.Header {
		if len(f.Name) > 8 && strings.EqualFold(f.Name[:8], "content-") && len(f.Value) < 1000 {
			few = append(few, f)
		}
	}
	e.Header = few
}

// describe reads what the header says of the body.
func (p *parser) describe(e *Entity, defaultType string) {
	value := e.Header.Get("Content-Type")
	kind, raw := parseParams(value)
	e.Type, e.Params = properType(kind, value, defaultType), DecodeParams(raw)
	e.Encoding = TransferEncoding(e.Header.Get("Content-Transfer-Encoding"))
	e.Disposition, e.DispositionParams = ParseMediaType(e.Header.Get("Content-Disposition"))
	// RFC 2045 section 6.4 forbids to encode these; those who do so have encoded the whole.
	composite := strings.HasPrefix(e.Type, "multipart/") || strings.HasPrefix(e.Type, "message/") && e.Type != "message/external-body"
	e.Encoded = composite && NewDecoder(e.Encoding) != nil
	if strings.HasPrefix(e.Type, "multipart/") {
		e.boundary = strings.TrimRight(e.Params["boundary"], " \t")
		e.guess = e.boundary == ""
		e.Encoded = e.Encoded && p.encodedBody(e)
	}
}

// encodedBody tells a multipart that is really encoded from one whose header only says so, which is far commoner: that one has its boundary in the clear.
func (p *parser) encodedBody(e *Entity) bool {
	sample := p.lines.peek(1000)
	return !bytes.Contains(sample, []byte("--"))
}

// properType makes a type of what a header gives: lower case, one slash.
func properType(kind, value, defaultType string) string {
	major, minor, ok := strings.Cut(kind, "/")
	if ok && major != "" && minor != "" && !strings.Contains(minor, "/") {
		return kind
	}
	switch {
	case strings.TrimSpace(value) == "":
		return defaultType
	case major == "multipart":
		return "multipart/mixed"
	case major == "text" || major == "":
		return "text/plain"
	}
	return "application/octet-stream"
}

// repairAll gives every multipart without parts a second look, and at least one part.
func (p *parser) repairAll(root *Entity) {
	if p.depth > 0 {
		return // a second look is being taken already
	}
	var empty []*Entity
	var levels []int
	var collect func(e *Entity, level int)
	collect = func(e *Entity, level int) {
		if strings.HasPrefix(e.Type, "multipart/") && len(e.Children) == 0 && !e.Encoded {
			empty, levels = append(empty, e), append(levels, level)
		}
		for _, c := range e.Children {
			collect(c, level+1)
		}
	}
	collect(root, 0)
	for i, e := range empty {
		p.repair(e, levels[i])
	}
}

// repair parses the body of a multipart again with the first line that looks like a boundary as its boundary. When that yields no part with a header, all of the
// body is one text.
func (p *parser) repair(e *Entity, level int) {
	if e.firstDash >= 0 && e.BodyEnd-e.firstDash <= p.budget && level < p.limits.Depth && !p.truncated {
		p.budget -= e.BodyEnd - e.firstDash
		p.depth = level + 1
		again := &Entity{Type: e.Type, guess: true, firstDash: -1, BodyStart: e.BodyStart, BodyEnd: e.BodyEnd}
		p.run(nil, again, e.firstDash, e.BodyEnd)
		p.depth = 0
		for _, c := range again.Children {
			if len(c.Header) > 0 || len(again.Children) > 1 {
				e.Children = again.Children
			}
		}
	}
	p.fillEmpty(e)
}

// fillEmpty makes the body of every multipart without parts a text.
func (p *parser) fillEmpty(e *Entity) {
	if strings.HasPrefix(e.Type, "multipart/") && len(e.Children) == 0 && !e.Encoded {
		e.Children = []*Entity{{HeaderStart: e.BodyStart, BodyStart: e.BodyStart, BodyEnd: e.BodyEnd, Type: "text/plain",
			Params: map[string]string{}, Encoding: e.Encoding, DispositionParams: map[string]string{}}}
	}
	for _, c := range e.Children {
		p.fillEmpty(c)
	}
}
