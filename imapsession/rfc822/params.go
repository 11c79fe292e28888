package rfc822

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxParams       = 200 // parameters of one field
	maxContinuation = 500 // pieces of one parameter (RFC 2231 section 3)
)

// ParseMediaType reads a Content-Type or Content-Disposition value: the type in lower case ("" when there is none) and its parameters, keys in
// lower case and values decoded (see DecodeParams). Missing semicolons, blanks in unquoted values, quotation marks inside quoted ones, comments and
// junk are let pass; of two parameters of one name the first counts. That the type holds a slash is not checked.
func ParseMediaType(value string) (mediaType string, params map[string]string) {
	mediaType, raw := parseParams(value)
	return mediaType, DecodeParams(raw)
}

// parseParams is ParseMediaType with the parameters as they were written.
func parseParams(value string) (mediaType string, raw map[string]string) {
	raw = map[string]string{}
	rest := strings.TrimLeft(value, " \t\r\n;\"")
	end := strings.IndexAny(rest, "; \t\r\n\"(,=")
	if end < 0 {
		end = len(rest)
	}
	mediaType = strings.ToLower(rest[:end])
	if end < len(rest) && rest[end] == '=' { // no type at all
		mediaType, end = "", 0
	} else if slash := strings.TrimLeft(rest[end:], " \t"); strings.HasPrefix(slash, "/") && !strings.Contains(mediaType, "/") { // "text / plain"
		sub := strings.TrimLeft(slash[1:], " \t")
		n := strings.IndexAny(sub, "; \t\r\n\"(")
		if n < 0 {
			n = len(sub)
		}
		mediaType, rest, end = mediaType+"/"+strings.ToLower(sub[:n]), sub, n
	}
	mediaType = strings.TrimSuffix(mediaType[:tokenEnd(mediaType)], "/")
	rest = rest[end:]
	for len(rest) > 0 && len(raw) < maxParams {
		rest = oneParam(rest, raw)
	}
	return mediaType, raw
}

// tokenEnd is where s stops to be a media type: tokens (RFC 2045 section 5.1) and slashes.
func tokenEnd(s string) int {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"[]?=`, c) >= 0 {
			return i
		}
	}
	return len(s)
}

// oneParam reads one "name=value" from the start of s into raw and returns what is left. It always takes something.
func oneParam(s string, raw map[string]string) string {
	s = strings.TrimLeft(s, " \t\r\n;,\"")
	if strings.HasPrefix(s, "(") {
		if end := closingParen(s[:min(len(s), 1000)], 0); end > 0 {
			return s[end+1:]
		}
	}
	i := strings.IndexAny(s, "=; \t\r\n")
	if i < 0 {
		return ""
	}
	name := strings.ToLower(s[:i])
	after := strings.TrimLeft(s[i:], " \t\r\n")
	if name == "" || !strings.HasPrefix(after, "=") {
		return s[max(i, 1):]
	}
	value, rest := paramValue(strings.TrimLeft(after[1:], " \t\r\n"), strings.HasPrefix(name, "filename") || strings.HasPrefix(name, "name"))
	if _, dup := raw[name]; !dup && validParamName(name) {
		raw[name] = value
	}
	return rest
}

func validParamName(name string) bool {
	for i := 0; i < len(name); i++ {
		if name[i] <= ' ' || name[i] >= 0x7f {
			return false
		}
	}
	return name != "" && len(name) < 100
}

// paramValue reads a value and returns what follows it.
func paramValue(s string, isName bool) (value, rest string) {
	if strings.HasPrefix(s, `"`) {
		return quotedValue(s[1:])
	}
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	value = s[:end]
	// A parameter that follows without a semicolon ends the value.
	for at := 0; ; {
		i := strings.IndexAny(value[at:], " \t\r\n")
		if i < 0 {
			break
		}
		at += i + 1
		if knownParam(value[at:]) {
			end = at
			value = value[:at]
			break
		}
	}
	value = strings.TrimSpace(value)
	if i := strings.IndexByte(value, '('); i > 0 && !isName && strings.HasSuffix(value, ")") {
		value = strings.TrimSpace(value[:i])
	}
	return strings.TrimSuffix(value, `"`), s[end:]
}

// quotedValue reads up to the closing quotation mark. Only \" and \\ are pairs: names with Windows paths are not escaped by their senders.
func quotedValue(s string) (value, rest string) {
	var b strings.Builder
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			// QUIRK: a path that ends in \" is an unescaped backslash before the end.
			if s[i+1] == '"' && endsValue(s[i+2:]) && !strings.Contains(s[i+2:], `"`) {
				b.WriteByte(c)
				continue
			}
			i++
			b.WriteByte(s[i])
			continue
		}
		if c == '"' && (endsValue(s[i+1:]) || !quoteAhead(s[i+1:])) {
			return b.String(), s[i+1:]
		}
		if c == ';' && knownParam(strings.TrimLeft(s[i+1:], " \t\r\n")) && !quoteAhead(s[i+1:]) {
			break // the closing mark was forgotten
		}
		b.WriteByte(c)
	}
	return b.String(), s[i:]
}

// endsValue reports whether s can follow a closing quotation mark.
func endsValue(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	return s == "" || s[0] == ';' || s[0] == ',' || s[0] == '(' || knownParam(s)
}

