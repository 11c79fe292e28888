package tnef

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// text8 decodes an 8-bit string up to its first NUL.
func text8(b []byte, codepage int) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return decodeCodepage(b, codepage)
}

// text16 decodes UTF-16LE up to its first NUL.
func text16(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		u := uint16(b[i]) | uint16(b[i+1])<<8
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// decodeCodepage decodes b. ASCII and valid UTF-8 are taken as they are: writers fill in a codepage that they do not use.
func decodeCodepage(b []byte, codepage int) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out, err := charset(codepage).NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(out)
}

// charset returns the encoding of a Windows codepage, windows-1252 for one that is not known.
func charset(codepage int) encoding.Encoding {
	name := ""
	switch codepage {
	case 932:
		name = "shift_jis"
	case 936, 54936:
		return simplifiedchinese.GB18030
	case 949:
		name = "euc-kr"
	case 950:
		name = "big5"
	case 10000:
		name = "macintosh"
	case 20866:
		name = "koi8-r"
	case 21866:
		name = "koi8-u"
	case 437:
		return charmap.CodePage437
	case 850:
		return charmap.CodePage850
	case 866:
		name = "ibm866"
	case 50220, 50221, 50222:
		name = "iso-2022-jp"
	case 51932:
		name = "euc-jp"
	case 65001:
		name = "utf-8"
	default:
		if codepage > 28590 && codepage <= 28605 {
			name = "iso-8859-" + strconv.Itoa(codepage-28590)
		} else {
			name = "windows-" + strconv.Itoa(codepage)
		}
	}
	if e, err := htmlindex.Get(name); err == nil {
		return e
	}
	return charmap.Windows1252
}
