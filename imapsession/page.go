package imapsession

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
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

const (
	defaultPageSize = 50
	maxPageSize     = 200
)

func (spec PageSpec) size() int {
	switch {
	case spec.Size <= 0:
		return defaultPageSize
	case spec.Size > maxPageSize:
		return maxPageSize
	}
	return spec.Size
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

// Page returns the rows spec asks for. It costs a constant number of round trips and work
// in proportion to the page, not the mailbox. ErrNoMailbox; ErrUnsupported for an order without SORT.
func (s *Session) Page(ctx context.Context, mailbox string, spec PageSpec) (*Page, error) {
	page, err := s.page(ctx, mailbox, spec, true)
	if err != nil && mayBeOurParser(ctx, err) {
		// A structure that kills the client would make the mailbox unreadable:
		// the list without paper clips is better than none.
		var again error
		if page, again = s.page(ctx, mailbox, spec, false); again == nil {
			return page, nil
		}
	}
	return page, err
}

// mayBeOurParser tells the errors that a response can cause which go-imap does not
// understand: it closes the connection, so that they look like a dead server.
func mayBeOurParser(ctx context.Context, err error) bool {
	var unconnected *LoginError
	if ctx.Err() != nil || isTagged(err) || errors.As(err, &unconnected) {
		return false
	}
	for _, known := range []error{ErrAuth, ErrNoMailbox, ErrNoMessage, ErrStale, ErrNoPart, ErrUnsupported, ErrTooLarge, errMoving} {
		if errors.Is(err, known) {
			return false
		}
	}
	return true
}

// errMoving ends a page whose mailbox changed under it each time it was asked for.
var errMoving = fmt.Errorf("the mailbox keeps changing: %w", ErrUnavailable)

// maxTries bounds how often a page is asked again because messages came or
// went between two commands.
const maxTries = 5

func (s *Session) page(ctx context.Context, mailbox string, spec PageSpec, withStructure bool) (page *Page, err error) {
	err = s.with(ctx, lease{mailbox: mailbox}, func(c *conn) error {
		p := pager{s: s, ctx: ctx, c: c, spec: spec, size: uint32(spec.size()), options: summaryOptions(withStructure)}
		page, err = p.page()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("page of %s: %w", mailbox, err)
	}
	return page, nil
}

// pager makes one page on one connection.
type pager struct {
	s       *Session
	ctx     context.Context
	c       *conn
	spec    PageSpec
	size    uint32
	options *imap.FetchOptions
	heard   uint32 // how many messages the connection knew of when it asked for a list
	guessed bool   // a border was guessed before
	last    bool   // the last try takes what it gets: a server can fail at one message for good
}

func (p *pager) page() (*Page, error) {
	for i := range maxTries {
		p.last = i == maxTries-1
		page, err := p.try()
		if !errors.Is(err, errChanged) {
			return page, err
		}
	}
	return nil, errMoving
}

// errChanged tells page to start over: what was learnt of numbers is out of date.
var errChanged = errors.New("the mailbox changed in between")

func (p *pager) try() (*Page, error) {
	switch {
	case p.spec.Order != OrderArrival:
		return p.sorted()
	case p.spec.Filter != FilterAll:
		return p.filtered()
	case p.spec.Before != 0 || p.spec.After != 0:
		return p.beside()
	}
	return p.top()
}

func (p *pager) empty(total uint32) *Page {
	return &Page{
		Mailbox:     p.c.mailbox,
		UIDValidity: p.c.uidValidity,
		Total:       total,
		Messages:    p.c.exists(),
		ReadOnly:    p.c.readOnly,
		Orders:      p.c.orders(),
	}
}

// top gives the newest rows (the oldest when reversed): NOOP, so that new mail
// shows, and one FETCH by number, in the same round trip. The numbers are those
// known before; when the NOOP tells of others it starts over.
func (p *pager) top() (*Page, error) {
	before := p.c.exists()
	low, high := p.topRange(before)
	fetch := p.fetchTop
	if before > 0 && p.seenTop() {
		fetch = p.fetchKnown
	}
	rows, previews, err := fetch(low, high)
	if err := p.sure(rows, high-low+1, before, err); err != nil {
		return nil, err
	}
	page := p.byNumber(rows, previews)
	if n := len(page.Summaries); n > 0 {
		// The one in the middle: a few new ones, or a few that are gone, leave it on the page.
		p.s.read.tops.put(p.topKey(), page.Summaries[n/2].Ref.UID, 1)
	}
	return page, nil
}

// sure tells whether rows are the want rows asked for by number when the mailbox had exists
// messages. A NO or BAD for a number that is gone by now is mended by starting over, too;
// but on the last try a page with holes is better than none.
func (p *pager) sure(rows []*fetched, want, exists uint32, err error) error {
	switch {
	case err != nil && !isTagged(err):
		return err
	case p.last && (err == nil || len(rows) > 0):
		return nil
	case p.c.exists() != exists:
		return errChanged
	case err != nil && p.last:
		return err
	case err != nil || uint32(len(rows)) != want && exists > 0:
		return errChanged
	}
	return nil
}

func (p *pager) topRange(exists uint32) (low, high uint32) {
	if p.spec.Reverse {
		return 1, min(exists, p.size)
	}
	if exists > p.size {
		return exists - p.size + 1, exists
	}
	return 1, exists
}

// beside gives the rows next to a UID. The UID's number comes first; then one
// FETCH takes the rows and the row on the other side of the border, which proves
// that no number moved in between.
func (p *pager) beside() (*Page, error) {
	anchor := p.spec.Before
	if anchor == 0 {
		anchor = p.spec.After
	}
	// Downwards in UIDs: the next page of newest first, or the page above of oldest first.
	down := (p.spec.Before != 0) != p.spec.Reverse
	border, guessed := p.guess(anchor, down)
	if !guessed {
		var err error
		if border, err = p.border(anchor, down); err != nil {
			return nil, err
		}
	}
	exists := p.c.exists()
	low, high := border+1, min(exists, border+p.size) // rows above the border
	if down {
		low, high = 1, border
		if border > p.size {
			low = border - p.size + 1
		}
	}
	switch {
	case low > high && guessed:
		return nil, errChanged // nothing to prove it by
	case low > high:
		return p.empty(exists), nil
	}
	proofLow, proofHigh := low, high
	if down {
		proofHigh = min(exists, high+1)
	} else {
		proofLow = max(1, low-1)
	}
	rows, previews, err := p.fetchRange(proofLow, proofHigh, guessed)
	if err := p.sure(rows, proofHigh-proofLow+1, exists, err); err != nil {
		return nil, err
	}
	inside := rows[:0:0]
	for _, row := range rows {
		within := row.seq >= low && row.seq <= high
		below := row.uid < anchor || !down && row.uid == anchor
		if within == (below != down) {
			if !p.last {
				return nil, errChanged
			}
			continue
		}
		if within {
			inside = append(inside, row)
		}
	}
	for _, row := range rows {
		if row.uid == anchor {
			p.s.read.places.put(p.refOf(anchor), row.seq, 1)
		}
	}
	return p.byNumber(inside, previews), nil
}

// guess gives the border by the number that the anchor had when it was seen last, once. The rows are the proof: when
// numbers moved since, the page starts over.
func (p *pager) guess(anchor UID, down bool) (border uint32, ok bool) {
	if p.guessed {
		return 0, false
	}
	p.guessed = true
	seq, ok := p.s.read.places.get(p.refOf(anchor))
	if !ok || seq > p.c.exists() {
		return 0, false
	}
	if down {
		seq--
	}
	return seq, true
}

// border gives how many messages have a UID below anchor (or up to it, when the
// page lies above), in one round trip with the NOOP that tells what is new.
func (p *pager) border(anchor UID, down bool) (uint32, error) {
	noop := p.c.Noop()
	rows, err := p.c.ask(uidsOf([]UID{anchor}), &imap.FetchOptions{UID: true}).wait()
	if again := noop.Wait(); err == nil {
		err = again
	}
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if row.uid == anchor {
			if down {
				return row.seq - 1, nil
			}
			return row.seq, nil
		}
	}
	if down {
		anchor--
	}
	return p.countUpTo(anchor)
}

// countUpTo counts the messages with a UID of at most last, for an anchor that is gone.
func (p *pager) countUpTo(last UID) (uint32, error) {
	if last == 0 || p.c.exists() == 0 {
		return 0, nil
	}
	if !p.c.can.esearch {
		return p.seekUpTo(last)
	}
	var set imap.UIDSet
	set.AddRange(1, last)
	data, err := p.c.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{set}}, &imap.SearchOptions{ReturnCount: true}).Wait()
	if err != nil {
		return 0, err
	}
	return data.Count, nil
}

