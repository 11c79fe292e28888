package rfc822

import (
	"bytes"
	"io"
)

const lineBuffer = 64 << 10 // bytes held at a time; a line's first 32 KiB at least are seen

// lineReader reads lines of an io.ReaderAt through a fixed buffer.
type lineReader struct {
	r     io.ReaderAt
	size  int64
	eol   byte
	buf   []byte
	off   int64 // of buf[0]
	n     int   // valid octets of buf
	pos   int64 // of the next line
	start int64 // of the last line given out
	long  bool  // the last line was longer than what was given of it
	err   error // other than io.EOF; reading ends with it
}

func (l *lineReader) init(r io.ReaderAt, size int64) {
	l.r, l.size, l.eol = r, size, '\n'
	l.buf = make([]byte, min(lineBuffer, max(size, 1)))
	// QUIRK: text from the classic Macintosh ends its lines in CR alone.
	if head := l.peek(4096); bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		l.eol = '\r'
	}
}

func (l *lineReader) seek(pos int64) { l.pos = pos }

// peek returns up to n octets from the current position, n being at most half the buffer.
func (l *lineReader) peek(n int) []byte {
	have := l.window()
	if len(have) < n && l.off+int64(l.n) < l.size && l.err == nil {
		l.load()
		have = l.window()
	}
	return have[:min(n, len(have))]
}

// window is what the buffer holds from the current position on.
func (l *lineReader) window() []byte {
	if l.pos < l.off || l.pos >= l.off+int64(l.n) {
		return nil
	}
	return l.buf[l.pos-l.off : l.n]
}

// load fills the buffer from the current position on.
func (l *lineReader) load() {
	have := copy(l.buf, l.window())
	l.off = l.pos
	want := min(int64(len(l.buf)-have), l.size-l.pos-int64(have))
	if want <= 0 {
		l.n = have
		return
	}
	n, err := l.r.ReadAt(l.buf[have:have+int(want)], l.pos+int64(have))
	l.n = have + n
	if err != nil && err != io.EOF {
		l.err = err
	} else if int64(n) < want {
		l.size = l.pos + int64(l.n) // shorter than was said
	}
}

// next returns the next line without its LF (a CR before it stays), where it starts and where the one after it does. The line is valid until the next call. Of a
// line that does not fit in the buffer only the first part is given, and long is set.
func (l *lineReader) next() (line []byte, start, next int64, ok bool) {
	if l.pos >= l.size {
		return nil, 0, 0, false
	}
	l.start, l.long = l.pos, false
	w := l.window()
	i := bytes.IndexByte(w, l.eol)
	if i < 0 && l.off+int64(l.n) < l.size {
		l.load()
		w = l.window()
		i = bytes.IndexByte(w, l.eol)
	}
	if len(w) == 0 {
		return nil, 0, 0, false
	}
	if i >= 0 {
		l.pos += int64(i) + 1
		return w[:i], l.start, l.pos, true
	}
	if l.off+int64(l.n) >= l.size || l.err != nil {
		l.pos += int64(len(w))
		return w, l.start, l.pos, true
	}
	// The line goes on: keep its beginning and look for its end.
	l.long = true
	first := bytes.Clone(w[:len(w)/2])
	l.skipLine()
	return first, l.start, l.pos, true
}

// skipLine moves behind the end of the current line.
func (l *lineReader) skipLine() {
	for l.pos < l.size && l.err == nil {
		w := l.window()
		if len(w) == 0 {
			l.load()
			if w = l.window(); len(w) == 0 {
				return
			}
		}
		if i := bytes.IndexByte(w, l.eol); i >= 0 {
			l.pos += int64(i) + 1
			return
		}
		l.pos += int64(len(w))
	}
}
