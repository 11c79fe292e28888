package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/imapsession/imaptest"
)

// numbered is a short mail of its own.
func numbered(n int) []byte {
	return crlf(fmt.Sprintf("\nFrom: Ada Ferris <ada@example.org>\nTo: bo@example.org\nSubject: Number %d\nDate: Fri, 20 Nov 2026 09:%02d:00 +0000\nMessage-ID: <%d@example.org>\n\nBody %d.\n", n, n%60, n, n))
}

// both runs a journey as a plain browser and as htmx does.
func both(t *testing.T, journey func(t *testing.T, mail *imaptest.Server, htmx bool)) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		t.Run("plain", func(t *testing.T) { journey(t, mail, false) })
		t.Run("htmx", func(t *testing.T) { journey(t, mail, true) })
	})
}

// part asks for a page, or for the region of it with the id.
func (b *browser) part(htmx bool, id, path string) *answer {
	b.t.Helper()
	if !htmx {
		return b.get(path)
	}
	return b.swap(id).get(path, "HX-Target", "section#"+id)
}

func subjects(a *answer) []string { return a.all("#list .row-subject") }

func TestJourneyThroughAList(t *testing.T) {
	both(t, func(t *testing.T, mail *imaptest.Server, htmx bool) {
		s := newSite(t, mail)
		user := mail.User(t)
		for i := range 120 {
			flags := []string{`\Seen`}
			if i%3 == 0 {
				flags = nil
			}
			mail.Append(t, user, "INBOX", numbered(i), flags...)
		}
		b := s.browser().signIn(user)
		first := b.part(htmx, "list", "/m/INBOX").status(200)
		want := make([]string, 0, 50)
		for i := 119; i >= 70; i-- {
			want = append(want, fmt.Sprint("Number ", i))
		}
		if got := subjects(first); !slices.Equal(got, want) {
			t.Fatalf("first page = %v", got)
		}
		if htmx == strings.Contains(first.text(), "<!doctype html>") {
			t.Errorf("htmx %v: a page where a region was to be, or the other way round", htmx)
		}
		second := b.part(htmx, "list", first.attr("#list a[rel=next]", "href")).status(200)
		if got := subjects(second); len(got) != 50 || got[0] != "Number 69" {
			t.Errorf("second page = %v", got)
		}
		third := b.part(htmx, "list", second.attr("#list a[rel=next]", "href")).status(200)
		if got := subjects(third); len(got) != 20 || got[19] != "Number 0" || len(third.all("#list a[rel=next]")) != 0 {
			t.Errorf("third page = %v", got)
		}
		back := b.part(htmx, "list", third.attr("#list a[rel=prev]", "href")).status(200)
		if got := subjects(back); !slices.Equal(got, subjects(second)) {
			t.Errorf("back = %v", got)
		}
		unread := b.part(htmx, "list", "/m/INBOX?f=unread").status(200)
		if got := subjects(unread); len(got) != 40 || got[0] != "Number 117" {
			t.Errorf("unread = %d: %v", len(got), got)
		}
	})
}

func TestPreviewLinesComeAfterThePaint(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		s := newSite(t, mail)
		user := mail.User(t)
		uid := mail.Append(t, user, "INBOX", crlf(plainMail))
		b := s.browser().signIn(user)
		list := b.get("/m/INBOX").status(200)
		if missing := list.nodes("#list [hx-trigger=load]"); len(missing) == 1 {
			lines := b.swap("").get(list.attr("#list [hx-trigger=load]", "hx-get")).status(200)
			list = lines
		}
		if got := list.one(fmt.Sprintf("#p-%d", uid)); !strings.HasPrefix(got, "Shall we meet at noon?") {
			t.Errorf("preview = %q", got)
		}
	})
}

