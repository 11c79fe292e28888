package imapsession

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/imapsession/imaptest"
)

// corpusMail is one entry of an index.json of the corpora, and its file.
type corpusMail struct {
	File        string
	Attachments []struct {
		Name string
		Type string
		Size int64
	}
	Visible   []string
	MayReject bool `json:"may_reject"`

	raw []byte
}

// corpus reads one of the corpora that lie beside the repository.
func corpus(t *testing.T, name string) []corpusMail {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "corpus", name)
	index, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		imaptest.Missing(t, "corpus", err)
	}
	var mails []corpusMail
	if err := json.Unmarshal(index, &mails); err != nil {
		var kind struct{ Mails []corpusMail }
		if err := json.Unmarshal(index, &kind); err != nil {
			t.Fatal(err)
		}
		mails = kind.Mails
	}
	for i := range mails {
		raw, err := os.ReadFile(filepath.Join(dir, mails[i].File))
		if err != nil {
			t.Fatal(err)
		}
		// As SMTP would have brought it: every line ends in CRLF. NUL is what Dovecot makes 0x80 of.
		raw = bytes.ReplaceAll(raw, []byte{0}, []byte{0x80})
		mails[i].raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	return mails
}

// TestCorpus reads every mail of the corpora from Dovecot: page, message, texts, every part to its end, inner
// messages; then once more by our own parse, which has to yield the same octets where it finds the same tree.
func TestCorpus(t *testing.T) {
	srv := imaptest.Dovecot(t)
	for _, name := range []string{"benign", "hostile", "real"} {
		t.Run(name, func(t *testing.T) {
			mails := corpus(t, name)
			user := srv.User(t)
			s := openSession(t, srv, user)
			same := 0
			for _, m := range mails {
				uid := UID(srv.Append(t, user, "INBOX", m.raw))
				if readCorpusMail(t, s, m, uid) {
					same++
				}
			}
			t.Logf("%d of %d mails have the same tree by Dovecot's parse and ours", same, len(mails))
			if same < len(mails)*8/10 {
				t.Errorf("only %d of %d trees agree", same, len(mails))
			}
			if _, err := s.Page(t.Context(), "INBOX", PageSpec{Size: 200}); err != nil {
				t.Errorf("Page over the corpus: %v", err)
			}
			down, _ := walk(t, s, PageSpec{}, func() {})
			if len(down) != len(mails) {
				t.Errorf("the pages have %d rows, want %d", len(down), len(mails))
			}
		})
	}
}

func readCorpusMail(t *testing.T, s *Session, m corpusMail, uid UID) (sameTree bool) {
	start := time.Now()
	ref := Ref{Mailbox: "INBOX", UID: uid}
	msg, err := s.Message(t.Context(), ref)
	if err != nil {
		t.Errorf("%s: Message: %v", m.File, err)
		return false
	}
	body := msg.Body()
	for _, p := range append(body.Text, body.HTML) {
		if p == nil {
			continue
		}
		if _, _, err := s.Text(t.Context(), msg.Ref, p.Section, 1<<20); err != nil {
			t.Errorf("%s: Text(%s): %v", m.File, p.Section, err)
		}
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("%s: opened in %v, want 2 s at most", m.File, took)
	}
	for _, want := range m.Attachments {
		found := false
		for _, p := range body.Files {
			if p.Filename == want.Name && (want.Type == "" || p.Type == want.Type) {
				found = true
				if got := readPart(t, s, m.File, msg.Ref, p.Section); want.Size > 0 && int64(len(got)) != want.Size {
					t.Errorf("%s: %s has %d octets, want %d", m.File, want.Name, len(got), want.Size)
				}
			}
		}
		if !found {
			var names []string
			for _, p := range body.Files {
				names = append(names, p.Filename+" "+p.Type)
			}
			t.Errorf("%s: no file %q (%s) among %q", m.File, want.Name, want.Type, names)
		}
	}
	if whole := readPart(t, s, m.File, msg.Ref, ""); !bytes.Equal(whole, m.raw) {
		t.Errorf("%s: the whole message differs from what was sent at %d", m.File, difference(whole, m.raw))
	}
	theirs := readAllParts(t, s, m.File, msg)
	if msg.Root.raw != nil {
		return false // it was our own parse already
	}
	own, err := s.parseWhole(t.Context(), msg.Ref)
	if err != nil {
		t.Errorf("%s: own parse: %v", m.File, err)
		return false
	}
	if outline(own.root) != outline(msg.Root) {
		t.Logf("%s:\n  Dovecot %s\n  ours    %s", m.File, abridged(outline(msg.Root)), abridged(outline(own.root)))
		return false
	}
	ours := readAllParts(t, s, m.File, &Message{Ref: msg.Ref, Root: own.root})
	for section, content := range theirs {
		// Where a header never ends, or a boundary, Dovecot sees less than we do.
		if !bytes.Equal(content, ours[section]) && !bytes.HasSuffix(ours[section], content) && !bytes.HasPrefix(ours[section], content) {
			t.Errorf("%s: section %s: Dovecot's and our octets differ at %d of %d and %d", m.File, section,
				difference(content, ours[section]), len(content), len(ours[section]))
		}
	}
	return true
}

func abridged(s string) string {
	if len(s) > 300 {
		return s[:300] + "..."
	}
	return s
}

func readPart(t *testing.T, s *Session, file string, ref Ref, section Section) []byte {
	t.Helper()
	r, err := s.Part(t.Context(), ref, section)
	if err != nil {
		t.Errorf("%s: Part(%s): %v", file, section, err)
		return nil
	}
	defer r.Close()
	size, exact := r.Size()
	content, err := io.ReadAll(onlyReader{r})
	if err != nil || exact && size != int64(len(content)) {
		t.Errorf("%s: Part(%s): %d octets (promised %d %v): %v", file, section, len(content), size, exact, err)
	}
	return content
}

// readAllParts reads up to fifty leaves, and opens the messages among them.
func readAllParts(t *testing.T, s *Session, file string, m *Message) map[Section][]byte {
	t.Helper()
	contents := make(map[Section][]byte)
	var visit func(p *Part)
	visit = func(p *Part) {
		if len(contents) >= 50 {
			return
		}
		if len(p.Children) == 0 && p.Section != "" && !strings.HasPrefix(p.Type, "multipart/") {
			contents[p.Section] = readPart(t, s, file, m.Ref, p.Section)
		}
		if isEmbedded(p.Type) && p.Section != "" {
			if inner, err := s.Embedded(t.Context(), m.Ref, p.Section); err != nil && !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s: Embedded(%s): %v", file, p.Section, err)
			} else if err == nil && inner.Root == nil {
				t.Errorf("%s: Embedded(%s) has no root", file, p.Section)
			}
		}
		for _, child := range p.Children {
			visit(child)
		}
	}
	visit(m.Root)
	return contents
}
