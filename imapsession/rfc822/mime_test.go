package rfc822

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// outline writes a tree as one line: section, type, and the raw body of the leaves.
func outline(t *testing.T, mail string, limits Limits) string {
	t.Helper()
	root, err := Parse(strings.NewReader(mail), int64(len(mail)), limits)
	if err != nil {
		t.Fatalf("Parse(%q) = %v", mail, err)
	}
	checkTree(t, mail, root, int64(len(mail)))
	var parts []string
	root.Walk(func(section string, e *Entity) bool {
		part := section + " " + e.Type
		if len(e.Children) == 0 {
			part += fmt.Sprintf("=%q", mail[e.BodyStart:e.BodyEnd])
		}
		parts = append(parts, strings.TrimSpace(part))
		return true
	})
	return strings.Join(parts, ", ")
}

func TestParse(t *testing.T) {
	const mixed = "Content-Type: multipart/mixed; boundary=b\n"
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Subject: x\n\nbody\n", `1 text/plain="body\n"`},
		{"two parts", mixed + "\npreamble\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\nepilogue\n",
			`multipart/mixed, 1 text/plain="one", 2 text/html="two"`},
		{"CRLF", strings.ReplaceAll(mixed+"\n--b\n\none\n\n--b--\n", "\n", "\r\n"), `multipart/mixed, 1 text/plain="one\r\n"`},
		{"CR alone", strings.ReplaceAll(mixed+"\n--b\n\none\n--b--\n", "\n", "\r"), `multipart/mixed, 1 text/plain="one"`},
		{"no final boundary", mixed + "\n--b\n\none\n--b\n\ntwo", `multipart/mixed, 1 text/plain="one", 2 text/plain="two"`},
		{"blanks behind the boundary", mixed + "\n--b \t\n\none\n--b-- \n", `multipart/mixed, 1 text/plain="one"`},
		{"boundary that another begins with", mixed + "\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n",
			`multipart/mixed, 1 multipart/alternative, 1.1 text/plain="one", 2 text/plain="two"`},
		{"inner final boundary missing", mixed + "\n--b\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\none\n--b\n\ntwo\n--b--\n",
			`multipart/mixed, 1 multipart/alternative, 1.1 text/plain="one", 2 text/plain="two"`},
		{"one boundary on two levels", mixed + "\n--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n--b\n\nthree\n--b--\n",
			`multipart/mixed, 1 multipart/alternative, 1.1 text/plain="one", 1.2 text/plain="two", 2 text/plain="three"`},
		{"no boundary parameter", "Content-Type: multipart/mixed\n\ntext\n--x\n\none\n--x\n\ntwo\n--x--\n", `multipart/mixed, 1 text/plain="one", 2 text/plain="two"`},
		{"wrong boundary parameter", "Content-Type: multipart/mixed; boundary=other\n\n--x\nContent-Type: text/html\n\none\n--x--\n", `multipart/mixed, 1 text/html="one"`},
		{"no boundary at all", mixed + "\njust text\n-- \nsignature\n", `multipart/mixed, 1 text/plain="just text\n-- \nsignature\n"`},
		{"a row of dashes is no boundary", "Content-Type: multipart/mixed; boundary=other\n\ntext\n-----\nmore\n", `multipart/mixed, 1 text/plain="text\n-----\nmore\n"`},
		{"part without an empty line", mixed + "\n--b\nContent-Type: text/html\n--b\n\ntwo\n--b--\n", `multipart/mixed, 1 text/html="", 2 text/plain="two"`},
		{"part without a header", mixed + "\n--b\nJust text here\n\nand more\n--b--\n", `multipart/mixed, 1 text/plain="Just text here\n\nand more"`},
		{"no empty line before the first part", mixed + "--b\n\none\n--b--\n", `multipart/mixed, 1 text/plain="one"`},
		{"no header at all", "\n--b\n\none\n", `1 text/plain="--b\n\none\n"`},
		{"text only", "Hello there\nhow are you\n", `1 text/plain="Hello there\nhow are you\n"`},
		{"empty", "", `1 text/plain=""`},
		{"forwarded message", mixed + "\n--b\n\none\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ninner body\n--b--\n",
			`multipart/mixed, 1 text/plain="one", 2 message/rfc822, 2.1 text/plain="inner body"`},
		{"forwarded multipart", mixed + "\n--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i\n\ntwo\n--i--\n--b--\n",
			`multipart/mixed, 1 message/rfc822, 1 multipart/mixed, 1.1 text/plain="one", 1.2 text/plain="two"`},
		{"message in a message", "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nSubject: x\n\nin\n",
			`1 message/rfc822, 1.1 message/rfc822, 1.1.1 text/plain="in\n"`},
		{"digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\nContent-Type: text/plain\n\ntwo\n--b--\n",
			`multipart/digest, 1 message/rfc822, 1.1 text/plain="one", 2 text/plain="two"`},
		{"encoded message is a leaf", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDog\n", `1 message/rfc822="U3ViamVjdDog\n"`},
		{"multipart that only says base64", mixed + "Content-Transfer-Encoding: base64\n\n--b\n\none\n--b--\n", `multipart/mixed, 1 text/plain="one"`},
		{"types without a slash", "Content-Type: text\n\nx", `1 text/plain="x"`},
		{"types with two slashes", "Content-Type: text/a/b\n\nx", `1 text/plain="x"`},
		{"unknown type", "Content-Type: binary; name=x\n\nx", `1 application/octet-stream="x"`},
		{"boundary behind the final one", mixed + "\n--b\n\none\n--b--\n--b\n\ntwo\n", `multipart/mixed, 1 text/plain="one"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outline(t, tt.in, Limits{}); got != tt.want {
				t.Errorf("Parse(%q)\n = %s\nwant %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestParseDescribesParts(t *testing.T) {
	mail := "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: IMAGE/png; name*=utf-8''%C3%A9.png\nContent-ID: < a@x.example >\n" +
		"Content-Disposition: inline; filename=\"x/é.png\"\nContent-Transfer-Encoding: BASE64\n\naGVsbG8=\n--b--\n"
	root := parseBytes(t, []byte(mail))
	e := root.Children[0]
	if e.Type != "image/png" || e.Class() != "image" || e.Encoding != "base64" || e.Disposition != "inline" || e.Filename() != "é.png" || e.ContentID() != "a@x.example" {
		t.Errorf("part is %q, %q, %q, %q, %q", e.Type, e.Encoding, e.Disposition, e.Filename(), e.ContentID())
	}
	if b, err := io.ReadAll(e.Body(strings.NewReader(mail))); string(b) != "hello" || err != nil {
		t.Errorf("Body = %q, %v, want hello", b, err)
	}
	if b, _ := io.ReadAll(e.Raw(strings.NewReader(mail))); string(b) != "aGVsbG8=" {
		t.Errorf("Raw = %q", b)
	}
	if encoded := parseBytes(t, []byte("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3Vi\n")); !encoded.Encoded {
		t.Error("an encoded message is not marked Encoded")
	}
}

func TestParseLimits(t *testing.T) {
	mail := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 50) + "--b--\n"
	root, _ := Parse(strings.NewReader(mail), int64(len(mail)), Limits{Parts: 10})
	if len(root.Children) != 9 || !root.Truncated || root.Children[8].BodyEnd-root.Children[8].BodyStart != 1 {
		t.Errorf("with 10 parts allowed there are %d children, truncated %v", len(root.Children), root.Truncated)
	}
	if deep := depth(parseBytes(t, []byte(nested(200, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n")))); deep < 60 || deep > 66 {
		t.Errorf("of 200 levels %d are read, want about 64", deep)
	}
	if got := outline(t, nested(5, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n")+"--b5\n\nx\n", Limits{Depth: 3}); !strings.Contains(got, "1.1.1 multipart/mixed, 1.1.1.1 text/plain=\"--b3") {
		t.Errorf("with a depth of 3 the tree is %s", got)
	}
}

// nested opens n multiparts in each other.
func nested(n int, level string) string {
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=b0\n\n")
	for i := range n {
		fmt.Fprintf(&b, level, i, i+1)
	}
	return b.String()
}

func depth(e *Entity) int {
	deepest := 0
	for _, c := range e.Children {
		deepest = max(deepest, depth(c))
	}
	return deepest + 1
}

func TestParseInLinearTime(t *testing.T) {
	long := strings.Repeat("x", 8<<20)
	for name, mail := range map[string]string{
		"100,000 parts":         "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/plain\n\nx\n", 100_000),
		"20,000 levels":         nested(20_000, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n"),
		"20,000 messages":       strings.Repeat("Content-Type: message/rfc822\n\n", 20_000),
		"20,000 digests":        strings.Repeat("Content-Type: multipart/digest; boundary=b\n\n--b\n\n", 20_000),
		"20,000 wrong":          nested(20_000, "--b%d\nContent-Type: multipart/mixed; boundary=z%d\n\n"),
		"levels without one":    strings.Repeat("Content-Type: multipart/mixed\n\n--b\n", 20_000),
		"dashes":                "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--\n---\n--x\n", 200_000),
		"dashes, deep":          nested(60, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n") + strings.Repeat("--y\n", 500_000),
		"header without an end": strings.Repeat("X: y\n", 1_000_000),
		"junk header":           strings.Repeat("y\n", 1_000_000),
		"junk in parts":         "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\njunk\n", 300_000),
		"one long line":         long,
		"long header line":      "Subject: " + long + "\n\nbody",
		"long boundary line":    "Content-Type: multipart/mixed; boundary=b\n\n--" + long + "\n--b\n\nx\n--b--",
		"long folded field":     "Subject: x\n" + strings.Repeat(" y\n", 1_000_000) + "\nbody",
		"empty lines":           strings.Repeat("\n", 4<<20),
	} {
		var root *Entity
		d := cpuTime(t, func() { root = parseBytes(t, []byte(mail)) })
		if d > slowdown*3*time.Second {
			t.Errorf("%s: %d octets took %v", name, len(mail), d)
		}
		checkTree(t, name, root, int64(len(mail)))
	}
}

// failing is an io.ReaderAt that fails from an offset on.
type failing struct {
	b  []byte
	at int64
}

var errBroken = errors.New("broken")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.at {
		return 0, errBroken
	}
	return bytes.NewReader(f.b).ReadAt(p, off)
}

func TestParseKeepsWhatCameBeforeAnError(t *testing.T) {
	mail := []byte("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + strings.Repeat("line\n", 30_000) + "--b--\n")
	root, err := Parse(failing{mail, 100_000}, int64(len(mail)), Limits{})
	if !errors.Is(err, errBroken) || len(root.Children) != 1 {
		t.Errorf("Parse = %d children, %v, want one and the reader's error", len(root.Children), err)
	}
}

// TestParseLongLinesInParts has boundaries at every place relative to the buffer's edge.
func TestParseLongLinesInParts(t *testing.T) {
	for n := lineBuffer - 200; n < lineBuffer+10; n++ {
		body := strings.Repeat("y", n)
		mail := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + body + "\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
		root := parseBytes(t, []byte(mail))
		if len(root.Children) != 2 {
			t.Fatalf("a line of %d: %d parts", n, len(root.Children))
		}
		if e := root.Children[0]; strings.TrimRight(mail[e.BodyStart:e.BodyEnd], "\r") != body {
			t.Fatalf("a line of %d comes back with %d octets", n, e.BodyEnd-e.BodyStart)
		}
	}
}

func FuzzMIME(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n"))
	f.Add([]byte("Content-Type: multipart/digest\r\n\r\n--x\r\n\r\nA: b\r\n--x--"))
	f.Add([]byte("From x\n y\nContent-Type: multipart/a; boundary=\"\"\n--\n--a\n--a--"))
	f.Fuzz(func(t *testing.T, mail []byte) {
		root := parseBytes(t, mail)
		checkTree(t, "fuzz", root, int64(len(mail)))
		root.Walk(func(_ string, e *Entity) bool {
			if len(e.Children) == 0 {
				if _, err := io.Copy(io.Discard, e.Body(bytes.NewReader(mail))); err != nil {
					t.Error(err)
				}
			}
			return true
		})
	})
}

func BenchmarkParse(b *testing.B) {
	mail := []byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(strings.Repeat("A", 76)+"\r\n", 200_000) + "--b--\r\n")
	b.SetBytes(int64(len(mail)))
	for b.Loop() {
		parseBytes(b, mail)
	}
}
