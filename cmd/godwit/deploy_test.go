package main

import (
	"bytes"
	"io"
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

	"golang.org/x/net/html"

	"godwit/cmd/godwit/demo"
	"godwit/imapsession/imaptest"
	"godwit/imapsession/imaptest/replay"
	"godwit/imapsession/imaptest/selfsigned"
)

// serveWith starts "serve" in front of a server, with further settings.
func serveWith(t testing.TB, server *imaptest.Server, env map[string]string, flags ...string) program {
	t.Helper()
	if env == nil {
		env = map[string]string{}
	}
	env["GODWIT_CA_FILE"] = writeFile(t, "ca.pem", string(server.Roots))
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}
	if env["GODWIT_UPSTREAMS"] == "" {
		args = append(args, "--imap", "imaps://"+server.Address(server.TLSPort))
	}
	return start(t, env, append(args, flags...)...)
}

func TestHTTPSByCertificateFiles(t *testing.T) {
	server := imaptest.Memory(t)
	pair, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, []string{
		"GODWIT_LISTEN=127.0.0.1:0", "GODWIT_IMAP=imaps://" + server.Address(server.TLSPort), "GODWIT_CA_FILE=" + writeFile(t, "ca.pem", string(server.Roots)),
		"GODWIT_TLS_CERT=" + writeFile(t, "cert.pem", string(pair.CertPEM)), "GODWIT_TLS_KEY=" + writeFile(t, "key.pem", string(pair.KeyPEM)),
		"GODWIT_DATA_DIR=" + t.TempDir(),
	}, "serve")
	if !strings.HasPrefix(p.origin, "https://127.0.0.1:") {
		t.Fatalf("it says to be at %s, want https", p.origin)
	}
	g := newGuest(t, p.origin).trusting(pair.RootsPEM)
	r := g.login(server.User(t), imaptest.Password)
	wantSecure(t, r)
	if r.ProtoMajor != 2 {
		t.Errorf("it speaks %s, want HTTP/2", r.Proto)
	}
	g.wants("/m/INBOX", http.StatusOK)
}

// wantSecure fails unless a sign-in was answered as https needs it.
func wantSecure(t *testing.T, r *reply) {
	t.Helper()
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("sign-in = %d with HSTS %q, want 303 and HSTS", r.StatusCode, r.Header.Get("Strict-Transport-Security"))
	}
	cookies := r.Cookies()
	if len(cookies) == 0 {
		t.Error("no cookie is set")
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %v, want __Host-, Secure, HttpOnly, Path=/ and SameSite=Lax", c.Raw)
		}
	}
}

func TestRenewedCertificateIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	c := &certificate{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem")}
	issue := func(age time.Duration) []byte {
		t.Helper()
		pair, err := selfsigned.New()
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{c.certFile: pair.CertPEM, c.keyFile: pair.KeyPEM} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(c.certFile, when, when); err != nil {
			t.Fatal(err)
		}
		return pair.TLS.Certificates[0].Certificate[0]
	}
	serves := func() []byte {
		t.Helper()
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Certificate[0]
	}
	first := issue(time.Hour)
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	second := issue(time.Minute)
	if !bytes.Equal(serves(), first) {
		t.Error("the file is looked at for each connection")
	}
	c.looked = time.Now().Add(-2 * certificateAge)
	if !bytes.Equal(serves(), second) {
		t.Error("the renewed certificate is not served")
	}
	// A pair that does not fit, in the middle of being replaced, changes nothing.
	if err := os.WriteFile(c.certFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.looked = time.Now().Add(-2 * certificateAge)
	if !bytes.Equal(serves(), second) {
		t.Error("a broken file took the certificate away")
	}
}

func TestForwardedHeadersCountFromTrustedProxiesAlone(t *testing.T) {
	server := imaptest.Memory(t)
	forwarded := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"198.51.100.7, 203.0.113.9"}, "Sec-Fetch-Site": {"same-origin"}}
	t.Run("trusted", func(t *testing.T) {
		p := serveWith(t, server, nil, "--trusted-proxies", "192.0.2.0/24,127.0.0.1")
		g := newGuest(t, p.origin)
		g.header = forwarded
		wantSecure(t, g.login(server.User(t), imaptest.Password))
		if log := p.log.String(); !strings.Contains(log, "source=203.0.113.9") || strings.Contains(log, "198.51.100.7") {
			t.Errorf("the source is not the address that the proxy saw: %s", log)
		}
	})
	t.Run("anyone else", func(t *testing.T) {
		p := serveWith(t, server, nil, "--trusted-proxies", "192.0.2.0/24")
		g := newGuest(t, p.origin)
		g.header = forwarded
		r := g.login(server.User(t), imaptest.Password)
		if r.Header.Get("Strict-Transport-Security") != "" || slices.ContainsFunc(r.Cookies(), func(c *http.Cookie) bool { return c.Secure }) {
			t.Errorf("a stranger's X-Forwarded-Proto is believed: %v", r.Header)
		}
		if log := p.log.String(); !strings.Contains(log, "source=127.0.0.1") || strings.Contains(log, "203.0.113.9") {
			t.Errorf("a stranger's X-Forwarded-For is believed: %s", log)
		}
	})
}

