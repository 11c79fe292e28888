package web

import (
	"container/list"
	"sync"
	"time"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/mailhtml"
)

// documents keeps sanitised mail for the frame's request that follows a reader: what was read and cleaned once is not read again. Content under UIDVALIDITY can't change, so
// nothing here goes stale; it is bounded by octets and age, and goes with the session.
type documents struct {
	mu    sync.Mutex
	byKey map[docKey]*list.Element
	order *list.List // of *document, latest used first
	held  int        // octets
}

// docKey names a document. The session is part of it: nobody gets at another's mail by a right guess.
type docKey struct {
	session string
	ref     imapsession.Ref // with UIDValidity
	section imapsession.Section
	remote  bool
	origin  string // addresses within the document are the origin's
	theme   templates.Theme
}

// document is one sanitised part.
type document struct {
	key    docKey
	html   []byte
	report mailhtml.Report
	made   time.Time
}

const (
	docsHeld = 8 << 20         // octets of all documents
	docAge   = 2 * time.Minute // a frame asks within a second; going back and forth within a minute or so
)

func newDocuments() *documents {
	return &documents{byKey: map[docKey]*list.Element{}, order: list.New()}
}

func (d *documents) get(key docKey, now time.Time) (*document, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.byKey[key]
	if !ok {
		return nil, false
	}
	doc := e.Value.(*document)
	if now.Sub(doc.made) > docAge {
		d.drop(e)
		return nil, false
	}
	d.order.MoveToFront(e)
	return doc, true
}

func (d *documents) put(doc *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, ok := d.byKey[doc.key]; ok {
		d.drop(e)
	}
	if len(doc.html) > docsHeld/4 {
		return
	}
	d.byKey[doc.key] = d.order.PushFront(doc)
	d.held += len(doc.html)
	for e := d.order.Back(); e != nil; e = d.order.Back() {
		if d.held <= docsHeld && doc.made.Sub(e.Value.(*document).made) <= docAge {
			return
		}
		d.drop(e)
	}
}

// forget drops what a session holds.
func (d *documents) forget(session string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, e := range d.byKey {
		if key.session == session {
			d.drop(e)
		}
	}
}

func (d *documents) drop(e *list.Element) {
	doc := d.order.Remove(e).(*document)
	delete(d.byKey, doc.key)
	d.held -= len(doc.html)
}
