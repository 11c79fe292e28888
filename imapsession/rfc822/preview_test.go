package rfc822

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestPreviewText(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		html     bool
		want     string
	}{
		{"plain", "Hello\n\n  there,\nyou", false, "Hello there, you"},
		{"quotes", "On Mon, Bob wrote:\n> old\n>> older\n\nNew text\n> more", false, "New text"},
		{"German attribution", "Ja.\n\nAm 3. November 2026 schrieb Bob:\n> alt", false, "Ja."},
		{"no quote follows", "As Bob wrote:\nno.", false, "As Bob wrote: no."},
		{"all quote", "> only this\n> and that", false, "only this and that"},
		{"signature", "Text\n-- \nAnn Lee\n+1 555", false, "Text"},
		{"original message", "Yes\n-----Original Message-----\nFrom: x\nold", false, "Yes"},
		{"ornaments", "=====\n*****\nNews\n-----\nof today", false, "News of today"},
		{"links in brackets", "Read more <https://example.org/a?b=c> now (http://example.org/x) and [https://example.org/y] here", false, "Read more now and here"},
		{"long link", "See https://example.org/" + strings.Repeat("a", 80) + " or not", false, "See or not"},
		{"short link stays", "See https://example.org/ab or not", false, "See https://example.org/ab or not"},
		{"emoji alone", "🎉🎉", false, "🎉🎉"},
		{"HTML", "<html><head><title>T</title><style>b{}</style></head><body><p>One &amp; <b>two</b><br>three</p><script>x</script>", true, "One & two three"},
		{"preheader", `<div style="display:none">Sale ends today&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#847; ` + strings.Repeat("&#8203;&nbsp;", 100) + "</div><p>Dear reader", true, "Sale ends today Dear reader"},
		{"blockquote", "<p>Yes</p><blockquote>old <blockquote>older</blockquote></blockquote><p>end", true, "Yes end"},
		{"words do not run together", "<td>a</td><td>b</td><div>c</div>d", true, "a b c d"},
		{"entities are text", "<p>&lt;script&gt;x&lt;/script&gt;", true, "<script>x</script>"},
		{"self-closed svg", "<svg/>text", true, "text"},
		{"unclosed title", "<title>x<body>text", true, ""},
		{"controls", "a\x00b\u202ec\x1b[0m", false, "abc[0m"},
		{"empty", "", false, ""},
		{"nothing to see", "<html><head></head><body></body></html>", true, ""},
	} {
		if got := PreviewText(tt.in, tt.html, 100); got != tt.want {
			t.Errorf("%s: PreviewText(%.100q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestPreviewTextLength(t *testing.T) {
	for in, want := range map[string]string{
		"one two three":    "one two…",
		"onetwothree":      "onetwoth" + "…",
		"one two 3":        "one two 3",
		"один два три":     "один два…",
		"one two t\u0301x": "one two…",
	} {
		if got := PreviewText(in, false, 9); got != want {
			t.Errorf("PreviewText(%q) to 9 = %q, want %q", in, got, want)
		}
	}
}

func TestPreviewTextInLinearTime(t *testing.T) {
	for _, unit := range []string{"> ", ">\n", "<", "<div>", "<blockquote>", "://", "a://b ", "(http://", "wrote:\n", "=\n", "\u200b", "&", "<svg>", "<!--"} {
		for _, isHTML := range []bool{false, true} {
			var got string
			d := cpuTime(t, func() { got = PreviewText(strings.Repeat(unit, 1<<20/len(unit)), isHTML, 140) })
			if d > slowdown*2*time.Second || utf8.RuneCountInString(got) > 140 {
				t.Errorf("1 MiB of %q took %v for %d bytes", unit, d, len(got))
			}
		}
	}
}

func FuzzPreview(f *testing.F) {
	f.Add("On x wrote:\n> a\n<b>c &amp; http://x.example\n-- ", true, 20)
	f.Fuzz(func(t *testing.T, text string, isHTML bool, limit int) {
		limit = min(max(limit, 0), 500)
		got := PreviewText(text, isHTML, limit)
		if utf8.RuneCountInString(got) > limit || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00\u202e") {
			t.Errorf("PreviewText(%q, %d) = %q", text, limit, got)
		}
	})
}

func TestSplitUUEncoded(t *testing.T) {
	const cat = "begin 644 cat.txt\n#0V%T\n`\nend\n"
	for _, tt := range []struct{ name, in, text, file, data string }{
		{"one", "before\n" + cat + "after\n", "before\nafter\n", "cat.txt", "Cat"},
		{"CRLF", strings.ReplaceAll("before\n"+cat+"after\n", "\n", "\r\n"), "before\r\nafter\r\n", "cat.txt", "Cat"},
		{"no end", "before\nbegin 644 cat.txt\n#0V%T\n", "before\n", "cat.txt", "Cat"},
		{"text right behind", "begin 644 cat.txt\n#0V%T\nThis is text again.\n", "This is text again.\n", "cat.txt", "Cat"},
		{"spaces for zeros", "begin 644 a.bin\n!  \n \nend\n", "", "a.bin", "\x00"},
		{"blanks lost", "begin 644 a.bin\n#\n\nend\n", "", "a.bin", "\x00\x00\x00"},
		{"path in the name", "begin 644 ../../evil.txt\n#0V%T\nend\n", "", "evil.txt", "Cat"},
		{"prose", "I begin 644 times\nbegin with this\nbegin 6 x\n", "I begin 644 times\nbegin with this\nbegin 6 x\n", "", ""},
		{"begin line alone", "begin 644 cat.txt\nThis is only text, no data.\n", "begin 644 cat.txt\nThis is only text, no data.\n", "", ""},
		{"none", "text", "text", "", ""},
	} {
		text, files := SplitUUEncoded(tt.in)
		name, data := "", ""
		if len(files) > 0 {
			name, data = files[0].Name, string(files[0].Data)
		}
		if text != tt.text || name != tt.file || data != tt.data {
			t.Errorf("%s: SplitUUEncoded(%q) = %q, %q, %q, want %q, %q, %q", tt.name, tt.in, text, name, data, tt.text, tt.file, tt.data)
		}
	}
	if _, files := SplitUUEncoded(cat + "\n" + cat); len(files) != 2 {
		t.Errorf("two files come back as %d", len(files))
	}
}

func FuzzUUEncoded(f *testing.F) {
	f.Add("x\nbegin 644 cat.txt\n#0V%T\n`\nend\ny")
	f.Fuzz(func(t *testing.T, in string) {
		text, files := SplitUUEncoded(in)
		n := len(text)
		for _, file := range files {
			n += len(file.Data)
			if SafeName(file.Name) != file.Name {
				t.Errorf("name %q", file.Name)
			}
		}
		if len(files) == 0 && text != in {
			t.Errorf("SplitUUEncoded(%q) = %q without files", in, text)
		}
		if n > 64*len(in)+64 {
			t.Errorf("%d octets made of %d", n, len(in))
		}
	})
}

// TestCorpusTexts looks for what index.json says a reader must see in the decoded texts of each benign mail.
func TestCorpusTexts(t *testing.T) {
	b, err := os.ReadFile(corpusRoot + "/benign/index.json")
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Mails []struct {
			File    string
			MustSee []string `json:"must_see"`
		}
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	for _, m := range index.Mails {
		mail, err := os.ReadFile(corpusRoot + "/benign/" + m.File)
		if err != nil {
			t.Fatal(err)
		}
		seen := textOf(t, mail)
		for _, want := range m.MustSee {
			if !strings.Contains(seen, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s: %q is not in its texts: %.400q", m.File, want, seen)
			}
		}
	}
}

// textOf joins all texts and headers of a mail, tags left out and blanks run together.
func textOf(t *testing.T, mail []byte) string {
	var all strings.Builder
	root := parseBytes(t, mail)
	root.Walk(func(_ string, e *Entity) bool {
		for _, name := range []string{"Subject", "From", "To"} {
			all.WriteString(e.Header.Text(name) + "\n")
		}
		if e.Class() != "text" && e.Class() != "message" || len(e.Children) > 0 {
			all.WriteString(e.Filename() + "\n")
			return true
		}
		body, _ := io.ReadAll(e.Body(bytes.NewReader(mail)))
		text := DecodeText(body, e.Params["charset"], e.Type == "text/html")
		if e.Type == "text/html" {
			text = html.UnescapeString(visibleText(text, 10_000, true))
		}
		all.WriteString(text + "\n")
		return true
	})
	return strings.Join(strings.Fields(all.String()), " ")
}
