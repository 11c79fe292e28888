package wire

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeServer answers commands as a test says. It knows nothing of IMAP beyond
// lines and literals.
type fakeServer struct {
	t      testing.TB
	nc     net.Conn
	br     *bufio.Reader
	answer func(s *fakeServer, tag, command string) string

	mu   sync.Mutex
	seen []string // commands without tag, literals in place as {n}octets
}

var syncLiteral = regexp.MustCompile(`\{(\d+)(\+?)\}$`)

// serve reads commands until the client is gone. What answer returns is sent
// with $TAG replaced; "" means "$TAG OK done".
func (s *fakeServer) serve() {
	defer s.nc.Close()
	for {
		command, err := s.command()
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(command, " ")
		s.mu.Lock()
		s.seen = append(s.seen, rest)
		s.mu.Unlock()
		reply := s.answer(s, tag, rest)
		if reply == "" {
			reply = "$TAG OK done\r\n"
		}
		if reply == "-" {
			continue
		}
		if _, err := io.WriteString(s.nc, strings.ReplaceAll(reply, "$TAG", tag)); err != nil {
			return
		}
	}
}

func (s *fakeServer) command() (string, error) {
	var all strings.Builder
	for {
		line, err := s.br.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		all.WriteString(line)
		m := syncLiteral.FindStringSubmatch(line)
		if m == nil {
			return all.String(), nil
		}
		if m[2] == "" {
			if refusal := s.answer(s, "+", all.String()); refusal != "" {
				tag, _, _ := strings.Cut(all.String(), " ")
				fmt.Fprintf(s.nc, "%s %s\r\n", tag, refusal)
				all.Reset()
				continue
			}
			io.WriteString(s.nc, "+ go on\r\n")
		}
		n, _ := strconv.Atoi(m[1])
		b := make([]byte, n)
		if _, err := io.ReadFull(s.br, b); err != nil {
			return "", err
		}
		all.Write(b)
	}
}

func (s *fakeServer) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// loopback returns both ends of a TCP connection.
func loopback(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

const preauth = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS] ready\r\n"

// session connects an imapclient over wire to a server that greets with
// PREAUTH and answers with answer.
func session(t testing.TB, opts Options, cliOpts *imapclient.Options, answer func(s *fakeServer, tag, command string) string) (*imapclient.Client, *Conn, *fakeServer) {
	t.Helper()
	nc, peer := loopback(t)
	s := &fakeServer{t: t, nc: peer, br: bufio.NewReader(peer), answer: answer}
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.WriteString(peer, preauth)
		s.serve()
	}()
	w := New(nc, opts)
	cl := imapclient.New(w, cliOpts)
	t.Cleanup(func() {
		w.Close()
		cl.Close()
		peer.Close()
		<-done
	})
	if err := cl.WaitGreeting(); err != nil {
		t.Fatal(err)
	}
	return cl, w, s
}

// within runs f and fails when it takes longer than d.
func within(t testing.TB, d time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatalf("%s took longer than %v", what, d)
	}
}
