package rfc822

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxNameRunes = 150 // runes of a file name: what every file system and dialog takes
	maxExtRunes  = 20  // runes of an extension that is kept when a name is cut
)

// Filename returns the name of a part, safe to show and to save under (see SafeName), "" when it has none. The lists may be decoded or as
// BODYSTRUCTURE gives them. The disposition's filename comes first, then the type's name, then what senders put in the wrong place.
func Filename(dispositionParams, typeParams map[string]string) string {
	disposition, mediaType := DecodeParams(dispositionParams), DecodeParams(typeParams)
	for _, name := range []string{disposition["filename"], mediaType["name"], mediaType["filename"], disposition["name"]} {
		if safe := SafeName(name); safe != "" {
			return safe
		}
	}
	return ""
}

// SafeName makes a name that a sender chose into one that can be shown and saved anywhere: the path is dropped, as are controls,
// bidirectional and invisible characters and dots and blanks at the ends; a colon becomes "_"; names that Windows reserves get a "_" before them; at
// most 150 runes stay, the extension among them. The result is in NFC, and "" when nothing is left: the caller then makes up a name.
func SafeName(name string) string {
	name = CleanText(norm.NFC.String(CleanText(name)))
	name = dropPath(name)
	name = strings.ReplaceAll(name, ":", "_")
	name = strings.Trim(name, ". \u3000")
	name = cutName(name)
	if reservedName(name) {
		name = "_" + name
	}
	return name
}

// dropPath returns the last element of a Unix, Windows or classic path that is not empty.
func dropPath(name string) string {
	name = strings.TrimRight(name, `/\ `)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if len(name) > 2 && name[1] == ':' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z') {
		name = name[2:]
	}
	return name
}

// cutName shortens a name to maxNameRunes and keeps its extension.
func cutName(name string) string {
	if utf8.RuneCountInString(name) <= maxNameRunes {
		return name
	}
	runes := []rune(name)
	ext := ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && utf8.RuneCountInString(name[i:]) <= maxExtRunes {
		ext = name[i:]
	}
	return strings.TrimRight(string(runes[:maxNameRunes-utf8.RuneCountInString(ext)]), ". \u3000") + ext
}

// reservedName reports device names of Windows, with or without an extension.
func reservedName(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	if !strings.HasPrefix(base, "COM") && !strings.HasPrefix(base, "LPT") {
		return false
	}
	switch base[3:] {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}
