package mailhtml

import (
	"strings"
	"unicode/utf8"
)

const (
	maxQuote     = 30   // quote levels told apart
	maxTextLinks = 5000 // links found in one text
	maxSignature = 12   // lines after a "--" that lost its space, for it to be a signature
)

// Block is a run of lines of a plain text at one quote level.
type Block struct {
	Depth     int // 0: the sender's own words; n: quoted n times
	Signature bool
	Lines     []Line
}

// Line is one line (a whole paragraph when the text flows, RFC 3676). An empty one is a blank line.
type Line []Span

// Span is text, or a link when Href is set. Warn, when set, is the host the link really leads to, to be shown beside it.
type Span struct{ Text, Href, Warn string }

// TextOptions say how a text/plain part is to be read.
type TextOptions struct {
	Flowed bool // format=flowed
	DelSp  bool // delsp=yes
	Mailto func(mailto string) string
}

// Text cuts a plain text into blocks: paragraphs joined, quotes and signature told apart, links found. The line that starts a signature ("-- ") is its
// block's first. It takes time in proportion to the text, and keeps all of it but control characters and the marks of quoting.
func Text(text string, opts TextOptions) []Block {
	t := textReader{opts: opts}
	lines := strings.Split(plainText(text), "\n")
	if n := len(lines); n > 0 && lines[n-1] == "" {
		lines = lines[:n-1]
	}
	for i, line := range lines {
		depth, rest := quoteDepth(line, opts.Flowed)
		separator := rest == "-- " || rest == "--" && len(lines)-i <= maxSignature && i > 0
		if t.open && (depth != t.depth || separator) {
			t.endParagraph()
		}
		if separator || depth != t.depth {
			t.signature = separator
		}
		t.depth = depth
		flows := opts.Flowed && !separator && strings.HasSuffix(rest, " ")
		if flows && opts.DelSp {
			rest = rest[:len(rest)-1]
		}
		t.paragraph.WriteString(rest)
		t.open = true
		if !flows {
			t.endParagraph()
		}
	}
	t.endParagraph()
	return t.blocks
}

// textReader gathers paragraphs into blocks.
type textReader struct {
	opts      TextOptions
	blocks    []Block
	paragraph strings.Builder
	open      bool // a paragraph has begun, be it with nothing
	depth     int
	signature bool
	links     int
}

func (t *textReader) endParagraph() {
	if !t.open {
		return
	}
	line := t.spans(t.paragraph.String())
	t.paragraph.Reset()
	t.open = false
	if n := len(t.blocks); n > 0 && t.blocks[n-1].Depth == t.depth && t.blocks[n-1].Signature == t.signature {
		t.blocks[n-1].Lines = append(t.blocks[n-1].Lines, line)
		return
	}
	t.blocks = append(t.blocks, Block{Depth: t.depth, Signature: t.signature, Lines: []Line{line}})
}

// plainText makes line ends one kind and takes out controls and what turns text around.
func plainText(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r < 0xa0, r == 0x202d, r == 0x202e, r == 0xfeff:
			return -1
		}
		return r
	}, text)
}

// quoteDepth counts the marks of quoting in front of a line. Flowed text has them without spaces between, and one space of stuffing after (RFC 3676
// section 4.4 and 4.5); elsewhere people and programs write "> > ".
func quoteDepth(line string, flowed bool) (depth int, rest string) {
	if !flowed && strings.HasPrefix(line, ">From ") {
		return 0, line[1:] // as mbox files escape it
	}
	rest = line
	for {
		switch {
		case strings.HasPrefix(rest, ">"):
			rest = rest[1:]
		case !flowed && depth > 0 && strings.HasPrefix(rest, " >"):
			rest = rest[2:]
		default:
			if flowed || depth > 0 {
				rest = strings.TrimPrefix(rest, " ")
			}
			return min(depth, maxQuote), rest
		}
		depth++
	}
}

// spans finds the links of a line.
func (t *textReader) spans(line string) Line {
	var out Line
	from := 0 // of the text that isn't in out yet
	put := func(start, end int, s Span) {
		if start > from {
			out = append(out, Span{Text: line[from:start]})
		}
		s.Text = line[start:end]
		out = append(out, s)
		from = end
		t.links++
	}
	for i := 0; i < len(line) && t.links < maxTextLinks; {
		switch line[i] | 0x20 {
		case 'h', 'w', 'm':
			if !startsLink(line, i) {
				i++
				continue
			}
			end := linkEnd(line, i)
			if s, ok := t.link(line[i:end]); ok {
				put(i, end, s)
			}
			i = max(end, i+1)
		case '@' | 0x20:
			start, end := mailAddress(line, i, from)
			if end > start && line[i] == '@' {
				put(start, end, Span{Href: t.mailto("mailto:" + line[start:end])})
				i = end
				continue
			}
			i++
		default:
			i++
		}
	}
	if from < len(line) {
		out = append(out, Span{Text: line[from:]})
	}
	return out
}

