package wire

import "bytes"

// cleanBody wants a BODY or BODYSTRUCTURE (RFC 3501 section 7.4.2).
func cleanBody(b []byte, i, depth int) int {
	i = one(b, i, '(')
	if i < 0 || i >= len(b) || depth > maxDepth {
		return -1
	}
	if b[i] == '(' {
		return cleanMultipart(b, i, depth)
	}
	return cleanSinglePart(b, i, depth)
}

func cleanMultipart(b []byte, i, depth int) int {
	for i >= 0 && i < len(b) && b[i] == '(' {
		i = cleanBody(b, i, depth+1)
		if i >= 0 && i+1 < len(b) && b[i] == ' ' && b[i+1] == '(' {
			i++
		}
	}
	i = str(b, space(b, i))
	if next := space(b, i); next >= 0 {
		return cleanPartEnd(b, cleanParams(b, next))
	}
	return one(b, i, ')')
}

func cleanSinglePart(b []byte, i, depth int) int {
	typeEnd := str(b, i)
	subtype := space(b, typeEnd)
	subtypeEnd := str(b, subtype)
	if subtypeEnd < 0 || b[i] != '"' || b[subtype] != '"' || bytes.IndexByte(b[i:subtypeEnd], '\\') >= 0 {
		return -1
	}
	kind := partKind(b[i:typeEnd], b[subtype:subtypeEnd])
	i = cleanParams(b, space(b, subtypeEnd))
	i = nstring(b, space(b, i))        // id
	i = nstring(b, space(b, i))        // description
	i = nstring(b, space(b, i))        // encoding
	i = number(b, space(b, i), most32) // octets
	if end := one(b, i, ')'); end >= 0 {
		return end
	}
	switch kind {
	case textPart:
		i = number(b, space(b, i), most63)
	case messagePart:
		i = cleanEnvelope(b, space(b, i))
		i = cleanBody(b, space(b, i), depth+1)
		i = number(b, space(b, i), most63)
	}
	if next := space(b, i); next >= 0 { // MD5, and what follows it
		return cleanPartEnd(b, nstring(b, next))
	}
	return one(b, i, ')')
}

type kindOfPart int

const (
	otherPart kindOfPart = iota
	textPart
	messagePart // message/rfc822 or message/global: with envelope, structure and lines
)

// partKind reads type and subtype as they stand there, in quotes.
func partKind(mediaType, subtype []byte) kindOfPart {
	switch {
	case len(mediaType) == 6 && bytes.EqualFold(mediaType, []byte(`"text"`)):
		return textPart
	case len(mediaType) == 9 && bytes.EqualFold(mediaType, []byte(`"message"`)) &&
		(bytes.EqualFold(subtype, []byte(`"rfc822"`)) || bytes.EqualFold(subtype, []byte(`"global"`))):
		return messagePart
	}
	return otherPart
}

// cleanPartEnd wants what may follow a part's MD5 or a multipart's parameters:
// disposition, language, location, anything, and the closing parenthesis.
func cleanPartEnd(b []byte, i int) int {
	if end := one(b, i, ')'); end >= 0 {
		return end
	}
	i = cleanDisposition(b, space(b, i))
	if next := space(b, i); next >= 0 {
		i = cleanLanguage(b, next)
		if next := space(b, i); next >= 0 {
			i = nstring(b, next)
			for next := space(b, i); next >= 0; next = space(b, i) {
				i = anyValue(b, next)
			}
		}
	}
	return one(b, i, ')')
}

func cleanDisposition(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == 'N' {
		return null(b, i)
	}
	i = str(b, one(b, i, '('))
	return one(b, cleanParams(b, space(b, i)), ')')
}

func cleanLanguage(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == '(' {
		return list(b, i, str)
	}
	return nstring(b, i)
}

// cleanParams wants NIL or a list of names and values. imapclient takes an
// empty name for none at all, so that one is turned down.
func cleanParams(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == 'N' {
		return null(b, i)
	}
	return list(b, i, func(b []byte, i int) int {
		end := str(b, i)
		if end-i <= 2 || b[i] != '"' {
			return -1
		}
		return str(b, space(b, end))
	})
}

// cleanEnvelope wants an ENVELOPE.
func cleanEnvelope(b []byte, i int) int {
	i = nstring(b, one(b, i, '(')) // date
	i = nstring(b, space(b, i))    // subject
	for range 6 {                  // from, sender, reply-to, to, cc, bcc
		i = cleanAddresses(b, space(b, i))
	}
	i = nstring(b, space(b, i)) // in-reply-to
	i = nstring(b, space(b, i)) // message-id
	return one(b, i, ')')
}

func cleanAddresses(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == 'N' {
		return null(b, i)
	}
	i = one(b, i, '(')
	if i < 0 || i >= len(b) || b[i] != '(' {
		return -1
	}
	for i >= 0 && i < len(b) && b[i] == '(' {
		i = nstring(b, i+1)         // name
		i = nstring(b, space(b, i)) // route
		i = nstring(b, space(b, i)) // mailbox
		i = nstring(b, space(b, i)) // host
		i = one(b, i, ')')
		if i >= 0 && i+1 < len(b) && b[i] == ' ' && b[i+1] == '(' {
			i++
		}
	}
	return one(b, i, ')')
}
