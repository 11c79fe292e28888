package imapsession

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/imaptest"
	"godwit/imapsession/rfc822"
	"godwit/imapsession/wire"
)

// outline draws a tree in one line: types with their sections.
func outline(p *Part) string {
	s := fmt.Sprintf("%s %s", p.Section, p.Type)
	if len(p.Children) > 0 {
		var inner []string
		for _, child := range p.Children {
			inner = append(inner, outline(child))
		}
		s += " (" + strings.Join(inner, ", ") + ")"
	}
	return strings.TrimSpace(s)
}

func sections(parts []*Part) string {
	var s []string
	for _, p := range parts {
		s = append(s, string(p.Section))
	}
	return strings.Join(s, " ")
}

// innerMail has an attachment and a message with an attachment of its own.
var innerMail = crlf("From: out@corpus.invalid", "To: b@corpus.invalid", "Subject: outer", "MIME-Version: 1.0",
	"Content-Type: multipart/mixed; boundary=o", "",
	"--o", "Content-Type: text/plain", "", "outer text",
	"--o", "Content-Type: message/rfc822", "",
	"From: in@corpus.invalid", "Subject: =?utf-8?q?inn=C3=A9r?=", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=i", "",
	"--i", "Content-Type: text/plain", "", "inner text",
	"--i", "Content-Type: text/csv; name=inner.csv", "Content-Transfer-Encoding: base64", "", "YSxiCg==",
	"--i--",
	"--o", "Content-Type: message/rfc822", "",
	"From: single@corpus.invalid", "Subject: single", "", "single text",
	"--o--")

func TestMessageTree(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for _, tt := range []struct {
			name  string
			raw   []byte
			want  string
			files string
		}{
			{"plain", plainMail(1), "1 text/plain", ""},
			{"embedded", innerMail, "multipart/mixed (1 text/plain, 2 message/rfc822 (2 multipart/mixed (2.1 text/plain, 2.2 text/csv)), 3 message/rfc822 (3.1 text/plain))", "2 3"},
			{"html alone", crlf("From: a@corpus.invalid", "MIME-Version: 1.0", "Content-Type: text/html", "", "<p>x"), "1 text/html", ""},
		} {
			ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", tt.raw))}
			m, err := s.Message(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			if got := outline(m.Root); got != tt.want {
				t.Errorf("%s: tree %s, want %s", tt.name, got, tt.want)
			}
			if got := sections(m.Body().Files); got != tt.files {
				t.Errorf("%s: files %s, want %s", tt.name, got, tt.files)
			}
			if m.Ref.UIDValidity == 0 || m.Size == 0 || m.Received.IsZero() || len(m.Repairs) > 0 || m.Has("\\Seen") {
				t.Errorf("%s: %+v", tt.name, m)
			}
			// Our own parse gives the same numbers.
			own, err := s.parseWhole(t.Context(), m.Ref)
			if err != nil || outline(own.root) != tt.want {
				t.Errorf("%s: own parse %v, %v, want %s", tt.name, own, err, tt.want)
			}
			again, err := s.Message(t.Context(), m.Ref)
			if err != nil || len(again.Repairs) != 1 {
				t.Errorf("%s: Message after our own parse = %+v, %v, want a word about it", tt.name, again, err)
			}
		}
	})
}

