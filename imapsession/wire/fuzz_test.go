package wire

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// complete reports whether everything that was read makes up whole responses.
func complete(c *Conn) bool {
	in := &c.in
	return in.r == in.w && in.segLen == 0 && in.looked == 0 && in.stream == 0 && in.skip == 0 && !in.fetch.open
}

// clientReads has an imapclient read what the server says, and returns what it
// died of, if it did.
func clientReads(t testing.TB, r io.Reader) (*Conn, error) {
	t.Helper()
	c := New(&tape{r: io.MultiReader(strings.NewReader(preauth), r)}, Options{MaxLine: 1 << 16, MaxLiteral: 1 << 16, MaxResponse: 1 << 18})
	cl := imapclient.New(c, nil)
	select {
	case <-cl.Closed():
	case <-time.After(10 * time.Second):
		t.Fatal("the client hangs")
	}
	return c, cl.Close()
}

// FuzzRead shows that no server can make Conn panic, hang or hold more than it
// may, and that imapclient survives what it gives.
func FuzzRead(f *testing.F) {
	for _, tt := range repairs {
		f.Add(tt.in+"\r\n", uint8(0))
	}
	f.Add("* 1 FETCH (UID 5 BODY[] {5}\r\nhello FLAGS (\\Seen) BODY[1] {3}\r\nabc X-FOO 1)\r\n", uint8(1))
	f.Add("* 1 FETCH (RFC822 {5}\r\nhello X[1] {3}\r\nabc)\r\n+ x\r\nT1 OK x\r\n", uint8(2))
	f.Fuzz(func(t *testing.T, in string, chunks uint8) {
		var r io.Reader = strings.NewReader(in)
		if chunks%2 == 1 {
			r = iotest.OneByteReader(r)
		}
		c := New(&tape{r: r}, Options{MaxLine: 1 << 12, MaxLiteral: 1 << 12, MaxResponse: 1 << 14})
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, make([]byte, 1+int(chunks)))
		if held := len(c.in.buf); held > 1<<16 {
			t.Errorf("holds %d octets after %q", held, in)
		}
		if err == nil && n > int64(20*len(in)+1000) {
			t.Errorf("made %d octets of %d", n, len(in))
		}
		if c, err := clientReads(t, strings.NewReader(in)); complete(c) && err != nil {
			t.Errorf("the client dies of %q: %v", in, err)
		}
	})
}

// FuzzStructure shows that whatever stands for a BODYSTRUCTURE and an ENVELOPE,
// the outcome is one that imapclient reads and that needs no more mending.
func FuzzStructure(f *testing.F) {
	for _, tt := range repairs {
		if s, ok := strings.CutPrefix(tt.in, "* 1 FETCH (BODYSTRUCTURE "); ok {
			f.Add(strings.TrimSuffix(s, ")"), "(NIL)")
		}
		if _, s, ok := strings.Cut(tt.in, "ENVELOPE "); ok {
			f.Add(`("text" "plain" NIL NIL NIL "7bit" 1 1)`, strings.TrimSuffix(s, ")"))
		}
	}
	f.Fuzz(func(t *testing.T, body, envelope string) {
		in := "* 1 FETCH (UID 5 BODYSTRUCTURE " + body + " ENVELOPE " + envelope + ")\r\n"
		c, err := clientReads(t, strings.NewReader(in))
		if !complete(c) {
			return
		}
		if err != nil {
			t.Errorf("the client dies of %q: %v", in, err)
		}
		once, _ := mendText(t, in)
		if twice, c := mendText(t, once); twice != once || len(c.Repairs()) > 0 {
			t.Errorf("%q\nis mended to %q\nand that to %q", in, once, twice)
		}
	})
}
