package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"godwit/imapsession"
	"godwit/imapsession/imaptest"
	"godwit/web/sessions"
	"godwit/web/urls"
)

// site is the true server on a loopback port, with a mail server behind it.
type site struct {
	t      *testing.T
	mail   *imaptest.Server
	web    *Server
	http   *httptest.Server
	base   urls.Base
	store  *sessions.Store
	now    *fakeClock
	log    *syncBuffer
	server imapsession.Server // what MailServer answers
}

// fakeClock is a time that tests move; goroutines of the server read it.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newSite starts a site before mail; change may alter the options.
func newSite(t *testing.T, mail *imaptest.Server, change ...func(*Options)) *site {
	t.Helper()
	s := &site{t: t, mail: mail, now: &fakeClock{now: time.Now()}, log: &syncBuffer{}}
	if mail != nil {
		s.server = imapsession.Server{Host: mail.Host, Port: mail.TLSPort, Security: imapsession.TLS, RootsPEM: mail.Roots}
	}
	s.store = sessions.New(sessions.Options{Master: sessions.NewMasterKey(), Backend: sessions.NewMemory(), Clock: s.now.Now})
	o := Options{
		MailServer: func(string) (imapsession.Server, error) { return s.server, nil },
		Sessions:   s.store, Clock: s.now.Now, Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	}
	for _, f := range change {
		f(&o)
	}
	s.base = o.Base
	if o.Sessions != s.store {
		s.store = o.Sessions
	}
	var err error
	if s.web, err = New(o); err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewServer(s.web.Handler())
	t.Cleanup(func() {
		s.http.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.web.Close(ctx); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return s
}

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	*site
	client *http.Client
	htmx   bool // sends what htmx sends
}

func (s *site) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{site: s, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response read to its end.
type answer struct {
	*http.Response
	t    *testing.T
	log  *syncBuffer // the server's
	body []byte
	err  error // of reading the body
}

func (a *answer) text() string { return string(a.body) }

// header pairs for a request: name, value, ...
func (b *browser) do(method, path string, form url.Values, header ...string) *answer {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.http.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if b.htmx {
		r.Header.Set("HX-Request", "true")
		r.Header.Set("HX-Request-Type", "partial")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] == "" {
			r.Header.Del(header[i])
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	a := &answer{Response: response, t: b.t, log: b.log}
	a.body, a.err = io.ReadAll(response.Body)
	return a
}

func (b *browser) get(path string, header ...string) *answer {
	b.t.Helper()
	return b.do("GET", path, nil, header...)
}

func (b *browser) post(path string, form url.Values, header ...string) *answer {
	b.t.Helper()
	return b.do("POST", path, form, header...)
}

// status fails the test when the answer has another one, and shows what it was.
func (a *answer) status(want int) *answer {
	a.t.Helper()
	if a.StatusCode != want {
		log := a.log.String()
		a.t.Fatalf("%s %s = %d, want %d\nlog: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, want, log[max(0, len(log)-1500):])
	}
	return a
}

// leadsTo fails when the answer is no 303 to path.
func (a *answer) leadsTo(path string) *answer {
	a.t.Helper()
	a.status(http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != path {
		a.t.Fatalf("%s %s leads to %q, want %q", a.Request.Method, a.Request.URL.Path, got, path)
	}
	return a
}

// all gives the text of every element that matches the CSS selector.
func (a *answer) all(selector string) []string {
	a.t.Helper()
	var texts []string
	for _, n := range a.nodes(selector) {
		texts = append(texts, textOf(n))
	}
	return texts
}

// one gives the text of the only element that matches.
func (a *answer) one(selector string) string {
	a.t.Helper()
	texts := a.all(selector)
	if len(texts) != 1 {
		a.t.Fatalf("%s %s: %d elements match %q, want one\n%.3000s", a.Request.Method, a.Request.URL.Path, len(texts), selector, a.body)
	}
	return texts[0]
}

// attr gives an attribute of the first element that matches.
func (a *answer) attr(selector, name string) string {
	a.t.Helper()
	for _, n := range a.nodes(selector) {
		for _, attribute := range n.Attr {
			if attribute.Key == name {
				return attribute.Val
			}
		}
	}
	a.t.Fatalf("%s %s: no %s on %q\n%.3000s", a.Request.Method, a.Request.URL.Path, name, selector, a.body)
	return ""
}

func (a *answer) nodes(selector string) []*html.Node {
	a.t.Helper()
	doc, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	s, err := cascadia.ParseGroup(selector)
	if err != nil {
		a.t.Fatalf("selector %q: %v", selector, err)
	}
	return cascadia.QueryAll(doc, s)
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// signIn signs a new user in and returns the name.
func (b *browser) signIn(user string) *browser {
	b.t.Helper()
	b.post(string(b.base)+"/login", url.Values{"username": {user}, "password": {imaptest.Password}}).leadsTo(b.base.Mailbox("INBOX"))
	return b
}

// as is the same browser, sending what htmx sends for an answer into the element with the id.
func (b *browser) swap(id string) *browser {
	other := *b
	other.htmx = true
	return &other
}

// restarted is another process with the same session store, where the browser goes on.
func (b *browser) restarted() *browser {
	b.t.Helper()
	again := newSite(b.t, b.mail, func(o *Options) { o.Sessions = b.store })
	again.server = b.server
	from, _ := url.Parse(b.http.URL)
	to, _ := url.Parse(again.http.URL)
	after := again.browser()
	after.client.Jar.SetCookies(to, b.client.Jar.Cookies(from))
	return after
}

// crlf makes a mail of a Go literal.
func crlf(s string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimPrefix(s, "\n"), "\n", "\r\n"))
}

const plainMail = `
From: Ada Ferris <ada@example.org>
To: bo@example.org
Subject: Lunch on Friday
Date: Fri, 20 Nov 2026 09:42:00 +0100
Message-ID: <1@example.org>
Content-Type: text/plain; charset=utf-8

Shall we meet at noon?

> At one?

https://example.org/map
-- 
Ada
`

type htmlNode = html.Node

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
