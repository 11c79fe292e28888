package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/imapsession/imaptest"
	"godwit/imapsession/imaptest/replay"
	"godwit/web/sessions"
)

// largeMail is the size of the mail below: more than the sockets between can hold, so that a
// download whose reader pauses is under way for as long as it pauses.
const largeMail = 32 << 20 // octets

// largeServer is a scripted mail server, which tells all that it was asked, with one large mail for mara.
func largeServer(t *testing.T) *replay.Server {
	t.Helper()
	return replay.Start(t, writeFile(t, "large.imap", fmt.Sprintf(`title: one large mail
expect: every connection ends with LOGOUT
tls: implicit
user: mara pass
caps: IMAP4rev1 UIDPLUS
gen: LARGE %d
mailbox: INBOX uidvalidity=1
message: uid=1 data=LARGE
`, largeMail)))
}

// before gives the environment of a godwit in front of a replayed server.
func before(t *testing.T, server *replay.Server, more ...string) []string {
	t.Helper()
	return append([]string{
		"GODWIT_LISTEN=127.0.0.1:0", "GODWIT_IMAP=imaps://" + server.Addr,
		"GODWIT_CA_FILE=" + writeFile(t, "ca.pem", string(server.Roots)), "GODWIT_DATA_DIR=" + t.TempDir(),
	}, more...)
}

// download starts to load the large mail and reads a little of it.
func download(t *testing.T, g *guest) *http.Response {
	t.Helper()
	r, err := g.do("GET", "/m/INBOX/1/raw", "")
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("download = %v, %v", r, err)
	}
	t.Cleanup(func() { r.Body.Close() })
	if _, err := io.ReadFull(r.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	return r
}

// wantLogouts fails unless each connection that signed in said LOGOUT as its last.
func wantLogouts(t *testing.T, server *replay.Server) {
	t.Helper()
	last := map[int]string{}
	for _, e := range server.Report().Events {
		if e.Kind == "C" && !strings.HasPrefix(e.Text, "(end") {
			last[e.Conn] = e.Text
		}
	}
	if len(last) == 0 {
		t.Error("the mail server was asked nothing")
	}
	for conn, text := range last {
		if !strings.Contains(strings.ToUpper(text), "LOGOUT") {
			t.Errorf("connection %d ended after %q, want LOGOUT", conn, text)
		}
	}
}

func TestSigtermLetsADownloadFinish(t *testing.T) {
	t.Parallel()
	server := largeServer(t)
	p := launch(t, before(t, server, "GODWIT_DRAIN=30s"), "serve")
	g := newGuest(t, p.origin).signIn("mara", "pass")
	r := download(t, g)

	p.signal(syscall.SIGTERM)
	// It drains once nobody new gets in.
	stranger := newGuest(t, p.origin)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		answer, err := stranger.do("GET", "/healthz", "")
		if err != nil {
			break
		}
		answer.Body.Close()
		stranger.client.CloseIdleConnections()
		if time.Now().After(deadline) {
			t.Fatal("new requests are served after SIGTERM")
		}
	}
	if p.over(0) {
		t.Fatal("the process ended while a download ran")
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil || n+1000 < largeMail {
		t.Errorf("the download got %d octets, %v; want all of %d", n+1000, err, largeMail)
	}
	if !p.over(10*time.Second) || p.command.ProcessState.ExitCode() != exitOK {
		t.Errorf("after the download: %v, want a clean end: %s", p.command.ProcessState, p.stderr.String())
	}
	wantLogouts(t, server)
}

func TestSigtermCutsADownloadAfterTheDrain(t *testing.T) {
	t.Parallel()
	server := largeServer(t)
	p := launch(t, before(t, server, "GODWIT_DRAIN=1s"), "serve")
	r := download(t, newGuest(t, p.origin).signIn("mara", "pass"))

	start := time.Now()
	p.stop(1*time.Second + logoutWait + 5*time.Second)
	if took := time.Since(start); took < time.Second {
		t.Errorf("it ended after %v, want GODWIT_DRAIN's second given to the download", took)
	}
	// A cut file must not look complete.
	if n, err := io.Copy(io.Discard, r.Body); err == nil {
		t.Errorf("the cut download ended after %d octets without an error", n)
	}
	if !strings.Contains(p.stderr.String(), "requests were cut after the drain time") {
		t.Errorf("the log does not tell of it: %s", p.stderr.String())
	}
	wantLogouts(t, server)
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := launch(t, before(t, largeServer(t), "GODWIT_DRAIN=10m"), "serve")
	download(t, newGuest(t, p.origin).signIn("mara", "pass"))

	p.signal(syscall.SIGTERM)
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(p.stderr.String(), "stopping"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("SIGTERM is not noticed: %s", p.stderr.String())
		}
	}
	p.signal(syscall.SIGTERM)
	if !p.over(5 * time.Second) {
		t.Fatal("the second SIGTERM did not end it")
	}
	if status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus); ok && (!status.Signaled() || status.Signal() != syscall.SIGTERM) {
		t.Errorf("it ended by %v, want by the signal", p.command.ProcessState)
	}
}

