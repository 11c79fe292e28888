package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"godwit/imapsession/imaptest"
	"godwit/web/browsertest"
)

// TestCorpusInChromium opens every benign and hostile mail in a real browser and does what index.json asks a tester to do. Nothing of a mail may run, leave,
// open, download or cover anything; and a mail shows what it has to.
func TestCorpusInChromium(t *testing.T) {
	discard := listenDiscard(t)
	netlog := filepath.Join(t.TempDir(), "netlog.json")
	b := startLogging(t, netlog)
	server := imaptest.Dovecot(t)
	user := server.User(t)
	mails := upload(t, server, user, append(corpus(t, "benign"), corpus(t, "hostile")...))
	p := serveBefore(t, server, user)

	r := newReader(t, b, p, wholeWall)
	for _, m := range mails {
		r.read(m)
	}
	r.report(len(mails))
	// Whatever the browser looked up, prepared or asked for is in its log, be it seen by the page or not.
	b.Close()
	r.checkNetLog(netlog)
	if log := p.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the program logged\n%s", grep(log, "level=ERROR"))
	}

	// Clicks go to other windows and so to other sites, as the person wants: a browser of their own.
	clicklog := filepath.Join(t.TempDir(), "clicklog.json")
	b = startLogging(t, clicklog)
	clicker := newReader(t, b, p, wholeWall)
	for _, m := range mails {
		if slices.Contains(m.Actions, "click-links") {
			clicker.click(m)
		}
	}
	t.Logf("%d links clicked on, %d windows opened by them", clicker.clicks, clicker.popups)
	if clicker.clicks == 0 || clicker.popups == 0 {
		t.Errorf("clicks = %d, windows = %d, want some of both", clicker.clicks, clicker.popups)
	}
	b.Close()
	if !slices.ContainsFunc(wentOut(t, clicklog), func(line string) bool { return strings.Contains(line, `"method":`) }) {
		t.Error("the net log of the browser that went to other sites knows nothing of them: the other log proves nothing")
	}
	discard.check(t)
}

// TestRealMailInChromium opens what people and mailers really sent, where it holds HTML: nothing runs, leaves or covers anything. Their remote images
// stay blocked: the hosts are real.
func TestRealMailInChromium(t *testing.T) {
	var mails []*specimen
	for _, m := range corpus(t, "real") {
		if bytes.Contains(bytes.ToLower(m.raw), []byte("text/html")) {
			mails = append(mails, m)
		}
	}
	b := browsertest.Start(t)
	server := imaptest.Dovecot(t)
	user := server.User(t)
	mails = upload(t, server, user, mails)
	r := newReader(t, b, serveBefore(t, server, user), wholeWall)
	r.blocked = true
	for _, m := range mails {
		r.read(m)
	}
	r.report(len(mails))
}

// startLogging starts a browser whose network stack writes down what it does.
func startLogging(t *testing.T, netlog string) *browsertest.Browser {
	return browsertest.Start(t, chromedp.Flag("log-net-log", netlog), chromedp.Flag("net-log-capture-mode", "Default"))
}

// attacksText are the classes of mails whose text, rather than its headers or files, is the attack.
var attacksText = map[string]bool{"xss": true, "mxss": true, "css": true, "privacy": true, "phish": true, "framework": true, "charset": true, "html": true}

// wall says what a run expects of the mails.
type wall int

const (
	wholeWall   wall = iota // nothing at all, and everything a person has to see is seen
	policyAlone             // the browser stops what the mails try: it says so on its console, and the mails look as they please
)

// reader is a tab in which mails are read.
type reader struct {
	*testing.T
	tab     *browsertest.Tab
	p       program
	wall    wall
	blocked bool   // remote images are never asked for
	chrome  string // how the application around the reader looks

	slowest time.Duration
	slow    string
	frames  int // documents of mails that were looked at, each in the reader and in a tab of its own
	remote  int // mails read with their remote images
	files   int
	stopped int // by the policy
	clicks  int
	popups  int
	later   map[string]int // actions of features that are yet to come
}

