package templates

import (
	"context"

	"github.com/a-h/templ"

	"godwit/imapsession"
	"godwit/web/urls"
)

var filters = []struct {
	filter imapsession.Filter
	name   string
}{
	{imapsession.FilterAll, "All"},
	{imapsession.FilterUnread, "Unread"},
	{imapsession.FilterFlagged, "Flagged"},
}

var orders = []struct {
	order                 imapsession.Order
	name, first, reversed string // first and reversed: the two directions in words
}{
	{imapsession.OrderArrival, "Arrival", "Newest first", "Oldest first"},
	{imapsession.OrderDate, "Date sent", "Newest first", "Oldest first"},
	{imapsession.OrderFrom, "Sender", "A to Z", "Z to A"},
	{imapsession.OrderSubject, "Subject", "A to Z", "Z to A"},
	{imapsession.OrderSize, "Size", "Largest first", "Smallest first"},
}

var paneChoices = []struct {
	panes Panes
	name  string
}{{PaneRight, "On the right"}, {PaneBelow, "Below"}, {PaneOff, "Off"}}

// widthChoices are for those who can't drag (WCAG 2.5.7); the middle one is the stylesheet's own.
var widthChoices = []struct {
	rem  int
	name string
}{{20, "Narrow"}, {26, "Normal"}, {36, "Wide"}}

func (l Look) listWidth() int {
	if l.ListW < 18 || l.ListW > 44 {
		return 26
	}
	return l.ListW / 2 * 2
}

// listPixels is the width at the usual 16 px a rem, where the splitter starts from.
func (l Look) listPixels() string { return uidText(imapsession.UID(l.listWidth() * 16)) }

func (l ListProps) here(ctx context.Context) string {
	if l.Here != "" {
		return l.Here
	}
	return urls.From(ctx).MailboxList(l.Mailbox, l.Query)
}

// besideOf leaves the page's one h1 to the reader when that has something to say.
func (l ListProps) besideOf(r ReaderProps) ListProps {
	l.beside = r.Message != nil
	return l
}

// sum is what stands beside the title.
func (l ListProps) sum() string {
	switch {
	case l.Query.Filter == imapsession.FilterFlagged:
		return Count(l.Total) + " flagged"
	case l.sumIsUnread():
		return unreadWords(l.Unread)
	case l.Total > 0:
		return Plural(l.Total, "message", "messages")
	}
	return ""
}

// sumIsUnread tells whether the sum changes with what is read: Nav renews it then.
func (l ListProps) sumIsUnread() bool {
	return l.Unread > 0 && l.Query.Filter != imapsession.FilterFlagged
}

func unreadWords(n uint32) string {
	if n == 0 {
		return ""
	}
	return Count(n) + " unread"
}

// said is what a screen reader hears when the list was swapped.
func (l ListProps) said() string {
	if l.Total == 0 {
		return l.Title + ", no messages"
	}
	return l.Title + ", " + l.span()
}

func (l ListProps) rows() (n int) {
	for _, g := range l.Groups {
		n += len(g.Rows)
	}
	return n
}

// span is "1–50 of 2,481".
func (l ListProps) span() string {
	n := uint32(l.rows())
	if n == 0 || l.First == 0 {
		return Plural(l.Total, "message", "messages")
	}
	return Count(l.First) + "–" + Count(l.First+n-1) + " of " + Count(max(l.Total, l.First+n-1))
}

// top is the first page in the same order and filter.
func (l ListProps) top() urls.List {
	q := l.Query
	q.Before, q.After = 0, 0
	return q
}

func (l ListProps) filtered(f imapsession.Filter) urls.List {
	q := l.top()
	q.Filter = f
	return q
}

func (l ListProps) ordered(o imapsession.Order) urls.List {
	q := l.top()
	q.Order, q.Reverse = o, false
	return q
}

func (l ListProps) reversed(reverse bool) urls.List {
	q := l.top()
	q.Reverse = reverse
	return q
}

func (l ListProps) older() urls.List {
	q := l.top()
	q.Before = l.Older
	return q
}

func (l ListProps) newer() urls.List {
	q := l.top()
	q.After = l.Newer
	return q
}

// byTime tells the orders in which "newer" and "older" mean something.
func (l ListProps) byTime() bool {
	return l.Query.Order == imapsession.OrderArrival || l.Query.Order == imapsession.OrderDate
}

func (l ListProps) newerWord() string {
	switch {
	case !l.byTime():
		return "Previous"
	case l.Query.Reverse:
		return "Older"
	}
	return "Newer"
}

func (l ListProps) olderWord() string {
	switch {
	case !l.byTime():
		return "Next"
	case l.Query.Reverse:
		return "Newer"
	}
	return "Older"
}

func (l ListProps) can(o imapsession.Order) bool {
	if o == imapsession.OrderArrival {
		return true
	}
	for _, have := range l.Orders {
		if have == o {
			return true
		}
	}
	return false
}

func (l ListProps) orderName() string {
	for _, o := range orders {
		if o.order == l.Query.Order {
			return o.name + ", " + l.directionName(l.Query.Reverse)
		}
	}
	return ""
}

func (l ListProps) directionName(reverse bool) string {
	for _, o := range orders {
		if o.order == l.Query.Order {
			if reverse {
				return o.reversed
			}
			return o.first
		}
	}
	return ""
}

// withoutPreview are the rows whose line is still to be fetched; none when a person wants no preview lines.
func (l ListProps) withoutPreview() (uids []imapsession.UID) {
	if l.Look.Lines == 0 {
		return nil
	}
	for _, g := range l.Groups {
		for _, r := range g.Rows {
			if !r.PreviewKnown {
				uids = append(uids, r.Ref.UID)
			}
		}
	}
	return uids
}

// DOMID is the id of the row's element.
func (r Row) DOMID() string { return "m-" + uidText(r.Ref.UID) }

func (r Row) previewID() string { return previewID(r.Ref.UID) }

func previewID(u imapsession.UID) string { return "p-" + uidText(u) }

func (r Row) state() string {
	if r.Unread {
		return "unread"
	}
	return "read"
}

// bare leaves UIDVALIDITY out: a message's address is one to keep.
func (r Row) bare() imapsession.Ref {
	return imapsession.Ref{Mailbox: r.Ref.Mailbox, UID: r.Ref.UID}
}

func currentTrue(current bool) templ.Attributes {
	if !current {
		return nil
	}
	return templ.Attributes{"aria-current": "true"}
}

func yesNo(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