func TestEmbedded(t *testing.T) {
	encoded := crlf("From: out@corpus.invalid", "Subject: outer", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=x", "",
		"--x", "Content-Type: text/plain", "", "see",
		"--x", "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", base64Lined(innerMail, 76),
		"--x--")
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		plain := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", innerMail))}
		hidden := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", encoded))}
		for _, tt := range []struct {
			ref           Ref
			section       Section
			subject, tree string
			part          Section
			content       string
		}{
			{plain, "2", "innér", "2 multipart/mixed (2.1 text/plain, 2.2 text/csv)", "2.2", "a,b\n"},
			{plain, "3", "single", "3.1 text/plain", "3.1", "single text"},
			{hidden, "2", "outer", "2 multipart/mixed (2.1 text/plain, 2.2 message/rfc822 (2.2 multipart/mixed (2.2.1 text/plain, 2.2.2 text/csv)), 2.3 message/rfc822 (2.3.1 text/plain))", "2.2.2", "a,b\n"},
			{hidden, "2.2", "innér", "2.2 multipart/mixed (2.2.1 text/plain, 2.2.2 text/csv)", "2.2.1", "inner text"},
			{hidden, "2.3", "single", "2.3.1 text/plain", "2.3.1", "single text"},
		} {
			if srv.Name == "memory" && tt.ref == hidden {
				continue // go-message decodes the inner message before it numbers the parts
			}
			s.read = newReadMemory()
			m, err := s.Embedded(t.Context(), tt.ref, tt.section)
			if err != nil {
				t.Errorf("Embedded(%v, %s): %v", tt.ref, tt.section, err)
				continue
			}
			if got := outline(m.Root); got != tt.tree || m.Header.Text("Subject") != tt.subject || m.Section != tt.section {
				t.Errorf("Embedded(%v, %s) = %q %s at %s, want %q %s", tt.ref, tt.section, m.Header.Text("Subject"), got, m.Section, tt.subject, tt.tree)
			}
			for _, cold := range []bool{false, true} {
				if cold {
					s.read = newReadMemory()
				}
				r, err := s.Part(t.Context(), tt.ref, tt.part)
				if err != nil {
					t.Errorf("Part(%v, %s): %v", tt.ref, tt.part, err)
					continue
				}
				got, err := io.ReadAll(r)
				if err != nil || strings.TrimSuffix(string(got), "\r\n") != tt.content {
					t.Errorf("Part(%v, %s) = %q, %v, want %q", tt.ref, tt.part, got, err, tt.content)
				}
				r.Close()
			}
		}
		if _, err := s.Embedded(t.Context(), plain, "1"); !errors.Is(err, ErrNoPart) {
			t.Errorf("Embedded of a text = %v, want ErrNoPart", err)
		}
		if _, err := s.Embedded(t.Context(), plain, "9"); !errors.Is(err, ErrNoPart) {
			t.Errorf("Embedded of nothing = %v, want ErrNoPart", err)
		}
	})
}

func TestText(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		long := strings.Repeat("aé ", 50_000)
		for _, tt := range []struct {
			name, header, body string
			limit              int64
			want               string
			more               bool
		}{
			{"latin1", "Content-Type: text/plain; charset=iso-8859-1", "Gr\xfc\xdfe", 100, "Grüße", false},
			{"no label", "Content-Type: text/plain", "Grüße", 100, "Grüße", false},
			{"meta", "Content-Type: text/html", `<meta charset="koi8-r">` + "\xf0\xd2", 100, `<meta charset="koi8-r">Пр`, false},
			{"cut", "Content-Type: text/plain; charset=utf-8", long, 10, "aé aé a", true},
			{"long", "Content-Type: text/plain; charset=utf-8", long, 1 << 20, long, false},
		} {
			ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", crlf("From: a@corpus.invalid", "MIME-Version: 1.0", tt.header, "Content-Transfer-Encoding: 8bit", "", tt.body)))}
			got, more, err := s.Text(t.Context(), ref, "1", tt.limit)
			if got = strings.TrimSuffix(strings.TrimSuffix(got, "\n"), "\r"); err != nil || !strings.HasPrefix(got, tt.want) || more != tt.more || len(got) > len(tt.want)+2 {
				t.Errorf("%s: Text = %.60q (%d), %v, %v, want %.60q (%d), %v", tt.name, got, len(got), more, err, tt.want, len(tt.want), tt.more)
			}
		}
	})
}

