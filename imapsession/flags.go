package imapsession

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// MarkSeen sets \Seen on a message that lacks it; a read-only mailbox is ErrReadOnly. ref must carry UIDValidity.
// A message that is gone by now is no error: there is nothing left to mark.
func (s *Session) MarkSeen(ctx context.Context, ref Ref) error {
	if ref.UIDValidity == 0 || ref.UID == 0 {
		return fmt.Errorf("mark %v seen: no UIDVALIDITY or UID: %w", ref, ErrStale)
	}
	err := s.with(ctx, lease{mailbox: ref.Mailbox, uidValidity: ref.UIDValidity, write: true}, func(c *conn) error {
		met, err := c.addFlag(ref.UID, imap.FlagSeen)
		if met || err != nil || c.fresh {
			return err
		}
		// The connection may not have heard of the message yet: then its UID is
		// ignored, and the server says OK. NOOP in the same packet is no cure, since Dovecot
		// carries out what follows it first.
		if err := c.refresh(); err != nil {
			return err
		}
		_, err = c.addFlag(ref.UID, imap.FlagSeen)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark %v seen: %w", ref, err)
	}
	s.countSeen(ref.Mailbox)
	return nil
}

// countSeen takes one message off what is kept of the mailbox's unread count, so that a tree drawn from it does not lag behind the person's own
// reading. Others' changes show when Mailboxes asks anew.
func (s *Session) countSeen(mailbox string) {
	f := &s.folders
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list, func(m Mailbox) bool { return sameMailbox(m.Name, mailbox) })
	if i < 0 || f.list[i].Unseen == 0 {
		return
	}
	f.list = slices.Clone(f.list) // the old one may be on its way to a caller
	f.list[i].Unseen--
}

// addFlag sets a flag and tells whether the server mentioned the message.
func (c *conn) addFlag(uid UID, flag imap.Flag) (met bool, err error) {
	f := &fetching{}
	err = gather(&pendingFetch{FetchCommand: c.Store(uidsOf([]UID{uid}), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{flag}}, nil)}, f)
	return len(f.rows) > 0, err
}
