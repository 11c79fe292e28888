package imapsession

import (
	"context"
	"time"
)

// Role is what a mailbox is for, by SPECIAL-USE (RFC 6154) or else by a known name.
type Role string

const (
	RoleNone    Role = ""
	RoleInbox   Role = "inbox"
	RoleDrafts  Role = "drafts"
	RoleSent    Role = "sent"
	RoleArchive Role = "archive"
	RoleJunk    Role = "junk"
	RoleTrash   Role = "trash"
	RoleFlagged Role = "flagged" // \Flagged, a virtual mailbox of the server's
	RoleAll     Role = "all"     // \All
)

// NamespaceKind says whose a mailbox is (RFC 2342).
type NamespaceKind string

const (
	NamespacePersonal NamespaceKind = "personal"
	NamespaceOther    NamespaceKind = "other"  // other users' mailboxes
	NamespaceShared   NamespaceKind = "shared" // public ones
)

// Mailbox is one line of the folder tree.
type Mailbox struct {
	Name       string   // decoded full name, unique within the account
	Delim      string   // hierarchy delimiter, one character, empty for a flat name
	Path       []string // Name cut at Delim, namespace prefix left out: what a person reads
	Role       Role
	Namespace  NamespaceKind
	NoSelect   bool // shown, never opened: \Noselect
	Missing    bool // \NonExistent: only here because it has children; NoSelect is true too
	Subscribed bool

	// Counts are there when Counted; a mailbox whose STATUS failed is listed without.
	Counted     bool
	Messages    uint32
	Unseen      uint32
	UIDNext     UID
	UIDValidity uint32
}

// Mailboxes returns the account's mailboxes: INBOX first, then the other roles
// in the order Drafts, Sent, Archive, Junk, Trash, then the rest by name, parents before
// children, personal namespace before others. The answer is kept for at most maxAge; 0 asks anew.
func (s *Session) Mailboxes(ctx context.Context, maxAge time.Duration) ([]Mailbox, error) {
	panic("mailbox.go")
}
