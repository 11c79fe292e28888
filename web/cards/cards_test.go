package cards

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/emersion/go-message"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func calendar(lines ...string) []byte {
	return []byte("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n")
}

func event(lines ...string) []byte {
	return calendar("BEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT")
}

func invite(t testing.TB, b []byte, z *time.Location) Event {
	t.Helper()
	cal, ok := Invite(b, z)
	if !ok || len(cal.Events) != 1 {
		t.Fatalf("Invite(%.200q) = %d events, %v", b, len(cal.Events), ok)
	}
	return cal.Events[0]
}

func TestInvite(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	cal, ok := Invite(event(
		"UID:u1@a.example", "SEQUENCE:2", `SUMMARY:Harbour planning\, part 1`, "DTSTART;TZID=Europe/London:20261112T140000", "DTEND;TZID=Europe/London:20261112T153000",
		"LOCATION:Room 4", `DESCRIPTION:Line 1\nLine 2 with a l`, " ong fold", `ORGANIZER;CN="Bob, the builder":mailto:bob@a.example`,
		"ATTENDEE;CN=Ann;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT:MAILTO:ann@a.example", "ATTENDEE;CUTYPE=ROOM:mailto:room4@a.example", "URL:https://meet.example/x",
		"BEGIN:VALARM", "DESCRIPTION:wake up", "TRIGGER:-PT5M", "END:VALARM"), berlin)
	want := Event{
		UID: "u1@a.example", Sequence: 2, Title: "Harbour planning, part 1", Location: "Room 4", Description: "Line 1\nLine 2 with a long fold", Link: "https://meet.example/x",
		LinkHost: "meet.example", Start: time.Date(2026, 11, 12, 15, 0, 0, 0, berlin), End: time.Date(2026, 11, 12, 16, 30, 0, 0, berlin), Zone: "Europe/London",
		Organiser: Person{Name: "Bob, the builder", Address: "bob@a.example", Answer: AnswerNone},
		Attendees: []Person{{Name: "Ann", Address: "ann@a.example", Answer: AnswerAccepted, Optional: true}, {Address: "room4@a.example", Answer: AnswerNone, Room: true}},
	}
	if !ok || cal.Method != MethodRequest || len(cal.Events) != 1 || !reflect.DeepEqual(cal.Events[0], want) {
		t.Errorf("Invite = %v %+v\nwant %+v", ok, cal, want)
	}
}

func TestTimes(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	custom := `BEGIN:VTIMEZONE
TZID:Customized Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`
	at := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		name, in   string
		start, end time.Time
		allDay     bool
		floating   bool
		guessed    bool
	}{
		{"UTC", "DTSTART:20261110T100000Z\nDTEND:20261110T110000Z", at("2026-11-10 11:00"), at("2026-11-10 12:00"), false, false, false},
		{"Exchange", "DTSTART;TZID=Eastern Standard Time:20260701T090000\nDURATION:PT1H30M", at("2026-07-01 15:00"), at("2026-07-01 16:30"), false, false, false},
		{"quoted", "DTSTART;TZID=\"Tokyo Standard Time\":20260701T090000", at("2026-07-01 02:00"), time.Time{}, false, false, false},
		{"path", "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/London:20260701T090000", at("2026-07-01 10:00"), time.Time{}, false, false, false},
		{"own rules, winter", "DTSTART;TZID=Customized Zone:20261112T140000", at("2026-11-12 14:00"), time.Time{}, false, false, false},
		{"own rules, summer", "DTSTART;TZID=Customized Zone:20260812T140000", at("2026-08-12 14:00"), time.Time{}, false, false, false},
		{"own rules, spring", "DTSTART;TZID=Customized Zone:20260329T040000", at("2026-03-29 04:00"), time.Time{}, false, false, false},
		{"unknown", "DTSTART;TZID=Nowhere:20261112T140000", at("2026-11-12 14:00"), time.Time{}, false, false, true},
		{"traversal", "DTSTART;TZID=../../etc/passwd:20261112T140000", at("2026-11-12 14:00"), time.Time{}, false, false, true},
		{"floating", "DTSTART:20261112T140000\nDURATION:P1D", at("2026-11-12 14:00"), at("2026-11-13 14:00"), false, true, false},
		{"all day", "DTSTART;VALUE=DATE:20261112\nDTEND;VALUE=DATE:20261114", at("2026-11-12 00:00"), at("2026-11-14 00:00"), true, true, false},
		{"all day, no end", "DTSTART:20261112", at("2026-11-12 00:00"), at("2026-11-13 00:00"), true, true, false},
		{"ends before it starts", "DTSTART:20261110T100000Z\nDTEND:20261110T090000Z", at("2026-11-10 11:00"), time.Time{}, false, false, false},
		{"nonsense", "DTSTART:yesterday\nDTEND:20261399", time.Time{}, time.Time{}, false, false, false},
	} {
		b := []byte("BEGIN:VCALENDAR\n" + custom + "BEGIN:VEVENT\nSUMMARY:x\n" + tt.in + "\nEND:VEVENT\nEND:VCALENDAR")
		e := invite(t, b, berlin)
		if !e.Start.Equal(tt.start) || !e.End.Equal(tt.end) || e.AllDay != tt.allDay || e.Floating != tt.floating || e.Guessed != tt.guessed {
			t.Errorf("%s: %v to %v, all day %v, floating %v, guessed %v\nwant %v to %v, %v, %v, %v", tt.name, e.Start, e.End, e.AllDay, e.Floating, e.Guessed,
				tt.start, tt.end, tt.allDay, tt.floating, tt.guessed)
		}
	}
	if e := invite(t, event("DTSTART;VALUE=DATE:20261112", "DTEND;VALUE=DATE:20261114"), berlin); e.LastDay().Day() != 13 {
		t.Errorf("LastDay = %v, want the 13th", e.LastDay())
	}
}

