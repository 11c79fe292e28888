package templates

import (
	"strings"

	"godwit/imapsession"
	"godwit/imapsession/rfc822"
)

// RowOf makes a row from a summary. outgoing shows to whom rather than from whom: in Sent and Drafts.
// c.Moment of Date is shown unless byArrival, which shows when the message came in: what the list is ordered by.
func RowOf(s imapsession.Summary, c Clock, outgoing, byArrival bool) Row {
	who := s.From
	if outgoing {
		who = s.To
	}
	when := s.Date
	if byArrival && !s.Received.IsZero() {
		when = s.Received
	}
	row := Row{
		Ref: s.Ref, From: names(who), Avatar: avatarOfFirst(who), Subject: SubjectOr(s.Subject), When: c.Moment(when), Size: Size(s.Size),
		Unread: !s.Has(`\Seen`), Flagged: s.Has(`\Flagged`), Draft: s.Has(`\Draft`), Replied: s.Has(`\Answered`), Forwarded: s.Has("$Forwarded"),
		Attachment: s.Attachments, Invite: s.Invite, Chips: ChipsOf(s.Flags), Preview: s.Preview, PreviewKnown: s.PreviewKnown,
	}
	if outgoing && len(who) > 0 {
		row.From = "To: " + row.From
	}
	return row
}

// SubjectOr gives the subject, or the words that stand for none.
func SubjectOr(subject string) string {
	if strings.TrimSpace(subject) == "" {
		return "(no subject)"
	}
	return subject
}

// names lists people shortly: one by the whole name, several by the first word of each.
func names(people []rfc822.Address) string {
	var all []string
	for _, p := range people {
		switch {
		case p.Name != "":
			all = append(all, p.Name)
		case p.Addr != "":
			all = append(all, p.Addr)
		case p.Group != "":
			all = append(all, p.Group)
		}
	}
	switch len(all) {
	case 0:
		return "(unknown)"
	case 1:
		return all[0]
	}
	const shown = 3 // names that fit a row
	for i, name := range all {
		if first, _, ok := strings.Cut(name, " "); ok && !strings.HasSuffix(first, ",") {
			all[i] = first
		}
	}
	if len(all) > shown {
		return strings.Join(all[:shown], ", ") + " +" + Count(len(all)-shown)
	}
	return strings.Join(all, ", ")
}

func avatarOfFirst(people []rfc822.Address) Avatar {
	if len(people) == 0 {
		return AvatarOf("", "")
	}
	return AvatarOf(people[0].Name, people[0].Addr)
}

// GroupRows cuts rows into runs of one day heading each. at gives the time a row is ordered by; nil makes one run without a heading.
func GroupRows(rows []Row, summaries []imapsession.Summary, c Clock, order imapsession.Order) []Group {
	if len(rows) == 0 {
		return nil
	}
	if order != imapsession.OrderArrival && order != imapsession.OrderDate || len(rows) != len(summaries) {
		return []Group{{Rows: rows}}
	}
	var groups []Group
	for i, row := range rows {
		at := summaries[i].Received
		if order == imapsession.OrderDate || at.IsZero() {
			at = summaries[i].Date
		}
		title := c.Day(at)
		if n := len(groups); n > 0 && groups[n-1].Title == title {
			groups[n-1].Rows = append(groups[n-1].Rows, row)
			continue
		}
		groups = append(groups, Group{Title: title, Rows: []Row{row}})
	}
	return groups
}

// labels are the five keywords that Thunderbird made common, by its default names.
var labels = map[string]Chip{
	"$label1": {"Important", 5},
	"$label2": {"Work", 2},
	"$label3": {"Personal", 3},
	"$label4": {"To do", 6},
	"$label5": {"Later", 4},
}

// ChipsOf gives the keywords among flags that a person set. What programs keep for themselves (a leading "\" or "$", and the like of NonJunk) is left out.
func ChipsOf(flags []string) []Chip {
	var chips []Chip
	for _, flag := range flags {
		lower := strings.ToLower(flag)
		if chip, ok := labels[lower]; ok {
			chips = append(chips, chip)
			continue
		}
		switch lower {
		case "nonjunk", "junk", "notjunk", "forwarded", "redirected", "receipthandled", "junkrecorded", "old", "recent":
			continue
		}
		if flag == "" || flag[0] == '\\' || flag[0] == '$' {
			continue
		}
		chips = append(chips, Chip{Text: strings.ReplaceAll(flag, "_", " "), Hue: hue(lower)})
	}
	return chips
}

// shownChips is how many a row shows; the rest becomes "+n".
const shownChips = 2

func (r Row) chips() []Chip {
	if len(r.Chips) > shownChips {
		return r.Chips[:shownChips]
	}
	return r.Chips
}

func (r Row) moreChips() int { return max(0, len(r.Chips)-shownChips) }
