package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// status is a parsed OK, NO, BAD, BYE or PREAUTH, tagged or not.
type status struct {
	tag    string // "*" when untagged
	status string // upper case
	code   string // with its arguments, without brackets
	text   string
}

// parseStatus reads a status line tolerantly. A "[" that is never closed is text.
func parseStatus(seg []byte) status {
	line := cleanText(trimEOL(seg))
	var s status
	s.tag, line, _ = strings.Cut(line, " ")
	if len(s.tag) > 1 && s.tag[0] == '*' { // "*OK": the space is missing
		s.tag, line = "*", s.tag[1:]+" "+line
	}
	s.status, s.text, _ = strings.Cut(strings.TrimLeft(line, " "), " ")
	s.status = strings.ToUpper(s.status)
	if rest, ok := strings.CutPrefix(strings.TrimLeft(s.text, " "), "["); ok {
		if end := codeEnd(rest); end >= 0 {
			s.code = strings.TrimSpace(rest[:end])
			s.text = rest[end+1:]
		}
	}
	s.text = strings.TrimSpace(s.text)
	return s
}

// codeEnd finds the bracket that ends a response code: one outside quotes, and
// otherwise the first.
func codeEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ']' && !quoted:
			return i
		}
	}
	return strings.IndexByte(s, ']')
}

// cleanText turns control characters into spaces.
func cleanText(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, string(b))
}

// mendStatus returns the line for the client: seg when the client can read it,
// else the same printed anew, without a code that is malformed.
func (c *Conn) mendStatus(seg []byte, s status) []byte {
	if c.statusIsClean(seg) {
		return seg
	}
	word := s.status
	switch word {
	case "OK", "NO", "BAD":
	case "BYE", "PREAUTH":
		if s.tag != "*" {
			word = "BAD"
		}
	default:
		word = "BAD"
	}
	out := append(c.in.scratch[:0], s.tag+" "+word+" "...)
	code := c.mendCode(s.code, s.tag != "*")
	if code != "" {
		out = append(out, "["+code+"] "...)
	}
	text := s.text
	if text == "" || code == "" && text[0] == '[' {
		text = "-" + text // a text has to be there, and must not look like a code
	}
	out = append(append(out, text...), '\r', '\n')
	return c.mended("status line", seg, out)
}

// mended counts a repair unless it changed nothing, and keeps the scratch
// buffer that out lies in.
func (c *Conn) mended(kind string, seg, out []byte) []byte {
	c.in.scratch = out[:0]
	if !bytes.Equal(seg, out) {
		c.repaired(kind)
		c.trace("R: ", strings.TrimRight(string(out), "\r\n"))
	}
	return out
}

// plainText returns a line whose text, from octet i on, may hold anything but CR.
func (c *Conn) plainText(seg []byte, i int) []byte {
	if bytes.IndexByte(trimEOL(seg), '\r') < 0 {
		return seg
	}
	return append([]byte(cleanText(trimEOL(seg))), '\r', '\n')
}

// statusIsClean reports whether imapclient reads the line as it is.
func (c *Conn) statusIsClean(seg []byte) bool {
	line := trimEOL(seg)
	if bytes.IndexByte(line, '\r') >= 0 {
		return false
	}
	untagged := len(line) > 0 && line[0] == '*'
	i := 1
	if !untagged {
		i = atom(line, 0)
	}
	from := space(line, i)
	i = atom(line, from)
	if i < 0 {
		return false
	}
	if word := string(line[from:i]); !untagged && word != "OK" && word != "NO" && word != "BAD" {
		return false
	}
	if i == len(line) {
		return true
	}
	i = space(line, i)
	if i < 0 {
		return false
	}
	if i == len(line) || line[i] != '[' {
		return true
	}
	end := bytes.IndexByte(line[i:], ']')
	if end < 0 {
		return false
	}
	code := string(line[i+1 : i+end])
	after := line[i+end+1:]
	if len(after) > 0 && after[0] != ' ' {
		return false
	}
	return c.mendCode(code, !untagged) == code && code != ""
}

// mendCode returns a response code that imapclient can read: code itself, or
// with its arguments mended, or "" when it is beyond that. tagged says where
// it stands, since imapclient reads some codes only here or there.
func (c *Conn) mendCode(code string, tagged bool) string {
	name, args, hasArgs := strings.Cut(code, " ")
	if atom([]byte(name), 0) != len(name) || strings.Contains(args, "]") {
		return ""
	}
	switch name {
	case "CAPABILITY":
		return strings.TrimSpace("CAPABILITY " + strings.Join(c.shownCapabilities(args), " "))
	case "APPENDUID":
		return mendUIDs(name, args, 1)
	case "COPYUID":
		return mendUIDs(name, args, 2)
	case "UIDVALIDITY", "UIDNEXT":
		return mendNumberCode(name, args, tagged, 1<<32-1)
	case "HIGHESTMODSEQ":
		return mendNumberCode(name, args, tagged, 1<<63-1)
	case "PERMANENTFLAGS":
		return mendFlagsCode(code, args, tagged)
	}
	if hasArgs && strings.TrimSpace(args) == "" {
		return name
	}
	return code
}

// shownCapabilities is the list that the client gets to see.
func (c *Conn) shownCapabilities(args string) []string {
	var keep []string
	for _, name := range strings.Fields(args) {
		if atom([]byte(name), 0) == len(name) && c.keeps(name) {
			keep = append(keep, name)
		}
	}
	return keep
}

// mendUIDs checks "APPENDUID validity uid" and "COPYUID validity set set". A
// code with a set of unknown extent ("*"), which servers must not send, says
// nothing that could be relied on, and is dropped.
func mendUIDs(name, args string, sets int) string {
	f := strings.Fields(args)
	if len(f) != 1+sets {
		return ""
	}
	if _, ok := parseNumber([]byte(f[0]), 1<<32-1); !ok {
		return ""
	}
	for _, set := range f[1:] {
		if name == "APPENDUID" {
			if _, ok := parseNumber([]byte(set), 1<<32-1); !ok {
				return "" // a set, the answer to MULTIAPPEND
			}
		} else if numberSet([]byte(set), 0) != len(set) {
			return ""
		}
	}
	return name + " " + strings.Join(f, " ")
}

// mendNumberCode mends "UIDVALIDITY 12". A value too large is cut to 32 bits:
// it serves for comparing only.
func mendNumberCode(name, args string, tagged bool, most uint64) string {
	if tagged { // skipped by the client whatever it holds
		return strings.TrimSpace(name + " " + args)
	}
	args = strings.Trim(args, ` "`)
	n, ok := parseNumber([]byte(args), 1<<64-1)
	if !ok || n > most && name != "UIDVALIDITY" {
		return ""
	}
	return name + " " + strconv.FormatUint(n&most, 10)
}

func mendFlagsCode(code, args string, tagged bool) string {
	if tagged || flagList([]byte(args), 0) == len(args) {
		return code
	}
	v, ok := parseOne([]byte(args))
	if !ok {
		return ""
	}
	return "PERMANENTFLAGS " + string(appendFlags(nil, v))
}
