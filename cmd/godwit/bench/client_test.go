package bench

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// browser asks as one does, of everything that costs the server time.
type browser struct {
	t      testing.TB
	origin string
	client *http.Client
}

func newBrowser(t testing.TB, origin string) *browser {
	jar, _ := cookiejar.New(nil) // no options, no error
	transport := &http.Transport{MaxIdleConnsPerHost: 6, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, origin, &http.Client{
		Jar: jar, Transport: transport, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// What htmx asks for when a link of the list, of the tree, or a row is clicked.
var (
	page   = map[string]string(nil)
	list   = map[string]string{"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#list"}
	reader = map[string]string{"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#reader"}
	tree   = map[string]string{"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "nav#folders"}
)

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte // as it came
	took   time.Duration
}

func (b *browser) send(method, path string, headers map[string]string, form url.Values) (answer, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, b.origin+path, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	start := time.Now()
	response, err := b.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	var read bytes.Buffer
	if response.ContentLength > 0 {
		read.Grow(int(response.ContentLength) + bytes.MinRead)
	}
	_, err = read.ReadFrom(response.Body)
	return answer{response.StatusCode, response.Header, read.Bytes(), time.Since(start)}, err
}

// text is the body, decompressed.
func (a answer) text() string {
	if a.header.Get("Content-Encoding") != "gzip" {
		return string(a.body)
	}
	z, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		return ""
	}
	text, _ := io.ReadAll(z) // cut short, it lacks what is looked for
	return string(text)
}

// want says what an answer must hold: a wrong one is an error, never a fast one.
type want struct {
	part  string
	times int // at least
}

func (b *browser) get(path string, headers map[string]string, wants ...want) time.Duration {
	b.t.Helper()
	took, err := b.tryGet(path, headers, wants...)
	if err != nil {
		b.t.Fatal(err)
	}
	return took
}

func (b *browser) tryGet(path string, headers map[string]string, wants ...want) (time.Duration, error) {
	a, err := b.send("GET", path, headers, nil)
	if err != nil {
		return 0, err
	}
	if a.status != http.StatusOK {
		return 0, fmt.Errorf("GET %s: status %d: %.300s", path, a.status, a.text())
	}
	text := ""
	if len(wants) > 0 {
		text = a.text()
	}
	for _, w := range wants {
		if n := strings.Count(text, w.part); n < w.times {
			return 0, fmt.Errorf("GET %s: %d times %q, want %d: %.300s", path, n, w.part, w.times, text)
		}
	}
	return a.took, nil
}

// download reads to nowhere and returns the octets and the time.
func (b *browser) download(path string) (int64, time.Duration) {
	b.t.Helper()
	start := time.Now()
	response, err := b.client.Get(b.origin + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.CopyBuffer(onlyWriter{io.Discard}, response.Body, make([]byte, 256<<10))
	took := time.Since(start)
	if err != nil || response.StatusCode != http.StatusOK {
		b.t.Fatalf("GET %s: status %d: %v", path, response.StatusCode, err)
	}
	return n, took
}

// onlyWriter hides ReadFrom, which would read in pieces of 8 kB.
type onlyWriter struct{ io.Writer }

func (b *browser) trySignIn(user string) (time.Duration, error) {
	a, err := b.send("POST", "/login", nil, url.Values{"username": {user}, "password": {password}})
	if err == nil && a.status != http.StatusSeeOther {
		err = fmt.Errorf("sign in %s: status %d: %.300s", user, a.status, a.text())
	}
	return a.took, err
}

func (b *browser) signIn(user string) time.Duration {
	b.t.Helper()
	took, err := b.trySignIn(user)
	if err != nil {
		b.t.Fatal(err)
	}
	return took
}
