package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/imapsession"
	"godwit/imapsession/imaptest"
	"godwit/web/urls"
)

func credentials(user, password string) url.Values {
	return url.Values{"username": {user}, "password": {password}}
}

func TestSignInAndOut(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		s := newSite(t, mail)
		user := mail.User(t)
		mail.Append(t, user, "INBOX", crlf(plainMail))
		b := s.browser()
		b.get("/m/INBOX").leadsTo("/login?next=%2Fm%2FINBOX")
		page := b.get("/login?next=%2Fm%2FINBOX%3Ff%3Dunread").status(200)
		if got := page.attr(`input[name=next]`, "value"); got != "/m/INBOX?f=unread" {
			t.Errorf("next = %q", got)
		}
		form := credentials(user, imaptest.Password)
		form.Set("next", "/m/INBOX?f=unread")
		b.post("/login", form).leadsTo("/m/INBOX?f=unread")
		b.get("/m/INBOX").status(200)
		b.get("/login").leadsTo("/m/INBOX")
		out := b.post("/logout", url.Values{}).leadsTo("/login")
		if got := out.Header.Get("Clear-Site-Data"); got != `"cache"` {
			t.Errorf("Clear-Site-Data = %q", got)
		}
		b.get("/m/INBOX").leadsTo("/login?next=%2Fm%2FINBOX")
	})
}

func TestWrongPasswordKeepsTheName(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		b := newSite(t, mail).browser()
		page := b.post("/login", credentials("ada@godwit.example", "wrong")).status(401)
		if got := page.attr("input[name=username]", "value"); got != "ada@godwit.example" {
			t.Errorf("username = %q", got)
		}
		if got := page.one("[role=alert]"); !strings.Contains(got, "not accepted") {
			t.Errorf("alert = %q", got)
		}
		if strings.Contains(page.text(), "wrong") {
			t.Error("the password is on the page")
		}
	})
}

func TestSignInRotatesTheCookie(t *testing.T) {
	s := newSite(t, imaptest.Memory(t))
	b := s.browser()
	user := s.mail.User(t)
	here, _ := url.Parse(s.http.URL)
	cookie := func() string {
		for _, c := range b.client.Jar.Cookies(here) {
			if c.Name == "godwit" {
				return c.Value
			}
		}
		return ""
	}
	b.client.Jar.SetCookies(here, []*http.Cookie{{Name: "godwit", Value: strings.Repeat("A", 86)}})
	b.signIn(user)
	first := cookie()
	if first == "" || first == strings.Repeat("A", 86) {
		t.Fatalf("cookie = %q, want a new one", first)
	}
	b.signIn(user)
	if cookie() == first {
		t.Error("the second sign-in kept the cookie")
	}
	old := s.browser()
	old.client.Jar.SetCookies(here, []*http.Cookie{{Name: "godwit", Value: first}})
	old.get("/settings").leadsTo("/login?next=%2Fsettings")
}

func TestSignOutEverywhere(t *testing.T) {
	s := newSite(t, imaptest.Memory(t))
	user := s.mail.User(t)
	one, two, other := s.browser().signIn(user), s.browser().signIn(user), s.browser().signIn(s.mail.User(t))
	one.get("/m/INBOX").status(200)
	two.get("/m/INBOX").status(200)
	one.post("/sessions", url.Values{}).leadsTo("/login")
	two.get("/m/INBOX").status(303)
	other.get("/m/INBOX").status(200)
}

func TestRestartKeepsSessions(t *testing.T) {
	mail := imaptest.Memory(t)
	after := newSite(t, mail).browser().signIn(mail.User(t)).restarted()
	after.get("/m/INBOX").status(200)
}

// The password was given for one server: when the configuration names another, it must not go there.
func TestPasswordGoesToNoOtherServer(t *testing.T) {
	one, two := imaptest.Memory(t), imaptest.Memory(t)
	s := newSite(t, one)
	b := s.browser().signIn(one.User(t))
	b.server.Port = two.TLSPort
	b = b.restarted()
	before := two.Connections()
	b.get("/m/INBOX").status(303)
	if two.Connections() != before {
		t.Error("the other server was called")
	}
}

