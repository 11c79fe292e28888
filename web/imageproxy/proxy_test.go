package imageproxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret of the tests, not more")

func smallPNG(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// clock is a clock that tests turn.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// quick are limits with which failures show at once.
func quick() Limits {
	return Limits{Timeout: time.Second, Failure: -1, Bytes: 100_000, Pixels: 1_000_000}
}

// proxyTo makes a proxy for which the name www.site.example is the handler, and every other name goes the way of the real dialer.
func proxyTo(t *testing.T, limits Limits, c *clock, resolver *net.Resolver, h http.Handler) *Proxy {
	t.Helper()
	site := httptest.NewServer(h)
	p, err := newProxy(secret, limits, c.Now, public, resolver)
	if err != nil {
		t.Fatal(err)
	}
	transport := p.fetch.client.Transport.(*http.Transport)
	real := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "www.site.example:") {
			return new(net.Dialer).DialContext(ctx, network, site.Listener.Addr().String())
		}
		return real(ctx, network, address)
	}
	t.Cleanup(func() {
		p.Close()
		site.CloseClientConnections()
		site.Close()
	})
	return p
}

func get(t *testing.T, p *Proxy, session, address string) (*httptest.ResponseRecorder, Outcome) {
	t.Helper()
	token, ok := p.Sign(session, address)
	if !ok {
		t.Fatalf("Sign(%q): not ok", address)
	}
	w := httptest.NewRecorder()
	outcome := p.Serve(w, httptest.NewRequest("GET", "/img/"+token, nil), session, token)
	return w, outcome
}

