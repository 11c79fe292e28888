package templates

import (
	"strings"
	"testing"

	"godwit/web/mailhtml"
)

func TestColumnsAreFound(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string // "p" and "c" for each line
	}{
		{"a table", "Covered now.\n\n  Week   Tue     Sat\n  44     Ines    Siobhán\n  45     Tomasz  Mara\n\nS.", "ppcccpp"},
		{"flush right", "cake      4.50\ntea       0.80\nthe bus  12.00", "ccc"},
		{"tabs", "one\ttwo\nthree\tfour", "pp"}, // where a tab ends is not known: no place in common
		{"tabs in line", "ab\ttwo\ncd\tfour", "cc"},
		{"two spaces after a sentence", "It rained.  We stayed.\nIt cleared.  We went.\nIt snowed!  Well.", "ppp"},
		{"one line alone", "a    b    c\nprose goes on", "pp"},
		{"gaps that have nothing in common", "one  two\nthirteen  fourteen", "pp"},
		{"indented prose", "    four\n    lines\n    of verse", "ppp"},
		{"not ASCII", "Größe  3\nLänge  4", "cc"},
		{"nothing", "", "p"},
	} {
		var lines []mailhtml.Line
		for text := range strings.SplitSeq(tt.text, "\n") {
			lines = append(lines, mailhtml.Line{{Text: text}})
		}
		got := ""
		for _, s := range stretchesOf(lines) {
			kind := "p"
			if s.columns {
				kind = "c"
			}
			got += strings.Repeat(kind, len(s.lines))
		}
		if got != tt.want {
			t.Errorf("%s: stretchesOf(%q) = %s, want %s", tt.name, tt.text, got, tt.want)
		}
	}
}

func TestColumnsAreDrawnInOneWidth(t *testing.T) {
	list := mailhtml.Text("See <b>:\n\n  a  1\n  b  2\n\nBye", mailhtml.TextOptions{})[0].Lines
	var b strings.Builder
	if err := lines(list).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	want := "See &lt;b&gt;:\n\n" + `<span class="cols" tabindex="0" role="group" aria-label="Columns">` + "  a  1\n  b  2</span>\nBye"
	if b.String() != want {
		t.Errorf("lines = %q, want %q", b.String(), want)
	}
}
