package rfc822

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

const (
	sampleBytes = 4 << 10 // bytes from which a charset is guessed
	metaBytes   = 4 << 10 // bytes of HTML looked through for a declared charset
)

// DecodeText returns b as UTF-8 text without NUL. label is the charset that the message names; it is believed unless the octets prove it
// wrong: a byte order mark wins over it, text that is not what "utf-8" or "us-ascii" says is guessed, as is text without a label or with one that
// nobody knows. In HTML without a usable label the document's own declaration counts. What can't be decoded becomes U+FFFD.
func DecodeText(b []byte, label string, isHTML bool) string {
	b, label = effectiveLabel(b, label, isHTML)
	return strings.ReplaceAll(decodeWith(b, label), "\x00", "")
}

// decodeLabelled decodes a short text (an encoded word, a parameter) whose charset is named.
func decodeLabelled(b []byte, label string) string {
	b, label = effectiveLabel(b, label, false)
	return decodeWith(b, label)
}

// decodeRaw decodes a piece of a text without a label, in the charset that the whole of it looks like; hint is that of its surroundings.
func decodeRaw(piece, whole []byte, hint string) string {
	_, label := effectiveLabel(whole, hint, false)
	return decodeWith(piece, label)
}

// effectiveLabel settles the charset of b and drops its byte order mark. The label is normal, and codec knows it.
func effectiveLabel(b []byte, label string, isHTML bool) ([]byte, string) {
	if rest, bom := cutBOM(b); bom != "" {
		return rest, bom
	}
	label = normalLabel(label)
	if isHTML && (label == "" || label == "us-ascii" || codec(label) == nil || label == "utf-8" && !mostlyUTF8(b)) {
		if meta := normalLabel(metaCharset(b)); codec(meta) != nil {
			label = meta
			if strings.HasPrefix(meta, "utf-16") || strings.HasPrefix(meta, "utf-32") {
				label = "utf-8" // a document that can be read as ASCII this far is not UTF-16
			}
		}
	}
	switch {
	case label == "" || label == "us-ascii" || label == "utf-8" || codec(label) == nil:
		return b, guessCharset(b)
	case label == "windows-1252" && hasUTF8(b):
		// QUIRK: templates that say iso-8859-1 and hold UTF-8. Text in Latin-1 that happens to be valid UTF-8 does not occur.
		return b, "utf-8"
	case label == "utf-16":
		return b, utf16Order(b)
	case strings.HasPrefix(label, "iso-2022-") && bytes.IndexByte(b, 0x1b) < 0 && bytes.IndexByte(b, 0x0e) < 0 && !ascii(b):
		return b, guessCharset(b)
	}
	return b, label
}

func cutBOM(b []byte) (rest []byte, label string) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		if !mostlyUTF8(b) {
			return b, ""
		}
		return b[3:], "utf-8"
	case bytes.HasPrefix(b, []byte{0xff, 0xfe, 0, 0}):
		return b[4:], "utf-32le"
	case bytes.HasPrefix(b, []byte{0, 0, 0xfe, 0xff}):
		return b[4:], "utf-32be"
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return b[2:], "utf-16le"
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return b[2:], "utf-16be"
	}
	return b, ""
}

// utf16Order tells the byte order of UTF-16 without a mark by where the zeros of its ASCII characters stand.
func utf16Order(b []byte) string {
	b = b[:min(len(b), sampleBytes)]
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i&1]++
		}
	}
	if zeros[0] > zeros[1] {
		return "utf-16be"
	}
	return "utf-16le"
}

