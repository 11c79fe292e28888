package memory

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// mailboxBase64 is the alphabet of RFC 3501 section 5.1.3.
var mailboxBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// encodeName writes a mailbox name in modified UTF-7.
func encodeName(name string) string {
	var b strings.Builder
	var run []rune
	flush := func() {
		if len(run) == 0 {
			return
		}
		var units []byte
		for _, u := range utf16.Encode(run) {
			units = append(units, byte(u>>8), byte(u))
		}
		b.WriteString("&" + mailboxBase64.EncodeToString(units) + "-")
		run = run[:0]
	}
	for _, r := range name {
		if r < ' ' || r > '~' {
			run = append(run, r)
			continue
		}
		flush()
		b.WriteRune(r)
		if r == '&' {
			b.WriteByte('-')
		}
	}
	flush()
	return b.String()
}

// decodeName reads modified UTF-7. What is not such comes back as it is: some clients send UTF-8.
func decodeName(wire string) string {
	var b strings.Builder
	for rest := wire; rest != ""; {
		before, after, found := strings.Cut(rest, "&")
		b.WriteString(before)
		if !found {
			break
		}
		code, next, found := strings.Cut(after, "-")
		if !found {
			return wire
		}
		rest = next
		if code == "" {
			b.WriteByte('&')
			continue
		}
		units, err := mailboxBase64.DecodeString(code)
		if err != nil || len(units)%2 != 0 {
			return wire
		}
		var words []uint16
		for i := 0; i < len(units); i += 2 {
			words = append(words, uint16(units[i])<<8|uint16(units[i+1]))
		}
		b.WriteString(string(utf16.Decode(words)))
	}
	if !utf8.ValidString(b.String()) {
		return wire
	}
	return b.String()
}
