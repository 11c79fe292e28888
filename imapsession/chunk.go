package imapsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/emersion/go-imap/v2"
)

// Sizes of partial fetches. The first is small, for most parts are and a page
// waits for it; they grow so that the round trip between two of them stops to
// count. A download holds two at a time: one that is read, one asked for early.
const (
	firstChunk = 64 << 10 // octets
	chunkGrow  = 4        // times the one before
	maxChunk   = 1 << 20  // octets
	headroom   = 4 << 10  // octets before a chunk, for what a decoder left of the one before
)

// chunkBuffer holds a chunk behind its headroom.
type chunkBuffer [headroom + maxChunk]byte

var chunkBuffers = sync.Pool{New: func() any { return new(chunkBuffer) }}

// smallBuffer is a chunkBuffer for first chunks.
type smallBuffer [headroom + firstChunk]byte

var smallBuffers = sync.Pool{New: func() any { return new(smallBuffer) }}

// chunk is a piece of a part as the server sent it.
type chunk struct {
	room   []byte // the whole buffer
	octets []byte // in room from headroom on
	last   bool   // nothing follows
	short  bool   // fewer octets came than the server had announced
	err    error
	free   func()
}

func newChunk(size int) chunk {
	if size <= firstChunk {
		b := smallBuffers.Get().(*smallBuffer)
		return chunk{room: b[:], octets: b[headroom : headroom+size], free: func() { smallBuffers.Put(b) }}
	}
	b := chunkBuffers.Get().(*chunkBuffer)
	return chunk{room: b[:], octets: b[headroom : headroom+size], free: func() { chunkBuffers.Put(b) }}
}

func (c *chunk) release() {
	if c.free != nil {
		c.free()
	}
	*c = chunk{}
}

// chunkSource streams the octets of BODY[path], or of a span of it, in partial
// fetches that each borrow a connection for themselves. While one chunk is worked on the next
// is asked for by a goroutine, one at most, which close waits for.
type chunkSource struct {
	s      *Session
	ctx    context.Context
	cancel context.CancelFunc
	ref    Ref   // with UIDValidity
	path   []int // of the section; empty for the whole message
	end    int64 // where the span ends, or where the section should
	span   bool  // end is certain: our own count in the message
	next   int64 // where the next fetch starts
	size   int   // of the next fetch

	first chunk      // fetched when the source was opened; used up by the first take
	ready bool       // first is there
	ahead chan chunk // the one asked for early; nil when none is
	over  bool       // the last chunk was handed out
	spare chunk      // a large one that was given back, for the next fetch
}

// newChunkSource starts at offset start of the section. end is the section's size as the server told it,
// or the end of a span of it.
func (s *Session) newChunkSource(ctx context.Context, ref Ref, path []int, start, end int64, span bool) *chunkSource {
	ctx, cancel := context.WithCancel(ctx)
	return &chunkSource{s: s, ctx: ctx, cancel: cancel, ref: ref, path: path, next: start, end: end, span: span, size: firstChunk}
}

// open fetches the first chunk, so that its errors come at once.
func (src *chunkSource) open() error {
	c := src.fetch(src.room())
	if err := c.err; err != nil {
		c.release()
		return err
	}
	src.prime(c)
	return nil
}

// prime takes a first chunk that came with another answer.
func (src *chunkSource) prime(c chunk) { src.first, src.ready = c, true }

// take hands out the chunk that follows and asks for the one behind it. The
// caller releases it. io.EOF after the last.
func (src *chunkSource) take() (chunk, error) {
	var c chunk
	switch {
	case src.ready:
		c, src.first, src.ready = src.first, chunk{}, false
	case src.over:
		return chunk{}, io.EOF
	case src.ahead != nil:
		select {
		case c = <-src.ahead:
			src.ahead = nil
		case <-src.ctx.Done():
			return chunk{}, src.ctx.Err()
		}
	default:
		c = src.fetch(src.room())
	}
	if c.err != nil {
		err := c.err
		c.release()
		return chunk{}, err
	}
	if c.last {
		src.over = true
		return c, nil
	}
	ahead, room := make(chan chunk, 1), src.room()
	src.ahead = ahead
	go func() { ahead <- src.fetch(room) }()
	return c, nil
}

// giveBack takes a chunk that was worked on. The next one is read into it: a pool shared by the
// processors would hold more buffers than are in use.
func (src *chunkSource) giveBack(c *chunk) {
	if len(c.room) == len(chunkBuffer{}) && src.spare.free == nil && !src.over {
		src.spare, *c = *c, chunk{}
		return
	}
	c.release()
}

// room is an empty chunk for the next fetch.
func (src *chunkSource) room() chunk {
	want := src.size
	if src.span {
		want = int(min(int64(want), src.end-src.next))
	}
	if want <= firstChunk || src.spare.free == nil {
		return newChunk(want)
	}
	c := src.spare
	src.spare = chunk{}
	return chunk{room: c.room, octets: c.room[headroom : headroom+want], free: c.free}
}

// close ends what was asked for early and waits for it.
func (src *chunkSource) close() {
	src.cancel()
	if src.ahead != nil {
		c := <-src.ahead
		c.release()
		src.ahead = nil
	}
	src.first.release()
	src.spare.release()
	src.ready, src.over = false, true
}

// fetch fills c, the chunk at next, and moves on. One goroutine at a time calls it.
func (src *chunkSource) fetch(c chunk) chunk {
	if len(c.octets) == 0 {
		c.last = true
		return c
	}
	n, err := src.s.fetchSpan(src.ctx, src.ref, src.path, src.next, c.octets)
	if err != nil {
		c.err = err
		return c
	}
	src.arrived(&c, n)
	return c
}

// arrived notes that n octets of c came, and decides whether more follow.
func (src *chunkSource) arrived(c *chunk, n int) {
	want := len(c.octets)
	c.octets = c.octets[:n]
	src.next += int64(n)
	src.size = min(src.size*chunkGrow, maxChunk)
	switch {
	case src.next == src.end:
		// The size that was announced: no need to ask for what is behind it, unless more came.
		c.last = true
	case n == want:
	case src.next > src.end:
		c.last = true
	case n == 0:
		c.last, c.short = true, true
	default:
		// Less than there should be: either the end, or a server that bounds its
		// answers. The next fetch tells.
	}
}

// fetchSpan reads the octets of a section from offset on into b, and says how many came: fewer
// than asked for at the end of the section.
func (s *Session) fetchSpan(ctx context.Context, ref Ref, path []int, offset int64, b []byte) (n int, err error) {
	err = s.with(ctx, lease{mailbox: ref.Mailbox, uidValidity: ref.UIDValidity}, func(c *conn) error {
		row, err := c.askOne(ref.UID, spanOptions(path, offset, len(b)), hasContent, b)
		if err == nil {
			n = len(row.content)
		}
		return err
	})
	return n, err
}

func spanOptions(path []int, offset int64, size int) *imap.FetchOptions {
	return &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{
		Part:    path,
		Partial: &imap.SectionPartial{Offset: offset, Size: int64(size)},
		Peek:    true,
	}}}
}

// errShort says that a part ended before the size that the server had told.
var errShort = errors.New("the mail server sent less than it had announced")

// errSurplus says that a part went on behind the size that the server had told.
var errSurplus = errors.New("the mail server sent more than it had announced")

// errIrregular says that base64 which looked regular at both ends is not so between them.
var errIrregular = fmt.Errorf("the part is not as regular as it seemed")
