package imapsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"

	"godwit/imapsession/imaptest"
)

// plainly is the way to srv that costs least.
func plainly(srv *imaptest.Server) Server {
	return Server{Host: srv.Host, Port: srv.Port, Security: Plaintext}
}

// signedIn is a session of user, closed with the test.
func signedIn(t *testing.T, srv *imaptest.Server, user string, opts *Options) *Session {
	t.Helper()
	s, err := Login(t.Context(), opts, Account{Server: plainly(srv), User: user, Secret: imaptest.Password})
	if err != nil {
		t.Fatalf("login of %s: %v", user, err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func mail(subject string) []byte {
	return []byte("From: Bob <bob@example.org>\r\nSubject: " + subject + "\r\nDate: Wed, 17 Jul 2024 02:44:25 -0700\r\n\r\nHello.\r\n")
}

func TestLogin(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		for _, server := range []Server{
			{Port: srv.Port, Security: Plaintext},
			{Port: srv.TLSPort, Security: TLS},
			{Port: srv.StartTLSPort, Security: StartTLS},
		} {
			t.Run(string(server.Security), func(t *testing.T) {
				defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
				server.Host, server.RootsPEM = srv.Host, srv.Roots
				user := srv.User(t)
				s, err := Login(t.Context(), nil, Account{Server: server, User: user, Secret: imaptest.Password})
				if err != nil {
					t.Fatal(err)
				}
				if got := s.User(); got != user {
					t.Errorf("User() = %q, want %q", got, user)
				}
				if err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error { return nil }); err != nil {
					t.Errorf("INBOX: %v", err)
				}
				if err := s.Close(t.Context()); err != nil {
					t.Errorf("Close() = %v", err)
				}
				if err := s.with(t.Context(), lease{}, func(*conn) error { return nil }); !errors.Is(err, ErrUnavailable) {
					t.Errorf("after Close: %v, want %v", err, ErrUnavailable)
				}

				_, err = Login(t.Context(), nil, Account{Server: server, User: user, Secret: "wrong"})
				var failed *LoginError
				if !errors.As(err, &failed) || failed.Reason != LoginRejected || failed.Text == "" {
					t.Errorf("a wrong password: %v, want %q with the server's words", err, LoginRejected)
				}
			})
		}
	})
}

func TestPlaintextPortWantsTLS(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		_, err := Login(t.Context(), nil, Account{
			Server: Server{Host: srv.Host, Port: srv.StartTLSPort, Security: Plaintext}, User: srv.User(t), Secret: imaptest.Password,
		})
		var failed *LoginError
		if !errors.As(err, &failed) || failed.Reason != LoginNoMechanism {
			t.Errorf("Login = %v, want %q", err, LoginNoMechanism)
		}
	})
}

func TestResumeSignsInLazily(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		s := Resume(nil, Account{Server: plainly(srv), User: srv.User(t), Secret: imaptest.Password})
		defer s.Close(context.Background())
		if n := srv.Connections(); n != 0 {
			t.Errorf("%d connections before the first use", n)
		}
		if err := s.with(t.Context(), lease{mailbox: "inbox"}, func(*conn) error { return nil }); err != nil {
			t.Error(err)
		}
		if n := srv.Connections(); n != 1 {
			t.Errorf("%d connections after it, want 1", n)
		}
	})
}

func TestSelection(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		srv.Append(t, user, "INBOX", mail("one"))
		s := signedIn(t, srv, user, nil)
		var validity uint32
		err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error {
			validity = c.uidValidity
			if c.messages != 1 || c.uidNext == 0 || validity == 0 || c.readOnly || !c.fresh {
				t.Errorf("messages %d, uidNext %d, uidValidity %d, readOnly %v, fresh %v", c.messages, c.uidNext, validity, c.readOnly, c.fresh)
			}
			if len(c.permanentFlags) == 0 {
				t.Error("no permanent flags")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ran := false
		for _, tt := range []struct {
			box  lease
			want error
		}{
			{lease{mailbox: "Nowhere"}, ErrNoMailbox},
			{lease{mailbox: "No\r\nwhere &- \x00"}, ErrNoMailbox},
			{lease{mailbox: "INBOX", uidValidity: validity + 1}, ErrStale},
			{lease{mailbox: "INBOX", uidValidity: validity, write: true}, nil},
		} {
			err := s.with(t.Context(), tt.box, func(*conn) error { ran = true; return nil })
			if !errors.Is(err, tt.want) || ran != (tt.want == nil) {
				t.Errorf("with(%+v) = %v, ran %v, want %v", tt.box, err, ran, tt.want)
			}
		}
		if n := srv.Connections() - 1; n != 1 { // one is Append's
			t.Errorf("%d connections, want the same one all along", n)
		}
	})
}

