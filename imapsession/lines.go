package imapsession

import "bytes"

// base64Lines is how a base64 part is laid out when all its lines but the last
// are alike, as nearly every sender writes it. Then each decoded octet has its
// known place, and the decoded size is known before all is read.
type base64Lines struct {
	chars    int64 // base64 characters of a line, a multiple of 4
	end      int64 // octets of the line end: 2, or 1 for a bare LF
	octets   int64 // encoded size of the part
	decoded  int64 // decoded size, when complete
	complete bool  // the end of the part was seen too
}

const (
	lineProbe = 1 << 10 // octets looked at from either end
	maxLine   = 998     // octets of a line (RFC 5322 section 2.1.1)
)

// guessLines takes the layout from the beginning of a part; nil when it has none.
func guessLines(start []byte, octets int64) *base64Lines {
	lf := bytes.IndexByte(start[:min(len(start), maxLine+2)], '\n')
	if lf < 1 {
		return nil
	}
	l := &base64Lines{chars: int64(lf), end: 1, octets: octets}
	if start[lf-1] == '\r' {
		l.chars, l.end = l.chars-1, 2
	}
	if l.chars == 0 || l.chars%4 != 0 || !l.matches(start, 0) {
		return nil
	}
	return l
}

func (l *base64Lines) line() int64 { return l.chars + l.end }

// matches checks that the line ends within b, which lies at offset of the part, stand where they should.
// The last line is left to finish and to the count of what was decoded.
func (l *base64Lines) matches(b []byte, offset int64) bool {
	line := l.line()
	for at := line - 1 - offset%line; at < int64(len(b)); at += line {
		if b[at] != '\n' {
			return false
		}
	}
	return true
}

// finish looks at the last octets of the part and works out the decoded size. It is
// false when the end does not fit the beginning.
func (l *base64Lines) finish(tail []byte) bool {
	offset := l.octets - int64(len(tail))
	if !l.matches(tail, offset) {
		return false
	}
	body := bytes.TrimRight(tail, "\r\n")
	size := offset + int64(len(body)) // up to the last character
	full, chars := size/l.line(), size%l.line()
	if chars > l.chars || chars%4 != 0 || len(body) == 0 {
		return false
	}
	from := size - chars - offset // where the last line starts in tail
	if from < 0 {
		return false
	}
	last := body[from:]
	padding := int64(len(last) - len(bytes.TrimRight(last, "=")))
	if padding > 2 || bytes.IndexByte(last[:int64(len(last))-padding], '=') >= 0 {
		return false
	}
	if bytes.ContainsAny(last, " \t\r\n") || bytes.IndexByte(body[:from], '=') >= 0 {
		return false
	}
	l.decoded = full*(l.chars/4*3) + chars/4*3 - padding
	l.complete = true
	return true
}

// offset gives where in the part to start decoding for a decoded offset, and how many
// decoded octets to leave out then.
func (l *base64Lines) offset(decoded int64) (encoded, skip int64) {
	perLine := l.chars / 4 * 3
	line, within := decoded/perLine, decoded%perLine
	return line*l.line() + within/3*4, within % 3
}