func TestPublic(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want bool
	}{
		{"8.8.8.8:443", true}, {"8.8.8.8:80", true}, {"[2606:4700::1111]:443", true}, {"[::ffff:8.8.8.8]:80", true}, {"172.15.0.1:80", true}, {"172.32.0.1:80", true}, {"100.63.0.1:80", true},
		{"8.8.8.8:25", false}, {"8.8.8.8:8080", false}, {"8.8.8.8:0", false},
		{"0.0.0.0:80", false}, {"0.1.2.3:80", false}, {"10.0.0.1:80", false}, {"100.64.0.1:80", false}, {"100.127.255.255:80", false}, {"127.0.0.1:80", false}, {"127.9.9.9:80", false},
		{"169.254.169.254:80", false}, {"172.16.0.1:80", false}, {"172.31.255.255:80", false}, {"192.0.0.8:80", false}, {"192.0.2.1:80", false}, {"192.88.99.1:80", false},
		{"192.168.1.1:80", false}, {"198.18.0.1:80", false}, {"198.19.255.255:80", false}, {"198.51.100.1:80", false}, {"203.0.113.1:80", false}, {"224.0.0.1:80", false},
		{"239.255.255.255:80", false}, {"240.0.0.1:80", false}, {"255.255.255.255:80", false},
		{"[::]:80", false}, {"[::1]:80", false}, {"[::127.0.0.1]:80", false}, {"[::ffff:127.0.0.1]:80", false}, {"[::ffff:10.0.0.1]:80", false}, {"[64:ff9b::7f00:1]:80", false},
		{"[64:ff9b:1::1]:80", false}, {"[100::1]:80", false}, {"[2001::1]:80", false}, {"[2001:db8::1]:80", false}, {"[2002:7f00:1::]:80", false}, {"[3fff::1]:80", false},
		{"[fc00::1]:80", false}, {"[fd12::1]:80", false}, {"[fe80::1]:80", false}, {"[fe80::1%eth0]:80", false}, {"[2606:4700::1%eth0]:80", false}, {"[fec0::1]:80", false},
		{"[ff02::1]:80", false},
	} {
		if got := public(netip.MustParseAddrPort(tt.in)); got != tt.want {
			t.Errorf("public(%s) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want bool
	}{
		{"http://img.example/a.png", true}, {"https://img.example:443/a?b=c#d", true}, {"https://img.example./", true}, {"http://xn--r8jz45g.example/", true},
		{"ftp://img.example/", false}, {"file:///etc/passwd", false}, {"gopher://img.example/", false}, {"//img.example/", false}, {"img.example", false}, {"", false},
		{"http://img.example:8080/", false}, {"http://img.example:22/", false}, {"http://user@img.example/", false}, {"http://user:pw@img.example/", false},
		{"http://localhost/", false}, {"http://intranet/", false}, {"http://127.0.0.1/", false}, {"http://127.1/", false}, {"http://0x7f.1/", false}, {"http://0x7f000001/", false},
		{"http://2130706433/", false}, {"http://017700000001/", false}, {"http://[::1]/", false}, {"http://[fe80::1%25eth0]/", false}, {"http://1.2.3.4./", false}, {"http://a.0x7f/", false},
		{"http://img.example\\@127.0.0.1/", false}, {"http://img.example/" + strings.Repeat("a", maxURL), false},
	} {
		if _, err := parseURL(tt.in); (err == nil) != tt.want {
			t.Errorf("parseURL(%.60q) = %v, want ok %v", tt.in, err, tt.want)
		}
	}
}

func TestToken(t *testing.T) {
	c := newClock()
	s, err := NewSigner(secret, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	const address = "https://img.example/a.png?u=1"
	token, ok := s.Sign("s1", address)
	if !ok || strings.Contains(token, "img") {
		t.Fatalf("Sign = %q, %v", token, ok)
	}
	if got, err := s.Open("s1", token); got != address || err != nil {
		t.Errorf("Open = %q, %v, want %q", got, err, address)
	}
	c.turn(time.Minute)
	if again, _ := s.Sign("s1", address); again != token {
		t.Error("a minute later the token is another: no browser could cache the image")
	}
	if other, _ := s.Sign("s2", address); other == token {
		t.Error("two sessions have one token")
	}
	altered := []byte(token)
	altered[40] ^= 1
	foreign, _ := NewSigner([]byte("another secret of the tests"), c.Now)
	forged, _ := foreign.Sign("s1", address)
	for name, bad := range map[string]string{"altered": string(altered), "forged": forged, "empty": "", "short": "abcd", "not base64": "!!!", "long": strings.Repeat("a", 1<<20)} {
		if got, err := s.Open("s1", bad); !errors.Is(err, ErrToken) {
			t.Errorf("Open of a token %s = %q, %v, want ErrToken", name, got, err)
		}
	}
	if _, err := s.Open("s2", token); !errors.Is(err, ErrToken) {
		t.Errorf("Open in another session: %v, want ErrToken", err)
	}
	c.turn(25 * time.Hour)
	if _, err := s.Open("s1", token); !errors.Is(err, ErrToken) {
		t.Errorf("Open after 25 hours: %v, want ErrToken", err)
	}
	if _, ok := s.Sign("s1", "http://127.0.0.1/"); ok {
		t.Error("Sign of a loopback address: ok")
	}
	if _, err := NewSigner([]byte("short"), c.Now); err == nil {
		t.Error("a short secret is taken")
	}
}

func TestServe(t *testing.T) {
	gray := smallPNG(t, 3, 2)
	huge := smallPNG(t, 1, 1)
	binary.BigEndian.PutUint32(huge[16:], 60_000) // width, height and checksum of the header: a bomb
	binary.BigEndian.PutUint32(huge[20:], 60_000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	var seen http.Header
	mux := http.NewServeMux()
	mux.HandleFunc("/ok.png", func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Set-Cookie", "a=b")
		_, _ = w.Write(gray)
	})
	mux.HandleFunc("/hop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok.png", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop?x", http.StatusFound) })
	mux.HandleFunc("/to-loopback", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:9/", http.StatusFound)
	})
	mux.HandleFunc("/to-file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/to-inner", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://inner.example/", http.StatusFound)
	})
	mux.HandleFunc("/html", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "<script>alert(1)</script>")
	})
	mux.HandleFunc("/svg", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	})
	mux.HandleFunc("/broken.png", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(gray[:12]) })
	mux.HandleFunc("/bomb.png", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(huge) })
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(append(gray[:len(gray):len(gray)], make([]byte, 200_000)...))
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(gray)
		for range 2000 {
			if _, err := w.Write(make([]byte, 100)); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write([]byte("\x1f\x8b\x08\x00"))
	})
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		for i := range gray {
			_, _ = w.Write(gray[i : i+1])
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	p := proxyTo(t, quick(), newClock(), fakeDNS(map[string][]string{"inner.example.": {"127.0.0.1"}}, nil), mux)
	for _, tt := range []struct {
		path string
		want Outcome
	}{
		{"/ok.png", Loaded}, {"/ok.png", Cached}, {"/hop", Loaded}, {"/loop", Refused}, {"/to-loopback", Refused}, {"/to-file", Refused}, {"/to-inner", Refused}, {"/html", NotImage},
		{"/svg", NotImage}, {"/broken.png", NotImage}, {"/bomb.png", TooLarge}, {"/big", TooLarge}, {"/stream", TooLarge}, {"/gzip", NotImage}, {"/drip", Failed}, {"/missing", Failed},
		{"/missing", Failed},
	} {
		start := time.Now()
		w, outcome := get(t, p, "s", "http://www.site.example"+tt.path)
		if outcome != tt.want || w.Code != http.StatusOK {
			t.Errorf("%s: %s, status %d, want %s, 200", tt.path, outcome, w.Code, tt.want)
		}
		want, kind := gray, "image/png"
		if tt.want != Loaded && tt.want != Cached {
			want, kind = pixel.data, "image/gif"
		}
		if !bytes.Equal(w.Body.Bytes(), want) || w.Header().Get("Content-Type") != kind {
			t.Errorf("%s: %q of %s", tt.path, w.Body, w.Header().Get("Content-Type"))
		}
		for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin",
			"Set-Cookie": ""} {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s = %q, want %q", tt.path, name, got, value)
			}
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s took %v", tt.path, took)
		}
	}
	for _, name := range []string{"Cookie", "Referer", "Accept-Language", "Accept-Encoding", "Authorization", "X-Forwarded-For"} {
		if got := seen.Get(name); got != "" {
			t.Errorf("the other side saw %s: %q", name, got)
		}
	}
	if got, _, err := image.Decode(bytes.NewReader(pixel.data)); err != nil || got.Bounds().Dx() != 1 {
		t.Errorf("the pixel is no image: %v", err)
	}
}

