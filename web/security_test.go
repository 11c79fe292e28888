package web

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/imapsession/imaptest"
)

// Forms from anywhere but our own pages change nothing (SECURITY.md c7).
func TestCrossOriginMatrix(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	here, _ := url.Parse(s.http.URL)
	for _, tt := range []struct {
		name    string
		headers []string // on top of none of the two
		token   bool
		want    int
	}{
		{"same origin", []string{"Sec-Fetch-Site", "same-origin"}, false, 303},
		{"typed by the person", []string{"Sec-Fetch-Site", "none"}, false, 303},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, false, 403},
		{"another site that knows a token", []string{"Sec-Fetch-Site", "cross-site"}, true, 403},
		{"another host of the same site", []string{"Sec-Fetch-Site", "same-site"}, false, 403},
		{"older browser, own origin", []string{"Origin", "http://" + here.Host}, false, 303},
		{"older browser, other origin", []string{"Origin", "https://evil.example"}, false, 403},
		{"older browser, origin hidden", []string{"Origin", "null"}, false, 403},
		{"oldest browser, with the token", nil, true, 303},
		{"oldest browser, without", nil, false, 403},
		{"lying about both", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://" + here.Host}, false, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := s.browser().signIn(mail.User(t))
			own := *s
			own.t = t
			b.site = &own
			form := url.Values{"theme": {"dark"}}
			if tt.token {
				form.Set("csrf", b.get("/m/INBOX").attr("body", "data-csrf"))
			}
			headers := append([]string{"Sec-Fetch-Site", ""}, tt.headers...)
			b.post("/settings", form, headers...).status(tt.want)
			b.post("/logout", form, headers...).status(tt.want)
			if still := b.get("/settings").StatusCode == 200; still != (tt.want == 403) {
				t.Errorf("signed in afterwards: %v", still)
			}
		})
	}
}

// A token holds for one session alone.
func TestTokenOfAnotherSession(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	one, two := s.browser().signIn(mail.User(t)), s.browser().signIn(mail.User(t))
	form := url.Values{"csrf": {one.get("/m/INBOX").attr("body", "data-csrf")}}
	two.post("/logout", form, "Sec-Fetch-Site", "").status(403)
	a, b := one.get("/m/INBOX").attr("body", "data-csrf"), one.get("/m/INBOX").attr("body", "data-csrf")
	if a == b {
		t.Error("two pages hold the same token")
	}
	for _, bad := range []string{"", "x", a[1:], a + "A", strings.Repeat("A", len(a))} {
		if s.web.validToken(bad, "") {
			t.Errorf("token %q holds", bad)
		}
	}
}

// The sign-in page's own token, for browsers that say nothing of where a form comes from.
func TestSignInToken(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	user := mail.User(t)
	b := s.browser()
	good := b.get("/login").attr("input[name=csrf]", "value")
	form := credentials(user, imaptest.Password)
	b.post("/login", form, "Sec-Fetch-Site", "").status(403)
	form.Set("csrf", s.browser().get("/login").attr("input[name=csrf]", "value"))
	b.post("/login", form, "Sec-Fetch-Site", "").status(403) // someone else's
	form.Set("csrf", good)
	b.post("/login", form, "Sec-Fetch-Site", "").leadsTo("/m/INBOX")
	// A program that knows the two fields and nothing else.
	s.browser().post("/login", credentials(user, imaptest.Password), "Sec-Fetch-Site", "").leadsTo("/m/INBOX")
	s.browser().post("/login", credentials(user, imaptest.Password), "Sec-Fetch-Site", "", "Referer", "https://evil.example/").status(403)
}

