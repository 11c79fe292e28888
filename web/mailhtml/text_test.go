package mailhtml

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// sketch writes blocks compactly: depth, "s" for a signature, lines in brackets, links as {text|href|warn}.
func sketch(blocks []Block) string {
	var out strings.Builder
	for _, b := range blocks {
		fmt.Fprintf(&out, "%d", b.Depth)
		if b.Signature {
			out.WriteByte('s')
		}
		for _, line := range b.Lines {
			out.WriteByte('[')
			for _, s := range line {
				switch {
				case s.Href == "":
					out.WriteString(s.Text)
				case s.Warn != "":
					fmt.Fprintf(&out, "{%s|%s|%s}", s.Text, s.Href, s.Warn)
				default:
					fmt.Fprintf(&out, "{%s|%s}", s.Text, s.Href)
				}
			}
			out.WriteByte(']')
		}
	}
	return out.String()
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		opts     TextOptions
		want     string
	}{
		{"lines", "a\n\n    b\r\n\tc\n", TextOptions{}, "0[a][][    b][\tc]"},
		{"empty", "", TextOptions{}, ""},
		{"quotes", "On Mon:\n> a\n>> b\n> > c\n>d\nmine\n", TextOptions{}, "0[On Mon:]1[a]2[b][c]1[d]0[mine]"},
		{"mbox", ">From the start", TextOptions{}, "0[From the start]"},
		{"signature", "text\n-- \nAnna\nLine 2\n", TextOptions{}, "0[text]0s[-- ][Anna][Line 2]"},
		{"signature that lost its space", "text\n--\nAnna\n", TextOptions{}, "0[text]0s[--][Anna]"},
		{"signature ends with the quote", "> a\n> -- \n> sig\nreply", TextOptions{}, "1[a]1s[-- ][sig]0[reply]"},
		{"flowed", "One paragraph \nthat goes on.\n\nNext.\n", TextOptions{Flowed: true}, "0[One paragraph that goes on.][][Next.]"},
		{"flowed quote", "> a \n> b\n>> c\n mine\n", TextOptions{Flowed: true}, "1[a b]2[c]0[mine]"},
		{"flowed, other depth ends it", "> a \nb", TextOptions{Flowed: true}, "1[a ]0[b]"},
		{"delsp", "Schiff \nfahrt", TextOptions{Flowed: true, DelSp: true}, "0[Schifffahrt]"},
		{"stuffed", " >not a quote\n From", TextOptions{Flowed: true}, "0[>not a quote][From]"},
		{"flowed signature", "text \n-- \nsig", TextOptions{Flowed: true}, "0[text ]0s[-- ][sig]"},
		{"not flowed", "a \nb", TextOptions{}, "0[a ][b]"},
		{"controls", "a\x00\x1b[31mb\u202ec", TextOptions{}, "0[a[31mbc]"},
	} {
		if got := sketch(Text(tt.in, tt.opts)); got != tt.want {
			t.Errorf("%s: Text(%q) = %s, want %s", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestTextLinks(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"See https://a.example/x.", "See {https://a.example/x|https://a.example/x}."},
		{"(https://a.example/ok_(paren)) and", "({https://a.example/ok_(paren)|https://a.example/ok_(paren)}) and"},
		{"https://a.example/a_(b)?x=1&y=2, or", "{https://a.example/a_(b)?x=1&y=2|https://a.example/a_(b)?x=1&y=2}, or"},
		{"<https://a.example/angle>.", "<{https://a.example/angle|https://a.example/angle}>."},
		{"[1] HTTP://A.example", "[1] {HTTP://A.example|http://a.example}"},
		{"www.a.example/x!", "{www.a.example/x|http://www.a.example/x}!"},
		{"<mailto:help@a.example>.", "<{mailto:help@a.example|mailto:help@a.example}>."},
		{"ask ann.b+c@a.example, please", "ask {ann.b+c@a.example|mailto:ann.b+c@a.example}, please"},
		{"user@host and @x and a@b.c1", "user@host and @x and {a@b.c1|mailto:a@b.c1}"},
		{"https://bank.example@evil.example/", "{https://bank.example@evil.example/|https://evil.example/|evil.example}"},
		{"https://bаnk.example/", "{https://bаnk.example/|https://xn--bnk-6cd.example/|xn--bnk-6cd.example}"},
		{"https://a.example/ä", "{https://a.example/ä|https://a.example/%C3%A4}"},
		{"見よ https://a.example/。次", "見よ {https://a.example/|https://a.example/}。次"},
		{"javascript:alert(1) JAVASCRIPT:x data:text/html,x", "javascript:alert(1) JAVASCRIPT:x data:text/html,x"},
		{`https://a.example/"onmouseover="x`, `{https://a.example/|https://a.example/}"onmouseover="x`},
		{`https://a.example/'onclick='x'`, `{https://a.example/'onclick='x|https://a.example/%27onclick=%27x}'`},
		{"https://a.example/<img src=x>", "{https://a.example/|https://a.example/}<img src=x>"},
		{`http://[::1]"><svg>`, `{http://[::1]|http://[::1]}"><svg>`},
		{"xhttp://a.example notwww.a.example", "xhttp://a.example notwww.a.example"},
		{"http:// https://. http://localname/", "http:// https://. http://localname/"},
		{"http://a.example:8080/x", "{http://a.example:8080/x|http://a.example:8080/x}"},
		{"mailto:a@a.example?cc=b&attach=/x<script>", "{mailto:a@a.example?cc=b&attach=/x|mailto:a@a.example?cc=b}<script>"},
		{"##str_replacement_0## [<img src=x>] [1]", "##str_replacement_0## [<img src=x>] [1]"},
		{"https://" + strings.Repeat("a", maxURL) + ".example", "https://" + strings.Repeat("a", maxURL) + ".example"},
	} {
		if got, want := sketch(Text(tt.in, TextOptions{})), "0["+tt.want+"]"; got != want {
			t.Errorf("Text(%.200q)\n  = %.300s\nwant %.300s", tt.in, got, want)
		}
	}
	got := sketch(Text("a@a.example", TextOptions{Mailto: func(m string) string { return "/compose?to=" + m }}))
	if want := "0[{a@a.example|/compose?to=mailto:a@a.example}]"; got != want {
		t.Errorf("with Mailto: %s, want %s", got, want)
	}
}

func TestTextQuick(t *testing.T) {
	for name, piece := range map[string]string{"ats": "@", "addresses": "a@a", "schemes": "http://", "www": "www.", "brackets": "http://a.example/((((", "closers": "http://a.example/))))",
		"quotes": ">", "spaced quotes": "> ", "dots": "a.", "mailtos": "mailto:", "blank lines": "\n", "flow": "a \n", "ideographs": "http://漢"} {
		in := strings.Repeat(piece, (1<<20)/len(piece))
		start := time.Now()
		Text(in, TextOptions{Flowed: name == "flow"})
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("%s: 1 MiB took %v, want less than 4s", name, took)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("> a \n> b\n-- \nhttp://a.example/(x) ann@a.example", true)
	f.Add("www.x.example) mailto:a@b.example?subject=%0d", false)
	f.Fuzz(func(t *testing.T, in string, flowed bool) {
		var got, want strings.Builder
		for _, b := range Text(in, TextOptions{Flowed: flowed}) {
			for _, line := range b.Lines {
				for _, s := range line {
					checkSpan(t, s)
					got.WriteString(s.Text)
				}
			}
		}
		letters := func(r rune) rune {
			if strings.ContainsRune(" >\n", r) {
				return -1
			}
			return r
		}
		want.WriteString(plainText(in))
		if g, w := strings.Map(letters, got.String()), strings.Map(letters, want.String()); g != w {
			t.Fatalf("Text(%q) lost text: %q, want %q", in, g, w)
		}
	})
}
