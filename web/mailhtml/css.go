package mailhtml

import (
	"math"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

const (
	maxStyleAttr  = 8 << 10   // bytes of one style attribute that are read
	maxSheet      = 256 << 10 // bytes of all <style> elements together
	maxCSSTokens  = 120_000   // tokens of all CSS of one document
	maxCSSLength  = 4000      // px: no box is made larger by the mail's CSS
	maxCSSValues  = 24        // tokens of one declaration
	maxDeclBlock  = 100       // declarations of one rule
	maxURLInStyle = 4 << 10
)

// token is one CSS token that may take part in output; text points into the input.
type token struct {
	kind css.TokenType
	text string
}

// lex cuts CSS into at most limit tokens; comments are left out, and what is cut off is reported.
func lex(text string, limit int) (tokens []token, cut bool) {
	// The lexer overwrites the octet after its input, hence the copy.
	l := css.NewLexer(parse.NewInputString(text))
	tokens = make([]token, 0, min(len(text)/4+4, 4096))
	for {
		kind, data := l.Next()
		if kind == css.ErrorToken {
			return tokens, false
		}
		if kind == css.CommentToken {
			continue
		}
		if len(tokens) >= limit {
			return tokens, true
		}
		tokens = append(tokens, token{kind, string(data)})
	}
}

// decl is a declaration that passed: value is printed by us from typed tokens and holds nothing that could leave the declaration.
type decl struct {
	prop, value string
	important   bool
	colour      bool // a colour or background that isn't what paper and ink are anyway
	plain       bool // a colour, but of paper or ink: left out when the mail turns out to have no others
}

// block is a declaration block, printed twice: as it is, and for mail that brings no colours of its own.
type block struct {
	decls       []decl
	full, plain string
	colours     bool
}

// text is what to print; plain when the document takes our colours.
func (b *block) text(plain bool) string {
	switch {
	case b == nil:
		return ""
	case plain:
		return b.plain
	}
	return b.full
}

// get gives the value of a property, the last one that was set.
func (b *block) get(prop string) string {
	if b == nil {
		return ""
	}
	for i := len(b.decls) - 1; i >= 0; i-- {
		if b.decls[i].prop == prop {
			return b.decls[i].value
		}
	}
	return ""
}

func (b *block) render() {
	var full, plain strings.Builder
	for _, d := range b.decls {
		d.print(&full)
		if !d.plain {
			d.print(&plain)
		}
		b.colours = b.colours || d.colour
	}
	b.full, b.plain = full.String(), plain.String()
}

func (d decl) print(out *strings.Builder) {
	if out.Len() > 0 {
		out.WriteByte(';')
	}
	out.WriteString(d.prop)
	out.WriteByte(':')
	out.WriteString(d.value)
	if d.important {
		out.WriteString("!important")
	}
}

// cssReader reads the CSS of one document within its budget.
type cssReader struct {
	left  int                                     // tokens that may still be read
	load  func(url string) (href string, ok bool) // met a remote image; nil or !ok: it is left out
	cache map[string]*block
	cut   bool
	// coloured is set by whoever keeps a declaration or attribute with a colour of the mail's own.
	coloured bool
}

// attribute reads a style attribute. Newsletters repeat theirs hundreds of times, hence the cache.
func (c *cssReader) attribute(text string) *block {
	if len(text) > maxStyleAttr {
		text, c.cut = text[:maxStyleAttr], true
	}
	if b, ok := c.cache[text]; ok {
		return b
	}
	tokens, cut := lex(text, c.left)
	c.left -= len(tokens)
	c.cut = c.cut || cut
	b := &block{decls: c.declarations(tokens)}
	b.render()
	if len(b.decls) == 0 {
		b = nil
	}
	if c.cache == nil {
		c.cache = map[string]*block{}
	}
	if len(c.cache) < 512 {
		c.cache[text] = b
	}
	return b
}

// declarations reads the tokens between braces. A declaration ends at a semicolon outside of brackets, as CSS Syntax 3 says.
func (c *cssReader) declarations(tokens []token) []decl {
	var decls []decl
	for len(tokens) > 0 && len(decls) < maxDeclBlock {
		end, depth := 0, 0
		for ; end < len(tokens); end++ {
			switch tokens[end].kind {
			case css.LeftParenthesisToken, css.FunctionToken, css.LeftBracketToken, css.LeftBraceToken:
				depth++
			case css.RightParenthesisToken, css.RightBracketToken, css.RightBraceToken:
				depth = max(0, depth-1)
			}
			if depth == 0 && tokens[end].kind == css.SemicolonToken {
				break
			}
		}
		decls = append(decls, c.declaration(tokens[:end])...)
		tokens = tokens[min(end+1, len(tokens)):]
	}
	return decls
}

func trimSpace(tokens []token) []token {
	for len(tokens) > 0 && tokens[0].kind == css.WhitespaceToken {
		tokens = tokens[1:]
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].kind == css.WhitespaceToken {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

// declaration reads "property: value". It gives none when the property or any part of the value isn't on our lists,
// and two where a shorthand is cut down to what is safe of it.
func (c *cssReader) declaration(tokens []token) []decl {
	tokens = trimSpace(tokens)
	if len(tokens) < 3 || tokens[0].kind != css.IdentToken {
		return nil
	}
	prop := strings.ToLower(tokens[0].text)
	tokens = trimSpace(tokens[1:])
	if len(tokens) < 2 || tokens[0].kind != css.ColonToken {
		return nil
	}
	tokens = trimSpace(tokens[1:])
	tokens, important := cutImportant(tokens)
	if len(tokens) == 0 || len(tokens) > 4*maxCSSValues {
		return nil
	}
	for _, t := range tokens {
		// Escapes are the way by which u\rl( and '\22 pass filters; mail has no other need of them.
		if strings.IndexByte(t.text, '\\') >= 0 {
			return nil
		}
	}
	var decls []decl
	switch prop {
	case "background":
		decls = c.background(tokens)
	case "background-image":
		decls = c.backgroundImage(tokens)
	case "font":
		decls = fontShorthand(tokens)
	case "font-family":
		if v, ok := fontFamily(tokens); ok {
			decls = []decl{{prop: prop, value: v}}
		}
	default:
		rule, ok := properties[prop]
		if !ok {
			return nil
		}
		v, ok := rule.value(tokens)
		if !ok {
			return nil
		}
		d := decl{prop: prop, value: v}
		if rule.name != "" {
			d.prop = rule.name
		}
		d.classify()
		decls = []decl{d}
	}
	for i := range decls {
		decls[i].important = important
	}
	return decls
}

func cutImportant(tokens []token) ([]token, bool) {
	n := len(tokens)
	if n == 0 || tokens[n-1].kind != css.IdentToken || !strings.EqualFold(tokens[n-1].text, "important") {
		return tokens, false
	}
	head := trimSpace(tokens[:n-1])
	if len(head) == 0 || head[len(head)-1].text != "!" {
		return tokens, false
	}
	return trimSpace(head[:len(head)-1]), true
}

// classify tells a mail's own colours from black on white, which is no choice of its sender's.
func (d *decl) classify() {
	switch d.prop {
	case "color":
		d.plain = inkLike(d.value)
	case "background-color":
		d.plain = paperLike(d.value)
	default:
		return
	}
	d.colour = !d.plain
}

// value prints the tokens when each is of a kind that the property takes and within its bounds.
func (p property) value(tokens []token) (string, bool) {
	var out strings.Builder
	count := 0
	for len(tokens) > 0 {
		t := tokens[0]
		if t.kind == css.WhitespaceToken {
			tokens = tokens[1:]
			continue
		}
		if count++; count > maxCSSValues || count > max(p.most, 1) {
			return "", false
		}
		piece, used, ok := p.piece(tokens)
		if !ok {
			return "", false
		}
		if out.Len() > 0 && piece != "," && piece != "/" {
			out.WriteByte(' ')
		}
		out.WriteString(piece)
		tokens = tokens[used:]
	}
	return out.String(), out.Len() > 0
}

// piece prints one value and says how many tokens it took.
func (p property) piece(tokens []token) (string, int, bool) {
	t := tokens[0]
	switch t.kind {
	case css.IdentToken:
		word := strings.ToLower(t.text)
		if wideKeywords[word] || hasWord(p.words, word) {
			return word, 1, true
		}
		if p.takes&colours != 0 {
			v, ok := namedColour(word)
			return v, 1, ok
		}
	case css.HashToken:
		if p.takes&colours != 0 && hexColour(t.text[1:]) {
			return strings.ToLower(t.text), 1, true
		}
	case css.NumberToken:
		n, err := strconv.ParseFloat(t.text, 64)
		switch {
		case err != nil:
		case n == 0 && p.takes&(lengths|numbers) != 0:
			return "0", 1, true
		case p.takes&numbers != 0 && n >= p.least && n <= p.limit():
			return number(n), 1, true
		}
	case css.PercentageToken:
		n, err := strconv.ParseFloat(t.text[:len(t.text)-1], 64)
		if err == nil && p.takes&percents != 0 && n >= min(p.least, 0) && n <= max(100, p.percent) {
			return number(n) + "%", 1, true
		}
	case css.DimensionToken:
		if v, ok := p.length(t.text); ok {
			return v, 1, true
		}
	case css.FunctionToken:
		return p.function(tokens)
	case css.CommaToken:
		if p.takes&commas != 0 {
			return ",", 1, true
		}
	case css.DelimToken:
		if p.takes&slashes != 0 && t.text == "/" {
			return "/", 1, true
		}
	}
	return "", 0, false
}

func (p property) limit() float64 {
	if p.greatest == 0 {
		return maxCSSLength
	}
	return p.greatest
}

// units gives the size of a unit in px, near enough to hold values within bounds. Units of the viewport's height are missing:
// the frame is as high as its content, which would never come to rest.
var units = map[string]float64{"px": 1, "pt": 4.0 / 3, "pc": 16, "in": 96, "cm": 37.8, "mm": 3.78, "q": 0.945, "em": 16, "rem": 16, "ex": 8, "ch": 8, "vw": 7}

func (p property) length(text string) (string, bool) {
	if p.takes&lengths == 0 {
		return "", false
	}
	cut := strings.LastIndexAny(text, "0123456789.") + 1
	unit := strings.ToLower(text[cut:])
	n, err := strconv.ParseFloat(text[:cut], 64)
	px, ok := units[unit]
	if err != nil || !ok || n*px < p.least || n*px > p.limit() {
		return "", false
	}
	if n == 0 {
		return "0", true
	}
	return number(n) + unit, true
}

// number prints with at most four places: the rest can't be seen.
func number(n float64) string { return strconv.FormatFloat(math.Round(n*1e4)/1e4, 'f', -1, 64) }

// function prints rgb(), hsl() and arithmetic on lengths; no other function is known.
func (p property) function(tokens []token) (string, int, bool) {
	name := strings.ToLower(tokens[0].text)
	end := 1
	for depth := 1; ; end++ {
		if end >= len(tokens) {
			return "", 0, false // unclosed
		}
		switch tokens[end].kind {
		case css.LeftParenthesisToken, css.FunctionToken:
			depth++
		case css.RightParenthesisToken:
			depth--
		}
		if depth == 0 {
			break
		}
	}
	args := tokens[1:end]
	switch name {
	case "rgb(", "rgba(", "hsl(", "hsla(":
		if p.takes&colours == 0 {
			return "", 0, false
		}
		v, ok := colourFunction(name, args)
		return v, end + 1, ok
	case "calc(", "min(", "max(":
		if p.takes&lengths == 0 || p.takes&maths == 0 {
			return "", 0, false
		}
		v, ok := arithmetic(name, args)
		return v, end + 1, ok
	}
	return "", 0, false
}

func colourFunction(name string, args []token) (string, bool) {
	var out strings.Builder
	out.WriteString(name)
	values := 0
	space := false
	for _, t := range args {
		piece := ""
		switch t.kind {
		case css.WhitespaceToken:
			space = true
			continue
		case css.NumberToken, css.PercentageToken:
			percent := strings.TrimSuffix(t.text, "%")
			n, err := strconv.ParseFloat(percent, 64)
			if err != nil || n < 0 || n > 360 {
				return "", false
			}
			piece = number(n) + t.text[len(percent):]
			values++
		case css.DimensionToken:
			n, found := strings.CutSuffix(strings.ToLower(t.text), "deg")
			f, err := strconv.ParseFloat(n, 64)
			if !found || err != nil || f < 0 || f > 360 {
				return "", false
			}
			piece = number(f) + "deg"
			values++
		case css.CommaToken:
			piece = ","
		case css.DelimToken:
			if t.text != "/" {
				return "", false
			}
			piece = "/"
		default:
			return "", false
		}
		if space && piece != "," && piece != "/" && !endsWithAny(out.String(), ",/(") {
			out.WriteByte(' ')
		}
		space = false
		out.WriteString(piece)
	}
	out.WriteByte(')')
	return out.String(), values == 3 || values == 4
}

func endsWithAny(s, chars string) bool {
	return s != "" && strings.IndexByte(chars, s[len(s)-1]) >= 0
}

// arithmetic prints the inside of calc(), min() and max(): numbers, lengths, percentages, the four signs and brackets.
func arithmetic(name string, args []token) (string, bool) {
	if len(args) > maxCSSValues {
		return "", false
	}
	any := property{takes: lengths | percents | numbers, least: -maxCSSLength, percent: 1000}
	var out strings.Builder
	out.WriteString(name)
	for _, t := range args {
		switch t.kind {
		case css.WhitespaceToken:
			if !endsWithAny(out.String(), " (,") {
				out.WriteByte(' ')
			}
		case css.LeftParenthesisToken:
			out.WriteByte('(')
		case css.RightParenthesisToken:
			out.WriteByte(')')
		case css.CommaToken:
			out.WriteByte(',')
		case css.DelimToken:
			if !strings.Contains("+-*/", t.text) {
				return "", false
			}
			out.WriteString(t.text)
		case css.NumberToken, css.PercentageToken, css.DimensionToken:
			v, _, ok := any.piece([]token{t})
			if !ok {
				return "", false
			}
			out.WriteString(v)
		default:
			return "", false
		}
	}
	return strings.TrimRight(out.String(), " ") + ")", len(args) > 0
}

func hasWord(words, word string) bool {
	for words != "" {
		var w string
		w, words, _ = strings.Cut(words, " ")
		if w == word {
			return true
		}
	}
	return false
}
