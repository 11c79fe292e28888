package templates

import (
	"fmt"
	"strings"
	"time"

	"godwit/imapsession"
	"godwit/imapsession/rfc822"
	"godwit/web/mailhtml"
	"godwit/web/urls"
)

// The samples are invented people at example domains; the day is a Tuesday.
var (
	sampleZone  = time.FixedZone("CEST", 2*60*60)
	sampleClock = Clock{Now: time.Date(2026, 10, 20, 10, 5, 0, 0, sampleZone), Zone: sampleZone}
)

func sampleNav(current string) NavProps {
	box := func(name string, role imapsession.Role, unseen, messages uint32) imapsession.Mailbox {
		return imapsession.Mailbox{Name: name, Delim: "/", Path: strings.Split(name, "/"), Role: role, Namespace: imapsession.NamespacePersonal, Counted: true, Unseen: unseen, Messages: messages, Subscribed: true}
	}
	parent := box("Harbour office", "", 0, 0)
	parent.NoSelect, parent.Missing = true, true
	shared := box("Shared/Reception", "", 2, 90)
	shared.Namespace, shared.Path = imapsession.NamespaceShared, []string{"Reception"}
	nav := NavOf([]imapsession.Mailbox{
		box("INBOX", imapsession.RoleInbox, 12, 2481), box("Drafts", imapsession.RoleDrafts, 0, 3), box("Sent", imapsession.RoleSent, 0, 812),
		box("Archive", imapsession.RoleArchive, 0, 9120), box("Junk", imapsession.RoleJunk, 4, 4), box("Trash", imapsession.RoleTrash, 1, 17),
		parent, box("Harbour office/Berths", "", 1, 40), box("Newsletters", "", 9, 300), box("Receipts", "", 0, 122),
		box("Surveys", "", 3, 60), box("Surveys/2025", "", 0, 300), box("Surveys/2026 October", "", 3, 21), box("Vögel", "", 0, 8), shared,
	}, current)
	nav.Quota = &Quota{Used: 6_200_000_000, Limit: 15_000_000_000}
	return nav
}

func sampleFrame(title, current string) Frame {
	return Frame{
		Title: title, Look: DefaultLook, User: "mara@tidewater.example", Avatar: AvatarOf("Mara Lind", "mara@tidewater.example"),
		Nav: sampleNav(current), Here: "/m/INBOX",
	}
}

type sampleRow struct {
	uid                  imapsession.UID
	name, addr, subject  string
	when                 time.Time
	flags                string
	attachments, invited bool
	preview              string
}

func at(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2026, month, day, hour, minute, 0, 0, sampleZone)
}

var sampleRows = []sampleRow{
	{4821, "Ines Caldeira", "ines@kelling-reserve.example", "Transect map for the October count", at(10, 20, 9, 42), `\Seen Survey`, true, false, "Tomasz re-plotted the transects over the new LIDAR tiles and the result is much cleaner"},
	{4820, "Jonah Achterberg", "jonah@tidewater.example", "Bridge permit: signed copy needed by Friday", at(10, 20, 9, 18), `\Flagged $label4`, true, false, "The harbour office accepted the revised drawing. They only need page 3 signed and"},
	{4819, "Harrier Shipping", "track@harrier.example", "Shipment HS-20418 cleared customs", at(10, 20, 8, 55), ``, false, false, "Your consignment left Rotterdam at 04:10 and should reach the depot on Wednesday"},
	{4818, "Priya Raman", "priya@tidewater.example", "Budget draft v3, two questions", at(10, 20, 8, 31), ``, false, false, "Line 14 is still the old fuel price. And do we book the van under field costs or"},
	{4817, "森本 由紀", "yuki@higata.example", "干潟調査の写真ができました", at(10, 20, 7, 12), ``, true, false, "お世話になっております。先週末の写真を共有します。全部で42枚です。"},
	{4810, "Siobhán Kearney", "siobhan@tidewater.example", "Volunteer rota, weeks 44 to 47", at(10, 19, 18, 20), `\Seen \Answered Team`, false, false, "Week 46 is covered now, thank you both. I have moved Nikhil to the early slot"},
	{4807, "Northline Hosting", "billing@northline.example", "Invoice 2026-1187 is ready", at(10, 19, 14, 2), `\Seen`, true, false, "Your invoice for October is attached. It will be collected on 28 October."},
	{4805, "Tomasz Wrona", "tomasz@kelling-reserve.example", "Re: Spare scope for the north hide", at(10, 19, 11, 47), `\Seen \Draft`, false, false, "Hi Tomasz, yes, the 20–60 zoom is in the shed, second shelf. The tripod head"},
	{4803, "عمر الحداد", "omar@haddad.example", "تقرير الربع الثالث جاهز للمراجعة", at(10, 19, 9, 5), `\Seen $Forwarded`, true, false, "السلام عليكم، أرفقت النسخة النهائية من التقرير مع الجداول المحدثة"},
	{4795, "Claire Fontenay", "claire@atelier.example", "Sketches for the visitor centre wall", at(10, 16, 15, 24), `\Seen \Flagged`, true, false, "Three directions attached. My favourite is the second one, where the flock turns"},
	{4790, "Estuary Weekly", "news@estuary.example", "Issue 212: eelgrass, sluices and a very long flight", at(10, 16, 6, 0), `\Seen $label1 $label2 Waiting`, false, false, "This week a tagged juvenile crossed the Pacific without once touching down"},
	{4788, "Nikhil Deshpande", "nikhil@tidewater.example", "Mail migration: cutover checklist", at(10, 15, 16, 5), `\Seen \Answered Team`, false, true, "Zone TTLs are down to 300 s since this morning. The last full sync copied 214,806"},
	{4700, "Borough Library", "desk@library.example", "Your reservation is ready to collect", at(9, 28, 12, 0), `\Seen`, false, false, "The Peregrine, by J. A. Baker, is waiting for you at the desk until 12 October."},
	{4100, "Pascale Koné", "pascale@kone.example", "", time.Date(2025, 11, 3, 10, 0, 0, 0, sampleZone), `\Seen`, false, false, ""},
}

