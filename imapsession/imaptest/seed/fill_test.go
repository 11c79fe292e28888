package seed

import (
	"bytes"
	"testing"
	"time"
)

// TestMessagesAreTheSameEveryTime: what is measured must not depend on when it was made.
func TestMessagesAreTheSameEveryTime(t *testing.T) {
	draw := func() []byte {
		var all bytes.Buffer
		w := &writer{source: newSource(1, 2), user: "u", attached: 0.3}
		for n := range 40 {
			var b bytes.Buffer
			w.ordinary(&b, n, now.Add(time.Duration(n)*time.Hour))
			all.Write(b.Bytes())
		}
		if err := special("u", 1<<20, func(m Message) error { all.Write(m.Raw); return nil }); err != nil {
			t.Fatal(err)
		}
		return all.Bytes()
	}
	first, second := draw(), draw()
	if !bytes.Equal(first, second) {
		t.Error("two runs made different messages")
	}
	for _, line := range bytes.SplitAfter(first, []byte("\n")) {
		if len(line) > 1000 || len(line) > 0 && !bytes.HasSuffix(line, []byte("\r\n")) {
			t.Fatalf("a line of %d octets that ends in %q; want at most 1000 and CRLF (RFC 5322 section 2.1.1)", len(line), line[max(0, len(line)-4):])
		}
	}
}