// records counts what the data folder of a godwit that has ended still holds.
func records(t *testing.T, dir string) int {
	t.Helper()
	f, err := sessions.OpenFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	future := time.Now().Add(time.Hour)
	n, err := f.Sweep(t.Context(), future, future)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRestartSignsNobodyOut(t *testing.T) {
	t.Parallel()
	server := imaptest.Memory(t)
	user, dir := server.User(t), t.TempDir()
	env := []string{
		"GODWIT_LISTEN=" + freeAddress(t), "GODWIT_IMAP=imaps://" + server.Address(server.TLSPort),
		"GODWIT_CA_FILE=" + writeFile(t, "ca.pem", string(server.Roots)), "GODWIT_DATA_DIR=" + dir,
	}
	first := launch(t, env, "serve")
	g := newGuest(t, first.origin).signIn(user, imaptest.Password)
	g.wants("/m/INBOX", 200)
	first.stop(10 * time.Second)

	// What lies there opens nothing by itself.
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(user)) {
			t.Errorf("%s tells who signed in", path)
		}
		if info, infoErr := d.Info(); infoErr == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v, want nothing for others", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	second := launch(t, env, "serve")
	g.wants("/m/INBOX", 200)

	// Signed out, the cookie opens nothing any more, here or after another start.
	old := g.client.Jar.Cookies(mustURL(t, g.origin))
	if r := g.post("/logout", url.Values{"x": {"1"}}); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/login" {
		t.Errorf("POST /logout = %d to %q, want 303 to /login", r.StatusCode, r.Header.Get("Location"))
	}
	g.client.Jar.SetCookies(mustURL(t, g.origin), old)
	g.wants("/m/INBOX", http.StatusSeeOther)
	second.stop(10 * time.Second)
	if n := records(t, dir); n != 0 {
		t.Errorf("%d records are left after signing out, want none", n)
	}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	server := imaptest.Memory(t)
	user := server.User(t)
	p := serveBefore(t, server, user)
	here, there := newGuest(t, p.origin).signIn(user, imaptest.Password), newGuest(t, p.origin).signIn(user, imaptest.Password)
	other := newGuest(t, p.origin).signIn(server.User(t), imaptest.Password)
	if r := here.post("/sessions", url.Values{"x": {"1"}}); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("POST /sessions = %d: %s", r.StatusCode, r.text())
	}
	here.wants("/m/INBOX", http.StatusSeeOther)
	there.wants("/m/INBOX", http.StatusSeeOther)
	other.wants("/m/INBOX", http.StatusOK)
}

func TestSignInEnds(t *testing.T) {
	for _, tt := range []struct {
		name, setting string
		used          bool // all the time
	}{
		{"unused", "GODWIT_SESSION_IDLE=2s", false},
		{"in any case", "GODWIT_SESSION_MAX=2s", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := imaptest.Memory(t)
			p := launch(t, []string{
				"GODWIT_LISTEN=127.0.0.1:0", "GODWIT_IMAP=imaps://" + server.Address(server.TLSPort), tt.setting,
				"GODWIT_CA_FILE=" + writeFile(t, "ca.pem", string(server.Roots)), "GODWIT_DATA_DIR=" + t.TempDir(),
			}, "serve")
			g := newGuest(t, p.origin).signIn(server.User(t), imaptest.Password)
			g.wants("/m/INBOX", http.StatusOK)
			for end := time.Now().Add(3500 * time.Millisecond); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				if tt.used {
					g.get("/m/INBOX")
				}
			}
			r := g.wants("/m/INBOX", http.StatusSeeOther)
			if to := r.Header.Get("Location"); to != "/login?next=%2Fm%2FINBOX" {
				t.Errorf("the ended session is led to %q", to)
			}
		})
	}
}

// TestUnwritableDataFolder needs a user whom permissions bind.
func TestUnwritableDataFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	probe := filepath.Join(dir, "probe")
	if err := os.WriteFile(probe, nil, 0o600); !errors.Is(err, os.ErrPermission) {
		dir = "/proc/godwit" // root may write anywhere else
	}
	var stderr strings.Builder
	code := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0", "--imap", "imaps://mail.example.org", "--data-dir", dir},
		func(string) string { return "" }, strings.NewReader(""), io.Discard, &stderr)
	if want := "GODWIT_DATA_DIR (from flag --data-dir)"; code != exitUsage || !strings.Contains(stderr.String(), want) {
		t.Errorf("serve = %d, %s; want %d and %q", code, stderr.String(), exitUsage, want)
	}
}