func TestJourneyToAMessage(t *testing.T) {
	both(t, func(t *testing.T, mail *imaptest.Server, htmx bool) {
		s := newSite(t, mail)
		user := mail.User(t)
		uid := mail.Append(t, user, "INBOX", crlf(plainMail))
		mail.Append(t, user, "INBOX", numbered(1))
		b := s.browser().signIn(user)
		list := b.get("/m/INBOX").status(200)
		if got := len(list.nodes("#list .row.unread")); got != 2 {
			t.Fatalf("unread rows = %d, want 2", got)
		}
		path := list.attr(fmt.Sprintf("#m-%d a.row-link", uid), "href")
		page := b.part(htmx, "reader", path).status(200)
		if got := page.one("#reader h1"); got != "Lunch on Friday" {
			t.Errorf("subject = %q", got)
		}
		if got := page.all("#reader .txt"); len(got) < 2 || got[0] != "Shall we meet at noon?" {
			t.Errorf("text = %q", got)
		}
		if got := page.all("#reader .msg-from .addr"); len(got) != 1 || got[0] != "ada@example.org" {
			t.Errorf("address = %q", got)
		}
		if got := page.one("#reader .pos"); got != "2 of 2" {
			t.Errorf("place = %q", got)
		}
		if !htmx {
			if got := subjects(page); len(got) != 2 {
				t.Errorf("list beside the reader = %v", got)
			}
			if open := page.nodes("#list .row.open"); len(open) != 1 {
				t.Errorf("open rows = %d, want 1", len(open))
			}
		}
		// \Seen is set after the page is out.
		eventually(t, func() bool { return len(b.get("/m/INBOX").nodes("#list .row.unread")) == 1 })
	})
}

// eventually waits for what goes on beside requests.
func eventually(t *testing.T, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatal("it did not come about within 5 s")
}

func TestPrefetchMarksNothing(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		s := newSite(t, mail)
		user := mail.User(t)
		uid := mail.Append(t, user, "INBOX", crlf(plainMail))
		b := s.browser().signIn(user)
		path := fmt.Sprintf("/m/INBOX/%d", uid)
		b.get(path, "Sec-Purpose", "prefetch;prerender").status(200)
		reader := b.swap("reader").get(path, "HX-Target", "section#reader", "Godwit-Prefetch", "1").status(200)
		s.web.work.Wait()
		if got := len(b.get("/m/INBOX").nodes("#list .row.unread")); got != 1 {
			t.Fatalf("unread rows = %d, want 1", got)
		}
		form := url.Values{"action": {"seen"}, "uid": {reader.attr("#reader", "data-uid")}, "v": {reader.attr("#reader", "data-v")}}
		b.swap("").post(reader.attr("#reader", "data-seen"), form).status(204)
		if got := len(b.get("/m/INBOX").nodes("#list .row.unread")); got != 0 {
			t.Errorf("unread rows after it was shown = %d, want 0", got)
		}
		b.post("/m/INBOX/actions", url.Values{"action": {"explode"}}).status(400)
	})
}

const htmlMail = `
From: News <news@example.net>
To: bo@example.org
Subject: Both ways
Date: Fri, 20 Nov 2026 09:42:00 +0000
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=cut

--cut
Content-Type: text/plain

The plain words.
--cut
Content-Type: multipart/related; boundary=rel

--rel
Content-Type: text/html; charset=utf-8

<html><body><h1>The rich words</h1><script>alert(1)</script><img src="https://tracker.example/p.gif"><img src="cid:pic"></body></html>
--rel
Content-Type: image/gif
Content-ID: <pic>
Content-Transfer-Encoding: base64

R0lGODlhAQABAAAAACw=
--rel--
--cut--
`