func TestDomainsHaveTheirOwnServers(t *testing.T) {
	org, net := imaptest.Memory(t), imaptest.Memory(t)
	org.Create(t, "mara@example.org", "Of the first")
	net.Create(t, "mara@example.net", "Of the second")
	ca := string(org.Roots) + string(net.Roots)
	p := start(t, map[string]string{
		"GODWIT_CA_FILE":   writeFile(t, "ca.pem", ca),
		"GODWIT_UPSTREAMS": "example.org imaps://" + org.Address(org.TLSPort) + "; example.net imap://" + net.Address(net.StartTLSPort),
	}, "serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir())
	newGuest(t, p.origin).signIn("mara@example.org", imaptest.Password).wants("/m/INBOX", 200, "Of the first")
	newGuest(t, p.origin).signIn("Mara@Example.NET", imaptest.Password).wants("/m/INBOX", 200)
	newGuest(t, p.origin).signIn("mara@example.net", imaptest.Password).wants("/m/INBOX", 200, "Of the second")
	newGuest(t, p.origin).login("mara@example.com", imaptest.Password).
		wants(t, "sign-in of another domain", http.StatusUnprocessableEntity, "No mail server is known for that address")
}

func TestNothingGoesOutWithoutTLSUnlessSaidSo(t *testing.T) {
	server := replay.Start(t, writeFile(t, "stripped.imap", "title: STARTTLS stripped\nexpect: nothing\ntls: none\nuser: mara pass\ncaps: IMAP4rev1\nmailbox: INBOX\n"))
	settings := []string{"serve", "--listen", "127.0.0.1:0", "--imap", "imap://" + server.Addr}
	p := start(t, nil, append(settings, "--data-dir", t.TempDir())...)
	newGuest(t, p.origin).login("mara", "pass").
		wants(t, "sign-in", http.StatusBadGateway, "The connection to the mail server is not safe", "your password was not sent")
	for _, e := range server.Report().Events {
		if e.Kind == "C" && !strings.Contains(e.Text, "CAPABILITY") && !strings.Contains(e.Text, "STARTTLS") && !strings.HasPrefix(e.Text, "(end") {
			t.Errorf("%q was sent in the clear", e.Text)
		}
	}
	p = start(t, nil, append(settings, "--data-dir", t.TempDir(), "--insecure-plaintext")...)
	newGuest(t, p.origin).signIn("mara", "pass").wants("/m/INBOX", http.StatusOK)
}

// TestNothingBeforeSTARTTLS reads what truly goes over the wire before TLS begins.
func TestNothingBeforeSTARTTLS(t *testing.T) {
	server := imaptest.Memory(t)
	wire := listenIn(t, server.Address(server.StartTLSPort))
	p := start(t, map[string]string{"GODWIT_CA_FILE": writeFile(t, "ca.pem", string(server.Roots))},
		"serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--imap", "imap://"+wire.address)
	newGuest(t, p.origin).signIn(server.User(t), imaptest.Password).wants("/m/INBOX", http.StatusOK)
	for _, sent := range wire.sent() {
		before, _, secured := bytes.Cut(sent, []byte{0x16, 0x03}) // a TLS handshake record
		if want := regexp.MustCompile(`^(\S+ CAPABILITY\r\n)?\S+ STARTTLS\r\n$`); !secured || !want.Match(before) {
			t.Errorf("before TLS %q was sent, want STARTTLS at most after CAPABILITY", before)
		}
	}
}

// tapped is a wire that somebody listens in on.
type tapped struct {
	address string
	mu      sync.Mutex
	heard   []*output // from each client
}

// listenIn passes everything on to upstream, and keeps what clients send.
func listenIn(t testing.TB, upstream string) *tapped {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tapped{address: listener.Addr().String()}
	var passing sync.WaitGroup
	t.Cleanup(passing.Wait)
	t.Cleanup(func() { listener.Close() })
	passing.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", upstream)
			if err != nil {
				client.Close()
				continue
			}
			heard := &output{}
			w.mu.Lock()
			w.heard = append(w.heard, heard)
			w.mu.Unlock()
			passing.Go(func() { io.Copy(io.MultiWriter(server, heard), client); server.Close() })
			passing.Go(func() { io.Copy(client, server); client.Close() })
		}
	})
	return w
}

