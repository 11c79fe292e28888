package web

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"godwit/templates"
)

func TestCleanFilename(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "report.pdf", "report.pdf"},
		{"path", "../../etc/passwd", "passwd"},
		{"windows path", `C:\Users\x\a.txt`, "a.txt"},
		{"turned extension", "invoice\u202Efdp.exe", "invoicefdp.exe"},
		{"zero width", "a\u200Bb.txt", "ab.txt"},
		{"controls", "a\r\nb\x00.txt", "ab.txt"},
		{"leading dots", "...bashrc", "bashrc"},
		{"trailing dots and spaces", "a.txt. . ", "a.txt"},
		{"device", "con.txt", "_con.txt"},
		{"device with port", "LPT1", "_LPT1"},
		{"quotes", `a"b'c.txt`, "a_b'c.txt"},
		{"nothing left", "\u202E..", "attachment-3.bin"},
		{"decomposed", "u\u0308.txt", "ü.txt"},
		{"not UTF-8", "a\xff.txt", "a\uFFFD.txt"},
		{"colon", "a:b.txt", "a_b.txt"},
	} {
		if got := cleanFilename(tt.in, 3); got != tt.want {
			t.Errorf("%s: cleanFilename(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
	long := cleanFilename(strings.Repeat("ä", 500)+".jpeg", 1)
	if utf8.RuneCountInString(long) != maxFilename || !strings.HasSuffix(long, ".jpeg") {
		t.Errorf("a long name became %q", long)
	}
}

func TestContentDisposition(t *testing.T) {
	for in, want := range map[string]string{
		"a b.pdf":   `attachment; filename="a b.pdf"`,
		"ü.pdf":     `attachment; filename="_.pdf"; filename*=UTF-8''%C3%BC.pdf`,
		`a\b.pdf`:   `attachment; filename="a_b.pdf"; filename*=UTF-8''a%5Cb.pdf`,
		"100%.pdf":  `attachment; filename="100_.pdf"; filename*=UTF-8''100%25.pdf`,
		"a\r\nX: y": `attachment; filename="a__X: y"; filename*=UTF-8''a%0D%0AX%3A%20y`,
	} {
		if got := contentDisposition("attachment", in); got != want {
			t.Errorf("contentDisposition(%q) = %s, want %s", in, got, want)
		}
	}
}

func FuzzFilename(f *testing.F) {
	for _, seed := range []string{"a.txt", "../x", "\u202Etxt.exe", "CON", "", "\xff", strings.Repeat("a.", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		name := cleanFilename(in, 1)
		if name == "" || strings.ContainsAny(name, "/\\\x00\r\n\"") || !utf8.ValidString(name) || strings.HasPrefix(name, ".") || utf8.RuneCountInString(name) > maxFilename+1 {
			t.Errorf("cleanFilename(%q) = %q", in, name)
		}
		for _, c := range []byte(contentDisposition("attachment", name)) {
			if c < ' ' || c > '~' {
				t.Errorf("contentDisposition(%q) holds %#x", name, c)
			}
		}
	})
}

func TestUniqueNames(t *testing.T) {
	got := uniqueNames([]string{"a.txt", "A.TXT", "a (2).txt", "b", "b", "b"})
	if want := []string{"a.txt", "A (2).TXT", "a (2) (2).txt", "b", "b (2)", "b (3)"}; !slices.Equal(got, want) {
		t.Errorf("uniqueNames = %q, want %q", got, want)
	}
}

func FuzzParseRange(f *testing.F) {
	f.Add("bytes=0-1", int64(10))
	f.Add("bytes=-5", int64(0))
	f.Add("bytes=9223372036854775807-", int64(1))
	f.Add("bytes=1-9223372036854775807", int64(5))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		start, length, verdict := parseRange(header, size)
		if verdict == rangeOne && (start < 0 || length < 1 || start+length > size) {
			t.Errorf("parseRange(%q, %d) = %d, %d", header, size, start, length)
		}
	})
}

