package rfc822

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
	"testing/iotest"
)

// decodeEveryWay decodes in through the reader with large and with tiny reads, and in place in chunks of several sizes; all must agree.
func decodeEveryWay(t *testing.T, encoding, in string) string {
	t.Helper()
	whole, err := io.ReadAll(NewTransferReader(encoding, strings.NewReader(in)))
	if err != nil {
		t.Fatalf("reading %s %.60q: %v", encoding, in, err)
	}
	slow, err := io.ReadAll(iotest.OneByteReader(NewTransferReader(encoding, iotest.OneByteReader(strings.NewReader(in)))))
	if err != nil || !bytes.Equal(slow, whole) {
		t.Errorf("%s %.60q byte by byte = %.200q, %v; at once %.200q", encoding, in, slow, err, whole)
	}
	for _, size := range []int{1, 2, 3, 5, 7, 76, 4096} {
		d := NewDecoder(encoding)
		if d == nil {
			break
		}
		if got := decodeChunks(t, d, in, size); got != string(whole) {
			t.Errorf("%s %.60q in chunks of %d = %.200q, want %.200q", encoding, in, size, got, whole)
		}
	}
	return string(whole)
}

// decodeChunks feeds d in place from a buffer that gets size more octets each time.
func decodeChunks(t *testing.T, d Decoder, in string, size int) string {
	t.Helper()
	var out, buf []byte
	for rounds := 0; ; rounds++ {
		n := min(size, len(in))
		buf = append(buf, in[:n]...)
		in = in[n:]
		nDst, nSrc := d.Decode(buf, buf, in == "")
		if nDst > nSrc || nSrc > len(buf) {
			t.Fatalf("Decode of %d octets = %d, %d", len(buf), nDst, nSrc)
		}
		out = append(out, buf[:nDst]...)
		buf = append([]byte(nil), buf[nSrc:]...)
		if in == "" {
			return string(out)
		}
	}
}

func TestTransferDecoding(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, tt := range []struct{ name, encoding, in, want string }{
		{"base64", "base64", "aGVsbG8gd29ybGQ=", "hello world"},
		{"label in capitals with a comment", " BASE64 (as usual)", "aGk=", "hi"},
		{"lines", "base64", "aGVs\r\nbG8g\r\nd29y\r\nbGQ=\r\n", "hello world"},
		{"lines that split groups", "base64", "aGVsb\nG8gd2\n9ybGQ=\n", "hello world"},
		{"no padding", "base64", "aGVsbG8gd29ybGQ", "hello world"},
		{"one digit too many", "base64", "aGVsbG8gd29ybGQgI", "hello world "},
		{"one digit alone", "base64", "aGVsa", "hel"},
		{"too much padding", "base64", "aGk=====", "hi"},
		{"junk between", "base64", "aG*V s\x00bG!8\xff=", "hello"},
		{"two streams", "base64", "aGk=aGk=", "hihi"},
		{"padding in the middle, then junk", "base64", "PHA+YmFzZTY0PC9wPg===!!!!PHNjcmlwdD4", "<p>base64</p><script>"},
		{"a list's footer behind it", "base64", "aGk=\r\n\r\n_____-----\r\n", "hi"},
		{"empty", "base64", "", ""},
		{"only junk", "base64", "!!\r\n==", ""},
		{"one long line", "base64", base64.StdEncoding.EncodeToString([]byte(long)), long},

		{"qp", "quoted-printable", "caf=C3=A9\r\n", "café\r\n"},
		{"lower-case digits", "quoted-printable", "=c3=a9", "é"},
		{"soft break", "quoted-printable", "one=\r\ntwo", "onetwo"},
		{"soft break with blanks behind", "quoted-printable", "one= \t \r\ntwo", "onetwo"},
		{"soft break at the end", "quoted-printable", "one=", "one"},
		{"soft break and blanks at the end", "quoted-printable", "one= \r\n", "one"},
		{"bare LF", "quoted-printable", "one=\ntwo\nthree\n", "onetwo\nthree\n"},
		{"bare CR", "quoted-printable", "one=\rtwo", "onetwo"},
		{"trailing blanks", "quoted-printable", "one \t\r\ntwo  ", "one\r\ntwo"},
		{"blanks inside", "quoted-printable", "a  b\r\n", "a  b\r\n"},
		{"encoded blank stays", "quoted-printable", "a=20\r\nb", "a \r\nb"},
		{"bad escapes", "quoted-printable", "50=% =ZZ =4 ==41", "50=% =ZZ =4 =A"},
		{"equals at the end of text", "quoted-printable", "x=3D", "x="},
		{"long line", "quoted-printable", long + "=20=\r\n" + long, long + " " + long},
		{"8-bit text", "quoted-printable", "é=C3=A9", "éé"},
		{"many trailing blanks", "quoted-printable", "a" + strings.Repeat(" ", 900) + "\nb", "a\nb"},

		{"7bit", "7bit", "a=20 aGk=", "a=20 aGk="},
		{"unknown", "x-nope", "a=20", "a=20"},
		{"uuencode", "x-uuencode", "text\nbegin 644 cat.txt\n#0V%T\n`\nend\nmore", "Cat"},
		{"uuencode without an end", "uuencode", "begin 644 cat.txt\r\n#0V%T", "Cat"},
		{"uuencode that is none", "x-uue", "plain\ntext", "plain\ntext"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := decodeEveryWay(t, tt.encoding, tt.in); got != tt.want {
				t.Errorf("decoding %s %.80q = %.200q, want %.200q", tt.encoding, tt.in, got, tt.want)
			}
		})
	}
}