func summary(r sampleRow) imapsession.Summary {
	return imapsession.Summary{
		Ref: imapsession.Ref{Mailbox: "INBOX", UIDValidity: 1700000000, UID: r.uid}, From: []rfc822.Address{{Name: r.name, Addr: r.addr}},
		To: []rfc822.Address{{Addr: "mara@tidewater.example"}}, Subject: r.subject, Date: r.when, Received: r.when, Size: 48_000,
		Flags: strings.Fields(r.flags), Attachments: r.attachments, Invite: r.invited, Preview: r.preview, PreviewKnown: true,
	}
}

func listOf(rows []sampleRow, open imapsession.UID, look Look) ListProps {
	var summaries []imapsession.Summary
	var drawn []Row
	for _, r := range rows {
		s := summary(r)
		row := RowOf(s, sampleClock, false, true)
		row.Open = row.Ref.UID == open
		summaries, drawn = append(summaries, s), append(drawn, row)
	}
	l := ListProps{
		Mailbox: "INBOX", Title: "Inbox", Role: imapsession.RoleInbox, Unread: 12, Total: 2481, Groups: GroupRows(drawn, summaries, sampleClock, imapsession.OrderArrival),
		Orders: []imapsession.Order{imapsession.OrderArrival}, UIDValidity: 1700000000, Look: look, Here: "/m/INBOX",
	}
	if len(rows) > 0 {
		l.First, l.Older = 1, rows[len(rows)-1].uid
	}
	return l
}

func sampleList() ListProps { return listOf(sampleRows, 4821, DefaultLook) }

// fiftyRows is a full page, for the budgets.
func fiftyRows() []sampleRow {
	var rows []sampleRow
	for i := range 50 {
		r := sampleRows[i%len(sampleRows)]
		r.uid = imapsession.UID(9000 - i)
		r.subject = fmt.Sprintf("%s (%d)", r.subject, i)
		r.when = sampleClock.Now.Add(-time.Duration(i*i) * time.Hour)
		rows = append(rows, r)
	}
	return rows
}

// hostileRows are what people send to break pages.
var hostileRows = []sampleRow{
	{1, `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>@evil.example`, `<script>alert("subject")</script><img src=x onerror=alert(1)>`, at(10, 20, 9, 0), `" onmouseover="alert(1) <b>`, true, true, `</span><style>body{display:none}</style>`},
	{2, strings.Repeat("Donaudampfschifffahrtsgesellschaftskapitän", 12), "long@" + strings.Repeat("sub.", 40) + "example", strings.Repeat("W", 400), at(10, 20, 8, 0), strings.Repeat("k", 80) + " a b c d", true, false, strings.Repeat("nospaces", 60)},
	{3, "\u202eelpmaxe", "rtl@haddad.example", "مرحبا <b>بالعالم</b> and English", at(10, 19, 8, 0), ``, false, false, "שלום"},
	{4, "", "", "  ", time.Time{}, `\Seen`, false, false, ""},
}

