package web

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/imapsession"
)

// pngClaiming is a picture of one colour: few octets, whatever its size. kind is PNG's colour type.
func pngClaiming(t *testing.T, w, h int, depth, kind byte) []byte {
	t.Helper()
	var b, packed bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		sum := crc32.ChecksumIEEE(append([]byte(name), data...))
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
		b.WriteString(name)
		b.Write(data)
		b.Write(binary.BigEndian.AppendUint32(nil, sum))
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(w))
	header = binary.BigEndian.AppendUint32(header, uint32(h))
	chunk("IHDR", append(header, depth, kind, 0, 0, 0))
	row := make([]byte, 1+(w*map[byte]int{0: 1, 6: 4}[kind]*int(depth)+7)/8)
	z := zlib.NewWriter(&packed)
	for range h {
		z.Write(row)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

// progressiveJPEG is an empty picture of many scans, each of which has the decoder go through all of it at the cost of some twenty octets.
func progressiveJPEG(t *testing.T, w, h, scans int) []byte {
	t.Helper()
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	b := []byte{0xFF, 0xD8}
	for rest := plain.Bytes()[2:]; rest[1] != 0xDA; {
		size := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if rest[1] == 0xDB || rest[1] == 0xC4 {
			b = append(b, rest[:size]...)
		}
		rest = rest[size:]
	}
	b = append(b, 0xFF, 0xC2, 0, 17, 8, byte(h>>8), byte(h), byte(w>>8), byte(w), 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1)
	// A table whose one code, a single bit, says that the next 32,767 blocks are empty.
	b = append(b, 0xFF, 0xC4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xE0)
	runs := ((w+7)/8*((h+7)/8) + 32766) / 32767
	bits := strings.Repeat("0"+strings.Repeat("1", 14), runs)
	bits += strings.Repeat("1", (8-len(bits)%8)%8)
	scan := []byte{0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0}
	for ; bits != ""; bits = bits[8:] {
		octet, err := strconv.ParseUint(bits[:8], 2, 8)
		if err != nil {
			t.Fatal(err)
		}
		if scan = append(scan, byte(octet)); octet == 0xFF {
			scan = append(scan, 0)
		}
	}
	b = append(b, bytes.Repeat(scan, scans)...)
	return append(b, 0xFF, 0xD9)
}

// A few kilobytes must not cost gigabytes.
func TestPictureBombs(t *testing.T) {
	for name, data := range map[string][]byte{
		"long":         pngClaiming(t, 1, maxThumbLength+1, 8, 0),
		"wide":         pngClaiming(t, maxThumbLength+1, 1, 8, 0),
		"sixteen bits": pngClaiming(t, 6000, 6000, 16, 6),
		"progressive":  progressiveJPEG(t, 6000, 6000, 1),
		"many scans":   progressiveJPEG(t, 4000, 3000, maxThumbScans+1),
		"hidden frame": append([]byte("\xff\xd8\xff\x00"), progressiveJPEG(t, 6000, 6000, 1)[2:]...),
	} {
		if _, err := decodeBounded(data); !errors.Is(err, imapsession.ErrTooLarge) {
			t.Errorf("%s of %d octets: decodeBounded = %v, want ErrTooLarge", name, len(data), err)
		}
	}
	for name, data := range map[string][]byte{"photograph": jpegOf(t, 4000, 3000), "progressive": progressiveJPEG(t, 3000, 2000, 1), "banner": pngClaiming(t, 20000, 20, 8, 6)} {
		if _, _, err := thumbnail(data); err != nil {
			t.Errorf("%s: thumbnail = %v", name, err)
		}
	}
}

// Nor may they keep a processor busy for hours.
func TestDecodingEnds(t *testing.T) {
	data := progressiveJPEG(t, 4000, 3000, 20_000)
	start := time.Now()
	_, err := decodeSafely(jpeg.Decode, data, start.Add(100*time.Millisecond))
	if took := time.Since(start); !errors.Is(err, errImpatient) || took > 5*time.Second {
		t.Errorf("%d octets: decoding ended after %v with %v, want errImpatient", len(data), took, err)
	}
}
