package cards

import (
	"io"
	"mime/quotedprintable"
	"strings"

	"godwit/web/mailhtml"
)

const (
	maxInput = 1 << 20  // bytes of a part that are looked at
	maxLine  = 64 << 10 // bytes of one unfolded line; longer ones (embedded photos) are left out
	maxLines = 20_000
	maxName  = 200     // bytes of a name or title
	maxText  = 8 << 10 // bytes of a description or note
)

// contentLine is "NAME;PARAM=value:value" (RFC 5545 section 3.1, RFC 6350 section 3.3).
type contentLine struct {
	name   string // upper case, without a vCard's group
	params map[string]string
	value  string // as it stands, escapes included
}

// contentLines unfolds and cuts b into lines. What isn't one is left out.
func contentLines(b []byte) []contentLine {
	text := strings.TrimPrefix(string(b[:min(len(b), maxInput)]), "\ufeff")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	var lines []contentLine
	for len(text) > 0 && len(lines) < maxLines {
		var line string
		line, text = nextLine(text)
		if l, ok := parseLine(line); ok {
			lines = append(lines, l)
		}
	}
	return lines
}

// nextLine cuts off one unfolded line. The soft line breaks of vCard 2.1's quoted-printable values belong to it too.
func nextLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	var whole strings.Builder
	whole.WriteString(line)
	quoted := strings.Contains(strings.ToUpper(line[:min(len(line), 200)]), "QUOTED-PRINTABLE")
	for rest != "" {
		soft := quoted && strings.HasSuffix(line, "=")
		if !soft && rest[0] != ' ' && rest[0] != '\t' {
			break
		}
		line, rest, _ = strings.Cut(rest, "\n")
		if whole.Len() > maxLine {
			continue // too long to be of use; its rest still has to go
		}
		if soft {
			whole.WriteByte('\n')
			whole.WriteString(line)
		} else {
			whole.WriteString(line[1:])
		}
	}
	return whole.String(), rest
}

func parseLine(line string) (l contentLine, ok bool) {
	if len(line) > maxLine {
		return l, false
	}
	end := strings.IndexAny(line, ";:")
	if end <= 0 {
		return l, false
	}
	l.name = strings.ToUpper(strings.TrimSpace(line[:end]))
	if dot := strings.LastIndexByte(l.name, '.'); dot >= 0 {
		l.name = l.name[dot+1:] // "item1.EMAIL"
	}
	for line[end] == ';' {
		rest := line[end+1:]
		stop := paramEnd(rest)
		if stop == len(rest) {
			return l, false
		}
		name, value, found := strings.Cut(rest[:stop], "=")
		if !found {
			name, value = "TYPE", name // vCard 2.1: "TEL;WORK:"
			switch strings.ToUpper(value) {
			case "QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT":
				name = "ENCODING"
			}
		}
		l.set(strings.ToUpper(strings.TrimSpace(name)), strings.ReplaceAll(value, `"`, ""))
		end += 1 + stop
	}
	l.value = line[end+1:]
	if strings.EqualFold(l.params["ENCODING"], "QUOTED-PRINTABLE") {
		decoded, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(l.value)))
		l.value = string(decoded)
	}
	return l, true
}

// paramEnd finds the ";" or ":" that ends a parameter, not within quotes.
func paramEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			quoted = !quoted
		case ';', ':':
			if !quoted {
				return i
			}
		}
	}
	return len(s)
}

func (l *contentLine) set(name, value string) {
	if l.params == nil {
		l.params = map[string]string{}
	}
	if have := l.params[name]; have != "" {
		value = have + "," + value
	}
	if len(l.params) < 50 && len(value) < 4096 {
		l.params[name] = value
	}
}

// unescape undoes the backslashes of a text value.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\:`, ":").Replace(s)
}

// fields cuts a structured value at its unescaped semicolons.
func fields(s string) []string {
	var out []string
	from := 0
	for i := 0; i < len(s) && len(out) < 20; i++ {
		switch s[i] {
		case '\\':
			i++
		case ';':
			out = append(out, unescape(s[from:i]))
			from = i + 1
		}
	}
	return append(out, unescape(s[min(from, len(s)):]))
}

func name(s string) string { return mailhtml.OneLine(unescape(s), maxName) }
func text(s string) string { return mailhtml.Paragraphs(unescape(s), maxText) }