func TestServeToken(t *testing.T) {
	p := proxyTo(t, quick(), newClock(), nil, http.NotFoundHandler())
	token, _ := p.Sign("s1", "http://www.site.example/")
	w := httptest.NewRecorder()
	if outcome := p.Serve(w, httptest.NewRequest("GET", "/img/x", nil), "s2", token); outcome != Expired || w.Code != http.StatusForbidden {
		t.Errorf("another session's token: %s, status %d, want expired, 403", outcome, w.Code)
	}
	w = httptest.NewRecorder()
	if p.Serve(w, httptest.NewRequest("POST", "/img/x", nil), "s1", token); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", w.Code)
	}
}

// TestRebinding asks a name server that answers with a public address first and with loopback then, and both at once.
func TestRebinding(t *testing.T) {
	var reached atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer trap.Close()
	var mu sync.Mutex
	var tried []string
	turns := 0
	allow := func(to netip.AddrPort) bool {
		mu.Lock()
		defer mu.Unlock()
		tried = append(tried, to.String())
		if public(to) {
			return false // it would be connected to: that is known, and the tests stay at home
		}
		return public(to)
	}
	resolver := fakeDNS(nil, func(name string) []string {
		turns++
		if turns%2 == 1 {
			return []string{"8.8.8.8"}
		}
		return []string{"127.0.0.1", "10.0.0.1"}
	})
	p, err := newProxy(secret, quick(), newClock().Now, allow, resolver)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := range 6 {
		_, outcome := get(t, p, "s", fmt.Sprintf("http://rebind.example/%d", i))
		if outcome != Refused {
			t.Errorf("try %d: %s, want refused", i, outcome)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	all := strings.Join(tried, " ")
	if !strings.Contains(all, "8.8.8.8:80") || !strings.Contains(all, "127.0.0.1:80") || !strings.Contains(all, "10.0.0.1:80") {
		t.Errorf("addresses judged: %s, want the public, the loopback and the private one", all)
	}
	if reached.Load() != 0 {
		t.Error("loopback was reached")
	}
}

// fakeDNS resolves names from a table, or by a function.
func fakeDNS(table map[string][]string, answer func(name string) []string) *net.Resolver {
	var mu sync.Mutex
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			for {
				var size [2]byte
				if _, err := io.ReadFull(server, size[:]); err != nil {
					return
				}
				b := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(server, b); err != nil {
					return
				}
				var m dnsmessage.Message
				if m.Unpack(b) != nil || len(m.Questions) != 1 {
					return
				}
				q := m.Questions[0]
				m.Response, m.Additionals = true, nil
				if q.Type == dnsmessage.TypeA {
					mu.Lock()
					addresses := table[q.Name.String()]
					if answer != nil {
						addresses = answer(q.Name.String())
					}
					mu.Unlock()
					for _, a := range addresses {
						m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
							Body: &dnsmessage.AResource{A: netip.MustParseAddr(a).As4()}})
					}
				}
				out, err := m.Pack()
				if err != nil {
					return
				}
				if _, err := server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)); err != nil {
					return
				}
			}
		}()
		return client, nil
	}}
}

