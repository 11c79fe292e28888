package wire

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// trace gives one line to Options.Trace: "C: " what the client or Command
// wrote, "S: " what the server sent, "R: " what the client was given in its
// place. Credentials, literals and what mail says are left out; names of
// mailboxes and of the user remain.
func (c *Conn) trace(direction, line string) {
	if c.opts.Trace != nil {
		c.opts.Trace(direction + hideContent(cutLiterals(line)))
	}
}

// hideContent replaces quoted strings by their sizes where they come from mail:
// in FETCH answers (file names, subjects, previews), in what follows a literal
// there, and in searches. Words of the protocol stay, since they are what a
// trace is read for.
func hideContent(line string) string {
	if !strings.Contains(line, `"`) || !ofMail(line) {
		return line
	}
	b := []byte(line)
	var out []byte
	for i := 0; i < len(b); {
		end := -1
		if b[i] == '"' {
			end = quoted(b, i)
			if end < 0 {
				return string(out) + " " + octets(int64(len(b)-i)) // not closed: whatever it is
			}
		}
		switch {
		case end < 0:
			out = append(out, b[i])
			i++
			continue
		case vocabulary(string(b[i+1 : end-1])):
			out = append(out, b[i:end]...)
		default:
			out = append(out, octets(int64(end-i-2))...)
		}
		i = end
	}
	return string(out)
}

// ofMail tells whether quoted strings of a line may hold what mail says: not in
// answers that are about mailboxes and the server, nor in commands but searches.
func ofMail(line string) bool {
	words := strings.Fields(line)
	if len(words) < 2 {
		return true
	}
	if words[0] == "*" {
		_, err := strconv.ParseUint(words[1], 10, 32)
		return err == nil
	}
	for i, word := range words[:min(len(words), 3)] {
		switch strings.ToUpper(word) {
		case "SEARCH", "SORT", "THREAD":
			return true
		case "LOGIN", "SELECT", "EXAMINE", "LIST", "LSUB", "STATUS", "APPEND", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE",
			"COPY", "MOVE", "ID", "GETQUOTAROOT", "GETACL", "MYRIGHTS", "OK", "NO", "BAD":
			if i > 0 {
				return false
			}
		}
	}
	return true
}

// A word of these is shown in a structure; all others may be somebody's.
var structureWords = regexp.MustCompile(`(?i)^(` +
	`text|plain|html|enriched|calendar|vcard|x-vcard|multipart|mixed|alternative|related|report|signed|encrypted|digest|parallel|appledouble|` +
	`message|rfc822|global|delivery-status|disposition-notification|partial|external-body|image|jpeg|png|gif|webp|bmp|tiff|svg\+xml|heic|audio|mpeg|ogg|wav|` +
	`video|mp4|quicktime|application|octet-stream|pdf|zip|gzip|json|xml|msword|ms-tnef|ics|pgp-[a-z]+|pkcs7-[a-z]+|x-pkcs7-[a-z]+|vnd\.[a-z.-]+|` +
	`charset|utf-?8|us-ascii|ascii|iso-8859-\d+|iso-2022-[a-z]+|windows-125\d|koi8-[ru]|big5|gb2312|gbk|gb18030|shift_jis|euc-[a-z]+|unknown-8bit|` +
	`(file)?name(\*\d*){0,2}|boundary|format|flowed|fixed|delsp|yes|no|type|start|method|micalg|protocol|report-type|size|creation-date|modification-date|` +
	`attachment|inline|7bit|8bit|binary|base64|quoted-printable|x-uuencode|en|de|fr|` +
	`[ \d]\d-[a-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}|)$`) // INTERNALDATE, and nothing

func vocabulary(word string) bool { return structureWords.MatchString(word) }

// traceClient shows a line that the client wrote.
func (c *Conn) traceClient(f *flight, line []byte, size int64, hasLiteral bool) {
	if c.opts.Trace == nil {
		return
	}
	text := string(trimEOL(line))
	switch {
	case isDone(line):
	case f.name == "LOGIN":
		text = f.tag + " LOGIN (hidden)"
	case f.name == "AUTHENTICATE":
		words := strings.Fields(text)
		text = "(hidden)"
		if len(words) >= 3 && words[0] == f.tag {
			text = strings.Join(words[:3], " ")
		}
		if len(words) > 3 {
			text += " (hidden)"
		}
	}
	c.trace("C: ", text)
	if hasLiteral {
		c.trace("C: ", octets(size))
	}
}

// traceServer shows a segment that the server sent, and the size of the body
// literal behind it.
func (c *Conn) traceServer(seg []byte, body int64) {
	if c.opts.Trace == nil {
		return
	}
	text := string(trimEOL(seg))
	if len(seg) > 0 && seg[0] == '+' && c.authenticating() {
		text = "+ (hidden)"
	}
	c.trace("S: ", text)
	if body >= 0 {
		c.trace("S: ", octets(body))
	}
}

func (c *Conn) authenticating() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.flights {
		if f.name == "AUTHENTICATE" {
			return true
		}
	}
	return false
}

func octets(n int64) string { return "{" + strconv.FormatInt(n, 10) + " octets}" }

// cutLiterals replaces the literals within a segment by their sizes, and line
// ends by spaces.
func cutLiterals(text string) string {
	if !strings.Contains(text, "\n") {
		return text
	}
	b := []byte(text)
	var out []byte
	for i := 0; i < len(b); {
		if b[i] == '{' {
			if end := literal(b, i); end >= 0 {
				_, size := announcement(b, i)
				out = append(out, octets(size)...)
				i = end
				continue
			}
		}
		if b[i] == '"' {
			if end := quoted(b, i); end >= 0 {
				out = append(out, b[i:end]...)
				i = end
				continue
			}
		}
		out = append(out, b[i])
		i++
	}
	return string(bytes.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, out))
}
