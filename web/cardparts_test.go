package web

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/imapsession/imaptest"
	"godwit/templates"
	"godwit/web/cards"
)

func TestInviteCard(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	clock := templates.Clock{Now: time.Date(2026, 11, 21, 8, 0, 0, 0, zone), Zone: zone}
	event := cards.Event{
		Title: "Harbour walk", Start: time.Date(2026, 11, 26, 19, 0, 0, 0, zone), End: time.Date(2026, 11, 26, 20, 30, 0, 0, zone), Location: "Pier 4",
		Organiser: cards.Person{Address: "nikhil@example.org"},
		Attendees: []cards.Person{{Name: "Priya", Answer: cards.AnswerAccepted}, {Address: "tom@example.org", Answer: cards.AnswerDeclined}, {Name: "Bo", Answer: cards.AnswerNone}, {Name: "Room 1", Room: true}},
	}
	want := templates.Invite{
		Title: "Harbour walk", Method: "Invitation", Weekday: "Thu", Day: "26", Month: "Nov", When: "Thu 26 Nov 2026, 19:00–20:30 (your time)", Start: event.Start,
		Location: "Pier 4", Organiser: "nikhil@example.org", People: "Priya accepted, tom@example.org declined, 1 invited",
	}
	if diff := cmp.Diff(want, inviteCard(cards.MethodRequest, event, clock)); diff != "" {
		t.Errorf("inviteCard (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		name   string
		method cards.Method
		change func(*cards.Event)
		want   string
	}{
		{"change", cards.MethodRequest, func(e *cards.Event) { e.Sequence = 2 }, "Changed invitation"},
		{"cancelled", cards.MethodCancel, func(*cards.Event) {}, "Cancelled"},
		{"answer", cards.MethodReply, func(*cards.Event) {}, "Answer to an invitation"},
		{"for information", cards.MethodPublish, func(*cards.Event) {}, "Event"},
	} {
		e := event
		tt.change(&e)
		if got := inviteCard(tt.method, e, clock).Method; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	event.Start = time.Time{}
	if got := inviteCard(cards.MethodRequest, event, clock).When; got != "No time is given" {
		t.Errorf("without a time: %q", got)
	}
}

func TestBounceCard(t *testing.T) {
	failed, late := cards.Recipient{Address: "a@example.org", Action: cards.ActionFailed, Status: "5.1.1"}, cards.Recipient{Address: "b@example.org", Action: cards.ActionDelayed, RetryUntil: "Monday"}
	for _, tt := range []struct {
		in   []cards.Recipient
		want string
		bad  bool
	}{
		{[]cards.Recipient{failed}, "Your message was not delivered", true},
		{[]cards.Recipient{failed, late}, "Your message did not reach 1 of 2 recipients", true},
		{[]cards.Recipient{late}, "Your message is delayed", false},
		{[]cards.Recipient{{Action: cards.ActionDelivered}}, "Your message was delivered", false},
	} {
		got := bounceCard(cards.Delivery{Recipients: tt.in})
		if got.Title != tt.want || got.Failed != tt.bad || len(got.Recipients) != len(tt.in) {
			t.Errorf("bounceCard(%v) = %+v, want %q", tt.in, got, tt.want)
		}
	}
}

func TestTelephone(t *testing.T) {
	for in, want := range map[string]string{"+44 (20) 7946-0018": "tel:+442079460018", "*#06#": "", "call me": "", "12": ""} {
		if got := telephone(in); got != want {
			t.Errorf("telephone(%q) = %q, want %q", in, got, want)
		}
	}
}

// Cards in the page, from the mails of the corpus that bring them.
func TestCardsAreShown(t *testing.T) {
	for _, tt := range []struct{ file, selector, want string }{
		{"b10-invite.eml", "#reader .invite h3", "Harbour planning"},
		{"b12-vcard.eml", "#reader .contact h3", "Zoë"},
		{"b15-dsn.eml", "#reader .bounce h3", "not delivered"},
		{"b16-forward-rfc822.eml", "#reader .embedded .snip", "Inner subject"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			m := newMailed(t, imaptest.Memory(t), corpusMail(t, "benign/"+tt.file))
			page := m.get(m.base.Message(m.ref)).status(200)
			if got := strings.Join(page.all(tt.selector), "|"); !strings.Contains(got, tt.want) {
				t.Errorf("%s = %q, want %q", tt.selector, got, tt.want)
			}
		})
	}
}
