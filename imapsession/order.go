package imapsession

import (
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Order is how a page is sorted. Everything but OrderArrival needs SORT (RFC 5256).
type Order string

const (
	OrderArrival Order = ""     // by UID: as the messages came into the mailbox
	OrderDate    Order = "date" // by the Date header
	OrderFrom    Order = "from"
	OrderSubject Order = "subject"
	OrderSize    Order = "size"
)

// orderKey names an order that was learnt. What these orders depend on never
// changes in a message, so that one is good as long as the messages are the same.
type orderKey struct {
	mailbox     string
	uidValidity uint32
	order       Order
}

// orders tells what the server can sort by.
func (c *conn) orders() []Order {
	if !c.can.sort {
		return []Order{OrderArrival}
	}
	return []Order{OrderArrival, OrderDate, OrderFrom, OrderSubject, OrderSize}
}

// sortCriteria gives the keys of an order and whether its default direction
// is the server's answer read backwards.
func (c *conn) sortCriteria(order Order) (keys []imapclient.SortCriterion, backwards bool, err error) {
	newestFirst := imapclient.SortCriterion{Key: imapclient.SortKeyDate, Reverse: true}
	from := imapclient.SortKeyFrom
	if c.can.sortDisplay {
		from = "DISPLAYFROM" // RFC 5957: by the name a person reads, not by the address
	}
	switch order {
	case OrderDate:
		return []imapclient.SortCriterion{{Key: imapclient.SortKeyDate}}, true, nil
	case OrderSize:
		return []imapclient.SortCriterion{{Key: imapclient.SortKeySize}}, true, nil
	case OrderFrom:
		return []imapclient.SortCriterion{{Key: from}, newestFirst}, false, nil
	case OrderSubject:
		return []imapclient.SortCriterion{{Key: imapclient.SortKeySubject}, newestFirst}, false, nil
	}
	return nil, false, fmt.Errorf("order %q: %w", order, ErrUnsupported)
}

// sorted gives a page of a sorted list. An order learnt before is used at once,
// and whether it still holds comes back in the same round trip as its rows.
func (p *pager) sorted() (*Page, error) {
	keys, backwards, err := p.c.sortCriteria(p.spec.Order)
	if err != nil {
		return nil, err
	}
	if !p.c.can.sort {
		return nil, fmt.Errorf("order %q: %w", p.spec.Order, ErrUnsupported)
	}
	key := orderKey{p.c.mailbox, p.c.uidValidity, p.spec.Order}
	known, _ := p.s.read.orders.get(key)
	backwards = backwards != p.spec.Reverse
	if p.spec.Filter == FilterAll && known != nil {
		page, err := p.window(known, backwards, known, true)
		if !errors.Is(err, errChanged) {
			return page, err
		}
	}
	p.heard = p.c.exists()
	list, err := p.c.UIDSort(&imapclient.SortOptions{SortCriteria: keys, SearchCriteria: p.criteria()}).Wait()
	if err != nil {
		return nil, err
	}
	if p.spec.Filter == FilterAll {
		p.s.read.orders.put(key, list, len(list)+1)
	}
	return p.window(list, backwards, known, false)
}

// filtered gives a page of the messages with or without a flag, in arrival order.
// Flags change at any time, so that the list is asked for anew each time: with ESEARCH it comes as ranges.
func (p *pager) filtered() (*Page, error) {
	var options *imap.SearchOptions
	if p.c.can.esearch {
		options = &imap.SearchOptions{ReturnAll: true}
	}
	p.heard = p.c.exists()
	data, err := p.c.UIDSearch(p.criteria(), options).Wait()
	if err != nil {
		return nil, err
	}
	list, err := spelledOut(data.All)
	if err != nil {
		return nil, err
	}
	return p.window(list, !p.spec.Reverse, nil, false)
}

// maxFound is how many messages a filter may find: two ranges of a few octets could name billions.
const maxFound = 4 << 20

// spelledOut gives the UIDs of an answer, ascending, each once. nil is the empty set.
func spelledOut(all imap.NumSet) ([]uint32, error) {
	set, _ := all.(imap.UIDSet)
	var list []uint32
	for _, r := range set {
		low, high := min(r.Start, r.Stop), max(r.Start, r.Stop)
		if low == 0 || uint64(high-low)+uint64(len(list)) >= maxFound {
			return nil, fmt.Errorf("a filter that finds more than %d messages: %w", maxFound, ErrTooLarge)
		}
		for uid := uint64(low); uid <= uint64(high); uid++ {
			list = append(list, uint32(uid))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// criteria is the filter; never nil, which go-imap would not survive.
func (p *pager) criteria() *imap.SearchCriteria {
	switch p.spec.Filter {
	case FilterUnread:
		return &imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}
	case FilterFlagged:
		return &imap.SearchCriteria{Flag: []imap.Flag{imap.FlagFlagged}}
	}
	return &imap.SearchCriteria{}
}

// window makes the page of a list of UIDs, which is read from its end when
// backwards. before is an older state of the list, to find the place of an
// anchor that left it. check verifies that the list still is the whole
// mailbox, and returns errChanged when it is not; without it the list was just asked for,
// and errChanged comes when the NOOP beside the rows tells of messages that it could not know of.
func (p *pager) window(list []uint32, backwards bool, before []uint32, check bool) (*Page, error) {
	low, high := p.cut(list, backwards, before)
	newest := UID(0)
	if check && len(list) > 0 {
		newest = UID(slices.Max(list))
	}
	rows, previews, err := p.fetchList(list[low:high], newest)
	if err != nil {
		return nil, err
	}
	if check && !p.unchanged(list, newest, rows) || !check && !p.last && p.c.exists() != p.heard {
		return nil, errChanged
	}
	page := p.empty(uint32(len(list)))
	if low == high {
		return page, nil
	}
	ordered := make([]*fetched, 0, high-low)
	for _, uid := range list[low:high] {
		if row := rows[UID(uid)]; row != nil {
			ordered = append(ordered, row)
		}
	}
	if len(ordered) < high-low && !p.last {
		return nil, errChanged // gone since, or an unsolicited answer took the place of a row
	}
	older, newer, first := high < len(list), low > 0, low+1
	bottom, top := list[high-1], list[low]
	if backwards {
		slices.Reverse(ordered)
		older, newer, first = newer, older, len(list)-high+1
		bottom, top = top, bottom
	}
	page.First = uint32(first)
	page.fill(p.s, p.c, ordered, previews)
	if older {
		page.Older = UID(bottom)
	}
	if newer {
		page.Newer = UID(top)
	}
	return page, nil
}

// unchanged proves that list still names all messages: as many as there are, and
// the newest of them the last. A message that came since would have a higher UID
// and be the last itself; without one, an equal count means that none went either.
func (p *pager) unchanged(list []uint32, newest UID, rows map[UID]*fetched) bool {
	if p.c.exists() != uint32(len(list)) {
		return false
	}
	if len(list) == 0 {
		return true
	}
	last := rows[newest]
	return last != nil && last.seq == uint32(len(list))
}

// cut gives the half-open range of list that the page shows: the top when there is no
// anchor, or nobody knows any more where it was.
func (p *pager) cut(list []uint32, backwards bool, before []uint32) (low, high int) {
	n, size := len(list), int(p.size)
	anchor, after := p.spec.Before, false
	if anchor == 0 {
		anchor, after = p.spec.After, p.spec.After != 0
	}
	at, found, known := 0, false, false
	if anchor != 0 {
		at, found, known = placeOf(uint32(anchor), list, before, p.spec.Order == OrderArrival)
	}
	if !known {
		if backwards {
			return max(0, n-size), n
		}
		return 0, min(n, size)
	}
	upwards := after != backwards // towards the start of list
	if upwards {
		return max(0, at-size), at
	}
	if found {
		at++
	}
	return at, min(n, at+size)
}

// placeOf gives the index of uid in list or, when it is not there, the index
// that it would stand at: by number in a list sorted by it, else before the next
// one that followed it in an earlier state of the list; known is false without one.
func placeOf(uid uint32, list, before []uint32, byUID bool) (at int, found, known bool) {
	if byUID {
		at, found = slices.BinarySearch(list, uid)
		return at, found, true
	}
	if at := slices.Index(list, uid); at >= 0 {
		return at, true, true
	}
	was := slices.Index(before, uid)
	if was < 0 {
		return 0, false, false
	}
	places := make(map[uint32]int, len(list))
	for i, u := range list {
		places[u] = i
	}
	for _, next := range before[was+1:] {
		if at, ok := places[next]; ok {
			return at, false, true
		}
	}
	return len(list), false, true
}

// fetchList takes the rows of some UIDs and of one more when it is not 0, with
// NOOP and PREVIEW in the same round trip.
func (p *pager) fetchList(list []uint32, extra UID) (map[UID]*fetched, map[UID]string, error) {
	noop := p.c.Noop()
	var uids []UID
	for _, uid := range list {
		uids = append(uids, UID(uid))
	}
	if extra != 0 && !slices.Contains(uids, extra) {
		uids = append(uids, extra)
	}
	if len(uids) == 0 {
		return nil, nil, noop.Wait()
	}
	// Of rows that were shown before flags and number are enough.
	seen, fresh := p.split(uids)
	var light, whole *fetching
	if len(seen) > 0 {
		light = p.c.ask(uidsOf(seen), flagsOnly())
	}
	var previews *lazily
	if len(fresh) > 0 {
		set := uidsOf(fresh)
		whole = p.c.ask(set, p.options)
		previews = p.c.previewLazily(p.ctx, "UID FETCH", set.String())
	}
	rows := make(map[UID]*fetched, len(uids))
	var err error
	if light != nil {
		var got []*fetched
		got, err = light.wait()
		got = flagged(got)
		p.recall(got)
		for _, row := range got {
			if row.known != nil { // another page may have pushed it out meanwhile
				rows[row.uid] = row
			}
		}
	}
	if whole != nil {
		got, fault := whole.wait()
		if err == nil {
			err = fault
		}
		for _, row := range complete(got) {
			rows[row.uid] = row
		}
	}
	if refused := noop.Wait(); err == nil {
		err = refused
	}
	return rows, previews.wait(), err
}
