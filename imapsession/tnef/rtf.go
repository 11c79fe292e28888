package tnef

import (
	"encoding/binary"
	"strings"
)

// rtfDictionary is what the sliding window of compressed RTF begins with (MS-OXRTFCP section 2.1.2.1).
const rtfDictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// decompress undoes the compression of PidTagRtfCompressed (MS-OXRTFCP). At most limit bytes come back; damage ends the text where it is.
func decompress(b []byte, limit int) []byte {
	const (
		compressed = 0x75465a4c // "LZFu"
		stored     = 0x414c454d // "MELA"
	)
	if len(b) < 16 {
		return nil
	}
	size := int64(binary.LittleEndian.Uint32(b[4:]))
	kind := binary.LittleEndian.Uint32(b[8:])
	b = b[16:]
	limit = int(min(int64(limit), size))
	switch kind {
	case stored:
		return b[:min(len(b), limit)]
	case compressed:
		return inflateRTF(b, limit)
	}
	return nil
}

// inflateRTF expands runs of a flag octet and eight tokens: a literal, or a reference of 12 bits offset and 4 bits length into a window of 4 KiB.
func inflateRTF(b []byte, limit int) []byte {
	var window [4096]byte
	at := copy(window[:], rtfDictionary)
	out := make([]byte, 0, min(limit, 16*len(b)+16))
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0; bit++ {
			if flags>>bit&1 == 0 {
				if len(out) == limit {
					return out
				}
				window[at] = b[0]
				out = append(out, b[0])
				at = (at + 1) & 4095
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out
			}
			ref := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from := ref >> 4
			if from == at { // the end is a reference to the place being written
				return out
			}
			for range ref&15 + 2 {
				if len(out) == limit {
					return out
				}
				c := window[from]
				window[at] = c
				out = append(out, c)
				from, at = (from+1)&4095, (at+1)&4095
			}
		}
	}
	return out
}

// rtfText returns the text of an RTF document, or the HTML that was wrapped in it (MS-OXRTFEX). Formatting, pictures and objects are left out.
func rtfText(rtf []byte, codepage int) (text string, isHTML bool) {
	p := rtfParser{in: rtf, codepage: codepage, fonts: map[int]int{}, state: rtfState{uc: 1, codepage: codepage}}
	p.isHTML = strings.Contains(string(rtf[:min(len(rtf), 2000)]), `\fromhtml`)
	p.run()
	return p.out.String(), p.isHTML
}

// rtfState is what a group's end restores.
type rtfState struct {
	skip     bool // a destination without text
	fonttbl  bool // the font table: its fonts' charsets are noted
	tag      bool // \*\htmltag: HTML to be written as it is
	rtfOnly  bool // \htmlrtf: text that stands for HTML which is written elsewhere
	uc       int  // characters that stand beside a \u for readers that don't know it
	codepage int
}

type rtfParser struct {
	in       []byte
	codepage int
	isHTML   bool
	fonts    map[int]int // font number -> codepage
	font     int         // the font being defined
	state    rtfState
	stack    []rtfState
	deeper   int    // open groups beyond the stack's limit
	ignore   int    // fallback characters of a \u still to come
	star     bool   // \* came: a destination that is not known is skipped
	high     rune   // first half of a surrogate pair
	bytes    []byte // 8-bit text not yet decoded
	out      strings.Builder
}

const maxGroups = 1000 // groups within groups

func (p *rtfParser) run() {
	for len(p.in) > 0 {
		c := p.in[0]
		p.in = p.in[1:]
		switch c {
		case '{':
			p.flush()
			if len(p.stack) < maxGroups {
				p.stack = append(p.stack, p.state)
			} else {
				p.deeper++
			}
			p.ignore = 0
		case '}':
			p.flush()
			if p.deeper > 0 {
				p.deeper--
			} else if n := len(p.stack); n > 0 {
				p.state, p.stack = p.stack[n-1], p.stack[:n-1]
			}
			p.ignore, p.star = 0, false
		case '\\':
			p.control()
		case '\r', '\n', 0:
		default:
			p.octet(c)
		}
	}
	p.flush()
}

// shown reports whether text counts here.
func (p *rtfParser) shown() bool {
	s := &p.state
	return !s.skip && !s.fonttbl && !(s.rtfOnly && p.isHTML && !s.tag)
}

// octet takes one octet of text.
func (p *rtfParser) octet(c byte) {
	if p.ignore > 0 {
		p.ignore--
		return
	}
	if p.shown() {
		p.bytes = append(p.bytes, c)
	}
}

// flush decodes the octets collected so far.
func (p *rtfParser) flush() {
	if len(p.bytes) > 0 {
		p.out.WriteString(decodeCodepage(p.bytes, p.state.codepage))
		p.bytes = p.bytes[:0]
	}
}

func (p *rtfParser) write(s string) {
	if p.shown() {
		p.flush()
		p.out.WriteString(s)
	}
}

