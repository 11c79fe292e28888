package browsertest

import (
	"context"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// html is the page as it is now. The protocol's evaluate runs where the page's own scripts may not. (DOM.getDocument would do too, but gives every
// node a new number, and chromedp waits for ever on the old ones.)
func (tab *Tab) html() (*html.Node, error) {
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	outer, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
	if err != nil {
		return nil, err
	}
	return html.Parse(strings.NewReader(outer))
}

// HTMLText gives the text of the first element that matches the CSS selector; it works without scripts.
func (tab *Tab) HTMLText(selector string) string {
	tab.t.Helper()
	page, err := tab.html()
	if err != nil {
		tab.t.Fatal(err)
	}
	return textOf(cascadia.Query(page, cascadia.MustCompile(selector)))
}

// WaitHTML waits until the first element that matches has the text; it works without scripts.
func (tab *Tab) WaitHTML(selector, text string) {
	tab.t.Helper()
	match := cascadia.MustCompile(selector)
	var got string
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		// The document may be replaced while it is read: it is read again then.
		if page, err := tab.html(); err == nil {
			if got = textOf(cascadia.Query(page, match)); got == text {
				return
			}
		}
	}
	tab.Screenshot("failed-" + strings.ReplaceAll(tab.t.Name(), "/", "-"))
	_, err := tab.html()
	tab.t.Fatalf("%s never read %q, at last %q (%v)", selector, text, got, err)
}

func textOf(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}