// seekUpTo finds by numbers alone where UID last would stand. Each round trip asks for 15
// numbers spread over what is left, so that a million messages take five.
func (p *pager) seekUpTo(last UID) (uint32, error) {
	const probes = 15
	low, high := uint32(0), p.c.exists() // UID of number low is <= last, of high+1 is > last
	for low < high {
		var set imap.SeqSet
		for i := uint64(1); i <= probes; i++ {
			set.AddNum(low + uint32(max(1, i*uint64(high-low)/probes)))
		}
		rows, err := p.c.ask(set, &imap.FetchOptions{UID: true}).wait()
		if isTagged(err) {
			return 0, errChanged
		} else if err != nil {
			return 0, err
		}
		wasLow, wasHigh := low, high
		for _, row := range rows {
			if row.uid <= last {
				low = max(low, row.seq)
			} else {
				high = min(high, row.seq-1)
			}
		}
		if low > high || low == wasLow && high == wasHigh {
			return 0, errChanged
		}
	}
	return low, nil
}

// byNumber makes the page of rows that stand together in arrival order.
func (p *pager) byNumber(rows []*fetched, previews map[UID]string) *Page {
	exists := p.c.exists()
	if len(rows) == 0 {
		return p.empty(exists)
	}
	slices.SortFunc(rows, func(a, b *fetched) int { return cmp.Compare(a.uid, b.uid) })
	exists = max(exists, rows[len(rows)-1].seq) // on the last try some may have gone
	page := p.empty(exists)
	below, above := rows[0].seq > 1, rows[len(rows)-1].seq < exists
	page.First = rows[0].seq
	if !p.spec.Reverse {
		slices.Reverse(rows)
		below, above = above, below
		page.First = exists - rows[0].seq + 1
	}
	page.fill(p.s, p.c, rows, previews)
	// Where the next page begins, and the one before.
	for _, row := range []*fetched{rows[0], rows[len(rows)-1]} {
		p.s.read.places.put(p.refOf(row.uid), row.seq, 1)
	}
	if above {
		page.Older = rows[len(rows)-1].uid
	}
	if below {
		page.Newer = rows[0].uid
	}
	return page
}

