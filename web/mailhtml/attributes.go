package mailhtml

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// attributes copies, one by one and checked by its own rule, what the element may have. Names that aren't here (on..., data-..., hx-..., srcdoc ...) don't exist.
func (d *document) attributes(n *node, name string, z *html.Tokenizer, more bool) {
	if n.el.attrs&attrImage != 0 {
		n.image = &image{}
	}
	var presentation []decl // attributes that only CSS can say here
	if name == "nobr" {
		presentation = append(presentation, decl{prop: "white-space", value: "nowrap"})
	}
	for count := 0; more; count++ {
		var key, val []byte
		key, val, more = z.TagAttr()
		if count >= maxAttributes || len(key) > 16 || len(val) > maxAttribute && !(n.image != nil && string(key) == "src") {
			continue
		}
		value := string(val)
		switch key := string(key); key {
		case "style":
			if n.style == nil {
				n.style = d.css.attribute(value)
			}
		case "class":
			if n.class == "" && len(value) < 2000 {
				n.class = value
			}
		case "id":
			if value != "" && len(value) < 200 {
				n.id = value
			}
		case "name":
			if n.el.attrs&attrLink != 0 && n.id == "" && value != "" && len(value) < 200 {
				n.id = value
			}
		case "href":
			if n.el.attrs&attrLink != 0 && n.link == nil && n.fragment == "" {
				d.href(n, value)
			}
		case "background":
			if n.el.attrs&attrBox != 0 || n.el == bodyElement {
				if href, ok := d.loadBackground(value); ok && plainURL(href) {
					presentation = append(presentation, decl{prop: "background-image", value: "url('" + href + "')", colour: true})
				}
			}
		case "bgcolor":
			if c, ok := attrColour(value); ok && (n.el.attrs&attrBox != 0 || n.el == bodyElement) {
				presentation = append(presentation, backgroundColour(c))
			}
		case "text":
			if c, ok := attrColour(value); ok && n.el == bodyElement {
				ink := decl{prop: "color", value: c}
				ink.classify()
				presentation = append(presentation, ink)
			}
		case "color":
			if c, ok := attrColour(value); ok && n.el.attrs&attrFont != 0 {
				ink := decl{prop: "color", value: c}
				ink.classify()
				n.set(attr{key, c, ink.plain})
				d.css.coloured = d.css.coloured || ink.colour
			}
		case "src", "srcset", "alt", "width", "height", "hspace", "vspace", "border":
			if n.image != nil {
				d.imageAttribute(n, key, value)
				continue
			}
			d.sizeAttribute(n, key, value)
		default:
			d.plainAttribute(n, key, value)
		}
	}
	if len(presentation) > 0 {
		d.present(n, presentation)
	}
	if n.style != nil {
		d.css.coloured = d.css.coloured || n.style.colours
	}
}

// set adds an attribute, once.
func (n *node) set(a attr) {
	for _, have := range n.attrs {
		if have.name == a.name {
			return
		}
	}
	n.attrs = append(n.attrs, a)
}

// present puts declarations before those of the style attribute, which win as they do over attributes.
func (d *document) present(n *node, decls []decl) {
	b := &block{decls: decls}
	if n.style != nil {
		b.decls = append(b.decls, n.style.decls...)
	}
	b.render()
	n.style = b
}

// sizeAttribute checks lengths and counts.
func (d *document) sizeAttribute(n *node, key, value string) {
	number, unit, ok := atoi(value)
	if !ok {
		return
	}
	switch key {
	case "width", "height":
		if n.el.attrs&attrBox == 0 {
			return
		}
		switch {
		case unit == "%" && number <= 100:
			n.set(attr{name: key, value: strconv.Itoa(number) + "%"})
		case (unit == "" || strings.EqualFold(unit, "px")) && number <= maxCSSLength:
			n.set(attr{name: key, value: strconv.Itoa(number)})
		}
	case "border":
		if n.el.attrs&attrTable != 0 && number <= 100 {
			n.set(attr{name: key, value: strconv.Itoa(number)})
		}
	}
}