func (w *tapped) sent() (all [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.heard {
		all = append(all, []byte(h.String()))
	}
	return all
}

// addresses are the attributes that a browser goes to.
var addresses = []string{"href", "src", "action", "hx-get", "hx-post", "formaction", "poster", "srcset", "hx-push-url"}

// TestEverythingWorksUnderABasePath goes wherever links, forms, styles and images lead.
func TestEverythingWorksUnderABasePath(t *testing.T) {
	const base = "/mail"
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0", "--base-path", base)
	g := newGuest(t, p.origin)

	if r := g.get(base); r.StatusCode != http.StatusPermanentRedirect || r.Header.Get("Location") != base+"/" {
		t.Errorf("GET %s = %d to %q, want 308 to %s/", base, r.StatusCode, r.Header.Get("Location"), base)
	}
	for _, outside := range []string{"/", "/login", "/m/INBOX", "/healthz", "/mailbox"} {
		g.wants(outside, http.StatusNotFound)
	}
	r := g.post(base+"/login", url.Values{"username": {demo.User}, "password": {demo.Password}})
	if to := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || to != base+"/m/INBOX" {
		t.Fatalf("sign-in = %d to %q, want 303 to %s/m/INBOX", r.StatusCode, to, base)
	}
	for _, c := range r.Cookies() {
		if c.Path != base+"/" {
			t.Errorf("cookie %s has the path %q, want %s/", c.Name, c.Path, base)
		}
	}

	w := &walk{g: g, base: base, seen: map[string]bool{}, byRoute: map[string]int{}}
	for _, path := range []string{"/login", "/", "/m/INBOX", "/folders", "/settings", "/shortcuts", "/manifest.webmanifest", "/healthz", "/readyz", "/no-such-page"} {
		w.follow(base+path, "the start")
	}
	w.run(t)
	for _, route := range []string{"/m/*", "/m/*/#", "/m/*/#/print", "/m/*/#/headers", "/m/*/#/source", "/m/*/#/part/html", "/m/*/#/part", "/m/*/#/raw", "/static/*", "/settings", "/login", "/folders"} {
		if w.byRoute[route] == 0 {
			t.Errorf("no link led to %s; went to %v", route, w.byRoute)
		}
	}
	if r := g.post(base+"/logout", url.Values{"x": {"1"}}); r.Header.Get("Location") != base+"/login" {
		t.Errorf("signing out leads to %q, want %s/login", r.Header.Get("Location"), base)
	}
	if to := g.wants(base+"/m/INBOX", http.StatusSeeOther).Header.Get("Location"); !strings.HasPrefix(to, base+"/login?next=%2Fmail%2F") {
		t.Errorf("a signed-out page leads to %q", to)
	}
}

// walk follows every address within pages, a few of each kind.
type walk struct {
	g       *guest
	base    string
	queue   []step
	seen    map[string]bool
	byRoute map[string]int
}

type step struct{ path, from string }

// enough visits of one route are made; the demo has 80 messages.
const enough = 25

var (
	inMailbox = regexp.MustCompile(`^/m/[^/]+`)
	inNumbers = regexp.MustCompile(`/\d+`)
	inPart    = regexp.MustCompile(`/part/[^/]+`)
	inStatic  = regexp.MustCompile(`^/static/.*`)
	inStyle   = regexp.MustCompile(`url\(["']?([^"')]+)["']?\)`)
)

// route is what kind of address a path is.
func route(path string) string {
	path = inMailbox.ReplaceAllString(path, "/m/*")
	path = inStatic.ReplaceAllString(path, "/static/*")
	return inPart.ReplaceAllString(inNumbers.ReplaceAllString(path, "/#"), "/part")
}

func (w *walk) follow(address, from string) {
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil:
		w.g.t.Errorf("%s leads to %q: %v", from, address, err)
	case u.Scheme != "" || u.Host != "" || address == "" || strings.HasPrefix(address, "#"):
		// mail's own links, and places within the page
	case !strings.HasPrefix(u.Path, w.base+"/"):
		w.g.t.Errorf("%s leads to %q, out of %s", from, address, w.base)
	default:
		u.Fragment = ""
		kind := route(strings.TrimPrefix(u.EscapedPath(), w.base))
		if s := u.String(); !w.seen[s] && w.byRoute[kind] < enough {
			w.seen[s] = true
			w.byRoute[kind]++
			w.queue = append(w.queue, step{s, from})
		}
	}
}