// decodeWith decodes all of b; label comes from effectiveLabel.
func decodeWith(b []byte, label string) string {
	if label == "utf-8" {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	out, err := codec(label).NewDecoder().Bytes(b)
	if err != nil {
		// The decoders of x/text replace what they can't read; an error is about the cut end of a text.
		return strings.ToValidUTF8(string(out), "\ufffd")
	}
	return string(out)
}

// normalLabel maps the ways in which senders write a charset to one name, mostly that of the WHATWG Encoding standard. A label that is not known comes back in lower case.
func normalLabel(label string) string {
	if label == "utf-8" || label == "UTF-8" { // nearly all of them, and the tables are slow
		return "utf-8"
	}
	label = strings.ToLower(strings.Trim(label, " \t\r\n\"';,"))
	label, _, _ = strings.Cut(label, "*")
	label = strings.ReplaceAll(label, " ", "-")
	if alias, ok := labelAlias[label]; ok {
		return alias
	}
	if strings.HasPrefix(label, "x-") && len(label) > 2 {
		if _, err := htmlindex.Get(label); err != nil {
			return normalLabel(label[2:])
		}
	}
	if e, err := htmlindex.Get(label); err == nil {
		if name, err := htmlindex.Name(e); err == nil && name != "replacement" {
			return name
		}
	}
	// "cp1251", "windows1251", "win-1251", "iso8859_5", "utf_8"
	squeezed := strings.NewReplacer("-", "", "_", "", ".", "", ":", "").Replace(label)
	switch {
	case strings.HasPrefix(squeezed, "cp125"), strings.HasPrefix(squeezed, "ms125"), strings.HasPrefix(squeezed, "ansi125"):
		return normalIfKnown("windows-"+squeezed[len(squeezed)-4:], label)
	case strings.HasPrefix(squeezed, "windows125"), strings.HasPrefix(squeezed, "win125"):
		return normalIfKnown("windows-"+squeezed[strings.Index(squeezed, "125"):], label)
	case strings.HasPrefix(squeezed, "iso8859") && len(squeezed) > 7:
		return normalIfKnown("iso-8859-"+strings.TrimRight(squeezed[7:], "ie"), label)
	case strings.HasPrefix(squeezed, "utf8"):
		return "utf-8"
	}
	return label
}

func normalIfKnown(label, otherwise string) string {
	e, err := htmlindex.Get(label)
	if err != nil {
		return otherwise
	}
	name, err := htmlindex.Name(e)
	if err != nil {
		return otherwise
	}
	return name
}

// labelAlias are the labels that the tables of x/text don't know or take for something else.
var labelAlias = map[string]string{
	"":         "",
	"us-ascii": "us-ascii", "ascii": "us-ascii", "ansi_x3.4-1968": "us-ascii", "ansi_x3.4-1986": "us-ascii", "iso646-us": "us-ascii", "iso_646.irv:1991": "us-ascii",
	"us": "us-ascii", "ansi": "us-ascii", "7bit": "us-ascii", "8bit": "us-ascii", "default": "us-ascii", "default_charset": "us-ascii", "default-charset": "us-ascii",
	"none": "us-ascii", "unknown": "us-ascii", "unknown-8bit": "us-ascii", "x-unknown": "us-ascii", "x-user-defined": "us-ascii", "_autodetect": "us-ascii",
	"utf8mb4": "utf-8", "utf8mb3": "utf-8", "unicode-1-1-utf-8": "utf-8", "unicode-2-0-utf-8": "utf-8", "utf-8n": "utf-8", "cp65001": "utf-8", "unicode": "utf-16",
	"utf-16": "utf-16", "utf16": "utf-16", "ucs-2": "utf-16", "iso-10646-ucs-2": "utf-16", "utf-32": "utf-32be", "ucs-4": "utf-32be",
	"utf-16le": "utf-16le", "utf-16be": "utf-16be", "utf-32le": "utf-32le", "utf-32be": "utf-32be",
	"utf-7": "utf-7", "utf7": "utf-7", "unicode-1-1-utf-7": "utf-7", "unicode-2-0-utf-7": "utf-7", "csunicode11utf7": "utf-7", "x-unicode-1-1-utf-7": "utf-7", "cp65000": "utf-7",
	"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "cp936": "gb18030", "ms936": "gb18030", "windows-936": "gb18030", "euc-cn": "gb18030", "x-gbk": "gb18030",
	"hz-gb-2312": "hz-gb-2312", "hz": "hz-gb-2312",
	"cp932": "shift_jis", "ms932": "shift_jis", "windows-932": "shift_jis", "sjis-win": "shift_jis", "x-ms-cp932": "shift_jis", "mskanji": "shift_jis",
	"cp950": "big5", "ms950": "big5", "windows-950": "big5", "big-5": "big5", "big5hkscs": "big5",
	"cp949": "euc-kr", "ms949": "euc-kr", "uhc": "euc-kr", "ks_c_5601": "euc-kr", "ksc_5601-1987": "euc-kr", "ks-c-5601": "euc-kr", "ks-c-5601-1987": "euc-kr", "euckr": "euc-kr",
	"cp51932": "euc-jp", "eucjp": "euc-jp", "eucjp-ms": "euc-jp", "euc_jp": "euc-jp", "ujis": "euc-jp",
	"cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp", "iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "iso-2022-jp-3": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp", "jis": "iso-2022-jp",
	"iso-2022-kr": "iso-2022-kr", "csiso2022kr": "iso-2022-kr",
	"iso-8859-6-i": "iso-8859-6", "iso-8859-6-e": "iso-8859-6", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "logical": "iso-8859-8",
	"tis620": "windows-874", "tis-620": "windows-874", "cp874": "windows-874", "iso-8859-11": "windows-874",
	"koi8": "koi8-r", "koi8r": "koi8-r", "koi8u": "koi8-u", "koi8-ru": "koi8-u", "latin-1": "windows-1252", "latin9": "iso-8859-15", "latin-9": "iso-8859-15", "iso8859-1": "windows-1252", "iso-8859": "windows-1252",
	"cp819": "windows-1252", "ibm819": "windows-1252", "western": "windows-1252", "mac": "macintosh", "macroman": "macintosh", "mac-roman": "macintosh",
	"437": "cp437", "cp437": "cp437", "ibm437": "cp437", "850": "cp850", "cp850": "cp850", "ibm850": "cp850", "852": "cp852", "cp852": "cp852", "ibm852": "cp852", "866": "ibm866", "dos-866": "ibm866",
	"cp855": "cp855", "ibm855": "cp855", "cp858": "cp858", "cp862": "cp862", "cp865": "cp865",
}

// codec returns the decoder of a normal label, nil for one that is not known.
func codec(label string) encoding.Encoding {
	switch label {
	case "":
		return nil
	case "us-ascii":
		return charmap.Windows1252
	case "utf-16", "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case "utf-7":
		return utf7{}
	case "iso-2022-kr":
		return iso2022KR{}
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "iso-2022-jp":
		return japanese.ISO2022JP
	case "gb18030":
		return simplifiedchinese.GB18030
	case "euc-kr":
		return korean.EUCKR
	case "cp437":
		return charmap.CodePage437
	case "cp850":
		return charmap.CodePage850
	case "cp852":
		return charmap.CodePage852
	case "cp855":
		return charmap.CodePage855
	case "cp858":
		return charmap.CodePage858
	case "cp862":
		return charmap.CodePage862
	case "cp865":
		return charmap.CodePage865
	}
	if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(label); err == nil && e != nil {
		return e
	}
	return nil
}

// knownLabel reports whether a charset label means something.
func knownLabel(label string) bool { return codec(normalLabel(label)) != nil }

// metaCharset finds the charset that an HTML text declares in a meta element (or an XML declaration) near its start, "" without one.
func metaCharset(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), metaBytes)])
	for {
		i := bytes.Index(b, []byte("charset"))
		if x := bytes.Index(b, []byte("<?xml")); i < 0 && x >= 0 {
			i = bytes.Index(b, []byte("encoding"))
		}
		if i < 0 {
			return ""
		}
		open := max(bytes.LastIndex(b[:i], []byte("<meta")), bytes.LastIndex(b[:i], []byte("<?xml")))
		b2 := bytes.TrimLeft(b[i+len("charset"):], "g \t\r\n")
		if open >= 0 && bytes.IndexByte(b[open:i], '>') < 0 && bytes.HasPrefix(b2, []byte("=")) {
			v := bytes.TrimLeft(b2[1:], " \t\r\n\"'")
			if n := bytes.IndexAny(v, "\"' \t\r\n;/>?"); n >= 0 {
				v = v[:n]
			}
			return string(v)
		}
		b = b[i+len("charset"):]
	}
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
