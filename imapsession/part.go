package imapsession

import (
	"context"
	"fmt"
	"io"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
)

// PartReader streams one part's decoded content. Reads fetch the next chunk as needed, each on a
// connection borrowed for that chunk alone. Close frees what was asked for early. A fault in mid-stream is an error
// other than io.EOF: a caller must not let the cut content look complete. It has one user at a time.
type PartReader struct {
	Part *Part
	Ref  Ref // with the UIDValidity it was read under
	partState
}

type partState struct {
	s   *Session
	ctx context.Context

	src     octetSource    // nil when Seek or Close let go of it
	decoder rfc822.Decoder // nil for the identity encodings
	current chunk          // what out and rest lie in
	out     []byte         // decoded, not yet read
	rest    []byte         // what the decoder left
	err     error          // what comes after out; io.EOF at the proper end

	pos      int64 // of the next octet that Read returns
	want     int64 // where Seek wants to be; differs from pos until the next Read
	size     int64 // decoded
	sized    bool  // size is exact
	promised bool  // somebody relies on size
	encoded  int64 // octets taken from src
	lines    *base64Lines
	closed   bool
}

// octetSource gives a part's octets as they were sent.
type octetSource interface {
	take() (chunk, error)
	giveBack(*chunk)
	close()
}

// lesson is what streaming a part taught; immutable like the part.
type lesson struct {
	wrongSize bool         // the server's size is not true
	irregular bool         // its base64 is not regular
	lines     *base64Lines // how its base64 is laid out, seen at both ends
}

func (s *Session) lesson(key sectionKey) lesson {
	l, _ := s.read.lessons.get(key)
	return l
}

// learnt changes what is known of a part. Two readers of one part can overwrite each other's
// lesson, which is then learnt once more.
func (s *Session) learnt(key sectionKey, change func(*lesson)) {
	l, _ := s.read.lessons.get(key)
	change(&l)
	s.read.lessons.put(key, l, 1)
}

// Part opens the part at section as a decoded stream; Section "" is the whole message as sent.
// The first chunk is fetched before it returns, so that ErrNoMessage, ErrStale and ErrNoPart come here.
func (s *Session) Part(ctx context.Context, ref Ref, section Section) (*PartReader, error) {
	r, err := s.openSection(ctx, ref, section)
	if err != nil {
		return nil, fmt.Errorf("part %.40q of %v: %w", string(section), ref, err)
	}
	return r, nil
}

// openSection finds the part and opens it. Where the structure is known that is one
// round trip; where it is not, structure and first chunk come together in one.
func (s *Session) openSection(ctx context.Context, ref Ref, section Section) (*PartReader, error) {
	if section == "" {
		return s.openWhole(ctx, ref)
	}
	var (
		known *structure
		first *chunk
	)
	err := s.with(ctx, lease{mailbox: ref.Mailbox, uidValidity: ref.UIDValidity}, func(c *conn) (err error) {
		ref.UIDValidity = c.uidValidity
		if known = s.known(ref); known != nil {
			return nil
		}
		known, first, err = s.askWithStructure(c, ref, section)
		return err
	})
	if first != nil && err != nil {
		first.release()
	}
	if err != nil && !mayBeOurParser(ctx, err) {
		return nil, err
	}
	if err != nil || known == nil {
		// The server's structure is no use: make one of our own.
		if known, err = s.parseWhole(ctx, ref); err != nil {
			return nil, err
		}
		first = nil
	}
	part, err := s.findPart(ctx, ref, known, section)
	if err != nil {
		if first != nil {
			first.release()
		}
		return nil, err
	}
	return s.openPart(ctx, ref, part, first)
}

