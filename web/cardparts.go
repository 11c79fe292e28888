package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/cards"
)

// Parts that programs write for programs, shown as cards.

const maxCardPart = 512 << 10 // octets of a calendar, vCard or report that are read

// invite shows the events of a calendar part.
func (r *reading) invite(ctx context.Context, p *imapsession.Part) (made, error) {
	text, _, err := session(r.c).Text(ctx, r.msg.Ref, p.Section, maxCardPart)
	if err != nil {
		return made{}, err
	}
	clock := r.s.clock(r.c)
	calendar, ok := cards.Invite([]byte(text), clock.Zone)
	if !ok {
		return r.unreadable(p, "A calendar entry in this message can't be read here."), nil
	}
	var m made
	for _, e := range calendar.Events {
		card := inviteCard(calendar.Method, e, clock)
		card.Section = p.Section
		m.blocks = append(m.blocks, templates.Block{Invite: &card})
	}
	if calendar.More > 0 {
		m.blocks = append(m.blocks, r.unreadable(p, templates.Plural(calendar.More, "more event is", "more events are")+" in the file.").blocks...)
	}
	return m, nil
}

// inviteCard says an event in words, in the reader's zone.
func inviteCard(method cards.Method, e cards.Event, clock templates.Clock) templates.Invite {
	card := templates.Invite{
		Title: templates.SubjectOr(e.Title), Method: inviteWords(method, e), Cancelled: e.Cancelled,
		Location: e.Location, Repeats: e.Recurrence.Words(), People: attendeeWords(e), Text: e.Description,
		Organiser: e.Organiser.Name, Start: e.Start,
	}
	if card.Organiser == "" {
		card.Organiser = e.Organiser.Address
	}
	if e.Start.IsZero() {
		card.When = "No time is given"
		return card
	}
	start := e.Start
	card.Weekday, card.Day, card.Month = start.Format("Mon"), start.Format("2"), start.Format("Jan")
	card.When = clock.Span(start, e.End, e.AllDay)
	switch {
	case e.AllDay, e.Floating:
	case e.Guessed:
		card.When += " (the sender’s zone “" + e.Zone + "” is not known here: taken as yours)"
	default:
		card.When += " (your time)"
	}
	return card
}

func inviteWords(method cards.Method, e cards.Event) string {
	switch {
	case e.Cancelled || method == cards.MethodCancel:
		return "Cancelled"
	case method == cards.MethodRequest && e.Sequence > 0:
		return "Changed invitation"
	case method == cards.MethodRequest:
		return "Invitation"
	case method == cards.MethodReply:
		return "Answer to an invitation"
	case method == cards.MethodCounter:
		return "Another time is proposed"
	case e.Tentative:
		return "Event, not yet certain"
	}
	return "Event"
}

// attendeeWords sums up who comes: "Priya accepted, Tom declined, 2 waiting".
func attendeeWords(e cards.Event) string {
	const named = 5 // people named before the rest is counted
	var words []string
	waiting, more := 0, e.MoreAttendees
	for _, p := range e.Attendees {
		name := p.Name
		if name == "" {
			name = p.Address
		}
		answer := map[cards.Answer]string{
			cards.AnswerAccepted: "accepted", cards.AnswerDeclined: "declined", cards.AnswerTentative: "may come", cards.AnswerDelegated: "sends someone else",
		}[p.Answer]
		switch {
		case p.Room:
		case answer == "":
			waiting++
		case len(words) < named:
			words = append(words, name+" "+answer)
		default:
			more++
		}
	}
	if waiting > 0 {
		words = append(words, templates.Count(waiting)+" invited")
	}
	if more > 0 {
		words = append(words, templates.Count(more)+" more")
	}
	return strings.Join(words, ", ")
}

// contact shows the cards of a vCard part.
func (r *reading) contact(ctx context.Context, p *imapsession.Part) (made, error) {
	text, _, err := session(r.c).Text(ctx, r.msg.Ref, p.Section, maxCardPart)
	if err != nil {
		return made{}, err
	}
	list, more := cards.VCards([]byte(text))
	if len(list) == 0 {
		return r.unreadable(p, "A contact in this message can't be read here."), nil
	}
	var m made
	for _, c := range list {
		card := contactCard(c)
		card.Section = p.Section
		m.blocks = append(m.blocks, templates.Block{Contact: &card})
	}
	if more > 0 {
		m.blocks = append(m.blocks, r.unreadable(p, templates.Plural(more, "more contact is", "more contacts are")+" in the file.").blocks...)
	}
	return m, nil
}

