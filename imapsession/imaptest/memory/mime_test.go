package memory

import (
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

const nested = `From: =?utf-8?q?In=C3=AAs?= <ines@kelling-reserve.example>
To: "Wrona, T." <tomasz@kelling-reserve.example>, Volunteers: mara@tidewater.example;
Date: Mon, 19 Oct 2026 09:42:00 +0200
Subject: Transects
Message-ID: <t1@kelling-reserve.example>
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable

Morning =E2=98=80
two lines
--outer
Content-Type: message/rfc822
Content-Disposition: attachment; filename*=utf-8''Caf%C3%A9.eml

From: tomasz@kelling-reserve.example
Subject: inner
Content-Type: multipart/alternative; boundary="in ner"

--in ner
Content-Type: text/plain

plain
--in ner
Content-Type: text/html

<b>rich</b>
--in ner--
--outer
Content-Type: APPLICATION/pdf; name="a \"b\".pdf"
Content-Transfer-Encoding: base64
Content-ID: <pdf@x>

JVBERi0=
--outer--
epilogue
`

func TestStructure(t *testing.T) {
	s, address := start(t)
	mustAppend(t, s.User("ines"), "INBOX", nested)
	mustAppend(t, s.User("ines"), "INBOX", "Subject: bare\nContent-Type: multipart/mixed; boundary=x\n\nno parts at all")
	c := dialRaw(t, address)
	c.do("SELECT INBOX")
	want := `* 1 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "utf-8" "format" "flowed") NIL NIL "quoted-printable" 28 1 NIL NIL NIL NIL)` +
		`("message" "rfc822" NIL NIL NIL "7bit" 217 (NIL "inner" ((NIL NIL "tomasz" "kelling-reserve.example")) ((NIL NIL "tomasz" "kelling-reserve.example")) ((NIL NIL "tomasz" "kelling-reserve.example")) NIL NIL NIL NIL NIL) ` +
		`(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 0 NIL NIL NIL NIL)("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 11 0 NIL NIL NIL NIL) "alternative" ("boundary" "in ner") NIL NIL NIL) 12 NIL ("attachment" ("filename*" "utf-8''Caf%C3%A9.eml")) NIL NIL)` +
		`("APPLICATION" "pdf" ("name" "a \"b\".pdf") "<pdf@x>" NIL "base64" 8 NIL NIL NIL NIL) "mixed" ("boundary" "outer") NIL NIL NIL))`
	if got := c.one("FETCH 1 BODYSTRUCTURE"); got != want {
		t.Errorf("BODYSTRUCTURE =\n%s\nwant\n%s", got, want)
	}
	want = `* 1 FETCH (ENVELOPE ("Mon, 19 Oct 2026 09:42:00 +0200" "Transects" (("=?utf-8?q?In=C3=AAs?=" NIL "ines" "kelling-reserve.example")) ` +
		`(("=?utf-8?q?In=C3=AAs?=" NIL "ines" "kelling-reserve.example")) (("=?utf-8?q?In=C3=AAs?=" NIL "ines" "kelling-reserve.example")) ` +
		`(("Wrona, T." NIL "tomasz" "kelling-reserve.example")(NIL NIL "Volunteers" NIL)(NIL NIL "mara" "tidewater.example")(NIL NIL NIL NIL)) NIL NIL NIL "<t1@kelling-reserve.example>"))`
	if got := c.one("FETCH 1 ENVELOPE"); got != want {
		t.Errorf("ENVELOPE =\n%s\nwant\n%s", got, want)
	}
	want = `* 2 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 15 0 NIL NIL NIL NIL))`
	if got := c.one("FETCH 2 BODYSTRUCTURE"); got != want {
		t.Errorf("BODYSTRUCTURE of an empty multipart = %s, want %s", got, want)
	}
}

func TestSections(t *testing.T) {
	s, address := start(t)
	mustAppend(t, s.User("ines"), "INBOX", nested)
	c := client(t, address, nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	all := strings.ReplaceAll(nested, "\n", "\r\n")
	for _, tt := range []struct {
		name string
		item imap.FetchItemBodySection
		want string
	}{
		{"all", imap.FetchItemBodySection{}, all},
		{"header", imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}, all[:strings.Index(all, "preamble")]},
		{"text", imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}, all[strings.Index(all, "preamble"):]},
		{"fields", imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"subject", "Date"}},
			"Date: Mon, 19 Oct 2026 09:42:00 +0200\r\nSubject: Transects\r\n\r\n"},
		{"part", imap.FetchItemBodySection{Part: []int{1}}, "Morning =E2=98=80\r\ntwo lines"},
		{"mime", imap.FetchItemBodySection{Part: []int{1}, Specifier: imap.PartSpecifierMIME},
			"Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"},
		{"enclosed part", imap.FetchItemBodySection{Part: []int{2, 1}}, "plain"},
		{"enclosed fields", imap.FetchItemBodySection{Part: []int{2}, Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Subject"}}, "Subject: inner\r\n\r\n"},
		{"partial", imap.FetchItemBodySection{Part: []int{3}, Partial: &imap.SectionPartial{Offset: 2, Size: 4}}, "BERi"},
		{"partial beyond", imap.FetchItemBodySection{Part: []int{3}, Partial: &imap.SectionPartial{Offset: 100, Size: 4}}, ""},
		{"no such part", imap.FetchItemBodySection{Part: []int{4}}, ""},
		{"no part of a leaf", imap.FetchItemBodySection{Part: []int{1, 1}}, ""},
	} {
		tt.item.Peek = true
		got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{&tt.item}}).Collect()
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v, %v", tt.name, got, err)
		}
		if body := got[0].FindBodySection(&tt.item); string(body) != tt.want {
			t.Errorf("%s = %q, want %q", tt.name, body, tt.want)
		}
	}
}

