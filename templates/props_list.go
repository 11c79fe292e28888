package templates

import (
	"godwit/imapsession"
	"godwit/web/urls"
)

// ListProps is a page of a mailbox's list, region "list".
type ListProps struct {
	Mailbox string
	Title   string // "Inbox", "2026 October"
	Role    imapsession.Role
	Query   urls.List // what this page was asked for; row links keep it
	Unread  uint32    // of the whole mailbox, for the head
	Total   uint32    // rows of the whole (filtered) list
	First   uint32    // place of the first row, from 1; 0 when there are none
	Groups  []Group   // GroupRows makes them
	Older   imapsession.UID
	Newer   imapsession.UID
	Orders  []imapsession.Order // what the server can sort by
	// UIDValidity goes into the address that the missing preview lines are fetched from.
	UIDValidity uint32
	ReadOnly    bool
	Look        Look
	Here        string // as Frame.Here
	// NewMail counts what arrived since the page was made: the "3 new" pill; 0 hides it.
	NewMail int
	Error   *ErrorProps // shown instead of rows that could not be had
	beside  bool        // a message is open beside it, whose subject is the page's h1
	// OOB marks a list that is sent beside another region, to be swapped by its id.
	OOB bool
}

// Group is a run of rows under one heading; Title "" has none (orders other than by date).
type Group struct {
	Title string
	Rows  []Row
}

// Row is one message of a list. RowOf makes it from an imapsession.Summary.
type Row struct {
	Ref          imapsession.Ref
	From         string // who is shown: the senders, or "To: ..." in Sent and Drafts; never empty
	Avatar       Avatar
	Subject      string // never empty
	When         Moment
	Unread       bool
	Open         bool // it is in the reader
	Flagged      bool
	Draft        bool
	Replied      bool
	Forwarded    bool
	Attachment   bool
	Invite       bool
	Chips        []Chip
	Preview      string
	PreviewKnown bool // else an empty place is kept for Previews to fill
	Size         string
}

// Chip is a keyword in a colour.
type Chip struct {
	Text string
	Hue  int // 1 to 8
}

// Preview is a line of text for a row that was painted without.
type Preview struct {
	UID  imapsession.UID
	Text string // "" when the message has none
}