// The exact headers of each kind of answer.
func TestHeadersPerRoute(t *testing.T) {
	m := newMailed(t, imaptest.Memory(t), mailWith(attached("image/png", "inline", pngOf(t, 5, 5)), attached("text/html", "attachment", []byte("<p>x"))))
	always := map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"}
	page := map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": pageCSP, "X-Frame-Options": "DENY", "Cache-Control": "no-store",
		"Cross-Origin-Opener-Policy": "same-origin", "X-DNS-Prefetch-Control": "off", "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
	}
	part := map[string]string{"Content-Security-Policy": partCSP, "Cache-Control": "private, max-age=31536000, immutable", "X-Download-Options": "noopen"}
	message := m.base.Message(m.ref)
	css := m.get("/m/INBOX").attr("link[rel=stylesheet]", "href")
	for path, want := range map[string]map[string]string{
		"/login":                              page,
		"/m/INBOX":                            page,
		message:                               page,
		"/settings":                           page,
		"/shortcuts":                          page,
		m.base.Source(m.ref):                  page,
		m.base.Headers(m.ref):                 page,
		m.base.Print(m.ref):                   page,
		m.base.PartPreview(m.ref, "2"):        page,
		m.base.PartPreview(m.ref, "3"):        page,
		"/nothing":                            page,
		"/m/nothing":                          page,
		m.base.Part(m.ref, "2"):               part,
		m.base.Part(m.ref, "3"):               part,
		m.base.Download(m.ref, "3"):           part,
		m.base.PartThumb(m.ref, "2"):          part,
		m.base.Raw(m.ref):                     part,
		m.base.Zip(m.ref):                     part,
		m.base.Part(m.ref, "77"):              page, // an error has the headers of a page again
		css:                                   {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable"},
		"/manifest.webmanifest":               {"Content-Type": "application/manifest+json"},
		"/favicon.ico":                        {"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"},
		strings.Replace(css, "css", "no/", 1): page,
	} {
		got := m.get(path)
		if path == "/login" { // signed in, it leads on
			got = m.browser.browser().get(path)
		}
		for _, set := range []map[string]string{always, want} {
			for name, value := range set {
				if h := got.Header.Get(name); h != value {
					t.Errorf("%s: %s = %q, want %q", path, name, h, value)
				}
			}
		}
		if got.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", path)
		}
		if strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") && !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "HX-Request-Type") {
			t.Errorf("%s: Vary = %q", path, got.Header.Values("Vary"))
		}
		for _, value := range got.Header {
			if strings.Contains(strings.Join(value, " "), "Papers") && !strings.Contains(path, "/raw") && !strings.Contains(path, ".zip") {
				t.Errorf("%s: a header holds the subject: %v", path, got.Header)
			}
		}
	}
}

// https, by our own TLS, the configured origin or a trusted proxy's word, makes the cookie __Host- and tells browsers to stay with it.
func TestHTTPSDecision(t *testing.T) {
	for _, tt := range []struct {
		name, origin, remote, proto string
		want                        bool
	}{
		{"plain", "", "198.51.100.7:1", "", false},
		{"a stranger's header", "", "198.51.100.7:1", "https", false},
		{"our proxy's header", "", "192.0.2.1:1", "https", true},
		{"our proxy says http", "", "192.0.2.1:1", "http", false},
		{"the proxy's word is the last", "", "192.0.2.1:1", "https, http", false},
		{"configured", "https://mail.example", "198.51.100.7:1", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, imaptest.Memory(t), func(o *Options) { o.Origin = tt.origin })
			r := httptest.NewRequest("GET", "/login", nil)
			r.RemoteAddr = tt.remote
			for _, p := range strings.Split(tt.proto, ", ") {
				if p != "" {
					r.Header.Add("X-Forwarded-Proto", p)
				}
			}
			w := httptest.NewRecorder()
			s.web.Handler().ServeHTTP(w, r)
			if got := w.Header().Get("Strict-Transport-Security") != ""; got != tt.want {
				t.Errorf("HSTS = %v, want %v", got, tt.want)
			}
			form := credentials("ada@godwit.example", imaptest.Password).Encode()
			r = httptest.NewRequest("POST", "/login", strings.NewReader(form))
			r.RemoteAddr = tt.remote
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Forwarded-Proto", tt.proto)
			w = httptest.NewRecorder()
			s.web.Handler().ServeHTTP(w, r)
			name := map[bool]string{true: "__Host-godwit", false: "godwit"}[tt.want && !strings.Contains(tt.proto, ",")]
			if !slices.ContainsFunc(w.Result().Cookies(), func(c *http.Cookie) bool {
				return c.Name == name && c.Secure == tt.want && c.HttpOnly && c.SameSite == http.SameSiteLaxMode
			}) {
				t.Errorf("cookies = %v, want %s", w.Result().Cookies(), name)
			}
		})
	}
}

