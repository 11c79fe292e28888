package wire

import (
	"bytes"
	"strconv"
)

// UnusableStructure is the media type, and the subtype, of a part that stands
// for one whose structure could not be read: of the whole message when it is at
// the root, else of one part, or of the message inside a message/rfc822 part.
// Its number is right, so that BODY[number] can be fetched all the same.
const UnusableStructure = "x-godwit-unusable"

const (
	unusableBody = `("` + UnusableStructure + `" "` + UnusableStructure + `" NIL NIL NIL "7BIT" 0)`
	emptyText    = `("text" "plain" NIL NIL NIL "7BIT" 0 0)`
	emptyEnv     = `(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)`
)

// appendBody prints a BODYSTRUCTURE in the form that imapclient reads.
func appendBody(out []byte, v value, depth int) []byte {
	if v.kind != listValue || len(v.list) == 0 || depth >= maxDepth {
		return append(out, unusableBody...)
	}
	l := v.list
	switch {
	case l[0].kind == listValue && len(l[0].list) > 0:
		return appendMultipart(out, l, depth)
	case isEmptyMultipart(l):
		return appendEmptyMultipart(out, l)
	case len(l) >= 2:
		return appendSinglePart(out, l, depth)
	}
	return append(out, unusableBody...)
}

// isEmptyMultipart recognises the forms that servers give a multipart without
// parts. QUIRK: Exchange and Gmail write ("mixed" ("boundary" "x") NIL NIL) and
// ("RELATED" NIL ("ATTACHMENT" NIL) NIL), others (NIL "mixed" ...) or (() "mixed" ...).
func isEmptyMultipart(l []value) bool {
	if l[0].kind == listValue {
		return true
	}
	if l[0].kind == nilValue {
		return len(l) >= 2 && l[1].isText() && !isPartSize(l)
	}
	return len(l) == 1 || l[1].kind == listValue || l[1].kind == nilValue && !isPartSize(l)
}

// isPartSize reports whether l has the size that a single part has at its
// place, or at least the length of one.
func isPartSize(l []value) bool {
	if len(l) < 7 {
		return false
	}
	_, ok := parseNumber(l[6].text, 1<<64-1)
	return ok || len(l) > 7
}

// appendEmptyMultipart prints a multipart that holds one empty text: an empty
// one can not be said, and this is what a reader would show for it.
func appendEmptyMultipart(out []byte, l []value) []byte {
	if l[0].kind != stringValue && l[0].kind != atomValue {
		l = l[1:]
	}
	out = append(append(out, '('), emptyText...)
	return appendMultipartEnd(out, l)
}

func appendMultipart(out []byte, l []value, depth int) []byte {
	parts, end := splitMultipart(l)
	out = append(out, '(')
	for _, part := range parts {
		out = appendBody(out, part, depth+1) // NIL for a part that is lost: its number stays taken
	}
	return appendMultipartEnd(out, end)
}

// splitMultipart separates the parts from what begins with the subtype, which
// is missing or NIL with some servers.
func splitMultipart(l []value) (parts, end []value) {
	for i, v := range l {
		if v.isText() {
			return l[:i], l[i:]
		}
	}
	n := 0
	for n < len(l) && l[n].kind == listValue {
		n++
	}
	end = []value{{kind: stringValue, text: []byte("mixed")}}
	if n < len(l) {
		end = append(end, l[n+1:]...)
	}
	return l[:n], end
}

// appendMultipartEnd prints subtype, parameters, disposition, language and
// location, and the closing parenthesis.
func appendMultipartEnd(out []byte, l []value) []byte {
	out = append(out, ' ')
	if len(l) == 0 || !l[0].isText() {
		return append(out, `"mixed")`...)
	}
	out = appendString(out, l[0].text)
	if len(l) == 1 {
		return append(out, ')')
	}
	out = appendParams(append(out, ' '), l[1])
	return append(appendPartEnd(out, l[2:]), ')')
}

func appendSinglePart(out []byte, l []value, depth int) []byte {
	mediaType, subtype := mediaType(l[0], l[1])
	out = appendQuoted(append(out, '('), mediaType)
	out = appendQuoted(append(out, ' '), subtype)
	out = appendParams(append(out, ' '), at(l, 2))
	out = appendNString(append(out, ' '), at(l, 3))
	out = appendNString(append(out, ' '), at(l, 4))
	out = appendEncoding(append(out, ' '), at(l, 5))
	out = append(out, ' ')
	out = strconv.AppendUint(out, min(size(at(l, 6)), most32), 10)
	rest := l[min(7, len(l)):]
	switch partKind(quote(mediaType), quote(subtype)) {
	case textPart:
		out, rest = appendLines(out, rest)
	case messagePart:
		out, rest = appendMessage(out, rest, depth)
	}
	if len(rest) > 0 {
		out = appendNString(append(out, ' '), rest[0])
		out = appendPartEnd(out, rest[1:])
	}
	return append(out, ')')
}

func quote(s string) []byte { return appendQuoted(nil, s) }

// at is l[i], or NIL beyond the end.
func at(l []value, i int) value {
	if i < len(l) {
		return l[i]
	}
	return value{}
}

// mediaType fills in what a server left out: text for a subtype that only text
// has, RFC 2045's default for nothing at all, bytes of no known type otherwise.
func mediaType(typ, subtype value) (string, string) {
	t, s := token(typ), token(subtype)
	switch {
	case t == "" && s == "":
		return "text", "plain"
	case t == "" && (subtype.is("plain") || subtype.is("html")):
		return "text", s
	case t == "":
		return "application", s
	case s == "" && typ.is("text"):
		return t, "plain"
	case s == "" && typ.is("message"):
		return t, "rfc822"
	case s == "":
		return t, "octet-stream"
	}
	return t, s
}

