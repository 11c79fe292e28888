package tnef

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// writer makes TNEF files for these tests.
type writer struct{ bytes.Buffer }

func newWriter() *writer {
	w := new(writer)
	w.Write(le32(signature))
	w.Write([]byte{1, 0})
	return w
}

func le32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// attr writes an attribute: level 1 for the message, 2 for an attachment.
func (w *writer) attr(level byte, id uint32, data []byte) *writer {
	w.WriteByte(level)
	w.Write(le32(id))
	w.Write(le32(uint32(len(data))))
	w.Write(data)
	sum := uint16(0)
	for _, c := range data {
		sum += uint16(c)
	}
	w.Write(binary.LittleEndian.AppendUint16(nil, sum))
	return w
}

// prop encodes a MAPI property of a variable length.
func prop(kind, id uint16, data []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, kind)
	b = binary.LittleEndian.AppendUint16(b, id)
	b = append(b, le32(1)...)
	return append(b, padded(data)...)
}

func padded(data []byte) []byte {
	b := append(le32(uint32(len(data))), data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func long(id uint16, n uint32) []byte {
	b := binary.LittleEndian.AppendUint16(nil, 0x0003)
	b = binary.LittleEndian.AppendUint16(b, id)
	return append(b, le32(n)...)
}

func props(list ...[]byte) []byte {
	return append(le32(uint32(len(list))), bytes.Join(list, nil)...)
}

func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// stored is RTF in the uncompressed form.
func stored(rtf string) []byte {
	b := le32(uint32(len(rtf) + 12))
	b = append(b, le32(uint32(len(rtf)))...)
	b = append(b, "MELA\x00\x00\x00\x00"...)
	return append(b, rtf...)
}

// packed is RTF in the compressed form, made of literals alone.
func packed(rtf string) []byte {
	var body []byte
	for i := 0; i < len(rtf); i += 8 {
		body = append(body, 0)
		body = append(body, rtf[i:min(i+8, len(rtf))]...)
	}
	b := le32(uint32(len(body) + 12))
	b = append(b, le32(uint32(len(rtf)))...)
	b = append(b, "LZFu\x00\x00\x00\x00"...)
	return append(b, body...)
}

func TestDecodeAttachments(t *testing.T) {
	inner := newWriter().attr(1, attSubject, []byte("inner\x00")).attr(2, attAttachRendData, nil).attr(2, attAttachTitle, []byte("deep.txt\x00")).
		attr(2, attAttachData, []byte("deep"))
	iid, _ := hex.DecodeString("0703020000000000c000000000000046")
	file := newWriter().
		attr(1, attOemCodepage, append(le32(1251), le32(0)...)).
		attr(1, attMessageClass, []byte("IPM.Microsoft Mail.Note\x00")).
		attr(1, attSubject, []byte("\xcf\xf0\xe8\xe2\xe5\xf2\x00")).
		attr(2, attAttachRendData, make([]byte, 14)).
		attr(2, attAttachTitle, []byte("LONGNA~1.PDF\x00")).
		attr(2, attAttachData, []byte("%PDF")).
		attr(2, attAttachment, props(long(0x3705, 1), prop(typeUnicode, propLongFilename, wide("long name é.pdf")),
			prop(typeString8, propMimeTag, []byte("Application/PDF\x00")), prop(typeString8, propContentID, []byte("<a@x.example>\x00")))).
		attr(2, attAttachRendData, nil).
		attr(2, attAttachTitle, []byte("Untitled Attachment\x00")).
		attr(2, attAttachment, props(long(0x3705, 5), prop(typeObject, propAttachData, append(iid, inner.Bytes()...)), prop(typeUnicode, propDisplayName, wide("Forwarded")))).
		attr(2, attAttachRendData, nil).
		attr(2, attAttachment, props(prop(typeBinary, propAttachData, []byte("bin")), prop(typeString8, propFilename, []byte("short.bin\x00"))))
	m, err := Decode(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if m.Class != "IPM.Microsoft Mail.Note" || m.Subject != "Привет" || len(m.Attachments) != 3 {
		t.Fatalf("Decode = %+v", m)
	}
	a := m.Attachments[0]
	if a.Name != "long name é.pdf" || a.Type != "application/pdf" || a.ContentID != "a@x.example" || string(a.Data) != "%PDF" {
		t.Errorf("file = %+v", a)
	}
	a = m.Attachments[1]
	if a.Name != "Forwarded" || a.Message == nil || a.Message.Subject != "inner" || len(a.Message.Attachments) != 1 || string(a.Message.Attachments[0].Data) != "deep" {
		t.Errorf("message = %+v", a)
	}
	if a = m.Attachments[2]; a.Name != "short.bin" || string(a.Data) != "bin" {
		t.Errorf("file among the properties = %+v", a)
	}
}

func TestDecodeTexts(t *testing.T) {
	const encapsulated = `{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag19 <html>}{\*\htmltag64 <p class="x">}` +
		`\htmlrtf {\f0 \htmlrtf0 Gr\'fc\'dfe \u8364? {\*\htmltag84 &amp;}\htmlrtf &\htmlrtf0 {\*\htmltag241 </p>}\htmlrtf \par}\htmlrtf0{\*\htmltag27 </html>}}`
	for _, tt := range []struct {
		name       string
		list       [][]byte
		text, html string
	}{
		{"text", [][]byte{prop(typeUnicode, propBody, wide("Grüße"))}, "Grüße", ""},
		{"HTML with a codepage", [][]byte{long(propInternetCPID, 1251), prop(typeBinary, propHTML, []byte("<p>\xcf\xf0\xe8"))}, "", "<p>При"},
		{"HTML in UTF-8", [][]byte{long(propInternetCPID, 65001), prop(typeBinary, propHTML, []byte("<p>é"))}, "", "<p>é"},
		{"HTML in RTF", [][]byte{prop(typeBinary, propRTF, packed(encapsulated))}, "", `<html><p class="x">Grüße € &amp;</p></html>`},
		{"RTF", [][]byte{prop(typeBinary, propRTF, stored(`{\rtf1\ansi{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial Cyr;}}{\colortbl;\red0;}{\*\generator x}{\pict 0011}\f0 One\tab two\par {\b bold}\line\f1 \'cf\'f0\'e8\f0  \u-10179?\u-8947? \{x\} \ldblquote q\rdblquote}`))},
			"One\ttwo\nbold\nПри 🔍 {x} “q”", ""},
		{"text wins over plain RTF", [][]byte{prop(typeUnicode, propBody, wide("text")), prop(typeBinary, propRTF, stored(`{\rtf1 rtf}`))}, "text", ""},
		{"several values and names", [][]byte{
			append(append([]byte{0x1f, 0x10, 0x34, 0x12}, le32(2)...), append(padded(wide("a")), padded(wide("bc"))...)...),
			append(append([]byte{0x03, 0, 1, 0x80}, append(make([]byte, 16), append(le32(0), le32(7)...)...)...), le32(9)...),
			append(append([]byte{0x03, 0, 2, 0x80}, append(make([]byte, 16), append(le32(1), padded(wide("name"))...)...)...), le32(9)...),
			prop(typeUnicode, propBody, wide("after"))}, "after", ""},
	} {
		m, err := Decode(newWriter().attr(1, attMsgProps, props(tt.list...)).Bytes())
		if err != nil || m.Text != tt.text || m.HTML != tt.html {
			t.Errorf("%s: Decode = %q, %q, %v, want %q, %q", tt.name, m.Text, m.HTML, err, tt.text, tt.html)
		}
	}
}

// TestDecompressReferences uses the example of MS-OXRTFCP section 4.1, whose references reach into the window's first content.
func TestDecompressReferences(t *testing.T) {
	in, _ := hex.DecodeString("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
	if got, want := string(decompress(in, 1000)), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"; got != want {
		t.Errorf("decompress = %q, want %q", got, want)
	}
	if got := string(decompress(in, 10)); got != `{\rtf1\ans` {
		t.Errorf("decompress to 10 bytes = %q", got)
	}
}

func TestDecodeDamage(t *testing.T) {
	if _, err := Decode([]byte("not a file")); !errors.Is(err, ErrFormat) {
		t.Errorf("Decode of text = %v, want ErrFormat", err)
	}
	whole := newWriter().attr(1, attSubject, []byte("s\x00")).attr(2, attAttachRendData, nil).attr(2, attAttachTitle, []byte("a.txt\x00")).attr(2, attAttachData, []byte("hello")).Bytes()
	for n := range whole {
		if n < 6 {
			continue
		}
		m, err := Decode(whole[:n])
		if m == nil || err != nil && !errors.Is(err, ErrTruncated) {
			t.Fatalf("Decode of %d octets = %v, %v", n, m, err)
		}
	}
	m, err := Decode(whole[:len(whole)-4])
	if !errors.Is(err, ErrTruncated) || len(m.Attachments) != 1 || string(m.Attachments[0].Data) != "hel" {
		t.Errorf("Decode of a cut file = %+v, %v, want what came of the attachment and ErrTruncated", m, err)
	}
}

func TestDecodeEndsSoon(t *testing.T) {
	huge := newWriter()
	huge.Write([]byte{2})
	huge.Write(le32(attAttachData))
	huge.Write(le32(0xffffffff))
	bomb := newWriter()
	for range 200 {
		bomb.attr(1, attMsgProps, props(prop(typeBinary, propRTF, bombRTF())))
	}
	nested := newWriter().Bytes()
	for range 50 {
		nested = newWriter().attr(2, attAttachment, props(prop(typeObject, propAttachData, append(make([]byte, 16), nested...)))).Bytes()
	}
	many := newWriter()
	for range 100_000 {
		many.attr(2, attAttachRendData, nil)
	}
	for name, in := range map[string][]byte{
		"length of 4 GiB":       huge.Bytes(),
		"RTF that expands":      bomb.Bytes(),
		"50 levels":             nested,
		"100,000 attachments":   many.Bytes(),
		"empty attributes":      append(newWriter().Bytes(), make([]byte, 1<<20)...),
		"4 billion properties":  newWriter().attr(1, attMsgProps, append(le32(0xffffffff), make([]byte, 1<<20)...)).Bytes(),
		"4 billion values":      newWriter().attr(1, attMsgProps, append(le32(1), append([]byte{0x1f, 0x10, 1, 0}, le32(0xffffffff)...)...)).Bytes(),
		"values without length": newWriter().attr(1, attMsgProps, append(append(le32(1), 0x1f, 0x10, 1, 0, 0xff, 0xff, 0xff, 0xff), make([]byte, 1<<20)...)).Bytes(),
		"groups":                newWriter().attr(1, attMsgProps, props(prop(typeBinary, propRTF, stored(`{\rtf1 `+strings.Repeat("{", 1<<20))))).Bytes(),
	} {
		began := time.Now()
		m, _ := Decode(in)
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if n := len(m.Text) + len(m.HTML); n > 3*maxOutput || len(m.Attachments) > maxAttachments {
			t.Errorf("%s: %d bytes of text, %d attachments", name, n, len(m.Attachments))
		}
	}
}

// bombRTF says it holds 4 GiB and is all references to what was just written.
func bombRTF() []byte {
	b := append(le32(1000), le32(0xffffffff)...)
	b = append(b, "LZFu\x00\x00\x00\x00"...)
	for range 20_000 {
		b = append(b, 0xff)
		b = append(b, bytes.Repeat([]byte{0x00, 0x0f}, 8)...)
	}
	return b
}

var winmail = regexp.MustCompile(`(?is)Content-Type: *application/ms-tnef.*?\r?\n\r?\n([A-Za-z0-9+/=\s]+)`)

// winmailOf returns the first winmail.dat of a mail.
func winmailOf(t *testing.T, path string) []byte {
	t.Helper()
	mail, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := winmail.FindSubmatch(mail)
	if m == nil {
		t.Fatalf("%s holds no winmail.dat", path)
	}
	text := strings.Join(strings.Fields(string(m[1])), "")
	b, err := base64.StdEncoding.DecodeString(text[:len(text)&^3])
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b
}

func TestDecodeSampleMail(t *testing.T) {
	m, err := Decode(winmailOf(t, "../../testdata/corpus/benign/b11-winmail.eml"))
	if err != nil || len(m.Attachments) != 1 || m.Attachments[0].Name != "hello.txt" || string(m.Attachments[0].Data) != "hello from tnef\r\n" || m.Text != "body in tnef" {
		t.Errorf("b11: Decode = %+v, %v", m, err)
	}
}

func TestDecodeHostileMail(t *testing.T) {
	began := time.Now()
	m, err := Decode(winmailOf(t, "../../testdata/corpus/hostile/h125-tnef-loop.eml"))
	if m == nil || time.Since(began) > 100*time.Millisecond {
		t.Errorf("h125: Decode = %+v, %v after %v", m, err, time.Since(began))
	}
}

func TestDecodeRealMail(t *testing.T) {
	const path = "../../../shared/corpus/real/aerc/0097.39badf2fea6bcebc640bea05ced59b59.eml"
	if _, err := os.Stat(path); err != nil {
		if strings.Contains(os.Getenv("GODWIT_REQUIRE"), "corpus") {
			t.Fatalf("the corpus is required: %v", err)
		}
		t.Skip("no mails of other projects at ../shared/corpus/real")
	}
	m, err := Decode(winmailOf(t, filepath.FromSlash(path)))
	if err != nil || m.Class == "" {
		t.Errorf("Decode of Outlook's own file = %+v, %v", m, err)
	}
	t.Logf("class %q, subject %q, text %.100q, HTML %.100q, %d attachments", m.Class, m.Subject, m.Text, m.HTML, len(m.Attachments))
}

func FuzzDecode(f *testing.F) {
	f.Add(newWriter().attr(1, attMsgProps, props(prop(typeBinary, propRTF, packed(`{\rtf1\fromhtml1{\*\htmltag <b>}x\'e9\u233?}`)))).Bytes())
	f.Add(newWriter().attr(2, attAttachRendData, nil).attr(2, attAttachTitle, []byte("a\x00")).attr(2, attAttachment, props(prop(typeObject, propAttachData, make([]byte, 40)))).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if (m == nil) != errors.Is(err, ErrFormat) {
			t.Fatalf("Decode = %v, %v", m, err)
		}
		if m == nil {
			return
		}
		for _, s := range []string{m.Text, m.HTML, m.Subject, m.Class} {
			if !utf8.ValidString(s) {
				t.Errorf("%q is not UTF-8", s)
			}
		}
	})
}

func FuzzRTF(f *testing.F) {
	f.Add([]byte(`{\rtf1\ansi\fromhtml1{\*\htmltag1 <p>}\uc2\u233??\bin3abc\'zz\htmlrtf x\htmlrtf0 {\f1\fcharset128 \'93\'fa}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, _ := rtfText(b, 1252)
		if !utf8.ValidString(text) || len(text) > 8*len(b) {
			t.Errorf("rtfText(%q) = %q", b, text)
		}
		decompress(b, 1<<16)
	})
}
