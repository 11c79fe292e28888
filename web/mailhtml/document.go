package mailhtml

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
)

const (
	maxAttributes = 64              // of one element that are looked at
	maxAttribute  = 64 << 10        // bytes of an attribute's value; a longer one counts as absent (data: images have their own limit)
	deadline      = 2 * time.Second // of the whole document; far above what any input of maxInput takes
)

// document is one mail on its way from tokens to print.
type document struct {
	opts    Options
	report  Report
	tree    *tree
	css     cssReader
	rules   []rule
	sheets  int // bytes of style sheets so far
	classes names
	ids     names
	lang    string
	dir     string
	base    string // <base href>, against which bulk mail's relative addresses stand
	blocked map[string]bool

	source []byte
	offset int // of the token at hand
	lasts  map[string]int
}

// read reads HTML once and builds the new tree from it.
func read(input []byte, opts Options) *document {
	d := &document{opts: opts, tree: newTree(), blocked: map[string]bool{}}
	d.css = cssReader{left: maxCSSTokens, load: d.loadBackground}
	d.classes.prefix, d.ids.prefix = "m-", "i-"
	d.source, d.report.Truncated = clean(input)
	d.tokens()
	d.tree.popTo(1, nil)
	d.report.Truncated = d.report.Truncated || d.css.cut || d.tree.full
	d.report.Blocked = len(d.blocked)
	d.judgeColours()
	d.measure()
	return d
}