// Mail that came since the mailbox was selected is counted by a fresh loan and by refresh.
func TestFreshness(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		s := signedIn(t, srv, user, nil)
		look := func(box lease) (messages uint32) {
			t.Helper()
			if err := s.with(t.Context(), box, func(c *conn) error { messages = c.messages; return nil }); err != nil {
				t.Fatal(err)
			}
			return messages
		}
		if got := look(lease{mailbox: "INBOX"}); got != 0 {
			t.Errorf("%d messages, want 0", got)
		}
		srv.Append(t, user, "INBOX", mail("one"))
		if got := look(lease{mailbox: "INBOX", fresh: true}); got != 1 {
			t.Errorf("%d messages in a fresh loan, want 1", got)
		}
		srv.Append(t, user, "INBOX", mail("two"))
		err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error {
			if c.fresh {
				t.Error("fresh before it was refreshed")
			}
			if err := c.refresh(); err != nil {
				return err
			}
			if c.messages != 2 || !c.fresh || c.uidNext != 0 {
				t.Errorf("after refresh: %d messages, fresh %v, uidNext %d, want 2, true, 0", c.messages, c.fresh, c.uidNext)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A cancelled loan ends within 50 ms, with a literal half read or none, frees its place,
// and leaves no goroutine behind.
func TestCancel(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		big := append(mail("big"), []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 100_000))...)
		srv.Append(t, user, "INBOX", big)
		for _, tt := range []struct {
			name string
			f    func(c *conn, cancel func()) error
		}{
			{"half a literal read", func(c *conn, cancel func()) error {
				cmd := c.fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
				content := firstLiteral(cmd.Next().Next)
				if _, err := io.ReadFull(content, make([]byte, 4096)); err != nil {
					return err
				}
				cancel()
				_, err := io.Copy(io.Discard, content)
				return errors.Join(err, cmd.Close())
			}},
			{"left with an open literal", func(c *conn, cancel func()) error {
				cmd := c.fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
				if _, err := io.ReadFull(firstLiteral(cmd.Next().Next), make([]byte, 4096)); err != nil {
					return err
				}
				cancel()
				return errors.New("lost interest")
			}},
			{"left with an open literal, not cancelled", func(c *conn, _ func()) error {
				cmd := c.fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
				if _, err := io.ReadFull(firstLiteral(cmd.Next().Next), make([]byte, 4096)); err != nil {
					return err
				}
				return errors.New("lost interest")
			}},
			{"nothing under way", func(c *conn, cancel func()) error {
				cancel()
				return nil
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
				s, err := Login(t.Context(), &Options{MaxConns: 1}, Account{Server: plainly(srv), User: user, Secret: imaptest.Password})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close(t.Context())
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var left time.Time // when it was cancelled or, without that, given up
				err = s.with(ctx, lease{mailbox: "INBOX"}, func(c *conn) error {
					err := tt.f(c, func() { left = time.Now(); cancel() })
					if left.IsZero() {
						left = time.Now()
					}
					return err
				})
				took := time.Since(left)
				if tt.name != "nothing under way" && err == nil {
					t.Error("with = nil, want an error")
				}
				if took > 50*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				if err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error { return c.refresh() }); err != nil {
					t.Errorf("the next loan: %v", err)
				}
			})
		}
	})
}

