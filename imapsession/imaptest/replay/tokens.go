package replay

import (
	"regexp"
	"strings"
)

type tok struct {
	s    string
	list bool
	kids []tok
}

func tokens(s string, lits [][]byte) []tok {
	pos, li := 0, 0
	var parse func() []tok
	parse = func() []tok {
		var out []tok
		for pos < len(s) {
			switch c := s[pos]; {
			case c == ' ':
				pos++
			case c == '(':
				pos++
				out = append(out, tok{list: true, kids: parse()})
			case c == ')':
				pos++
				return out
			case c == '"':
				var b strings.Builder
				for pos++; pos < len(s) && s[pos] != '"'; pos++ {
					if s[pos] == '\\' && pos+1 < len(s) {
						pos++
					}
					b.WriteByte(s[pos])
				}
				pos++
				out = append(out, tok{s: b.String()})
			default:
				if m := regexp.MustCompile(`^~?\{\d+[+-]?\}`).FindString(s[pos:]); m != "" && li < len(lits) {
					out = append(out, tok{s: string(lits[li])})
					li++
					pos += len(m)
					continue
				}
				j := pos
				for j < len(s) && s[j] != ' ' && s[j] != '(' && s[j] != ')' {
					j++
				}
				out = append(out, tok{s: s[pos:j]})
				pos = j
			}
		}
		return out
	}
	return parse()
}
