package imapsession

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/imapsession/imaptest"
)

// openSession gives a Session of a new user of srv, closed with the test.
func openSession(t testing.TB, srv *imaptest.Server, user string) *Session {
	t.Helper()
	server := Server{Host: srv.Host, Port: srv.Port, Security: Plaintext}
	s, err := Login(t.Context(), &Options{}, Account{Server: server, User: user, Secret: imaptest.Password})
	if err != nil {
		t.Fatalf("Login(%s) on %s: %v", user, srv.Name, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s
}

// eachSession runs the test on every server with a new user's session.
func eachSession(t *testing.T, test func(t *testing.T, srv *imaptest.Server, user string, s *Session)) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		test(t, srv, user, openSession(t, srv, user))
	})
}

// crlf makes a message of lines joined by CRLF.
func crlf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

// plainMail is a small message whose subject and text tell its number.
func plainMail(n int) []byte {
	return crlf(
		fmt.Sprintf("From: Sender %d <s%d@corpus.invalid>", n%7, n%7),
		"To: reader@corpus.invalid",
		fmt.Sprintf("Subject: number %d", n),
		fmt.Sprintf("Date: %s", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n*7919%1000)*time.Hour).Format(time.RFC1123Z)),
		fmt.Sprintf("Message-ID: <n%d@corpus.invalid>", n),
		"",
		fmt.Sprintf("text of %d", n),
	)
}