// askWithStructure asks for BODYSTRUCTURE and, in the hope that it is of use, the beginning of the section.
// No structure and no error mean that the server's is unusable.
func (s *Session) askWithStructure(c *conn, ref Ref, section Section) (*structure, *chunk, error) {
	first := newChunk(firstChunk)
	options := spanOptions(section.Path(), 0, firstChunk)
	options.BodyStructure = &imap.FetchItemBodyStructure{Extended: true}
	row, err := c.askOne(ref.UID, options, hasUID, first.octets)
	if err != nil {
		first.release()
		return nil, nil, err
	}
	known := s.learnUsable(ref, row)
	if known == nil {
		first.release()
		return nil, nil, nil
	}
	part := known.root.find(section)
	if part == nil || !row.has(hasContent) {
		// NIL for a section that only our own parse of an inner message knows.
		first.release()
		return known, nil, nil
	}
	first.octets = first.octets[:len(row.content)]
	return known, &first, nil
}

// openWhole opens the message as it was sent.
func (s *Session) openWhole(ctx context.Context, ref Ref) (*PartReader, error) {
	first := newChunk(firstChunk)
	part := &Part{Type: "message/rfc822", Encoding: "binary"}
	var n int
	err := s.with(ctx, lease{mailbox: ref.Mailbox, uidValidity: ref.UIDValidity}, func(c *conn) error {
		ref.UIDValidity = c.uidValidity
		options := spanOptions(nil, 0, firstChunk)
		options.RFC822Size = true
		row, err := c.askOne(ref.UID, options, hasContent|hasSize, first.octets)
		if err == nil {
			n, part.Octets = len(row.content), row.size
		}
		return err
	})
	if err != nil {
		first.release()
		return nil, err
	}
	first.octets = first.octets[:n]
	return s.openPart(ctx, ref, part, &first)
}

// openPart opens a part of a known structure. first, when not nil, is its first chunk.
func (s *Session) openPart(ctx context.Context, ref Ref, part *Part, first *chunk) (*PartReader, error) {
	r := &PartReader{Part: part, Ref: ref, partState: partState{s: s, ctx: ctx}}
	if first != nil {
		src := s.newChunkSource(ctx, ref, part.Section.Path(), 0, part.Octets, false)
		n := len(first.octets)
		first.octets = first.octets[:firstChunk]
		src.arrived(first, n)
		src.prime(*first)
		r.src = src
	} else {
		src, err := r.open(0)
		if err != nil {
			return nil, err
		}
		r.src = src
	}
	r.decoder = rfc822.NewDecoder(part.Encoding)
	r.look()
	return r, nil
}

// open gives the part's octets from offset on and fetches the first of them.
func (r *PartReader) open(offset int64) (octetSource, error) {
	part := r.Part
	if part.raw != nil && part.raw.of != nil {
		return r.openInside(part.raw, offset)
	}
	var src *chunkSource
	if part.raw != nil {
		src = r.s.newChunkSource(r.ctx, r.Ref, nil, part.raw.start+offset, part.raw.end, true)
	} else {
		src = r.s.newChunkSource(r.ctx, r.Ref, part.Section.Path(), offset, part.Octets, false)
	}
	if err := src.open(); err != nil {
		src.close()
		return nil, err
	}
	return src, nil
}

// look learns what can be told from the first chunk while it is still as it came.
func (r *PartReader) look() {
	src, ok := r.src.(*chunkSource)
	if !ok || !src.ready {
		return
	}
	if src.first.last {
		// All of it is here: decoding it tells the size of any encoding.
		if r.fill() == nil && (r.err == nil || r.err == io.EOF) {
			r.size, r.sized = int64(len(r.out)), true
		}
		return
	}
	known := r.s.lesson(r.key())
	switch {
	case r.decoder == nil:
		r.size, r.sized = r.Part.Octets, !known.wrongSize
	case r.Part.Encoding == "base64" && !known.irregular && !known.wrongSize && r.Part.raw == nil:
		if r.lines = known.lines; r.lines == nil {
			r.lines = guessLines(src.first.octets, r.Part.Octets)
		}
	}
}

func (r *PartReader) key() sectionKey { return sectionKey{r.Ref, r.Part.Section} }

