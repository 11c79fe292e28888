package rfc822

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// PreviewText returns the beginning of a text as the one line that a message list shows: at most limit runes, with "…" when more would follow. What says
// nothing is left out: quotes and the line that introduces them, signatures, separators, addresses of links, the padding that newsletters
// put behind their hidden preview. Of HTML only what a reader would see counts, the hidden preview included. It is cleaned like
// Header.Text. The time is linear in len(text); the caller bounds it.
func PreviewText(text string, isHTML bool, limit int) string {
	for _, quotes := range []bool{false, true} { // a mail that is all quote is shown by it
		lines := text
		if isHTML {
			lines = visibleText(text, limit, quotes)
		}
		p := preview{limit: limit, quotes: quotes}
		for line := range strings.Lines(lines) {
			if p.line(strings.TrimSpace(line)) {
				break
			}
		}
		p.flush()
		if s := p.cut(); s != "" {
			return s
		}
	}
	return ""
}

// preview is a preview line being put together.
type preview struct {
	limit   int
	quotes  bool // show them
	text    strings.Builder
	pending string // a line that may introduce a quote
}

// line takes the next line of the text and reports whether there is enough.
func (p *preview) line(line string) (done bool) {
	switch {
	case line == "--": // the blank of "-- " is trimmed
		return true
	case p.quotes && (line != "" && line[0] == '>' || quotedBelow(line)):
		line = strings.TrimLeft(line, "> ")
	case strings.HasPrefix(line, ">"):
		p.pending = ""
		return false
	case quotedBelow(line):
		p.flush()
		return true
	case line == "":
		return false
	}
	p.flush()
	line = dropLinks(line[:min(len(line), 16*p.limit+4096)])
	if ornament(line) {
		return false
	}
	if attribution(line) {
		p.pending = line
		return false
	}
	p.add(line)
	// Four octets for a rune and as much again for what cleaning drops.
	return p.text.Len() > 8*p.limit+64
}

// flush adds the line that was held back: no quote followed it.
func (p *preview) flush() {
	if p.pending != "" {
		p.add(p.pending)
		p.pending = ""
	}
}

func (p *preview) add(s string) {
	if p.text.Len() > 0 {
		p.text.WriteByte(' ')
	}
	p.text.WriteString(s)
}

// cut returns the clean text within the limit, cut at a word where one ends near.
func (p *preview) cut() string {
	s := CleanText(dropPadding(p.text.String()))
	if utf8.RuneCountInString(s) <= p.limit {
		return s
	}
	if p.limit <= 1 {
		return ""
	}
	n := 0
	for i := range s {
		if n++; n == p.limit {
			s = s[:i]
			break
		}
	}
	if i := strings.LastIndexByte(s, ' '); i > len(s)*3/4 {
		s = s[:i]
	}
	// What ends in a combining sequence or a joiner was cut inside a character.
	s = strings.TrimRightFunc(s, func(r rune) bool { return r == ' ' || r == 0x200d })
	return s + "…"
}

// dropPadding drops runs of the invisible or blank characters with which senders push the text behind their preview out of sight.
func dropPadding(s string) string {
	if asciiOnly(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case 0x00a0, 0x2007, 0x202f, 0x2800:
			return ' '
		case 0x034f, 0x200b, 0xfeff, 0x00ad, 0x2060, 0x200e, 0x200f:
			return -1
		}
		return r
	}, s)
}

// ornament reports lines without a single letter or digit (rows of dashes, stars, boxes). Emoji alone are a message.
func ornament(line string) bool {
	for _, r := range line {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r >= 0x1f000 || r >= 0x2600 && r < 0x27c0 {
			return false
		}
	}
	return len(line) > 3 || line == ""
}