// A server that says nothing at all does not outlive the request.
func TestCancelOnASilentServer(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	srv, server := play(t, TLS, func(c *client, _ int) {
		c.say(ready)
		tag, _ := c.hear()
		c.say(tag + " OK [CAPABILITY IMAP4rev1] welcome")
		c.linger()
	})
	s, err := Login(t.Context(), nil, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = s.with(ctx, lease{mailbox: "INBOX"}, func(*conn) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 110*time.Millisecond {
		t.Errorf("with = %v after %v, want %v within 50 ms of the deadline", err, time.Since(began), context.DeadlineExceeded)
	}
	s.Close(t.Context())
	srv.stop()
}

// A dead peer, which answers nothing and closes nothing, is found out without any deadline of the caller's.
func TestDeadPeer(t *testing.T) {
	srv, server := play(t, Plaintext, func(c *client, n int) {
		c.say(ready)
		tag, _ := c.hear()
		c.say(tag + " OK [CAPABILITY IMAP4rev1] welcome")
		c.linger()
	})
	s, err := Login(t.Context(), &Options{CommandWait: 100 * time.Millisecond}, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	err = s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error { return nil })
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, errUnreadable) {
		t.Errorf("with = %v, want %v", err, ErrUnavailable)
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.conns != 2 {
		t.Errorf("%d connections, want the second try's too", srv.conns)
	}
}

// firstLiteral is the content of the first body section that comes.
func firstLiteral(next func() imapclient.FetchItemData) io.Reader {
	for item := next(); item != nil; item = next() {
		if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
			return body.Literal
		}
	}
	return strings.NewReader("")
}

// A connection that died while nobody used it costs the next borrower nothing but time.
func TestDeadConnectionIsReplaced(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		s := signedIn(t, srv, user, &Options{MaxConns: 1})
		for range 5 {
			if err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error { return c.refresh() }); err != nil {
				t.Errorf("after a cut: %v", err)
			}
			srv.Kill()
		}
		srv.Stop()
		err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error { return c.refresh() })
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("with the server down: %v, want %v", err, ErrUnavailable)
		}
		if err := srv.Restart(); err != nil {
			t.Fatal(err)
		}
		if err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error { return nil }); err != nil {
			t.Errorf("after it came up again: %v", err)
		}
	})
}

// Cut off in mid-answer, f is not run again: it may have begun to act on what it heard.
func TestHalfAnsweredIsNotRunAgain(t *testing.T) {
	srv, server := play(t, Plaintext, func(c *client, n int) {
		c.say(ready)
		for {
			tag, command := c.hear()
			switch {
			case tag == "":
				return
			case strings.HasPrefix(command, "NOOP"):
				c.say("* 1 EXISTS")
				return
			default:
				c.say(tag + " OK [CAPABILITY IMAP4rev1] done")
			}
		}
	})
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	runs := 0
	err = s.with(t.Context(), lease{}, func(c *conn) error {
		runs++
		return c.refresh()
	})
	if !errors.Is(err, ErrUnavailable) || runs != 1 {
		t.Errorf("with = %v after %d runs, want %v after 1", err, runs, ErrUnavailable)
	}
	srv.stop()
}

// A server that says goodbye to a connection just as it is used is asked again on another one.
func TestGoodbyeIsNoAnswer(t *testing.T) {
	_, server := play(t, Plaintext, func(c *client, n int) {
		c.say(ready)
		for {
			tag, command := c.hear()
			switch {
			case tag == "":
				return
			case n == 0 && strings.HasPrefix(command, "NOOP"):
				c.say("* BYE Disconnected for inactivity.")
				return
			default:
				c.say(tag + " OK [CAPABILITY IMAP4rev1] done")
			}
		}
	})
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	if err := s.with(t.Context(), lease{}, func(c *conn) error { return c.refresh() }); err != nil {
		t.Errorf("with = %v", err)
	}
}