func TestUnpack(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", crlf("From: a@corpus.invalid", "", "text before", "", "begin 644 hi.txt", "#:&D*", "`", "end")))}
		u, err := s.Unpack(t.Context(), ref, "1")
		if err != nil {
			t.Fatal(err)
		}
		if u.Kind != "uuencode" || !strings.Contains(u.Text, "text before") || len(u.Files) != 1 || u.Files[0].Name != "hi.txt" ||
			string(u.Files[0].Data) != "hi\n" || u.Files[0].Type != "text/plain" {
			t.Errorf("Unpack = %+v", u)
		}
		ref.UID = UID(srv.Append(t, user, "INBOX", plainMail(1)))
		if _, err := s.Unpack(t.Context(), ref, "1"); !errors.Is(err, ErrNoPart) {
			t.Errorf("Unpack of plain text = %v, want ErrNoPart", err)
		}
	})
}

func TestStructureOfOddAnswers(t *testing.T) {
	text := func(id string) *imap.BodyStructureSinglePart {
		return &imap.BodyStructureSinglePart{Type: "TEXT", Subtype: "Plain", ID: id, Encoding: "BASE64 ", Size: 8}
	}
	var deep imap.BodyStructure = text("")
	for range 200 {
		deep = &imap.BodyStructureMultiPart{Subtype: "mixed", Children: []imap.BodyStructure{deep}}
	}
	wide := &imap.BodyStructureMultiPart{Subtype: "mixed"}
	for range 2000 {
		wide.Children = append(wide.Children, text(""))
	}
	for _, tt := range []struct {
		name  string
		bs    imap.BodyStructure
		want  string // "" checks the limits alone
		parts int
		said  bool
	}{
		{"case and blanks", text("<id@x>"), "1 text/plain", 1, false},
		{"strange type", &imap.BodyStructureSinglePart{Type: "a b", Subtype: "c/d"}, "1 application/octet-stream", 1, false},
		{"no subtype", &imap.BodyStructureSinglePart{Type: "text"}, "1 text/plain", 1, false},
		{"multipart of nothing named", &imap.BodyStructureMultiPart{Children: []imap.BodyStructure{text("")}}, "multipart/mixed (1 text/plain)", 2, false},
		{"deep", deep, "", maxDepth + 1, true},
		{"wide", wide, "", maxParts, true},
	} {
		got := newStructure(tt.bs)
		if tt.want != "" && outline(got.root) != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, outline(got.root), tt.want)
		}
		if n := got.root.cost(); n != tt.parts || tt.said != (len(got.repairs) > 0) {
			t.Errorf("%s: %d parts, %q, want %d", tt.name, n, got.repairs, tt.parts)
		}
	}
	if p := newStructure(text("<id@x>")).root; p.ContentID != "id@x" || p.Encoding != "base64" {
		t.Errorf("part = %+v", p)
	}
	unusable := &imap.BodyStructureSinglePart{Type: wire.UnusableStructure, Subtype: wire.UnusableStructure}
	inside := &imap.BodyStructureSinglePart{Type: "message", Subtype: "rfc822", MessageRFC822: &imap.BodyStructureMessageRFC822{BodyStructure: unusable}}
	for _, tt := range []struct {
		bs   imap.BodyStructure
		want bool
	}{
		{nil, false},
		{unusable, false},
		{&imap.BodyStructureMultiPart{Subtype: "mixed", Children: []imap.BodyStructure{text(""), unusable}}, false},
		{&imap.BodyStructureMultiPart{Subtype: "mixed"}, false},
		{inside, true},
	} {
		if got := usableStructure(tt.bs) != nil; got != tt.want {
			t.Errorf("usableStructure(%+v) = %v, want %v", tt.bs, got, tt.want)
		}
	}
	if got := outline(newStructure(inside).root); got != "1 message/rfc822" {
		t.Errorf("message with an unusable inside: %s", got)
	}
}

