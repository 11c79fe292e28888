package wire

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A mailbox name that is not modified UTF-7 (RFC 3501 section 5.1.3) must be
// shown, and must be sent back octet for octet. What cannot be told from the
// decoded characters alone is told by a mark behind the character: one of five
// variation selectors that are invisible and that no name has use for. Thus a
// name carries all that is needed to address the mailbox, on any connection and
// after any restart, and a name without marks is an ordinary one.
const (
	markOctet = '\U000E01EB' // the character before stands for one octet: of windows-1252, or a control character shown as its picture
	markUTF8  = '\U000E01EC' // the character before came as raw UTF-8
	markAmp   = '\U000E01ED' // the "&" before came alone, not as "&-"
	markShift = '\U000E01EE' // the base64 sequence ended behind the character before, and another began at once
	markSelf  = '\U000E01EF' // the mark that follows is a character of the name
)

func isMark(r rune) bool { return r >= markOctet && r <= markSelf }

// MailboxName is the name of the mailbox that the server calls raw, decoded as
// go-imap gives it: what LIST lists and what SELECT takes. It differs from
// plain modified UTF-7 decoding only for names that are not such.
func MailboxName(raw string) string {
	var out strings.Builder
	shifted := false // out ends with the characters of a base64 sequence
	for i := 0; i < len(raw); {
		ch := raw[i]
		if ch == '&' {
			if strings.HasPrefix(raw[i:], "&-") {
				out.WriteByte('&')
				i, shifted = i+2, false
				continue
			}
			seq, n, ok := decodeShift(raw[i:])
			if ok {
				if shifted {
					out.WriteRune(markShift)
				}
				writeMarked(&out, seq)
				i, shifted = i+n, true
				continue
			}
			out.WriteString("&" + string(markAmp))
			i, shifted = i+1, false
			continue
		}
		shifted = false
		if ch >= 0x20 && ch < 0x7f {
			out.WriteByte(ch)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(raw[i:])
		if n > 1 {
			writeMarked(&out, string(r))
			out.WriteRune(markUTF8)
		} else {
			out.WriteRune(octetRune(ch))
			out.WriteRune(markOctet)
			n = 1
		}
		i += n
	}
	return out.String()
}

// writeMarked writes the characters of a base64 sequence.
func writeMarked(out *strings.Builder, s string) {
	for _, r := range s {
		if isMark(r) {
			out.WriteRune(markSelf)
		}
		out.WriteRune(r)
	}
}

// WireName is the reverse of MailboxName: the octets that the server calls the
// mailbox by.
func WireName(name string) string {
	e := nameEncoder{}
	runes := []rune(name)
	for i := 0; i < len(runes); i++ {
		if runes[i] == markSelf && i+1 < len(runes) {
			i++
		}
		if i+1 < len(runes) && e.marked(runes[i], runes[i+1]) {
			i++
			continue
		}
		e.plain(runes[i])
	}
	e.flush()
	return e.out.String()
}

// ReadableName is name without the marks, for showing.
func ReadableName(name string) string {
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return -1
		}
		return r
	}, name)
}

// encodeName is name in modified UTF-7, marks taken as any character: what
// imapclient decodes to name again.
func encodeName(name string) string {
	e := nameEncoder{}
	for _, r := range name {
		e.plain(r)
	}
	e.flush()
	return e.out.String()
}

// nameEncoder writes modified UTF-7.
type nameEncoder struct {
	out   strings.Builder
	shift []rune // to be written as one base64 sequence
}

func (e *nameEncoder) plain(r rune) {
	switch {
	case r == '&':
		e.raw("&-")
	case r >= 0x20 && r < 0x7f:
		e.raw(string(r))
	default:
		e.shift = append(e.shift, r)
	}
}

func (e *nameEncoder) raw(s string) {
	e.flush()
	e.out.WriteString(s)
}

func (e *nameEncoder) flush() {
	if len(e.shift) > 0 {
		e.out.WriteString(encodeShift(e.shift))
		e.shift = e.shift[:0]
	}
}

// marked writes r as the mark behind it says. It returns false when mark is
// none that stands behind a character, or none for such a one.
func (e *nameEncoder) marked(r, mark rune) bool {
	switch mark {
	case markOctet:
		b, ok := runeOctet(r)
		if ok {
			e.raw(string([]byte{b}))
		}
		return ok
	case markUTF8:
		e.raw(string(r))
		return true
	case markAmp:
		if r == '&' {
			e.raw("&")
		}
		return r == '&'
	case markShift:
		if r >= 0x20 && r < 0x7f {
			return false
		}
		e.shift = append(e.shift, r)
		e.flush()
		return true
	}
	return false
}

const nameAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,"

var nameBase64 = base64.NewEncoding(nameAlphabet).WithPadding(base64.NoPadding)

var isNameBase64 = func() (t [256]bool) {
	for _, c := range nameAlphabet {
		t[c] = true
	}
	return t
}()