// startsLink says whether an address begins at i, at the start of a word.
func startsLink(line string, i int) bool {
	rest := line[i:min(len(line), i+8)]
	web := hasPrefixFold(rest, "http://") || hasPrefixFold(rest, "https://")
	if !web && !hasPrefixFold(rest, "www.") && !hasPrefixFold(rest, "mailto:") {
		return false
	}
	if i == 0 {
		return true
	}
	before := line[i-1]
	if before|0x20 >= 'a' && before|0x20 <= 'z' || before >= '0' && before <= '9' || before >= utf8.RuneSelf && !web {
		return false
	}
	return web || strings.IndexByte(".-/@_=", before) < 0
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// linkEnd finds where the address that begins at start ends: before white space, quotes and angle brackets, without the punctuation of the sentence
// around it, and without a closing bracket that it didn't open.
func linkEnd(line string, start int) int {
	end := start
	depth := map[byte]int{}
	for end < len(line) {
		c := line[end]
		if c <= ' ' || strings.IndexByte("<>\"`|\\^{}", c) >= 0 {
			break
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(line[end:])
			if invisible(r) || r == 0xa0 || r == 0x3000 || strings.ContainsRune("「」『』【】《》（），。、；：！？“”„«»…", r) {
				break
			}
			end += size
			continue
		}
		switch c {
		case '(', '[':
			depth[c]++
		case ')':
			depth['(']--
		case ']':
			depth['[']--
		}
		end++
	}
	for end > start {
		switch c := line[end-1]; c {
		case '.', ',', ';', ':', '!', '?', '\'', '*', '_', '~':
		case ')':
			if depth['('] >= 0 {
				return end
			}
			depth['(']++
		case ']':
			if depth['['] >= 0 {
				return end
			}
			depth['[']++
		default:
			return end
		}
		end--
	}
	return end
}

func (t *textReader) link(text string) (Span, bool) {
	to, ok := parseLink(text)
	if !ok || to.scheme == "tel" || len(to.host) > 0 && !strings.Contains(to.host, ".") && !strings.Contains(to.host, ":") && to.host != "localhost" {
		return Span{}, false
	}
	if to.scheme == "mailto" {
		return Span{Href: t.mailto(to.href)}, true
	}
	s := Span{Href: to.href}
	// The text is the address, so the reader sees where it leads, but for a host that is written in other letters or stands behind an "@".
	_, shown, found := strings.Cut(strings.ToLower(text), "://")
	if !found {
		shown = strings.ToLower(text)
	}
	if after, ok := strings.CutPrefix(shown, to.host); !ok || after != "" && strings.IndexByte(":/?#", after[0]) < 0 || strings.Contains(shown[:authorityEnd(shown)], "@") {
		s.Warn = to.show
	}
	return s, true
}

func authorityEnd(s string) int {
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		return i
	}
	return len(s)
}

func (t *textReader) mailto(address string) string {
	if t.opts.Mailto != nil {
		return t.opts.Mailto(address)
	}
	return address
}

// mailAddress gives the bounds of the mail address around the @ at i, not before from; start == end when it is none.
func mailAddress(line string, i, from int) (start, end int) {
	start, end = i, i+1
	for start > from && i-start < 64 && localChar(line[start-1]) {
		start--
	}
	for start < i && line[start] == '.' {
		start++
	}
	for end < len(line) && end-i < 254 && (isAlphanumeric(line[end]) || line[end] == '-' || line[end] == '.') {
		end++
	}
	for end > i+1 && !isAlphanumeric(line[end-1]) {
		end--
	}
	domain := line[i+1 : end]
	dot := strings.LastIndexByte(domain, '.')
	if start == i || dot < 1 || len(domain)-dot < 3 || strings.Contains(domain, "..") || strings.Trim(domain[dot+1:], "0123456789-") == "" {
		return i, i
	}
	return start, end
}

func localChar(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("._%+-=", c) >= 0 }

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