// Size is the decoded length in octets when it is exactly known: identity encodings, parts that fit in the first
// chunk, and base64 whose lines were seen to be regular at both ends. The first call for the latter costs a
// round trip for the last octets of the part. It is verified while streaming: a part that
// breaks the promise ends in an error.
func (r *PartReader) Size() (size int64, exact bool) {
	if !r.sized && r.lines != nil && !r.closed {
		r.measure()
	}
	if !r.sized {
		size, _ := r.Part.DecodedSize()
		return size, false
	}
	r.promised = true
	return r.size, true
}

// measure fetches the end of a base64 part and works out its decoded size.
func (r *PartReader) measure() {
	if !r.lines.complete {
		tail := make([]byte, min(lineProbe, r.Part.Octets))
		n, err := r.s.fetchSpan(r.ctx, r.Ref, r.Part.Section.Path(), r.Part.Octets-int64(len(tail)), tail)
		if err != nil || n != len(tail) || !r.lines.finish(tail) {
			r.lines = nil
			return
		}
		lines := r.lines
		r.s.learnt(r.key(), func(l *lesson) { l.lines = lines })
	}
	r.size, r.sized = r.lines.decoded, true
}

// Seek moves to an offset of the decoded stream; only io.SeekStart, io.SeekEnd, io.SeekCurrent with an exact Size, else ErrUnsupported.
// With it a PartReader serves http.ServeContent's purpose without reading what lies before.
func (r *PartReader) Seek(offset int64, whence int) (int64, error) {
	size, exact := r.Size()
	if !exact {
		return 0, fmt.Errorf("seek in part %v: its size is not known: %w", r.Part.Section, ErrUnsupported)
	}
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.want
	case io.SeekEnd:
		offset += size
	default:
		return 0, fmt.Errorf("seek: whence %d: %w", whence, ErrUnsupported)
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek in part %v to %d: before its start", r.Part.Section, offset)
	}
	r.want = offset
	return offset, nil
}

func (r *PartReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := r.ready(); err != nil {
		return 0, err
	}
	n := copy(p, r.out)
	r.advance(n)
	return n, nil
}

// WriteTo saves io.Copy its buffer: what is decoded goes to w from where it lies.
func (r *PartReader) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if err := r.ready(); err == io.EOF {
			return written, nil
		} else if err != nil {
			return written, err
		}
		n, err := w.Write(r.out)
		r.advance(n)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

func (r *PartReader) advance(n int) {
	r.out = r.out[n:]
	r.pos += int64(n)
	r.want = r.pos
}

// ready sees that out holds something, or says why nothing more comes.
func (r *PartReader) ready() error {
	if r.closed {
		return fmt.Errorf("part %v of %v: read after close", r.Part.Section, r.Ref)
	}
	if r.want != r.pos {
		if err := r.move(); err != nil {
			return err
		}
	}
	for len(r.out) == 0 {
		if r.err == nil {
			if err := r.fill(); err != nil {
				r.err = err
			}
			continue
		}
		if r.err == io.EOF {
			return io.EOF
		}
		return fmt.Errorf("part %.40q of %v: %w", string(r.Part.Section), r.Ref, r.err)
	}
	return nil
}

// move carries out a Seek.
func (r *PartReader) move() error {
	if r.want >= r.size {
		r.letGo()
		r.pos, r.err = r.want, io.EOF
		return nil
	}
	if ahead := r.want - r.pos; ahead > 0 && ahead <= int64(len(r.out)) {
		r.advance(int(ahead))
		return nil
	}
	skip := r.want
	start := int64(0)
	switch {
	case r.decoder == nil:
		start, skip = r.want, 0
	case r.lines != nil && r.lines.complete:
		start, skip = r.lines.offset(r.want)
	}
	r.letGo()
	src, err := r.open(start)
	if err != nil {
		return err
	}
	r.src, r.err = src, nil
	r.decoder = rfc822.NewDecoder(r.Part.Encoding)
	r.encoded, r.pos = start, r.want-skip
	for r.pos < r.want {
		for len(r.out) == 0 && r.err == nil {
			if err := r.fill(); err != nil {
				return err
			}
		}
		if len(r.out) == 0 {
			return r.err
		}
		n := min(int64(len(r.out)), r.want-r.pos)
		r.out = r.out[n:]
		r.pos += n
	}
	return nil
}

