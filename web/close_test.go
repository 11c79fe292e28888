package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"godwit/imapsession"
	"godwit/imapsession/imaptest"
	"godwit/web/sessions"
)

// After Close nothing goes on: no sweeper, no mail connection, no \Seen under way.
func TestCloseLeavesNothing(t *testing.T) {
	mail := imaptest.Memory(t)
	user := mail.User(t)
	uid := mail.Append(t, user, "INBOX", crlf(plainMail))
	leak := goleak.IgnoreCurrent()
	web, err := New(Options{
		MailServer: func(string) (imapsession.Server, error) {
			return imapsession.Server{Host: mail.Host, Port: mail.TLSPort, Security: imapsession.TLS, RootsPEM: mail.Roots}, nil
		},
		Sessions: sessions.New(sessions.Options{Master: sessions.NewMasterKey(), Backend: sessions.NewMemory()}),
	})
	if err != nil {
		t.Fatal(err)
	}
	before := mail.Connections()
	serve := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		web.Handler().ServeHTTP(w, r)
		return w
	}
	login := httptest.NewRequest("POST", "/login", strings.NewReader(credentials(user, imaptest.Password).Encode()))
	login.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cookie := serve(login).Result().Cookies()[0]
	open := httptest.NewRequest("GET", fmt.Sprintf("/m/INBOX/%d", uid), nil)
	open.AddCookie(cookie)
	if w := serve(open); w.Code != 200 {
		t.Fatalf("message = %d", w.Code)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := web.Close(ctx); err != nil {
		t.Errorf("Close = %v", err)
	}
	eventually(t, func() bool { return mail.Connections() <= before })
	goleak.VerifyNone(t, leak, goleak.IgnoreTopFunction("godwit/imapsession/imaptest.(*door).accept"))
	// \Seen was waited for.
	again := newSite(t, mail).browser().signIn(user)
	if got := len(again.get("/m/INBOX").nodes("#list .row.unread")); got != 0 {
		t.Errorf("unread rows = %d, want 0", got)
	}
}

// Work beside requests that does not end by itself is cut when the time for Close is over, and that is said.
func TestCloseCutsWhatHangs(t *testing.T) {
	s := newSite(t, imaptest.Memory(t))
	web, err := New(s.web.o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	web.goBackground(func(ctx context.Context) {
		<-ctx.Done()
		close(ended)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := web.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close = %v, want DeadlineExceeded", err)
	}
	<-ended
	web.goBackground(func(context.Context) { t.Error("work was begun after Close") })
}

func TestDemoPrefillsTheForm(t *testing.T) {
	s := newSite(t, imaptest.Memory(t), func(o *Options) { o.Demo = &Demo{Username: "demo@godwit.example", Password: "demo"} })
	page := s.browser().get("/login").status(200)
	if u, p := page.attr("#username", "value"), page.attr("#password", "value"); u != "demo@godwit.example" || p != "demo" {
		t.Errorf("form = %q, %q", u, p)
	}
}

func TestNewNeedsWhatItCantDoWithout(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("New without a session store = nil error")
	}
	o := newSite(t, imaptest.Memory(t)).web.o
	o.Origin = "mail.example"
	if _, err := New(o); err == nil {
		t.Error("New with an origin that is none = nil error")
	}
}
