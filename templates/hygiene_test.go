package templates

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"godwit/static"
	"godwit/web/urls"
)

// forbidden are what the content security policy blocks, what needs eval, and what would let text of a mail become markup.
var forbidden = []struct{ name, pattern string }{
	{"inline style", `\sstyle=`},
	{"style element", `<style`},
	{"inline script", `<script>`},
	{"event handler", `\son[a-z]+=`},
	{"hx-on", `hx-on`},
	{"htmx value that needs eval", `=["{\s]*js:`},
	{"trigger filter", `hx-trigger="[^"]*\[`},
	{"templ.Raw", `templ\.Raw|templ\.SafeURL|JSUnsafe|JSONScript`},
	{"autoplay", `autoplay`},
}

func TestTemplatesHoldNothingForbidden(t *testing.T) {
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(*.templ) = %d files, %v", len(files), err)
	}
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range forbidden {
			if m := regexp.MustCompile(rule.pattern).Find(source); m != nil {
				t.Errorf("%s holds %s: %q", f, rule.name, m)
			}
		}
	}
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// elements gives all of them in order, those in <template> too.
func elements(n *html.Node) []*html.Node {
	var all []*html.Node
	for c := range n.Descendants() {
		if c.Type == html.ElementNode {
			all = append(all, c)
		}
	}
	return all
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func TestRenderedPages(t *testing.T) {
	symbols := sprites(t)
	for _, g := range goldens() {
		ids := map[string]bool{}
		for _, n := range elements(parse(t, render(t, g.page))) {
			checkElement(t, g.name, n, symbols)
			if id, ok := attr(n, "id"); ok && inTemplate(n) == nil {
				if ids[id] || id == "" {
					t.Errorf("%s: id %q is there twice or empty", g.name, id)
				}
				ids[id] = true
			}
		}
	}
}

// inTemplate gives the <template> around n, whose ids are not in the document.
func inTemplate(n *html.Node) *html.Node {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "template" {
			return p
		}
	}
	return nil
}

func checkElement(t *testing.T, page string, n *html.Node, symbols map[string]bool) {
	t.Helper()
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			t.Errorf("%s: <%s %s=%q> would be blocked", page, n.Data, a.Key, a.Val)
		case a.Key == "href" || a.Key == "src" || a.Key == "action":
			if regexp.MustCompile(`(?i)^\s*(javascript|data|vbscript):`).MatchString(a.Val) {
				t.Errorf("%s: <%s %s=%q>", page, n.Data, a.Key, a.Val)
			}
		case a.Key == "hx-get" || a.Key == "hx-post":
			checkTrip(t, page, n, a)
		}
	}
	switch n.Data {
	case "script":
		if src, ok := attr(n, "src"); !ok || src == "" || n.FirstChild != nil {
			t.Errorf("%s: a script of its own in the page", page)
		}
	case "use":
		href, _ := attr(n, "href")
		if _, name, _ := strings.Cut(href, "#"); !symbols[name] {
			t.Errorf("%s: icon %q is not in the sprite", page, href)
		}
	case "form":
		if method, _ := attr(n, "method"); method == "post" && !hasToken(n) {
			t.Errorf("%s: a form that posts without its token", page)
		}
	case "button", "a", "summary", "iframe", "img":
		if n.Data == "img" {
			if _, ok := attr(n, "alt"); !ok {
				t.Errorf("%s: <img> without alt", page)
			}
		} else if nameOf(n) == "" {
			t.Errorf("%s: <%s> without a name", page, n.Data)
		}
		if n.Data == "a" {
			if href, ok := attr(n, "href"); !ok || href == "" {
				t.Errorf("%s: a dead link %q", page, nameOf(n))
			}
		}
	}
}

// checkTrip: htmx only shortens what a link or form does without it.
func checkTrip(t *testing.T, page string, n *html.Node, a html.Attribute) {
	t.Helper()
	plain, want := "href", "a"
	if a.Key == "hx-post" {
		plain, want = "action", "form"
	}
	if got, _ := attr(n, plain); n.Data != want || got != a.Val {
		t.Errorf("%s: <%s %s=%q> with %s=%q, want the same address on <%s>", page, n.Data, a.Key, a.Val, plain, got, want)
	}
	for _, must := range []string{"hx-target", "hx-swap", "hx-push-url"} {
		if _, ok := attr(n, must); !ok {
			t.Errorf("%s: <%s %s=%q> without %s", page, n.Data, a.Key, a.Val, must)
		}
	}
}

func hasToken(form *html.Node) bool {
	for _, n := range elements(form) {
		if name, _ := attr(n, "name"); n.Data == "input" && name == "csrf" {
			return true
		}
	}
	return false
}

// nameOf is what a screen reader calls n, roughly.
func nameOf(n *html.Node) string {
	for _, key := range []string{"aria-label", "title", "aria-labelledby"} {
		if s, _ := attr(n, key); s != "" {
			return s
		}
	}
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
		if s, _ := attr(c, "alt"); s != "" {
			b.WriteString(s)
		}
	}
	return strings.TrimSpace(b.String())
}

func sprites(t *testing.T) map[string]bool {
	t.Helper()
	f, ok := static.Lookup(static.Hash(), "icons/icons.svg")
	if !ok {
		t.Fatal("no icons/icons.svg")
	}
	symbols := map[string]bool{}
	for _, m := range regexp.MustCompile(`<symbol id="([^"]+)"`).FindAllSubmatch(f.Body, -1) {
		symbols[string(m[1])] = true
	}
	return symbols
}

// TestScriptsOfMailNeverBecomeElements looks for what the hostile samples try to make.
func TestScriptsOfMailNeverBecomeElements(t *testing.T) {
	for _, g := range goldens() {
		page := render(t, g.page)
		for _, n := range elements(parse(t, page)) {
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: <%s> has %s", g.name, n.Data, a.Key)
				}
			}
			if n.Data == "img" {
				if src, _ := attr(n, "src"); src == "x" {
					t.Errorf("%s: an image of the mail's", g.name)
				}
			}
		}
		if strings.Contains(page, "<script>alert") {
			t.Errorf("%s: a script of the mail's", g.name)
		}
	}
}

// TestBudgets holds the design's numbers for a page of 50 rows with a message open.
func TestBudgets(t *testing.T) {
	list := listOf(fiftyRows(), 9000, DefaultLook)
	page := Mailbox(MailboxProps{Frame: sampleFrame("Inbox (12)", "INBOX"), List: list, Reader: readerOf(sampleMessage())})
	text := render(t, page)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	nodes := len(elements(parse(t, text)))
	const maxNodes, maxOctets = 2500, 40_000
	if nodes > maxNodes {
		t.Errorf("50 rows and a message make %d elements, want at most %d", nodes, maxNodes)
	}
	if b.Len() > maxOctets {
		t.Errorf("50 rows and a message make %d octets after gzip, want at most %d", b.Len(), maxOctets)
	}
	t.Logf("50 rows and a message: %d elements, %d octets, %d after gzip", nodes, len(text), b.Len())
}

func BenchmarkList(b *testing.B) {
	list := listOf(fiftyRows(), 9000, DefaultLook)
	ctx := urls.With(b.Context(), "")
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		if err := List(list).Render(ctx, &out); err != nil {
			b.Fatal(err)
		}
	}
}
