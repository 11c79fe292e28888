// Package browsertest drives a real Chromium for tests and benchmarks: it opens pages at a size and in a theme, presses
// keys, takes screenshots, runs axe, and writes down everything that must not happen: errors on the console, violations
// of the Content-Security-Policy, requests to anywhere but the server under test, dialogs, new windows, downloads.
package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Browser is one Chromium process with an empty profile.
type Browser struct {
	ctx  context.Context
	once sync.Once
	stop func()
}

// Close ends Chromium and waits until it has written what it was told to write; the end of the test does it too.
func (b *Browser) Close() { b.once.Do(b.stop) }

// Start runs Chromium, with further flags if any, until the test ends. Without Chromium the test is skipped, or fails where GODWIT_REQUIRE names it.
func Start(t testing.TB, flags ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if strings.Contains(os.Getenv("GODWIT_REQUIRE"), "chromium") {
			t.Fatal("chromium is required and not installed")
		}
		t.Skip("chromium is not installed: nothing is shown in a real browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // the tests run as root in CI; the pages are our own
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("lang", "en-GB"),
	)
	allocated, stop := chromedp.NewExecAllocator(context.Background(), append(options, flags...)...)
	ctx, cancel := chromedp.NewContext(allocated)
	if err := chromedp.Do(ctx); err != nil {
		stop()
		t.Fatalf("chromium: %v", err)
	}
	b := &Browser{ctx: ctx, stop: func() {
		end, done := context.WithTimeout(ctx, Patience)
		_ = chromedp.Cancel(end) // a browser that does not go by itself is killed
		done()
		cancel()
		stop()
	}}
	t.Cleanup(b.Close)
	return b
}

// View is how a person looks at a page.
type View struct {
	Width, Height int64
	Dark          bool
	Touch         bool
	NoScript      bool
	Forced        bool // the system's colours in place of the page's
}

// The sizes that every page is looked at.
var (
	Desktop     = View{Width: 1440, Height: 900}
	DesktopDark = View{Width: 1440, Height: 900, Dark: true}
	Tablet      = View{Width: 1024, Height: 768}
	Phone       = View{Width: 390, Height: 844, Touch: true}
	PhoneDark   = View{Width: 390, Height: 844, Touch: true, Dark: true}
)

func (v View) String() string {
	s := fmt.Sprintf("%dx%d", v.Width, v.Height)
	if v.Dark {
		s += "-dark"
	}
	if v.NoScript {
		s += "-noscript"
	}
	return s
}

// media tells the browser what a person has chosen for all pages.
func (v View) media() chromedp.Action[chromedp.Void] {
	theme, forced := "light", "none"
	if v.Dark {
		theme = "dark"
	}
	if v.Forced {
		forced = "active"
	}
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}, {Name: "forced-colors", Value: forced}}})
}

// Turn shows the page that is open in another theme.
func (tab *Tab) Turn(v View) {
	tab.t.Helper()
	tab.Run(v.media())
}

// Tab is one page of the browser.
type Tab struct {
	t      testing.TB
	ctx    context.Context
	origin string

	mu       sync.Mutex
	events   []Event
	expected []string
	sent     int64 // octets received over the network, encoded
	requests int
	asked    map[network.RequestID]string // addresses of requests, kept by Watch
}

// Event is something that must not happen on a page of ours.
type Event struct {
	Kind string // "console", "csp", "request", "dialog", "popup", "download", "navigation", "pwned"
	Text string
}

// Open opens a tab that may speak to origin ("http://127.0.0.1:8080") alone. It is closed when the test ends, and the
// test fails then if an Event was met that no Expect allowed.
func (b *Browser) Open(t testing.TB, origin string, view View) *Tab {
	t.Helper()
	// A context of its own: cookies and cache of one tab are not those of another.
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	tab := &Tab{t: t, ctx: ctx, origin: origin}
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		t.Fatalf("open a tab: %v", err)
	}
	if err := chromedp.Listen(ctx, tab.listen); err != nil {
		cancel()
		t.Fatalf("listen to a tab: %v", err)
	}
	err := chromedp.Do(ctx,
		command(network.Enable, network.EnableParams{}),
		command(log.Enable, cdp.Empty{}),
		command(page.Enable, page.EnableParams{}),
		command(runtime.Enable, cdp.Empty{}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: view.Width, Height: view.Height, DeviceScaleFactor: 1, Mobile: view.Touch}),
		command(emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: view.Touch}),
		command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: view.NoScript}),
		command(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Lisbon"}),
		view.media(),
	)
	if err != nil {
		cancel()
		t.Fatalf("open a tab: %v", err)
	}
	events := true
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior:         browser.SetDownloadBehaviorBehaviorDeny,
		BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
		EventsEnabled:    &events,
	})
	if err != nil {
		cancel()
		t.Fatalf("refuse downloads: %v", err)
	}
	own := chromedp.FromContext(ctx).Target.TargetID
	if err := chromedp.ListenBrowser(ctx, func(event any) {
		switch e := event.(type) {
		case *target.EventTargetCreated:
			if e.TargetInfo.Type == "page" && e.TargetInfo.OpenerID == own {
				tab.note("popup", e.TargetInfo.URL)
			}
		case *browser.EventDownloadWillBegin:
			tab.note("download", e.URL)
		}
	}); err != nil {
		cancel()
		t.Fatalf("listen to the browser: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		for _, e := range tab.Events() {
			t.Errorf("%s: %s", e.Kind, e.Text)
		}
	})
	return tab
}

