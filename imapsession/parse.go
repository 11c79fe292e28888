package imapsession

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"godwit/imapsession/rfc822"
)

// maxParsed is the largest message or inner message that we take apart ourselves,
// for every octet of it has to come over the wire for that.
const (
	maxParsed = 64 << 20 // octets
	maxHeld   = 16 << 20 // octets of one whose size is not exact: it is held in memory meanwhile
)

// rawSpan is where a part's encoded octets lie when no server numbered it: in
// the whole message, or in the decoded content of a part of it.
type rawSpan struct {
	of         *Part // nil: the whole message as sent
	start, end int64
	header     int64 // where the part's header starts; it ends at start
}

// parseWhole makes the structure of a message whose BODYSTRUCTURE is of no use, by
// reading all of it. It is kept like any other.
func (s *Session) parseWhole(ctx context.Context, ref Ref) (*structure, error) {
	known, at, err := s.parse(nil, func() (*PartReader, error) { return s.openWhole(ctx, ref) })
	if err != nil {
		return nil, err
	}
	s.read.structures.put(at, known, known.root.cost())
	return known, nil
}

// parseInside makes the structure of an inner message that the server did not look
// into, from the part's decoded content, and its header.
func (s *Session) parseInside(ctx context.Context, ref Ref, part *Part) (*structure, rfc822.Header, error) {
	key := sectionKey{ref, part.Section}
	if known, ok := s.read.embedded.get(key); ok {
		return known, known.header, nil
	}
	known, _, err := s.parse(part, func() (*PartReader, error) { return s.openPart(ctx, ref, part, nil) })
	if err != nil {
		return nil, nil, err
	}
	s.read.embedded.put(key, known, known.root.cost()+len(known.header)/10)
	return known, known.header, nil
}

// parse takes a message apart; of is the part it is the content of, nil for the mail itself.
// When it turns out not to be as long as the server said, that is known from then on, and a second try reads what there is.
func (s *Session) parse(of *Part, open func() (*PartReader, error)) (*structure, Ref, error) {
	for again := true; ; again = false {
		r, err := open()
		if err != nil {
			return nil, Ref{}, err
		}
		known, err := parseOpen(r, of)
		r.Close()
		if again && (errors.Is(err, errShort) || errors.Is(err, errSurplus) || errors.Is(err, errIrregular)) {
			continue
		}
		return known, r.Ref, err
	}
}

// parseOpen takes apart what r streams. Where the size is exact it is read through a window, so
// that a large message costs no memory; else it is held, up to a lower limit.
func parseOpen(r *PartReader, of *Part) (*structure, error) {
	limits := rfc822.Limits{Depth: maxDepth, Parts: maxParts}
	var (
		root *rfc822.Entity
		err  error
	)
	size, exact := r.Size()
	switch {
	case size > maxParsed, !exact && size > maxHeld:
		return nil, fmt.Errorf("message of %d octets has a structure that only the mail itself tells: %w", size, ErrTooLarge)
	case exact:
		root, err = rfc822.Parse(windowOn{r}, size, limits)
	default:
		var content []byte
		if content, err = io.ReadAll(io.LimitReader(r, maxHeld+1)); err == nil && len(content) > maxHeld {
			err = fmt.Errorf("message of more than %d octets: %w", maxHeld, ErrTooLarge)
		}
		if err == nil {
			size = int64(len(content))
			root, err = rfc822.Parse(bytes.NewReader(content), size, limits)
		}
	}
	if err != nil {
		return nil, err
	}
	return newOwnStructure(root, of, size), nil
}

// windowOn reads a PartReader of exact size at any place; forwards it is a plain stream.
type windowOn struct{ r *PartReader }

func (w windowOn) ReadAt(p []byte, offset int64) (int, error) {
	if _, err := w.r.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(w.r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// newOwnStructure turns what our own parse found into Parts, numbered as a server would.
func newOwnStructure(root *rfc822.Entity, of *Part, size int64) *structure {
	known := &structure{own: true, header: root.Header, size: size}
	section := Section("")
	if of != nil {
		section = of.Section
	}
	known.root = ownMessage(root, of, section)
	if root.Truncated {
		known.repairs = append(known.repairs, tooManyParts)
	}
	return known
}

// ownMessage numbers the content of a message that lies at section.
func ownMessage(e *rfc822.Entity, of *Part, section Section) *Part {
	if e.Class() == "multipart" {
		return ownPart(e, of, section)
	}
	return ownPart(e, of, section.Child(1))
}

func ownPart(e *rfc822.Entity, of *Part, section Section) *Part {
	class, subtype, _ := strings.Cut(e.Type, "/")
	p := &Part{
		Section:     section,
		Type:        mediaType(class, subtype),
		Params:      e.Params,
		Disposition: disposition(e.Disposition),
		Filename:    e.Filename(),
		ContentID:   e.ContentID(),
		Location:    strings.TrimSpace(e.Header.Get("Content-Location")),
		Description: e.Header.Text("Content-Description"),
		Encoding:    e.Encoding,
		Octets:      e.BodyEnd - e.BodyStart,
		raw:         &rawSpan{of: of, header: e.HeaderStart, start: e.BodyStart, end: e.BodyEnd},
	}
	if e.Class() != "multipart" && len(e.Children) == 1 {
		inner := e.Children[0]
		p.Children = []*Part{ownMessage(inner, of, section)}
		if p.Filename == "" {
			p.Filename = embeddedName(inner.Header.Text("Subject"))
		}
		return p
	}
	for i, child := range e.Children {
		p.Children = append(p.Children, ownPart(child, of, section.Child(i+1)))
	}
	return p
}

// openInside opens a span of another part's decoded content.
func (r *PartReader) openInside(span *rawSpan, offset int64) (octetSource, error) {
	outer, err := r.s.openPart(r.ctx, r.Ref, span.of, nil)
	if err != nil {
		return nil, err
	}
	inside := &insideSource{outer: outer, left: span.end - span.start - offset}
	if err := inside.skip(span.start + offset); err != nil {
		outer.Close()
		return nil, err
	}
	return inside, nil
}

// insideSource streams a span of a part's decoded content.
type insideSource struct {
	outer *PartReader
	left  int64 // octets of the span
}

func (src *insideSource) skip(n int64) error {
	if _, err := src.outer.Seek(n, io.SeekStart); err == nil {
		return nil
	}
	_, err := io.CopyN(io.Discard, src.outer, n)
	return err
}

func (src *insideSource) take() (chunk, error) {
	c := newChunk(int(min(src.left, firstChunk)))
	n, err := io.ReadFull(src.outer, c.octets)
	if err != nil && src.left > 0 {
		c.release()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return chunk{}, err
	}
	src.left -= int64(n)
	c.last = src.left == 0
	return c, nil
}

func (src *insideSource) giveBack(c *chunk) { c.release() }

func (src *insideSource) close() { src.outer.Close() }
