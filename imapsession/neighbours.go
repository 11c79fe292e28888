package imapsession

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// Neighbours tells where ref stands in arrival order and which UIDs are next to it (0 at the ends).
type Neighbours struct {
	Newer, Older UID
	Place, Total uint32 // Place counts from 1 at the newest
}

// Neighbours costs at most two round trips and never O(mailbox) bytes.
func (s *Session) Neighbours(ctx context.Context, ref Ref) (Neighbours, error) {
	var n Neighbours
	err := s.with(ctx, lease{mailbox: ref.Mailbox, uidValidity: ref.UIDValidity}, func(c *conn) error {
		for range maxTries {
			var ok bool
			var err error
			if n, ok, err = c.neighbours(ref.UID); ok || err != nil {
				return err
			}
		}
		return errMoving
	})
	if err != nil {
		return Neighbours{}, fmt.Errorf("neighbours of %v: %w", ref, err)
	}
	return n, nil
}

// neighbours asks for the message's number, then for the UIDs around it; ok is false when numbers moved in between.
func (c *conn) neighbours(uid UID) (n Neighbours, ok bool, err error) {
	row, err := c.askOneFresh(uid)
	if err != nil {
		return n, false, err
	}
	exists := c.exists()
	n.Total, n.Place = exists, exists-row.seq+1
	low, high := max(1, row.seq-1), min(exists, row.seq+1)
	if low > high {
		return n, false, nil
	}
	rows, err := c.ask(sequence(low, high), &imap.FetchOptions{UID: true}).wait()
	if isTagged(err) {
		return n, false, nil
	} else if err != nil {
		return n, false, err
	}
	for _, r := range rows {
		switch {
		case r.seq == row.seq:
			ok = r.uid == uid
		case r.seq+1 == row.seq:
			n.Older = r.uid
		case r.seq == row.seq+1:
			n.Newer = r.uid
		}
	}
	return n, ok && uint32(len(rows)) == high-low+1 && c.exists() == exists, nil
}

// askOneFresh asks for a message's number, with a NOOP in the same round trip so that the numbers are as of now.
func (c *conn) askOneFresh(uid UID) (*fetched, error) {
	noop := c.Noop()
	row, err := c.askOne(uid, &imap.FetchOptions{UID: true}, hasUID, nil)
	if again := noop.Wait(); err == nil && again != nil {
		return nil, again
	}
	return row, err
}
