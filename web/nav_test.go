package web

import (
	"net/url"
	"testing"

	"godwit/imapsession/imaptest"
)

// With many folders the tree is the greater part of a list's answer: it comes when it differs from what the browser shows, and
// reading a message brings the lines that changed alone.
func TestTreeComesOnlyWhenItChanged(t *testing.T) {
	mail := imaptest.Memory(t)
	user := mail.User(t)
	mail.Create(t, user, "Birds", "Birds/Waders")
	mail.Append(t, user, "Birds/Waders", []byte("Subject: one\r\n\r\ntext\r\n"))
	b := newSite(t, mail).browser()
	b.post("/login", url.Values{"username": {user}, "password": {imaptest.Password}}).status(303)
	state := b.get("/m/INBOX").attr("#folders", "data-state")
	if state == "" {
		t.Fatal("the tree has no state")
	}

	b.htmx = true
	if n := len(b.get("/m/INBOX").all("#folders")); n != 1 {
		t.Errorf("a browser that shows an unknown tree gets %d, want 1", n)
	}
	if n := len(b.get("/m/INBOX", navHeader, state).all("#folders")); n != 0 {
		t.Errorf("a browser that shows this tree gets %d more, want 0", n)
	}
	reader := b.get("/m/Birds:Waders/1", "HX-Target", "section#reader")
	if n := len(reader.all("#folders")); n != 0 {
		t.Errorf("opening a message brings %d trees, want 0", n)
	}
	links := reader.nodes("a.folder[hx-swap-oob]")
	if len(links) != 2 {
		t.Errorf("opening an unread message brings %d folder lines, want those of the mailbox and the one above", len(links))
	}
	if now := reader.attr("#sum-unread", "data-nav"); now == "" || now == state {
		t.Errorf("the state after reading is %q, want another than %q", now, state)
	}
}