// control takes what follows a backslash: a control word with its number, or a symbol.
func (p *rtfParser) control() {
	if len(p.in) == 0 {
		return
	}
	c := p.in[0]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		p.in = p.in[1:]
		p.symbol(c)
		return
	}
	n := 0
	for n < len(p.in) && n < 40 && p.in[n]|0x20 >= 'a' && p.in[n]|0x20 <= 'z' {
		n++
	}
	word := string(p.in[:n])
	p.in = p.in[n:]
	number, given := p.number()
	if len(p.in) > 0 && p.in[0] == ' ' {
		p.in = p.in[1:]
	}
	p.word(word, number, given)
}

func (p *rtfParser) number() (n int, given bool) {
	i, negative := 0, false
	if i < len(p.in) && p.in[i] == '-' {
		negative = true
		i++
	}
	start := i
	for i < len(p.in) && i < start+9 && p.in[i] >= '0' && p.in[i] <= '9' {
		n = n*10 + int(p.in[i]-'0')
		i++
	}
	if i == start {
		return 0, false
	}
	p.in = p.in[i:]
	if negative {
		n = -n
	}
	return n, true
}

func (p *rtfParser) symbol(c byte) {
	switch c {
	case '\'':
		if len(p.in) >= 2 {
			if v, ok := hexOctet(p.in[0], p.in[1]); ok {
				p.in = p.in[2:]
				p.octet(v)
			}
		}
	case '*':
		p.star = true
	case '{', '}', '\\':
		p.octet(c)
	case '~':
		p.write("\u00a0")
	case '_':
		p.write("\u2011")
	case '\r', '\n':
		p.write("\n")
	}
}

func hexOctet(a, b byte) (byte, bool) {
	hi, lo := strings.IndexByte("0123456789abcdef", a|0x20), strings.IndexByte("0123456789abcdef", b|0x20)
	if hi < 0 || lo < 0 {
		return 0, false
	}
	return byte(hi<<4 | lo), true
}

// rtfWords are control words that stand for text.
var rtfWords = map[string]string{
	"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "tab": "\t", "cell": "\t", "nestcell": "\t", "nestrow": "\n",
	"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "endash": "–", "emdash": "—",
	"enspace": "\u2002", "emspace": "\u2003", "zwj": "\u200d", "zwnj": "\u200c",
}

// word takes a control word.
func (p *rtfParser) word(word string, n int, given bool) {
	star := p.star
	p.star = false
	if s, ok := rtfWords[word]; ok {
		p.write(s)
		return
	}
	switch word {
	case "u":
		p.unicode(n)
	case "uc":
		p.state.uc = max(0, min(n, 16))
	case "bin":
		p.in = p.in[min(max(n, 0), len(p.in)):]
	case "ansicpg":
		p.flush()
		p.codepage, p.state.codepage = n, n
	case "htmltag":
		p.flush()
		p.state.tag, p.state.skip = true, false
	case "mhtmltag":
		p.state.skip = true
	case "htmlrtf":
		p.flush()
		p.state.rtfOnly = !given || n != 0
	case "fonttbl":
		p.state.fonttbl = true
	case "f":
		p.setFont(n)
	case "fcharset":
		if p.state.fonttbl && len(p.fonts) < 1000 {
			p.fonts[p.font] = codepageOfFont(n, p.codepage)
		}
	case "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "headerl", "headerr", "headerf", "footerl", "footerr", "footerf",
		"fldinst", "xe", "tc", "listtable", "listoverridetable", "revtbl", "filetbl":
		p.state.skip = true
	default:
		if star {
			p.state.skip = true
		}
	}
}

func (p *rtfParser) setFont(n int) {
	if p.state.fonttbl {
		p.font = n
		return
	}
	p.flush()
	p.state.codepage = p.codepage
	if cp, ok := p.fonts[n]; ok {
		p.state.codepage = cp
	}
}

// unicode takes a \u, whose number is a signed unit of UTF-16.
func (p *rtfParser) unicode(n int) {
	p.ignore = p.state.uc
	r := rune(n & 0xffff)
	switch {
	case r >= 0xd800 && r < 0xdc00:
		p.high = r
		return
	case r >= 0xdc00 && r < 0xe000:
		if p.high == 0 {
			return
		}
		r = (p.high-0xd800)<<10 + (r - 0xdc00) + 0x10000
	case r == 0:
		return
	}
	p.high = 0
	p.write(string(r))
}

// codepageOfFont maps the charset number of a font.
func codepageOfFont(n, otherwise int) int {
	switch n {
	case 0:
		return 1252
	case 77:
		return 10000
	case 128:
		return 932
	case 129:
		return 949
	case 134:
		return 936
	case 136:
		return 950
	case 161:
		return 1253
	case 162:
		return 1254
	case 163:
		return 1258
	case 177:
		return 1255
	case 178:
		return 1256
	case 186:
		return 1257
	case 204:
		return 1251
	case 222:
		return 874
	case 238:
		return 1250
	}
	return otherwise
}