func sampleRef(uid imapsession.UID) imapsession.Ref {
	return imapsession.Ref{Mailbox: "INBOX", UIDValidity: 1700000000, UID: uid}
}

func text(depth int, lines ...string) mailhtml.Block {
	b := mailhtml.Block{Depth: depth}
	for _, l := range lines {
		b.Lines = append(b.Lines, mailhtml.Line{{Text: l}})
	}
	return b
}

func file(section imapsession.Section, name, mediaType, size string, thumb, preview bool) Attachment {
	kind, tile, hue := KindOf(mediaType, name)
	return Attachment{Section: section, Name: name, Kind: kind, Tile: tile, Hue: hue, Size: size, Thumb: thumb, Preview: preview, MimeType: mediaType}
}

func isMara(addr string) bool { return addr == "mara@tidewater.example" }

func sampleMessage() Message {
	from := []rfc822.Address{{Name: "Ines Caldeira", Addr: "ines@kelling-reserve.example"}}
	body := []mailhtml.Block{
		text(0, "Morning Mara,", "", "Tomasz re-plotted the transects over the new LIDAR tiles and the result is much cleaner. Three things changed:", "",
			"- T4 moves 60 m seaward. The old line now crosses the channel at low water.", "- T7 and T8 merge. They overlapped by more than a third last year.",
			"- The hide at the north groyne stays closed until the 26th, so we start from the sluice gate.", ""),
		{Lines: []mailhtml.Line{{{Text: "The full list is on the "}, {Text: "www.kelling-reserve.example/codes", Href: "https://www.kelling-reserve.example/codes"}, {Text: ", and "},
			{Text: "bank.example", Href: "https://evil.example/login", Warn: "evil.example"}, {Text: " asked for a reply to "}, {Text: "ines@kelling-reserve.example", Href: "mailto:ines@kelling-reserve.example"}, {Text: "."}}}},
		text(1, "Could you confirm the van?"),
		text(0, "Yes: Thursday at the latest.", ""),
		{Signature: true, Lines: []mailhtml.Line{{{Text: "-- "}}, {{Text: "Ines Caldeira"}}, {{Text: "Kelling Reserve"}}}},
		text(1, "LIDAR tiles are in. I will re-plot everything tonight", "and send Ines the draft so that we can walk it on Saturday.", "", "Tomasz"),
		text(2, "Saturday works for me.", "I would rather not start from the groyne again."),
	}
	return Message{
		Ref: sampleRef(4821), Subject: "Transect map for the October count", From: PeopleOf(from, isMara, true),
		To:   PeopleOf([]rfc822.Address{{Addr: "mara@tidewater.example"}, {Name: "Tomasz Wrona", Addr: "tomasz@kelling-reserve.example"}}, isMara, false),
		Cc:   PeopleOf([]rfc822.Address{{Name: "Harbour office", Addr: "office@harbour.example"}, {Name: "森本 由紀", Addr: "yuki@higata.example"}}, isMara, false),
		When: sampleClock.Moment(at(10, 20, 9, 42)), Received: sampleClock.Moment(at(10, 20, 9, 43)), SentZone: "+01:00", Size: "3.6 MB",
		Chips: []Chip{{"Survey", 1}},
		Files: []Attachment{
			file("2", "transects-2026-v4.pdf", "application/pdf", "2.4 MB", false, true),
			file("3", "tide-table-october.xlsx", "application/octet-stream", "48 kB", false, false),
			file("4", "north-groyne.jpg", "image/jpeg", "about 1.1 MB", true, true),
		},
		ZipOK: true, Blocked: 2, Choice: BodyChoice{Now: "text", Other: "html"}, Body: []Block{{Text: &TextBlock{Blocks: body}}},
	}
}

