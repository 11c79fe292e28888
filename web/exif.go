package web

import "encoding/binary"

// orientation finds how a JPEG's camera was held: EXIF tag 0x0112, 1 to 8. 1, upright, is also the answer for everything that can't be read.
func orientation(jpeg []byte) int {
	if len(jpeg) < 4 || jpeg[0] != 0xFF || jpeg[1] != 0xD8 {
		return 1
	}
	// Segments: 0xFF, marker, length of what follows with the length itself.
	for at := 2; at+4 <= len(jpeg) && jpeg[at] == 0xFF; {
		marker, size := jpeg[at+1], int(binary.BigEndian.Uint16(jpeg[at+2:]))
		if marker == 0xDA || size < 2 || at+2+size > len(jpeg) {
			return 1
		}
		segment := jpeg[at+4 : at+2+size]
		if marker == 0xE1 && len(segment) > 6 && string(segment[:6]) == "Exif\x00\x00" {
			return tiffOrientation(segment[6:])
		}
		at += 2 + size
	}
	return 1
}

// jpegFrame finds the frame header (SOFn) of a JPEG: its marker and what follows its length, 0 when there is none.
func jpegFrame(jpeg []byte) (marker byte, header []byte) {
	if len(jpeg) < 4 || jpeg[0] != 0xFF || jpeg[1] != 0xD8 {
		return 0, nil
	}
	for at := 2; at+4 <= len(jpeg); {
		if jpeg[at] != 0xFF || jpeg[at+1] == 0xFF || jpeg[at+1] == 0 { // what stands between segments is passed over, as decoders do
			at++
			continue
		}
		marker, size := jpeg[at+1], int(binary.BigEndian.Uint16(jpeg[at+2:]))
		switch {
		case marker >= 0xD0 && marker <= 0xD7: // a restart, without a length
			at += 2
		case marker == 0xDA || size < 2 || at+2+size > len(jpeg):
			return 0, nil
		case marker >= 0xC0 && marker <= 0xC2:
			return marker, jpeg[at+4 : at+2+size]
		default:
			at += 2 + size
		}
	}
	return 0, nil
}

// tiffOrientation reads the first directory of the TIFF structure that EXIF is kept in.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	entries := int64(order.Uint16(b[at:]))
	for i := range entries {
		e := at + 2 + i*12
		if e+12 > int64(len(b)) {
			return 1
		}
		const tagOrientation, typeShort = 0x0112, 3
		if order.Uint16(b[e:]) == tagOrientation && order.Uint16(b[e+2:]) == typeShort {
			if o := int(order.Uint16(b[e+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}