func (tab *Tab) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		tab.note("console", text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var words []string
			for _, a := range e.Args {
				words = append(words, string(a.Value)+a.Description)
			}
			tab.note("console", strings.Join(words, " "))
		}
	case *log.EventEntryAdded:
		kind := "console"
		if e.Entry.Source == log.EntrySourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
			kind = "csp"
		}
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning || kind == "csp" {
			tab.note(kind, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		tab.mu.Lock()
		tab.requests++
		tab.mu.Unlock()
		if u, err := url.Parse(e.Request.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ftp" || u.Scheme == "ws" || u.Scheme == "wss") &&
			!strings.HasPrefix(e.Request.URL, tab.origin+"/") && e.Request.URL != tab.origin {
			tab.note("request", e.Request.URL)
		}
	case *network.EventLoadingFinished:
		tab.mu.Lock()
		tab.sent += int64(e.EncodedDataLength)
		tab.mu.Unlock()
	case *page.EventJavascriptDialogOpening:
		tab.note("dialog", e.Message)
		go chromedp.Call(tab.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
	}
}

func (tab *Tab) note(kind, text string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, part := range tab.expected {
		if strings.Contains(kind+": "+text, part) {
			return
		}
	}
	tab.events = append(tab.events, Event{kind, text})
}

// Expect allows events whose "kind: text" contains part, from now on.
func (tab *Tab) Expect(part string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.expected = append(tab.expected, part)
}

// Events returns what was met since the last call, and forgets it.
func (tab *Tab) Events() []Event {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	events := tab.events
	tab.events = nil
	return events
}

// Traffic returns the requests and the octets that came over the network since the last call.
func (tab *Tab) Traffic() (requests int, octets int64) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	requests, octets = tab.requests, tab.sent
	tab.requests, tab.sent = 0, 0
	return requests, octets
}

// Patience is how long the tab waits for what a test says will be there.
const Patience = 20 * time.Second

// Run carries out actions, and fails the test when they don't succeed in time.
func (tab *Tab) Run(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		tab.t.Fatalf("browser: %v", err)
	}
}

// Goto opens an address, a path of the origin, and waits until it is loaded.
func (tab *Tab) Goto(path string) {
	tab.t.Helper()
	tab.Run(chromedp.Navigate(tab.origin + path))
}

// Eval runs an expression in the page and gives its value.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("in the page: %.200s: %v", expression, err)
	}
	return value
}

// Wait waits until the expression is true in the page.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	deadline := time.Now().Add(Patience)
	for {
		ctx, cancel := context.WithTimeout(tab.ctx, Patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			tab.Screenshot("failed-" + strings.ReplaceAll(tab.t.Name(), "/", "-"))
			tab.t.Fatalf("never true in the page: %s (%v)", expression, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Click clicks what the selector finds first and can be seen.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.Run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press sends keys to whatever has the focus.
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	tab.Run(chromedp.KeyEvent(keys))
}

// SignIn signs in through the form.
func (tab *Tab) SignIn(user, password string) {
	tab.t.Helper()
	tab.Goto("/login")
	tab.Run(
		chromedp.SetValue(chromedp.CSS(`input[name=username]`), user),
		chromedp.SetValue(chromedp.CSS(`input[name=password]`), password),
	)
	tab.Load(chromedp.Click(chromedp.CSS(`form[action$="/login"] button[type=submit]`)))
}

// Load carries out an action and waits until the page it leads to is loaded.
func (tab *Tab) Load(action chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, action)); err != nil {
		tab.t.Fatalf("the page never loaded: %v", err)
	}
}

// Screenshot writes what is seen to the folder GODWIT_SHOTS, and does nothing when that is not set.
func (tab *Tab) Screenshot(name string) {
	tab.t.Helper()
	dir := os.Getenv("GODWIT_SHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		tab.t.Errorf("screenshot %s: %v", name, err)
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// Context is the tab's, for actions of chromedp's own.
func (tab *Tab) Context() context.Context { return tab.ctx }

// command makes an action of a command of the protocol whose answer does not matter.
func command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}