func TestCache(t *testing.T) {
	var asked atomic.Int32
	pic := smallPNG(t, 40, 40)
	c := newClock()
	limits := quick()
	limits.CacheBytes = int64(len(pic)) * 2
	p := proxyTo(t, limits, c, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/missing" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(pic)
	}))
	step := func(what, session, path string, want Outcome, fetches int32) {
		t.Helper()
		before := asked.Load()
		if _, outcome := get(t, p, session, "http://www.site.example"+path); outcome != want || asked.Load()-before != fetches {
			t.Errorf("%s: %s with %d fetches, want %s with %d", what, outcome, asked.Load()-before, want, fetches)
		}
	}
	step("first", "s1", "/1", Loaded, 1)
	step("again", "s1", "/1", Cached, 0)
	step("another reader", "s2", "/1", Loaded, 1)
	step("third makes the oldest go", "s1", "/2", Loaded, 1)
	step("the oldest", "s1", "/1", Loaded, 1)
	step("failure", "s1", "/missing", Failed, 1)
	step("failure is remembered", "s1", "/missing", Failed, 0)
	c.turn(2 * time.Minute)
	step("but not for long", "s1", "/missing", Failed, 1)
	step("image still there", "s1", "/1", Cached, 0)
	c.turn(2 * time.Hour)
	step("image too old", "s1", "/1", Loaded, 1)
	p.mu.Lock()
	held := p.held
	p.mu.Unlock()
	if held > limits.CacheBytes || held <= 0 {
		t.Errorf("%d bytes held, want at most %d", held, limits.CacheBytes)
	}
	p.Close()
	if p.held != 0 {
		t.Errorf("%d bytes held after Close", p.held)
	}
}

func TestTurns(t *testing.T) {
	var now, most atomic.Int32
	pic := smallPNG(t, 2, 2)
	limits := quick()
	limits.PerReader, limits.Total, limits.Rate, limits.Burst = 3, 4, 1000, 1000
	p := proxyTo(t, limits, newClock(), nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
		_, _ = w.Write(pic)
	}))
	run := func(sessions ...string) int32 {
		most.Store(0)
		var wg sync.WaitGroup
		for _, s := range sessions {
			for i := range 8 {
				wg.Go(func() {
					if _, outcome := get(t, p, s, fmt.Sprintf("http://www.site.example/%s/%d", s, i)); outcome != Loaded {
						t.Errorf("%s %d: %s, want loaded", s, i, outcome)
					}
				})
			}
		}
		wg.Wait()
		return most.Load()
	}
	if got := run("s1"); got > 3 {
		t.Errorf("%d at once for one reader, want at most 3", got)
	}
	if got := run("s2", "s3"); got > 4 {
		t.Errorf("%d at once for all, want at most 4", got)
	}
	limits.Rate, limits.Burst = 0.001, 2
	p = proxyTo(t, limits, newClock(), nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(pic) }))
	var outcomes []Outcome
	for i := range 3 {
		_, outcome := get(t, p, "s", fmt.Sprintf("http://www.site.example/%d", i))
		outcomes = append(outcomes, outcome)
	}
	if got := fmt.Sprint(outcomes); got != "[loaded loaded limited]" {
		t.Errorf("outcomes = %s, want the third limited", got)
	}
	if _, outcome := get(t, p, "other", "http://www.site.example/0"); outcome != Loaded {
		t.Errorf("another reader: %s, want loaded", outcome)
	}
}

// TestGone cancels the browser's request while the other side is silent.
func TestGone(t *testing.T) {
	started := make(chan struct{})
	p := proxyTo(t, Limits{Timeout: 10 * time.Second}, newClock(), nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
	}))
	token, _ := p.Sign("s", "http://www.site.example/")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan Outcome)
	go func() {
		done <- p.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/img/x", nil).WithContext(ctx), "s", token)
	}()
	<-started
	cancel()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		t.Fatal("Serve goes on after the browser left")
	}
	if _, ok := p.cached([32]byte{}); ok || p.cache.Len() != 0 {
		t.Error("a request that was given up is remembered as a failure")
	}
}

func TestFailuresTakeTheirTime(t *testing.T) {
	limits := quick()
	limits.Failure = 100 * time.Millisecond
	p := proxyTo(t, limits, newClock(), nil, http.NotFoundHandler())
	start := time.Now()
	if _, outcome := get(t, p, "s", "http://www.site.example/"); outcome != Failed {
		t.Fatalf("outcome = %s", outcome)
	}
	if took := time.Since(start); took < limits.Failure {
		t.Errorf("a failure was answered after %v, want at least %v", took, limits.Failure)
	}
}
