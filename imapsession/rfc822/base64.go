package rfc822

import "encoding/binary"

// Values in base64Value that are no digit.
const (
	base64Junk = 64
	base64Pad  = 65
)

// base64Value gives the digit of each octet. The alphabet of URLs is junk here: lists append rows of "_" to bodies.
var base64Value [256]byte

// base64Place[i] gives the digit of an octet shifted to its place in a group of four. Octets that are none have the top byte set.
var base64Place [4][256]uint32

func init() {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range base64Value {
		base64Value[i] = base64Junk
	}
	base64Value['='] = base64Pad
	for i := range alphabet {
		base64Value[alphabet[i]] = byte(i)
	}
	for place := range base64Place {
		for c, v := range base64Value {
			base64Place[place][c] = uint32(v) << (18 - 6*place)
			if v >= base64Junk {
				base64Place[place][c] = 0xff000000
			}
		}
	}
}

// Base64 decodes base64 (RFC 2045 section 6.8) and what is left of it after accidents: any line length, junk between the digits, padding that is missing,
// wrong or in the middle (another stream follows it), a cut end. It is a Decoder that always uses all of src: each
// octet of output is written as soon as its bits have come. The zero value is ready.
type Base64 struct {
	bits  uint32 // of the last digit that are not yet written
	phase int    // digits of the current group seen
}

// Decode implements Decoder.
func (d *Base64) Decode(dst, src []byte, final bool) (nDst, nSrc int) {
	dst = dst[:len(src)]
	i, o := 0, 0
	for i < len(src) {
		if d.phase == 0 {
			di, do := decodeGroups(dst[o:], src[i:])
			i, o = i+di, o+do
			if i == len(src) {
				break
			}
		}
		v := base64Value[src[i]]
		i++
		switch {
		case v == base64Pad:
			d.phase = 0
		case v == base64Junk:
		case d.phase == 0:
			d.bits, d.phase = uint32(v), 1
		default:
			d.bits = d.bits<<6 | uint32(v)
			// 2, 4 and 6 bits of the last digit belong to the octet that it ends.
			dst[o] = byte(d.bits >> (6 - 2*d.phase))
			o++
			d.phase = (d.phase + 1) & 3
		}
	}
	return o, i
}

// decodeGroups decodes whole groups of four digits and the line ends between them until something else comes. It writes at most as far
// as it has read, so that dst may be src.
func decodeGroups(dst, src []byte) (i, o int) {
	t0, t1, t2, t3 := &base64Place[0], &base64Place[1], &base64Place[2], &base64Place[3]
	for {
		// Two groups by one load and one store. The store writes two octets too many, which the next one overwrites: o+8 <= i+8 <= len(src) holds.
		for len(src)-i >= 8 && o <= i {
			x := binary.LittleEndian.Uint64(src[i:])
			a := t0[byte(x)] | t1[byte(x>>8)] | t2[byte(x>>16)] | t3[byte(x>>24)]
			b := t0[byte(x>>32)] | t1[byte(x>>40)] | t2[byte(x>>48)] | t3[byte(x>>56)]
			if (a|b)>>24 != 0 {
				break
			}
			binary.BigEndian.PutUint64(dst[o:], uint64(a)<<40|uint64(b)<<16)
			i, o = i+8, o+6
		}
		if len(src)-i >= 4 {
			x := binary.LittleEndian.Uint32(src[i:])
			a := t0[byte(x)] | t1[byte(x>>8)] | t2[byte(x>>16)] | t3[byte(x>>24)]
			if a>>24 == 0 {
				dst[o], dst[o+1], dst[o+2] = byte(a>>16), byte(a>>8), byte(a)
				i, o = i+4, o+3
			}
		}
		switch {
		case len(src)-i > 1 && src[i] == '\r' && src[i+1] == '\n':
			i += 2
		case i < len(src) && src[i] == '\n':
			i++
		default:
			return i, o
		}
	}
}
