package replay

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const quirks = "../../../testdata/imap-quirks/*.imap"

// TestFiles talks to each transcript as a plain client would, and wants an
// answer to each command: the double itself must not hang, tear its syntax or
// have rules that it does not know.
func TestFiles(t *testing.T) {
	files, _ := filepath.Glob(quirks)
	if len(files) < 13 {
		t.Fatalf("%d files in %s, want 13 at least", len(files), quirks)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".imap"), func(t *testing.T) {
			sv := Start(t, file)
			c := dial(t, sv)
			c.do("LOGIN " + sv.User + " " + sv.Pass)
			for _, cmd := range []string{"CAPABILITY", `LIST "" "*"`, "STATUS INBOX (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)", "SELECT INBOX", "UID SEARCH ALL",
				"UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)", "UID FETCH 3 (BODY.PEEK[HEADER] BODY.PEEK[1])", "NOOP", "LOGOUT"} {
				if done := c.do(cmd); !strings.Contains(done, " OK") {
					t.Errorf("%s: %s", cmd, done)
				}
			}
			r := sv.Report()
			if r.Connections != 1 || len(r.Expect) == 0 || len(sv.Commands()) < 9 {
				t.Errorf("Report() = %d connections, %q; Commands() = %q", r.Connections, r.Expect, sv.Commands())
			}
		})
	}
}

// TestViolations does what a client must not do.
func TestViolations(t *testing.T) {
	sv := Start(t, filepath.Join(filepath.Dir(quirks), "bare-rev1.imap"))
	c := dial(t, sv)
	c.do("LOGIN alice pass")
	for _, cmd := range []string{"NAMESPACE", "IDLE", "FETCH 1 FLAGS", "XFOO"} {
		if done := c.do(cmd); !strings.Contains(done, " BAD") {
			t.Errorf("%s: %s, want BAD", cmd, done)
		}
	}
	r := sv.Report()
	var got []string
	for _, v := range r.Violations {
		got = append(got, v.Text)
	}
	if want := 3; len(got) != want || len(r.Unscripted) != 1 {
		t.Errorf("violations %q, unscripted %v, want %d and 1", got, r.Unscripted, want)
	}
	if never := sv.S.Rules; len(r.NotReached) != len(never) {
		t.Errorf("NotReached = %q, want %d", r.NotReached, len(never))
	}
}

// plainClient knows of IMAP what lines and literals are.
type plainClient struct {
	t  *testing.T
	nc net.Conn
	br *bufio.Reader
	n  int
}

func dial(t *testing.T, sv *Server) *plainClient {
	t.Helper()
	nc, err := net.Dial("tcp", sv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	c := &plainClient{t: t, nc: nc, br: bufio.NewReader(nc)}
	if greeting := c.response(); !strings.HasPrefix(greeting, "* ") {
		t.Fatalf("greeting %q", greeting)
	}
	if sv.TLS == "starttls" {
		c.do("STARTTLS")
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(sv.Roots)
		c.nc = tls.Client(nc, &tls.Config{ServerName: "localhost", RootCAs: roots})
		c.br = bufio.NewReader(c.nc)
	}
	return c
}

var literalAtEnd = regexp.MustCompile(`\{(\d+)\}\r\n$`)

// response reads one response with its literals.
func (c *plainClient) response() string {
	c.t.Helper()
	var all strings.Builder
	for {
		line, err := c.br.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after %q: %v", all.String(), err)
		}
		all.WriteString(line)
		m := literalAtEnd.FindStringSubmatch(line)
		if m == nil {
			return all.String()
		}
		n, _ := strconv.Atoi(m[1])
		if _, err := io.CopyN(&all, c.br, int64(n)); err != nil {
			c.t.Fatal(err)
		}
	}
}

// do sends a command and returns its completion.
func (c *plainClient) do(cmd string) string {
	c.t.Helper()
	c.n++
	tag := fmt.Sprintf("t%d", c.n)
	fmt.Fprintf(c.nc, "%s %s\r\n", tag, cmd)
	for {
		if r := c.response(); strings.HasPrefix(r, tag+" ") {
			return strings.TrimSpace(r)
		}
	}
}
