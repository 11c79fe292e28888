package templates

import (
	"context"

	"godwit/imapsession"
)

// Frame is what surrounds every page of a signed-in person: head, top bar, notices, folder tree, tab bar.
// The zero value renders a signed-out frame in English with the person's device deciding on light or dark.
type Frame struct {
	Title   string // of the document, without " · godwit"
	Lang    string // BCP 47; "" is "en"
	Dir     string // "ltr" or "rtl"; "" is "ltr"
	Look    Look
	User    string // who is signed in; "" leaves out the account menu
	Avatar  Avatar // of the person
	Notices []Notice
	Nav     NavProps
	Status  Status
	// Here is the address of this page (path and query, with the base): the forms of the view menu and of the sign-in dialog come back to it.
	Here string
}

// Look is how a person wants pages to look. The zero value is the default.
type Look struct {
	Theme   Theme
	Density Density
	Panes   Panes
	Lines   int  // preview lines in the list, 0 to 2; DefaultLook has 1
	ListW   int  // width of the list in rem, 18 to 44 in steps of 2; 0 is the stylesheet's own
	NoNav   bool // the folders are hidden
	NoKeys  bool // single-key shortcuts are off (WCAG 2.1.4)
}

// DefaultLook is for people who have not chosen.
var DefaultLook = Look{Theme: ThemeAuto, Density: Comfortable, Panes: PaneRight, Lines: 1}

// Theme is "auto", "light" or "dark".
type Theme string

const (
	ThemeAuto  Theme = "auto"
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// Density is "comfortable" or "compact".
type Density string

const (
	Comfortable Density = "comfortable"
	Compact     Density = "compact"
)

// Panes says where the reading pane is: "right", "below" or "off".
type Panes string

const (
	PaneRight Panes = "right"
	PaneBelow Panes = "below"
	PaneOff   Panes = "off"
)

// Status is the line in the top bar that says how fresh the page is.
type Status struct {
	Text string // "Up to date"; "" is that
	Off  bool   // something is wrong: another icon
}

// NoticeKind decides colour and icon.
type NoticeKind string

const (
	NoticeInfo NoticeKind = "info"
	NoticeGood NoticeKind = "good"
	NoticeWarn NoticeKind = "warn"
	NoticeBad  NoticeKind = "bad"
)

// Notice is one banner: an ALERT of the mail server, a saved setting, a failure that left the page usable.
type Notice struct {
	Kind   NoticeKind // "" is NoticeInfo
	Text   string
	Action *Action // the one best way on, or nil
}

// Action is a link with words.
type Action struct {
	Text string
	Href string
	Icon string // name in the sprite, without "i-"; may be empty
}

// NavProps is the folder tree, region "folders".
type NavProps struct {
	// Current is the mailbox that is open; "" for pages that are none.
	Current string
	// Folders are top-level nodes with their children, in the order of imapsession.Mailboxes. NavOf builds them.
	Roles    []Folder    // those with a role, INBOX first, always on top
	Personal []Folder    // the rest of the person's own, under the heading "Folders"
	Others   []Namespace // other people's and shared ones, each under a heading of its own
	Quota    *Quota      // nil when the server has none
	OOB      bool        // as ListProps.OOB
	// State names what the tree shows, whichever mailbox is open: a browser that has it needs no other.
	State string
}

// Namespace is a heading of the tree with what stands under it.
type Namespace struct {
	Title   string // "Shared with me", "Shared folders"
	Folders []Folder
}

// Folder is a node of the tree.
type Folder struct {
	Mailbox  string // full name; the link is urls.Mailbox of it
	Name     string // what a person reads: the last element, or the role's name
	Role     imapsession.Role
	Unread   uint32 // bold with this count when not 0
	Total    uint32 // shown calmly for Drafts and Junk when not 0
	NoSelect bool   // shown, not linked
	Open     bool   // its children are shown from the start
	Children []Folder
}

// Quota is the storage line below the tree; Used and Limit are octets.
type Quota struct{ Used, Limit int64 }

// Avatar is the round sign beside a name: up to two letters and one of eight fixed hues. AvatarOf makes it.
type Avatar struct {
	Text string
	Hue  int // 1 to 8
}

type formTokenKey struct{}

// WithFormToken puts the value that every form carries as the hidden field "csrf" into ctx; it is for browsers that send no Sec-Fetch-Site.
func WithFormToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, formTokenKey{}, token)
}

// FormToken gives what WithFormToken put there, else "".
func FormToken(ctx context.Context) string {
	s, _ := ctx.Value(formTokenKey{}).(string)
	return s
}

type consentKey struct{}

// WithConsent puts into ctx what "Show once" says in its address: that a page of ours asked for remote images. A mail can't know it, so
// that no link in a mail can give consent for the person who follows it.
func WithConsent(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, consentKey{}, token)
}

// Consent gives what WithConsent put there, else "".
func Consent(ctx context.Context) string {
	s, _ := ctx.Value(consentKey{}).(string)
	return s
}

func consentIf(ctx context.Context, given bool) string {
	if !given {
		return ""
	}
	return Consent(ctx)
}
