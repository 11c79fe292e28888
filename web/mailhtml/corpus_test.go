package mailhtml

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
)

func init() {
	// As every mail reader does: what says Latin-1 or ASCII is Windows-1252.
	message.CharsetReader = func(name string, r io.Reader) (io.Reader, error) {
		switch strings.ToLower(name) {
		case "iso-8859-1", "us-ascii":
			name = "windows-1252"
		}
		return charset.Reader(name, r)
	}
}

// corpora are where the test mails may lie: the project's own copy, and the kit it came from.
var corpora = []string{"../../testdata/corpus", "../../../shared/corpus"}

// corpusMail is a row of a corpus' index.json.
type corpusMail struct {
	ID, File        string
	Visible, Hidden []string
}

// part is a text part of a corpus mail, decoded.
type part struct {
	kind, text string
	flowed     bool
}

// corpusMails gives the mails of one kind ("benign", "hostile"), skipping when there are none here.
func corpusMails(t testing.TB, kind string) (dir string, mails []corpusMail) {
	t.Helper()
	for _, corpus := range corpora {
		index, err := os.ReadFile(filepath.Join(corpus, kind, "index.json"))
		if err != nil {
			continue
		}
		var all struct{ Mails []corpusMail }
		if err := json.Unmarshal(index, &all); err != nil || len(all.Mails) == 0 {
			t.Fatalf("%s/%s/index.json: %d mails, %v", corpus, kind, len(all.Mails), err)
		}
		return filepath.Join(corpus, kind), all.Mails
	}
	missing(t, "corpus "+kind)
	return "", nil
}

