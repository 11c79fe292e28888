package imapsession

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/imapsession/imaptest/replay"
)

// quirks is where the transcripts of odd servers lie.
const quirks = "../testdata/imap-quirks"

// replayed plays a transcript and signs in.
func replayed(t *testing.T, name string) (*replay.Server, *Session) {
	t.Helper()
	srv := replay.Start(t, filepath.Join(quirks, name+".imap"))
	host, port, err := net.SplitHostPort(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	server := Server{Host: host, Security: Plaintext, RootsPEM: srv.Roots}
	server.Port, _ = strconv.Atoi(port)
	switch srv.TLS {
	case "starttls":
		server.Security = StartTLS
	case "implicit":
		server.Security = TLS
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := Login(ctx, &Options{CommandWait: 5 * time.Second}, Account{Server: server, User: srv.User, Secret: Secret(srv.Pass)})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return srv, s
}

// On each of the odd servers a person gets in, sees all mailboxes as they are to be read, and opens each;
// and the server sees nothing that it has not offered.
func TestQuirkyServers(t *testing.T) {
	plain := []string{"INBOX:inbox"}
	want := map[string][]string{
		"alert":                  {"INBOX:inbox", "Archive:archive"},
		"bare-rev1":              {"INBOX:inbox", "Drafts:drafts", "Sent:sent", "Trash:trash"},
		"courier-dot":            {"INBOX:inbox", "Drafts:drafts", "Sent:sent", "Archive:archive", "Trash:trash", "Archive/2024"},
		"eight-bit-quoted":       {"INBOX:inbox", "Entwürfe:drafts"},
		"exchange-bodystructure": plain,
		"expunge-race":           {"INBOX:inbox", "Trash:trash"},
		"gmail": {"INBOX:inbox", "[Gmail]/Entwürfe:drafts", "[Gmail]/Gesendet:sent", "[Gmail]/Spam:junk", "[Gmail]/Papierkorb:trash", "[Gmail] (noselect)",
			"[Gmail]/Alle Nachrichten:all", "[Gmail]/Markiert:flagged", "[Gmail]/Wichtig", "Arbeit (missing)", "Arbeit/Projekt Ä"},
		"nil-envelope":           plain,
		"overquota-append":       {"INBOX:inbox", "Drafts:drafts", "Sent:sent"},
		"readonly":               {"INBOX:inbox", "Trash:trash"},
		"starttls-logindisabled": plain,
		"uidvalidity-change":     {"INBOX:inbox", "Trash:trash", "Other"},
		"utf7-names":             {"INBOX:inbox", "&!!!-", "&AGE-", "&AOQ", "a&b", "Entw&APw", "R&D", "Work (missing)", "Work/ä", "ä", "☺!", "日本語", "😀"},
	}
	files, err := os.ReadDir(quirks)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, is := strings.CutSuffix(f.Name(), ".imap")
		if !is {
			continue
		}
		t.Run(name, func(t *testing.T) {
			srv, s := replayed(t, name)
			list, err := s.Mailboxes(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := tree(list); want[name] != nil && !slices.Equal(got, want[name]) {
				t.Errorf("Mailboxes = %q, want %q", got, want[name])
			}
			for _, m := range list {
				if m.NoSelect {
					continue
				}
				if err := s.with(t.Context(), lease{mailbox: m.Name}, func(*conn) error { return nil }); err != nil {
					t.Errorf("%q cannot be opened: %v", m.Path, err)
				}
			}
			for _, v := range srv.Report().Violations {
				t.Errorf("violation on connection %d: %s", v.Conn, v.Text)
			}
			if n := srv.Report().Connections; n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

func TestQuirkOfAlerts(t *testing.T) {
	_, s := replayed(t, "alert")
	if got, want := s.Alerts(), []string{"System goes down at 18:00 <now>"}; !slices.Equal(got, want) {
		t.Errorf("Alerts() after the sign-in = %q, want %q", got, want)
	}
	if err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Alerts(), []string{"Your mailbox is 95% full"}; !slices.Equal(got, want) {
		t.Errorf("Alerts() after opening INBOX = %q, want %q", got, want)
	}
}

func TestQuirkOfReadOnly(t *testing.T) {
	_, s := replayed(t, "readonly")
	if err := s.with(t.Context(), lease{mailbox: "INBOX", write: true}, func(*conn) error { return nil }); !errors.Is(err, ErrReadOnly) {
		t.Errorf("to write in INBOX: %v, want %v", err, ErrReadOnly)
	}
}

// A link from before the mailbox was rebuilt does not reach the message that has its UID now.
func TestQuirkOfUIDValidity(t *testing.T) {
	_, s := replayed(t, "uidvalidity-change")
	for _, tt := range []struct {
		box  lease
		want error
	}{
		{lease{mailbox: "INBOX", uidValidity: 100}, nil},
		{lease{mailbox: "Trash"}, nil},
		{lease{mailbox: "INBOX", uidValidity: 100}, ErrStale},
		{lease{mailbox: "INBOX", uidValidity: 200}, nil},
	} {
		if err := s.with(t.Context(), tt.box, func(*conn) error { return nil }); !errors.Is(err, tt.want) {
			t.Errorf("with(%+v) = %v, want %v", tt.box, err, tt.want)
		}
	}
}

func TestQuirkOfNames(t *testing.T) {
	_, s := replayed(t, "utf7-names")
	list, err := s.Mailboxes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m Mailbox) bool { return m.Path[0] == "R&D" })
	err = s.with(t.Context(), lease{mailbox: list[i].Name}, func(c *conn) error {
		if c.messages != 1 {
			t.Errorf("%d messages in R&D, want 1", c.messages)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