// fill takes the next chunk and decodes it where it lies.
func (r *PartReader) fill() error {
	rest := append([]byte(nil), r.rest...) // short, mostly empty
	r.src.giveBack(&r.current)
	r.out, r.rest = nil, nil
	c, err := r.src.take()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // the last chunk says that it is the last
		}
		return err
	}
	r.current = c
	if r.lines != nil && !r.lines.matches(c.octets, r.encoded) {
		if r.promised {
			r.s.learnt(r.key(), func(l *lesson) { l.irregular, l.lines = true, nil })
			return errIrregular
		}
		r.lines = nil
	}
	r.encoded += int64(len(c.octets))
	octets := c.octets
	if len(rest) > 0 {
		octets = c.behind(rest)
	}
	if r.decoder == nil {
		r.out = octets
	} else {
		n, used := r.decoder.Decode(octets, octets, c.last)
		r.out, r.rest = octets[:n], octets[used:]
	}
	if c.last {
		r.err = r.verify(c.short)
		r.hold()
		return nil
	}
	r.hold()
	return nil
}

// hold keeps back what lies behind the promised size.
func (r *PartReader) hold() {
	if left := r.size - r.pos; r.promised && int64(len(r.out)) > left {
		r.out = r.out[:left]
		r.err = errSurplus
		r.s.learnt(r.key(), func(l *lesson) { l.irregular, l.wrongSize, l.lines = true, true, nil })
	}
}

// verify decides at the last chunk whether this was all. A server whose sizes are wrong
// is found out at the first try; from then on what it sends is taken as it comes.
func (r *PartReader) verify(short bool) error {
	key := r.key()
	if short && r.Part.raw != nil {
		return errShort
	}
	if r.Part.raw == nil && (short || r.encoded != r.Part.Octets) && !r.s.lesson(key).wrongSize {
		r.s.learnt(key, func(l *lesson) { l.wrongSize, l.lines = true, nil })
		switch {
		case short:
			return errShort
		case r.promised:
			return errSurplus
		}
	}
	if r.promised && r.pos+int64(len(r.out)) != r.size {
		r.s.learnt(key, func(l *lesson) { l.irregular, l.lines = true, nil })
		return errIrregular
	}
	return io.EOF
}

// behind puts rest in front of the chunk's octets.
func (c *chunk) behind(rest []byte) []byte {
	if len(rest) > headroom {
		return append(rest, c.octets...)
	}
	start := headroom - len(rest)
	copy(c.room[start:], rest)
	return c.room[start : headroom+len(c.octets)]
}

func (r *PartReader) letGo() {
	r.current.release()
	r.out, r.rest = nil, nil
	if r.src != nil {
		r.src.close()
		r.src = nil
	}
}

// Close frees what was asked for early; it waits for it no longer than an abort takes.
func (r *PartReader) Close() error {
	if !r.closed {
		r.closed = true
		r.letGo()
	}
	return nil
}

var (
	_ io.ReadSeekCloser = (*PartReader)(nil)
	_ io.WriterTo       = (*PartReader)(nil)
)

// findPart finds a section in a structure, opening the messages inside it that the server did
// not look into, being base64.
func (s *Session) findPart(ctx context.Context, ref Ref, known *structure, section Section) (*Part, error) {
	if part := known.root.find(section); part != nil {
		return part, nil
	}
	for outer := section.parent(); outer != ""; outer = outer.parent() {
		part := known.root.find(outer)
		if part == nil {
			continue
		}
		if !isEmbedded(part.Type) || len(part.Children) > 0 {
			break
		}
		inner, _, err := s.parseInside(ctx, ref, part)
		if err != nil {
			return nil, err
		}
		return s.findPart(ctx, ref, inner, section)
	}
	return nil, ErrNoPart
}