func (page *Page) fill(s *Session, c *conn, rows []*fetched, previews map[UID]string) {
	page.Summaries = make([]Summary, len(rows))
	for i, row := range rows {
		if row.known != nil {
			page.Summaries[i] = *row.known
			page.Summaries[i].Flags = row.flags
			continue
		}
		page.Summaries[i] = s.summary(c, row)
		page.Summaries[i].Preview, page.Summaries[i].PreviewKnown = previews[row.uid]
		s.keepRow(row, page.Summaries[i])
	}
}

// fetchTop is fetchRange with a NOOP, so that new mail shows.
func (p *pager) fetchTop(low, high uint32) ([]*fetched, map[UID]string, error) {
	return p.fetchRange(low, high, true)
}

// fetchRange takes the rows low to high, with PREVIEW beside them where offered, all in one round trip.
func (p *pager) fetchRange(low, high uint32, refresh bool) ([]*fetched, map[UID]string, error) {
	var noop *imapclient.Command
	if refresh {
		noop = p.c.Noop()
	}
	if high == 0 {
		return nil, nil, noop.Wait()
	}
	set := sequence(low, high)
	answers := p.c.ask(set, p.options)
	previews := p.c.previewLazily(p.ctx, "FETCH", set.String())
	rows, err := answers.wait()
	if noop != nil {
		if refused := noop.Wait(); err == nil {
			err = refused
		}
	}
	return complete(rows), previews.wait(), err
}

// complete leaves out the answers that are not whole: unsolicited ones.
func complete(rows []*fetched) []*fetched {
	return slices.DeleteFunc(rows, func(row *fetched) bool { return !row.has(summaryNeeds) })
}
