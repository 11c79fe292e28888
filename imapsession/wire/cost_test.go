package wire

import (
	"io"
	"strings"
	"testing"
	"time"
)

// TestCost feeds large responses made to be slow: the time they take must grow
// with their length only. Something quadratic would take minutes.
func TestCost(t *testing.T) {
	const size = 2 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	line := func(s string) string { return strings.Repeat(s, (1<<20-100)/len(s)) }
	for _, tt := range []struct{ name, in string }{
		{"literals", "* 1 FETCH (X (" + fill(" {1}\r\nx") + "))\r\n"},
		{"body literals inside a list", "* 1 FETCH (X (" + fill(" BODY[] {1}\r\nx") + "))\r\n"},
		{"body literals", "* 1 FETCH (" + fill("BODY[] {1}\r\nx ") + "UID 1)\r\n"},
		{"body literals without end of section", "* 1 FETCH (" + fill("BODY[[[[] {1}\r\nx ") + "UID 1)\r\n"},
		{"lines in a string", "* 1 FETCH (X \"" + fill("xxxx\r\n") + "\")\r\n"},
		{"brackets", "* 1 FETCH (" + line("[") + ")\r\n"},
		{"sections", "* 1 FETCH (" + line("BODY[") + ")\r\n"},
		{"quotes", "* 1 FETCH (X " + line(`"a`) + ")\r\n"},
		{"nesting", "* 1 FETCH (BODYSTRUCTURE " + line("(") + "\r\n"},
		{"nested multiparts", "* 1 FETCH (BODYSTRUCTURE " + line("(()") + "\r\n"},
		{"name", "* LIST () \"/\" " + line("&A") + "\r\n"},
		{"threads", "* THREAD " + line("(1") + "\r\n"},
		{"code", "* OK [" + line("[\"") + "\r\n"},
		{"blank lines", fill("\r\n")},
		{"continuations", fill("+ x\r\n")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			c := New(&tape{r: strings.NewReader(tt.in)}, Options{})
			n, _ := io.Copy(io.Discard, c)
			took := time.Since(start)
			if took > 30*time.Second {
				t.Errorf("%d octets took %v", len(tt.in), took)
			}
			t.Logf("%d octets in, %d out, %v; Err() = %v", len(tt.in), n, took, c.Err())
		})
	}
}
