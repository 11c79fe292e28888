package wire_test

import (
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/imapsession/imaptest"
	"godwit/imapsession/wire"
)

// TestRealServers reads the project's sample mails, hostile ones included, from
// servers that do as they should: next to nothing is to be mended there.
func TestRealServers(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/corpus/*/*.eml")
	if len(files) < 40 {
		t.Fatalf("%d mails in testdata/corpus, want 40 at least", len(files))
	}
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			srv.Append(t, user, "INBOX", []byte(strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")))
		}
		srv.Create(t, user, "Entwürfe", "a & b/日本語")
		readServer(t, srv, user, len(files))
	})
}

func readServer(t *testing.T, srv *imaptest.Server, user string, mails int) {
	nc, err := net.Dial("tcp", srv.Address(srv.Port))
	if err != nil {
		t.Fatal(err)
	}
	w := wire.New(nc, wire.Options{})
	cl := imapclient.New(w, nil)
	defer cl.Close()
	if err := cl.Login(user, imaptest.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	boxes, err := cl.List("", "*", &imap.ListOptions{ReturnStatus: &imap.StatusOptions{NumMessages: true}, ReturnSpecialUse: true}).Collect()
	if err != nil || len(boxes) < 4 {
		t.Fatalf("List = %d mailboxes, %v", len(boxes), err)
	}
	// go-imap refuses to send this one; what it brings about (MODSEQ in each FETCH) is read below.
	enabled, err := w.Command(t.Context(), "ENABLE", []any{wire.Atom("CONDSTORE")}, func(r wire.Response) bool { return r.Name == "ENABLED" })
	if err != nil || enabled.Status != "OK" || len(enabled.Untagged) != 1 {
		t.Errorf("Command(ENABLE) = %+v, %v", enabled, err)
	}
	if _, err := cl.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	var all imap.SeqSet
	all.AddRange(1, uint32(mails))
	rows, err := cl.Fetch(all, everything).Collect()
	if err != nil || len(rows) != mails {
		t.Fatalf("%d rows, %v (%v), want %d", len(rows), err, w.Err(), mails)
	}
	for _, row := range rows {
		if _, err := cl.Fetch(imap.UIDSetNum(row.UID), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect(); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range [][]any{{wire.Atom("PLAIN")}, {"a"}} {
		res, err := w.Command(t.Context(), "XGODWIT", command, nil)
		if err != nil || res.Status != "BAD" {
			t.Errorf("Command(XGODWIT) = %+v, %v, want BAD", res, err)
		}
	}
	id, err := w.Command(t.Context(), "ID", []any{nil}, func(r wire.Response) bool { return r.Name == "ID" })
	if err != nil || id.Status != "OK" || len(id.Untagged) != 1 {
		t.Errorf("Command(ID) = %+v, %v", id, err)
	}
	// Two of the hostile mails nest deeper than is passed on.
	if got, want := w.Repairs(), map[string]int{"fetch": 2}; !maps.Equal(got, want) {
		t.Errorf("%s: Repairs() = %v, want %v", srv.Name, got, want)
	}
	if err := cl.Logout().Wait(); err != nil {
		t.Errorf("Logout: %v", err)
	}
	<-cl.Closed()
	if !errors.Is(w.Err(), io.EOF) || w.Bye() == "" {
		t.Errorf("after LOGOUT: Err() = %v, Bye() = %q", w.Err(), w.Bye())
	}
}