func TestHTMLMessage(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		m := newMailed(t, mail, crlf(htmlMail))
		path := m.base.Message(m.ref)
		page := m.get(path).status(200)
		if strings.Contains(page.text(), "The rich words") {
			t.Error("mail markup is in the application's own document")
		}
		src := page.attr("#reader iframe", "src")
		if want := m.base.PartHTML(m.ref, "2.1", ""); src != want {
			t.Fatalf("frame = %q, want %q", src, want)
		}
		frame := m.get(src).status(200)
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "private, no-store", "X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		} {
			if got := frame.Header.Get(name); got != want {
				t.Errorf("frame: %s = %q, want %q", name, got, want)
			}
		}
		csp := frame.Header.Get("Content-Security-Policy")
		for _, want := range []string{"sandbox", "default-src 'none'", m.http.URL} {
			if !strings.Contains(csp, want) {
				t.Errorf("frame: policy %q lacks %q", csp, want)
			}
		}
		if strings.Contains(csp, "allow-scripts") {
			t.Errorf("frame: policy %q lets scripts run", csp)
		}
		if got := frame.text(); !strings.Contains(got, "The rich words") || strings.Contains(got, "alert(1)") || strings.Contains(got, "tracker.example/p.gif") {
			t.Errorf("frame = %s", got)
		}
		if want := m.base.Part(m.ref, "2.2"); !slices.ContainsFunc(frame.nodes("img"), func(n *htmlNode) bool { return attribute(n, "src") == want }) {
			t.Errorf("no image at %s in %s", want, frame.text())
		}
		text := m.get(path + "?body=text").status(200)
		if got := text.all("#reader .txt"); len(got) != 1 || got[0] != "The plain words." {
			t.Errorf("as text = %q", got)
		}
		m.get(m.base.PartHTML(m.ref, "1", "")).status(404) // text/plain is no document
	})
}

// The frame's document is made with the reader; showing it asks the mail server nothing.
func TestFrameCostsNoIMAP(t *testing.T) {
	mail := imaptest.Memory(t)
	m := newMailed(t, mail, crlf(htmlMail))
	src := m.get(m.base.Message(m.ref)).attr("#reader iframe", "src")
	mail.Stop()
	m.get(src).status(200)
	// Nobody else's session gets at what is kept.
	if err := mail.Restart(); err != nil {
		t.Fatal(err)
	}
	other := m.browser.browser().signIn(mail.User(t))
	other.get(src).status(404)
	m.now.advance(docAge + time.Second)
	mail.Stop()
	m.get(src).status(502)
}

const embeddedMail = `
From: bo@example.org
To: ada@example.org
Subject: Fwd
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=cut

--cut
Content-Type: text/plain

See the attached message.
--cut
Content-Type: message/rfc822

From: Carl <carl@example.net>
To: bo@example.org
Subject: The inner one
Date: Thu, 19 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=in

--in
Content-Type: text/html

<p>Inner words</p><img src="cid:x">
--in
Content-Type: image/gif; name=x.gif
Content-ID: <x>
Content-Transfer-Encoding: base64

R0lGODlhAQABAAAAACw=
--in--
--cut--
`

func TestEmbeddedMessage(t *testing.T) {
	both(t, func(t *testing.T, mail *imaptest.Server, htmx bool) {
		m := newMailed(t, mail, crlf(embeddedMail))
		page := m.get(m.base.Message(m.ref)).status(200)
		href := page.attr(".embedded a", "href")
		if want := m.base.PartMessage(m.ref, "2"); href != want {
			t.Fatalf("card leads to %q, want %q", href, want)
		}
		open := m.part(htmx, "mail-2", href).status(200)
		if !strings.Contains(open.text(), "The inner one") || !strings.Contains(open.text(), "carl@example.net") {
			t.Errorf("opened = %s", open.text())
		}
		src := open.attr("iframe", "src")
		m.web.docs.forget(m.sessionID())
		frame := m.get(src).status(200) // made anew, with the inner message's own images
		if got := frame.text(); !strings.Contains(got, "Inner words") || !strings.Contains(got, "/part/2.2?") {
			t.Errorf("frame = %s", got)
		}
	})
}

// sessionID is the only session's key in what the server keeps.
func (m *mailed) sessionID() string {
	m.t.Helper()
	m.web.docs.mu.Lock()
	defer m.web.docs.mu.Unlock()
	for key := range m.web.docs.byKey {
		return key.session
	}
	m.t.Fatal("nothing is kept")
	return ""
}

