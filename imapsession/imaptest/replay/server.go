package replay

import (
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Event is one thing that happened on a connection.
type Event struct {
	Conn int    // 1 for the first
	Kind string // "violation", "unscripted", "rule"; "C" and "S" for the lines themselves, long ones cut
	Text string
}

// Server plays one transcript on a loopback port.
type Server struct {
	Addr  string // host:port
	TLS   string // "none", "starttls" or "implicit"
	Roots []byte // PEM: the authority of the certificate, for the name "localhost" and for 127.0.0.1
	User  string
	Pass  string

	S        *Script
	tls      *tls.Config
	listener net.Listener
	running  sync.WaitGroup
	ended    chan struct{}

	state sync.Mutex // the mailboxes; see sess.hold

	mu     sync.Mutex // what follows, and the use counts of rules
	events []Event
	nconn  int
	open   map[net.Conn]bool
}

// Start plays file until the test ends. A file that can not be read, or a
// script that fails, fails the test.
func Start(t testing.TB, file string) *Server {
	t.Helper()
	s, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	sv, err := serve(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sv.Close()
		for _, e := range sv.Report().Violations {
			if strings.HasPrefix(e.Text, "script:") {
				t.Errorf("%s: %s", filepath.Base(file), e.Text)
			}
		}
	})
	return sv
}

func serve(s *Script) (*Server, error) {
	cert, roots, err := selfSigned()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	sv := &Server{
		Addr: l.Addr().String(), TLS: s.TLS, Roots: roots, User: s.User, Pass: s.Pass,
		S: s, tls: &tls.Config{Certificates: []tls.Certificate{cert}}, listener: l, ended: make(chan struct{}), open: map[net.Conn]bool{},
	}
	sv.running.Go(sv.accept)
	return sv, nil
}

func (sv *Server) accept() {
	for {
		c, err := sv.listener.Accept()
		if err != nil {
			return
		}
		sv.mu.Lock()
		sv.nconn++
		id := sv.nconn
		sv.mu.Unlock()
		sv.running.Go(func() { sv.conn(c, id) })
	}
}

// Close ends all connections and waits for them.
func (sv *Server) Close() {
	sv.listener.Close()
	sv.mu.Lock()
	select {
	case <-sv.ended:
	default:
		close(sv.ended)
	}
	for c := range sv.open {
		c.Close()
	}
	sv.mu.Unlock()
	sv.running.Wait()
}

// track notes a connection as open or not, and closes it when the server has ended.
func (sv *Server) track(c net.Conn, open bool) {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if !open {
		delete(sv.open, c)
		return
	}
	sv.open[c] = true
	select {
	case <-sv.ended:
		c.Close()
	default:
	}
}

const maxEvents = 20000

func (sv *Server) log(c int, kind, f string, a ...any) {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if len(sv.events) < maxEvents {
		t := fmt.Sprintf(f, a...)
		if len(t) > 600 {
			t = t[:600] + "…"
		}
		sv.events = append(sv.events, Event{c, kind, t})
	}
}

// Report is what a server has seen so far.
type Report struct {
	Connections int
	Events      []Event  // all of them, in order
	Violations  []Event  // what the client did wrong: extensions that are not offered, syntax, state
	Unscripted  []Event  // commands that neither script nor built-in server know
	NotReached  []string // rules that no command met: the quirk was not tested
	Expect      []string // what a user must see, in words
}

// Report tells what happened until now.
func (sv *Server) Report() Report {
	sv.mu.Lock()
	defer sv.mu.Unlock()
	r := Report{Connections: sv.nconn, Events: append([]Event(nil), sv.events...), Expect: sv.S.Expect}
	for _, e := range sv.events {
		switch e.Kind {
		case "violation":
			r.Violations = append(r.Violations, e)
		case "unscripted":
			r.Unscripted = append(r.Unscripted, e)
		}
	}
	for _, rules := range [][]*Rule{sv.S.Rules, sv.S.Idle} {
		for _, rule := range rules {
			if rule.Used == 0 {
				r.NotReached = append(r.NotReached, rule.Kind+": "+rule.Src)
			}
		}
	}
	return r
}

// Commands are the commands of all connections so far, without their tags and
// in the order in which they came; literals stand as {n}, LOGIN's arguments are left out.
func (sv *Server) Commands() []string {
	var all []string
	for _, e := range sv.Report().Events {
		if _, cmd, ok := strings.Cut(e.Text, " "); ok && e.Kind == "C" {
			all = append(all, cmd)
		}
	}
	return all
}
