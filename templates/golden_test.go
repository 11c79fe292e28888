package templates

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"godwit/imapsession"
	"godwit/static"
	"godwit/web/urls"
)

var update = flag.Bool("update", false, "write the golden files anew")

type golden struct {
	name string // folder/case
	page templ.Component
}

// goldens are all exported components, each at least empty, typical and hostile where it has props.
func goldens() []golden {
	empty := MailboxProps{Frame: sampleFrame("Inbox", "INBOX"), List: listOf(nil, 0, DefaultLook), Reader: ReaderProps{Mailbox: "INBOX", Title: "Inbox"}}
	hostile := MailboxProps{Frame: sampleFrame(`</title><script>alert(1)</script>`, "INBOX"), List: listOf(hostileRows, 1, DefaultLook), Reader: readerOf(hostileMessage())}
	hostile.Frame.Notices = []Notice{{Kind: NoticeBad, Text: `<script>alert("ALERT")</script>`}, {Text: "The server will be down at 20:00.", Action: &Action{Text: "Details", Href: "javascript:alert(1)"}}}
	sorted := sampleList()
	sorted.Orders = []imapsession.Order{imapsession.OrderArrival, imapsession.OrderDate, imapsession.OrderFrom, imapsession.OrderSubject, imapsession.OrderSize}
	sorted.Query, sorted.NewMail, sorted.Newer = urls.List{Order: imapsession.OrderFrom, Reverse: true, Filter: imapsession.FilterUnread}, 3, 4821
	sorted.Groups[0].Rows[0].PreviewKnown, sorted.OOB = false, true
	broken := sampleList()
	down := ErrorProps{Status: 502, Title: "mail.tidewater.example is not answering", Text: "The connection timed out after 10 s.", Actions: []Action{{"Try now", "/m/INBOX", "refresh-cw"}, {"Sign in again", "/login", ""}}, Request: "k3v9"}
	broken.Error = &down
	failed := ReaderProps{Mailbox: "INBOX", Title: "Inbox", Error: &ErrorProps{Status: 404, Title: "This message is gone", Text: "It was moved or deleted."}}
	wrong := ErrorProps{Status: 404, Title: `<b>Nothing here</b>`, Text: strings.Repeat("long", 100)}
	ended := SessionEndedProps{Username: `mara"@tidewater.example`, Next: "/m/INBOX?f=unread"}
	refused := &Problem{Title: "That password was not accepted", Text: "The mail server refused the sign-in for mara@tidewater.example.", Field: "password"}
	settings := SettingsProps{
		Frame: sampleFrame("Settings", ""), Look: DefaultLook, HTMLFirst: true, Zone: "Europe/Oslo", ZoneAuto: "Europe/London", Zones: []string{"Europe/London", "Europe/Oslo"}, Server: "mail.tidewater.example", Saved: true,
		Features: []Feature{
			{"Sorting", FeatureMissing, "SORT (RFC 5256)", "Lists are in order of arrival only."}, {"Preview lines", FeatureDegraded, "PREVIEW (RFC 8970)", "Cut from each message, which costs a moment."},
			{"Folders by purpose", FeatureFull, "SPECIAL-USE (RFC 6154)", ""}},
		Sessions: []SignIn{{Where: "Firefox on Linux", Address: "192.0.2.7", Since: sampleClock.Moment(at(10, 19, 8, 0)), Seen: sampleClock.Moment(at(10, 20, 10, 0)), This: true}, {Where: `<b>Chrome</b>`, Address: "2001:db8::7"}},
	}
	img := file("4", "north-groyne.jpg", "image/jpeg", "1.1 MB", true, true)
	preview := func(kind PreviewKind) templ.Component {
		return PartPreview(PreviewProps{Frame: sampleFrame("Preview", "INBOX"), Ref: sampleRef(4821), File: img, Kind: kind, Text: "<b>line</b>\nline", Truncated: true, Newer: &img, Subject: "Transect map"})
	}
	return []golden{
		{"mailbox/empty", Mailbox(empty)}, {"mailbox/typical", Mailbox(sampleMailbox())}, {"mailbox/hostile", Mailbox(hostile)},
		{"mailbox/list", Mailbox(MailboxProps{Frame: sampleFrame("Inbox", "INBOX"), List: listOf(sampleRows, 0, DefaultLook), Reader: ReaderProps{Mailbox: "INBOX", Title: "Inbox"}})},
		{"mailbox/cards", Mailbox(MailboxProps{Frame: sampleFrame("Mail migration", "INBOX"), List: listOf(sampleRows, 4788, DefaultLook), Reader: readerOf(cardsMessage())})},
		{"main/typical", Main("Inbox", sampleList(), ReaderProps{})},
		{"list/empty-unread", List(func() ListProps {
			l := listOf(nil, 0, DefaultLook)
			l.Query.Filter = imapsession.FilterUnread
			return l
		}())},
		{"list/empty-flagged", List(func() ListProps {
			l := listOf(nil, 0, DefaultLook)
			l.Query.Filter = imapsession.FilterFlagged
			return l
		}())},
		{"list/empty-folder", List(ListProps{Mailbox: "Receipts", Title: "Receipts"})},
		{"list/sorted", List(sorted)}, {"list/error", List(broken)}, {"list/row-oob", RowOOB(sampleList().Groups[0].Rows[0], urls.List{})},
		{"list/previews", Previews([]Preview{{UID: 7, Text: "<b>a line</b>"}, {UID: 8}})},
		{"nav/empty", Nav(NavProps{})}, {"nav/typical", Nav(sampleNav("Surveys/2026 October"))}, {"nav/oob", Nav(NavProps{OOB: true, Quota: &Quota{Used: 99, Limit: 100}})},
		{"reader/empty", Reader(ReaderProps{OOB: true})}, {"reader/typical", Reader(readerOf(sampleMessage()))}, {"reader/cards", Reader(readerOf(cardsMessage()))},
		{"reader/remote", Reader(func() ReaderProps { m := cardsMessage(); m.Remote = true; return readerOf(m) }())},
		{"reader/hostile", Reader(readerOf(hostileMessage()))}, {"reader/error", Reader(failed)},
		{"reader/embedded", EmbeddedMessage(readerOf(sampleMessage()), sampleRef(4788), Embedded{Section: "5", From: Person{Addr: "a@x.example"}, Error: &wrong})},
		{"notices/some", Notices(hostile.Frame.Notices)}, {"notices/oob", NoticesOOB([]Notice{{Kind: NoticeGood, Text: "Saved"}, {Kind: NoticeWarn, Text: "Nearly full"}})},
		{"errors/region", ErrorRegion("reader", down)}, {"errors/page", ErrorPage(ErrorPageProps{Frame: sampleFrame("Error", ""), Error: down})}, {"errors/signed-out", ErrorPage(ErrorPageProps{Error: wrong})},
		{"errors/session-ended", SessionEnded(ended)}, {"errors/session-refused", SessionEnded(SessionEndedProps{Problem: refused})},
		{"login/empty", Login(LoginProps{})}, {"login/demo", Login(LoginProps{Demo: true, Username: "demo@godwit.example", Password: "demo", Server: "the demo"})},
		{"login/problem", Login(LoginProps{Plain: true, Server: "mail.tidewater.example", Username: `"><script>alert(1)</script>`, Next: "/m/INBOX", Problem: refused})},
		{"settings/empty", Settings(SettingsProps{Frame: sampleFrame("Settings", "")})}, {"settings/typical", Settings(settings)},
		{"settings/problem", Settings(SettingsProps{Frame: sampleFrame("Settings", ""), Problem: refused})},
		{"shortcuts/page", Shortcuts(ShortcutsProps{Frame: sampleFrame("Keyboard shortcuts", "")})}, {"shortcuts/dialog", ShortcutsDialog()},
		{"preview/image", preview(PreviewImage)}, {"preview/text", preview(PreviewText)}, {"preview/audio", preview(PreviewAudio)}, {"preview/video", preview(PreviewVideo)}, {"preview/pdf", preview(PreviewPDF)}, {"preview/none", preview(PreviewNone)},
		{"headers/typical", Headers(HeadersProps{Frame: sampleFrame("All headers", "INBOX"), Ref: sampleRef(4821), Subject: "Transect map", Fields: []Field{{"From", "Ines <ines@kelling-reserve.example>", ""}, {"X-Long", strings.Repeat("x", 300), ""}, {"Subject", "<script>", ""}}})},
		{"source/typical", Source(SourceProps{Frame: sampleFrame("Source", "INBOX"), Ref: sampleRef(4821), Subject: "Transect map", Text: "From: a@x.example\r\n\r\n<script>", Truncated: true, Size: "48 kB"})},
		{"print/typical", Print(PrintProps{Mailbox: "INBOX", Message: sampleMessage()})}, {"print/cards", Print(PrintProps{Mailbox: "INBOX", Message: cardsMessage()})},
		{"title/hostile", DocumentTitle(`</title><script>`)},
	}
}

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	ctx := WithConsent(WithFormToken(urls.With(context.Background(), ""), "form-token"), "consent")
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// normal makes a page comparable and readable: one tag a line, and the hash of this build's files left out.
func normal(page string) string {
	page = strings.ReplaceAll(page, static.Hash(), "HASH")
	return strings.ReplaceAll(page, "><", ">\n<") + "\n"
}

func TestGolden(t *testing.T) {
	known := map[string]bool{}
	for _, g := range goldens() {
		file := filepath.Join("testdata", filepath.FromSlash(g.name)+".html")
		known[file] = true
		got := normal(render(t, g.page))
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%s: %v (run go test ./templates -update)", g.name, err)
			continue
		}
		if got != string(want) {
			t.Errorf("%s differs from %s, first at:\n%s", g.name, file, firstDifference(got, string(want)))
		}
	}
	files, err := filepath.Glob("testdata/*/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f] {
			t.Errorf("%s is no component's golden file", f)
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return "one is longer than the other"
}
