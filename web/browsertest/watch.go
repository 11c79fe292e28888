package browsertest

import (
	"context"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// trap tells of every window.__pwned = ..., which is what the scripts of the hostile mails do, in whatever frame they run: it is set up wherever scripts can run, before them.
const trap = `Object.defineProperty(window, "__pwned", {configurable: false, get() { return undefined }, set(who) { godwitPwned(location.href.slice(0, 200) + " " + String(who)) }})`

// Watch also notes "pwned" (a script of a mail's has run), and "navigation" (a frame, or the tab itself, has gone to what is not the origin's). From then on a
// request outside that the Content-Security-Policy or the browser has stopped, so that it was never sent, counts as "csp" and not as "request".
func (tab *Tab) Watch() {
	tab.t.Helper()
	err := chromedp.Listen(tab.ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventBindingCalled:
			tab.note("pwned", e.Payload)
		case *page.EventFrameNavigated:
			if url := e.Frame.URL; !strings.HasPrefix(url, tab.origin+"/") && !blank[url] {
				tab.note("navigation", url)
			}
		case *network.EventLoadingFailed:
			// "origin" is what an SVG filter in another origin's file gets, before anything is sent.
			if e.BlockedReason == network.BlockedReasonCsp || e.BlockedReason == network.BlockedReasonOrigin || e.ErrorText == "net::ERR_BLOCKED_BY_CSP" {
				tab.stopped(e.RequestID)
			}
		case *network.EventRequestWillBeSent:
			tab.mu.Lock()
			defer tab.mu.Unlock()
			if tab.asked == nil {
				tab.asked = map[network.RequestID]string{}
			}
			tab.asked[e.RequestID] = e.Request.URL
		}
	})
	if err != nil {
		tab.t.Fatalf("listen to a tab: %v", err)
	}
	tab.Run(
		command(runtime.AddBinding, runtime.AddBindingParams{Name: "godwitPwned"}),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: trap})
			return err
		}),
	)
}

// blank are the documents that are nobody's. An error page is one: the request that failed has been noted.
var blank = map[string]bool{"about:blank": true, "about:srcdoc": true, "chrome-error://chromewebdata/": true}

// stopped turns the request that was noted into a violation of the policy.
func (tab *Tab) stopped(id network.RequestID) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for i, e := range tab.events {
		if e.Kind == "request" && e.Text == tab.asked[id] {
			tab.events[i].Kind = "csp"
			return
		}
	}
}

// Visit opens an address, a path of the origin, that may turn out to be a download or an error; it returns when one of these is clear or the page is loaded.
func (tab *Tab) Visit(path string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: tab.origin + path})
	if err != nil {
		tab.t.Fatalf("go to %s: %v", path, err)
	}
	if answer.ErrorText == "" {
		tab.Wait(`document.readyState === "complete"`)
	}
}

// Move moves the mouse to a point of the window.
func (tab *Tab) Move(x, y float64) { tab.mouse(input.DispatchMouseEventTypeMouseMoved, x, y) }

// ClickAt clicks on a point of the window, as a person does: whatever is there is clicked.
func (tab *Tab) ClickAt(x, y float64) {
	tab.mouse(input.DispatchMouseEventTypeMouseMoved, x, y)
	tab.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
	tab.mouse(input.DispatchMouseEventTypeMouseReleased, x, y)
}

func (tab *Tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	tab.t.Helper()
	p := input.DispatchMouseEventParams{Type: kind, X: x, Y: y}
	if kind != input.DispatchMouseEventTypeMouseMoved {
		p.Button, p.ClickCount = input.MouseButtonLeft, 1
	}
	tab.Run(command(input.DispatchMouseEvent, p))
}

// ClosePopups closes the windows that this tab has opened and returns their addresses.
func (tab *Tab) ClosePopups() (addresses []string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	own := chromedp.FromContext(tab.ctx)
	all, err := chromedp.Targets(ctx)
	if err != nil {
		tab.t.Fatalf("list the windows: %v", err)
	}
	for _, w := range all {
		if w.Type != "page" || w.BrowserContextID != own.BrowserContextID || w.TargetID == own.Target.TargetID {
			continue
		}
		addresses = append(addresses, w.URL)
		if _, err := chromedp.CallBrowser(ctx, target.CloseTarget, target.CloseTargetParams{TargetID: w.TargetID}); err != nil {
			tab.t.Errorf("close %s: %v", w.URL, err)
		}
	}
	return addresses
}
