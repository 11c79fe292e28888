package mailhtml

import (
	"strings"
)

// frameCSS is our own style sheet in every document. It stands in a cascade layer: what it says plainly gives way to any rule of the mail's,
// and what it says with !important no rule of the mail's can undo.
const frameCSS = `@layer gw{
html{color-scheme:light;color:#13212a;font:15px/1.6 system-ui,-apple-system,"Segoe UI Variable Text","Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%;text-size-adjust:100%;overflow-wrap:break-word;overflow:auto!important}
html,body{height:auto!important;min-height:0!important;max-height:none!important;position:static!important}
body{margin:0;background:#fff;display:flow-root;overflow:visible!important;visibility:visible}
a{color:#0b5f6d}
img{max-width:100%}
pre{white-space:pre-wrap;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
blockquote{margin:0 0 0 4px;padding-left:10px;border-left:2px solid #dbe4e7}
td,th{font-size:inherit}
@media(max-width:600px){img{height:auto}}
.gw-chip{display:inline!important;visibility:visible!important;opacity:1!important;font:600 12px/1.4 system-ui,sans-serif!important;color:#7a5200!important;background:#fdf3dc!important;border:1px solid #e3c88a!important;border-radius:6px!important;padding:0 5px!important;margin:0 2px!important;white-space:nowrap!important;text-decoration:none!important;text-transform:none!important;letter-spacing:0!important;direction:ltr!important;unicode-bidi:isolate!important}
.gw-img,.gw-gap{display:inline-block;box-sizing:border-box;max-width:100%;overflow:hidden;vertical-align:middle}
.gw-img{min-width:24px;min-height:24px;padding:4px 6px;background-color:#e8edef;border-radius:4px;color:#4d5d66;font:12px/1.35 system-ui,sans-serif;text-align:left}
@media(prefers-color-scheme:dark){html.gw-plain:not([data-theme=light]){color-scheme:dark;color:#e8eff2}
html.gw-plain:not([data-theme=light]) body{background:#131c20}
html.gw-plain:not([data-theme=light]) a{color:#67c8d6}
html.gw-plain:not([data-theme=light]) blockquote{border-color:#26353c}
html.gw-plain:not([data-theme=light]) .gw-img{background-color:#22303a;color:#93a6af}}
html.gw-plain[data-theme=dark]{color-scheme:dark;color:#e8eff2}
html.gw-plain[data-theme=dark] body{background:#131c20}
html.gw-plain[data-theme=dark] a{color:#67c8d6}
html.gw-plain[data-theme=dark] blockquote{border-color:#26353c}
html.gw-plain[data-theme=dark] .gw-img{background-color:#22303a;color:#93a6af}
@media print{html,html.gw-plain[data-theme=dark],html.gw-plain:not([data-theme=light]){color:#000;color-scheme:light}
html body,html.gw-plain[data-theme=dark] body,html.gw-plain:not([data-theme=light]) body{background:#fff}}
}
`

// print writes the whole document.
func (d *document) print() []byte {
	plain := !d.report.Colours
	anchors := d.survey()
	var rules strings.Builder
	printRules(&rules, d.rules, &d.classes, &d.ids, plain)
	p := printer{document: d, plain: plain, anchors: anchors}
	p.out = make([]byte, 0, len(d.source)+len(frameCSS)+rules.Len()+1024)
	p.raw("<!DOCTYPE html>\n<html class=\"" + rootClass)
	if plain {
		p.raw(" gw-plain")
	}
	p.raw("\"")
	if d.opts.Theme == ThemeDark || d.opts.Theme == ThemeLight {
		p.attribute("data-theme", string(d.opts.Theme))
	}
	lang := d.lang
	if lang == "" && isLanguage(strings.ToLower(d.opts.Lang)) {
		lang = d.opts.Lang
	}
	if lang != "" {
		p.attribute("lang", lang)
	}
	if d.dir != "" {
		p.attribute("dir", d.dir)
	}
	p.raw("><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" content=\"no-referrer\"><title>Message</title><style>")
	p.raw(frameCSS)
	if rules.Len() > 0 {
		p.raw("</style><style>")
		p.raw(rules.String())
	}
	p.raw("</style></head>\n<body")
	p.common(d.tree.body)
	p.raw(">")
	p.children(d.tree.body)
	p.raw("</body></html>")
	return p.out
}

// survey notes the classes and ids that the finished tree has, and gives the ids that links within it lead to.
func (d *document) survey() (anchors map[string]bool) {
	anchors = map[string]bool{}
	lists := map[string]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		if n.class != "" && !lists[n.class] {
			lists[n.class] = true
			for class := range strings.FieldsSeq(n.class) {
				d.classes.see(class)
			}
		}
		if n.id != "" {
			d.ids.see(n.id)
		}
		if n.fragment != "" {
			anchors[n.fragment] = true
		}
		for c := n.first; c != nil; c = c.next {
			if c.el != nil {
				walk(c)
			}
		}
	}
	walk(d.tree.body)
	for id := range anchors {
		if !d.ids.present[id] {
			delete(anchors, id)
		}
	}
	return anchors
}

// printer writes the tree. Nothing edits what it wrote.
type printer struct {
	*document
	plain   bool
	anchors map[string]bool
	out     []byte
}

func (p *printer) raw(s string) { p.out = append(p.out, s...) }

