package wire

import (
	"testing"

	"github.com/emersion/go-imap/v2"
)

func TestPassThrough(t *testing.T) {
	cl, w, _ := session(t, Options{}, nil, func(s *fakeServer, tag, cmd string) string {
		if cmd == `LIST "" "*"` {
			return "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST () \"/\" \"a b\"\r\n$TAG OK done\r\n"
		}
		if cmd[:4] == "UID " {
			return "* 1 FETCH (UID 5 FLAGS (\\Seen) BODY[TEXT] {5}\r\nhello)\r\n$TAG OK [HIGHESTMODSEQ 12] done\r\n"
		}
		return ""
	})
	l, err := cl.List("", "*", nil).Collect()
	if err != nil || len(l) != 2 || l[1].Mailbox != "a b" {
		t.Fatalf("List = %v, %v", l, err)
	}
	msgs, err := cl.Fetch(imap.UIDSetNum(5), &imap.FetchOptions{Flags: true, BodySection: []*imap.FetchItemBodySection{{Specifier: imap.PartSpecifierText}}}).Collect()
	if err != nil || len(msgs) != 1 || string(msgs[0].BodySection[0].Bytes) != "hello" {
		t.Fatalf("Fetch = %v, %v", msgs, err)
	}
	if got := w.LastCode(); got != "HIGHESTMODSEQ 12" {
		t.Errorf("LastCode() = %q, want %q", got, "HIGHESTMODSEQ 12")
	}
	if got := w.Repairs(); len(got) != 0 {
		t.Errorf("Repairs() = %v, want none", got)
	}
	res, err := w.Command(t.Context(), "FOO", []any{Atom("BAR"), "a\"b", []any{"x", nil, 5}, "ü"}, nil)
	if err != nil || res.Status != "OK" {
		t.Fatalf("Command = %v, %v", res, err)
	}
	if err := cl.Noop().Wait(); err != nil {
		t.Fatal(err)
	}
}
