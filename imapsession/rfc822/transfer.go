package rfc822

import (
	"io"
	"strings"
)

// Decoder undoes a content transfer encoding piece by piece.
//
// Decode decodes from src into dst and returns how much it wrote and how much of src it used. len(dst) must be at least len(src); dst may be src,
// so that a buffer decodes in place. What it leaves of src (the start of an escape, blanks that may be trailing) is short, and
// comes first in the next call's src. With final set, no more comes: all is used. Nothing is allocated, and nothing is an error.
type Decoder interface {
	Decode(dst, src []byte, final bool) (nDst, nSrc int)
}

// NewDecoder returns a decoder for a Content-Transfer-Encoding in any case and dress, nil for those that change nothing (7bit, 8bit, binary)
// and those that are not known.
func NewDecoder(encoding string) Decoder {
	switch TransferEncoding(encoding) {
	case "base64":
		return new(Base64)
	case "quoted-printable":
		return new(QuotedPrintable)
	case "x-uuencode":
		return new(uuDecoder)
	}
	return nil
}

// TransferEncoding returns the encoding's proper name: "base64", "quoted-printable", "x-uuencode", "7bit", "8bit" or "binary"; "7bit" for an empty value,
// and the cleaned value for one that is unknown.
func TransferEncoding(value string) string {
	value, _, _ = strings.Cut(value, "(")
	value, _, _ = strings.Cut(value, ";")
	switch e := strings.ToLower(strings.Trim(value, " \t\r\n\"'")); e {
	case "base64", "base-64", "x-base64", "b", "base 64":
		return "base64"
	case "quoted-printable", "quoted printable", "quotedprintable", "quoted_printable", "x-quoted-printable", "q", "qp":
		return "quoted-printable"
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return "x-uuencode"
	case "", "7bit", "7-bit", "7 bit":
		return "7bit"
	case "8bit", "8-bit", "8 bit":
		return "8bit"
	case "binary":
		return "binary"
	default:
		return CleanText(e)
	}
}

// NewTransferReader returns a reader of what r holds, decoded. It reads ahead of what it returns by one buffer of 32 KiB at most. Damage costs what is
// damaged and no more; errors are those of r, and what was read before one is returned first.
func NewTransferReader(encoding string, r io.Reader) io.Reader {
	d := NewDecoder(encoding)
	if d == nil {
		return r
	}
	return &transferReader{r: r, d: d}
}

const transferBuffer = 32 << 10 // bytes read at a time

// transferReader decodes its buffer in place and hands out the result.
type transferReader struct {
	r    io.Reader
	d    Decoder
	buf  []byte
	out  []byte // decoded, not yet returned; lies in buf before rest
	rest []byte // what the decoder left; lies in buf
	err  error  // of r, returned once out is empty
	done bool   // the decoder was told of the end
}

func (t *transferReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(t.out) == 0 {
		if t.err != nil && t.done {
			return 0, t.err
		}
		t.fill()
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

// fill reads once and decodes what is there.
func (t *transferReader) fill() {
	if t.buf == nil {
		t.buf = make([]byte, transferBuffer)
	}
	n := copy(t.buf, t.rest)
	if t.err == nil {
		m, err := t.r.Read(t.buf[n:])
		n, t.err = n+m, err
	}
	t.done = t.err != nil
	nDst, nSrc := t.d.Decode(t.buf[:n], t.buf[:n], t.done)
	t.out, t.rest = t.buf[:nDst], t.buf[nSrc:n]
}
