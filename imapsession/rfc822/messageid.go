package rfc822

import "strings"

// ParseMessageIDs returns the identifiers of a Message-ID, In-Reply-To or References value, in order, without <> and the white space inside.
// Without a single <> the words that hold an "@" are taken, or the only word there is. Comments and phrases are left out.
func ParseMessageIDs(s string) []string {
	var ids []string
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '<')
		if i < 0 {
			break
		}
		at += i + 1
		// An identifier whose ">" is missing ends where the next one begins.
		n := strings.IndexAny(s[at:], "<>")
		if n < 0 {
			n = len(s) - at
		}
		if id := cleanID(s[at : at+n]); id != "" {
			ids = append(ids, id)
		}
		at += n
	}
	if ids != nil {
		return ids
	}
	return bareIDs(s)
}

// bareIDs reads identifiers that stand without <>.
func bareIDs(s string) []string {
	var ids []string
	words := strings.FieldsFunc(dropComments(s), func(r rune) bool { return r <= ' ' || strings.ContainsRune(",;<>", r) })
	for _, w := range words {
		if strings.Contains(w, "@") || len(words) == 1 {
			if id := cleanID(strings.Trim(w, `"'`)); id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// cleanID drops white space (folding puts it anywhere), controls and a comment.
func cleanID(s string) string {
	if strings.IndexByte(s, '(') >= 0 && !strings.Contains(s, `"`) {
		s = dropComments(s)
	}
	return strings.ReplaceAll(CleanText(strings.ToValidUTF8(s, "?")), " ", "")
}

// dropComments replaces each closed comment by a blank.
func dropComments(s string) string {
	if strings.IndexByte(s, '(') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '(' {
			end := closingParen(s, i)
			if end < 0 {
				b.WriteString(s[i:])
				break
			}
			b.WriteByte(' ')
			i = end
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