func TestRecurrence(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"FREQ=DAILY", "every day"},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=10", "every 2 weeks on Monday and Friday, 10 times"},
		{"FREQ=MONTHLY;BYDAY=2TU", "every month on the 2nd Tuesday"},
		{"FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "every month on the 2nd Tuesday"},
		{"FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20271231", "every month on the last Friday, until 31 December 2027"},
		{"FREQ=MONTHLY;BYMONTHDAY=1,-1", "every month on the 1st and the last day"},
		{"FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=22", "every year in March on the 22nd"},
		{"FREQ=YEARLY;BYWEEKNO=20", "every year, with exceptions"},
		{"FREQ=WEEKLY;UNTIL=20261231T230000Z", "every week, until 1 January 2027"},
		{"FREQ=SECONDLY", "repeats by a rule of its own"},
		{"every now and then", "repeats by a rule of its own"},
		{"", ""},
	} {
		if got := readRecurrence(tt.in, zone(t, "Europe/Berlin")).Words(); got != tt.want {
			t.Errorf("%q = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestMethods(t *testing.T) {
	for in, want := range map[string]Method{"REQUEST": MethodRequest, "Cancel": MethodCancel, "REPLY": MethodReply, "PUBLISH": MethodPublish, "<b>": MethodOther} {
		cal, _ := Invite([]byte("BEGIN:VCALENDAR\nMETHOD:"+in+"\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR"), nil)
		if cal.Method != want || len(cal.Events) != 1 || cal.Events[0].Cancelled != (want == MethodCancel) {
			t.Errorf("METHOD:%s = %+v, want %s", in, cal, want)
		}
	}
	if _, ok := Invite([]byte("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), nil); ok {
		t.Error("Invite of an empty calendar: ok")
	}
	cal, ok := Invite([]byte(strings.Repeat("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n", 60)), nil)
	if !ok || len(cal.Events) != maxEvents || cal.More != 10 {
		t.Errorf("60 events: %d and %d more", len(cal.Events), cal.More)
	}
	if e := invite(t, []byte("BEGIN:VEVENT\nSUMMARY:cut o"), nil); e.Title != "cut o" {
		t.Errorf("cut off: %+v", e)
	}
	if e := invite(t, event("broken line", ";;;", "X;Y", "A;B=\"c:d", "SUMMARY;X=:fine"), nil); e.Title != "fine" {
		t.Errorf("broken lines: %+v", e)
	}
}

func TestVCards(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []Card
	}{
		{"3.0", "BEGIN:VCARD\nVERSION:3.0\nFN:Zoë Müller\nN:Müller;Zoë;;;\nORG:Harbour\\, Ltd;Pilots\nTITLE:Pilot\nEMAIL;TYPE=INTERNET,WORK:zoe@a.example\nTEL;TYPE=CELL:+49 30 1234\n" +
			"item1.ADR;TYPE=home:;;Quay 1;Kiel;;24103;Germany\nBDAY:1985-04-12\nURL:https://zoe.example/\nURL:javascript:alert(1)\nNOTE:a\\nb\nPHOTO;VALUE=URI:http://x.example/p\nEND:VCARD\n",
			[]Card{{Name: "Zoë Müller", Organisation: "Harbour, Ltd, Pilots", Title: "Pilot", Birthday: "1985-04-12", Note: "a\nb", Emails: []Labelled{{"work", "zoe@a.example"}},
				Phones: []Labelled{{"mobile", "+49 30 1234"}}, Addresses: []Labelled{{"home", "Quay 1, Kiel, 24103, Germany"}}, Links: []Link{{"https://zoe.example/", "zoe.example"}}}}},
		{"2.1", "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Zo=\n=C3=AB\nTEL;WORK;FAX:1\nEND:VCARD",
			[]Card{{Name: "Zoë Müller", Phones: []Labelled{{"work", "1"}}}}},
		{"4.0", "BEGIN:VCARD\nVERSION:4.0\nFN:A\nBDAY:--0412\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555\nEND:VCARD", []Card{{Name: "A", Birthday: "04-12", Phones: []Labelled{{"home", "+1-555"}}}}},
		{"no name", "BEGIN:VCARD\nEMAIL:a@a.example\nEND:VCARD", []Card{{Name: "a@a.example", Emails: []Labelled{{"", "a@a.example"}}}}},
		{"several, the last cut off", "BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B", []Card{{Name: "A"}, {Name: "B"}}},
		{"nothing", "BEGIN:VCARD\nX:y\nEND:VCARD", nil},
	} {
		if got, _ := VCards([]byte(tt.in)); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: VCards = %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
	if got, more := VCards([]byte(strings.Repeat("BEGIN:VCARD\nFN:A\nEND:VCARD\n", 60))); len(got) != maxCards || more != 10 {
		t.Errorf("60 cards: %d and %d more", len(got), more)
	}
}

func TestDeliveryStatus(t *testing.T) {
	in := "Reporting-MTA: dns; mx.a.example\n\nOriginal-Recipient: rfc822;nobody@a.example\nFinal-Recipient: rfc822; nobody@b.example\nAction: failed\nStatus: 5.1.1\n" +
		"Remote-MTA: dns; in.b.example\nDiagnostic-Code: smtp; 550 5.1.1\n user <unknown>; really\n\nFinal-Recipient: rfc822;full@a.example\nAction: delayed (for now)\nStatus: 4.2.2 (full)\n" +
		"Will-Retry-Until: Sat, 21 Nov 2026 10:00:00 +0000\n\nFinal-Recipient: rfc822;odd@a.example\nDiagnostic-Code: smtp; 550 #5.7.26 no\n"
	want := Delivery{Reporter: "mx.a.example", Recipients: []Recipient{
		{Address: "nobody@b.example", Original: "nobody@a.example", Action: ActionFailed, Status: "5.1.1", Words: "There is no such address at the recipient's mail server.",
			Diagnostic: "550 5.1.1 user <unknown>; really", Server: "in.b.example"},
		{Address: "full@a.example", Action: ActionDelayed, Status: "4.2.2", Words: "The recipient's mailbox is full.", RetryUntil: "Sat, 21 Nov 2026 10:00:00 +0000"},
		{Address: "odd@a.example", Action: ActionFailed, Status: "5.7.26", Words: "The recipient's server couldn't confirm who sent the mail (SPF, DKIM or DMARC).", Diagnostic: "550 #5.7.26 no"},
	}}
	if got, ok := DeliveryStatus([]byte(in)); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("DeliveryStatus = %+v, %v\nwant %+v", got, ok, want)
	}
	for _, bad := range []string{"", "\n\n", "Reporting-MTA: dns; a", "no fields here"} {
		if got, ok := DeliveryStatus([]byte(bad)); ok {
			t.Errorf("DeliveryStatus(%q) = %+v, want none", bad, got)
		}
	}
	many, _ := DeliveryStatus([]byte(strings.Repeat("Final-Recipient: rfc822;a@a.example\nAction: failed\n\n", 150)))
	if len(many.Recipients) != maxRecipients || many.More != 50 {
		t.Errorf("150 recipients: %d and %d more", len(many.Recipients), many.More)
	}
}

func TestDisposition(t *testing.T) {
	in := "Reporting-UA: pc.a.example; Mailer 3\nFinal-Recipient: rfc822;ann@a.example\nOriginal-Message-ID: <1@b.example>\nDisposition: manual-action/MDN-sent-automatically; Displayed/error\n"
	want := Receipt{Recipient: "ann@a.example", Kind: "displayed", Program: "pc.a.example Mailer 3", MessageID: "1@b.example", Error: "error"}
	if got, ok := Disposition([]byte(in)); !ok || got != want {
		t.Errorf("Disposition = %+v, %v\nwant %+v", got, ok, want)
	}
	if got, ok := Disposition([]byte("Final-Recipient: x")); ok {
		t.Errorf("without Disposition: %+v", got)
	}
}

// TestHostile reads the corpus' mails built against cards: what comes out is text.
func TestHostile(t *testing.T) {
	for _, tt := range []struct{ file, kind, want string }{
		{"h104-calendar-remote.eml", "BEGIN:VCALENDAR", "<img src=x onerror=top.__pwned=window.__pwned=/h104/.source> Meeting-h104"},
		{"h105-vcard-remote.eml", "BEGIN:VCARD", "<script>window.__pwned='h105';try{parent.__pwned='h105';top.__pwned='h105'}catch(e){}</script>"},
	} {
		part := ""
		entity, err := message.Read(strings.NewReader(corpusFile(t, tt.file)))
		if err != nil {
			t.Fatal(err)
		}
		_ = entity.Walk(func(_ []int, e *message.Entity, _ error) error {
			if kind, _, _ := e.Header.ContentType(); strings.HasPrefix(kind, "multipart/") {
				return nil
			}
			if body, _ := io.ReadAll(e.Body); strings.HasPrefix(string(body), tt.kind) {
				part = string(body)
			}
			return nil
		})
		cal, _ := Invite([]byte(part), nil)
		contacts, _ := VCards([]byte(part))
		title := ""
		if len(cal.Events) == 1 {
			title = cal.Events[0].Title
		}
		if len(contacts) == 1 {
			title = contacts[0].Name
		}
		if title != tt.want {
			t.Errorf("%s: %q, want %q", tt.file, title, tt.want)
		}
		checkClean(t, cal)
		checkClean(t, contacts)
	}
}

func corpusFile(t *testing.T, file string) string {
	t.Helper()
	for _, dir := range []string{"../../testdata/corpus/hostile", "../../../shared/corpus/hostile"} {
		if raw, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
			return string(raw)
		}
	}
	if strings.Contains(","+os.Getenv("GODWIT_REQUIRE")+",", ",corpus,") {
		t.Fatalf("corpus file %s is missing", file)
	}
	t.Skipf("corpus file %s is missing", file)
	return ""
}

// checkClean walks all strings of a value.
func checkClean(t testing.TB, v any) {
	t.Helper()
	var walk func(v reflect.Value, field string)
	walk = func(v reflect.Value, field string) {
		switch v.Kind() {
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				walk(v.Field(i), v.Type().Field(i).Name)
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), field)
			}
		case reflect.String:
			s := v.String()
			if len(s) > maxText {
				t.Fatalf("%s has %d bytes", field, len(s))
			}
			for _, r := range s {
				multi := field == "Description" || field == "Note"
				if unicode.IsControl(r) && !(multi && (r == '\n' || r == '\t')) || unicode.Is(unicode.Bidi_Control, r) {
					t.Fatalf("%s has %q in %q", field, r, s)
				}
			}
			if (field == "Link" || field == "Href") && s != "" && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
				t.Fatalf("%s = %q", field, s)
			}
		}
	}
	walk(reflect.ValueOf(v), "")
	if _, err := json.Marshal(v); err != nil {
		t.Fatal(err)
	}
}