// missing skips, or fails where the run was told to have the corpus.
func missing(t testing.TB, what string) {
	t.Helper()
	if strings.Contains(","+os.Getenv("GODWIT_REQUIRE")+",", ",corpus,") {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

// textParts gives the text parts of a mail.
func textParts(t testing.TB, raw []byte) (parts []part) {
	t.Helper()
	entity, err := message.Read(bytes.NewReader(raw))
	if entity == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil
	}
	_ = entity.Walk(func(_ []int, e *message.Entity, err error) error {
		if err != nil || len(parts) > 50 {
			return io.EOF
		}
		kind, params, _ := mime.ParseMediaType(e.Header.Get("Content-Type"))
		if kind == "" {
			kind = "text/plain"
		}
		if kind == "text/html" || kind == "text/plain" {
			text, _ := io.ReadAll(io.LimitReader(e.Body, 2<<20))
			parts = append(parts, part{kind, string(text), strings.EqualFold(params["format"], "flowed")})
		}
		return nil
	})
	return parts
}

// visibleText is what a document shows: its text without what is hidden and without style sheets.
func visibleText(f *forms, out *strings.Builder) {
	if f.Name == "head" {
		return
	}
	for _, a := range f.Attrs {
		if a.Key == "style" && strings.Contains(a.Val, "display:none") {
			return
		}
	}
	out.WriteString(f.Text)
	for _, c := range f.Children {
		visibleText(c, out)
	}
	switch f.Name {
	case "p", "div", "td", "br", "li":
		out.WriteByte(' ')
	}
}

func TestCorpus(t *testing.T) {
	for _, kind := range []string{"benign", "hostile"} {
		t.Run(kind, func(t *testing.T) {
			dir, mails := corpusMails(t, kind)
			documents := 0
			for _, m := range mails {
				raw, err := os.ReadFile(filepath.Join(dir, m.File))
				if err != nil {
					t.Fatal(err)
				}
				var seen strings.Builder
				html := 0
				for _, p := range textParts(t, raw) {
					start := time.Now()
					if p.kind == "text/plain" {
						for _, b := range Text(p.text, TextOptions{Flowed: p.flowed}) {
							for _, line := range b.Lines {
								for _, span := range line {
									seen.WriteString(span.Text)
									checkSpan(t, span)
								}
								seen.WriteByte(' ')
							}
						}
					} else {
						html++
						checkBothWays(t, p.text)
						out, _ := whole(t, p.text, Options{})
						visibleText(byParser(t, out), &seen)
					}
					if took := time.Since(start); took > 3*time.Second {
						t.Errorf("%s: %d bytes of %s took %v", m.File, len(p.text), p.kind, took)
					}
				}
				documents += html
				if html == 0 {
					continue
				}
				text := strings.Join(strings.Fields(seen.String()), " ")
				for _, want := range m.Visible {
					if !strings.Contains(text, strings.Join(strings.Fields(want), " ")) && !strings.Contains(headers(raw), want) {
						t.Errorf("%s: the reader doesn't see %q in %.500q", m.File, want, text)
					}
				}
				for _, bad := range m.Hidden {
					if strings.Contains(text, bad) {
						t.Errorf("%s: the reader sees %q", m.File, bad)
					}
				}
			}
			if documents < 10 {
				t.Errorf("only %d HTML parts in %s", documents, dir)
			}
		})
	}
}

// headers is what stands above the text.
func headers(raw []byte) string {
	head, _, _ := strings.Cut(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n\n")
	return head
}

// TestRealMails runs what other projects have met through the same checks.
func TestRealMails(t *testing.T) {
	const dir = "../../../shared/corpus/real"
	if _, err := os.Stat(dir); err != nil {
		missing(t, "corpus real")
	}
	documents := 0
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || info.Size() > 4<<20 {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, p := range textParts(t, raw) {
			if p.kind == "text/html" {
				documents++
				checkBothWays(t, p.text)
			} else {
				for _, b := range Text(p.text, TextOptions{Flowed: p.flowed}) {
					for _, line := range b.Lines {
						for _, span := range line {
							checkSpan(t, span)
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil || documents < 20 {
		t.Errorf("%d documents, %v", documents, err)
	}
}

// checkSpan holds that a link in plain text leads only where links may.
func checkSpan(t testing.TB, s Span) {
	t.Helper()
	if s.Href != "" && !strings.HasPrefix(s.Href, "http://") && !strings.HasPrefix(s.Href, "https://") && !strings.HasPrefix(s.Href, "mailto:") {
		t.Fatalf("Href = %q of %q", s.Href, s.Text)
	}
	if strings.ContainsAny(s.Href, "\"'<> \n\\") {
		t.Fatalf("Href = %q of %q", s.Href, s.Text)
	}
}

// newsletter writes HTML as bulk mail has it: nested tables, a style on each element, entities, tracked links.
func newsletter(size int) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>News</title><style type="text/css">` +
		`body{margin:0;padding:0;background:#f4f4f4}table{border-collapse:collapse}@media only screen and (max-width:600px){.col{width:100%!important;display:block}}` +
		`.btn a{color:#fff;background:#2266cc;padding:10px 18px}</style></head><body bgcolor="#f4f4f4"><table width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center">` + "\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `<table width="600" cellpadding="0" cellspacing="0" border="0" style="width:600px;background-color:#ffffff;margin:0 auto;"><tr>
<td class="col" width="200" valign="top" style="padding:12px;font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:20px;color:#333333;"><a href="https://click.news.example/t/%08x?u=%d&amp;m=%d" target="_blank"><img src="https://img.news.example/%06x.png" width="176" height="120" alt="harbour" border="0" style="display:block;border:0;"></a></td>
<td class="col" width="400" valign="top" style="padding:12px;font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:20px;color:#333333;">
<h2 style="margin:0 0 8px 0;font-size:18px;color:#111111;">the tide tables of the week</h2>
`, i*7919, i, i*7, i*104729)
		for range 3 + i%5 {
			b.WriteString("<p style=\"margin:0 0 10px 0;\">The lighthouse is open again from noon until the evening tide comes in.\nBring good shoes and <b>a coat</b> &ndash; the wind on the gallery is strong at any time of year.</p>\n")
		}
		b.WriteString("<div class=\"btn\"><a href=\"https://news.example/read\" style=\"color:#ffffff;text-decoration:none;\">read on</a></div></td></tr></table>\n")
	}
	b.WriteString("</td></tr></table>\n<img src=\"https://open.news.example/o.gif\" width=\"1\" height=\"1\">\n</body></html>\n")
	return b.String()
}

// BenchmarkDocument is the "20 to 80 kB" row of the performance table: 10 MB/s is the bar.
func BenchmarkDocument(b *testing.B) {
	for _, size := range []int{20_000, 80_000, 1_000_000} {
		in := newsletter(size)
		b.Run(fmt.Sprintf("newsletter %dk", size/1000), func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Document(io.Discard, strings.NewReader(in), Options{Remote: proxy}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	dir, mails := corpusMails(b, "benign")
	var documents []string
	total := 0
	for _, m := range mails {
		raw, err := os.ReadFile(filepath.Join(dir, m.File))
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range textParts(b, raw) {
			if p.kind == "text/html" {
				documents = append(documents, p.text)
				total += len(p.text)
			}
		}
	}
	b.Run("corpus", func(b *testing.B) {
		b.SetBytes(int64(total))
		for b.Loop() {
			for _, in := range documents {
				if _, err := Document(io.Discard, strings.NewReader(in), Options{}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
