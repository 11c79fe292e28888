package web

import (
	"testing"
	"time"

	"godwit/imapsession"
)

func TestDocumentsAreBounded(t *testing.T) {
	d := newDocuments()
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	key := func(session string, uid imapsession.UID) docKey {
		return docKey{session: session, ref: imapsession.Ref{Mailbox: "INBOX", UIDValidity: 1, UID: uid}, section: "1"}
	}
	const size = 1 << 20
	for uid := range imapsession.UID(20) {
		d.put(&document{key: key("a", uid+1), html: make([]byte, size), made: now})
		if d.held > docsHeld {
			t.Fatalf("%d octets are held, want at most %d", d.held, docsHeld)
		}
	}
	if _, ok := d.get(key("a", 20), now); !ok {
		t.Error("the latest is gone")
	}
	if _, ok := d.get(key("a", 1), now); ok {
		t.Error("the oldest is still there")
	}
	if _, ok := d.get(key("b", 20), now); ok {
		t.Error("another session gets it")
	}
	d.put(&document{key: key("a", 99), html: make([]byte, docsHeld), made: now})
	if _, ok := d.get(key("a", 99), now); ok {
		t.Error("one document fills it all")
	}
	d.put(&document{key: key("b", 1), html: []byte("x"), made: now})
	d.forget("a")
	if d.held != 1 || len(d.byKey) != 1 || d.order.Len() != 1 {
		t.Errorf("after forgetting a: %d octets, %d entries", d.held, len(d.byKey))
	}
	if _, ok := d.get(key("b", 1), now.Add(docAge+time.Second)); ok || d.held != 0 {
		t.Error("a document outlived its age")
	}
	// Replacing counts once.
	for range 3 {
		d.put(&document{key: key("b", 1), html: []byte("xyz"), made: now})
	}
	if d.held != 3 {
		t.Errorf("held = %d, want 3", d.held)
	}
}
