package demo

import (
	"encoding/binary"
	"image/color"
	"math"
)

// The film is three seconds of birds over the tide, as MP4 with H.264. Its macroblocks are I_PCM (H.264 section 7.3.5): samples
// as they are, which any decoder plays and takes no encoder to write.
const (
	filmWidth, filmHeight = 192, 112 // multiples of 16
	filmFrames, filmRate  = 36, 12
)

func turnstones() []byte {
	var samples [][]byte
	for i := range filmFrames {
		slice := h264Slice(filmFrame(float64(i)/filmFrames), i)
		samples = append(samples, append(binary.BigEndian.AppendUint32(nil, uint32(len(slice))), slice...))
	}
	return mp4(samples)
}

// filmFrame draws the film at t from 0 to 1; it goes round.
func filmFrame(t float64) canvas {
	c := newCanvas(filmWidth, filmHeight)
	c.gradient(dusk.top, dusk.horizon, 0, 80)
	c.disc(rgb(0xffd9a8), 140, 56, 9)
	for i, col := range []color.RGBA{rgb(0x8a6a78), rgb(0x5b5873), rgb(0x3b3e5a)} {
		wave := []point{{0, filmHeight}}
		for x := 0.0; x <= filmWidth; x += 4 {
			wave = append(wave, point{x, 70 + 12*float64(i) + 3*math.Sin(x/16+2*math.Pi*t*float64(i+1))})
		}
		c.fill(col, append(wave, point{filmWidth, filmHeight})...)
	}
	for i := range 9 {
		x := math.Mod(float64(i)*31+t*filmWidth, filmWidth+40) - 20
		c.bird(dusk.bird, x, 24+9*math.Sin(float64(i)*1.9+2*math.Pi*t), 9, math.Sin(2*math.Pi*(6*t+float64(i)/5)))
	}
	return c
}

// bits writes a bit string, most significant first.
type bits struct {
	out  []byte
	free int // bits left in the last octet
}

func (b *bits) u(n int, v uint) {
	for i := n - 1; i >= 0; i-- {
		if b.free == 0 {
			b.out, b.free = append(b.out, 0), 8
		}
		b.free--
		b.out[len(b.out)-1] |= byte(v>>i&1) << b.free
	}
}

// ue writes an unsigned Exp-Golomb code (H.264 section 9.1).
func (b *bits) ue(v uint) {
	length := 0
	for (v+1)>>length > 1 {
		length++
	}
	b.u(length, 0)
	b.u(length+1, v+1)
}

func (b *bits) all(codes ...uint) {
	for _, v := range codes {
		b.ue(v)
	}
}

// unit ends the bits as a NAL unit of a type, with the octets put in that keep start codes out of it.
func (b *bits) unit(header byte) []byte {
	b.u(1, 1)
	b.free = 0
	out := []byte{header}
	zeros := 0
	for _, c := range b.out {
		if zeros >= 2 && c <= 3 {
			out, zeros = append(out, 3), 0
		}
		out = append(out, c)
		if zeros++; c != 0 {
			zeros = 0
		}
	}
	return out
}

const h264Profile, h264Constraints, h264Level = 66, 0xc0, 30 // constrained baseline

func h264SPS() []byte {
	var b bits
	b.u(8, h264Profile)
	b.u(8, h264Constraints)
	b.u(8, h264Level)
	b.all(0, 0, 2, 0) // id, frame number of 4 bits, order is that of decoding, no references
	b.u(1, 0)
	b.all(filmWidth/16-1, filmHeight/16-1)
	b.u(4, 0b1100) // frames only, 8x8 inference, neither cropping nor VUI
	return b.unit(0x67)
}

func h264PPS() []byte {
	var b bits
	b.all(0, 0)
	b.u(2, 0) // CAVLC
	b.all(0, 0, 0)
	b.u(3, 0)
	b.all(0, 0, 0)
	b.u(3, 0b100) // slices say how they are deblocked
	return b.unit(0x68)
}

