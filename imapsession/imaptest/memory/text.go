package memory

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// maxText is how much of one part is looked at by SEARCH, in octets as sent.
const maxText = 4 << 20

// decodeHeader decodes the encoded words of a header field; unknown charsets stay as they are.
func decodeHeader(value string) string {
	decoder := mime.WordDecoder{CharsetReader: charset.NewReaderLabel}
	if s, err := decoder.DecodeHeader(value); err == nil {
		return s
	}
	return value
}

// eachText calls f with the decoded text of each text part, headers of enclosed messages too, until f says false.
func (c *content) eachText(f func(text string) bool) { c.texts(c.structure(), f) }

func (c *content) texts(p *part, f func(string) bool) bool {
	for _, child := range p.parts {
		if !c.texts(child, f) {
			return false
		}
	}
	switch {
	case p.message != nil:
		return f(p.message.headerText()) && c.texts(p.message, f)
	case len(p.parts) == 0 && strings.EqualFold(p.mediaType, "text"):
		return f(c.text(p, maxText))
	}
	return true
}

func (p *part) headerText() string {
	var b strings.Builder
	for _, f := range p.fields {
		b.WriteString(f.name + ": " + decodeHeader(f.value) + "\n")
	}
	return b.String()
}

// text is a text part in UTF-8, HTML without its markup, of at most limit octets as sent.
func (c *content) text(p *part, limit int64) string {
	raw := c.read(p.body, min(p.end, p.body+limit))
	decoded := decodeTransfer(p.get("Content-Transfer-Encoding"), raw)
	label := paramValue(p.params, "charset")
	text := string(decoded)
	if enc, _ := charset.Lookup(label); enc != nil {
		if b, err := enc.NewDecoder().Bytes(decoded); err == nil {
			text = string(b)
		}
	}
	if strings.EqualFold(p.subtype, "html") {
		text = htmlText(text)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// decodeTransfer undoes a transfer encoding as far as it is sound.
func decodeTransfer(encoding string, raw []byte) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		clean := bytes.Map(func(r rune) rune {
			if r < ' ' || r == ' ' || r == '=' {
				return -1
			}
			return r
		}, raw)
		out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
		n, _ := base64.RawStdEncoding.Decode(out, clean)
		return out[:n]
	case "quoted-printable":
		out, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
		return out
	}
	return raw
}

// htmlText is what of a document a person reads.
func htmlText(document string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(document))
	hidden := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			if name, _ := z.TagName(); isHidden(string(name)) {
				hidden++
			}
			b.WriteByte(' ')
		case html.EndTagToken:
			if name, _ := z.TagName(); isHidden(string(name)) && hidden > 0 {
				hidden--
			}
			b.WriteByte(' ')
		}
	}
}

func isHidden(tag string) bool { return tag == "style" || tag == "script" || tag == "title" }

// maxPreview is what RFC 8970 allows, in characters.
const maxPreview = 200

// preview is the beginning of the message's text on one line, "" when it has none.
func (c *content) preview() string {
	preview := ""
	c.eachText(func(text string) bool {
		preview = oneLine(text)
		return preview == ""
	})
	return preview
}

// oneLine drops quoted lines, folds white space and cuts at maxPreview.
func oneLine(text string) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, ">") {
			continue
		}
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u034f' || r == '\u200c' }) {
			if n > 0 && n < maxPreview {
				b.WriteByte(' ')
				n++
			}
			length := utf8.RuneCountInString(word)
			if n+length > maxPreview {
				b.WriteString(string([]rune(word)[:maxPreview-n]))
				return b.String()
			}
			b.WriteString(word)
			n += length
		}
	}
	return b.String()
}
