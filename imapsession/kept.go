package imapsession

import (
	"container/list"
	"sync"
)

// keptKey names something for good. lasting is false where the server told no UIDVALIDITY: another message
// may have that UID after the next SELECT (RFC 9051 section 2.3.1.1).
type keptKey interface {
	comparable
	lasting() bool
}

func (r Ref) lasting() bool        { return r.UIDValidity != 0 }
func (k sectionKey) lasting() bool { return k.ref.lasting() }
func (k orderKey) lasting() bool   { return k.uidValidity != 0 }
func (k topKey) lasting() bool     { return k.uidValidity != 0 }

// kept is what a session remembers of what cannot change: the least recently
// used goes when the costs of all add up to more than the limit. The zero value
// keeps nothing; make it with newKept.
type kept[K keptKey, V any] struct {
	mu      sync.Mutex
	limit   int // sum of costs
	cost    int
	entries map[K]*list.Element
	recent  *list.List // of *keptEntry[K, V], most recently used first
}

type keptEntry[K keptKey, V any] struct {
	key   K
	value V
	cost  int
}

func newKept[K keptKey, V any](limit int) *kept[K, V] {
	return &kept[K, V]{limit: limit, entries: make(map[K]*list.Element), recent: list.New()}
}

func (k *kept[K, V]) get(key K) (value V, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.entries[key]
	if !ok {
		return value, false
	}
	k.recent.MoveToFront(e)
	return e.Value.(*keptEntry[K, V]).value, true
}

// put keeps value in place of what was there. What costs more than half the limit is not kept at all, nor what has no lasting name.
func (k *kept[K, V]) put(key K, value V, cost int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.entries[key]; ok {
		k.drop(e)
	}
	if cost > k.limit/2 || !key.lasting() {
		return
	}
	k.entries[key] = k.recent.PushFront(&keptEntry[K, V]{key, value, cost})
	k.cost += cost
	for k.cost > k.limit {
		k.drop(k.recent.Back())
	}
}

func (k *kept[K, V]) drop(e *list.Element) {
	entry := k.recent.Remove(e).(*keptEntry[K, V])
	delete(k.entries, entry.key)
	k.cost -= entry.cost
}

// Limits of what one session keeps for reading. All of it is immutable under its
// UIDVALIDITY, so nothing of it can go stale.
const (
	keptParts   = 8 << 10 // nodes of message trees, some 400 octets each
	keptUIDs    = 2 << 20 // UIDs in sorted orders, 4 octets each
	keptLessons = 512     // parts of which streaming taught something
	keptRows    = 256     // rows of lists, some 1.5 kB each
	keptPlaces  = 256     // numbers of messages
	keptTops    = 32      // first pages
)

// readMemory is what the reading side of a Session keeps.
type readMemory struct {
	structures *kept[Ref, *structure]        // by Ref with UIDVALIDITY
	embedded   *kept[sectionKey, *structure] // messages that only our own parse of a decoded part shows
	orders     *kept[orderKey, []uint32]     // see order.go
	lessons    *kept[sectionKey, lesson]     // what streaming a part taught
	rows       *kept[Ref, *Summary]          // without flags; see rows.go
	places     *kept[Ref, uint32]            // numbers of messages at the edges of pages, as they were seen last
	tops       *kept[topKey, UID]            // a message of the first page, as it was shown last
}

// sectionKey names a part for good; Ref carries its UIDValidity.
type sectionKey struct {
	ref     Ref
	section Section
}

func newReadMemory() *readMemory {
	return &readMemory{
		structures: newKept[Ref, *structure](keptParts),
		embedded:   newKept[sectionKey, *structure](keptParts),
		orders:     newKept[orderKey, []uint32](keptUIDs),
		lessons:    newKept[sectionKey, lesson](keptLessons),
		rows:       newKept[Ref, *Summary](keptRows),
		places:     newKept[Ref, uint32](keptPlaces),
		tops:       newKept[topKey, UID](keptTops),
	}
}
