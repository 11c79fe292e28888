package imaptest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/imapsession/imaptest/smtpsink"
)

// Password is what every user of every server here signs in with.
const Password = "pass"

// Server is a mail server as one test sees it.
type Server struct {
	Name string // "memory" or "dovecot"
	Host string // "127.0.0.1"; the certificate names it

	Port         int // IMAP; STARTTLS is offered, a login without it accepted
	TLSPort      int // IMAP over TLS from the first byte
	StartTLSPort int // IMAP; LOGINDISABLED until STARTTLS

	SubmissionPort    int // SMTP; AUTH only after STARTTLS
	SubmissionTLSPort int // SMTP over TLS from the first byte

	Roots []byte // PEM of the authority that signed the certificates

	// Sink holds what was submitted. Mail for a user at Domain is delivered to that user's INBOX too.
	Sink *smtpsink.Server

	doors   []*door
	mu      sync.Mutex
	clients map[string]*imapclient.Client // of Append and Create, by user; nil values never
}

// Domain is where the users of User live.
const Domain = "godwit.example"

// Each runs the test on the in-memory server and on Dovecot; the latter is skipped where there is none.
func Each(t *testing.T, test func(t *testing.T, srv *Server)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, Memory(t)) })
	t.Run("dovecot", func(t *testing.T) { test(t, Dovecot(t)) })
}

// Missing ends a test that needs something this machine lacks: it skips, visibly, or fails when
// the environment's GODWIT_REQUIRE (a list with commas) names what.
func Missing(t testing.TB, what string, why any) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("GODWIT_REQUIRE"), ","), what) {
		t.Fatalf("%s is required by GODWIT_REQUIRE: %v", what, why)
	}
	t.Skipf("no %s here: %v", what, why)
}

var userCount atomic.Int64

// User makes up a user that no other call in this process gets.
func (s *Server) User(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(t.Name()))
	return fmt.Sprintf("%.40s-%d@%s", name, userCount.Add(1), Domain)
}

// Address is Host with one of the ports.
func (s *Server) Address(port int) string {
	return net.JoinHostPort(s.Host, strconv.Itoa(port))
}

// TLSConfig trusts this server.
func (s *Server) TLSConfig() *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Roots)
	return &tls.Config{RootCAs: roots, ServerName: s.Host}
}