// cardsMessage has one of every block and bar.
func cardsMessage() Message {
	m := sampleMessage()
	m.Ref, m.Subject, m.Flagged = sampleRef(4788), "Mail migration: cutover checklist", true
	m.From = PeopleOf([]rfc822.Address{{Name: "nikhil@tidewater.example", Addr: "nikhil@elsewhere.example"}}, nil, true)
	m.AuthNotice, m.Signed = "Could not verify the sender.", "Signed (S/MIME). The signature was not checked."
	m.Repairs = []string{"The date could not be read.", "The charset “x-unknown” was taken for Windows-1252."}
	m.Choice = BodyChoice{Now: "html", Other: "text"}
	m.MoreFiles = []Attachment{file("9", "one more.zip", "application/zip", "12 kB", false, false)}
	inner := sampleMessage()
	inner.Section, inner.Files, inner.ZipOK, inner.Subject = "6", nil, false, "The message inside"
	inner.Body = []Block{{HTML: &HTMLBlock{Section: "6.1", Height: 300}}}
	m.Body = []Block{
		{Invite: &Invite{Title: "Cutover call: old host to new", Weekday: "Thu", Day: "22", Month: "Oct", When: "Thu 22 Oct 2026, 19:00–20:30 (your time)", Repeats: "Every week until 26 Nov",
			Location: "Room “Low water”", Organiser: "Nikhil Deshpande", People: "Priya accepted, 2 waiting", Text: "Bring the runbook.\nAnd tea.", Section: "2"}},
		{HTML: &HTMLBlock{Section: "1.2", Height: 240, Colours: true}},
		{Image: &ImageBlock{Section: "3", Name: "north-groyne.jpg"}},
		{Contact: &Contact{Name: "Nikhil Deshpande", Avatar: AvatarOf("Nikhil Deshpande", "n@x.example"), Org: "Tidewater", Section: "4",
			Lines: []Field{{"Email", "nikhil@tidewater.example", "mailto:nikhil@tidewater.example"}, {"Web", "javascript", "javascript:alert(1)"}, {"Phone", "+44 20 7946 0000", "tel:+442079460000"}}}},
		{Bounce: &Bounce{Failed: true, Title: "Your message could not be delivered", Reporter: "mx.tidewater.example",
			Recipients: []BounceRecipient{{Addr: "siobhan@tidewatr.example", Action: "failed", Words: "There is no such address. Check it for a typing mistake.", Code: "5.1.1", Server: "550 5.1.1 user unknown"}}}},
		{Mail: &Embedded{Section: "5", From: m.From[0], Subject: "A message that is still closed", When: sampleClock.Moment(at(10, 16, 15, 24))}},
		{Mail: &Embedded{Section: "6", From: inner.From[0], Subject: inner.Subject, When: inner.When, Message: &inner}},
		{Note: &Note{Kind: NoticeWarn, Text: "One part could not be shown.", Action: &Action{Text: "Download it", Href: "/m/INBOX/4788/part/8?download=1"}}},
	}
	return m
}

func hostileMessage() Message {
	m := sampleMessage()
	nasty := `</textarea><script>alert(1)</script>`
	m.Ref, m.Subject = sampleRef(1), `<script>alert("subject")</script>`
	m.From = PeopleOf([]rfc822.Address{{Name: `"><svg onload=alert(1)>`, Addr: `x"onclick="alert(1)@evil.example`}, {Name: "Second", Addr: "second@evil.example"}}, nil, true)
	m.Chips = []Chip{{`<b>`, 99}}
	m.Files = []Attachment{file("2", strings.Repeat("very-long-name-", 20)+".exe", "application/x-msdownload", "1 B", false, false), file("3", `"><img src=x onerror=alert(1)>.svg`, "image/svg+xml", "", false, false), file("4", "noextension", "", "", false, false)}
	m.Repairs = []string{nasty}
	m.Body = []Block{{Text: &TextBlock{Blocks: []mailhtml.Block{
		text(0, nasty, strings.Repeat("x", 3000), "\u202eright to left override", "مرحبا بالعالم"), text(9, nasty),
		{Lines: []mailhtml.Line{{{Text: nasty, Href: "javascript:alert(1)", Warn: nasty}, {Text: "data", Href: "data:text/html,<script>alert(1)</script>"}}}},
	}, Truncated: &Action{Text: "Download all of it", Href: "/m/INBOX/1/part/1?download=1"}}}}
	return m
}

func readerOf(m Message) ReaderProps {
	return ReaderProps{Mailbox: "INBOX", Title: "Inbox", Query: urls.List{}, Place: &Place{Newer: 0, Older: 4820, Place: 1, Total: 2481}, Message: &m}
}

func sampleMailbox() MailboxProps {
	return MailboxProps{Frame: sampleFrame("Inbox (12)", "INBOX"), List: sampleList(), Reader: readerOf(sampleMessage())}
}
