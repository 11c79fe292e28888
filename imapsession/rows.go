package imapsession

import (
	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
)

// A message never changes under its UID, its flags aside, so neither does its row. What a session has shown it keeps for
// a while: coming back to a list, or looking for new mail, then asks the server for numbers, UIDs and flags alone.

// keepRow remembers a row that came whole.
func (s *Session) keepRow(row *fetched, m Summary) {
	if row.has(hasReceived | hasSize | hasStructure | hasHeader) {
		m.Flags = nil
		s.read.rows.put(m.Ref, &m, m.cost())
	}
}

// cost is 1 for nearly all rows; a thousand recipients take up the room of many.
func (m *Summary) cost() int {
	octets := len(m.Subject) + len(m.Preview) + len(m.MessageID)
	for _, list := range [][]rfc822.Address{m.From, m.To} {
		for _, a := range list {
			octets += len(a.Name) + len(a.Addr) + len(a.Group)
		}
	}
	for _, id := range m.References {
		octets += len(id)
	}
	return 1 + octets/(4<<10)
}

// keepPreviews adds lines to the rows that are kept.
func (s *Session) keepPreviews(at Ref, lines map[UID]string) {
	for uid, line := range lines {
		at.UID = uid
		if known, ok := s.read.rows.get(at); ok && !known.PreviewKnown {
			with := *known
			with.Preview, with.PreviewKnown = line, true
			s.read.rows.put(at, &with, with.cost())
		}
	}
}

// recall gives answers of flags alone the rows that are kept for them, and the UIDs of those that have none.
func (p *pager) recall(rows []*fetched) (unknown []UID) {
	for _, row := range rows {
		known, ok := p.s.read.rows.get(p.refOf(row.uid))
		if !ok {
			unknown = append(unknown, row.uid)
			continue
		}
		row.known = known
	}
	return unknown
}

func (p *pager) refOf(uid UID) Ref {
	return Ref{Mailbox: p.c.mailbox, UIDValidity: p.c.uidValidity, UID: uid}
}

// flagsOnly asks for what of a row can change, and for its number.
func flagsOnly() *imap.FetchOptions { return &imap.FetchOptions{UID: true, Flags: true} }

// flagged are the answers to flagsOnly, one for each message: what came last of it counts, since a
// change told unasked looks the same.
func flagged(rows []*fetched) []*fetched {
	at := make(map[uint32]int, len(rows))
	once := rows[:0]
	for _, row := range rows {
		if !row.has(hasUID | hasFlags) {
			continue
		}
		if i, ok := at[row.seq]; ok {
			once[i] = row
			continue
		}
		at[row.seq] = len(once)
		once = append(once, row)
	}
	return once
}

// fetchKnown is fetchRange for rows that were shown before: their flags first, then the rows of those that are new.
func (p *pager) fetchKnown(low, high uint32) ([]*fetched, map[UID]string, error) {
	noop := p.c.Noop()
	rows, err := p.c.ask(sequence(low, high), flagsOnly()).wait()
	if refused := noop.Wait(); err == nil {
		err = refused
	}
	if err != nil {
		return nil, nil, err
	}
	rows = flagged(rows)
	unknown := p.recall(rows)
	if len(unknown) == 0 {
		return rows, nil, nil
	}
	set := uidsOf(unknown)
	answers := p.c.ask(set, p.options)
	previews := p.c.previewLazily(p.ctx, "UID FETCH", set.String())
	news, err := answers.wait()
	byUID := make(map[UID]*fetched, len(news))
	for _, row := range complete(news) {
		byUID[row.uid] = row
	}
	whole := rows[:0]
	for _, row := range rows {
		if row.known != nil {
			whole = append(whole, row)
		} else if row = byUID[row.uid]; row != nil {
			whole = append(whole, row)
		}
	}
	return whole, previews.wait(), err
}

// topKey names the first page of a list in arrival order.
type topKey struct {
	mailbox     string
	uidValidity uint32
	reverse     bool
}

// seenTop tells whether the first page was shown before and most of it is likely to be kept.
func (p *pager) seenTop() bool {
	uid, ok := p.s.read.tops.get(p.topKey())
	if ok {
		_, ok = p.s.read.rows.get(p.refOf(uid))
	}
	return ok
}

func (p *pager) topKey() topKey { return topKey{p.c.mailbox, p.c.uidValidity, p.spec.Reverse} }

// split parts UIDs into those whose rows are kept and the others.
func (p *pager) split(uids []UID) (seen, fresh []UID) {
	for _, uid := range uids {
		if _, ok := p.s.read.rows.get(p.refOf(uid)); ok {
			seen = append(seen, uid)
		} else {
			fresh = append(fresh, uid)
		}
	}
	return seen, fresh
}
