package imapsession

import (
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// UID is a message's unique identifier within one mailbox and UIDVALIDITY
// (RFC 9051 section 2.3.1.1). Zero is no UID.
type UID = imap.UID

// Ref names one message. A zero UIDValidity means "that UID as the mailbox is
// now": fit for a bookmark, never for a change.
type Ref struct {
	Mailbox     string // decoded name, with the server's own delimiter
	UIDValidity uint32
	UID         UID
}

// String gives "INBOX/42" or "INBOX;1700000000/42", for errors and logs.
func (r Ref) String() string {
	if r.UIDValidity == 0 {
		return fmt.Sprintf("%s/%d", r.Mailbox, r.UID)
	}
	return fmt.Sprintf("%s;%d/%d", r.Mailbox, r.UIDValidity, r.UID)
}
