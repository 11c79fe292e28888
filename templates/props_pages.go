package templates

import (
	"godwit/imapsession"
)

// MailboxProps is the three-pane page.
type MailboxProps struct {
	Frame  Frame
	List   ListProps
	Reader ReaderProps
}

// LoginProps is the sign-in page.
type LoginProps struct {
	Look     Look
	Server   string // name of the mail server or domain, "mail.example.org"; may be empty
	Username string // prefilled
	Password string // prefilled on the demo only
	Demo     bool   // says so, with the demo's credentials already in the form
	Next     string // where to go afterwards, a path of ours; may be empty
	Problem  *Problem
	Plain    bool // usernames need not be addresses: the field is type=text
}

// Problem is why something that a person sent was refused.
type Problem struct {
	Title string // "That password was not accepted"
	Text  string
	Field string // name of the field at fault, "username" or "password"; may be empty
}

// SessionEndedProps is the sign-in dialog for a request whose session is gone. It replaces the content of #dialogs; the form posts to /login with next.
type SessionEndedProps struct {
	Username string
	Next     string
	Problem  *Problem
}

// SettingsProps is the settings page; the form posts to urls.Settings.
type SettingsProps struct {
	Frame     Frame
	Look      Look
	HTMLFirst bool
	Zone      string   // IANA name; "" follows the server, ZoneAuto
	ZoneAuto  string   // IANA name of the server's own zone
	Zones     []string // to choose from, sorted
	Server    string   // host of the mail server
	Features  []Feature
	Sessions  []SignIn
	Saved     bool // just saved
	Problem   *Problem
}

// FeatureState says how much of a feature the mail server allows.
type FeatureState string

const (
	FeatureFull     FeatureState = "full"
	FeatureDegraded FeatureState = "degraded"
	FeatureMissing  FeatureState = "missing"
)

// Feature is a row of the table of what the server offers.
type Feature struct {
	Name      string
	State     FeatureState
	Extension string // "SORT (RFC 5256)"
	Effect    string // what a person notices
}

// SignIn is a browser that is signed in.
type SignIn struct {
	Where   string // "Firefox on Linux"
	Address string
	Since   Moment
	Seen    Moment
	This    bool
}

// ShortcutsProps is the page that lists the keys.
type ShortcutsProps struct{ Frame Frame }

// ErrorProps is something that went wrong, in words, with a way on.
type ErrorProps struct {
	Status  int
	Title   string // "tidewater.example is not answering"
	Text    string
	Icon    string   // "" is triangle-alert
	Actions []Action // the first is the best
	Request string   // id to tell the administrator; may be empty
}

// ErrorPageProps is an Error as a page. Frame.User "" renders it outside the frame.
type ErrorPageProps struct {
	Frame Frame
	Error ErrorProps
}

// PreviewKind decides what the preview page does with a part.
type PreviewKind string

const (
	PreviewImage PreviewKind = "image"
	PreviewText  PreviewKind = "text"
	PreviewAudio PreviewKind = "audio"
	PreviewVideo PreviewKind = "video"
	PreviewPDF   PreviewKind = "pdf"
	PreviewNone  PreviewKind = "none" // only a download
)

// PreviewProps is the page that shows one part.
type PreviewProps struct {
	Frame     Frame
	Ref       imapsession.Ref
	File      Attachment
	Kind      PreviewKind
	Text      string // for PreviewText
	Truncated bool
	Newer     *Attachment // the file before this one among those that can be previewed
	Older     *Attachment // and after
	Subject   string
}

// HeadersProps is the page of all header fields.
type HeadersProps struct {
	Frame   Frame
	Ref     imapsession.Ref
	Subject string
	Fields  []Field // in order, decoded
}

// SourceProps is the page that shows a message as sent.
type SourceProps struct {
	Frame     Frame
	Ref       imapsession.Ref
	Subject   string
	Text      string // bytes that are no UTF-8 replaced
	Truncated bool
	Size      string
}

// PrintProps is a page of nothing but the message.
type PrintProps struct {
	Look    Look
	Mailbox string
	Message Message
}
