package rfc822

import (
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"
)

// utf7 decodes UTF-7 (RFC 2152), which x/text leaves out since browsers must not know it. Mail of the nineties holds it.
type utf7 struct{}

func (utf7) NewDecoder() *encoding.Decoder { return &encoding.Decoder{Transformer: new(utf7Decoder)} }
func (utf7) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

// utf7Decoder is the state between two octets.
type utf7Decoder struct {
	shifted bool   // between "+" and what ends it
	empty   bool   // nothing came since the "+"
	bits    uint32 // not yet a unit of 16 bits
	n       uint   // how many
	high    rune   // surrogate that waits for its partner
}

func (d *utf7Decoder) Reset() { *d = utf7Decoder{} }

func (d *utf7Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if len(dst)-nDst < 2*utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		c := src[nSrc]
		nSrc++
		switch {
		case d.shifted:
			nDst += d.digit(dst[nDst:], c)
		case c == '+':
			*d = utf7Decoder{shifted: true, empty: true}
		case c >= utf8.RuneSelf:
			nDst += utf8.EncodeRune(dst[nDst:], utf8.RuneError)
		default:
			dst[nDst] = c
			nDst++
		}
	}
	if atEOF && d.high != 0 {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		d.high = 0
		nDst += utf8.EncodeRune(dst[nDst:], utf8.RuneError)
	}
	return nDst, nSrc, nil
}

// digit takes one octet of a shifted sequence and writes at most two runes.
func (d *utf7Decoder) digit(dst []byte, c byte) (n int) {
	v := base64Value[c]
	if v >= 64 {
		if d.high != 0 {
			n = utf8.EncodeRune(dst, utf8.RuneError)
		}
		switch {
		case c == '-' && d.empty:
			n += copy(dst[n:], "+")
		case c == '-':
		case c >= utf8.RuneSelf:
			n += utf8.EncodeRune(dst[n:], utf8.RuneError)
		default:
			dst[n] = c
			n++
		}
		*d = utf7Decoder{}
		return n
	}
	d.empty = false
	d.bits, d.n = d.bits<<6|uint32(v), d.n+6
	if d.n < 16 {
		return 0
	}
	d.n -= 16
	unit := rune(d.bits>>d.n) & 0xffff
	return d.unit(dst, unit)
}

// unit takes one unit of UTF-16.
func (d *utf7Decoder) unit(dst []byte, unit rune) (n int) {
	if d.high != 0 {
		r := utf16.DecodeRune(d.high, unit)
		d.high = 0
		if r != utf8.RuneError {
			return utf8.EncodeRune(dst, r)
		}
		n = utf8.EncodeRune(dst, utf8.RuneError)
	}
	if unit >= 0xd800 && unit < 0xdc00 {
		d.high = unit
		return n
	}
	return n + utf8.EncodeRune(dst[n:], unit) // a lone low surrogate becomes U+FFFD
}

// iso2022KR decodes ISO-2022-KR (RFC 1557): EUC-KR with its high bits replaced by shifts.
type iso2022KR struct{}

func (iso2022KR) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: transform.Chain(new(koreanShifts), korean.EUCKR.NewDecoder().Transformer)}
}
func (iso2022KR) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

// koreanShifts turns ISO-2022-KR into EUC-KR.
type koreanShifts struct{ out bool } // after SO

func (k *koreanShifts) Reset() { k.out = false }

func (k *koreanShifts) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		c := src[nSrc]
		if c == 0x1b { // the designator ESC $ ) C
			if !atEOF && len(src)-nSrc < 4 {
				return nDst, nSrc, transform.ErrShortSrc
			}
			if len(src)-nSrc >= 4 && string(src[nSrc+1:nSrc+4]) == "$)C" {
				nSrc += 4
				continue
			}
		}
		if nDst == len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nSrc++
		switch {
		case c == 0x0e:
			k.out = true
			continue
		case c == 0x0f, c == '\n':
			k.out = false
			if c == 0x0f {
				continue
			}
		case k.out && c > ' ' && c < 0x7f:
			c |= 0x80
		}
		dst[nDst] = c
		nDst++
	}
	return nDst, nSrc, nil
}
