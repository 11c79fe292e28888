package mailhtml

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// forms is the tree of a document as nested start and end tags.
type forms struct {
	Name     string
	Attrs    []html.Attribute
	Text     string
	Children []*forms
}

// byTags reads a document that closes every element by its own tag, without any of the HTML parser's repairs.
func byTags(t testing.TB, doc string) *forms {
	z := html.NewTokenizer(strings.NewReader(doc))
	root := &forms{}
	stack := []*forms{root}
	for {
		kind := z.Next()
		top := stack[len(stack)-1]
		switch kind {
		case html.ErrorToken:
			if len(stack) != 1 {
				t.Fatalf("%d elements are left open in\n%.2000s", len(stack)-1, doc)
			}
			return root
		case html.TextToken:
			text := string(z.Text())
			if top.Name == "pre" && len(top.Children) == 0 {
				text = strings.TrimPrefix(text, "\n")
			}
			if text != "" {
				top.Children = append(top.Children, &forms{Text: text})
			}
		case html.StartTagToken:
			tok := z.Token()
			f := &forms{Name: tok.Data, Attrs: tok.Attr}
			top.Children = append(top.Children, f)
			switch tok.Data {
			case "br", "hr", "img", "wbr", "col", "meta":
			default:
				stack = append(stack, f)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if string(name) != top.Name {
				t.Fatalf("</%s> closes <%s> in\n%.2000s", name, top.Name, doc)
			}
			stack = stack[:len(stack)-1]
		case html.CommentToken:
			t.Fatalf("a comment: %s", z.Raw())
		}
	}
}

// byParser reads it as a browser does.
func byParser(t testing.TB, doc string) *forms {
	root, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatalf("html.Parse: %v", err)
	}
	var convert func(n *html.Node) *forms
	convert = func(n *html.Node) *forms {
		f := &forms{}
		switch n.Type {
		case html.TextNode:
			f.Text = n.Data
		case html.ElementNode:
			f.Name, f.Attrs = n.Data, n.Attr
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.DoctypeNode {
				f.Children = append(f.Children, convert(c))
			}
		}
		return f
	}
	return convert(root)
}

// deep is how many levels the tree has.
func (f *forms) deep() int {
	most := 0
	for _, c := range f.Children {
		most = max(most, c.deep())
	}
	return most + 1
}

// String is the tree on one line.
func (f *forms) String() string {
	var out strings.Builder
	var walk func(f *forms)
	walk = func(f *forms) {
		if f.Name == "" && len(f.Children) == 0 {
			fmt.Fprintf(&out, "%q", f.Text)
			return
		}
		fmt.Fprintf(&out, "(%s %q", f.Name, f.Attrs)
		for _, c := range f.Children {
			walk(c)
		}
		out.WriteByte(')')
	}
	walk(f)
	return out.String()
}