// tokens goes through the tokens.
func (d *document) tokens() {
	z := html.NewTokenizer(bytes.NewReader(d.source))
	start := time.Now()
	raw := ""        // the raw-text element whose text comes next
	var skip skipped // the element that is left out at the moment
	for count := 0; ; count++ {
		kind := z.Next()
		if kind == html.ErrorToken || d.tree.full {
			return
		}
		d.offset += len(z.Raw())
		if count&1023 == 1023 && time.Since(start) > deadline {
			d.report.Truncated = true
			return
		}
		switch kind {
		case html.TextToken:
			switch {
			case raw == "style" && skip.name == "":
				d.styleSheet(string(z.Text()))
			case raw != "" || skip.name != "":
			default:
				d.tree.addText(cleanText(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			raw = rawText[string(name)]
			if skip.name != "" && !skip.start(string(name)) {
				d.countLoads(string(name), z, more)
				continue
			}
			d.startTag(string(name), z, more, kind == html.SelfClosingTagToken, &skip)
		case html.EndTagToken:
			raw = ""
			name, _ := z.TagName()
			if skip.name != "" {
				skip.end(string(name))
				continue
			}
			if el := elements[string(name)]; el != nil && el.kind > kindVanish {
				d.tree.end(el)
			}
		}
	}
}

// rawText are the elements whose content the tokenizer gives as one text.
var rawText = map[string]string{"style": "style", "script": "script", "title": "title", "textarea": "textarea", "iframe": "iframe", "noembed": "noembed",
	"noframes": "noframes", "noscript": "noscript", "xmp": "xmp", "plaintext": "plaintext"}

// skipped is an element that is left out with its content.
type skipped struct {
	name  string
	depth int
	html  int // within SVG or MathML: open elements that hold HTML, whose tags don't end it
}

// start looks at a start tag within; true says that the tag ends the skipping, as HTML tags do in SVG.
func (s *skipped) start(name string) bool {
	switch {
	case name == s.name:
		s.depth++
	case s.name != "svg" && s.name != "math":
	case holdsHTML[name]:
		s.html++
	case s.html == 0 && leavesForeign[name]:
		*s = skipped{}
		return true
	}
	return false
}

func (s *skipped) end(name string) {
	switch {
	case name == s.name:
		if s.depth--; s.depth == 0 {
			*s = skipped{}
		}
	case holdsHTML[name] && s.html > 0:
		s.html--
	}
}

var holdsHTML = map[string]bool{"foreignobject": true, "desc": true, "annotation-xml": true, "mi": true, "mo": true, "mn": true, "ms": true, "mtext": true}

// closes says whether an end tag of that name is still to come: an element that is never closed must not take the rest of the mail with it.
func (d *document) closes(name string) bool {
	last, ok := d.lasts[name]
	if !ok {
		last = -1
		for i := len(d.source); last < 0; {
			if i = bytes.LastIndex(d.source[:i], []byte("</")); i < 0 {
				break
			}
			if rest := d.source[i+2:]; len(rest) >= len(name) && strings.EqualFold(string(rest[:len(name)]), name) {
				last = i
			}
		}
		if d.lasts == nil {
			d.lasts = map[string]int{}
		}
		d.lasts[name] = last
	}
	return last >= d.offset
}

func (d *document) startTag(name string, z *html.Tokenizer, more, selfClosing bool, skip *skipped) {
	el := elements[name]
	switch {
	case name == "body" || name == "html":
		d.bodyTag(z, more)
		return
	case el == nil:
		// Office's own elements hold settings and drawings, but o:p is a paragraph's end and holds the space that keeps an empty line high.
		if len(name) > 2 && name[1] == ':' && strings.IndexByte("ovw", name[0]) >= 0 && name != "o:p" {
			d.countLoads(name, z, more)
			if !selfClosing && d.closes(name) {
				*skip = skipped{name: name, depth: 1}
			}
		}
		return
	case el.kind == kindDrop:
		d.countLoads(name, z, more)
		if rawText[name] == "" && !selfClosing && d.closes(name) {
			*skip = skipped{name: name, depth: 1}
		}
		return
	case el.kind == kindVanish:
		d.countLoads(name, z, more)
		return
	}
	n := d.tree.node(el)
	d.attributes(n, name, z, more)
	if n.image != nil && !d.finishImage(n) {
		return
	}
	d.tree.start(n)
}

// bodyTag puts the attributes of <html> and <body> where ours are. The first of each wins.
func (d *document) bodyTag(z *html.Tokenizer, more bool) {
	body := d.tree.body
	var n node
	n.el = bodyElement
	d.attributes(&n, "body", z, more)
	for _, a := range n.attrs {
		switch a.name {
		case "lang":
			if d.lang == "" {
				d.lang = a.value
			}
		case "dir":
			if d.dir == "" {
				d.dir = a.value
			}
		}
	}
	if body.class == "" {
		body.class = n.class
	}
	if body.id == "" {
		body.id = n.id
	}
	if body.style == nil {
		body.style = n.style
	}
}

// styleSheet reads the content of a <style> element.
func (d *document) styleSheet(text string) {
	room := maxSheet - d.sheets
	if len(text) > room {
		text, d.report.Truncated = text[:room], true
	}
	d.sheets += len(text)
	d.rules = append(d.rules, d.css.sheet(text, d.opts.Theme)...)
}

// judgeColours settles whether the mail brings colours of its own.
func (d *document) judgeColours() {
	colours := d.css.coloured
	for _, r := range d.rules {
		colours = colours || r.block.colours
	}
	d.report.Colours = colours
}

// cleanText turns the text of a token into a string of ours.
func cleanText(text []byte) string {
	// A character reference can bring what clean took out.
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7f || c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0 {
			return strings.Map(func(r rune) rune {
				switch {
				case r == '\r':
					return '\n'
				case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r < 0xa0:
					return -1
				}
				return r
			}, string(text))
		}
	}
	return string(text)
}

// countLoads counts what an element that is left out would have loaded.
func (d *document) countLoads(name string, z *html.Tokenizer, more bool) {
	for count := 0; more && count < maxAttributes; count++ {
		var key, value []byte
		key, value, more = z.TagAttr()
		if len(value) > maxURL {
			continue
		}
		switch string(key) {
		case "src", "poster", "data", "background":
			if name != "script" {
				d.block(string(value))
			}
		case "srcset":
			for _, u := range srcset(string(value)) {
				d.block(u)
			}
		case "href", "xlink:href":
			switch name {
			case "image", "feimage", "base":
				if name != "base" {
					d.block(string(value))
				} else if t, ok := parseLink(string(value)); ok && d.base == "" && t.host != "" {
					d.base = t.href
				}
			}
		}
	}
}

// block counts a remote address that was not loaded, once.
func (d *document) block(raw string) {
	if d.opts.Remote != nil {
		return
	}
	if u, ok := remoteURL(raw); ok && len(d.blocked) < 10_000 {
		d.blocked[u] = true
	}
}

// remoteURL gives the address of a remote resource, printed by us.
func remoteURL(raw string) (string, bool) {
	t, ok := parseLink(raw)
	return t.href, ok && t.host != ""
}

// remote asks for the proxy's address of a remote image. An image that may not be loaded is counted.
func (d *document) remote(raw string) (href string, ok bool) {
	u, ok := remoteURL(raw)
	if !ok {
		return "", false
	}
	if d.opts.Remote != nil {
		if href, ok = d.opts.Remote(u); ok {
			d.report.Remote++
			return href, true
		}
	}
	if len(d.blocked) < 10_000 {
		d.blocked[u] = true
	}
	return "", false
}

// loadBackground is remote for CSS, which may also name an embedded image.
func (d *document) loadBackground(raw string) (string, bool) {
	if id, ok := cutPrefixFold(strings.TrimSpace(raw), "cid:"); ok {
		return d.embedded(id)
	}
	return d.remote(raw)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// srcset gives the addresses of a srcset attribute.
func srcset(value string) []string {
	var urls []string
	for candidate := range strings.SplitSeq(value, ",") {
		if u, _, _ := strings.Cut(strings.TrimSpace(candidate), " "); u != "" && len(urls) < 16 {
			urls = append(urls, u)
		}
	}
	return urls
}

// atoi reads a number's leading digits, as HTML does; unit is what follows.
func atoi(s string) (n int, unit string, ok bool) {
	s = strings.TrimSpace(s)
	i := 0
	for i < len(s) && i < 6 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	return n, strings.TrimSpace(s[i:]), err == nil
}
