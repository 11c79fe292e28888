package rfc822

import "bytes"

const maxHeldBlanks = 1024 // trailing blanks that wait for the end of their line; more than these are text

// QuotedPrintable decodes quoted-printable text (RFC 2045 section 6.7) with lines of any length and any end. Blanks at the end of a line are dropped, also after
// the "=" of a soft break; an "=" that begins no escape stays as it is. The zero value is a ready Decoder, without state of its own.
type QuotedPrintable struct{}

// Decode implements Decoder.
func (QuotedPrintable) Decode(dst, src []byte, final bool) (nDst, nSrc int) {
	i, o := 0, 0
	for i < len(src) {
		end := bytes.IndexByte(src[i:], '\n')
		if end < 0 {
			return decodeQPTail(dst, src, i, o, final)
		}
		end += i
		text := end
		if text > i && src[text-1] == '\r' {
			text--
		}
		eol := text
		for text > i && (src[text-1] == ' ' || src[text-1] == '\t') {
			text--
		}
		soft := text > i && src[text-1] == '='
		if soft {
			text--
		}
		o += unescapeQP(dst[o:], src[i:text])
		if !soft {
			o += copy(dst[o:], src[eol:end+1])
		}
		i = end + 1
	}
	return o, i
}

// decodeQPTail decodes what has no line end yet, as far as the octets to come can't change it.
func decodeQPTail(dst, src []byte, i, o int, final bool) (nDst, nSrc int) {
	text := len(src)
	if final {
		// The end of the text ends its last line: trailing blanks are no text, and an "=" is a soft break.
		text = i + len(bytes.TrimRight(src[i:], " \t\r"))
		if text > i && src[text-1] == '=' {
			text--
		}
		return o + unescapeQP(dst[o:], src[i:text]), len(src)
	}
	for text > i && (src[text-1] == ' ' || src[text-1] == '\t' || src[text-1] == '\r') {
		text--
	}
	if len(src)-text > maxHeldBlanks {
		text = len(src) - 1
	}
	if n := bytes.LastIndexByte(src[max(i, text-2):text], '='); n >= 0 {
		text = max(i, text-2) + n
	}
	return o + unescapeQP(dst[o:], src[i:text]), text
}

// unescapeQP decodes the escapes in a piece of one line. dst may begin before or at src.
func unescapeQP(dst, src []byte) int {
	o := 0
	for {
		n := bytes.IndexByte(src, '=')
		if n < 0 {
			return o + copy(dst[o:], src)
		}
		o += copy(dst[o:], src[:n])
		src = src[n:]
		// Text in other scripts is one escape after the other: no search between them.
		for len(src) >= 3 && src[0] == '=' {
			hi, lo := hexValue[src[1]], hexValue[src[2]]
			if hi|lo > 15 {
				break
			}
			dst[o] = hi<<4 | lo
			o++
			src = src[3:]
		}
		if len(src) > 0 && src[0] == '=' {
			if len(src) > 2 && src[1] == '\r' { // CR alone as a line end
				src = src[2:]
				continue
			}
			dst[o] = '='
			o++
			src = src[1:]
		}
	}
}

// hexValue gives the value of a hexadecimal digit, 255 for other octets.
var hexValue = func() (t [256]byte) {
	for c := range t {
		t[c] = 255
		if isHex(byte(c)) {
			t[c] = unhex(byte(c))
		}
	}
	return t
}()