func newReader(t *testing.T, b *browsertest.Browser, p program, w wall) *reader {
	t.Helper()
	r := &reader{T: t, p: p, wall: w, later: map[string]int{}}
	r.tab = b.Open(t, p.origin, browsertest.Desktop)
	r.tab.Watch()
	// What says it is a picture and is none has no thumbnail; the browser reports the answer.
	r.tab.Expect("console: Failed to load resource: the server responded with a status of 415 (Unsupported Media Type) " + p.origin + "/m/INBOX/")
	r.tab.Expect("console: Failed to load resource: the server responded with a status of 413 (Request Entity Too Large) " + p.origin + "/m/INBOX/")
	r.tab.SignIn(p.user, p.password)
	r.tab.Wait(`document.querySelector("#list .row")`)
	r.chrome = browsertest.Eval[string](r.tab, chromeLook)
	return r
}

// chromeLook describes the application around the reader: where its pieces are, how they look, and whether a click on them meets them.
const chromeLook = `(() => {
	const look = [];
	for (const selector of [".appbar", "#folders", "#list"]) {
		const element = document.querySelector(selector);
		if (!element) { look.push(selector + " is gone"); continue; }
		const box = element.getBoundingClientRect(), style = getComputedStyle(element);
		look.push([selector, box.x, box.y, box.width, box.height, style.display, style.visibility, style.opacity, style.color, style.backgroundColor, style.fontSize].join(" "));
		for (const across of [0.03, 0.3, 0.6, 0.97]) for (const down of [0.1, 0.5, 0.9]) {
			const x = box.x + across * box.width, y = box.y + down * box.height, hit = document.elementFromPoint(x, y);
			if (!element.contains(hit)) look.push(selector + " is covered at " + x + "," + y + " by " + hit?.outerHTML.slice(0, 100));
		}
	}
	return look.join("\n");
})()`

// fitted is true when every frame of a mail is loaded and fitted to its content.
const fitted = `document.readyState === "complete" && [...document.querySelectorAll("iframe[data-fit]")].every(f => f.classList.contains("fitted"))`

// mailState is what a page shows of a mail, once all that folds is open.
const mailState = `(() => {
	for (const d of document.querySelectorAll("#reader details, main details")) d.open = true;
	const frames = [...document.querySelectorAll("iframe[data-fit]")], text = [], pictures = [];
	for (const region of document.querySelectorAll("#reader, main")) text.push(region.innerText);
	for (const f of frames) {
		text.push(f.contentDocument?.body?.innerText ?? "");
		for (const i of f.contentDocument?.images ?? []) if (i.src) pictures.push({src: i.src, drawn: i.complete && i.naturalWidth > 0});
	}
	return JSON.stringify({
		text: text.join("\n"), pictures, frames: frames.map(f => f.getAttribute("src")),
		remote: document.querySelector("#reader a[href*='remote=']")?.getAttribute("href") ?? "",
		files: [...document.querySelectorAll(".att a.n")].map(a => a.getAttribute("href")),
		downloads: [...document.querySelectorAll(".att a[download], .all-files")].map(a => a.getAttribute("href")),
	});
})()`

type state struct {
	Text     string
	Frames   []string
	Pictures []struct {
		Src   string
		Drawn bool
	}
	Remote           string
	Files, Downloads []string
}

func (r *reader) state() (s state) {
	r.Helper()
	if err := json.Unmarshal([]byte(browsertest.Eval[string](r.tab, mailState)), &s); err != nil {
		r.Fatal(err)
	}
	return s
}

// open goes to a path and waits until the mail stands still; false if it never did.
func (r *reader) open(m *specimen, path string) bool {
	r.Helper()
	start := time.Now()
	r.tab.Goto(path)
	if r.wall == policyAlone {
		// A frame whose mail tried to lead it away need not get there.
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline) && !browsertest.Eval[bool](r.tab, fitted); {
			time.Sleep(10 * time.Millisecond)
		}
		return true
	}
	r.tab.Wait(fitted)
	took, limit := time.Since(start), 8*time.Second
	if m.LimitMS > 0 {
		limit = time.Duration(m.LimitMS) * time.Millisecond
	}
	if took > limit {
		r.Errorf("%s stands still after %v, want %v at most", m.ID, took, limit)
	}
	if took > r.slowest {
		r.slowest, r.slow = took, m.ID
	}
	return true
}

