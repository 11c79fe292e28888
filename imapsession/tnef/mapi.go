package tnef

import "encoding/binary"

// reader takes little-endian values from a slice. Past its end it gives zeros and notes that it failed.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) more() bool { return len(r.b) > 0 && !r.failed }

// take returns the next n octets, or those that are left when there are fewer.
func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.failed = true
		n = len(r.b)
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); len(b) == 2 {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); len(b) == 4 {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Types of MAPI properties (MS-OXCDATA section 2.11.1).
const (
	typeObject  = 0x000d
	typeString8 = 0x001e
	typeUnicode = 0x001f
	typeBinary  = 0x0102
	typeMulti   = 0x1000 // flag: several values
)

// Identifiers of MAPI properties (MS-OXPROPS).
const (
	propMessageClass = 0x001a
	propSubject      = 0x0037
	propBody         = 0x1000
	propRTF          = 0x1009
	propHTML         = 0x1013
	propDisplayName  = 0x3001
	propAttachData   = 0x3701
	propFilename     = 0x3704
	propLongFilename = 0x3707
	propMimeTag      = 0x370e
	propContentID    = 0x3712
	propInternetCPID = 0x3fde
)

// property is one MAPI property; of several values the first.
type property struct {
	kind uint16
	id   uint16 // 0 for a named property
	data []byte
}

func (p property) text(codepage int) string {
	switch p.kind {
	case typeString8, typeBinary:
		return text8(p.data, codepage)
	case typeUnicode:
		return text16(p.data)
	}
	return ""
}

// properties calls f for each property of an encapsulated list (MS-OXTNEF section 2.1.3.4) until it ends or makes no sense.
func properties(data []byte, f func(property)) {
	r := reader{b: data}
	count := r.uint32()
	for i := uint32(0); i < count && i < maxProperties && r.more(); i++ {
		p := property{kind: r.uint16(), id: r.uint16()}
		if p.id >= 0x8000 {
			r.name()
			p.id = 0
		}
		if !r.value(&p) || r.failed && len(p.data) == 0 {
			return
		}
		f(p)
	}
}

// name skips the name of a named property.
func (r *reader) name() {
	r.take(16) // GUID
	if r.uint32() == 0 {
		r.uint32()
		return
	}
	r.padded()
}

// padded takes a length and as many octets, which are filled up to a multiple of four.
func (r *reader) padded() []byte {
	n := r.uint32()
	if n > 1<<31-8 {
		r.failed = true
		return nil
	}
	data := r.take(int(n))
	r.take(min(int(-n&3), len(r.b))) // the last one may lack its padding
	return data
}

// value takes the value (or values) of p; false for a type that is not known, whose length nobody can tell.
func (r *reader) value(p *property) bool {
	multi := p.kind&typeMulti != 0
	p.kind &^= typeMulti
	size := 0
	switch p.kind {
	case 0x0002, 0x0003, 0x0004, 0x000a, 0x000b: // 16 and 32 bit integers, float, error, boolean
		size = 4
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040: // double, currency, times, 64 bit integer
		size = 8
	case 0x0048: // GUID
		size = 16
	case 0x0001: // null
		return true
	case typeString8, typeUnicode, typeBinary, typeObject:
	default:
		return false
	}
	count := uint32(1)
	if multi || size == 0 {
		count = r.uint32()
	}
	for i := uint32(0); i < count && r.more(); i++ {
		var data []byte
		if size > 0 {
			data = r.take(size)
		} else {
			data = r.padded()
		}
		if i == 0 {
			p.data = data
		}
	}
	return true
}