// What the server cannot have meant costs the connection, and is told from a network that broke.
func TestUnreadableAnswers(t *testing.T) {
	for _, tt := range []struct {
		answer     string
		unreadable bool
	}{
		{"* 1 FETCH (ENVELOPE {999999999}\nx", true}, // more than wire allows
		{"close", false},
	} {
		_, server := play(t, Plaintext, func(c *client, _ int) {
			c.say(ready)
			c.serve(map[string]string{"AUTHENTICATE": ok["AUTHENTICATE"], "FETCH": tt.answer})
		})
		s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		err = s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error {
			return c.fetch(imap.SeqSetNum(1), &imap.FetchOptions{Flags: true}).Close()
		})
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, errUnreadable) != tt.unreadable {
			t.Errorf("after %q: %v, want %v, unreadable %v", tt.answer, err, ErrUnavailable, tt.unreadable)
		}
		s.Close(context.Background())
	}
}

func TestPanicCostsTheConnectionOnly(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		s, err := Login(t.Context(), &Options{MaxConns: 1}, Account{Server: plainly(srv), User: srv.User(t), Secret: imaptest.Password})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())
		err = s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error {
			// LIBRARIES: panics with the encoder locked.
			c.Client.Status("INBOX", &imap.StatusOptions{NumRecent: true})
			return nil
		})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "panic") {
			t.Errorf("with = %v, want %v and the panic", err, ErrUnavailable)
		}
		if err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error { return nil }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestAlertsAreToldOnce(t *testing.T) {
	_, server := play(t, Plaintext, func(c *client, _ int) {
		c.say("* OK [ALERT] System goes down at 18:00 <now>\x07")
		c.serve(map[string]string{
			"CAPABILITY":   "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\n$ OK",
			"AUTHENTICATE": ok["AUTHENTICATE"],
			"NOOP":         "* NO [ALERT] Your mailbox is 95% full\n$ OK",
		})
	})
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	for range 2 {
		if err := s.with(t.Context(), lease{}, func(c *conn) error { return c.refresh() }); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"System goes down at 18:00 <now>", "Your mailbox is 95% full"}
	if got := s.Alerts(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Alerts() = %q, want %q", got, want)
	}
	if got := s.Alerts(); len(got) != 0 {
		t.Errorf("Alerts() again = %q, want none", got)
	}
}

// Courier drops what comes in one packet behind LOGIN: nothing may be sent before its answer.
func TestNothingIsPipelinedBehindLogin(t *testing.T) {
	_, server := play(t, Plaintext, func(c *client, _ int) {
		c.say("* OK [CAPABILITY IMAP4rev1 ID] ready")
		tag, _ := c.hear()
		time.Sleep(30 * time.Millisecond)
		if n := c.r.Buffered(); n > 0 {
			t.Errorf("%d octets behind LOGIN", n)
		}
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if b, err := c.r.ReadByte(); err == nil {
			t.Errorf("%q behind LOGIN", b)
		}
		c.SetReadDeadline(time.Time{})
		c.say(tag + " OK LOGIN Ok.")
		c.serve(map[string]string{"CAPABILITY": "* CAPABILITY IMAP4rev1 ID LOGINDISABLED\n$ OK"})
	})
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	s.Close(context.Background())
}

func TestReadOnlyMailbox(t *testing.T) {
	_, server := play(t, Plaintext, func(c *client, _ int) {
		c.say(ready)
		c.serve(map[string]string{
			"AUTHENTICATE": ok["AUTHENTICATE"],
			"SELECT":       "* 1 EXISTS\n* OK [UIDVALIDITY 7] ok\n* OK [PERMANENTFLAGS ()] none\n$ OK [READ-ONLY] look only",
		})
	})
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	err = s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error {
		if !c.readOnly || c.messages != 1 || c.uidValidity != 7 {
			t.Errorf("readOnly %v, messages %d, uidValidity %d, want true, 1, 7", c.readOnly, c.messages, c.uidValidity)
		}
		return nil
	})
	if err != nil {
		t.Errorf("to read: %v", err)
	}
	err = s.with(t.Context(), lease{mailbox: "INBOX", write: true}, func(*conn) error { return nil })
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("to write: %v, want %v", err, ErrReadOnly)
	}
}