func TestPreview(t *testing.T) {
	for _, tt := range []struct{ name, message, want string }{
		{"plain", "Subject: x\n\nFirst line\n\n> quoted\nsecond\n", "First line second"},
		{"html", "Content-Type: text/html\n\n<title>no</title><style>p{}</style><p>Hello&nbsp;there<br>you\n", "Hello there you"},
		{"base64", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==\n", "Grüße"},
		{"koi8-r", "Content-Type: text/plain; charset=koi8-r\n\n\xf0\xd2\xc9\xd7\xc5\xd4\n", "Привет"},
		{"no text", "Content-Type: image/png\n\nx\n", ""},
	} {
		c := newContent([]byte(strings.ReplaceAll(tt.message, "\n", "\r\n")))
		if got := c.preview(); got != tt.want {
			t.Errorf("%s: preview = %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := len([]rune(oneLine(strings.Repeat("干潟", 300)))); got != maxPreview {
		t.Errorf("preview of a long word has %d characters, want %d", got, maxPreview)
	}
}

func FuzzStructure(f *testing.F) {
	f.Add([]byte(nested))
	f.Add([]byte("Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\ny\n--a--\n"))
	f.Add([]byte("Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := newContent(raw)
		root := c.structure()
		if root.start != 0 || root.end != int64(len(raw)) {
			t.Errorf("message is [%d, %d), want [0, %d)", root.start, root.end, len(raw))
		}
		checkOffsets(t, root, int64(len(raw)))
		bodyStructure(root, true)
		envelope(root)
		c.preview()
	})
}

func checkOffsets(t *testing.T, p *part, end int64) {
	if p.start > p.body || p.body > p.end || p.end > end || p.lines < 0 {
		t.Errorf("part is [%d, %d, %d) with %d lines in a message of %d", p.start, p.body, p.end, p.lines, end)
	}
	for _, child := range p.parts {
		checkOffsets(t, child, p.end)
	}
	if p.message != nil {
		checkOffsets(t, p.message, p.end)
	}
}
