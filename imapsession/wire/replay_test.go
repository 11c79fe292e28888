package wire_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/imapsession/imaptest/replay"
	"godwit/imapsession/wire"
)

const quirks = "../../testdata/imap-quirks/*.imap"

// account is an imapclient over wire, logged in to a transcript.
type account struct {
	*imapclient.Client
	wire   *wire.Conn
	server *replay.Server

	mu     sync.Mutex
	alerts []string
}

func login(t *testing.T, sv *replay.Server) *account {
	t.Helper()
	nc, err := net.Dial("tcp", sv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	a := &account{server: sv}
	opts := wire.Options{OnAlert: func(text string) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.alerts = append(a.alerts, text)
	}}
	if sv.TLS == "starttls" {
		nc = startTLS(t, nc, sv)
		opts.Greeting = "* OK ready"
	}
	a.wire = wire.New(nc, opts)
	a.Client = imapclient.New(a.wire, nil)
	t.Cleanup(func() { a.wire.Close(); a.Close() })
	if err := a.Login(sv.User, sv.Pass).Wait(); err != nil {
		t.Fatalf("login: %v (%v)", err, a.wire.Err())
	}
	return a
}

// startTLS has the dialogue before TLS, as the session does.
func startTLS(t *testing.T, nc net.Conn, sv *replay.Server) net.Conn {
	t.Helper()
	line := func() string {
		var b []byte
		for one := make([]byte, 1); !strings.HasSuffix(string(b), "\r\n"); b = append(b, one...) {
			if _, err := nc.Read(one); err != nil {
				t.Fatal(err)
			}
		}
		return string(b)
	}
	line()
	nc.Write([]byte("a STARTTLS\r\n"))
	if done := line(); !strings.HasPrefix(done, "a OK") {
		t.Fatal(done)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(sv.Roots)
	return tls.Client(nc, &tls.Config{ServerName: "localhost", RootCAs: roots})
}

// alive fails unless the connection still works.
func (a *account) alive(t *testing.T, after string) {
	t.Helper()
	if err := a.Noop().Wait(); err != nil {
		t.Fatalf("after %s: %v (%v)", after, err, a.wire.Err())
	}
}

var everything = &imap.FetchOptions{
	UID: true, Flags: true, InternalDate: true, RFC822Size: true, Envelope: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
	BodySection: []*imap.FetchItemBodySection{{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"From", "Subject", "Date"}, Peek: true}},
}

// TestTranscripts reads each account as a whole: every mailbox that can be
// opened, every message's envelope, flags and structure, and its body. Nothing
// of it may cost more than itself.
func TestTranscripts(t *testing.T) {
	files, _ := filepath.Glob(quirks)
	if len(files) < 13 {
		t.Fatalf("%d files in %s, want 13 at least", len(files), quirks)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".imap")
		t.Run(name, func(t *testing.T) {
			a := login(t, replay.Start(t, file))
			boxes, err := a.List("", "*", nil).Collect()
			if err != nil || len(boxes) != len(a.server.S.Mailboxes) {
				t.Fatalf("List = %d mailboxes, %v, want %d", len(boxes), err, len(a.server.S.Mailboxes))
			}
			for _, box := range boxes {
				readMailbox(t, a, box)
			}
			for _, v := range a.server.Report().Violations {
				t.Errorf("violation: %s", v.Text)
			}
			t.Logf("repairs: %v", a.wire.Repairs())
		})
	}
}