func TestLoginReasons(t *testing.T) {
	for reason, row := range loginRows {
		t.Run(string(reason), func(t *testing.T) {
			if row.status < 400 || row.problem.Title == "" || row.problem.Text == "" {
				t.Errorf("row = %+v, want status and words", row)
			}
			for other, o := range loginRows {
				if other != reason && o.problem.Title == row.problem.Title {
					t.Errorf("%s and %s have the same words", reason, other)
				}
			}
		})
	}
	for _, reason := range []imapsession.LoginReason{imapsession.LoginRejected, imapsession.LoginExpired, imapsession.LoginUnavailable, imapsession.LoginContactAdmin, imapsession.LoginInUse,
		imapsession.LoginBye, imapsession.LoginNoTLS, imapsession.LoginUntrusted, imapsession.LoginNoMechanism, imapsession.LoginUnreachable} {
		if _, ok := loginRows[reason]; !ok {
			t.Errorf("no row for %s", reason)
		}
	}
}

// Real causes, from a server that says them.
func TestLoginFailuresOfRealServers(t *testing.T) {
	for _, tt := range []struct {
		name, reply string
		status      int
		want        string
	}{
		{"rejected", "NO [AUTHENTICATIONFAILED] no", 401, "not accepted"},
		{"bare no", "NO sorry", 401, "not accepted"},
		{"expired", "NO [EXPIRED] change it at id.example", 401, "change it at id.example"},
		{"unavailable", "NO [UNAVAILABLE] directory down", 503, "directory down"},
		{"contact admin", "NO [CONTACTADMIN] account is locked", 403, "account is locked"},
		{"in use", "NO [INUSE] too many", 503, "Another"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := playLogin(t, tt.reply)
			s := newSite(t, nil)
			s.server = address
			page := s.browser().post("/login", credentials("ada@example.org", "secret")).status(tt.status)
			alert := page.one("[role=alert]")
			if tt.name == "in use" {
				tt.want = "Too many programs"
			}
			if !strings.Contains(alert, tt.want) {
				t.Errorf("alert = %q, want %q in it", alert, tt.want)
			}
		})
	}
}

func TestUnreachableServer(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	mail.Stop()
	for range 20 { // a server that is down uses up no tries
		page := s.browser().post("/login", credentials("ada@example.org", "x")).status(502)
		if got := page.one("[role=alert]"); !strings.Contains(got, "did not answer") {
			t.Fatalf("alert = %q", got)
		}
	}
}

func TestUntrustedCertificate(t *testing.T) {
	s := newSite(t, imaptest.Memory(t))
	s.server.RootsPEM = nil
	page := s.browser().post("/login", credentials("ada@example.org", "x")).status(502)
	if got := page.one("[role=alert]"); !strings.Contains(got, "prove who it is") {
		t.Errorf("alert = %q", got)
	}
}

func TestUnknownDomain(t *testing.T) {
	s := newSite(t, nil, func(o *Options) {
		o.MailServer = func(string) (imapsession.Server, error) { return imapsession.Server{}, errors.New("no server for it") }
	})
	page := s.browser().post("/login", credentials("ada@elsewhere.example", "x")).status(422)
	if got := page.one("[role=alert]"); !strings.Contains(got, "No mail server is known") {
		t.Errorf("alert = %q", got)
	}
}

func TestIncompleteForm(t *testing.T) {
	b := newSite(t, imaptest.Memory(t)).browser()
	for _, form := range []url.Values{credentials("", "x"), credentials("ada", ""), credentials("a\r\nb", "x"), credentials(strings.Repeat("a", 400), "x"), credentials("a", "x\x00")} {
		b.post("/login", form).status(422)
	}
	b.post("/login", url.Values{"username": {strings.Repeat("x", maxForm)}}).status(413)
}

func TestTooManyTries(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	b := s.browser()
	for range accountRule.free {
		b.post("/login", credentials("ada@example.org", "wrong")).status(401)
	}
	page := b.post("/login", credentials("ada@example.org", imaptest.Password)).status(429)
	if got := page.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After = %q, want 1", got)
	}
	if got := page.one("[role=alert]"); !strings.Contains(got, "1 second") {
		t.Errorf("alert = %q, want the seconds", got)
	}
	s.now.advance(time.Second)
	b.post("/login", credentials("ada@example.org", imaptest.Password)).leadsTo("/m/INBOX")
}