func TestBody(t *testing.T) {
	leaf := func(section, typ string, set ...func(*Part)) *Part {
		p := &Part{Section: Section(section), Type: typ}
		for _, f := range set {
			f(p)
		}
		return p
	}
	multi := func(subtype string, parts ...*Part) *Part {
		return &Part{Type: "multipart/" + subtype, Children: parts}
	}
	attached := func(p *Part) { p.Disposition = "attachment" }
	cid := func(id string) func(*Part) { return func(p *Part) { p.ContentID = id } }
	named := func(name string) func(*Part) { return func(p *Part) { p.Filename = name } }
	for _, tt := range []struct {
		name                          string
		root                          *Part
		text, html, inline, file, cid string
	}{
		{"plain", leaf("1", "text/plain"), "1", "", "", "", ""},
		{"html", leaf("1", "text/html"), "", "1", "", "", ""},
		{"alternative", multi("alternative", leaf("1", "text/plain"), leaf("2", "text/html")), "1", "2", "", "", ""},
		{"alternative the wrong way round", multi("alternative", leaf("1", "text/html"), leaf("2", "text/plain")), "2", "1", "", "", ""},
		{"alternative with amp", multi("alternative", leaf("1", "text/plain"), leaf("2", "text/x-amp-html"), leaf("3", "text/html")), "1", "3", "", "", ""},
		{"alternative of one", multi("alternative", leaf("1", "text/plain")), "1", "", "", "", ""},
		{"enriched alone", multi("alternative", leaf("1", "text/enriched")), "1", "", "", "", ""},
		{"invite", multi("mixed", multi("alternative", leaf("1.1", "text/plain"), leaf("1.2", "text/html"), leaf("1.3", "text/calendar")),
			leaf("2", "application/ics", attached, named("invite.ics"))), "1.1", "1.2", "1.3", "2", ""},
		{"newsletter", multi("alternative", leaf("1", "text/plain"), multi("related", leaf("2.1", "text/html"), leaf("2.2", "image/png", cid("a")))), "1", "2.1", "", "", "2.2"},
		{"related with a stranger", multi("related", leaf("1", "text/html"), leaf("2", "image/png", cid("a")), leaf("3", "image/png", named("x.png"))), "", "1", "3", "3", "2"},
		{"related with start", &Part{Type: "multipart/related", Params: map[string]string{"start": "<r>"}, Children: []*Part{
			leaf("1", "image/png", cid("a")), leaf("2", "text/html", cid("r"))}}, "", "2", "", "", "1 2"},
		{"text, image, text", multi("mixed", leaf("1", "text/plain"), leaf("2", "image/png", named("g.png")), leaf("3", "text/plain"), leaf("4", "application/pdf")), "1", "", "2 3", "2 4", ""},
		{"text and footer", multi("mixed", leaf("1", "text/plain"), leaf("2", "text/plain")), "1 2", "", "", "", ""},
		{"html and footer", multi("mixed", multi("alternative", leaf("1.1", "text/plain"), leaf("1.2", "text/html")), leaf("2", "text/plain")), "1.1", "1.2", "2", "", ""},
		{"text then html", multi("mixed", leaf("1", "text/plain"), leaf("2", "text/html")), "1", "", "2", "", ""},
		{"apple mail", multi("alternative", leaf("1", "text/plain"), multi("mixed", leaf("2.1", "text/html"), leaf("2.2", "application/pdf"), leaf("2.3", "text/html"))), "1", "2.1", "2.3", "2.2", ""},
		{"text attached", multi("mixed", leaf("1", "text/plain"), leaf("2", "text/plain", attached, named("a.txt"))), "1", "", "", "2", ""},
		{"only an attachment", leaf("1", "text/plain", attached), "", "", "", "1", ""},
		{"patch", multi("mixed", leaf("1", "text/plain"), leaf("2", "text/x-patch", named("a.patch"))), "1", "", "2", "2", ""},
		{"signed", multi("signed", multi("mixed", leaf("1.1", "text/plain"), leaf("1.2", "text/plain", attached)), leaf("2", "application/pgp-signature", named("signature.asc"))), "1.1", "", "", "1.2", ""},
		{"encrypted", multi("encrypted", leaf("1", "application/pgp-encrypted"), leaf("2", "application/octet-stream")), "", "", "", "2", ""},
		{"bounce", multi("report", leaf("1", "text/plain"), leaf("2", "message/delivery-status"), leaf("3", "message/rfc822")), "1", "", "2 3", "", ""},
		{"forward", multi("mixed", leaf("1", "text/plain"), leaf("2", "message/rfc822")), "1", "", "2", "2", ""},
		{"vcard", multi("mixed", leaf("1", "text/plain"), leaf("2", "text/vcard", attached)), "1", "", "", "2", ""},
		{"image alone", leaf("1", "image/jpeg"), "", "", "1", "1", ""},
		{"svg is a file", leaf("1", "image/svg+xml"), "", "", "", "1", ""},
		{"file beside the alternatives", multi("alternative", leaf("1", "text/plain"), leaf("2", "text/html"), leaf("3", "application/pdf", named("a.pdf"))), "1", "2", "", "3", ""},
		{"empty multipart", multi("mixed"), "", "", "", "", ""},
	} {
		m := Message{Root: tt.root}
		b := m.Body()
		html := ""
		if b.HTML != nil {
			html = string(b.HTML.Section)
		}
		var ids []string
		for _, p := range b.CID {
			ids = append(ids, string(p.Section))
		}
		slices.Sort(ids)
		got := [5]string{sections(b.Text), html, sections(b.Inline), sections(b.Files), strings.Join(ids, " ")}
		want := [5]string{tt.text, tt.html, tt.inline, tt.file, tt.cid}
		if got != want {
			t.Errorf("%s: text, html, inline, files, cid = %q, want %q", tt.name, got, want)
		}
	}
}

