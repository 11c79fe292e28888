package demo

import (
	"bytes"
	"encoding/base64"
	"io"
)

// largeMarker stands in a built message where the large attachment's base64 goes.
const largeMarker = "<large attachment>"

// largeMessage is a message whose large attachment is computed as it is read: it is never in memory as a whole.
type largeMessage struct {
	before, after []byte
	length        int64 // of the base64 between them
}

func newLargeMessage(built []byte) *largeMessage {
	before, after, _ := bytes.Cut(built, []byte(largeMarker))
	return &largeMessage{before: before, after: after, length: base64Length(recordingSize)}
}

// base64Length is what n octets take in lines of base64.
func base64Length(n int64) int64 {
	length := n / base64Line * (base64Line/3*4 + 2)
	if rest := n % base64Line; rest > 0 {
		length += (rest+2)/3*4 + 2
	}
	return length
}

func (m *largeMessage) Size() int64 { return int64(len(m.before)) + m.length + int64(len(m.after)) }

// ReadAt is safe for several readers at once (io.ReaderAt).
func (m *largeMessage) ReadAt(p []byte, off int64) (n int, err error) {
	start, end := int64(len(m.before)), int64(len(m.before))+m.length
	for n < len(p) {
		at := off + int64(n)
		switch {
		case at < start:
			n += copy(p[n:], m.before[at:])
		case at < end:
			n += base64At(p[n:], at-start)
		case at < m.Size():
			n += copy(p[n:], m.after[at-end:])
		default:
			return n, io.EOF
		}
	}
	return n, nil
}

// base64At fills p with the recording's base64 from an offset on, up to the end of a line.
func base64At(p []byte, off int64) int {
	const lineLength = base64Line/3*4 + 2
	var raw [base64Line]byte
	n := readRecording(raw[:], off/lineLength*base64Line)
	var line [lineLength]byte
	length := base64.StdEncoding.EncodedLen(n)
	base64.StdEncoding.Encode(line[:], raw[:n])
	copy(line[length:], "\r\n")
	return copy(p, line[off%lineLength:length+2])
}
