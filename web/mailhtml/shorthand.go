package mailhtml

import (
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// fontFamily prints a list of names, each in our own quotes.
func fontFamily(tokens []token) (string, bool) {
	var names []string
	var name strings.Builder
	flush := func() bool {
		n := strings.TrimSpace(name.String())
		name.Reset()
		if n == "" || len(n) > 60 || len(names) >= 12 {
			return false
		}
		switch low := strings.ToLower(n); low {
		case "serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui", "ui-monospace", "ui-serif", "ui-sans-serif", "inherit", "initial", "unset":
			names = append(names, low)
		default:
			names = append(names, "'"+n+"'")
		}
		return true
	}
	for _, t := range tokens {
		switch t.kind {
		case css.WhitespaceToken:
			name.WriteByte(' ')
		case css.IdentToken, css.StringToken:
			for _, r := range t.text {
				if r == ' ' || r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0xbf && r < 0xfff0 && !invisible(r) {
					name.WriteRune(r)
				}
			}
		case css.NumberToken, css.DimensionToken:
			name.WriteString(strings.Map(keepAlphanumeric, t.text))
		case css.CommaToken:
			flush()
		default:
			return "", false
		}
	}
	flush()
	return strings.Join(names, ","), len(names) > 0
}

func keepAlphanumeric(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

// fontShorthand cuts "font: italic 700 24px/30px Georgia, serif" into its longhands, so that each is checked by its own rule.
func fontShorthand(tokens []token) []decl {
	var decls []decl
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch t.kind {
		case css.WhitespaceToken:
			continue
		case css.NumberToken:
			if v, ok := properties["font-weight"].value(tokens[i : i+1]); ok {
				decls = append(decls, decl{prop: "font-weight", value: v})
				continue
			}
			return nil
		case css.IdentToken:
			word := strings.ToLower(t.text)
			matched := word == "normal"
			for _, prop := range []string{"font-style", "font-variant", "font-weight"} {
				if !matched && hasWord(properties[prop].words, word) {
					decls = append(decls, decl{prop: prop, value: word})
					matched = true
				}
			}
			if matched {
				continue
			}
			if !hasWord(properties["font-size"].words, word) {
				return nil
			}
		case css.DimensionToken, css.PercentageToken:
		default:
			return nil
		}
		// The size; what follows is "/ line height" and the families.
		v, ok := properties["font-size"].value(tokens[i : i+1])
		if !ok {
			return nil
		}
		decls = append(decls, decl{prop: "font-size", value: v})
		rest := trimSpace(tokens[i+1:])
		if len(rest) > 1 && rest[0].text == "/" {
			rest = trimSpace(rest[1:])
			if v, ok := properties["line-height"].value(rest[:1]); ok {
				decls = append(decls, decl{prop: "line-height", value: v})
			}
			rest = trimSpace(rest[1:])
		}
		family, ok := fontFamily(rest)
		if !ok {
			return nil
		}
		return append(decls, decl{prop: "font-family", value: family})
	}
	return nil
}

// background takes of the shorthand the colour, and the image when remote images are allowed.
func (c *cssReader) background(tokens []token) []decl {
	var decls []decl
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch t.kind {
		case css.URLToken:
			decls = append(decls, c.image(t)...)
		case css.FunctionToken:
			p := property{takes: colours}
			v, used, ok := p.function(tokens[i:])
			if !ok {
				if !gradient(t.text) {
					return nil
				}
				i += skipFunction(tokens[i:]) - 1
				continue
			}
			decls = append(decls, backgroundColour(v))
			i += used - 1
		case css.HashToken, css.IdentToken:
			p := property{takes: colours, words: "transparent"}
			if v, _, ok := p.piece(tokens[i : i+1]); ok {
				if v == "none" || wideKeywords[v] {
					continue
				}
				decls = append(decls, backgroundColour(v))
			} else if word := strings.ToLower(t.text); hasWord("none no-repeat repeat repeat-x repeat-y center top bottom left right scroll fixed cover contain border-box padding-box content-box", word) {
				if word == "no-repeat" || word == "repeat-x" || word == "repeat-y" {
					decls = append(decls, decl{prop: "background-repeat", value: word})
				}
				if word == "none" {
					decls = append(decls, decl{prop: "background-color", value: "transparent", plain: true})
				}
			} else {
				return nil
			}
		case css.WhitespaceToken, css.NumberToken, css.PercentageToken, css.DimensionToken, css.CommaToken:
		case css.DelimToken:
			if t.text != "/" {
				return nil
			}
		default:
			return nil
		}
	}
	return decls
}

func backgroundColour(v string) decl {
	d := decl{prop: "background-color", value: v}
	d.classify()
	return d
}

func gradient(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "linear-gradient(") || strings.HasSuffix(name, "radial-gradient(")
}

func skipFunction(tokens []token) int {
	depth := 0
	for i, t := range tokens {
		switch t.kind {
		case css.FunctionToken, css.LeftParenthesisToken:
			depth++
		case css.RightParenthesisToken:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(tokens)
}

func (c *cssReader) backgroundImage(tokens []token) []decl {
	if len(tokens) == 1 && tokens[0].kind == css.URLToken {
		return c.image(tokens[0])
	}
	if len(tokens) == 1 && strings.EqualFold(tokens[0].text, "none") {
		return []decl{{prop: "background-image", value: "none"}}
	}
	return nil
}

// image offers the address of a url() token to whoever may load it. The printed address is checked octet by octet.
func (c *cssReader) image(t token) []decl {
	raw := strings.TrimSpace(t.text[len("url("):])
	raw = strings.TrimSpace(strings.TrimSuffix(raw, ")"))
	raw = strings.Trim(raw, `"'`)
	if len(raw) > maxURLInStyle || c.load == nil {
		return nil
	}
	href, ok := c.load(raw)
	if !ok || !plainURL(href) {
		return nil
	}
	return []decl{{prop: "background-image", value: "url('" + href + "')", colour: true}}
}

// plainURL says whether an address of ours can stand between quotes in CSS as it is.
func plainURL(href string) bool {
	for i := 0; i < len(href); i++ {
		c := href[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/:.-_~?=&%+,;@", c) >= 0) {
			return false
		}
	}
	return href != ""
}