// What is kept is counted by the room it takes, so that odd mail does not fill the memory.
func TestCosts(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, tt := range map[string]struct{ got, low, high int }{
		"part":         {(&Part{Type: "text/plain", Params: map[string]string{"charset": "utf-8"}}).cost(), 1, 1},
		"long name":    {(&Part{Filename: long}).cost(), 200, 300},
		"long params":  {(&Part{Children: []*Part{{Params: map[string]string{"a": long}}}}).cost(), 200, 300},
		"row":          {(&Summary{Subject: "hello", From: []rfc822.Address{{Addr: "a@corpus.invalid"}}}).cost(), 1, 1},
		"long subject": {(&Summary{Subject: long}).cost(), 20, 30},
		"many to":      {(&Summary{To: []rfc822.Address{{Name: long}, {Addr: long}}, References: []string{long}}).cost(), 60, 90},
	} {
		if tt.got < tt.low || tt.got > tt.high {
			t.Errorf("%s costs %d, want %d to %d", name, tt.got, tt.low, tt.high)
		}
	}
}

func TestKept(t *testing.T) {
	k := newKept[Ref, int](10)
	at := func(mailbox string) Ref { return Ref{Mailbox: mailbox, UIDValidity: 1, UID: 1} }
	k.put(at("a"), 1, 4)
	k.put(at("b"), 2, 4)
	k.get(at("a"))
	k.put(at("c"), 3, 4)
	if _, ok := k.get(at("b")); ok {
		t.Error("b is still there, the least recently used of too many")
	}
	if v, ok := k.get(at("a")); !ok || v != 1 {
		t.Errorf("a = %d, %v, want 1", v, ok)
	}
	k.put(at("huge"), 4, 6)
	if _, ok := k.get(at("huge")); ok {
		t.Error("what costs more than half is kept")
	}
	k.put(at("a"), 5, 1)
	if v, _ := k.get(at("a")); v != 5 || k.cost != 5 {
		t.Errorf("a = %d, cost %d, want 5 and 5", v, k.cost)
	}
	k.put(Ref{Mailbox: "a", UID: 1}, 6, 1)
	if v, ok := k.get(Ref{Mailbox: "a", UID: 1}); ok {
		t.Errorf("without UIDVALIDITY %d is kept, want nothing", v)
	}
}
