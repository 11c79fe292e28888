package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// guest is a browser that follows no redirect and keeps cookies, so that a test sees each answer by itself.
type guest struct {
	t      testing.TB
	origin string // with the base path, if any
	client *http.Client
	header http.Header // sent along with each request
}

func newGuest(t testing.TB, origin string) *guest {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	g := &guest{t: t, origin: origin, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}}
	g.client = &http.Client{
		Jar:           jar,
		Timeout:       time.Minute,
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(g.client.CloseIdleConnections)
	return g
}

// trusting makes the guest trust an authority.
func (g *guest) trusting(pem []byte) *guest {
	g.client.Transport = &http.Transport{TLSClientConfig: rootsConfig(g.t, pem), ForceAttemptHTTP2: true}
	return g
}

// do sends a request; the answer's body is the caller's to close.
func (g *guest) do(method, path, form string) (*http.Response, error) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.origin+path, strings.NewReader(form))
	if err != nil {
		g.t.Fatal(err)
	}
	for name, values := range g.header {
		r.Header[name] = values
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return g.client.Do(r)
}

// ask sends a request and reads the answer to its end.
func (g *guest) ask(method, path, form string) *reply {
	g.t.Helper()
	r, err := g.do(method, path, form)
	if err != nil {
		g.t.Errorf("%s %s: %v", method, path, err)
		return &reply{Response: &http.Response{Header: http.Header{}}}
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		g.t.Errorf("%s %s: %v", method, path, err)
	}
	return &reply{r, body}
}

func (g *guest) get(path string) *reply { g.t.Helper(); return g.ask("GET", path, "") }

func (g *guest) post(path string, form url.Values) *reply {
	g.t.Helper()
	return g.ask("POST", path, form.Encode())
}

func (g *guest) login(user, password string) *reply {
	g.t.Helper()
	return g.post("/login", url.Values{"username": {user}, "password": {password}})
}

// signIn has to succeed.
func (g *guest) signIn(user, password string) *guest {
	g.t.Helper()
	if r := g.login(user, password); r.StatusCode != http.StatusSeeOther {
		g.t.Fatalf("sign-in of %s = %d: %s", user, r.StatusCode, r.text())
	}
	return g
}

// wants fails the test unless path answers with status and, where words are given, shows them.
func (g *guest) wants(path string, status int, words ...string) *reply {
	g.t.Helper()
	r := g.get(path)
	r.wants(g.t, "GET "+path, status, words...)
	return r
}

func (r *reply) wants(t testing.TB, what string, status int, words ...string) {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("%s = %d, want %d: %.300s", what, r.StatusCode, status, r.text())
	}
	for _, word := range words {
		if !strings.Contains(r.text(), word) {
			t.Errorf("%s shows %.300q, want %q in it", what, r.text(), word)
		}
	}
}

// text is what a person reads of a page, its white space made single.
func (r *reply) text() string {
	var b strings.Builder
	shownText(&b, r.page())
	return strings.Join(strings.Fields(b.String()), " ")
}

// process is godwit as a process of its own.
type process struct {
	t              testing.TB
	command        *exec.Cmd
	origin         string // as it printed it, without the slash at its end
	stdout, stderr output
	ended          chan struct{}
}

// printedAddress is what a person finds the program by.
var printedAddress = regexp.MustCompile(`(https?://[^ \n]+)/[ \n]`)

// launch starts godwit with the environment env ("KEY=VALUE") and waits until it serves; it is killed when the test ends.
func launch(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, command: exec.Command("godwit", args...), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), env...)
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.command.Wait() // how it ended is read from ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.command.Process.Kill()
		<-p.ended
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := printedAddress.FindStringSubmatch(p.stdout.String()); m != nil {
			p.origin = m[1]
			return p
		}
		if p.over(0) {
			break
		}
	}
	t.Fatalf("godwit %q serves nothing: %s%s", args, p.stdout.String(), p.stderr.String())
	return nil
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// over waits at most d for the end of the process.
func (p *process) over(d time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(d):
		return false
	}
}

// stop sends SIGTERM and wants a clean end within d.
func (p *process) stop(d time.Duration) {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if !p.over(d) {
		p.t.Fatalf("godwit did not end within %v of SIGTERM: %s", d, p.stderr.String())
	}
	if code := p.command.ProcessState.ExitCode(); code != exitOK {
		p.t.Errorf("godwit ended with %d, want 0: %s", code, p.stderr.String())
	}
}