// Client signs user in over the plaintext port and returns go-imap's own client, closed with the test.
func (s *Server) Client(t testing.TB, user string) *imapclient.Client {
	t.Helper()
	c, err := s.dial(user)
	if err != nil {
		t.Fatalf("%s: client of %s: %v", s.Name, user, err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *Server) dial(user string) (*imapclient.Client, error) {
	c, err := imapclient.DialInsecure(s.Address(s.Port), nil)
	if err != nil {
		return nil, err
	}
	if err := c.Login(user, Password).Wait(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Append stores raw in a mailbox, with today's date, and returns its UID.
func (s *Server) Append(t testing.TB, user, mailbox string, raw []byte, flags ...string) uint32 {
	t.Helper()
	return s.AppendAt(t, user, mailbox, time.Time{}, raw, flags...)
}

// AppendAt is Append with an INTERNALDATE.
func (s *Server) AppendAt(t testing.TB, user, mailbox string, date time.Time, raw []byte, flags ...string) uint32 {
	t.Helper()
	var uid uint32
	err := s.withClient(user, func(c *imapclient.Client) (err error) {
		uid, err = appendTo(c, mailbox, date, raw, flags)
		return err
	})
	if err != nil {
		t.Fatalf("%s: append to %s of %s: %v", s.Name, mailbox, user, err)
	}
	return uid
}

func appendTo(c *imapclient.Client, mailbox string, date time.Time, raw []byte, flags []string) (uint32, error) {
	options := &imap.AppendOptions{Time: date}
	for _, f := range flags {
		options.Flags = append(options.Flags, imap.Flag(f))
	}
	cmd := c.Append(mailbox, int64(len(raw)), options)
	if _, err := cmd.Write(raw); err != nil {
		return 0, err
	}
	if err := cmd.Close(); err != nil {
		return 0, err
	}
	data, err := cmd.Wait()
	if err != nil {
		return 0, err
	}
	return uint32(data.UID), nil
}

// Create makes mailboxes; "/" parts the levels on both servers.
func (s *Server) Create(t testing.TB, user string, mailboxes ...string) {
	t.Helper()
	err := s.withClient(user, func(c *imapclient.Client) error {
		for _, m := range mailboxes {
			if err := c.Create(m, nil).Wait(); err != nil {
				return fmt.Errorf("%s: %w", m, err)
			}
			if err := c.Subscribe(m).Wait(); err != nil {
				return fmt.Errorf("%s: %w", m, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: create for %s: %v", s.Name, user, err)
	}
}

// withClient lends the one connection that Append and Create keep per user.
func (s *Server) withClient(user string, f func(c *imapclient.Client) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[user]
	if c != nil && c.State() == imap.ConnStateLogout {
		c = nil
	}
	if c == nil {
		var err error
		if c, err = s.dial(user); err != nil {
			return err
		}
		s.clients[user] = c
	}
	err := f(c)
	if err != nil {
		// After an error go-imap's client may be closed or not; a new one is certain.
		c.Close()
		delete(s.clients, user)
	}
	return err
}

// deliver is what the submission server does with mail: into the INBOX of each recipient of ours.
func (s *Server) deliver(mail *smtpsink.Mail) error {
	for _, to := range mail.To {
		if !strings.HasSuffix(strings.ToLower(to), "@"+Domain) {
			continue
		}
		raw := append([]byte("Return-Path: <"+mail.From+">\r\n"), bytes.Clone(mail.Data)...)
		err := s.withClient(to, func(c *imapclient.Client) error {
			_, err := appendTo(c, "INBOX", time.Time{}, raw, nil)
			return err
		})
		if err != nil {
			return fmt.Errorf("deliver to %s: %w", to, err)
		}
	}
	return nil
}

// Kill cuts every connection that is open through this Server; new ones are welcome.
func (s *Server) Kill() {
	s.forgetClients()
	for _, d := range s.doors {
		d.kill()
	}
}

// Stop cuts every connection and refuses new ones, like a server that is down, until Restart.
func (s *Server) Stop() {
	s.forgetClients()
	for _, d := range s.doors {
		d.stop()
	}
}

// Restart cuts every connection and listens on the same ports again.
func (s *Server) Restart() error {
	s.forgetClients()
	for _, d := range s.doors {
		d.stop()
		if err := d.start(); err != nil {
			return err
		}
	}
	return nil
}

// Connections is how many are open through this Server now, those of Append and Create included.
func (s *Server) Connections() int {
	n := 0
	for _, d := range s.doors {
		n += d.count()
	}
	return n
}

// forgetClients closes the connections of Append and Create, so that none is found half dead later.
func (s *Server) forgetClients() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for user, c := range s.clients {
		c.Close()
		delete(s.clients, user)
	}
}

// open gives the server its own ports, each a door to one of the addresses, and ends them with the test.
func (s *Server) open(t testing.TB, plain, implicit, starttls, submission, submissionTLS string) {
	t.Helper()
	s.Host = "127.0.0.1"
	s.clients = map[string]*imapclient.Client{}
	t.Cleanup(s.Stop)
	for _, o := range []struct {
		port *int
		to   string
	}{
		{&s.Port, plain}, {&s.TLSPort, implicit}, {&s.StartTLSPort, starttls},
		{&s.SubmissionPort, submission}, {&s.SubmissionTLSPort, submissionTLS},
	} {
		d := &door{to: o.to, conns: map[net.Conn]bool{}}
		if err := d.start(); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		s.doors = append(s.doors, d)
		*o.port = d.port
	}
}
