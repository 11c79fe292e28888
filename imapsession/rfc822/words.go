package rfc822

import (
	"strings"
	"unicode/utf8"
)

const (
	maxWords      = 200     // encoded words decoded in one text; what follows stays as it is
	maxWordBytes  = 8 << 10 // bytes of one word; senders that ignore the 75 of RFC 2047 write some hundreds
	maxWordStarts = 1000    // places in one text looked at for an encoded word
)

// DecodeWords decodes the encoded words of a header value (RFC 2047), also the broken ones that are found: blanks inside, a character split
// between two words, missing padding, words inside quotes or glued to text, no end. Raw 8-bit text is UTF-8 if it can be, else
// guessed. The result is valid UTF-8 but not cleaned: see CleanText.
func DecodeWords(s string) string { return decodeWords(s, "") }

func decodeWords(s, hint string) string {
	raw := func(part string) string { return part }
	if !utf8.ValidString(s) || strings.Contains(s, "\x1b$") {
		raw = func(part string) string { return decodeLiteral(part, s, hint) }
	}
	i := strings.Index(s, "=?")
	if i < 0 {
		return raw(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	var run wordRun
	at := 0 // start of the text not yet written
	words := 0
	for tries := 0; i >= 0 && words < maxWords && tries < maxWordStarts; tries++ {
		w, end, ok := cutWord(s, i)
		if !ok {
			i = nextIndex(s, "=?", i+2)
			continue
		}
		words++
		// Blanks between two encoded words are not part of the text; blanks beside other text are.
		if gap := s[at:i]; len(run.words) == 0 || strings.Trim(gap, " \t\r\n") != "" {
			run.flush(&b)
			b.WriteString(raw(gap))
		}
		run.add(w, &b)
		at = end
		i = nextIndex(s, "=?", end)
	}
	run.flush(&b)
	b.WriteString(raw(s[at:]))
	return b.String()
}

func nextIndex(s, sub string, from int) int {
	if from > len(s) {
		return -1
	}
	if i := strings.Index(s[from:], sub); i >= 0 {
		return from + i
	}
	return -1
}

// word is one encoded word.
type word struct {
	charset string
	base64  bool
	text    string
}

// cutWord reads the encoded word at s[i:], which begins with "=?", and returns the offset behind it.
func cutWord(s string, i int) (w word, end int, ok bool) {
	const maxLabel = 80
	rest := s[i+2:]
	q := strings.IndexByte(rest[:min(len(rest), maxLabel)], '?')
	if q < 0 || len(rest) < q+3 || rest[q+2] != '?' {
		return w, 0, false
	}
	label, _, _ := strings.Cut(rest[:q], "*") // RFC 2231 section 5: a language may follow
	if strings.ContainsAny(label, " \t\r\n=<>\"") {
		return w, 0, false
	}
	switch rest[q+1] {
	case 'B', 'b':
		w.base64 = true
	case 'Q', 'q':
	default:
		return w, 0, false
	}
	w.charset = label
	text := rest[q+3 : min(len(rest), q+3+maxWordBytes)]
	n := wordEnd(text, w.base64)
	if n < 0 {
		return cutOpenWord(w, text, i+2+q+3)
	}
	w.text = text[:n]
	return w, i + 2 + q + 3 + n + 2, true
}

// wordEnd finds the "?=" that ends the text of an encoded word, -1 without one.
func wordEnd(text string, base64 bool) int {
	n := strings.Index(text, "?=")
	if n < 0 {
		return -1
	}
	// A raw question mark before an escape, as in "why?=20me?=", is not the end. Another word's start after it proves that it is.
	for !base64 && n+4 <= len(text) && isHex(text[n+2]) && isHex(text[n+3]) {
		m := strings.Index(text[n+2:], "?=")
		if m < 0 || strings.ContainsAny(text[n+2:n+2+m], " \t") {
			break
		}
		n += 2 + m
	}
	if strings.Contains(text[:n], "=?") {
		return -1 // the end belongs to the word after this one
	}
	return n
}

// cutOpenWord reads a word whose "?=" is missing, up to the next blank, if what stands there can be its text.
func cutOpenWord(w word, text string, at int) (word, int, bool) {
	n := strings.IndexAny(text, " \t,;<>\"")
	if n < 0 {
		n = len(text)
	}
	w.text = strings.TrimSuffix(text[:n], "?")
	if len(w.text) < 4 || !w.base64 && !strings.Contains(w.text, "=") {
		return w, 0, false
	}
	for i := 0; w.base64 && i < len(w.text); i++ {
		if base64Value[w.text[i]] >= 64 && w.text[i] != '=' {
			return w, 0, false
		}
	}
	return w, at + n, true
}

// wordRun is a run of adjacent words of one charset, decoded together since a character may be split between them.
type wordRun struct{ words []word }

func (r *wordRun) add(w word, b *strings.Builder) {
	if len(r.words) > 0 && !strings.EqualFold(r.words[0].charset, w.charset) {
		r.flush(b)
	}
	r.words = append(r.words, w)
}

func (r *wordRun) flush(b *strings.Builder) {
	if len(r.words) == 0 {
		return
	}
	var octets []byte
	for _, w := range r.words {
		octets = append(octets, w.octets()...)
	}
	// QUIRK: some senders cut the base64 text instead of the octets; then only the joined text decodes.
	if len(r.words) > 1 && !utf8.Valid(octets) && normalLabel(r.words[0].charset) == "utf-8" {
		if joined := r.joined(); utf8.Valid(joined) && len(joined) > 0 {
			octets = joined
		}
	}
	b.WriteString(decodeLabelled(octets, r.words[0].charset))
	r.words = r.words[:0]
}

// joined decodes the texts of a run of base64 words as one text, nil when the run is not that.
func (r *wordRun) joined() []byte {
	all := word{base64: true}
	for _, w := range r.words {
		if !w.base64 {
			return nil
		}
		all.text += w.text
	}
	return all.octets()
}

// octets undoes the transfer encoding of the word.
func (w word) octets() []byte {
	if w.base64 {
		out := make([]byte, len(w.text))
		var d Base64
		n, _ := d.Decode(out, []byte(w.text), true)
		return out[:n]
	}
	out := make([]byte, 0, len(w.text))
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(w.text) && isHex(w.text[i+1]) && isHex(w.text[i+2]):
			c = unhex(w.text[i+1])<<4 | unhex(w.text[i+2])
			i += 2
		}
		out = append(out, c)
	}
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// decodeLiteral decodes a piece of raw 8-bit text in the charset that the whole value looks like.
func decodeLiteral(part, whole, hint string) string {
	if utf8.ValidString(part) && !strings.Contains(part, "\x1b$") {
		return part
	}
	return decodeRaw([]byte(part), []byte(whole), hint)
}
