package templates

import (
	"reflect"
	"strings"
	"testing"

	"godwit/imapsession"
	"godwit/imapsession/rfc822"
	"godwit/web/mailhtml"
)

func TestInitials(t *testing.T) {
	for _, tt := range []struct{ name, addr, want string }{
		{"Ines Caldeira", "ines@kelling-reserve.example", "IC"},
		{"Jan van der Berg", "jan@x.example", "JB"},
		{"森本 由紀", "yuki@higata.example", "森"},
		{"عمر الحداد", "omar@haddad.example", "عا"},
		{"", "mara.lind@tidewater.example", "ML"},
		{"", "info@tidewater.example", "I"},
		{"mara.lind@tidewater.example", "mara.lind@tidewater.example", "ML"},
		{`"<> !`, "", "?"},
		{"", "", "?"},
		{"éva", "", "É"},
		{"3 Musketeers", "", "3M"},
	} {
		if got := AvatarOf(tt.name, tt.addr).Text; got != tt.want {
			t.Errorf("AvatarOf(%q, %q) = %q, want %q", tt.name, tt.addr, got, tt.want)
		}
	}
	if a, b := AvatarOf("Ines", "INES@x.example"), AvatarOf("I. Caldeira", "ines@x.example"); a.Hue != b.Hue || a.Hue < 1 || a.Hue > 8 {
		t.Errorf("hues of one address = %d, %d, want the same of 1 to 8", a.Hue, b.Hue)
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []rfc822.Address
		want string
	}{
		{"nobody", nil, "(unknown)"},
		{"one", []rfc822.Address{{Name: "Ines Caldeira", Addr: "i@x.example"}}, "Ines Caldeira"},
		{"address only", []rfc822.Address{{Addr: "i@x.example"}}, "i@x.example"},
		{"two", []rfc822.Address{{Name: "Ines Caldeira"}, {Name: "Tomasz Wrona"}}, "Ines, Tomasz"},
		{"surname first", []rfc822.Address{{Name: "Caldeira, Ines"}, {Name: "Tomasz Wrona"}}, "Caldeira, Ines, Tomasz"},
		{"five", []rfc822.Address{{Name: "A B"}, {Name: "C"}, {Addr: "d@x.example"}, {Name: "E"}, {Name: "F"}}, "A, C, d@x.example +2"},
		{"empty group", []rfc822.Address{{Group: "undisclosed recipients"}}, "undisclosed recipients"},
	} {
		if got := names(tt.in); got != tt.want {
			t.Errorf("%s: names = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPeopleOf(t *testing.T) {
	people := PeopleOf([]rfc822.Address{
		{Name: "Mara", Addr: "mara@tidewater.example"}, {Name: `"billing@bank.example"`, Addr: "x@evil.example"}, {Name: "MARA@tidewater.example", Addr: "mara@tidewater.example"}, {},
	}, isMara, true)
	if len(people) != 3 || !people[0].Me || people[0].Warn != "" || people[1].Warn == "" || people[2].Warn != "" {
		t.Errorf("PeopleOf = %+v, want three, the first me, the second alone with a warning", people)
	}
	if got := PeopleOf(nil, nil, true); len(got) != 1 || got[0].Display() == "" {
		t.Errorf("PeopleOf(nobody, must) = %+v, want one unknown", got)
	}
	if got := PeopleOf(nil, nil, false); got != nil {
		t.Errorf("PeopleOf(nobody) = %+v, want none", got)
	}
	m := Message{To: people, Cc: PeopleOf([]rfc822.Address{{Name: "C"}, {Name: "D"}}, nil, false)}
	if got, want := m.recipients(), `to me, "billing@bank.example", me, 2 more`; got != want {
		t.Errorf("recipients = %q, want %q", got, want)
	}
	if got := (Message{}).recipients(); got != "to undisclosed recipients" {
		t.Errorf("recipients of none = %q", got)
	}
}

func TestRowOf(t *testing.T) {
	s := summary(sampleRows[1])
	s.To = []rfc822.Address{{Name: "Mara Lind", Addr: "mara@tidewater.example"}}
	s.Received = at(10, 20, 9, 30)
	in, out := RowOf(s, sampleClock, false, true), RowOf(s, sampleClock, true, false)
	if in.From != "Jonah Achterberg" || in.When.Short != "09:30" || !in.Unread || !in.Flagged || !in.Attachment {
		t.Errorf("RowOf(in) = %+v", in)
	}
	if out.From != "To: Mara Lind" || out.When.Short != "09:18" {
		t.Errorf("RowOf(out) = from %q at %q, want To: Mara Lind at 09:18", out.From, out.When.Short)
	}
	s.To, s.Subject = nil, " \t"
	if out = RowOf(s, sampleClock, true, false); out.From != "(unknown)" || out.Subject != "(no subject)" {
		t.Errorf("RowOf(nobody) = %q, %q", out.From, out.Subject)
	}
}

func TestChipsOf(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		want  []string
	}{
		{"none", nil, nil},
		{"system flags", []string{`\Seen`, `\Flagged`, `\Recent`}, nil},
		{"labels by their names", []string{"$label1", "$Label4", "$LABEL5"}, []string{"Important", "To do", "Later"}},
		{"a person's own", []string{"to_read", "Survey"}, []string{"to read", "Survey"}},
		{"programs' own", []string{"$MDNSent", "NonJunk", "$Forwarded", "Junk", ""}, nil},
	} {
		var got []string
		for _, c := range ChipsOf(tt.flags) {
			got = append(got, c.Text)
			if c.Hue < 1 || c.Hue > 8 {
				t.Errorf("%s: hue of %q = %d", tt.name, c.Text, c.Hue)
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: ChipsOf(%q) = %q, want %q", tt.name, tt.flags, got, tt.want)
		}
	}
}

func TestGroupRows(t *testing.T) {
	l := sampleList()
	var titles []string
	for _, g := range l.Groups {
		titles = append(titles, g.Title)
	}
	if got, want := strings.Join(titles, "|"), "Today|Yesterday|Last week|September|November 2025"; got != want {
		t.Errorf("headings = %q, want %q", got, want)
	}
	rows, summaries := []Row{{}, {}}, []imapsession.Summary{{}, {}}
	if got := GroupRows(rows, summaries, sampleClock, imapsession.OrderSize); len(got) != 1 || got[0].Title != "" || len(got[0].Rows) != 2 {
		t.Errorf("GroupRows by size = %+v, want one run without heading", got)
	}
	if got := GroupRows(nil, nil, sampleClock, imapsession.OrderArrival); got != nil {
		t.Errorf("GroupRows of none = %+v", got)
	}
}

// shape writes a tree in one line: name(children), "+" before open ones, "!" before those that can't be opened.
func shape(folders []Folder) string {
	var parts []string
	for _, f := range folders {
		s := f.Name
		if f.NoSelect {
			s = "!" + s
		}
		if f.Open {
			s = "+" + s
		}
		if len(f.Children) > 0 {
			s += "(" + shape(f.Children) + ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

func TestNavOf(t *testing.T) {
	nav := sampleNav("Surveys/2025")
	if got, want := shape(nav.Roles), "Inbox Drafts Sent Archive Spam Trash"; got != want {
		t.Errorf("roles = %q, want %q", got, want)
	}
	if got, want := shape(nav.Personal), "!Harbour office(Berths) Newsletters Receipts +Surveys(2025 2026 October) Vögel"; got != want {
		t.Errorf("personal = %q, want %q", got, want)
	}
	if len(nav.Others) != 1 || nav.Others[0].Title != "Shared folders" || shape(nav.Others[0].Folders) != "Reception" {
		t.Errorf("others = %+v, want Reception under Shared folders", nav.Others)
	}
}

// TestNavOfPrefix: servers that keep everything below INBOX, with the prefix left out of Path.
func TestNavOfPrefix(t *testing.T) {
	nav := NavOf([]imapsession.Mailbox{
		{Name: "INBOX", Delim: ".", Path: []string{"INBOX"}, Role: imapsession.RoleInbox, Namespace: imapsession.NamespacePersonal},
		{Name: "INBOX.Sent", Delim: ".", Path: []string{"Sent"}, Role: imapsession.RoleSent, Namespace: imapsession.NamespacePersonal},
		{Name: "INBOX.Work", Delim: ".", Path: []string{"Work"}, Namespace: imapsession.NamespacePersonal},
		{Name: "INBOX.Work.2026", Delim: ".", Path: []string{"Work", "2026"}, Namespace: imapsession.NamespacePersonal},
		{Name: "user.bob", Delim: ".", Path: []string{"bob"}, Namespace: imapsession.NamespaceOther, NoSelect: true},
		{Name: "user.bob.Sent", Delim: ".", Path: []string{"bob", "Sent"}, Role: imapsession.RoleSent, Namespace: imapsession.NamespaceOther},
	}, "INBOX.Work.2026")
	if got, want := shape(nav.Roles)+" | "+shape(nav.Personal), "Inbox Sent | +Work(2026)"; got != want {
		t.Errorf("NavOf = %q, want %q", got, want)
	}
	if len(nav.Others) != 1 || shape(nav.Others[0].Folders) != "!bob(Sent)" {
		t.Errorf("others = %+v, want bob with Sent", nav.Others)
	}
}

func TestNavUnreadOfTheOpenMailbox(t *testing.T) {
	for mailbox, want := range map[string]uint32{"INBOX": 12, "Surveys/2026 October": 3, "Shared/Reception": 2, "Receipts": 0, "Gone": 0} {
		if got := sampleNav(mailbox).unread(); got != want {
			t.Errorf("unread of %s = %d, want %d", mailbox, got, want)
		}
	}
}

func TestFolderWeight(t *testing.T) {
	for _, tt := range []struct {
		f    Folder
		bold bool
	}{
		{Folder{Unread: 3}, true}, {Folder{}, false}, {Folder{Unread: 3, Role: imapsession.RoleJunk}, false},
		{Folder{Unread: 3, Role: imapsession.RoleDrafts}, false}, {Folder{Unread: 3, Role: imapsession.RoleTrash}, false}, {Folder{Unread: 3, Role: imapsession.RoleInbox}, true},
	} {
		if got := tt.f.bold(); got != tt.bold {
			t.Errorf("%+v.bold() = %t, want %t", tt.f, got, tt.bold)
		}
	}
	f := Folder{Children: []Folder{{Unread: 2}, {Unread: 9, Role: imapsession.RoleTrash, Children: []Folder{{Unread: 1}}}}}
	if got := f.unreadBelow(); got != 3 {
		t.Errorf("unreadBelow = %d, want 3", got)
	}
}

func TestQuotaColour(t *testing.T) {
	for _, tt := range []struct {
		q    Quota
		want string
	}{{Quota{50, 100}, ""}, {Quota{90, 100}, "warn"}, {Quota{98, 100}, "bad"}, {Quota{500, 100}, "bad"}, {Quota{5, 0}, ""}} {
		if got := tt.q.full(); got != tt.want {
			t.Errorf("%+v.full() = %q, want %q", tt.q, got, tt.want)
		}
	}
}

func TestKindOf(t *testing.T) {
	for _, tt := range []struct{ mediaType, name, kind, tile string }{
		{"application/pdf", "a.pdf", "PDF", "PDF"},
		{"application/octet-stream", "table.XLSX", "Sheet", "XLSX"},
		{"image/jpeg", "", "Image", "IMG"},
		{"application/octet-stream", "", "File", "FILE"},
		{"text/plain", "README", "Text", "TXT"},
		{"image/png", "evil.png.exe", "Program", "EXE"},
		{"application/x-thing", "a.verylongextension", "File", "FILE"},
		{"application/x-thing", "a.übr", "File", "FILE"},
		{"message/rfc822", "", "Message", "MAIL"},
		{"video/mp4", "clip", "Video", "VID"},
	} {
		kind, tile, hue := KindOf(tt.mediaType, tt.name)
		if kind != tt.kind || tile != tt.tile || hue < 1 || hue > 8 {
			t.Errorf("KindOf(%q, %q) = %q, %q, %d, want %q, %q", tt.mediaType, tt.name, kind, tile, hue, tt.kind, tt.tile)
		}
	}
}

func TestStemAndExt(t *testing.T) {
	for _, tt := range []struct{ in, stem, ext string }{
		{"transects.pdf", "transects", ".pdf"}, {"noext", "noext", ""}, {".profile", ".profile", ""}, {"a.b.c", "a.b", ".c"}, {"Mr. Smith went", "Mr. Smith went", ""}, {"x.thisismuchtoolong", "x.thisismuchtoolong", ""},
	} {
		if stem, ext := stemAndExt(tt.in); stem != tt.stem || ext != tt.ext {
			t.Errorf("stemAndExt(%q) = %q, %q, want %q, %q", tt.in, stem, ext, tt.stem, tt.ext)
		}
	}
}

func TestQuotesFold(t *testing.T) {
	long := text(1, "1", "2", "3", "4", "5", "6", "7")
	sig := mailhtml.Block{Signature: true, Lines: []mailhtml.Line{{{Text: "-- "}}}}
	for _, tt := range []struct {
		name string
		in   []mailhtml.Block
		want string // one letter a run: o own words, c closed quote, O open quote
	}{
		{"nothing", nil, ""},
		{"answer above", []mailhtml.Block{text(0, "yes"), text(1, "really?")}, "oc"},
		{"answers between", []mailhtml.Block{text(1, "really?"), text(0, "yes"), text(1, "sure?"), text(0, "sure")}, "OoOo"},
		{"only a signature below", []mailhtml.Block{text(0, "yes"), text(1, "really?"), sig}, "oco"},
		{"only blank lines below", []mailhtml.Block{text(1, "really?"), text(0, " ")}, "co"},
		{"a long quote stays closed", []mailhtml.Block{long, text(0, "yes")}, "co"},
		{"deeper quotes are one run", []mailhtml.Block{text(0, "yes"), text(1, "a"), text(2, "b"), text(1, "c")}, "oc"},
	} {
		var got strings.Builder
		for _, run := range runsOf(tt.in) {
			switch {
			case !run.quoted:
				got.WriteByte('o')
			case run.open:
				got.WriteByte('O')
			default:
				got.WriteByte('c')
			}
		}
		if got.String() != tt.want {
			t.Errorf("%s: runs = %q, want %q", tt.name, got.String(), tt.want)
		}
	}
	if runs := runsOf([]mailhtml.Block{long, text(2, "8")}); len(runs) != 1 || runs[0].lines != 8 {
		t.Errorf("runs = %+v, want one of 8 lines", runs)
	}
}

func TestListWords(t *testing.T) {
	l := sampleList()
	if got, want := l.span(), "1–14 of 2,481"; got != want {
		t.Errorf("span = %q, want %q", got, want)
	}
	if got, want := l.sum(), "12 unread"; got != want {
		t.Errorf("sum = %q, want %q", got, want)
	}
	l.Unread = 0
	if got, want := l.sum(), "2,481 messages"; got != want {
		t.Errorf("sum = %q, want %q", got, want)
	}
	l.Query.Filter, l.Total = imapsession.FilterFlagged, 3
	if got, want := l.sum(), "3 flagged"; got != want {
		t.Errorf("sum = %q, want %q", got, want)
	}
	l.Query.Order, l.Query.Reverse, l.Query.Before = imapsession.OrderSize, true, 99
	if got, want := l.orderName(), "Size, Smallest first"; got != want {
		t.Errorf("orderName = %q, want %q", got, want)
	}
	if q := l.ordered(imapsession.OrderDate); q.Before != 0 || q.Reverse || q.Filter != imapsession.FilterFlagged {
		t.Errorf("ordered = %+v, want the first page, forwards, the filter kept", q)
	}
	if l.olderWord() != "Next" || l.newerWord() != "Previous" {
		t.Errorf("words by size = %q, %q", l.newerWord(), l.olderWord())
	}
	l.Query.Order = imapsession.OrderArrival
	if l.olderWord() != "Newer" || l.newerWord() != "Older" {
		t.Errorf("words of arrival reversed = %q, %q", l.newerWord(), l.olderWord())
	}
	if got := (ListProps{Title: "Receipts"}).said(); got != "Receipts, no messages" {
		t.Errorf("said = %q", got)
	}
}

func TestLookFallsBack(t *testing.T) {
	a := Look{Theme: "evil", Density: "x", Panes: "y", Lines: 9, ListW: 99}.attributes()
	if a["data-theme"] != "auto" || a["data-density"] != "comfortable" || a["data-panes"] != "right" || a["data-lines"] != "2" || a["data-list-w"] != nil {
		t.Errorf("attributes = %v, want the defaults", a)
	}
	a = Look{Theme: ThemeDark, Density: Compact, Panes: PaneOff, ListW: 31, NoNav: true, NoKeys: true}.attributes()
	if a["data-theme"] != "dark" || a["data-density"] != "compact" || a["data-panes"] != "off" || a["data-list-w"] != "30" || a["data-folders"] != "off" || a["data-keys"] != "off" {
		t.Errorf("attributes = %v", a)
	}
}
