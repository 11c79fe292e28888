package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/imapsession/imaptest"
	"godwit/imapsession/imaptest/replay"
)

const hello = "From: Mara Lindqvist <mara@example.org>\r\nTo: jonas@example.org\r\nSubject: Tide tables\r\nMessage-ID: <1@example.org>\r\n" +
	"Date: Sat, 21 Nov 2026 09:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHigh water is at noon.\r\n"

// TestMailServerGoesAndComesBack keeps people signed in through an outage of the mail server.
func TestMailServerGoesAndComesBack(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, server *imaptest.Server) {
		user := server.User(t)
		uid := server.Append(t, user, "INBOX", []byte(hello))
		message := fmt.Sprintf("/m/INBOX/%d", uid)
		p := serveBefore(t, server, user)
		g := newGuest(t, p.origin).signIn(user, imaptest.Password)
		g.wants("/m/INBOX", http.StatusOK, "Tide tables")

		// A connection that was cut is replaced without a word.
		server.Kill()
		g.wants(message, http.StatusOK, "High water is at noon.")
		server.Kill()
		g.wants("/m/INBOX", http.StatusOK, "Tide tables")

		server.Stop()
		for _, path := range []string{"/m/INBOX", message, message + "/source", message + "/part/1", message + "/raw", message + "/parts.zip"} {
			g.wants(path, http.StatusBadGateway, "Your mail server is not answering", "Nothing is lost", "Try again")
		}
		g.header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Hx-Request": {"true"}, "Hx-Target": {"section#reader"}}
		g.wants(message, http.StatusBadGateway, "Your mail server is not answering")
		g.header = http.Header{"Sec-Fetch-Site": {"same-origin"}}
		newGuest(t, p.origin).login(user, imaptest.Password).wants(t, "sign-in", http.StatusBadGateway, "The mail server did not answer")
		// Settings are Godwit's own, and so are its files and its health.
		g.wants("/healthz", http.StatusOK)
		g.wants("/readyz", http.StatusOK)

		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		g.wants("/m/INBOX", http.StatusOK, "Tide tables")
		g.wants(message, http.StatusOK, "High water is at noon.")
	})
}

// TestSlowServersHarmTheirOwnUsersAlone signs in people of three servers: one that stops answering within a
// FETCH, one that sends a few octets a second, and one that is well.
func TestSlowServersHarmTheirOwnUsersAlone(t *testing.T) {
	t.Parallel()
	hanging := replay.Start(t, writeFile(t, "hang.imap", `title: a server that stops in the middle of a FETCH
expect: an error page within its time
tls: none
user: mara@hang.example pass
caps: IMAP4rev1
mailbox: INBOX uidvalidity=1
message: uid=1 <<EOF
Subject: never seen

Hello.
EOF
on: UID FETCH .*
S: * 1 FETCH (UID 1 FLAGS (
X: hang
on: FETCH .*
X: raw * 1 FETCH (UID 1 FLA
X: hang
`))
	well := imaptest.Memory(t)
	slow := drip(t, well.Address(well.Port))
	user := well.User(t)
	well.Append(t, user, "INBOX", []byte(hello))
	p := start(t, map[string]string{
		"GODWIT_UPSTREAMS": fmt.Sprintf("hang.example imap://%s; slow.example imap://%s; %s imap://%s",
			hanging.Addr, slow.address, imaptest.Domain, well.Address(well.Port)),
	}, "serve", "--listen", "127.0.0.1:0", "--insecure-plaintext", "--data-dir", t.TempDir())

	stuck := newGuest(t, p.origin).signIn("mara@hang.example", "pass")
	crawling := newGuest(t, p.origin).signIn("mara@slow.example", imaptest.Password)
	slow.begin()
	lucky := newGuest(t, p.origin).signIn(user, imaptest.Password)

	var waiting sync.WaitGroup
	var over atomic.Int32
	const deadline = 30*time.Second + 3*time.Second // of a page, and some for a busy machine
	for _, g := range []*guest{stuck, crawling} {
		waiting.Go(func() {
			defer over.Add(1)
			start := time.Now()
			r := g.get("/m/INBOX")
			if took := time.Since(start); took > deadline {
				t.Errorf("a page of a slow server took %v, want an answer within %v", took, deadline)
			}
			if r.StatusCode != http.StatusBadGateway && r.StatusCode != http.StatusGatewayTimeout {
				t.Errorf("a page of a slow server = %d after %v: %s", r.StatusCode, time.Since(start), r.text())
			}
		})
	}
	var slowest time.Duration
	for over.Load() < 2 {
		start := time.Now()
		lucky.wants("/m/INBOX", http.StatusOK, "Tide tables")
		slowest = max(slowest, time.Since(start))
		time.Sleep(100 * time.Millisecond)
	}
	waiting.Wait()
	if slowest > 5*time.Second {
		t.Errorf("beside them a page of another server took %v", slowest)
	}
	t.Logf("slowest page of the others: %v", slowest)
}

// dripping is a wire to a server whose answers come a few octets at a time once begin was called.
type dripping struct {
	address string
	slow    atomic.Bool
}

func (d *dripping) begin() { d.slow.Store(true) }

func drip(t testing.TB, upstream string) *dripping {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dripping{address: listener.Addr().String()}
	var passing sync.WaitGroup
	t.Cleanup(passing.Wait)
	t.Cleanup(func() { listener.Close() })
	passing.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", upstream)
			if err != nil {
				client.Close()
				continue
			}
			passing.Go(func() { io.Copy(server, client); server.Close() })
			passing.Go(func() { d.pass(client, server); client.Close() })
		}
	})
	return d
}

func (d *dripping) pass(to io.Writer, from io.Reader) {
	buffer := make([]byte, 32<<10)
	for {
		size := len(buffer)
		if d.slow.Load() {
			size = 4
			time.Sleep(time.Second)
		}
		n, err := from.Read(buffer[:size])
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func TestFiftyAtOnce(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, server *imaptest.Server) {
		const people = 50
		// Each comes from a network of their own, which the proxy tells: many tries from one are slowed down.
		p := serveWith(t, server, nil, "--trusted-proxies", "127.0.0.1")
		users := make([]string, people)
		uids := make([]uint32, people)
		for i := range users {
			users[i] = server.User(t)
			uids[i] = server.Append(t, users[i], "INBOX", []byte(hello+fmt.Sprintf("For number %d alone.\r\n", i)))
		}
		var all sync.WaitGroup
		for i, user := range users {
			g := newGuest(t, p.origin)
			g.header.Set("X-Forwarded-For", fmt.Sprintf("10.0.%d.7", i))
			all.Go(func() {
				if r := g.login(user, imaptest.Password); r.StatusCode != http.StatusSeeOther {
					t.Errorf("sign-in of %s = %d: %.200s", user, r.StatusCode, r.text())
					return
				}
				for range 3 {
					g.wants("/m/INBOX", http.StatusOK, "Tide tables")
					g.wants(fmt.Sprintf("/m/INBOX/%d", uids[i]), http.StatusOK, fmt.Sprintf("For number %d alone.", i))
				}
				if r := g.post("/logout", map[string][]string{"x": {"1"}}); r.StatusCode != http.StatusSeeOther {
					t.Errorf("sign-out of %s = %d", user, r.StatusCode)
				}
			})
		}
		all.Wait()
	})
}