// token is the text of v, or "" for one with characters that no type has.
func token(v value) string {
	if s := string(v.text); fitsQuotes(s) {
		return s
	}
	return ""
}

func appendEncoding(out []byte, v value) []byte {
	if !v.isText() || len(v.text) == 0 {
		return append(out, `"7BIT"`...)
	}
	return appendString(out, v.text)
}

// size reads a number of octets or lines; NIL, negative or otherwise odd is 0.
func size(v value) uint64 {
	n, ok := parseNumber(v.text, most63)
	if !ok && len(v.text) > 18 && isDigits(v.text) {
		return most63
	}
	return n
}

func isDigits(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, "0123456789")) == 0 }

// appendLines prints a text part's number of lines. QUIRK: it may be NIL, or
// missing altogether: then MD5 and disposition come one place earlier.
func appendLines(out []byte, rest []value) ([]byte, []value) {
	if len(rest) == 0 {
		return out, rest
	}
	missing := len(rest) >= 2 && rest[1].kind == listValue && !isDigits(rest[0].text)
	n := size(rest[0])
	if !missing {
		rest = rest[1:]
	}
	return strconv.AppendUint(append(out, ' '), n, 10), rest
}

// appendMessage prints envelope, structure and lines of a message/rfc822 part.
// QUIRK: some or all of the three are NIL or missing.
func appendMessage(out []byte, rest []value, depth int) ([]byte, []value) {
	if len(rest) == 0 {
		return out, rest
	}
	envelope, body, lines := value{}, value{}, uint64(0)
	if rest[0].kind == listValue || len(rest) >= 3 && at(rest, 1).kind != listValue || at(rest, 2).isText() {
		envelope, body = rest[0], at(rest, 1)
		lines = size(at(rest, 2))
		rest = rest[min(3, len(rest)):]
	}
	out = append(out, ' ')
	if envelope.kind == listValue && len(envelope.list) > 0 {
		out = appendEnvelope(out, envelope)
	} else {
		out = append(out, emptyEnv...)
	}
	out = appendBody(append(out, ' '), body, depth+1)
	return strconv.AppendUint(append(out, ' '), lines, 10), rest
}

// appendPartEnd prints disposition, language and location as far as they are
// there; what may follow nobody reads.
func appendPartEnd(out []byte, l []value) []byte {
	if len(l) > 0 {
		out = appendDisposition(append(out, ' '), l[0])
	}
	if len(l) > 1 {
		out = appendLanguage(append(out, ' '), l[1])
	}
	if len(l) > 2 {
		out = appendNString(append(out, ' '), l[2])
	}
	return out
}

// appendDisposition prints ("attachment" (...)). QUIRK: a bare string, an empty
// list, no parameters.
func appendDisposition(out []byte, v value) []byte {
	typ, params := v, value{}
	if v.kind == listValue {
		typ, params = at(v.list, 0), at(v.list, 1)
	}
	if !typ.isText() {
		if params.kind != listValue || len(params.list) == 0 {
			return append(out, "NIL"...)
		}
		typ = value{kind: stringValue, text: []byte("attachment")} // it has a file name
	}
	out = appendString(append(out, '('), typ.text)
	out = appendParams(append(out, ' '), params)
	return append(out, ')')
}

func appendLanguage(out []byte, v value) []byte {
	if v.kind != listValue {
		return appendNString(out, v)
	}
	out = append(out, '(')
	n := 0
	for _, item := range v.list {
		if !item.isText() {
			continue
		}
		if n++; n > 1 {
			out = append(out, ' ')
		}
		out = appendString(out, item.text)
	}
	return append(out, ')')
}

// appendParams prints a parameter list. QUIRK: a NIL value is an empty one, a
// name without value gets one, a pair without name is lost.
func appendParams(out []byte, v value) []byte {
	n := 0
	for i := 0; i < len(v.list); i += 2 {
		name := v.list[i]
		if !name.isText() || len(name.text) == 0 || !fitsQuotes(string(name.text)) {
			continue
		}
		if n++; n == 1 {
			out = append(out, '(')
		} else {
			out = append(out, ' ')
		}
		out = appendQuoted(out, name.text)
		out = appendString(append(out, ' '), at(v.list, i+1).text)
	}
	if n == 0 {
		return append(out, "NIL"...)
	}
	return append(out, ')')
}

// appendEnvelope prints an ENVELOPE with all its ten fields.
func appendEnvelope(out []byte, v value) []byte {
	out = appendNString(append(out, '('), at(v.list, 0))
	out = appendNString(append(out, ' '), at(v.list, 1))
	for i := 2; i < 8; i++ {
		out = appendAddresses(append(out, ' '), at(v.list, i))
	}
	out = appendNString(append(out, ' '), at(v.list, 8))
	out = appendNString(append(out, ' '), at(v.list, 9))
	return append(out, ')')
}

// appendAddresses prints a list of addresses. QUIRK: a single address without
// the list around it; addresses with fewer than four fields; an empty list.
func appendAddresses(out []byte, v value) []byte {
	list := v.list
	if len(list) > 0 && list[0].kind != listValue {
		list = []value{v}
	}
	n := 0
	for _, addr := range list {
		if addr.kind != listValue || len(addr.list) == 0 {
			continue
		}
		if n++; n == 1 {
			out = append(out, '(')
		}
		out = append(out, '(')
		for i := range 4 {
			if i > 0 {
				out = append(out, ' ')
			}
			out = appendNString(out, at(addr.list, i))
		}
		out = append(out, ')')
	}
	if n == 0 {
		return append(out, "NIL"...)
	}
	return append(out, ')')
}