// read opens a mail, looks at it, and does all but clicking on links.
func (r *reader) read(m *specimen) {
	r.Helper()
	path := fmt.Sprintf("/m/INBOX/%d", m.uid)
	r.open(m, path)
	s := r.state()
	r.look(m, s)
	r.touch(m)
	if look := browsertest.Eval[string](r.tab, chromeLook); look != r.chrome {
		r.Errorf("%s changes the application around it from\n%s\nto\n%s", m.ID, r.chrome, look)
	}
	r.check(m)
	if s.Remote != "" && !r.blocked {
		r.readRemote(m, s)
	}
	for _, frame := range s.Frames {
		r.frames++
		r.tab.Visit(frame)
		r.sweep(8)
		r.check(m)
	}
	r.act(m, path, s)
	r.check(m)
}

// look compares what is seen with what has to be.
func (r *reader) look(m *specimen, s state) {
	r.Helper()
	if r.wall != wholeWall {
		return
	}
	text := s.Text
	if heads := browsertest.Eval[int](r.tab, `document.querySelectorAll("a.embedded-head").length`); heads > 0 {
		browsertest.Eval[int](r.tab, `(document.querySelectorAll("a.embedded-head").forEach(a => a.click()), 0)`)
		r.tab.Wait(`!document.querySelector("a.embedded-head") || document.querySelectorAll("#reader details summary.embedded-head").length >= ` + fmt.Sprint(heads))
		r.tab.Wait(fitted)
		text += r.state().Text
	}
	for _, want := range m.Visible {
		if !strings.Contains(squeeze(text), squeeze(want)) {
			r.Errorf("%s does not show %q in\n%.800s", m.ID, want, text)
		}
	}
	for _, hidden := range m.Hidden {
		if strings.Contains(squeeze(text), squeeze(hidden)) {
			r.Errorf("%s shows %q", m.ID, hidden)
		}
	}
	drawn := 0
	for _, p := range s.Pictures {
		if p.Drawn && strings.HasPrefix(p.Src, r.p.origin+"/") {
			drawn++
		}
	}
	if drawn < m.CIDImages {
		r.Errorf("%s draws %d of its own images, want %d: %+v", m.ID, drawn, m.CIDImages, s.Pictures)
	}
}

// touch moves the focus through the mail's frames, the mouse over them, and presses keys there.
func (r *reader) touch(m *specimen) {
	r.Helper()
	browsertest.Eval[int](r.tab, `(() => {
		for (const f of document.querySelectorAll("iframe[data-fit]"))
			for (const e of f.contentDocument?.querySelectorAll("a, input, button, textarea, select, [tabindex]") ?? []) e.focus();
		return 0;
	})()`)
	points := 6
	if slices.Contains(m.Actions, "hover") {
		points = 24
	}
	r.sweep(points)
	if slices.Contains(m.Actions, "keys") {
		for _, key := range []string{"\t", "x", "\t", " ", "\x1b"} {
			r.tab.Press(key)
		}
	}
}

// sweep moves the mouse over points of what the mail may fill.
func (r *reader) sweep(points int) {
	box := browsertest.Eval[[]float64](r.tab, `(e => { const b = e.getBoundingClientRect(); return [b.x, b.y, b.right, Math.min(b.bottom, innerHeight)] })(document.querySelector("iframe[data-fit], #reader, body"))`)
	rows := max(points/3, 1)
	for n := range points {
		r.tab.Move(box[0]+(box[2]-box[0])*(float64(n%3)+0.2)/3, box[1]+(box[3]-box[1])*(float64(n/3)+0.5)/float64(rows))
	}
}

// readRemote lets the mail have its remote images: through the program, or not at all.
func (r *reader) readRemote(m *specimen, s state) {
	r.Helper()
	r.open(m, s.Remote)
	r.remote++
	pictures := r.state().Pictures
	for _, p := range pictures {
		if u, err := url.Parse(p.Src); r.wall == wholeWall && (err != nil || !strings.HasPrefix(p.Src, "data:") && u.Scheme+"://"+u.Host != r.p.origin) {
			r.Errorf("%s: with remote images, one comes from %s", m.ID, p.Src)
		}
	}
	r.check(m)
}