func TestTransferReaderKeepsItsError(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("aGVsbG8gd29"), iotest.ErrReader(io.ErrUnexpectedEOF))
	got, err := io.ReadAll(NewTransferReader("base64", broken))
	if string(got) != "hello wo" || err != io.ErrUnexpectedEOF {
		t.Errorf("cut stream = %q, %v, want the octets that came and the error", got, err)
	}
}

func TestBase64RoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		text := base64.StdEncoding.EncodeToString(data)
		for _, width := range []int{4, 60, 61, 76, 1000} {
			if got := decodeEveryWay(t, "base64", wrap(text, width)); got != string(data) {
				t.Fatalf("%d octets in lines of %d = %q, want %q", n, width, got, data)
			}
		}
	}
}

func wrap(s string, width int) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + "\r\n")
		s = s[width:]
	}
	return b.String() + s + "\r\n"
}

func TestDecodersAllocateNothing(t *testing.T) {
	src := []byte(wrap(base64.StdEncoding.EncodeToString(make([]byte, 10_000)), 76))
	dst := make([]byte, len(src))
	var b64 Base64
	var qp QuotedPrintable
	if n := testing.AllocsPerRun(10, func() { b64.Decode(dst, src, false); qp.Decode(dst, src, false) }); n != 0 {
		t.Errorf("Decode allocates %v times, want 0", n)
	}
}

func FuzzTransfer(f *testing.F) {
	f.Add("base64", "aGVsbG8=\r\naGk")
	f.Add("quoted-printable", "a=C3=A9 = \r\nb =")
	f.Add("x-uuencode", "begin 644 a\n#0V%T\n`\nend\n")
	f.Fuzz(func(t *testing.T, encoding, in string) {
		if len(in) > 10_000 {
			t.Skip()
		}
		if strings.Contains(TransferEncoding(encoding), "uuencode") {
			return // its blocks depend on where the search for "begin" gives up
		}
		got := decodeEveryWay(t, encoding, in)
		if len(got) > len(in) {
			t.Errorf("%q grew from %d to %d octets", encoding, len(in), len(got))
		}
	})
}

// FuzzBase64Valid compares with the strict decoder of the standard library.
func FuzzBase64Valid(f *testing.F) {
	f.Add([]byte("hello"), 76)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		if width < 1 || width > 2000 {
			return
		}
		var d Base64
		text := []byte(wrap(base64.StdEncoding.EncodeToString(data), width))
		n, _ := d.Decode(text, text, true)
		if !bytes.Equal(text[:n], data) {
			t.Errorf("in lines of %d: %q, want %q", width, text[:n], data)
		}
	})
}

func BenchmarkBase64(b *testing.B) {
	data := make([]byte, 3<<20)
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	text := []byte(wrap(base64.StdEncoding.EncodeToString(data), 76))
	b.Run("chunks in place", func(b *testing.B) {
		buf := make([]byte, 256<<10)
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			var d Base64
			for rest := text; len(rest) > 0; {
				n := copy(buf, rest)
				d.Decode(buf[:n], buf[:n], false)
				rest = rest[n:]
			}
		}
	})
	b.Run("reader", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			copyAll(b, NewTransferReader("base64", bytes.NewReader(text)))
		}
	})
	b.Run("encoding/base64", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			copyAll(b, base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))
		}
	})
}

func copyAll(b *testing.B, r io.Reader) {
	b.Helper()
	if _, err := io.Copy(struct{ io.Writer }{io.Discard}, r); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkQuotedPrintable(b *testing.B) {
	for _, tt := range []struct{ name, line string }{
		{"clean", "The quick brown fox jumps over the lazy dog and then sleeps for a while."},
		{"escapes", "L'été, où l'hôtel à côté est fermé, on mange des crêpes à la plage."},
		{"cyrillic", "Съешь же ещё этих мягких французских булок да выпей чаю"},
	} {
		var buf bytes.Buffer
		w := quotedprintable.NewWriter(&buf)
		fmt.Fprint(w, strings.Repeat(tt.line+"\r\n", 10_000))
		w.Close()
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(buf.Len()))
			for b.Loop() {
				copyAll(b, NewTransferReader("quoted-printable", bytes.NewReader(buf.Bytes())))
			}
		})
	}
}
