package rfc822

import (
	"bytes"
	"unicode/utf8"
)

// guessCharset names the charset of text whose label is missing or wrong: UTF-8 where that is possible, else by its look, else windows-1252.
func guessCharset(b []byte) string {
	if bytes.Contains(b, []byte("\x1b$")) && ascii(b) {
		if bytes.Contains(b, []byte("\x1b$)C")) {
			return "iso-2022-kr"
		}
		return "iso-2022-jp"
	}
	if utf8.Valid(b) || mostlyUTF8(b) {
		return "utf-8"
	}
	sample := highSample(b)
	c := countOctets(sample)
	if label := guessCyrillic(c); label != "" {
		return label
	}
	if label := guessCJK(sample, c); label != "" {
		return label
	}
	return "windows-1252"
}

// mostlyUTF8 reports whether b is UTF-8 apart from a cut end or a few damaged places.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case !utf8.FullRune(b[i:]):
			return good > 8*bad // the end is cut
		default:
			bad++
		}
		i += n
	}
	return bad == 0 || good > 8*bad
}

// hasUTF8 reports whether b is valid UTF-8 and more than ASCII.
func hasUTF8(b []byte) bool { return !ascii(b) && utf8.Valid(b) }

// highSample is the part of b to look at: from a little before its first octet that is not ASCII.
func highSample(b []byte) []byte {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			b = b[i-min(i, 64):]
			break
		}
	}
	return b[:min(len(b), sampleBytes)]
}

// octetCount is what the guesses go by.
type octetCount struct {
	high, letters int // octets above 0x7f; ASCII letters
	control       int // 0x80 to 0x9f: rare in any single-octet text
	longest       int // longest run of high octets
	of            [256]int
}

func countOctets(b []byte) (c octetCount) {
	run, tag := 0, false
	for _, o := range b {
		// The letters of HTML tags say nothing of the text.
		if tag = o == '<' || tag && o != '>'; tag {
			continue
		}
		c.of[o]++
		switch {
		case o >= 0x80:
			c.high++
			run++
			c.longest = max(c.longest, run)
			if o < 0xa0 {
				c.control++
			}
			continue
		case o|0x20 >= 'a' && o|0x20 <= 'z':
			c.letters++
		}
		run = 0
	}
	return c
}

// guessCyrillic tells the Cyrillic charsets from each other by where their small letters stand and by the eight commonest of them.
func guessCyrillic(c octetCount) string {
	if c.longest < 3 || c.high < 5 || c.high < c.letters/2 {
		return ""
	}
	best, label := 0, ""
	for _, t := range []struct {
		label  string
		small  string // ranges of the small letters, first and last of each
		common string // о е а и н т с р
	}{
		{"koi8-r", "\xc0\xdf", "\xcf\xc5\xc1\xc9\xce\xd4\xd3\xd2"},
		{"windows-1251", "\xe0\xff", "\xee\xe5\xe0\xe8\xed\xf2\xf1\xf0"},
		{"iso-8859-5", "\xd0\xef", "\xde\xd5\xd0\xd8\xdd\xe2\xe1\xe0"},
		{"ibm866", "\xa0\xaf\xe0\xef", "\xae\xa5\xa0\xa8\xad\xe2\xe1\xe0"},
	} {
		small, common := 0, 0
		for i := 0; i < len(t.small); i += 2 {
			for o := int(t.small[i]); o <= int(t.small[i+1]); o++ {
				small += c.of[o]
			}
		}
		for i := range len(t.common) {
			common += c.of[t.common[i]]
		}
		// Text of double octets spreads over more octets than an alphabet has.
		if small*10 < c.high*7 || common*5 < c.high || t.label != "ibm866" && c.control*8 > c.high {
			continue
		}
		if small+2*common > best {
			best, label = small+2*common, t.label
		}
	}
	return label
}

// guessCJK tries the double-octet charsets: all of the text must fit one, and its commonest characters must be common in the language.
func guessCJK(b []byte, c octetCount) string {
	if c.high < 4 || c.longest < 3 || c.high*2 < c.letters {
		return ""
	}
	type candidate struct {
		label string
		score int
	}
	best := candidate{}
	for _, t := range []candidate{
		{"shift_jis", shiftJISScore(b)},
		{"euc-jp", pairScore(b, 0xa1, 0xa1, func(lead, trail byte) int {
			if lead == 0xa4 || lead == 0xa5 {
				return 3
			}
			return commonIf(lead >= 0xb0 && lead <= 0xcf) - 1
		})},
		{"euc-kr", pairScore(b, 0xa1, 0xa1, func(lead, trail byte) int {
			return 2*commonIf(lead >= 0xb0 && lead <= 0xc8) - 12*commonIf(lead > 0xc8) // Hangul; Chinese characters are rare
		})},
		{"gb18030", pairScore(b, 0x81, 0x40, func(lead, trail byte) int {
			return commonIf(lead >= 0xb0 && lead <= 0xd7 && trail >= 0xa1) + commonIf(lead == 0xa3 || lead == 0xa1 && trail >= 0xa1) - 2*commonIf(trail < 0xa1)
		})},
		{"big5", pairScore(b, 0xa1, 0x40, func(lead, trail byte) int {
			return commonIf(lead >= 0xa4 && lead <= 0xc6) + commonIf(lead >= 0xa4 && lead <= 0xa9) - 3*commonIf(trail >= 0x7f && trail <= 0xa0) - commonIf(lead > 0xc6)
		})},
	} {
		if t.score > best.score {
			best = t
		}
	}
	return best.label
}

func commonIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pairScore walks the double-octet characters of b and adds up what weigh says of each; -1 when b does not fit. A pair cut at the end is no fault.
func pairScore(b []byte, minLead, minTrail byte, weigh func(lead, trail byte) int) int {
	score, pairs, bad := 0, 0, 0
	for i := 0; i < len(b); i++ {
		lead := b[i]
		if lead < 0x80 {
			continue
		}
		if i+1 == len(b) {
			break
		}
		trail := b[i+1]
		if lead < minLead || lead == 0xff || trail < minTrail || trail == 0x7f || trail == 0xff {
			bad++
			continue
		}
		pairs++
		score += weigh(lead, trail)
		i++
	}
	if pairs < 2 || bad*20 > pairs {
		return -1
	}
	return score
}

// shiftJISScore is pairScore for Shift_JIS, whose leads surround the single-octet kana.
func shiftJISScore(b []byte) int {
	score, pairs, bad := 0, 0, 0
	for i := 0; i < len(b); i++ {
		lead := b[i]
		switch {
		case lead < 0x80:
			continue
		case lead >= 0xa1 && lead <= 0xdf:
			pairs++
			continue
		case i+1 == len(b):
			continue
		}
		trail := b[i+1]
		if lead == 0x80 || lead == 0xa0 || lead > 0xfc || trail < 0x40 || trail == 0x7f || trail > 0xfc {
			bad++
			continue
		}
		i++
		pairs++
		switch {
		case lead == 0x82 && trail >= 0x9f, lead == 0x83 && trail <= 0x96:
			score += 3 // kana
		case lead >= 0x88 && lead <= 0x97, lead == 0x81:
			score++
		default:
			score--
		}
	}
	if pairs < 2 || bad*20 > pairs {
		return -1
	}
	return score
}
