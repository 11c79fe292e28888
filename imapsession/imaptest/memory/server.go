package memory

import (
	"crypto/tls"
	"net"
	"sync"
)

// Options of a Server. Password is needed, TLS for all but ServePlain.
type Options struct {
	Password func(user, password string) bool
	TLS      *tls.Config
	// Quota is what each user may store, in octets; 0 is no limit and no QUOTA capability.
	Quota int64
	// MaxMessage is the greatest message that APPEND takes, in octets; 0 is 128 MiB.
	MaxMessage int64
	// Banner is the text of the greeting, and the name that ID gives.
	Banner string
}

// Server serves the mail of its users on any number of listeners.
type Server struct {
	opts Options

	mu        sync.Mutex
	users     map[string]*User
	listeners []net.Listener
	conns     map[net.Conn]bool
	closed    bool
	serving   sync.WaitGroup
}

// New returns a Server without users that listens nowhere yet.
func New(opts Options) *Server {
	if opts.MaxMessage == 0 {
		opts.MaxMessage = 128 << 20
	}
	if opts.Banner == "" {
		opts.Banner = "Godwit memory server"
	}
	return &Server{opts: opts, users: map[string]*User{}, conns: map[net.Conn]bool{}}
}

// User returns the named user's store; one that was not there yet has INBOX and an empty mailbox for each special use.
func (s *Server) User(name string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[name]
	if u == nil {
		u = newUser(s.opts.Quota)
		s.users[name] = u
	}
	return u
}

// protection is what a listener demands before a login.
type protection int

const (
	plainAllowed protection = iota
	startTLSFirst
	implicitTLS
)

// ServePlain accepts connections that may sign in at once or after STARTTLS, until Close. It does not block.
func (s *Server) ServePlain(l net.Listener) { s.serve(l, plainAllowed) }

// ServeStartTLS accepts connections that are LOGINDISABLED until STARTTLS, until Close. It does not block.
func (s *Server) ServeStartTLS(l net.Listener) { s.serve(l, startTLSFirst) }

// ServeTLS accepts connections that speak TLS from the first byte, until Close. It does not block.
func (s *Server) ServeTLS(l net.Listener) { s.serve(l, implicitTLS) }

func (s *Server) serve(l net.Listener, p protection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.Close()
		return
	}
	s.listeners = append(s.listeners, l)
	s.serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			if !s.add(nc) {
				nc.Close()
				return
			}
			s.serving.Go(func() {
				defer s.remove(nc)
				newSession(s, nc, p).run()
			})
		}
	})
}

func (s *Server) add(nc net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[nc] = true
	}
	return !s.closed
}

func (s *Server) remove(nc net.Conn) {
	nc.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, nc)
}

// Close ends all listeners and connections and waits for them.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.listeners {
		l.Close()
	}
	for nc := range s.conns {
		nc.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}