func TestMailboxNames(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		s := newSite(t, mail)
		user := mail.User(t)
		names := []string{"2024", "Lists/go-nuts", "Entwürfe & mehr", "100%", "a:b", "previews"}
		mail.Create(t, user, names...)
		b := s.browser().signIn(user)
		tree := b.get("/m/INBOX").status(200)
		for _, name := range names {
			uid := mail.Append(t, user, name, numbered(7))
			href := s.base.Mailbox(name)
			if len(tree.nodes(fmt.Sprintf(`#folders a[href=%q]`, href))) != 1 {
				t.Errorf("%s is not in the tree", name)
			}
			list := b.get(href).status(200)
			if got := subjects(list); !slices.Equal(got, []string{"Number 7"}) {
				t.Errorf("%s: rows %v", name, got)
			}
			b.get(list.attr(fmt.Sprintf("#m-%d a.row-link", uid), "href")).status(200)
		}
		b.swap("folders").get("/folders", "HX-Target", "nav#folders").status(200).one("#folders")
		b.get("/m/nothing").status(404)
		b.get("/m/a%2Fb").status(404)
	})
}

// Under a base path every address has it, and nothing outside is answered.
func TestBasePath(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail, func(o *Options) { o.Base = "/mail" })
	user := mail.User(t)
	mail.Append(t, user, "INBOX", crlf(plainMail))
	b := s.browser().signIn(user)
	b.get("/mail").status(308)
	b.get("/mail/").leadsTo("/mail/m/INBOX")
	b.get("/m/INBOX").status(404)
	b.get("/mailbox").status(404)
	page := b.get("/mail/m/INBOX").status(200)
	for _, name := range []string{"href", "src", "action", "hx-get", "data-settings"} {
		for _, n := range page.nodes("[" + name + "]") {
			if v := attribute(n, name); strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "/mail/") {
				t.Errorf("%s=%q lacks the base", name, v)
			}
		}
	}
	b.get(page.attr("#list a.row-link", "href")).status(200)
	b.get(page.attr("link[rel=stylesheet]", "href")).status(200)
	b.get("/mail/manifest.webmanifest").status(200)
	b.get("/mail/settings").status(200)
}

