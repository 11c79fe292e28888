package rfc822

import (
	"strings"
	"unicode/utf8"
)

// Address is a mailbox of an address list. Name is decoded, may be empty; Addr may be malformed but never holds control characters.
// A group is given as its members; an empty group as one Address with Group set and no Addr.
type Address struct {
	Name  string
	Addr  string
	Group string
}

// Domain returns what follows the last "@" of the address, in lower case, "" without one.
func (a Address) Domain() string {
	i := strings.LastIndexByte(a.Addr, '@')
	if i < 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(a.Addr[i+1:], "."))
}

// FormatAddress writes a for people: `Name <addr>`, the address alone, the name alone, or the group's name. A name that holds
// specials is quoted, so that a list of such texts joined by ", " reads back as the same list. It is not encoded for a header.
func FormatAddress(a Address) string {
	name := a.Name
	if name == "" {
		name = a.Group
	}
	switch {
	case a.Addr == "" && a.Name == "" && a.Group != "":
		return quoteName(name) + ":;"
	case a.Addr == "":
		return quoteName(name)
	case name == "":
		return a.Addr
	}
	return quoteName(name) + " <" + a.Addr + ">"
}

func quoteName(name string) string {
	if !strings.ContainsAny(name, `()<>[]:;@\,"`) {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// ParseAddresses reads an address list (RFC 5322 section 3.4) and whatever resembles one: semicolons as separators, unclosed quotes and
// brackets, addresses without <>, routes, raw 8-bit names, encoded words that hold commas, names without an address. Never an error;
// the time is linear in len(s). A name is not taken for an address by decoding it: an encoded word never yields an Addr.
func ParseAddresses(s string) []Address { return parseAddresses(s, "") }

func parseAddresses(s, hint string) []Address {
	p := addressList{s: s, hint: hint, lastSemicolon: strings.LastIndexByte(s, ';')}
	p.run()
	return p.list
}

// token is a piece of one mailbox of the list.
type token struct {
	kind  byte   // 'w' word, 'e' encoded word, 'q' quoted string, 'c' comment, 'a' what stood in <>
	text  string // without its delimiters
	space bool   // white space came before it
}

// addressList is a list being read.
type addressList struct {
	s, hint       string
	at            int
	lastSemicolon int  // offset of the last ";" of s; a ":" after it begins no group
	noQuote       bool // no further quotation mark closes
	noParen       bool // no further comment closes
	item          []token
	hasAddr       bool // item holds what may be an address
	space         bool
	group         string // name of the group being read
	inGroup       bool
	members       int
	list          []Address
}

func (p *addressList) run() {
	for p.at < len(p.s) {
		p.step()
	}
	p.endItem()
	p.endGroup()
}

// step takes one token or delimiter. Each call moves on.
func (p *addressList) step() {
	switch c := p.s[p.at]; {
	case c <= ' ' || c == 0x7f:
		p.space = true
		p.at++
	case c == ',':
		p.at++
		p.endItem()
	case c == ';':
		p.at++
		p.endItem()
		p.endGroup()
	case c == ':' && p.beginsGroup(""):
		p.at++
		p.beginGroup()
	case c == '"':
		p.quoted()
	case c == '(':
		p.comment()
	case c == '<':
		p.angle()
	case c == '>' || c == ')':
		p.at++
	default:
		p.word()
	}
}

func (p *addressList) push(kind byte, text string) {
	p.item = append(p.item, token{kind, text, p.space})
	p.hasAddr = p.hasAddr || kind == 'a' || kind == 'w' && strings.Contains(text, "@")
	p.space = false
}

// beginsGroup tells a group's colon from one in a name: only with a ";" to come, or at the very end of the list, as in "undisclosed-recipients:".
// word is the one that the colon touches.
func (p *addressList) beginsGroup(word string) bool {
	if p.inGroup || p.hasAddr || len(p.item) == 0 && word == "" || strings.Contains(word, "@") {
		return false
	}
	return p.lastSemicolon > p.at || strings.Trim(p.s[p.at+1:min(len(p.s), p.at+80)], " \t") == "" && len(p.s) <= p.at+80
}

func (p *addressList) beginGroup() {
	p.group, p.inGroup, p.members = p.phrase(p.item), true, 0
	if strings.EqualFold(p.group, "mailto") {
		p.inGroup = false
	}
	p.item, p.space, p.hasAddr = p.item[:0], false, false
}

func (p *addressList) endGroup() {
	if p.inGroup && p.members == 0 && p.group != "" {
		p.list = append(p.list, Address{Group: p.group})
	}
	p.inGroup = false
}

// quoted reads a quoted string. A quotation mark that nothing closes is left out.
func (p *addressList) quoted() {
	p.at++
	if p.noQuote {
		return
	}
	end := closingQuote(p.s, p.at)
	if end < 0 {
		p.noQuote = true
		return
	}
	text := p.s[p.at:end]
	// In `"Bob <b@x>, "Ann" <a@y>` the second mark opens: it has a letter behind it and an address before it.
	if end+1 < len(p.s) && !strings.ContainsRune(" \t\r\n<,;@(\"", rune(p.s[end+1])) && strings.Contains(text, ">") && strings.Contains(text, "<") {
		return
	}
	p.push('q', unescape(text))
	p.at = end + 1
}

// closingQuote finds the unescaped quotation mark that closes a string begun before at, -1 without one.
func closingQuote(s string, at int) int {
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unescape undoes quoted pairs.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

// comment reads a comment, nested ones included. A parenthesis that nothing closes is part of the text.
func (p *addressList) comment() {
	end := -1
	if !p.noParen {
		end = closingParen(p.s, p.at)
	}
	if end < 0 {
		p.noParen = true
		p.word()
		return
	}
	p.push('c', unescape(p.s[p.at+1:end]))
	p.at = end + 1
	p.space = true
}

// closingParen finds the parenthesis that closes the one at s[at], -1 without one.
func closingParen(s string, at int) int {
	depth := 0
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// angle reads an address in <>, also one that is doubled, routed, or not closed.
func (p *addressList) angle() {
	for p.at < len(p.s) && (p.s[p.at] == '<' || p.s[p.at] == ' ') {
		p.at++
	}
	start := p.at
	route := start < len(p.s) && p.s[start] == '@'
	for p.at < len(p.s) {
		c := p.s[p.at]
		if c == '>' || c == '<' || c == ';' || c == ',' && !route {
			break
		}
		if c == ':' {
			route = false
		}
		if c == '"' && !p.noQuote {
			end := closingQuote(p.s, p.at+1)
			if end < 0 {
				p.noQuote = true
			} else {
				p.at = end
			}
		}
		p.at++
	}
	p.at = min(p.at, len(p.s))
	text := p.s[start:p.at]
	for p.at < len(p.s) && p.s[p.at] == '>' {
		p.at++
	}
	p.push('a', text)
	p.space = true
}

// word reads up to the next blank or delimiter, or one encoded word, which may hold delimiters.
func (p *addressList) word() {
	start := p.at
	if strings.HasPrefix(p.s[start:], "=?") {
		if _, end, ok := cutWord(p.s, start); ok {
			p.push('e', p.s[start:end])
			p.at = end
			return
		}
	}
	for p.at < len(p.s) {
		c := p.s[p.at]
		if c <= ' ' || c == 0x7f || strings.IndexByte(`,;<>"()`, c) >= 0 && (p.at > start || c != '(' && c != ')') {
			break
		}
		if c == ':' && (p.at == start || p.beginsGroup(p.s[start:p.at])) {
			if p.at == start {
				p.at++
			}
			break
		}
		if c == '[' { // a domain literal holds colons
			if n := strings.IndexAny(p.s[p.at:min(len(p.s), p.at+80)], "], <>"); n > 0 && p.s[p.at+n] == ']' {
				p.at += n
			}
		}
		if c == '=' && p.at > start && strings.HasPrefix(p.s[p.at:], "=?") {
			break
		}
		p.at++
	}
	p.push('w', p.s[start:p.at])
}

// endItem makes an address of the tokens read since the last separator.
func (p *addressList) endItem() {
	item := p.item
	p.item, p.space, p.hasAddr = p.item[:0], false, false
	if len(item) == 0 {
		return
	}
	var a Address
	if i := bestAngle(item); i >= 0 {
		a.Addr = p.cleanAddr(item[i].text)
		a.Name = p.phrase(item[:i])
		if a.Name == "" {
			a.Name = p.phrase(item[i+1:])
		}
	} else if from, to := bareAddr(item); from < to {
		a.Addr = p.cleanAddr(joinTokens(item[from:to]))
		a.Name = p.phrase(item[:from])
		if a.Name == "" {
			a.Name = p.phrase(item[to:])
		}
	} else {
		a.Name = p.phrase(item)
	}
	if a.Name == "" {
		a.Name = p.comments(item)
	}
	if strings.EqualFold(a.Name, a.Addr) {
		a.Name = ""
	}
	if a == (Address{}) {
		return
	}
	if a.Addr == "" {
		a.Name = strings.TrimSpace(a.Name)
	}
	p.members++
	p.list = append(p.list, a)
}

// bestAngle is the index of the last <> that holds an "@", of the last one that holds anything, or -1.
func bestAngle(item []token) int {
	best := -1
	for i, t := range item {
		if t.kind != 'a' || strings.TrimSpace(t.text) == "" {
			continue
		}
		if best < 0 || strings.Contains(t.text, "@") || !strings.Contains(item[best].text, "@") {
			best = i
		}
	}
	return best
}

// bareAddr finds the tokens of an address that stands without <>: the last word with an "@" and what touches it. from == to without one.
func bareAddr(item []token) (from, to int) {
	for i := len(item) - 1; i >= 0; i-- {
		if item[i].kind != 'w' || !strings.Contains(item[i].text, "@") {
			continue
		}
		from, to = i, i+1
		// RFC 5322 section 4.4 lets blanks stand around "@" and "."; a quoted or encoded local part touches its "@".
		for from > 0 && glued(item[from-1], item[from]) {
			from--
		}
		for to < len(item) && (glued(item[to-1], item[to]) || dotted(item[to-1], item[to])) {
			to++
		}
		return from, to
	}
	return 0, 0
}

// glued reports whether two tokens are pieces of one address.
func glued(a, b token) bool {
	if a.kind == 'c' || b.kind == 'c' || a.kind == 'a' || b.kind == 'a' {
		return false
	}
	if !b.space {
		return true
	}
	if a.kind != 'w' || b.kind != 'w' {
		return false
	}
	return strings.HasPrefix(b.text, "@") || strings.HasSuffix(a.text, "@")
}

// dotted reports whether b goes on with the domain that a is a piece of.
func dotted(a, b token) bool {
	return a.kind == 'w' && b.kind == 'w' && (strings.HasPrefix(b.text, ".") || strings.HasSuffix(a.text, "."))
}

// joinTokens writes the pieces of a bare address together again.
func joinTokens(item []token) string {
	var b strings.Builder
	for _, t := range item {
		if t.kind == 'q' {
			b.WriteString(`"` + strings.ReplaceAll(t.text, `"`, `\"`) + `"`)
			continue
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// cleanAddr drops the route, comments at the end, blanks and everything invisible. Raw 8-bit text is decoded, encoded words are not.
func (p *addressList) cleanAddr(s string) string {
	s = strings.Trim(s, " \t\r\n'")
	if strings.HasPrefix(s, "@") {
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if i := strings.IndexByte(s, '('); i > 0 && strings.HasSuffix(s, ")") && !strings.Contains(s, `"`) {
		s = s[:i]
	}
	if !utf8.ValidString(s) {
		s = decodeLiteral(s, s, p.hint)
	}
	s = CleanText(s)
	if !strings.Contains(s, `"`) {
		s = strings.ReplaceAll(s, " ", "")
	}
	return s
}

// phrase is the display name that the words, encoded words and quoted strings of item make.
func (p *addressList) phrase(item []token) string {
	var b strings.Builder
	for _, t := range item {
		if t.kind == 'c' || t.kind == 'a' {
			continue
		}
		if t.space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	name := CleanText(decodeWords(b.String(), p.hint))
	if n := len(name); n > 1 && name[0] == '\'' && name[n-1] == '\'' {
		name = strings.TrimSpace(name[1 : n-1]) // Outlook quotes addresses used as names like this
	}
	return name
}

// comments is what stood in parentheses, the old place for a person's name.
func (p *addressList) comments(item []token) string {
	var texts []string
	for _, t := range item {
		if t.kind == 'c' {
			texts = append(texts, t.text)
		}
	}
	return CleanText(decodeWords(strings.Join(texts, " "), p.hint))
}