// quoteAhead reports whether a quotation mark that ends a value comes before the next semicolon.
func quoteAhead(s string) bool {
	s = s[:min(len(s), 1000)]
	if i := strings.IndexByte(s, ';'); i >= 0 {
		s = s[:i]
	}
	i := strings.LastIndexByte(s, '"')
	return i >= 0 && strings.TrimRight(s[i+1:], " \t\r\n") == ""
}

// knownParam reports whether s begins with a parameter that mail uses: what tells a forgotten semicolon from a name with blanks.
func knownParam(s string) bool {
	i := strings.IndexByte(s[:min(len(s), 40)], '=')
	if i < 0 {
		return false
	}
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimRight(s[:i], " \t")), "*")
	switch name {
	case "charset", "name", "filename", "boundary", "format", "delsp", "type", "start", "start-info", "size", "method", "protocol", "micalg",
		"report-type", "reply-type", "creation-date", "modification-date", "read-date", "access-type", "number", "total", "id", "smime-type",
		"x-mac-type", "x-mac-creator", "x-unix-mode", "component", "url", "x-apple-part-url":
		return true
	}
	return false
}

// DecodeParams decodes a parameter list as BODYSTRUCTURE gives it: RFC 2231 continuations and charsets (keys like "filename*0*"), encoded words
// in values, raw 8-bit text. Keys come back in lower case and without stars; "x*" and "x*0" win over "x". A boundary is left as it is.
// Decoding a decoded list again changes nothing but names that really hold the text of an encoded word. What comes back may be shared: it is not to be changed.
func DecodeParams(raw map[string]string) map[string]string {
	if len(raw) == 1 {
		if shared, ok := onlyCharset[raw["charset"]]; ok {
			return shared
		}
	}
	params := make(map[string]string, len(raw))
	pieces := map[string]map[int]piece{}
	for key, value := range raw {
		key = strings.ToLower(key)
		base, section, starred := strings.Cut(key, "*")
		if base == "" {
			continue
		}
		if !starred {
			params[key] = decodePlainParam(key, value)
			continue
		}
		extended := section == "" || strings.HasSuffix(section, "*")
		n, err := strconv.Atoi(strings.TrimSuffix(section, "*"))
		if section == "" {
			n = -1
		} else if err != nil || n < 0 || n >= maxContinuation {
			continue
		}
		if pieces[base] == nil {
			pieces[base] = map[int]piece{}
		}
		pieces[base][n] = piece{value, extended}
	}
	for base, list := range pieces {
		if value, ok := joinPieces(base, list); ok {
			params[base] = value
		}
	}
	return params
}

// onlyCharset holds the lists that most text parts have, by the charset: a session remembers thousands of parts, and a map each was a tenth of all memory.
var onlyCharset = map[string]map[string]string{
	"utf-8": {"charset": "utf-8"}, "UTF-8": {"charset": "UTF-8"}, "us-ascii": {"charset": "us-ascii"}, "US-ASCII": {"charset": "US-ASCII"},
	"iso-8859-1": {"charset": "iso-8859-1"}, "ISO-8859-1": {"charset": "ISO-8859-1"}, "windows-1252": {"charset": "windows-1252"},
}

// piece is one section of a continued parameter; section -1 is the whole in the extended form.
type piece struct {
	value    string
	extended bool
}

func joinPieces(base string, list map[int]piece) (string, bool) {
	if p, ok := list[-1]; ok {
		label, text := cutCharset(p.value)
		return decodeLabelled(percentDecode(text), label), text != ""
	}
	first := 0
	if _, ok := list[0]; !ok {
		first = 1 // some senders count from one
	}
	var octets []byte
	label, extended := "", false
	for n := first; ; n++ {
		p, ok := list[n]
		if !ok {
			break
		}
		text := p.value
		if p.extended {
			extended = true
			if n == first {
				label, text = cutCharset(text)
			}
			octets = append(octets, percentDecode(text)...)
			continue
		}
		octets = append(octets, text...)
	}
	if !extended {
		return decodePlainParam(base, string(octets)), len(octets) > 0
	}
	return decodeLabelled(octets, label), len(octets) > 0
}

// decodePlainParam decodes a value that carries no charset of its own.
func decodePlainParam(key, value string) string {
	if key == "boundary" {
		return value
	}
	// QUIRK: filename="UTF-8''na%C3%AFve.txt" without the star.
	if label, text := cutCharset(value); label != "" && strings.Contains(text, "%") && knownLabel(label) {
		return decodeLabelled(percentDecode(text), label)
	}
	return DecodeWords(value)
}

// cutCharset splits "charset'language'text". Without two apostrophes all of it is text.
func cutCharset(s string) (label, text string) {
	s = strings.Trim(s, `"`)
	label, rest, ok := strings.Cut(s, "'")
	if !ok {
		return "", s
	}
	_, text, ok = strings.Cut(rest, "'")
	if !ok || len(label) > 60 || strings.ContainsAny(label, " %") {
		return "", s
	}
	return label, text
}

// percentDecode decodes %XX; anything else stays.
func percentDecode(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// asciiOnly reports whether s holds only printable ASCII.
func asciiOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= utf8.RuneSelf || s[i] == 0x7f {
			return false
		}
	}
	return true
}
