package mailhtml

// kind says where an element may stand and what its tags close; the rules are those of the HTML parser (WHATWG HTML, "tree construction"), so that a
// browser reads from our output the very tree it was printed from.
type kind uint8

const (
	kindDrop    kind = iota // gone with all that is in it
	kindVanish              // a single tag, gone
	kindBlock               // closes an open paragraph
	kindHeading             // h1 to h6
	kindItem                // li
	kindTerm                // dt, dd
	kindPara                // p
	kindPre                 // a block whose first line break doesn't count
	kindRule                // hr
	kindPhrase              // plain inline element
	kindFormat              // inline element that the parser opens again after mis-nested tags
	kindVoid                // br, img, wbr
	kindTable
	kindCaption
	kindColgroup
	kindCol
	kindRows // thead, tbody, tfoot
	kindRow
	kindCell
)

// Attributes that an element takes besides those that all take.
const (
	attrBox     = 1 << iota // width, height, bgcolor, background
	attrAlign               // align
	attrValign              // valign
	attrTable               // border, cellpadding, cellspacing
	attrCell                // colspan, rowspan, nowrap
	attrSpan                // span
	attrFont                // color, face, size
	attrList                // start, type, reversed
	attrItem                // value, type
	attrBorder              // border, hspace, vspace
	attrClear               // clear
	attrNoshade             // size, noshade
	attrLink
	attrImage
)

type element struct {
	name  string
	kind  kind
	attrs int
}

// special says whether the parser counts the element among those that an inline end tag doesn't reach across.
func (e *element) special() bool { return e.kind != kindPhrase && e.kind != kindFormat }

// tableContext says whether the element takes only parts of a table.
func (e *element) tableContext() bool {
	switch e.kind {
	case kindTable, kindColgroup, kindRows, kindRow:
		return true
	}
	return false
}

// optionalEnd says whether mail often leaves the end tag out.
func (e *element) optionalEnd() bool {
	switch e.kind {
	case kindPara, kindItem, kindTerm, kindCaption, kindColgroup, kindRows, kindRow, kindCell:
		return true
	}
	return false
}

// scope says whether the element keeps end tags within it from closing what is outside.
func (e *element) scope() bool {
	return e.kind == kindTable || e.kind == kindCell || e.kind == kindCaption
}

// elements is every element that mail may use, those that are another's alias, and those that are dropped with their content.
// What isn't here vanishes, and its content stays.
var elements = func() map[string]*element {
	m := map[string]*element{}
	add := func(k kind, attrs int, names ...string) {
		for _, name := range names {
			m[name] = &element{name, k, attrs}
		}
	}
	add(kindDrop, 0, "script", "style", "title", "textarea", "iframe", "noembed", "noframes", "noscript", "xmp", "plaintext", "listing",
		"object", "applet", "frameset", "template", "svg", "math", "video", "audio", "canvas", "map", "select", "datalist", "dialog", "portal", "fencedframe",
		"xml", "selectedcontent")
	add(kindVanish, 0, "embed", "frame", "source", "track", "param", "input", "area", "base", "basefont", "link", "meta", "bgsound", "keygen", "command")
	add(kindBlock, attrAlign, "address", "article", "aside", "blockquote", "center", "div", "dl", "figcaption", "figure", "footer", "header", "main", "nav", "section")
	add(kindBlock, attrList, "ol", "ul")
	add(kindHeading, attrAlign, "h1", "h2", "h3", "h4", "h5", "h6")
	add(kindItem, attrItem, "li")
	add(kindTerm, 0, "dd", "dt")
	add(kindPara, attrAlign, "p")
	add(kindPre, 0, "pre")
	add(kindRule, attrAlign|attrBox|attrNoshade, "hr")
	add(kindPhrase, 0, "abbr", "bdi", "bdo", "cite", "del", "dfn", "ins", "kbd", "mark", "q", "samp", "span", "sub", "sup", "time", "var")
	add(kindFormat, 0, "b", "big", "code", "em", "i", "s", "small", "strike", "strong", "tt", "u")
	add(kindFormat, attrFont, "font")
	add(kindFormat, attrLink, "a")
	add(kindVoid, attrClear, "br")
	add(kindVoid, 0, "wbr")
	add(kindVoid, attrImage|attrAlign|attrBorder, "img")
	add(kindTable, attrTable|attrBox|attrAlign, "table")
	add(kindCaption, attrAlign, "caption")
	add(kindColgroup, attrSpan|attrBox|attrAlign|attrValign, "colgroup")
	add(kindCol, attrSpan|attrBox|attrAlign|attrValign, "col")
	add(kindRows, attrBox|attrAlign|attrValign, "tbody", "thead", "tfoot")
	add(kindRow, attrBox|attrAlign|attrValign, "tr")
	add(kindCell, attrCell|attrBox|attrAlign|attrValign, "td", "th")
	for alias, name := range map[string]string{"image": "img", "details": "div", "summary": "div", "fieldset": "div", "legend": "div", "dir": "ul", "menu": "ul",
		"acronym": "abbr", "nobr": "span", "hgroup": "div", "search": "div"} {
		m[alias] = m[name]
	}
	return m
}()

// leavesForeign are the start tags that end an SVG or MathML subtree in every browser.
var leavesForeign = map[string]bool{}

func init() {
	for _, name := range []string{"b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "i",
		"img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var"} {
		leavesForeign[name] = true
	}
}