// act does what the index asks for after opening.
func (r *reader) act(m *specimen, path string, s state) {
	r.Helper()
	for _, action := range m.Actions {
		switch action {
		case "hover", "keys", "show-remote": // done with every mail
		case "click-links": // by click
		case "print":
			r.tab.Goto(path + "/print")
			r.tab.Wait(fitted)
			if _, err := chromedp.Run(r.tab.Context(), chromedp.PrintToPDF()); err != nil {
				r.Errorf("%s: print: %v", m.ID, err)
			}
		case "view-source":
			r.tab.Goto(path + "/source")
			r.tab.Goto(path + "/headers")
		case "open-attachments":
			for _, file := range s.Files[:min(len(s.Files), 12)] {
				r.files++
				r.tab.Visit(file)
				r.checkAsked(m)
			}
			for _, file := range s.Downloads[:min(len(s.Downloads), 12)] {
				r.tab.Visit(file)
				r.checkAsked(m)
			}
		case "download-eml":
			r.tab.Visit(path + "/raw")
			r.checkAsked(m)
		case "download-all":
			r.tab.Visit(path + "/parts.zip")
			r.checkAsked(m)
		case "reply", "forward", "search-subject", "filter-from-message":
			r.later[action]++
		default:
			r.Errorf("%s asks for %q, which this test can't do", m.ID, action)
		}
		r.check(m)
	}
}

// check fails for everything that happened since the last call and must not.
func (r *reader) check(m *specimen) {
	r.Helper()
	for _, e := range r.tab.Events() {
		if r.wall == policyAlone && (e.Kind == "csp" || e.Kind == "console") {
			r.stopped++
			continue
		}
		r.Errorf("%s: %s: %.300s", m.ID, e.Kind, e.Text)
	}
}

// checkAsked is check after a file was asked for: one of ours may be downloaded.
func (r *reader) checkAsked(m *specimen) {
	r.Helper()
	time.Sleep(20 * time.Millisecond) // a download begins after the navigation has ended
	for _, e := range r.tab.Events() {
		if e.Kind == "download" && strings.HasPrefix(e.Text, r.p.origin+"/m/INBOX/") {
			continue
		}
		r.Errorf("%s: %s: %.300s", m.ID, e.Kind, e.Text)
	}
}

func (r *reader) report(mails int) {
	r.Logf("%d mails, slowest %s in %v; %d frames, %d mails with remote images, %d files; %d attempts stopped by the policy; later: %v",
		mails, r.slow, r.slowest.Round(time.Millisecond), r.frames, r.remote, r.files, r.stopped, r.later)
	if r.frames == 0 || r.remote == 0 && r.wall == wholeWall && !r.blocked {
		r.Errorf("frames = %d, with remote images = %d, want some of both", r.frames, r.remote)
	}
	if r.wall == policyAlone && r.stopped == 0 {
		r.Error("without the sanitiser nothing had to be stopped: these mails attack nothing")
	}
}

// link is one that can be clicked on.
type link struct {
	Href string
	X, Y float64
}

// linkAt brings the nth link of the mail into view and tells where it is.
const linkAt = `(n => {
	const links = [];
	for (const f of document.querySelectorAll("iframe[data-fit]")) for (const a of f.contentDocument?.querySelectorAll("a[href], area[href]") ?? []) links.push([a, f]);
	for (const a of document.querySelectorAll("#reader .prose a[href], #reader .card a[href]:not([download]), #reader .invite a[href]:not([download])")) links.push([a, null]);
	if (n >= links.length) return "";
	const [a, f] = links[n];
	a.scrollIntoView({block: "center"});
	const box = a.getClientRects()[0] ?? a.getBoundingClientRect(), around = f ? f.getBoundingClientRect() : {x: 0, y: 0};
	return JSON.stringify({href: a.href, x: around.x + box.x + Math.min(box.width / 2, 20), y: around.y + box.y + box.height / 2});
})(%d)`

