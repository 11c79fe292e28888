package rfc822

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxMarks = 3 // combining marks kept on one base: enough for every living script, too few to paint over the lines around

// CleanText makes s safe to show on one line: valid UTF-8, blanks run together and trimmed, without controls, bidirectional controls,
// invisible and tag characters, and with at most three combining marks on a base. Joiners stay where scripts and emoji need them.
func CleanText(s string) string {
	if plainLine(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var prev rune // last rune written
	blank, marks := false, 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == ' ' || r != 0x3000 && unicode.IsSpace(r):
			blank = true
			continue
		case r == 0x200c || r == 0x200d:
			next, _ := utf8.DecodeRuneInString(s[i:])
			if blank || !joins(prev) || !joins(next) {
				continue
			}
		case invisible(r):
			continue
		}
		if r >= 0x300 && unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > maxMarks {
				continue
			}
		} else if r != 0x200d {
			marks = 0
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r) // an invalid byte becomes U+FFFD
		prev = r
	}
	return b.String()
}

// plainLine reports that s is printable ASCII with single inner spaces, which needs no work.
func plainLine(s string) bool {
	prev := byte(' ')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && prev == ' ' {
			return false
		}
		prev = c
	}
	return s == "" || prev != ' '
}

// joins reports whether a joiner beside r can have a meaning: letters of scripts beyond Latin, Greek and Cyrillic, emoji and their modifiers.
func joins(r rune) bool {
	return r >= 0x0590 && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.In(r, unicode.So, unicode.Sk))
}

// invisible reports runes that a reader can't see but that change what is seen, and those that no text holds.
func invisible(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0: // C0, DEL, C1
		return true
	case r < 0xad:
		return false
	case r == 0xad, r == 0x034f, r == 0x061c, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x180e, r == 0x3164, r == 0xfeff, r == 0xffa0:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	case r >= 0xfff0 && r <= 0xfffb, r >= 0x1d173 && r <= 0x1d17a, r >= 0xe0000 && r <= 0xe00ff, r >= 0xe01f0 && r <= 0xe0fff:
		return true
	}
	return r&0xfffe == 0xfffe // noncharacters
}
