package rfc822

import (
	"bytes"
	"strings"
)

const (
	maxUUFiles = 100      // files taken out of one text
	maxUUName  = 1000     // bytes of a name in a "begin" line
	maxUUHead  = 16 << 10 // bytes looked through for a "begin" line before a body that claims to be uuencoded is passed as it is
)

// UUFile is a file that was found in a text.
type UUFile struct {
	Name string // safe, may be empty: see SafeName
	Data []byte
}

// SplitUUEncoded takes the uuencoded files out of a text and returns what is left of it and the files. A block counts only when lines of data
// follow its "begin" line; one without an "end" line ends where its lines stop. The text comes back as it is when it holds none.
func SplitUUEncoded(text string) (string, []UUFile) {
	if !strings.HasPrefix(text, "begin ") && !strings.Contains(text, "\nbegin ") {
		return text, nil
	}
	var out strings.Builder
	var files []UUFile
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		if name, ok := uuBegin(line); ok && len(files) < maxUUFiles {
			if data, after, ok := uuBlock(rest); ok {
				files = append(files, UUFile{SafeName(DecodeWords(name)), data})
				text = after
				continue
			}
		}
		out.WriteString(text[:len(text)-len(rest)])
		text = rest
	}
	if files == nil {
		return out.String(), nil
	}
	return out.String(), files
}

// uuBegin reads "begin 644 name".
func uuBegin(line string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimRight(line, "\r"), "begin ")
	if !ok {
		return "", false
	}
	mode, name, ok := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if !ok || len(mode) < 3 || len(mode) > 5 || strings.Trim(mode, "01234567") != "" || len(name) > maxUUName {
		return "", false
	}
	name = strings.Trim(strings.TrimSpace(name), `"`)
	return name, name != ""
}

// uuBlock decodes the lines after a "begin" line and returns what follows the block. ok is false when the first line holds no data.
func uuBlock(text string) (data []byte, rest string, ok bool) {
	for len(text) > 0 {
		line, after, _ := strings.Cut(text, "\n")
		line = strings.TrimRight(line, "\r")
		if line == "end" {
			return data, after, ok
		}
		octets, isData := uuLine(data, []byte(line))
		if !isData {
			// A blank or a zero-length line comes before the "end", often as spaces that a gateway has eaten.
			if next, _, _ := strings.Cut(after, "\n"); strings.TrimSpace(line) == "" && strings.TrimRight(next, "\r") == "end" {
				text = after
				continue
			}
			return data, text, ok
		}
		data, text, ok = octets, after, true
	}
	return data, text, ok
}

// uuLine appends the octets of one line to data. ok is false when the line can't be one: its first character says how many octets it
// holds, and it must be about that long.
func uuLine(data, line []byte) ([]byte, bool) {
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return data, false
	}
	n := int(line[0]-' ') & 63
	digits := line[1:]
	want := (n + 2) / 3 * 4
	// Trailing blanks (zeros) may be lost, and some encoders add a checksum character.
	if len(digits) > want+2 || len(bytes.TrimRight(digits, " ")) > 0 && len(digits) < want*3/4-1 {
		return data, false
	}
	digit := func(i int) uint32 {
		if i >= len(digits) {
			return 0
		}
		return uint32(digits[i]-' ') & 63
	}
	for i := 0; i < want && n > 0; i += 4 {
		v := digit(i)<<18 | digit(i+1)<<12 | digit(i+2)<<6 | digit(i+3)
		for k := 16; k >= 0 && n > 0; k -= 8 {
			data = append(data, byte(v>>k))
			n--
		}
	}
	return data, true
}

// uuDecoder is the Decoder of a body whose transfer encoding is x-uuencode: the first file in it. A body without a "begin" line passes unchanged.
type uuDecoder struct {
	state byte // 0 looking for "begin", 'd' data, 'p' pass all, 'e' after the end
}

func (d *uuDecoder) Decode(dst, src []byte, final bool) (nDst, nSrc int) {
	i, o := 0, 0
	if d.state == 0 {
		i = d.begin(src, final)
	}
	if d.state == 'p' {
		return o + copy(dst[o:], src[i:]), len(src)
	}
	for d.state == 'd' && i < len(src) {
		end := bytes.IndexByte(src[i:], '\n')
		if end < 0 && !final && len(src)-i < 1000 {
			return o, i
		}
		next := i + end + 1
		if end < 0 {
			next = len(src)
		}
		line := bytes.TrimRight(src[i:next], "\r\n")
		i = next
		if string(line) == "end" {
			d.state = 'e'
			break
		}
		var buf [64]byte
		if octets, ok := uuLine(buf[:0], line); ok {
			o += copy(dst[o:], octets)
		}
	}
	if d.state == 'e' {
		i = len(src)
	}
	return o, i
}

// begin looks for the "begin" line and returns the offset behind it, or 0 while it has not come.
func (d *uuDecoder) begin(src []byte, final bool) int {
	for i := 0; i < len(src); {
		end := bytes.IndexByte(src[i:], '\n')
		if end < 0 {
			break
		}
		if _, ok := uuBegin(string(src[i : i+end])); ok {
			d.state = 'd'
			return i + end + 1
		}
		i += end + 1
	}
	if final || len(src) >= maxUUHead {
		d.state = 'p'
	}
	return 0
}