// quotedBelow reports the lines of programs that put the whole original below them.
func quotedBelow(line string) bool {
	if len(line) < 12 || len(line) > 100 {
		return false
	}
	if strings.IndexByte("-_=*", line[0]) < 0 {
		return false
	}
	switch strings.ToLower(strings.Trim(line, "-_= *")) {
	case "original message", "ursprüngliche nachricht", "message d'origine", "mensaje original", "messaggio originale", "oorspronkelijk bericht", "reply message":
		return true
	}
	return false
}

// attribution reports a line that introduces a quote, in the languages whose mail programs write one: "On <date> <name> wrote:".
func attribution(line string) bool {
	if len(line) > 300 || !strings.HasSuffix(line, ":") {
		return false
	}
	low := strings.ToLower(line)
	for _, verb := range []string{"wrote:", "writes:", "schrieb:", "a écrit :", "a écrit:", "escribió:", "ha scritto:", "schreef:", "escreveu:", "skrev:", "kirjoitti:", "napisał:", "napsal:", "пишет:", "написал:", "さんは書きました:", "写道:", "寫道:"} {
		if strings.HasSuffix(low, verb) {
			return true
		}
	}
	return strings.HasPrefix(low, "am ") && strings.Contains(low, " schrieb ") || strings.HasPrefix(low, "le ") && strings.Contains(low, " a écrit")
}

// dropLinks leaves out addresses in brackets behind their words, and long ones alone.
func dropLinks(line string) string {
	if !strings.Contains(line, "://") {
		return line
	}
	var b strings.Builder
	for len(line) > 0 {
		i := strings.Index(line, "://")
		if i < 0 {
			break
		}
		start := i
		for start > 0 && (line[start-1]|0x20 >= 'a' && line[start-1]|0x20 <= 'z') {
			start--
		}
		end := len(line)
		if n := strings.IndexAny(line[i:], " \t<>\")]"); n >= 0 {
			end = i + n
		}
		open := start > 0 && strings.IndexByte("<([", line[start-1]) >= 0
		switch {
		case open && end < len(line):
			b.WriteString(line[:start-1])
			end++
		case end-start > 60:
			b.WriteString(line[:start])
		default:
			b.WriteString(line[:end])
		}
		line = line[end:]
	}
	b.WriteString(line)
	return strings.TrimSpace(b.String())
}

// visibleText is the text of an HTML document up to some multiple of limit runes, a line for every block.
func visibleText(doc string, limit int, quotes bool) string {
	z := html.NewTokenizer(strings.NewReader(doc))
	var b strings.Builder
	skip := "" // the element whose content is not shown
	quote := 0 // blockquotes open
	for b.Len() < 16*limit+1024 {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if skip == "" && (quote == 0 || quotes) {
				oneLine(&b, html.UnescapeString(string(z.Raw())))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			raw, _ := z.TagName()
			name := string(raw)
			switch name {
			case "script", "style", "title", "textarea", "iframe", "xmp", "noembed", "noframes": // never empty: a slash before the ">" means nothing
				if skip == "" {
					skip = name
				}
			case "noscript", "template", "select", "svg", "math", "object":
				if skip == "" && kind == html.StartTagToken {
					skip = name
				}
			case "blockquote":
				quote++
			case "body": // an unclosed element of the head hides nothing of the body
				skip = ""
			}
			blockBreak(&b, name)
		case html.EndTagToken:
			raw, _ := z.TagName()
			name := string(raw)
			if name == skip {
				skip = ""
			}
			if name == "blockquote" && quote > 0 {
				quote--
			}
			blockBreak(&b, name)
		}
	}
	return b.String()
}

// oneLine writes text with its line ends as blanks, as HTML shows it.
func oneLine(b *strings.Builder, text string) {
	b.WriteString(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, text))
}

// blockBreak ends the line where an element begins or ends one.
func blockBreak(b *strings.Builder, name string) {
	switch name {
	case "br", "p", "div", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre", "section", "article", "header", "footer", "dd", "dt", "center":
		b.WriteByte('\n')
	case "td", "th":
		b.WriteByte(' ')
	}
}