func TestSourceOfRequest(t *testing.T) {
	s := &Server{proxies: trusts([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")})}
	for _, tt := range []struct{ name, remote, forwarded, want string }{
		{"direct", "198.51.100.7:99", "", "198.51.100.7"},
		{"a stranger's header", "198.51.100.7:99", "203.0.113.1", "198.51.100.7"},
		{"our proxy's", "192.0.2.1:99", "203.0.113.1", "203.0.113.1"},
		{"what the client wrote comes first", "192.0.2.1:99", "10.0.0.1, 203.0.113.1", "203.0.113.1"},
		{"two proxies of ours", "192.0.2.1:99", "203.0.113.1, 192.0.2.9", "203.0.113.1"},
		{"IPv6", "[2001:db8::1]:99", "[2001:470::5]", "2001:470::5"},
		{"mapped", "[::ffff:192.0.2.1]:99", "::ffff:203.0.113.1", "203.0.113.1"},
		{"nonsense", "192.0.2.1:99", "unknown", "192.0.2.1"},
		{"nothing from the proxy", "192.0.2.1:99", "", "192.0.2.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := s.sourceOf(r).String(); got != tt.want {
			t.Errorf("%s: source = %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Every sentinel that imapsession exports has a row, in words of its own.
func TestEveryErrorHasARow(t *testing.T) {
	var names []string
	files, err := filepath.Glob("../imapsession/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no source of imapsession", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, spec := range g.Specs {
					for _, id := range spec.(*ast.ValueSpec).Names {
						if strings.HasPrefix(id.Name, "Err") {
							names = append(names, id.Name)
						}
					}
				}
			}
		}
	}
	source, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 10 {
		t.Errorf("found only %v", names)
	}
	for _, name := range names {
		if !strings.Contains(string(source), "{imapsession."+name+", ") {
			t.Errorf("imapsession.%s has no row in errorTable", name)
		}
	}
	titles := map[string]error{}
	for _, row := range errorTable {
		if row.title == "" || row.text == "" || row.status < 400 || len(row.ways) == 0 {
			t.Errorf("row of %v lacks words, status or a way on", row.err)
		}
		if other, ok := titles[row.title]; ok {
			t.Errorf("%v and %v have the same title", row.err, other)
		}
		titles[row.title] = row.err
		if got, known := rowFor(fmt.Errorf("part 2 of x: %w", row.err)); !known || got.title != row.title {
			t.Errorf("rowFor(%v) = %q", row.err, got.title)
		}
	}
}

func TestRowFor(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		known  bool
	}{
		{&imapsession.LoginError{Reason: imapsession.LoginRejected}, 401, true},
		{&imapsession.LoginError{Reason: imapsession.LoginUnavailable}, 502, true},
		{context.DeadlineExceeded, 504, true},
		{echo.ErrNotFound, 404, true},
		{echo.ErrMethodNotAllowed, 405, true},
		{errors.New("something"), 500, false},
		{errors.ErrUnsupported, 500, false}, // not every use of it is the mail server's
	} {
		if row, known := rowFor(tt.err); row.status != tt.status || known != tt.known {
			t.Errorf("rowFor(%v) = %d, %v, want %d, %v", tt.err, row.status, known, tt.status, tt.known)
		}
	}
}

// What nobody thought of shows a number to tell, and nothing of what it was.
func TestUnknownErrorShowsItsNumberAlone(t *testing.T) {
	s := newSite(t, imaptest.Memory(t))
	s.web.echo.GET("/boom", func(echo.Context) error { return errors.New("secret detail") })
	s.web.echo.GET("/panic", func(echo.Context) error { panic("secret detail") })
	for _, path := range []string{"/boom", "/panic"} {
		got := s.browser().get(path).status(500)
		if strings.Contains(got.text(), "secret") {
			t.Errorf("%s shows the error", path)
		}
		if id := got.Header.Get("X-Request-Id"); got.one("code") != id || !strings.Contains(s.log.String(), id) {
			t.Errorf("%s: the number on the page is not that of the log", path)
		}
	}
}

// The log is for the operator: neither subjects nor addresses of others, nor passwords, cookies or queries.
func TestLogKeepsMailToItself(t *testing.T) {
	m := newMailed(t, imaptest.Memory(t), crlf(plainMail))
	m.get(m.base.Message(m.ref) + "?before=99").status(200)
	m.get(m.base.Raw(m.ref)).status(200)
	m.browser.browser().post("/login", credentials("ada@godwit.example", "hunter-two"))
	m.web.work.Wait()
	log := m.log.String()
	for _, secret := range []string{"Lunch", "ada@example.org", "bo@example.org", "noon", imaptest.Password + `"`, "hunter-two", "before=99", strings.Split(m.cookies(), "godwit=")[1][:20]} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, want := range []string{"route=/m/:mailbox/:uid ", "user=" + m.user, "uid=" + uidString(m.ref.UID), "status=200", "dur="} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// Only a page of ours may ask for remote images: neither another site's link nor one in a mail, which is shown in a frame of our origin.
func TestRemoteImagesNeedOurOwnPage(t *testing.T) {
	m := newMailed(t, imaptest.Memory(t), crlf(htmlMail))
	path := m.get(m.base.Message(m.ref)).attr("#reader a[href*='remote=']", "href")
	address, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	consent := address.Query().Get("remote")
	for name, guess := range map[string]string{
		"a plain one": "1", "a form's token": m.get("/m/INBOX").attr("input[name=csrf]", "value"),
		"another session's": otherConsent(m),
	} {
		got := m.get(m.base.Message(m.ref)+"?remote="+url.QueryEscape(guess), "Sec-Fetch-Site", "same-origin")
		if src := got.attr("#reader iframe", "src"); strings.Contains(src, "remote") {
			t.Errorf("%s counts as consent: %s", name, src)
		}
	}
	if got := m.get(path, "Sec-Fetch-Site", "cross-site").attr("#reader iframe", "src"); strings.Contains(got, "remote") {
		t.Errorf("another site's link loads images: %s", got)
	}
	if got := m.get(path, "Sec-Fetch-Site", "same-origin").attr("#reader iframe", "src"); !strings.Contains(got, "remote=") {
		t.Errorf("our own link does not: %s", got)
	}
	frame := m.get(m.base.PartHTML(m.ref, "2.1", consent), "Sec-Fetch-Site", "same-origin").status(200)
	image := ""
	for _, n := range frame.nodes("img") {
		if src := attribute(n, "src"); strings.HasPrefix(src, "/img/") {
			image = src
		}
	}
	if image == "" || strings.Contains(frame.text(), "tracker.example/p.gif") {
		t.Fatalf("no image through the proxy in %s", frame.text())
	}
	// The address is this session's, and says nothing of where it leads.
	got := m.get(image).status(200)
	if kind := got.Header.Get("Content-Type"); kind != "image/gif" || got.Header.Get("Content-Security-Policy") != partCSP || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("image: %v", got.Header)
	}
	m.browser.browser().get(image).status(303)
	m.browser.browser().signIn(m.user).get(image).status(403)
	blocked := m.get(m.base.PartHTML(m.ref, "2.1", consent), "Sec-Fetch-Site", "cross-site").status(200)
	if strings.Contains(blocked.text(), "/img/") {
		t.Error("the frame of another site's link loads images")
	}
}

// otherConsent is what "Show once" says in another sign-in of the same person.
func otherConsent(m *mailed) string {
	href := m.browser.browser().signIn(m.user).get(m.base.Message(m.ref)).attr("#reader a[href*='remote=']", "href")
	address, _ := url.Parse(href)
	return address.Query().Get("remote")
}

func TestGzip(t *testing.T) {
	m := newMailed(t, imaptest.Memory(t), mailWith(attached("text/plain", "attachment", []byte(strings.Repeat("text ", 10_000)))))
	for path, want := range map[string]string{"/m/INBOX": "gzip", m.base.Part(m.ref, "2"): "", m.base.Raw(m.ref): "", m.get("/m/INBOX").attr("script", "src"): "gzip"} {
		got := m.get(path, "Accept-Encoding", "br, gzip").status(200)
		if h := got.Header.Get("Content-Encoding"); h != want {
			t.Errorf("%s: Content-Encoding = %q, want %q", path, h, want)
		}
		if vary := strings.Join(got.Header.Values("Vary"), ","); (want == "gzip") != strings.Contains(vary, "Accept-Encoding") {
			t.Errorf("%s: Vary = %q", path, vary)
		}
		m.get(path, "Accept-Encoding", "gzip;q=0").status(200)
	}
}

func TestOriginIsChecked(t *testing.T) {
	for _, origin := range []string{"mail.example", "https://mail.example/", "https://mail.example/path", "ftp://mail.example", "https://u@mail.example"} {
		if checkOrigin(origin) == nil {
			t.Errorf("checkOrigin(%q) = nil, want an error", origin)
		}
	}
	for _, origin := range []string{"", "https://mail.example", "http://127.0.0.1:8080"} {
		if err := checkOrigin(origin); err != nil {
			t.Errorf("checkOrigin(%q) = %v", origin, err)
		}
	}
}
