package imapsession

import (
	"context"
	"time"

	"godwit/imapsession/rfc822"
)

// Order is how a page is sorted. Everything but OrderArrival needs SORT (RFC 5256).
type Order string

const (
	OrderArrival Order = ""     // by UID: as the messages came into the mailbox
	OrderDate    Order = "date" // by the Date header
	OrderFrom    Order = "from"
	OrderSubject Order = "subject"
	OrderSize    Order = "size"
)

// Filter narrows a page.
type Filter string

const (
	FilterAll     Filter = ""
	FilterUnread  Filter = "unread"
	FilterFlagged Filter = "flagged"
)

// PageSpec asks for one page of a mailbox.
type PageSpec struct {
	Size    int // rows at most; 0 is 50, more than 200 is 200
	Before  UID // keyset: rows that stand after this UID in the order; 0 starts at the top
	After   UID // keyset the other way: the rows just above this UID; 0 is unset; Before wins
	Order   Order
	Reverse bool // oldest, smallest or Z first; the default is newest or largest first, A first for text
	Filter  Filter
}

// Page is a window of a mailbox in an order.
type Page struct {
	Mailbox     string
	UIDValidity uint32
	Total       uint32 // rows of the whole (filtered) list
	Messages    uint32 // messages in the mailbox
	First       uint32 // place of the first row in the list, from 1; 0 when empty
	Summaries   []Summary
	Older       UID // pass as Before for the next page; 0 on the last
	Newer       UID // pass as After for the page above; 0 on the first
	ReadOnly    bool
	Orders      []Order // what this server can sort by, OrderArrival always among them
}

// Summary is one row of a list.
type Summary struct {
	Ref          Ref
	From         []rfc822.Address
	To           []rfc822.Address
	Subject      string    // decoded, one line, may be empty
	Date         time.Time // the Date header in its own zone, else Received
	Received     time.Time // INTERNALDATE
	Size         int64     // RFC822.SIZE, octets
	Flags        []string  // system flags and keywords as the server spells them
	Attachments  bool      // BODYSTRUCTURE shows a part a person would call a file
	Invite       bool      // a text/calendar part is among them
	Preview      string    // a line of the text, when PreviewKnown
	PreviewKnown bool
	MessageID    string
	References   []string // In-Reply-To last
}

// Has tells whether the flag or keyword is set; flags compare without case.
func (m *Summary) Has(flag string) bool { return hasFlag(m.Flags, flag) }

// Page returns the rows spec asks for. It costs a constant number of round trips and work
// in proportion to the page, not the mailbox. ErrNoMailbox; ErrUnsupported for an order without SORT.
func (s *Session) Page(ctx context.Context, mailbox string, spec PageSpec) (*Page, error) {
	panic("page.go")
}

// Previews returns a line of text for each of the UIDs that still exist: PREVIEW (RFC 8970)
// where offered, else cut from the first bytes of the text part. At most 200 UIDs.
func (s *Session) Previews(ctx context.Context, mailbox string, uidValidity uint32, uids []UID) (map[UID]string, error) {
	panic("preview.go")
}