func FuzzCards(f *testing.F) {
	f.Add([]byte("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n" +
		"BEGIN:VEVENT\nDTSTART;TZID=x:20261112T140000\nRRULE:FREQ=WEEKLY;BYDAY=MO,-1FR;UNTIL=20271231\nDURATION:P1W\nSUMMARY:a\\,b\nATTENDEE;CN=\"x\":mailto:a@b\nEND:VEVENT\nEND:VCALENDAR"))
	f.Add([]byte("BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:=41=\n=42\nADR:;;a;b\nBDAY:--0412\nEND:VCARD"))
	f.Add([]byte("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822;a@b\nStatus: 5.1.1\n\nDisposition: a/b; displayed"))
	f.Fuzz(func(t *testing.T, b []byte) {
		cal, _ := Invite(b, time.UTC)
		checkClean(t, cal)
		for _, e := range cal.Events {
			checkClean(t, e.Recurrence.Words())
		}
		contacts, _ := VCards(b)
		checkClean(t, contacts)
		d, _ := DeliveryStatus(b)
		checkClean(t, d)
		r, _ := Disposition(b)
		checkClean(t, r)
	})
}

func TestQuick(t *testing.T) {
	for name, in := range map[string]string{
		"folds": "BEGIN:VEVENT\nSUMMARY:" + strings.Repeat("x\n ", 300_000), "params": "BEGIN:VEVENT\nA" + strings.Repeat(";B=c", 250_000) + ":x", "begins": strings.Repeat("BEGIN:VEVENT\n", 80_000),
		"zones": strings.Repeat("BEGIN:VTIMEZONE\nTZID:a\nBEGIN:STANDARD\nEND:STANDARD\nEND:VTIMEZONE\n", 15_000), "quotes": "BEGIN:VEVENT\nA;B=" + strings.Repeat(`"`, 1<<20),
		"soft breaks": "BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE:" + strings.Repeat("=\n", 400_000), "rules": strings.Repeat("BEGIN:VEVENT\nRRULE:FREQ=DAILY;BYHOUR="+strings.Repeat("1,", 200)+"\nEND:VEVENT\n", 2000),
		"fields": "Final-Recipient: a\n" + strings.Repeat(" x\n", 300_000),
	} {
		start := time.Now()
		Invite([]byte(in), nil)
		VCards([]byte(in))
		DeliveryStatus([]byte(in))
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(in), took)
		}
	}
}
