package imapsession

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"godwit/imapsession/imaptest"
)

func TestPoolIsBoundedAndFair(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		const most = 2
		user := srv.User(t)
		s := signedIn(t, srv, user, &Options{MaxConns: most})
		var now, peak atomic.Int32
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				box := lease{mailbox: []string{"INBOX", "Sent", ""}[i%3]}
				err := s.with(t.Context(), box, func(c *conn) error {
					n := now.Add(1)
					defer now.Add(-1)
					for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
					}
					if box.mailbox != "" && c.mailbox != box.mailbox {
						return fmt.Errorf("%q is selected, want %q", c.mailbox, box.mailbox)
					}
					return c.refresh()
				})
				if err != nil {
					t.Errorf("loan %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if p := peak.Load(); p > most {
			t.Errorf("%d out at once, want at most %d", p, most)
		}
		if n := srv.Connections(); n > most {
			t.Errorf("%d connections, want at most %d", n, most)
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	srv := imaptest.Memory(t)
	s := signedIn(t, srv, srv.User(t), &Options{MaxConns: 1})
	err := s.with(t.Context(), lease{}, func(*conn) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		return s.with(ctx, lease{}, func(*conn) error { return nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with inside with = %v, want %v", err, context.DeadlineExceeded)
	}
	if err := s.with(t.Context(), lease{}, func(*conn) error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// The connection that has a mailbox selected is the one that its next borrower gets.
func TestReusePrefersTheSelectedMailbox(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		s := signedIn(t, srv, user, &Options{MaxConns: 2})
		// Two connections, one for each mailbox.
		err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error {
			return s.with(t.Context(), lease{mailbox: "Sent"}, func(*conn) error { return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, mailbox := range []string{"INBOX", "Sent", "Sent", "inbox", "Sent", "INBOX"} {
			err := s.with(t.Context(), lease{mailbox: mailbox}, func(c *conn) error {
				if c.fresh {
					return fmt.Errorf("%s had to be selected anew", mailbox)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestIdleConnectionsAreReaped(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		s := signedIn(t, srv, srv.User(t), &Options{IdleAfter: 40 * time.Millisecond})
		if n := srv.Connections(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
		for deadline := time.Now().Add(3 * time.Second); srv.Connections() > 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the connection is still open")
			}
		}
		if err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error { return nil }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// Close waits for borrowers as long as it may, then cuts them off.
func TestCloseCutsOffBorrowers(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		s, err := Login(t.Context(), nil, Account{Server: plainly(srv), User: srv.User(t), Secret: imaptest.Password})
		if err != nil {
			t.Fatal(err)
		}
		borrowed, result := make(chan bool), make(chan error)
		go func() {
			result <- s.with(context.Background(), lease{mailbox: "INBOX"}, func(c *conn) error {
				close(borrowed)
				<-c.Closed()
				return c.refresh()
			})
		}()
		<-borrowed
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close = %v, want %v", err, context.DeadlineExceeded)
		}
		if err := <-result; !errors.Is(err, ErrUnavailable) {
			t.Errorf("the borrower got %v, want %v", err, ErrUnavailable)
		}
	})
}

// A server that takes fewer connections than we would like is made do with, in whatever way it says so, and
// whether the one that it takes was there before or is dialled at the same time; it is not asked each time.
func TestFewerConnectionsThanWished(t *testing.T) {
	for name, enough := range map[string]func(c *client){
		"LIMIT": func(c *client) {
			c.serve(map[string]string{"AUTHENTICATE": "$ NO [LIMIT] Maximum number of connections exceeded"})
		},
		"ALERT": func(c *client) {
			c.serve(map[string]string{"AUTHENTICATE": "$ NO [ALERT] Too many simultaneous connections. (Failure)"})
		},
		"a bare NO":    func(c *client) { c.serve(map[string]string{"AUTHENTICATE": "$ NO LOGIN failed."}) },
		"BYE":          func(c *client) { c.hear(); c.say("* BYE Too many connections") },
		"hanging up":   func(*client) {},
		"BYE at first": nil,
	} {
		for _, resumed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, resumed %v", name, resumed), func(t *testing.T) {
				played, server := play(t, Plaintext, func(c *client, n int) {
					switch {
					case n > 0 && enough == nil:
						c.say("* BYE Too many connections from your address")
					case n > 0:
						c.say(ready)
						enough(c)
					default:
						c.say(ready)
						time.Sleep(20 * time.Millisecond) // the second is refused before the first is there
						c.serve(map[string]string{"AUTHENTICATE": ok["AUTHENTICATE"]})
					}
				})
				s := Resume(quick, Account{Server: server, User: "alice", Secret: secret})
				defer s.Close(context.Background())
				if !resumed {
					if err := s.pool.warm(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				var all sync.WaitGroup
				for range 6 {
					all.Go(func() {
						err := s.with(t.Context(), lease{}, func(c *conn) error {
							time.Sleep(5 * time.Millisecond)
							return c.refresh()
						})
						if err != nil {
							t.Errorf("with = %v", err)
						}
					})
				}
				all.Wait()
				played.mu.Lock()
				defer played.mu.Unlock()
				if played.conns > s.pool.max {
					t.Errorf("%d connections were tried, want at most %d", played.conns, s.pool.max)
				}
			})
		}
	}
}

// A server that cannot be reached is tried once for a page, not once more without structures.
func TestUnreachableIsTriedOnce(t *testing.T) {
	played, server := play(t, Plaintext, func(c *client, n int) {
		if n > 0 {
			c.say("* BYE down for today")
			return
		}
		c.say(ready)
		tag, _ := c.hear()
		c.say(tag + " OK [CAPABILITY IMAP4rev1] welcome")
	})
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	for try, open := range []func() error{
		func() error { _, err := s.Page(t.Context(), "INBOX", PageSpec{}); return err },
		func() error { _, err := s.Message(t.Context(), Ref{Mailbox: "INBOX", UID: 5}); return err },
		func() error { _, err := s.Part(t.Context(), Ref{Mailbox: "INBOX", UID: 5}, "1"); return err },
	} {
		if err := open(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%d: %v, want %v", try, err, ErrUnavailable)
		}
		played.mu.Lock()
		if want := try + 2; played.conns != want {
			t.Errorf("%d: %d connections so far, want %d", try, played.conns, want)
		}
		played.mu.Unlock()
	}
}

// Dovecot makes the INBOX of a new user at the first SELECT; another connection that does so at the same moment is told ALREADYEXISTS.
func TestMailboxMadeMeanwhile(t *testing.T) {
	_, server := play(t, Plaintext, func(c *client, _ int) {
		c.say(ready)
		tag, _ := c.hear()
		c.say(tag + " OK [CAPABILITY IMAP4rev1] welcome")
		for selects := 0; ; {
			tag, command := c.hear()
			switch {
			case tag == "":
				return
			case strings.HasPrefix(command, "SELECT") && selects == 0:
				selects++
				c.say(tag + " NO [ALREADYEXISTS] Mailbox already exists")
			case strings.HasPrefix(command, "SELECT"):
				c.say("* 0 EXISTS", "* OK [UIDVALIDITY 7] .", "* OK [UIDNEXT 1] .", tag+" OK [READ-WRITE] selected")
			default:
				c.say(tag + " OK")
			}
		}
	})
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	page, err := s.Page(t.Context(), "INBOX", PageSpec{})
	if err != nil || page.UIDValidity != 7 {
		t.Errorf("Page = %+v, %v, want the new mailbox", page, err)
	}
}
