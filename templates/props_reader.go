package templates

import (
	"time"

	"godwit/imapsession"
	"godwit/web/mailhtml"
	"godwit/web/urls"
)

// ReaderProps is an open message, region "reader". A nil Message shows the empty place.
type ReaderProps struct {
	Mailbox string // that the list shows
	Title   string // of the mailbox, for "Back to Inbox"
	Query   urls.List
	Place   *Place // nil when not known
	Message *Message
	Error   *ErrorProps // shown instead of a message that could not be opened
	// Seen is the address a script posts action=seen, uid and v to when it shows a prefetched answer; "" is when there is nothing to mark.
	Seen string
	OOB  bool // as ListProps.OOB
}

// Place is where the message stands in its mailbox.
type Place struct {
	Newer, Older imapsession.UID // 0 at the ends
	Place, Total uint32
}

// Message is a mail, or a mail inside a mail, ready to be read.
type Message struct {
	Ref        imapsession.Ref     // with UIDValidity
	Section    imapsession.Section // where it lies when it is embedded; "" for the mail itself
	Subject    string              // never empty
	From       []Person            // never empty: PeopleOf(nil) gives the unknown sender
	Sender     []Person            // when it is another than From
	ReplyTo    []Person            // when it is another than From
	To, Cc     []Person
	Bcc        []Person
	When       Moment // the Date header in the reader's zone
	Received   Moment // INTERNALDATE; zero for an embedded one
	SentZone   string // "+09:00" when the sender's clock stood elsewhere; else ""
	Size       string // "2.4 MB"
	Flagged    bool
	Chips      []Chip
	Repairs    []string // what could not be read as sent
	Files      []Attachment
	MoreFiles  []Attachment // behind "+ n more"
	ZipOK      bool         // "Download all" is offered from three files on
	Blocked    int          // remote loads that were stopped
	Remote     bool         // remote images are shown now
	Choice     BodyChoice
	Body       []Block // in order
	Signed     string  // "Signed (S/MIME). The signature was not checked." or ""
	AuthNotice string  // a warning about the sender's identity, or ""
}

// BodyChoice is which of its alternatives a message shows.
type BodyChoice struct {
	Now   string // "text" or "html"
	Other string // the one that can be switched to; "" when there is none
}

// Person is an address for display.
type Person struct {
	Name   string // "" when only the address is known
	Addr   string
	Avatar Avatar
	Me     bool // one of the reader's own addresses
	// Warn says what is odd: the name claims another address, or the like. "" is nothing.
	Warn string
}

// Attachment is a file of a message.
type Attachment struct {
	Section  imapsession.Section
	File     int    // the nth file of the container at Section; used when InFile
	InFile   bool   // the file was unpacked from a container (winmail.dat, uuencode)
	Name     string // never empty
	Kind     string // for people: "PDF", "Image", "Sheet"; KindOf gives it
	Tile     string // up to four letters for the tile: "PDF", "XLS"
	Hue      int    // of the tile, 1 to 8
	Size     string // "2.4 MB", "about 2.4 MB" when it is estimated; may be empty
	Thumb    bool   // a small picture can be had
	Preview  bool   // the preview page can show it
	IsMail   bool   // message/rfc822: opens in place
	MimeType string
}

// Block is one piece of a message's body. Exactly one field is set.
type Block struct {
	Text    *TextBlock
	HTML    *HTMLBlock
	Image   *ImageBlock
	Invite  *Invite
	Contact *Contact
	Bounce  *Bounce
	Mail    *Embedded
	Note    *Note
}

// TextBlock is a text/plain part.
type TextBlock struct {
	Blocks    []mailhtml.Block
	Truncated *Action // the rest as a download, or nil
}

// HTMLBlock is a text/html part in its frame.
type HTMLBlock struct {
	Section imapsession.Section
	Height  int  // CSS pixels to reserve; 0 is a default
	Remote  bool // ask for remote images
	Colours bool // the mail brings colours of its own: it stays light
}

// ImageBlock is an image shown under the text.
type ImageBlock struct {
	Section imapsession.Section
	Name    string // alternative text
}

// Invite is a calendar part, read only.
type Invite struct {
	Title     string
	Method    string // for people: "Invitation", "Cancelled", "Reply"
	Cancelled bool
	Weekday   string // "Thu"
	Day       string // "22"
	Month     string // "Oct"
	When      string // "Thu 22 Oct 2026, 19:00–20:30 (your time)"
	Start     time.Time
	Repeats   string
	Location  string
	Organiser string
	People    string // "Nikhil (organiser), Priya accepted, 2 waiting"
	Text      string // description, plain
	Section   imapsession.Section
}

// Contact is a vCard part.
type Contact struct {
	Name    string
	Avatar  Avatar
	Org     string
	Lines   []Field // label and value: "Email", "Phone"
	Section imapsession.Section
}

// Field is a name with a value. Href, when set, makes the value a link (mailto:, tel:, https:); templ checks the scheme.
type Field struct{ Name, Value, Href string }

// Bounce is a delivery report (RFC 3464), in words.
type Bounce struct {
	Failed     bool // else delayed, relayed or delivered
	Title      string
	Recipients []BounceRecipient
	Reporter   string // the server that says so
}

// BounceRecipient is one address of a delivery report.
type BounceRecipient struct {
	Addr   string
	Action string // "failed", "delayed", "delivered"
	Words  string // what a person can do with it
	Code   string // "5.1.1"
	Server string // diagnostic text
}

// Embedded is a message/rfc822 part: a card that opens in place.
type Embedded struct {
	Section imapsession.Section
	From    Person
	Subject string
	When    Moment
	// Message is there once it was opened.
	Message *Message
	Error   *ErrorProps
}

// Note is a plain remark within the body: "This part could not be shown."
type Note struct {
	Kind   NoticeKind
	Text   string
	Action *Action
}
