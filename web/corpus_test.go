package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/imapsession/imaptest"
)

// specimen is a mail of testdata/corpus as its index tells of it.
type specimen struct {
	ID, File    string
	Visible     []string
	Hidden      []string
	MayReject   bool `json:"may_reject"`
	Attachments []struct{ Name string }
}

// Every mail of the corpora opens within two seconds, with all its frames and embedded messages, and shows what a reader must see.
func TestCorpus(t *testing.T) {
	for _, kind := range []string{"benign", "hostile"} {
		dir := filepath.Join("../testdata/corpus", kind)
		b, err := os.ReadFile(filepath.Join(dir, "index.json"))
		if err != nil {
			imaptest.Missing(t, "corpus", err)
		}
		var index struct{ Mails []specimen }
		if err := json.Unmarshal(b, &index); err != nil {
			t.Fatal(err)
		}
		t.Run(kind, func(t *testing.T) {
			imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
				s := newSite(t, mail)
				user := mail.User(t)
				b := s.browser().signIn(user)
				for _, m := range index.Mails {
					raw, err := os.ReadFile(filepath.Join(dir, m.File))
					if err != nil {
						t.Fatal(err)
					}
					if m.MayReject && mail.Name == "memory" {
						continue // go-message may refuse what a real server takes
					}
					t.Run(m.ID, func(t *testing.T) { b.opens(t, m, mail.Append(t, user, "INBOX", raw)) })
				}
				b.get("/m/INBOX").status(200)
			})
		})
	}
}

func (b *browser) opens(t *testing.T, m specimen, uid uint32) {
	own, site := *b, *b.site
	site.t = t
	own.site = &site
	start := time.Now()
	page := own.get(fmt.Sprintf("/m/INBOX/%d", uid))
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("%s took %v to open", m.ID, took)
	}
	page.status(200)
	seen := own.visible(page, 0)
	for _, want := range m.Visible {
		if !strings.Contains(squeeze(seen), squeeze(want)) {
			t.Errorf("%s does not show %q in\n%.1500s", m.ID, want, squeeze(seen))
		}
	}
	for _, hidden := range m.Hidden {
		if strings.Contains(squeeze(seen), squeeze(hidden)) {
			t.Errorf("%s shows %q", m.ID, hidden)
		}
	}
	files := strings.Join(page.all(".att .n"), "\n")
	for _, a := range m.Attachments {
		if !strings.Contains(squeeze(files), squeeze(a.Name)) {
			t.Errorf("%s does not list %q among %q", m.ID, a.Name, files)
		}
	}
	for _, n := range page.nodes(".att a[download]") {
		own.get(attribute(n, "href")).status(200)
	}
}

// visible is the text of the reader and of what it frames and encloses.
func (b *browser) visible(page *answer, depth int) string {
	text := strings.Join(page.all("#reader, .embedded"), "\n")
	if depth > 3 {
		return text
	}
	for _, n := range page.nodes("#reader iframe, .embedded iframe") {
		text += "\n" + strings.Join(b.get(attribute(n, "src")).status(200).all("body"), "\n")
	}
	for _, n := range page.nodes("#reader .embedded a.embedded-head") {
		href := attribute(n, "href")
		if u, err := url.Parse(href); err == nil && strings.HasSuffix(u.Path, "/message") {
			text += "\n" + b.visible(b.swap("x").get(href, "HX-Target", "section#x").status(200), depth+1)
		}
	}
	return text
}

// squeeze leaves out white space: where a page breaks its lines says nothing.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// corpusMail reads one mail of testdata/corpus.
func corpusMail(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../testdata/corpus", name))
	if err != nil {
		imaptest.Missing(t, "corpus", err)
	}
	return raw
}