func contactCard(c cards.Card) templates.Contact {
	first := ""
	if len(c.Emails) > 0 {
		first = c.Emails[0].Value
	}
	card := templates.Contact{Name: c.Name, Avatar: templates.AvatarOf(c.Name, first), Org: c.Organisation}
	if c.Title != "" && c.Organisation != "" {
		card.Org = c.Title + ", " + c.Organisation
	} else if c.Title != "" {
		card.Org = c.Title
	}
	add := func(name string, l cards.Labelled, href string) {
		if l.Label != "" {
			name += " (" + l.Label + ")"
		}
		card.Lines = append(card.Lines, templates.Field{Name: name, Value: l.Value, Href: href})
	}
	for _, l := range c.Emails {
		href := ""
		if strings.Contains(l.Value, "@") {
			href = (&url.URL{Scheme: "mailto", Opaque: url.PathEscape(l.Value)}).String()
		}
		add("Email", l, href)
	}
	for _, l := range c.Phones {
		add("Phone", l, telephone(l.Value))
	}
	for _, l := range c.Addresses {
		add("Address", l, "")
	}
	for _, l := range c.Links {
		add("Web", cards.Labelled{Value: l.Host}, l.Href)
	}
	if c.Birthday != "" {
		add("Birthday", cards.Labelled{Value: c.Birthday}, "")
	}
	if c.Note != "" {
		add("Note", cards.Labelled{Value: c.Note}, "")
	}
	return card
}

// telephone is the address of a number, "" when it is none that could be dialled.
func telephone(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' || r == '*' || r == '#' {
			return r
		}
		return -1
	}, number)
	if len(digits) < 3 || len(digits) > 20 || strings.ContainsAny(digits, "*#") {
		return ""
	}
	return "tel:" + digits
}

// bounce shows a delivery report.
func (r *reading) bounce(ctx context.Context, p *imapsession.Part) (made, error) {
	text, _, err := session(r.c).Text(ctx, r.msg.Ref, p.Section, maxCardPart)
	if err != nil {
		return made{}, err
	}
	report, ok := cards.DeliveryStatus([]byte(text))
	if !ok {
		return r.unreadable(p, "A delivery report in this message can't be read here."), nil
	}
	card := bounceCard(report)
	return made{blocks: []templates.Block{{Bounce: &card}}}, nil
}

func bounceCard(d cards.Delivery) templates.Bounce {
	card := templates.Bounce{Reporter: d.Reporter}
	counts := map[cards.Action]int{}
	for _, r := range d.Recipients {
		counts[r.Action]++
		card.Failed = card.Failed || r.Failed()
		to := templates.BounceRecipient{Addr: r.Address, Action: string(r.Action), Words: r.Words, Code: r.Status, Server: r.Diagnostic}
		if r.Original != "" {
			to.Addr += " (sent to " + r.Original + ")"
		}
		if r.RetryUntil != "" && r.Action == cards.ActionDelayed {
			to.Words = strings.TrimSpace(to.Words + " The server goes on trying until " + r.RetryUntil + ".")
		}
		card.Recipients = append(card.Recipients, to)
	}
	all := len(d.Recipients) + d.More
	switch {
	case card.Failed && counts[cards.ActionFailed] == all:
		card.Title = "Your message was not delivered"
	case card.Failed:
		card.Title = fmt.Sprintf("Your message did not reach %s of %s", templates.Count(counts[cards.ActionFailed]), templates.Plural(all, "recipient", "recipients"))
	case counts[cards.ActionDelayed] > 0:
		card.Title = "Your message is delayed"
	default:
		card.Title = "Your message was delivered"
	}
	return card
}

// receipt shows what someone did with a mail of ours.
func (r *reading) receipt(ctx context.Context, p *imapsession.Part) (made, error) {
	text, _, err := session(r.c).Text(ctx, r.msg.Ref, p.Section, maxCardPart)
	if err != nil {
		return made{}, err
	}
	receipt, ok := cards.Disposition([]byte(text))
	if !ok {
		return r.unreadable(p, "A receipt in this message can't be read here."), nil
	}
	return made{blocks: []templates.Block{{Note: &templates.Note{Kind: templates.NoticeInfo, Text: receiptWords(receipt)}}}}, nil
}

func receiptWords(r cards.Receipt) string {
	who := r.Recipient
	if who == "" {
		who = "The recipient"
	}
	what, ok := map[string]string{
		"displayed": "opened your message", "deleted": "deleted your message", "dispatched": "passed your message on", "processed": "processed your message",
		"denied": "declined to say whether your message was read", "failed": "could not process your message",
	}[r.Kind]
	if !ok {
		what = "reports on your message: " + r.Kind
	}
	if r.Automatic {
		what += " (by a program, without a person’s doing)"
	}
	return who + " " + what + "."
}

// unreadable says why a part is not shown, with the way to have it all the same.
func (r *reading) unreadable(p *imapsession.Part, why string) made {
	return made{blocks: []templates.Block{{Note: &templates.Note{
		Text: why, Action: &templates.Action{Text: "Download it", Href: r.s.o.Base.Download(r.msg.Ref, p.Section), Icon: "download"},
	}}}}
}