// encodeShift writes runes as a base64 sequence with its shifts.
func encodeShift(runes []rune) string {
	units := utf16.Encode(runes)
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = append(b, byte(u>>8), byte(u))
	}
	return "&" + nameBase64.EncodeToString(b) + "-"
}

// decodeShift reads the base64 sequence that s begins with and returns its
// characters and length. It must be what encodeShift makes of those, and hold
// none that could stand for itself: else the server would not know it again.
func decodeShift(s string) (string, int, bool) {
	end := 1
	for end < len(s) && isNameBase64[s[end]] {
		end++
	}
	if end < 2 || end == len(s) || s[end] != '-' {
		return "", 0, false
	}
	b, err := nameBase64.DecodeString(s[1:end])
	if err != nil || len(b)%2 != 0 {
		return "", 0, false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	runes := utf16.Decode(units)
	for _, r := range runes {
		if r >= 0x20 && r < 0x7f {
			return "", 0, false
		}
	}
	if encodeShift(runes) != s[:end+1] {
		return "", 0, false
	}
	return string(runes), end + 1, true
}

// isCanonicalName reports whether imapclient decodes name, and encodes it to
// the same octets again.
func isCanonicalName(name []byte) bool {
	amp := false
	for _, ch := range name {
		if ch < 0x20 || ch >= 0x7f {
			return false
		}
		amp = amp || ch == '&'
	}
	if !amp {
		return true
	}
	decoded := MailboxName(string(name))
	return !strings.ContainsFunc(decoded, isMark)
}

// windows1252 is what the octets 0x80 to 0x9f mean where Latin-1 is said; the
// five that mean nothing stay control characters.
var windows1252 = [32]rune{
	0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
}

// octetRune is how a raw octet is shown.
func octetRune(b byte) rune {
	switch {
	case b < 0x20:
		return 0x2400 + rune(b)
	case b == 0x7f:
		return 0x2421
	case b >= 0x80 && b < 0xa0:
		return windows1252[b-0x80]
	}
	return rune(b)
}

func runeOctet(r rune) (byte, bool) {
	switch {
	case r >= 0x2400 && r < 0x2420:
		return byte(r - 0x2400), true
	case r == 0x2421:
		return 0x7f, true
	case r >= 0xa0 && r <= 0xff:
		return byte(r), true
	}
	for i, w := range windows1252 {
		if w == r {
			return byte(0x80 + i), true
		}
	}
	return 0, false
}

// nameCommands take mailbox names; in the arguments of others, strings are
// left alone.
var nameCommands = map[string]bool{
	"SELECT": true, "EXAMINE": true, "CREATE": true, "DELETE": true, "RENAME": true, "SUBSCRIBE": true, "UNSUBSCRIBE": true,
	"LIST": true, "STATUS": true, "APPEND": true, "COPY": true, "UID COPY": true, "MOVE": true, "UID MOVE": true,
	"GETQUOTAROOT": true, "GETACL": true, "SETACL": true, "MYRIGHTS": true, "GETMETADATA": true, "SETMETADATA": true,
}

// sendNames sends a line of the client's in which mailbox names with marks are
// replaced by what the server calls them. It returns false, with nothing sent,
// when there are none.
func (c *Conn) sendNames(f *flight, line []byte) (bool, error) {
	if !nameCommands[f.name] || !strings.Contains(string(line), "&") {
		return false, nil
	}
	e := &encoder{literals: c.literals()}
	found := false
	for rest := string(trimEOL(line)); rest != ""; {
		q := strings.IndexByte(rest, '"')
		end := -1
		if q >= 0 {
			end = quoted([]byte(rest), q)
		}
		if end < 0 {
			e.atom(rest)
			break
		}
		e.atom(rest[:q])
		name := MailboxName(string(unquote([]byte(rest[q:end]))))
		marked := demark(name)
		if marked == "" {
			e.atom(rest[q:end])
		} else {
			found = true
			e.string(marked)
		}
		rest = rest[end:]
	}
	if !found {
		return false, nil
	}
	e.atom("\r\n")
	e.cut()
	c.out.pending = append(c.out.pending, e.pieces[0].wire...)
	for _, p := range e.pieces[1:] {
		head := append([]byte(nil), c.out.pending...)
		c.out.pending = c.out.pending[:0]
		plus, err := c.awaitPlus(f.tag, head)
		if err != nil || !plus {
			return true, err
		}
		c.out.pending = append(c.out.pending, p.wire...)
	}
	return true, nil
}

// demark turns a name that came from the client, in modified UTF-7 with the
// marks as characters of it (so decoding doubled them), into what the server
// calls the mailbox. It returns "" for a name without marks.
func demark(decoded string) string {
	if !strings.ContainsFunc(decoded, isMark) {
		return ""
	}
	runes := []rune(decoded)
	var name []rune
	for i := 0; i < len(runes); i++ {
		if runes[i] == markSelf && i+1 < len(runes) {
			i++
		}
		name = append(name, runes[i])
	}
	return WireName(string(name))
}