// escape writes text so that it is nothing else, inside quotes too.
func (p *printer) escape(s string) {
	from := 0
	for i := 0; i < len(s); i++ {
		var with string
		switch s[i] {
		case '&':
			with = "&amp;"
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		case '"':
			with = "&#34;"
		case '\'':
			with = "&#39;"
		case '`':
			with = "&#96;"
		default:
			continue
		}
		p.out = append(append(p.out, s[from:i]...), with...)
		from = i + 1
	}
	p.out = append(p.out, s[from:]...)
}

// text writes text between tags, where quotes mean nothing.
func (p *printer) text(s string) {
	from := 0
	for i := 0; i < len(s); i++ {
		var with string
		switch s[i] {
		case '&':
			with = "&amp;"
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		default:
			continue
		}
		p.out = append(append(p.out, s[from:i]...), with...)
		from = i + 1
	}
	p.out = append(p.out, s[from:]...)
}

func (p *printer) attribute(name, value string) {
	p.raw(" " + name + "=\"")
	p.escape(value)
	p.out = append(p.out, '"')
}

func (p *printer) children(n *node) {
	for c := n.first; c != nil; c = c.next {
		if c.el == nil {
			p.text(c.text)
		} else {
			p.element(c)
		}
	}
}

func (p *printer) element(n *node) {
	if n.image != nil {
		p.image(n)
		return
	}
	p.raw("<" + n.el.name)
	for _, a := range n.attrs {
		// A link's title is ours: where it leads.
		if !(a.plain && p.plain) && !(a.name == "title" && n.link != nil && n.link.host != "") {
			p.attribute(a.name, a.value)
		}
	}
	p.common(n)
	chip := ""
	if n.el.attrs&attrLink != 0 {
		chip = p.link(n)
	}
	p.out = append(p.out, '>')
	if n.el.kind == kindVoid || n.el.kind == kindRule || n.el.kind == kindCol {
		return
	}
	if n.el.kind == kindPre && n.first != nil && n.first.el == nil && strings.HasPrefix(n.first.text, "\n") {
		p.out = append(p.out, '\n') // the parser drops the first
	}
	p.children(n)
	p.raw("</" + n.el.name + ">")
	if chip != "" {
		p.raw("<span class=\"gw-chip\">[")
		p.text(chip)
		p.raw("]</span>")
	}
}

// common writes style, class and id: the latter two by the names that the style sheet and anchors gave them.
func (p *printer) common(n *node) { p.styled(n, n.style.text(p.plain), "") }

// styled is common with another style, and with a class of ours.
func (p *printer) styled(n *node, style, own string) {
	if style != "" {
		p.attribute("style", style)
	}
	classes := own
	for class := range strings.FieldsSeq(n.class) {
		if name, ok := p.classes.given[class]; ok {
			if classes != "" {
				classes += " "
			}
			classes += name
		}
	}
	if classes != "" {
		p.attribute("class", classes)
	}
	if n.id != "" {
		name, ok := p.ids.given[n.id]
		if !ok && p.anchors[n.id] {
			name = p.ids.of(n.id)
		}
		if name != "" {
			p.attribute("id", name)
		}
	}
}

// link writes the attributes of a link and gives the host to show beside it, if any.
func (p *printer) link(n *node) (chip string) {
	switch {
	case n.fragment != "" && p.anchors[n.fragment]:
		p.attribute("href", "#"+p.ids.of(n.fragment))
		return ""
	case n.link == nil:
		return ""
	}
	p.attribute("href", n.link.href)
	p.raw(` target="_blank" rel="noopener noreferrer nofollow ugc" referrerpolicy="no-referrer"`)
	if n.link.host == "" {
		return ""
	}
	p.attribute("title", cutText(n.link.href, 500))
	if n.link.doubt || elsewhere(n.words(300), *n.link) {
		p.report.Mismatched++
		return n.link.show
	}
	return ""
}

// words gives the first text in n.
func (n *node) words(most int) string {
	var out strings.Builder
	look := 200
	var walk func(n *node)
	walk = func(n *node) {
		for c := n.first; c != nil && out.Len() < most; c = c.next {
			if look--; look < 0 {
				return
			}
			switch {
			case c.el == nil:
				out.WriteString(cutText(c.text, most))
			case c.image != nil:
				out.WriteString(c.image.alt)
			case c.el.special():
				out.WriteByte(' ')
			}
			walk(c)
		}
	}
	walk(n)
	return out.String()
}

func (p *printer) image(n *node) {
	img := n.image
	if img.src == "" {
		p.missing(n)
		return
	}
	p.raw("<img")
	p.attribute("src", img.src)
	p.attribute("alt", img.alt)
	if img.width != "" {
		p.attribute("width", img.width)
	}
	if img.height != "" {
		p.attribute("height", img.height)
	}
	for _, a := range n.attrs {
		p.attribute(a.name, a.value)
	}
	p.common(n)
	p.raw(` loading="lazy" decoding="async" referrerpolicy="no-referrer">`)
}

// missing writes the box that stands in for an image.
func (p *printer) missing(n *node) {
	style, small := n.placeholder()
	class := "gw-img"
	if small {
		class = "gw-gap"
	}
	p.raw("<span")
	for _, a := range n.attrs {
		if a.name == "title" || a.name == "dir" || a.name == "lang" {
			p.attribute(a.name, a.value)
		}
	}
	p.styled(n, style, class)
	p.out = append(p.out, '>')
	p.text(n.image.alt)
	p.raw("</span>")
}
