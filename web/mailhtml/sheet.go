package mailhtml

import (
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

const (
	maxRules     = 4000
	maxSelectors = 8000 // of one document
	maxCompound  = 24   // parts of one selector
	// rootClass stands on our html element. Every selector of the mail's starts with it, so that its rules reach nothing but the mail wherever they may be put.
	rootClass = "gw"
)

// rule is a style rule that passed.
type rule struct {
	media     string // the query it stands under, printed by us; "" for none
	selectors []selector
	block     *block
}

// selector is a list of parts; it starts beneath our html element, or is it.
type selector []selectorPart

type selectorPart struct {
	kind byte   // 't' type, '.' class, '#' id, '*' any, ' ' combinator
	text string // the combinator, or the name as the mail wrote it
}

// sheet reads one style sheet. Selectors and rules beyond what we know are left out one by one.
func (c *cssReader) sheet(text string, theme Theme) []rule {
	tokens, cut := lex(text, c.left)
	c.left -= len(tokens)
	c.cut = c.cut || cut
	s := sheetReader{css: c, theme: theme}
	s.rules(tokens, "", 0)
	return s.out
}

type sheetReader struct {
	css       *cssReader
	theme     Theme
	out       []rule
	selectors int
}

func (s *sheetReader) rules(tokens []token, media string, depth int) {
	for len(tokens) > 0 {
		switch tokens[0].kind {
		case css.WhitespaceToken, css.CDOToken, css.CDCToken, css.SemicolonToken, css.RightBraceToken:
			tokens = tokens[1:]
			continue
		}
		at := tokens[0].kind == css.AtKeywordToken
		end := 0
		for end < len(tokens) && tokens[end].kind != css.LeftBraceToken && !(at && tokens[end].kind == css.SemicolonToken) {
			end++
		}
		if end == len(tokens) || tokens[end].kind == css.SemicolonToken {
			tokens = tokens[min(end+1, len(tokens)):]
			continue
		}
		prelude := tokens[:end]
		body, rest := braces(tokens[end:])
		tokens = rest
		switch {
		case at && strings.EqualFold(prelude[0].text, "@media"):
			if query, ok := s.mediaQueries(prelude[1:]); ok && depth == 0 {
				s.rules(body, query, 1)
			}
		case !at:
			s.rule(prelude, body, media)
		}
	}
}

// braces cuts tokens, which start with "{", into what stands between it and its partner, and what follows.
func braces(tokens []token) (body, rest []token) {
	depth := 0
	for i, t := range tokens {
		switch t.kind {
		case css.LeftBraceToken:
			depth++
		case css.RightBraceToken:
			if depth--; depth == 0 {
				return tokens[1:i], tokens[i+1:]
			}
		}
	}
	return tokens[1:], nil
}

func (s *sheetReader) rule(prelude, body []token, media string) {
	if len(s.out) >= maxRules || s.selectors >= maxSelectors {
		s.css.cut = true
		return
	}
	var selectors []selector
	for len(prelude) > 0 {
		end := 0
		for end < len(prelude) && prelude[end].kind != css.CommaToken {
			end++
		}
		if sel, ok := parseSelector(trimSpace(prelude[:end])); ok && s.selectors < maxSelectors {
			selectors = append(selectors, sel)
			s.selectors++
		}
		prelude = prelude[min(end+1, len(prelude)):]
	}
	if len(selectors) == 0 {
		return
	}
	b := &block{decls: s.css.declarations(body)}
	if len(b.decls) == 0 {
		return
	}
	b.render()
	s.out = append(s.out, rule{media, selectors, b})
}

// parseSelector reads types, classes, ids and * joined by space, > and +. Attribute selectors could spell out what they match,
// pseudo-classes tell what the reader does; :link alone is read, as every link here is one.
func parseSelector(tokens []token) (selector, bool) {
	var sel selector
	fresh := true // at the start of a compound
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if len(sel) >= maxCompound || strings.IndexByte(t.text, '\\') >= 0 {
			return nil, false
		}
		switch t.kind {
		case css.IdentToken:
			name := strings.ToLower(t.text)
			if !fresh || elements[name] == nil && name != "html" && name != "body" {
				return nil, false
			}
			sel = append(sel, selectorPart{'t', name})
			fresh = false
		case css.HashToken:
			sel = append(sel, selectorPart{'#', t.text[1:]})
			fresh = false
		case css.WhitespaceToken:
			if i+1 < len(tokens) && !isCombinator(tokens[i+1]) && len(sel) > 0 && !fresh {
				sel = append(sel, selectorPart{' ', " "})
				fresh = true
			}
		case css.ColonToken:
			if fresh || i+1 >= len(tokens) || !strings.EqualFold(tokens[i+1].text, "link") {
				return nil, false
			}
			i++
		case css.DelimToken:
			switch {
			case t.text == "*" && fresh:
				sel = append(sel, selectorPart{'*', "*"})
				fresh = false
			case t.text == "." && i+1 < len(tokens) && tokens[i+1].kind == css.IdentToken && strings.IndexByte(tokens[i+1].text, '\\') < 0:
				sel = append(sel, selectorPart{'.', tokens[i+1].text})
				fresh = false
				i++
			case isCombinator(t) && !fresh:
				sel = append(sel, selectorPart{' ', t.text})
				fresh = true
			default:
				return nil, false
			}
		default:
			return nil, false
		}
	}
	if fresh || len(sel) == 0 {
		return nil, false
	}
	return sel.withoutRoot(), true
}

func isCombinator(t token) bool {
	return t.kind == css.DelimToken && (t.text == ">" || t.text == "+")
}