// h264Slice is a picture as one IDR slice.
func h264Slice(c canvas, n int) []byte {
	var b bits
	b.all(0, 7, 0)    // from macroblock 0, all intra, picture parameters 0
	b.u(4, 0)         // frame number
	b.ue(uint(n % 2)) // tells neighbouring IDR pictures apart
	b.u(2, 0)
	b.all(0, 1) // quantiser as it was, no deblocking
	for y := 0; y < filmHeight; y += 16 {
		for x := 0; x < filmWidth; x += 16 {
			b.ue(25) // I_PCM
			b.free = 0
			b.out = appendMacroblock(b.out, c, x, y)
		}
	}
	return b.unit(0x65)
}

// appendMacroblock writes 256 luma samples and 64 of each chroma, of the pixel in the middle of each four.
func appendMacroblock(out []byte, c canvas, x, y int) []byte {
	var cbs, crs []byte
	for j := range 16 {
		for i := range 16 {
			p := c.RGBAAt(x+i, y+j)
			luma, cb, cr := color.RGBToYCbCr(p.R, p.G, p.B)
			// Video keeps to a part of the range that pictures use (BT.601).
			out = append(out, byte(16+int(luma)*219/255))
			if i%2 == 0 && j%2 == 0 {
				cbs = append(cbs, byte(16+int(cb)*224/255))
				crs = append(crs, byte(16+int(cr)*224/255))
			}
		}
	}
	return append(append(out, cbs...), crs...)
}

// box is one of ISO 14496-12.
func box(kind string, contents ...[]byte) []byte {
	b := append(make([]byte, 4), kind...)
	for _, c := range contents {
		b = append(b, c...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func be32(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func be16(values ...uint16) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// mp4 puts samples, each with its length before it, into a file that can be played while it loads.
func mp4(samples [][]byte) []byte {
	head := box("ftyp", []byte("isom"), be32(512), []byte("isomiso2avc1mp41"))
	moov := moovBox(samples, 0)
	moov = moovBox(samples, uint32(len(head)+len(moov)+8))
	return append(append(head, moov...), box("mdat", samples...)...)
}

func moovBox(samples [][]byte, offset uint32) []byte {
	identity := be32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
	n := uint32(len(samples))
	sps, pps := h264SPS(), h264PPS()
	config := []byte{1, h264Profile, h264Constraints, h264Level, 0xff, 0xe1}
	config = append(append(config, be16(uint16(len(sps)))...), sps...)
	config = append(append(append(config, 1), be16(uint16(len(pps)))...), pps...)
	avc1 := box("avc1", make([]byte, 6), be16(1), make([]byte, 16), be16(filmWidth, filmHeight), be32(0x480000, 0x480000, 0),
		be16(1), make([]byte, 32), be16(0x18, 0xffff), box("avcC", config))
	sizes := be32(0, 0, n)
	for _, s := range samples {
		sizes = append(sizes, be32(uint32(len(s)))...)
	}
	table := box("stbl",
		box("stsd", be32(0, 1), avc1),
		box("stts", be32(0, 1, n, 1)),
		box("stsc", be32(0, 1, 1, n, 1)),
		box("stsz", sizes),
		box("stco", be32(0, 1, offset)))
	media := box("mdia",
		box("mdhd", be32(0, 0, 0, filmRate, n), be16(0x55c4, 0)), // language "und"
		box("hdlr", be32(0, 0), []byte("vide"), make([]byte, 12), []byte("film\x00")),
		box("minf",
			box("vmhd", be32(1, 0, 0)),
			box("dinf", box("dref", be32(0, 1), box("url ", be32(1)))),
			table))
	return box("moov",
		box("mvhd", be32(0, 0, 0, filmRate, n, 0x10000), be16(0x100, 0), make([]byte, 8), identity, make([]byte, 24), be32(2)),
		box("trak",
			box("tkhd", be32(3, 0, 0, 1, 0, n, 0, 0), be16(0, 0, 0, 0), identity, be32(filmWidth<<16, filmHeight<<16)),
			media))
}