// click clicks on every link of a mail. It may open a window with a site, and do nothing else; where a mail has no link, its text is clicked on.
func (r *reader) click(m *specimen) {
	r.Helper()
	path := fmt.Sprintf("/m/INBOX/%d", m.uid)
	r.open(m, path)
	here := browsertest.Eval[string](r.tab, `location.href`)
	r.sweep(3)
	for n := range 12 {
		answer := browsertest.Eval[string](r.tab, fmt.Sprintf(linkAt, n))
		if answer == "" {
			break
		}
		var l link
		if err := json.Unmarshal([]byte(answer), &l); err != nil {
			r.Fatal(err)
		}
		u, err := url.Parse(l.Href)
		if err != nil || !slices.Contains([]string{"http", "https", "mailto", "tel"}, u.Scheme) {
			r.Errorf("%s has a link to %q", m.ID, l.Href)
			continue
		}
		r.clicks++
		r.tab.ClickAt(l.X, l.Y)
		time.Sleep(60 * time.Millisecond)
		r.windows(m, l.Href)
		if now := browsertest.Eval[string](r.tab, `location.href`); now != here {
			r.Errorf("%s: a click on %s leads the tab to %s", m.ID, l.Href, now)
			r.open(m, path)
		}
	}
	for _, e := range r.tab.Events() {
		if e.Kind != "popup" {
			r.Errorf("%s: after clicks: %s: %.300s", m.ID, e.Kind, e.Text)
		}
	}
	if look := browsertest.Eval[string](r.tab, chromeLook); look != r.chrome {
		r.Errorf("%s changes the application around it, once clicked on, from\n%s\nto\n%s", m.ID, r.chrome, look)
	}
}

// windows closes what a click has opened: at most one window, with what the link says.
func (r *reader) windows(m *specimen, href string) {
	r.Helper()
	opened := r.tab.ClosePopups()
	r.popups += len(opened)
	if len(opened) > 1 {
		r.Errorf("%s: a click on %s opens %q", m.ID, href, opened)
	}
	for _, address := range opened {
		u, err := url.Parse(address)
		if address == href && strings.HasPrefix(href, "mailto:") {
			continue // the system's own mail program is asked for
		}
		if err != nil || !slices.Contains([]string{"", "about", "chrome-error", "http", "https"}, u.Scheme) {
			r.Errorf("%s: a click on %s opens %s", m.ID, href, address)
		}
	}
}

// checkNetLog looks for the hosts of the hostile mails in what the browser's network stack wrote down.
func (r *reader) checkNetLog(path string) {
	r.Helper()
	log, err := os.ReadFile(path)
	if err != nil {
		r.Fatal(err)
	}
	if !strings.Contains(string(log), r.p.origin+"/m/INBOX/") {
		r.Fatal("the net log knows nothing of the mails' own pages")
	}
	for _, line := range wentOut(r, path) {
		if r.wall == policyAlone && prepared.MatchString(line) && !strings.Contains(line, `"method":`) {
			continue
		}
		r.Errorf("the browser's network stack was busy: %.300s", line)
	}
}

// wentOut gives the lines of a net log, an event each, where the hosts of the hostile mails stand.
func wentOut(t testing.TB, path string) (lines []string) {
	t.Helper()
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if outside.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// outside matches the hosts of the hostile mails where a value in the net log begins with one, with or without a scheme: not where a path of ours holds one.
var outside = regexp.MustCompile(`"([a-z]+/)?([a-z]+://)?([a-z0-9_-]+\.)*(canary\.invalid|corpus\.invalid|127\.0\.0\.1:9)["/:? ]`)

// prepared matches what Chromium does for a frame within a mail's frame (h096) before it lets the policy refuse that: it looks the host up and opens a connection, over
// which nothing is sent. No policy forbids it, only the sanitiser, which knows no frames. Every other mail's addresses, among them its host names, stay out of the log.
var prepared = regexp.MustCompile(`"([a-z]+/)?([a-z]+://)?canary\.invalid(["? :]|/h096/)`)

// discard is whatever reaches 127.0.0.1:9, where the hostile mails send what they should not: from the browser, which does not speak to that port by itself, or
// from the program.
type discard struct {
	mu   sync.Mutex
	seen []string
}

func listenDiscard(t *testing.T) *discard {
	d := &discard{}
	l, err := net.Listen("tcp", "127.0.0.1:9")
	if err != nil {
		t.Logf("nobody listens for what the program itself might send: %v", err)
		return d
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { d.add(r.Method + " " + r.URL.String()) }),
		ConnState: func(c net.Conn, s http.ConnState) {
			if s == http.StateNew {
				d.add("a connection from " + c.RemoteAddr().String())
			}
		},
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return d
}

func (d *discard) add(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, what)
}

func (d *discard) check(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, what := range d.seen {
		t.Errorf("127.0.0.1:9 met %s", what)
	}
}