// withoutRoot takes off a leading "html", which the printer puts there anyway.
func (sel selector) withoutRoot() selector {
	first := sel[0]
	if !(first.kind == 't' && first.text == "html" || first.kind == '.' && first.text == rootClass) {
		return sel
	}
	switch {
	case len(sel) == 1:
		return selector{}
	case sel[1].kind != ' ':
		return sel
	case sel[1].text == " ":
		return sel[2:].withoutRoot()
	}
	return sel[1:]
}

// names maps the classes and ids that the mail's style sheet or anchors use to ours, in the order they are met.
type names struct {
	present map[string]bool // those that stand on some element
	given   map[string]string
	prefix  string
}

func (n *names) see(name string) {
	if n.present == nil {
		n.present = map[string]bool{}
	}
	n.present[name] = true
}

// of gives the printed name, "" when no element has it.
func (n *names) of(name string) string {
	if !n.present[name] {
		return ""
	}
	if given, ok := n.given[name]; ok {
		return given
	}
	if n.given == nil {
		n.given = map[string]string{}
	}
	given := n.prefix + strconv.Itoa(len(n.given)+1)
	n.given[name] = given
	return given
}

// print writes the selector, or nothing when it names a class or id that no element has.
func (sel selector) print(out *strings.Builder, classes, ids *names) bool {
	for _, part := range sel {
		if part.kind == '.' && !classes.present[part.text] || part.kind == '#' && !ids.present[part.text] {
			return false
		}
	}
	if out.Len() > 0 {
		out.WriteByte(',')
	}
	out.WriteString("." + rootClass)
	if len(sel) > 0 && sel[0].kind != ' ' {
		out.WriteByte(' ')
	}
	for _, part := range sel {
		switch part.kind {
		case '.':
			out.WriteString("." + classes.of(part.text))
		case '#':
			out.WriteString("#" + ids.of(part.text))
		default:
			out.WriteString(part.text)
		}
	}
	return true
}

// printRules writes the style sheet of the mail.
func printRules(out *strings.Builder, rules []rule, classes, ids *names, plain bool) {
	media := ""
	for _, r := range rules {
		decls := r.block.text(plain)
		if decls == "" {
			continue
		}
		var selectors strings.Builder
		for _, sel := range r.selectors {
			sel.print(&selectors, classes, ids)
		}
		if selectors.Len() == 0 {
			continue
		}
		if r.media != media {
			if media != "" {
				out.WriteString("}\n")
			}
			if media = r.media; media != "" {
				out.WriteString("@media " + media + "{\n")
			}
		}
		out.WriteString(selectors.String() + "{" + decls + "}\n")
	}
	if media != "" {
		out.WriteString("}\n")
	}
}

// mediaQueries prints the queries we know; ok is false when none is left.
func (s *sheetReader) mediaQueries(tokens []token) (string, bool) {
	var queries []string
	for len(tokens) > 0 && len(queries) < 8 {
		end := 0
		for end < len(tokens) && tokens[end].kind != css.CommaToken {
			end++
		}
		if q, ok := s.mediaQuery(trimSpace(tokens[:end])); ok {
			queries = append(queries, q)
		}
		tokens = tokens[min(end+1, len(tokens)):]
	}
	return strings.Join(queries, ","), len(queries) > 0
}

func (s *sheetReader) mediaQuery(tokens []token) (string, bool) {
	var parts []string
	only := ""
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch t.kind {
		case css.WhitespaceToken:
		case css.IdentToken:
			switch word := strings.ToLower(t.text); word {
			case "and":
			case "only":
				only = "only "
			case "screen", "all", "print":
				parts = append(parts, word)
			default:
				return "", false
			}
		case css.FunctionToken, css.LeftParenthesisToken:
			// "and(" without a space is no valid query, but common.
			if t.kind == css.FunctionToken && !strings.EqualFold(t.text, "and(") {
				return "", false
			}
			end := i + 1
			for end < len(tokens) && tokens[end].kind != css.RightParenthesisToken {
				end++
			}
			if end == len(tokens) {
				return "", false
			}
			feature, ok := s.mediaFeature(trimSpace(tokens[i+1 : end]))
			if !ok {
				return "", false
			}
			if feature != "" {
				parts = append(parts, feature)
			}
			i = end
		default:
			return "", false
		}
	}
	if len(parts) == 0 {
		return "all", len(tokens) > 0
	}
	if strings.HasPrefix(parts[0], "(") {
		only = ""
	}
	return only + strings.Join(parts, " and "), len(parts) <= 6
}

// mediaFeature prints "(max-width:600px)" and its like; "" stands for a feature that is always so.
func (s *sheetReader) mediaFeature(tokens []token) (string, bool) {
	var words []token
	for _, t := range tokens {
		if t.kind != css.WhitespaceToken {
			words = append(words, t)
		}
	}
	if len(words) != 3 || words[1].kind != css.ColonToken {
		return "", false
	}
	value := strings.ToLower(words[2].text)
	switch name := strings.ToLower(words[0].text); name {
	case "min-width", "max-width", "min-device-width", "max-device-width":
		v, ok := property{takes: lengths, greatest: 10000}.length(value)
		if words[2].kind == css.NumberToken && value == "0" {
			v, ok = "0", true
		}
		return "(" + strings.Replace(name, "device-", "", 1) + ":" + v + ")", ok
	case "prefers-color-scheme":
		switch {
		case value != "dark" && value != "light":
			return "", false
		case s.theme == ThemeAuto:
			return "(prefers-color-scheme:" + value + ")", true
		}
		return "", string(s.theme) == value
	}
	return "", false
}
