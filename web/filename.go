package web

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const maxFilename = 150 // runes; file systems take 255 octets

// cleanFilename makes a name out of a mail fit to be saved (SECURITY.md c9): no path, no characters that hide or turn what the name says, nothing that Windows refuses. n numbers
// what has no name.
func cleanFilename(name string, n int) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, "\uFFFD"))
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), hides(r):
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ". ")
	name = strings.TrimRight(name, ". ")
	if name == "" {
		return fmt.Sprintf("attachment-%d.bin", n)
	}
	if stem, _, _ := strings.Cut(name, "."); reservedNames[strings.ToUpper(strings.TrimSpace(stem))] {
		name = "_" + name
	}
	return shorten(name)
}

// hides tells characters that no name needs: direction overrides and marks, zero width, line separators, tags.
func hides(r rune) bool {
	return r == 0x61C || r >= 0x200B && r <= 0x200F || r >= 0x2028 && r <= 0x202E || r >= 0x2060 && r <= 0x2069 || r == 0xFEFF || r >= 0xE0000 && r <= 0xE007F
}

// shorten keeps the extension.
func shorten(name string) string {
	if utf8.RuneCountInString(name) <= maxFilename {
		return name
	}
	ext := path.Ext(name)
	if utf8.RuneCountInString(ext) > 20 {
		ext = ""
	}
	stem := []rune(strings.TrimSuffix(name, ext))
	return strings.TrimRight(string(stem[:maxFilename-utf8.RuneCountInString(ext)]), ". ") + ext
}

// reservedNames are devices on Windows, whatever their extension.
var reservedNames = map[string]bool{
	"CON": true, "PRN": true, "AUX": true, "NUL": true,
	"COM0": true, "COM1": true, "COM2": true, "COM3": true, "COM4": true, "COM5": true, "COM6": true, "COM7": true, "COM8": true, "COM9": true,
	"LPT0": true, "LPT1": true, "LPT2": true, "LPT3": true, "LPT4": true, "LPT5": true, "LPT6": true, "LPT7": true, "LPT8": true, "LPT9": true,
}

// contentDisposition writes the header (RFC 6266): a plain ASCII name for old programs, and the true one. name must come from cleanFilename.
func contentDisposition(kind, name string) string {
	var ascii, star strings.Builder
	plain := true
	for _, r := range name {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			ascii.WriteByte('_')
			plain = false
		} else {
			ascii.WriteRune(r)
		}
	}
	if plain {
		return kind + `; filename="` + name + `"`
	}
	for i := range len(name) {
		c := name[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			star.WriteByte(c)
		} else {
			fmt.Fprintf(&star, "%%%02X", c)
		}
	}
	return kind + `; filename="` + ascii.String() + `"; filename*=UTF-8''` + star.String()
}

// uniqueNames makes names differ without regard to case, as they must in one folder: "a.txt", "a (2).txt".
func uniqueNames(names []string) []string {
	taken := make(map[string]bool, len(names))
	unique := make([]string, len(names))
	for i, name := range names {
		ext := path.Ext(name)
		stem := strings.TrimSuffix(name, ext)
		candidate := name
		for n := 2; taken[strings.ToLower(candidate)]; n++ {
			candidate = fmt.Sprintf("%s (%d)%s", stem, n, ext)
		}
		taken[strings.ToLower(candidate)] = true
		unique[i] = candidate
	}
	return unique
}
