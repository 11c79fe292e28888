// Package smtpsink is a submission server (RFC 6409) that keeps the mail it was given and hands it to a
// function, which may deliver it. Tests and the demo use it.
package smtpsink

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is one accepted submission.
type Mail struct {
	User string // who signed in
	From string // reverse path, may be empty
	To   []string
	Data []byte // as it was sent, CRLF line ends
}

// Options of a Server; Password and TLS are needed.
type Options struct {
	Domain   string // the name it greets with; "localhost" when empty
	Password func(user, password string) bool
	TLS      *tls.Config
	// Deliver, when set, gets each mail before it is accepted; its error refuses the mail for now (451),
	// a *smtp.SMTPError as that says.
	Deliver func(*Mail) error
	// Keep holds on to what was accepted, for Mails.
	Keep bool
	// MaxSize is the greatest mail in octets, announced by SIZE (RFC 1870); 0 is 64 MiB.
	MaxSize int64
}

// Server accepts submissions on any number of listeners.
type Server struct {
	opts Options

	mu      sync.Mutex
	mails   []*Mail
	servers []*smtp.Server
	closed  bool
	serving sync.WaitGroup
}

// New returns a Server that listens nowhere yet.
func New(opts Options) *Server {
	if opts.Domain == "" {
		opts.Domain = "localhost"
	}
	if opts.MaxSize == 0 {
		opts.MaxSize = 64 << 20
	}
	return &Server{opts: opts}
}

// ServeTLS accepts connections that speak TLS from the first byte (RFC 8314), until Close. It does not block.
func (s *Server) ServeTLS(l net.Listener) {
	s.serve(tls.NewListener(l, s.opts.TLS))
}

// ServeStartTLS accepts connections that offer AUTH after STARTTLS only, until Close. It does not block.
func (s *Server) ServeStartTLS(l net.Listener) { s.serve(l) }

func (s *Server) serve(l net.Listener) {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{server: s}, nil
	}))
	server.Domain = s.opts.Domain
	server.TLSConfig = s.opts.TLS
	server.MaxMessageBytes = s.opts.MaxSize
	server.MaxRecipients = 1000
	server.ReadTimeout = 5 * time.Minute
	server.WriteTimeout = time.Minute
	server.EnableSMTPUTF8 = true
	server.EnableDSN = true
	server.ErrorLog = log.New(io.Discard, "", 0)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.Close()
		return
	}
	s.servers = append(s.servers, server)
	s.serving.Go(func() {
		defer l.Close()
		server.Serve(l)
	})
}

// Mails returns what was accepted so far, oldest first; nothing without Options.Keep.
func (s *Server) Mails() []*Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Mail(nil), s.mails...)
}

// Close ends all listeners and connections.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	servers := s.servers
	s.mu.Unlock()
	for _, server := range servers {
		server.Close()
	}
	s.serving.Wait()
}

// session is one connection; go-smtp calls it from one goroutine.
type session struct {
	server *Server
	user   string
	mail   Mail
}

func (c *session) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (c *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if !c.server.opts.Password(user, password) {
			return smtp.ErrAuthFailed
		}
		c.user = user
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.user == "" {
		return smtp.ErrAuthRequired
	}
	c.mail = Mail{User: c.user, From: from}
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.mail.To = append(c.mail.To, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	mail := c.mail
	mail.Data = data
	if deliver := c.server.opts.Deliver; deliver != nil {
		if err := deliver(&mail); err != nil {
			var reply *smtp.SMTPError
			if errors.As(err, &reply) {
				return reply
			}
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not delivered: " + err.Error()}
		}
	}
	if c.server.opts.Keep {
		c.server.mu.Lock()
		c.server.mails = append(c.server.mails, &mail)
		c.server.mu.Unlock()
	}
	return nil
}

func (c *session) Reset()        { c.mail = Mail{} }
func (c *session) Logout() error { return nil }

// loginServer is the LOGIN mechanism, which go-sasl has for clients only.
type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch {
	case l.step == 1 && response == nil:
		return []byte("Username:"), false, nil
	case l.step <= 2 && l.user == "":
		l.user = string(response)
		l.step = 2
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}