// A server answers a wrong password late: hanging up before it does must not make the try free.
func TestHangingUpCounts(t *testing.T) {
	s := newSite(t, nil)
	asked := make(chan bool, 100)
	s.server = playLoginFunc(t, func() string {
		asked <- true
		time.Sleep(time.Second)
		return "NO [AUTHENTICATIONFAILED] no"
	})
	for i := range accountRule.free {
		ctx, hangUp := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "POST", s.http.URL+"/login", strings.NewReader(credentials("ada", "wrong").Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		go func() {
			<-asked
			hangUp()
		}()
		if _, err := http.DefaultClient.Do(r); !errors.Is(err, context.Canceled) {
			t.Fatalf("sign-in = %v, want one that was cut", err)
		}
		eventually(t, func() bool { return strings.Count(s.log.String(), "request ended by the browser") > i })
	}
	s.browser().post("/login", credentials("ada", "wrong")).status(429)
}

func TestOwnPath(t *testing.T) {
	for _, base := range []string{"", "/mail"} {
		s := &Server{}
		s.o.Base = urls.Base(base)
		inbox := base + "/m/INBOX"
		for in, want := range map[string]string{
			base + "/m/a:b/12?f=unread":            base + "/m/a:b/12?f=unread",
			base + "/settings":                     base + "/settings",
			"":                                     inbox,
			"//evil.example/":                      inbox,
			"/\\evil.example":                      inbox,
			"https://evil.example/":                inbox,
			"javascript:alert(1)":                  inbox,
			base + "/login":                        inbox,
			base + "/logout":                       inbox,
			base + "/m/../../evil":                 inbox,
			base + "/%2e%2e/other":                 inbox,
			base + "/m/.%2E/%2e/other":             inbox,
			base + "/m/%252e%252e/1":               base + "/m/%252e%252e/1",
			base + "/m/x\r\nSet-Cookie:":           inbox,
			base + "/" + strings.Repeat("a", 3000): inbox,
		} {
			if got := s.ownPath(in); got != want {
				t.Errorf("base %q: ownPath(%.60q) = %q, want %q", base, in, got, want)
			}
		}
		if base != "" {
			if got := s.ownPath("/other/app"); got != inbox {
				t.Errorf("ownPath of another application = %q, want the inbox", got)
			}
		}
	}
}

func TestAgent(t *testing.T) {
	for in, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                           "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0":        "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 16; Pixel) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":              "Chrome on Android",
		"curl/8.0": "A program",
	} {
		if got := agent(in); got != want {
			t.Errorf("agent(%q) = %q, want %q", in, got, want)
		}
	}
}

// A password that stopped being right in the middle of a session ends it: a page leads to sign-in, htmx gets the dialog.
func TestPasswordChangedMeanwhile(t *testing.T) {
	s := newSite(t, nil)
	var refuse = make(chan bool, 1)
	refuse <- false
	s.server = playLoginFunc(t, func() string {
		no := <-refuse
		refuse <- no
		if no {
			return "NO [AUTHENTICATIONFAILED] changed"
		}
		return "OK [CAPABILITY IMAP4rev1] welcome"
	})
	sign := func() *browser {
		b := s.browser()
		b.post("/login", credentials("ada@example.org", "secret")).leadsTo("/m/INBOX")
		return b
	}
	page, fragment := sign().restarted(), sign().restarted()
	<-refuse
	refuse <- true
	page.get("/m/INBOX?f=unread").leadsTo("/login?next=%2Fm%2FINBOX%3Ff%3Dunread")
	got := fragment.swap("list").get("/m/INBOX", "HX-Target", "section#list").status(401)
	if user := got.attr("#dialogs input[name=username]", "value"); user != "ada@example.org" {
		t.Errorf("dialog for %q", user)
	}
	if next := got.attr("#dialogs input[name=next]", "value"); next != "/m/INBOX" {
		t.Errorf("next = %q", next)
	}
	if slices.Contains(got.Header.Values("HX-Push-Url"), "true") {
		t.Error("the address changes")
	}
	// The record is gone: no further attempt with the old password.
	page.get("/m/INBOX").status(303)
	page.get("/login").status(200)
}

func TestSignInInPlace(t *testing.T) {
	mail := imaptest.Memory(t)
	b := newSite(t, mail).browser()
	got := b.post("/login", credentials("ada@example.org", "wrong"), "HX-Request", "true", "Godwit-In-Place", "1").status(401)
	if alert := got.one("[role=alert]"); alert == "" {
		t.Error("no alert for the dialog")
	}
	b.post("/login", credentials("ada@example.org", imaptest.Password), "HX-Request", "true", "Godwit-In-Place", "1").status(204)
	b.get("/m/INBOX").status(200)
}