func (w *walk) run(t *testing.T) {
	for len(w.queue) > 0 {
		next := w.queue[0]
		w.queue = w.queue[1:]
		r, err := w.g.do("GET", next.path, "")
		if err != nil {
			t.Errorf("GET %s: %v", next.path, err)
			continue
		}
		kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		var body []byte
		if kind == "text/html" || kind == "text/css" || kind == "application/manifest+json" {
			body, err = io.ReadAll(r.Body)
		}
		r.Body.Close() // of a file, its beginning is enough
		if err != nil {
			t.Errorf("GET %s: %v", next.path, err)
		}
		want := []int{http.StatusOK, http.StatusSeeOther, http.StatusNoContent}
		switch {
		case strings.HasSuffix(next.path, "/no-such-page"):
			want = []int{http.StatusNotFound}
		case strings.HasSuffix(route(strings.TrimPrefix(next.path, w.base)), "/actions"):
			want = []int{http.StatusMethodNotAllowed} // a form's
		case strings.HasSuffix(next.path, "/logout"), strings.HasSuffix(next.path, "/sessions"):
			want = []int{http.StatusMethodNotAllowed}
		}
		if !slices.Contains(want, r.StatusCode) {
			t.Errorf("%s leads to %s = %d, want one of %v", next.from, next.path, r.StatusCode, want)
		}
		if to := r.Header.Get("Location"); to != "" {
			w.follow(to, next.path)
		}
		switch kind {
		case "text/html":
			w.page((&reply{r, body}).page(), next.path)
		case "text/css":
			for _, m := range inStyle.FindAllSubmatch(body, -1) {
				w.follow(resolve(next.path, string(m[1])), next.path)
			}
		case "application/manifest+json":
			for _, m := range regexp.MustCompile(`"(?:src|start_url|scope|id)":\s*"([^"]+)"`).FindAllSubmatch(body, -1) {
				w.follow(resolve(next.path, string(m[1])), next.path)
			}
		}
	}
}

// resolve makes an address within a file absolute.
func resolve(at, address string) string {
	from, err := url.Parse(at)
	if err != nil {
		return address
	}
	to, err := from.Parse(address)
	if err != nil {
		return address
	}
	return to.String()
}

func (w *walk) page(n *html.Node, at string) {
	for node := range n.Descendants() {
		for _, a := range node.Attr {
			if slices.Contains(addresses, a.Key) && a.Val != "false" && a.Val != "true" && !strings.HasPrefix(a.Val, "data:") {
				w.follow(resolve(at, a.Val), at)
			}
		}
	}
}
