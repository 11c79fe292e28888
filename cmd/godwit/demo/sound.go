package demo

import (
	"encoding/binary"
	"math"
	"sync"
)

// sampleRate of all sounds, in Hz; they are mono, 16 bits.
const sampleRate = 22050

const wavHeader = 44 // octets

// wavHead is the header of a WAV file with so many octets of sound.
func wavHead(octets int) []byte {
	b := make([]byte, 0, wavHeader)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+octets))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1) // PCM
	b = binary.LittleEndian.AppendUint16(b, 1) // channels
	b = binary.LittleEndian.AppendUint32(b, sampleRate)
	b = binary.LittleEndian.AppendUint32(b, sampleRate*2)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, uint32(octets))
}

// call is a curlew's: a whistle that rises, faster and faster, at second t of its five.
func call(t float64) float64 {
	const length = 5.0
	if t < 0 || t > length {
		return 0
	}
	beat := 1.1 + 1.4*t // notes a second
	in := math.Mod(t*beat, 1)
	loud := math.Sin(math.Pi*in) * math.Sin(math.Pi*t/length)
	phase := 2 * math.Pi * (900*t + 90*t*t + 150/(2*math.Pi*beat)*math.Sin(2*math.Pi*in))
	return loud * (0.8*math.Sin(phase) + 0.15*math.Sin(2*phase))
}

func curlewCall() []byte {
	const samples = 5 * sampleRate
	b := wavHead(samples * 2)
	for i := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(0.6*math.MaxInt16*call(float64(i)/sampleRate))))
	}
	return b
}

// recordingSize is the length of the long recording: 40 MB, a quarter of an hour of an evening at the roost.
const recordingSize = 40 << 20

// evening is half a minute of it, which goes round: calls near and far over the wash of the tide.
var evening = sync.OnceValue(func() []byte {
	const seconds = 32
	b := make([]byte, 0, seconds*sampleRate*2)
	noise, wash := uint32(1), 0.0
	for i := range seconds * sampleRate {
		t := float64(i) / sampleRate
		noise = noise*1664525 + 1013904223
		wash += (float64(noise>>16)/32768 - 1 - wash) * 0.04
		v := wash * (0.5 + 0.4*math.Sin(2*math.Pi*t/8))
		for k, start := range []float64{1, 6.5, 9, 15, 19.5, 26} {
			v += call(t-start) * 0.35 / float64(1+k%3)
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(0.5*math.MaxInt16*max(-1, min(1, v)))))
	}
	return b
})

// readRecording reads the long recording from an offset; it returns less than asked for at the end only.
func readRecording(p []byte, off int64) int {
	if left := recordingSize - off; int64(len(p)) > left {
		p = p[:max(0, left)]
	}
	n := 0
	if off < wavHeader {
		n = copy(p, wavHead(recordingSize - wavHeader)[off:])
	}
	loop := evening()
	for n < len(p) {
		n += copy(p[n:], loop[(off+int64(n)-wavHeader)%int64(len(loop)):])
	}
	return n
}