func TestPreferences(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	b := s.browser().signIn(mail.User(t))
	b.post("/settings", url.Values{"theme": {"dark"}, "density": {"compact"}, "back": {"/m/INBOX"}}).leadsTo("/m/INBOX")
	b.swap("").post("/settings", url.Values{"panes": {"off"}}).status(204)
	b.post("/settings", url.Values{"theme": {"<script>"}, "lines": {"9"}, "zone": {"Mars/Base"}, "back": {"https://evil.example/"}}).leadsTo("/m/INBOX")
	page := b.get("/m/INBOX").status(200)
	for name, want := range map[string]string{"data-theme": "dark", "data-density": "compact", "data-panes": "off", "data-lines": "1"} {
		if got := page.attr("html", name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	b.post("/logout", url.Values{})
	if got := b.get("/login").attr("html", "data-theme"); got != "dark" {
		t.Errorf("theme on the sign-in page = %q, want dark", got)
	}
	b.signIn(mail.User(t))
	b.post("/settings", url.Values{"zone": {"Asia/Tokyo"}}).leadsTo("/settings?saved=1")
	if got := b.get("/settings?saved=1").status(200).attr("#zone option[selected]", "value"); got != "Asia/Tokyo" {
		t.Errorf("zone = %q", got)
	}
}

func TestDatesInTheReadersZone(t *testing.T) {
	m := newMailed(t, imaptest.Memory(t), crlf(plainMail))
	path := m.base.Message(m.ref)
	if got := m.get(path, "Cookie", m.cookies()+"; tz=Asia/Tokyo").attr("#reader .msg-when time", "datetime"); got != "2026-11-20T17:42:00+09:00" {
		t.Errorf("with the browser's zone: %q", got)
	}
	if got := m.get(path).attr("#reader .msg-when time", "datetime"); got != "2026-11-20T08:42:00Z" {
		t.Errorf("without: %q", got)
	}
}

func (b *browser) cookies() string {
	u, _ := url.Parse(b.http.URL)
	var all []string
	for _, c := range b.client.Jar.Cookies(u) {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// Errors of a mail server that changes under a reader's hands.
func TestMailGoesAway(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		s := newSite(t, mail)
		user := mail.User(t)
		mail.Create(t, user, "Old")
		mail.Append(t, user, "Old", numbered(1))
		uid := mail.Append(t, user, "INBOX", crlf(plainMail))
		b := s.browser().signIn(user)
		path := fmt.Sprintf("/m/INBOX/%d", uid)
		b.get(path).status(200)
		b.get("/m/Old").status(200)

		c := mail.Client(t, user)
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		if err := c.Store(imap.UIDSetNum(imap.UID(uid)), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Expunge().Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete("Old").Wait(); err != nil {
			t.Fatal(err)
		}

		if mail.Name == "memory" {
			mail.Kill() // it goes on serving a deleted mailbox to who has it selected
		}

		if got := b.get(path).status(404); !strings.Contains(got.one("h1"), "no longer here") || got.attr("main .acts a", "href") != "/m/INBOX" {
			t.Errorf("message gone: %s", got.one("main"))
		}
		gone := b.swap("reader").get(path, "HX-Target", "section#reader").status(404)
		if got := gone.one("#reader [role=alert]"); !strings.Contains(got, "no longer here") {
			t.Errorf("message gone, fragment: %q", got)
		}
		if got := b.get("/m/Old").status(404).one("h1"); !strings.Contains(got, "no such folder") {
			t.Errorf("mailbox gone: %q", got)
		}
		if got := b.swap("list").get("/m/Old", "HX-Target", "section#list").status(404).one("#list [role=alert]"); !strings.Contains(got, "no such folder") {
			t.Errorf("mailbox gone, fragment: %q", got)
		}

		mail.Stop()
		down := b.get("/m/INBOX").status(502)
		if got := down.one("h1"); !strings.Contains(got, "not answering") {
			t.Errorf("server down: %q", got)
		}
		if got := down.attr("main .acts a", "href"); got != "/m/INBOX" {
			t.Errorf("server down: way on = %q", got)
		}
		banner := b.swap("x").get("/folders", "HX-Target", "div#x").status(502)
		if banner.Header.Get("HX-Retarget") != "#notices" || !strings.Contains(banner.one("#notices"), "not answering") {
			t.Errorf("server down, fragment: %v %s", banner.Header, banner.text())
		}
		if err := mail.Restart(); err != nil {
			t.Fatal(err)
		}
		b.get("/m/INBOX").status(200)
	})
}

func TestHealth(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	mail.Stop()
	for _, path := range []string{"/healthz", "/readyz"} {
		s.browser().get(path).status(200)
	}
}

// Files out of a winmail.dat and out of a uuencoded text stand in the list like any other.
func TestUnpackedFiles(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		m := newMailed(t, mail, crlf("\nFrom: ada@example.org\nSubject: Old ways\n\nHello.\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n"))
		page := m.get(m.base.Message(m.ref)).status(200)
		if got := page.all("#reader .txt"); len(got) == 0 || got[0] != "Hello." {
			t.Errorf("text = %q", got)
		}
		if got := page.all(".att .n"); len(got) != 1 || !strings.Contains(strings.ReplaceAll(got[0], " ", ""), "cat.txt") {
			t.Errorf("files = %q", got)
		}
		file := m.get(m.base.PartFile(m.ref, "1", 0)).status(200)
		if file.text() != "Cat" || file.Header.Get("Content-Disposition") != `attachment; filename="cat.txt"` {
			t.Errorf("file = %q, %v", file.text(), file.Header)
		}
		m.get(m.base.PartFile(m.ref, "1", 0), "If-None-Match", file.Header.Get("ETag")).status(304)
		m.get(m.base.PartFile(m.ref, "1", 1)).status(404)
	})
}

func TestSecondTry(t *testing.T) {
	s := newSite(t, imaptest.Memory(t))
	for path, failures := range map[string]int{"/once": 1, "/twice": 2} {
		left := failures
		s.web.echo.GET(path, func(c echo.Context) error {
			if left--; left >= 0 {
				return fmt.Errorf("lost: %w", imapsession.ErrUnavailable)
			}
			return c.String(200, "there")
		}, s.web.secondTry)
	}
	s.browser().get("/once").status(200)
	s.browser().get("/twice").status(502)
}