func TestOrientation(t *testing.T) {
	exif := func(order binary.AppendByteOrder, mark string, value uint16) []byte {
		b := []byte("\xff\xd8\xff\xe0\x00\x04ab\xff\xe1")
		tiff := order.AppendUint32([]byte(mark), 8)
		tiff = order.AppendUint16(tiff, 2)
		tiff = append(tiff, make([]byte, 12)...)
		tiff = order.AppendUint16(tiff, 0x0112)
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, value)
		tiff = order.AppendUint16(tiff, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(2+6+len(tiff)))
		return append(append(b, "Exif\x00\x00"...), tiff...)
	}
	for _, tt := range []struct {
		name string
		in   []byte
		want int
	}{
		{"little endian", exif(binary.LittleEndian, "II*\x00", 6), 6},
		{"big endian", exif(binary.BigEndian, "MM\x00*", 8), 8},
		{"out of range", exif(binary.BigEndian, "MM\x00*", 9), 1},
		{"no JPEG", []byte("GIF89a"), 1},
		{"cut", exif(binary.BigEndian, "MM\x00*", 8)[:40], 1},
		{"empty", nil, 1},
	} {
		if got := orientation(tt.in); got != tt.want {
			t.Errorf("%s: orientation = %d, want %d", tt.name, got, tt.want)
		}
	}
	for cut := range exif(binary.LittleEndian, "II*\x00", 6) {
		orientation(exif(binary.LittleEndian, "II*\x00", 6)[:cut]) // must not panic
	}
}

// The corners of an upright picture, for each way a camera can be held.
func TestTurned(t *testing.T) {
	const w, h = 4, 3
	for orientation, want := range map[int][2]int{2: {3, 0}, 3: {3, 2}, 4: {0, 2}, 5: {0, 0}, 6: {2, 0}, 7: {2, 3}, 8: {0, 3}} {
		if x, y := turned(orientation, 0, 0, w, h); [2]int{x, y} != want {
			t.Errorf("turned(%d) puts the first pixel at %d, %d, want %v", orientation, x, y, want)
		}
	}
}

func TestThumbnailLimits(t *testing.T) {
	// A header that claims more pixels than it would be wise to decode.
	bomb := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x06\x00\x00\x00")
	bomb = binary.BigEndian.AppendUint32(bomb, 0xD9A8B2C3)
	for name, data := range map[string][]byte{"bomb": bomb, "empty": nil, "cut": pngOf(t, 100, 100)[:60], "text": []byte("hello"), "svg": []byte("<svg/>")} {
		if _, _, err := thumbnail(data); err == nil {
			t.Errorf("%s: a picture, want an error", name)
		}
	}
	small, kind, err := thumbnail(pngOf(t, 10, 8))
	if err != nil || kind != "image/png" || len(small) == 0 {
		t.Errorf("a small picture: %s, %v", kind, err)
	}
}

func TestPreviewOf(t *testing.T) {
	for _, tt := range []struct {
		kind, name string
		want       templates.PreviewKind
	}{
		{"application/pdf", "a.pdf", templates.PreviewPDF},
		{"application/octet-stream", "a.PDF", templates.PreviewPDF},
		{"image/jpeg", "a.jpg", templates.PreviewImage},
		{"image/svg+xml", "a.svg", templates.PreviewNone},
		{"text/html", "a.html", templates.PreviewText},
		{"text/x-python", "a.py", templates.PreviewText},
		{"video/mp4", "a.mp4", templates.PreviewVideo},
		{"video/x-msvideo", "a.avi", templates.PreviewNone},
		{"audio/x-wav", "a.wav", templates.PreviewAudio},
		{"application/zip", "a.zip", templates.PreviewNone},
	} {
		if got := previewOf(tt.kind, tt.name); got != tt.want {
			t.Errorf("previewOf(%q, %q) = %q, want %q", tt.kind, tt.name, got, tt.want)
		}
	}
}

func TestUUEncodedIsSeen(t *testing.T) {
	for in, want := range map[string]bool{
		"begin 644 a.txt\n#0V%T\n`\nend\n": true,
		"hello\nbegin 0755 run.sh\r\n":     true,
		"begin again tomorrow":             false,
		"begin 999 x":                      false,
		"We begin 644 times":               false,
		"begin 644 ":                       false,
	} {
		if got := uuencoded(in); got != want {
			t.Errorf("uuencoded(%q) = %v, want %v", in, got, want)
		}
	}
}