// settle takes out what two readings may differ in without meaning: text cut into several nodes, and white space around head and body.
func (f *forms) settle() *forms {
	var kept []*forms
	for _, c := range f.Children {
		c.settle()
		if (f.Name == "" || f.Name == "html") && f.Text == "" && c.Name == "" && strings.TrimSpace(c.Text) == "" {
			continue
		}
		if n := len(kept); n > 0 && c.Name == "" && kept[n-1].Name == "" {
			kept[n-1].Text += c.Text
			continue
		}
		kept = append(kept, c)
	}
	f.Children = kept
	slices.SortFunc(f.Attrs, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
	if len(f.Attrs) == 0 {
		f.Attrs = nil
	}
	if len(kept) == 0 {
		f.Children = nil
	}
	return f
}

var allowedTags, allowedAttributes = map[string]bool{"html": true, "head": true, "body": true, "meta": true, "title": true, "style": true}, map[string]bool{}

func init() {
	for _, el := range elements {
		if el.kind > kindVanish {
			allowedTags[el.name] = true
		}
	}
	for _, a := range strings.Fields("align alt bgcolor border cellpadding cellspacing charset class clear color colspan content data-theme decoding dir face height href hspace id lang " +
		"loading name noshade nowrap referrerpolicy rel reversed rowspan size span src start style target title type valign value vspace width") {
		allowedAttributes[a] = true
	}
}

// checkOutput holds the promises that every output must keep.
func checkOutput(t testing.TB, in, out string) {
	t.Helper()
	tags, parsed := byTags(t, out).settle(), byParser(t, out).settle()
	if printed, read := tags.String(), parsed.String(); printed != read {
		same := 0
		for same < min(len(printed), len(read)) && printed[same] == read[same] {
			same++
		}
		t.Fatalf("a browser reads another tree than was printed: ...%.100s, printed ...%.100s\nfrom %q\n  to %.3000s", read[max(0, same-40):], printed[max(0, same-40):], in,
			out[strings.Index(out, "<body"):])
	}
	var walk func(f *forms, style bool)
	walk = func(f *forms, style bool) {
		if f.Name != "" && !allowedTags[f.Name] {
			t.Fatalf("<%s> in the output of %q", f.Name, in)
		}
		for _, a := range f.Attrs {
			if !allowedAttributes[a.Key] || a.Namespace != "" {
				t.Fatalf("%s on <%s> in the output of %q", a.Key, f.Name, in)
			}
			switch a.Key {
			case "href":
				checkHref(t, a.Val)
			case "src":
				if !strings.HasPrefix(a.Val, "/img/") && !strings.HasPrefix(a.Val, "/cid/") && !strings.HasPrefix(a.Val, "data:image/") {
					t.Fatalf("src=%q in the output of %q", a.Val, in)
				}
			case "style":
				checkCSS(t, a.Val, in)
			}
		}
		if f.Name == "style" && len(f.Children) > 0 && f.Children[0].Text != frameCSS {
			checkCSS(t, f.Children[0].Text, in)
		}
		for _, c := range f.Children {
			walk(c, false)
		}
	}
	walk(parsed, false)
}

func checkHref(t testing.TB, href string) {
	t.Helper()
	for _, prefix := range []string{"https://", "http://", "mailto:", "tel:", "#i-"} {
		if strings.HasPrefix(href, prefix) {
			return
		}
	}
	t.Fatalf("href=%q", href)
}

func checkCSS(t testing.TB, css, in string) {
	t.Helper()
	low := strings.ToLower(css)
	for _, bad := range []string{"\\", "<", "position:", "expression", "javascript", "@import", "@font-face", "var(", "attr(", "content:", "behavior", "binding", "animation", "/*"} {
		if strings.Contains(low, bad) {
			t.Fatalf("%q in the CSS %q of %q", bad, css, in)
		}
	}
	for rest := low; ; {
		_, after, found := strings.Cut(rest, "url(")
		if !found {
			return
		}
		if !strings.HasPrefix(after, "'/img/") && !strings.HasPrefix(after, "'/cid/") {
			t.Fatalf("a foreign address in the CSS %q of %q", css, in)
		}
		rest = after
	}
}

// again is what a second reading gets: the mail's part of the output, without the marks that only we may set.
func again(out string) string {
	_, body, _ := strings.Cut(out, "<body")
	body, _, _ = strings.Cut(body, "</body>")
	for {
		before, rest, found := strings.Cut(body, `<span class="gw-chip">`)
		if !found {
			break
		}
		_, after, _ := strings.Cut(rest, "</span>")
		body = before + after
	}
	body = strings.NewReplacer(` class="gw-img"`, "", ` class="gw-gap"`, "", ` class="gw-img `, ` class="`, ` class="gw-gap `, ` class="`).Replace(body)
	return "<style>" + ownStyle(out) + "</style><body" + body
}

func fuzzOptions() Options {
	return Options{
		CID:    func(id string) (string, bool) { return "/cid/1", len(id)%2 == 0 },
		Remote: func(u string) (string, bool) { return "/img/x", len(u)%3 > 0 },
	}
}

func FuzzDocument(f *testing.F) {
	for _, s := range []string{
		"<b>1<p>2</b>3</p>", "<table>x<tr><td>a<table><b><tr>c", "<a href=x><div><a href=http://a.example>b", "<pre>\n\nx", "<style>.k p{color:red}@media print{b{width:1px}}</style><p class=k>",
		"<svg><style><img src=x onerror=y></style><p>z", "<img src=http://a.example/1.png style='width:1px;background:url(http://a.example/2)'>", "<li><div><li><ul><li></ul><dd><p><dt>",
		"<math><mtext></p><style><!--</style><img title='--&gt;<img src=1 onerror=x>'>", "<h1><h2><p><h3></h1>", "<table><caption><col><td><form><table><tfoot><th>", "<font color=red><p>a</font>b<nobr>",
		"<a name=x href='#x'><body style='color:red' id=x class='k'>", "<i><b><u><div><span></i><p></b>x</div></u>", "<select><option><template><p></select>x", "<style>p{font:1px 'a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) { checkBothWays(t, in) })
}

// checkBothWays checks the output of in with and without remote images, and that reading it again changes nothing.
func checkBothWays(t testing.TB, in string) {
	t.Helper()
	out, _ := whole(t, in, fuzzOptions())
	checkOutput(t, in, out)
	out, _ = whole(t, in, Options{})
	checkOutput(t, in, out)
	if byTags(t, out).deep() >= maxDepth {
		return // the box of a missing image may be one level deeper than what is read again
	}
	one := again(out)
	second, _ := whole(t, one, Options{})
	if two := again(second); two != one {
		t.Fatalf("%q\n  once  %s\n  twice %s", in, one, two)
	}
}
