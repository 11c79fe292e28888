package imapsession

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// opened is one row of a list and what opening it shows.
type opened struct {
	row  Summary
	m    *Message
	text string
	err  error
}

// openAll lists a mailbox and opens each row as a reader would.
func openAll(t *testing.T, s *Session, mailbox string) map[UID]opened {
	t.Helper()
	page, err := s.Page(t.Context(), mailbox, PageSpec{})
	if err != nil {
		t.Fatalf("Page(%s): %v", mailbox, err)
	}
	if _, err := s.Previews(t.Context(), mailbox, page.UIDValidity, uidsOn(page)); err != nil {
		t.Errorf("Previews(%s): %v", mailbox, err)
	}
	all := make(map[UID]opened)
	for _, row := range page.Summaries {
		o := opened{row: row}
		if o.m, o.err = s.Message(t.Context(), row.Ref); o.err == nil {
			body := o.m.Body()
			for _, p := range append(body.Text, body.HTML) {
				if p == nil {
					continue
				}
				text, _, err := s.Text(t.Context(), row.Ref, p.Section, 1<<20)
				o.text += text
				o.err = errors.Join(o.err, err)
			}
		}
		all[row.Ref.UID] = o
	}
	return all
}

// TestTranscripts lists and opens every mail of every quirky server: nothing may fail but what the
// transcript itself lets vanish, and no server may see a command that it could not understand.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(quirks, "*.imap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d transcripts, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".imap")
		t.Run(name, func(t *testing.T) {
			sv, s := replayed(t, name)
			for uid, o := range openAll(t, s, "INBOX") {
				vanished := name == "expunge-race" && uid == 2 && errors.Is(o.err, ErrNoMessage)
				if o.err != nil && !vanished {
					t.Errorf("UID %d: %v", uid, o.err)
				}
				if o.err == nil && o.m.Root == nil {
					t.Errorf("UID %d has no root", uid)
				}
			}
			for _, e := range sv.Report().Violations {
				t.Errorf("violation: %s", e.Text)
			}
		})
	}
}

func TestExchangeStructures(t *testing.T) {
	_, s := replayed(t, "exchange-bodystructure")
	all := openAll(t, s, "INBOX")
	if len(all) != 5 {
		t.Fatalf("%d rows, want 5", len(all))
	}
	for uid, want := range map[UID]struct{ subject, text string }{
		1: {"structure one", "body of 1"}, 2: {"structure two", "body of 2"}, 3: {"structure three", "body of 3"},
		4: {"structure four", "body of 4"}, 5: {"structure five (sound)", "body of 5"},
	} {
		if o := all[uid]; o.row.Subject != want.subject || strings.TrimSpace(o.text) != want.text {
			t.Errorf("UID %d: %q shows %q, %v, want %q with %q", uid, o.row.Subject, o.text, o.err, want.subject, want.text)
		}
	}
	inner, err := s.Embedded(t.Context(), all[3].row.Ref, "2")
	if err != nil || inner.Header.Text("Subject") != "inner" {
		t.Errorf("the message inside = %+v, %v", inner, err)
	}
}

func TestGmailRow(t *testing.T) {
	_, s := replayed(t, "gmail")
	for _, o := range openAll(t, s, "INBOX") {
		if o.row.Subject != "Grüße aus Köln" || len(o.row.From) != 1 || o.row.From[0].Name != "Jürgen Strauß" || !strings.Contains(o.text, "Grüß") {
			t.Errorf("row %+v, text %q", o.row, o.text)
		}
	}
}

func TestRawOctetsInQuotedStrings(t *testing.T) {
	_, s := replayed(t, "eight-bit-quoted")
	all := openAll(t, s, "INBOX")
	if got := all[1].row.Subject; got != "Übung für Zoë" {
		t.Errorf("UID 1 is %q", got)
	}
	if got := all[2].text; !strings.Contains(got, "Привет!") {
		t.Errorf("UID 2 reads %q", got)
	}
	files := all[3].m.Body().Files
	if len(files) != 1 {
		t.Fatalf("UID 3 has %d files, want 1", len(files))
	}
	r, err := s.Part(t.Context(), all[3].row.Ref, files[0].Section)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "hello" {
		t.Errorf("UID 3's file %q is %q, %v, want hello", files[0].Filename, got, err)
	}
}

func TestExpungeRace(t *testing.T) {
	_, s := replayed(t, "expunge-race")
	page, err := s.Page(t.Context(), "INBOX", PageSpec{})
	if err != nil || len(page.Summaries) != 3 {
		t.Fatalf("Page = %+v, %v", page, err)
	}
	if _, err := s.Message(t.Context(), page.Summaries[1].Ref); !errors.Is(err, ErrNoMessage) {
		t.Errorf("Message(2) = %v, want ErrNoMessage", err)
	}
	three := page.Summaries[0].Ref
	if err := s.MarkSeen(t.Context(), three); err != nil {
		t.Error(err)
	}
	page, err = s.Page(t.Context(), "INBOX", PageSpec{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Summaries {
		if row.Has("\\Seen") != (row.Ref == three) {
			t.Errorf("UID %d has flags %v", row.Ref.UID, row.Flags)
		}
	}
	if len(page.Summaries) != 3 || page.Summaries[0].Subject != "new one" {
		t.Errorf("after the race: %+v", page.Summaries)
	}
}

func TestUIDValidityChanges(t *testing.T) {
	_, s := replayed(t, "uidvalidity-change")
	page, err := s.Page(t.Context(), "INBOX", PageSpec{})
	if err != nil {
		t.Fatal(err)
	}
	old := page.Summaries[0].Ref
	before, err := s.Message(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Page(t.Context(), "Other", PageSpec{}); err != nil {
		t.Fatal(err)
	}
	// The mailbox was rebuilt: nothing of it may be shown under the old number. A connection that has it
	// selected still reads the old mails, which is no lie.
	if m, err := s.Message(t.Context(), old); err == nil && m.Header.Text("Subject") != before.Header.Text("Subject") || err != nil && !errors.Is(err, ErrStale) {
		t.Errorf("Message(%v) = %v, %v, want ErrStale", old, m, err)
	}
	if err := s.MarkSeen(t.Context(), old); !errors.Is(err, ErrStale) {
		t.Errorf("MarkSeen(%v) = %v, want ErrStale", old, err)
	}
	page, err = s.Page(t.Context(), "INBOX", PageSpec{})
	if err != nil || page.UIDValidity == old.UIDValidity {
		t.Errorf("Page = %+v, %v, want another UIDVALIDITY than %d", page, err, old.UIDValidity)
	}
}

func TestReadOnlyTranscript(t *testing.T) {
	_, s := replayed(t, "readonly")
	page, err := s.Page(t.Context(), "INBOX", PageSpec{})
	if err != nil || !page.ReadOnly {
		t.Fatalf("Page = %+v, %v, want read-only", page, err)
	}
	if err := s.MarkSeen(t.Context(), page.Summaries[0].Ref); !errors.Is(err, ErrReadOnly) {
		t.Errorf("MarkSeen = %v, want ErrReadOnly", err)
	}
}
