package imapsession

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/imapsession/imaptest/selfsigned"
)

// script is a mail server that says what a test makes it say.
type script struct {
	t     *testing.T
	ln    net.Listener
	pair  *selfsigned.Pair
	mu    sync.Mutex
	heard []string // every line of every client, without its tag
	conns int
	all   []net.Conn
	wg    sync.WaitGroup
}

// client is one connection as the script sees it.
type client struct {
	*script
	net.Conn
	r *bufio.Reader
}

// play serves each connection with f, which is told how many came before. It ends with the test.
func play(t *testing.T, security Security, f func(c *client, n int)) (*script, Server) {
	t.Helper()
	pair, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, ln: ln, pair: pair}
	s.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			n := s.conns
			s.conns++
			s.all = append(s.all, nc)
			s.mu.Unlock()
			if security == TLS {
				nc = tls.Server(nc, s.tlsConfig())
			}
			s.wg.Go(func() {
				defer nc.Close()
				f(&client{script: s, Conn: nc, r: bufio.NewReader(nc)}, n)
			})
		}
	})
	t.Cleanup(s.stop)
	return s, Server{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Security: security, RootsPEM: pair.RootsPEM}
}

func (s *script) tlsConfig() *tls.Config {
	return s.pair.TLS
}

func (s *script) stop() {
	s.ln.Close()
	s.mu.Lock()
	for _, nc := range s.all {
		nc.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// lines is what all clients said.
func (s *script) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

func (c *client) say(lines ...string) {
	io.WriteString(c.Conn, strings.Join(lines, "\r\n")+"\r\n")
}

// hear reads a command; "" when the client is gone.
func (c *client) hear() (tag, command string) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "", ""
	}
	line = strings.TrimRight(line, "\r\n")
	tag, command, ok := strings.Cut(line, " ")
	if !ok {
		tag, command = "", line
	}
	c.mu.Lock()
	c.heard = append(c.heard, command)
	c.mu.Unlock()
	return tag, command
}

// upgrade goes over to TLS.
func (c *client) upgrade() {
	tc := tls.Server(c.Conn, c.tlsConfig())
	c.Conn, c.r = tc, bufio.NewReader(tc)
}

// serve answers commands by their first word until the client goes: with $ for the tag. What
// is not named gets OK.
func (c *client) serve(answers map[string]string) {
	for {
		tag, command := c.hear()
		if tag == "" {
			return
		}
		word, _, _ := strings.Cut(command, " ")
		answer, ok := answers[strings.ToUpper(word)]
		if !ok {
			answer = "$ OK done"
		}
		if answer == "close" {
			return
		}
		c.say(strings.Split(strings.ReplaceAll(answer, "$", tag), "\n")...)
		if strings.EqualFold(word, "LOGOUT") {
			return
		}
	}
}

// linger leaves the connection open without a word until the client goes.
func (c *client) linger() { io.Copy(io.Discard, c.r) }

var quick = &Options{CommandWait: 2 * time.Second}