func readMailbox(t *testing.T, a *account, box *imap.ListData) {
	t.Helper()
	scripted := a.server.S.Mailboxes
	selected, err := a.Select(box.Mailbox, nil).Wait()
	a.alive(t, "SELECT "+box.Mailbox)
	if err != nil {
		if !strings.Contains(strings.ToLower(attrs(box)), "noselect") {
			t.Errorf("Select(%q): %v", box.Mailbox, err)
		}
		return
	}
	for _, m := range scripted {
		if wire.MailboxName(m.Name) == box.Mailbox && int(selected.NumMessages) > len(m.Msgs) {
			t.Errorf("Select(%q) has %d messages, want at most %d", box.Mailbox, selected.NumMessages, len(m.Msgs))
		}
	}
	if selected.NumMessages == 0 {
		return
	}
	var all imap.SeqSet
	all.AddRange(1, selected.NumMessages)
	rows, err := a.Fetch(all, everything).Collect()
	if err != nil || len(rows) != int(selected.NumMessages) {
		t.Fatalf("%q lists %d rows of %d, %v (%v)", box.Mailbox, len(rows), selected.NumMessages, err, a.wire.Err())
	}
	for _, row := range rows {
		if row.UID == 0 || row.BodyStructure == nil || len(row.BodySection) != 1 {
			t.Errorf("%q: row %d lacks something: %+v", box.Mailbox, row.SeqNum, row)
		}
		body := &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}
		if _, err := a.Fetch(imap.UIDSetNum(row.UID), body).Collect(); err != nil {
			t.Fatalf("%q: body of UID %d: %v (%v)", box.Mailbox, row.UID, err, a.wire.Err())
		}
		a.alive(t, "a body")
	}
}

func attrs(box *imap.ListData) string {
	var b strings.Builder
	for _, attr := range box.Attrs {
		b.WriteString(string(attr))
	}
	return b.String()
}

func quirk(t *testing.T, name string) *replay.Server {
	t.Helper()
	return replay.Start(t, filepath.Join(filepath.Dir(quirks), name+".imap"))
}

// TestTranscriptNames opens mailboxes with broken names by the very octets.
func TestTranscriptNames(t *testing.T) {
	a := login(t, quirk(t, "utf7-names"))
	boxes, err := a.List("", "*", nil).Collect()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, box := range boxes {
		got = append(got, wire.ReadableName(box.Mailbox))
	}
	if want := "INBOX ä ☺! a&b 日本語 😀 &AOQ &!!!- R&D &AGE- Entw&APw Work/ä"; strings.Join(got, " ") != want {
		t.Errorf("listed %q, want %q", strings.Join(got, " "), want)
	}
	for _, box := range boxes {
		if _, err := a.Select(box.Mailbox, nil).Wait(); err != nil {
			t.Errorf("Select(%q): %v", box.Mailbox, err)
		}
	}
}

func TestTranscriptAlerts(t *testing.T) {
	a := login(t, quirk(t, "alert"))
	a.Select("INBOX", nil).Wait()
	a.Move(imap.UIDSetNum(1), "Archive").Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	want := "System goes down at 18:00 <now>|Your mailbox is 95% full|Archive is closed for inventory"
	if got := strings.Join(a.alerts, "|"); got != want {
		t.Errorf("alerts %q, want %q", got, want)
	}
}

func TestTranscriptOverQuota(t *testing.T) {
	a := login(t, quirk(t, "overquota-append"))
	for _, box := range []string{"Drafts", "Sent"} {
		cmd := a.Append(box, 6, nil)
		cmd.Write([]byte("a: b\r\n"))
		cmd.Close()
		if _, err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "Quota exceeded") {
			t.Errorf("Append to %s: %v, want the server's words", box, err)
		}
		a.alive(t, "a refused APPEND")
	}
	if r := a.server.Report(); len(r.Violations) > 0 {
		t.Errorf("violations: %v", r.Violations)
	}
}

// TestTranscriptExpungeRace: the answer to a FETCH of a message that is gone is
// an unasked FETCH of another.
func TestTranscriptExpungeRace(t *testing.T) {
	a := login(t, quirk(t, "expunge-race"))
	if _, err := a.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	rows, err := a.Fetch(imap.UIDSetNum(2), everything).Collect()
	if err != nil || len(rows) != 0 {
		t.Errorf("UID FETCH of a message that is gone: %d rows, %v", len(rows), err)
	}
	rows, err = a.Fetch(imap.UIDSetNum(3), everything).Collect()
	if err != nil || len(rows) != 1 || rows[0].UID != 3 {
		t.Errorf("UID FETCH 3: %+v, %v", rows, err)
	}
}