// plainAttribute checks what is a word, a small number or text.
func (d *document) plainAttribute(n *node, key, value string) {
	a := n.el.attrs
	word := strings.ToLower(strings.TrimSpace(value))
	number, _, isNumber := atoi(value)
	keep := false
	switch key {
	case "dir":
		keep = hasWord("ltr rtl auto", word)
	case "lang", "xml:lang":
		key, keep = "lang", isLanguage(word)
	case "title":
		if text := oneLine(value, 300); text != "" {
			n.set(attr{name: key, value: text})
		}
	case "align":
		keep = a&attrAlign != 0 && hasWord("left right center justify char", word) ||
			a&attrImage != 0 && hasWord("left right middle top bottom absmiddle baseline texttop", word)
	case "valign":
		keep = a&attrValign != 0 && hasWord("top middle bottom baseline", word)
	case "nowrap":
		keep, word = a&attrCell != 0, ""
	case "noshade":
		keep, word = a&attrNoshade != 0, ""
	case "reversed":
		keep, word = a&attrList != 0, ""
	case "colspan", "rowspan":
		keep, word = a&attrCell != 0 && isNumber && number >= 1 && number <= 1000, strconv.Itoa(number)
	case "span":
		keep, word = a&attrSpan != 0 && isNumber && number >= 1 && number <= 1000, strconv.Itoa(number)
	case "cellpadding", "cellspacing":
		keep, word = a&attrTable != 0 && isNumber && number <= 200, strconv.Itoa(number)
	case "start", "value":
		keep, word = (a&attrList != 0 && key == "start" || a&attrItem != 0 && key == "value") && isNumber, strconv.Itoa(number)
	case "type":
		// The case of these is their meaning.
		word = strings.TrimSpace(value)
		keep = a&(attrList|attrItem) != 0 && hasWord("1 a A i I disc circle square", word)
	case "clear":
		keep = a&attrClear != 0 && hasWord("left right all none", word)
	case "size":
		if a&attrFont != 0 {
			keep = len(word) == 1 && word >= "1" && word <= "7" || len(word) == 2 && (word[0] == '+' || word[0] == '-') && word[1] >= '1' && word[1] <= '7'
		} else {
			keep, word = a&attrNoshade != 0 && isNumber && number <= 100, strconv.Itoa(number)
		}
	case "face":
		if a&attrFont != 0 && strings.IndexByte(value, '\\') < 0 {
			tokens, _ := lex(value, 60)
			if family, ok := fontFamily(tokens); ok {
				n.set(attr{name: key, value: family})
			}
		}
	}
	if keep {
		n.set(attr{name: key, value: word})
	}
}

func isLanguage(tag string) bool {
	if len(tag) < 2 || len(tag) > 35 {
		return false
	}
	for i := 0; i < len(tag); i++ {
		if c := tag[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// oneLine is text for an attribute: no controls, nothing that reorders, at most so many bytes.
func oneLine(text string, most int) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' }), " ")
	text = strings.Map(func(r rune) rune {
		if invisible(r) || r < ' ' {
			return -1
		}
		return r
	}, text)
	return cutText(text, most)
}

// cutText cuts at a character's border.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most]
}

// href reads where a link leads.
func (d *document) href(n *node, value string) {
	if len(value) > maxURL {
		return
	}
	if fragment, ok := strings.CutPrefix(strings.TrimSpace(value), "#"); ok {
		n.fragment = fragment
		return
	}
	t, ok := parseLink(value)
	if !ok && d.base != "" {
		t, ok = parseLink(resolve(d.base, value))
	}
	if !ok {
		return
	}
	if t.scheme == "mailto" && d.opts.Mailto != nil {
		t.href = d.opts.Mailto(t.href)
	}
	n.link = &t
}

// resolve gives the absolute address of a relative one; only paths are understood, as only those occur.
func resolve(base, relative string) string {
	relative = cleanURL(relative)
	if relative == "" || strings.ContainsAny(strings.SplitN(relative, "/", 2)[0], ":") {
		return ""
	}
	end := strings.Index(base, "://") + 3
	host := len(base)
	if i := strings.IndexAny(base[end:], "/?#"); i >= 0 {
		host = end + i
	}
	if relative[0] == '/' {
		return base[:host] + relative
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(base[host:], "/"), "?")
	path, _, _ = strings.Cut(path, "#")
	return base[:host] + "/" + path[:strings.LastIndexByte(path, '/')+1] + relative
}
