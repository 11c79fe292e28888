package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// palette colours a picture: sky from top to horizon, water or ground below it, and what flies.
type palette struct{ top, horizon, ground, far, bird color.RGBA }

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

var (
	dawn  = palette{rgb(0x6b7fa8), rgb(0xf6d3b8), rgb(0x9aa6a8), rgb(0x5d6b7c), rgb(0x33414f)}
	noon  = palette{rgb(0x8fb8d8), rgb(0xe6f1f5), rgb(0xb9b39a), rgb(0x7d8f86), rgb(0x3d4a48)}
	dusk  = palette{rgb(0x2f3a5f), rgb(0xf0956a), rgb(0x4a4a5e), rgb(0x33354c), rgb(0x191c2b)}
	paper = palette{rgb(0xf7f2e7), rgb(0xf1e8d4), rgb(0xe4d8bd), rgb(0xc9b88f), rgb(0x2c4a52)}
	ink   = palette{rgb(0x14323b), rgb(0x1f4a55), rgb(0x0f272e), rgb(0x2f6470), rgb(0xf2e6c9)}
	sand  = palette{rgb(0xefe3cf), rgb(0xe2c9a3), rgb(0xcfa977), rgb(0xb98d58), rgb(0x7a3b2e)}
)

// canvas is a picture that polygons are filled on, with soft edges.
type canvas struct{ *image.RGBA }

func newCanvas(width, height int) canvas {
	return canvas{image.NewRGBA(image.Rect(0, 0, width, height))}
}

type point struct{ x, y float64 }

func (c canvas) fill(col color.Color, points ...point) {
	// Only the polygon's own rectangle is rasterised: a small bird costs little on a large picture.
	box := image.Rectangle{}
	for i, p := range points {
		r := image.Rect(int(p.x), int(p.y), int(p.x)+2, int(p.y)+2)
		if i == 0 {
			box = r
		}
		box = box.Union(r)
	}
	box = box.Intersect(c.Bounds())
	if box.Empty() {
		return
	}
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for i, p := range points {
		x, y := float32(p.x)-float32(box.Min.X), float32(p.y)-float32(box.Min.Y)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(c.RGBA, box, image.NewUniform(col), image.Point{})
}

func (c canvas) disc(col color.Color, x, y, radius float64) {
	var points []point
	for i := range 40 {
		a := float64(i) / 40 * 2 * math.Pi
		points = append(points, point{x + radius*math.Cos(a), y + radius*math.Sin(a)})
	}
	c.fill(col, points...)
}

// gradient fills rows from one colour to another.
func (c canvas) gradient(from, to color.RGBA, y0, y1 int) {
	for y := y0; y < y1; y++ {
		t := float64(y-y0) / float64(y1-y0)
		row := image.Rect(0, y, c.Bounds().Dx(), y+1)
		draw.Draw(c.RGBA, row, image.NewUniform(mix(from, to, t)), image.Point{}, draw.Src)
	}
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	at := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t) }
	return color.RGBA{at(a.R, b.R), at(a.G, b.G), at(a.B, b.B), 255}
}

// bird draws one in flight: two wings from a body; beat from -1 (down) to 1 (up).
func (c canvas) bird(col color.Color, x, y, size, beat float64) {
	lift := size * 0.45 * beat
	c.fill(col,
		point{x - size, y - lift}, point{x - size*0.45, y - lift*0.8 - size*0.12}, point{x, y - size*0.05},
		point{x + size*0.45, y - lift*0.8 - size*0.12}, point{x + size, y - lift},
		point{x + size*0.42, y - lift*0.55 + size*0.06}, point{x + size*0.12, y + size*0.14},
		point{x, y + size*0.34}, point{x - size*0.12, y + size*0.14}, point{x - size*0.42, y - lift*0.55 + size*0.06})
}

// flockAt spreads birds along a long curve, denser and smaller at its far end.
func (c canvas) flockAt(col color.Color, random *rand.Rand, n int, bend float64) {
	width, height := float64(c.Bounds().Dx()), float64(c.Bounds().Dy())
	for range n {
		t := math.Sqrt(random.Float64())
		x := width * (0.95 - 0.85*t)
		y := height * (0.18 + 0.28*t*t + bend*math.Sin(t*4))
		x += random.NormFloat64() * width * 0.05 * t
		y += random.NormFloat64() * height * 0.05 * t
		c.bird(col, x, y, width*(0.004+0.014*t), random.Float64()*2-1)
	}
}

// shore is a tidal flat: sky, a far bank, pools that mirror the light, posts of a groyne, birds.
func shore(p palette, seed uint64) image.Image {
	const width, height, horizon = 1200, 800, 430
	random := rand.New(rand.NewPCG(seed, 1))
	c := newCanvas(width, height)
	c.gradient(p.top, p.horizon, 0, horizon)
	c.disc(mix(p.horizon, rgb(0xffffff), 0.6), 820, horizon-60, 46)
	bank := []point{{0, horizon}}
	for x := 0.0; x <= width; x += 60 {
		bank = append(bank, point{x, horizon - 14 - 16*math.Abs(math.Sin(x/170+float64(seed))) - random.Float64()*6})
	}
	c.gradient(p.ground, mix(p.ground, rgb(0x000000), 0.35), horizon, height)
	c.fill(p.far, append(bank, point{width, horizon + 2}, point{0, horizon + 2})...)
	for range 26 {
		y := horizon + 20 + random.Float64()*340
		near := (y - horizon) / 370
		x, w, h := random.Float64()*width, 60+300*near*random.Float64(), 3+26*near
		var pool []point
		for i := range 24 {
			a := float64(i) / 24 * 2 * math.Pi
			pool = append(pool, point{x + w*math.Cos(a)*(0.85+0.15*math.Sin(3*a)), y + h*math.Sin(a)})
		}
		c.fill(mix(p.ground, p.horizon, 0.35+0.4*random.Float64()), pool...)
	}
	for i := range 9 {
		t := float64(i) / 8
		x, y, h := 180+t*420, 760-t*310, 150-t*128
		c.fill(mix(p.bird, p.ground, 0.1+t*0.4), point{x - h*0.07, y}, point{x - h*0.055, y - h}, point{x + h*0.055, y - h*0.97}, point{x + h*0.07, y})
	}
	c.flockAt(p.bird, random, 90, 0.03)
	return c.RGBA
}

// flock is a wall's worth of birds on a quiet ground.
func flock(p palette, seed uint64) image.Image {
	c := newCanvas(960, 640)
	c.gradient(p.top, p.horizon, 0, 460)
	c.gradient(p.ground, p.far, 460, 640)
	random := rand.New(rand.NewPCG(seed, 2))
	c.flockAt(p.bird, random, 260, 0.10*math.Sin(float64(seed)))
	c.flockAt(mix(p.bird, p.horizon, 0.55), random, 160, -0.08)
	return c.RGBA
}

// chart is the count of each species as bars, one colour per transect.
func chart() image.Image {
	c := newCanvas(720, 360)
	c.gradient(rgb(0xffffff), rgb(0xfafaf6), 0, 360)
	colours := []color.RGBA{rgb(0x1f5a6b), rgb(0x4e8d92), rgb(0xe0a458), rgb(0xc8643c), rgb(0x7a8450)}
	for y := 60; y <= 320; y += 65 {
		draw.Draw(c.RGBA, image.Rect(40, y, 700, y+1), image.NewUniform(rgb(0xdfddd2)), image.Point{}, draw.Src)
	}
	for i, s := range species {
		y := 320.0
		for j, n := range s.counts {
			h := math.Sqrt(float64(n)) * 1.3
			x := 56 + float64(i)*72
			c.fill(colours[j], point{x, y}, point{x, y - h}, point{x + 40, y - h}, point{x + 40, y})
			y -= h
		}
	}
	return c.RGBA
}

// banner heads a newsletter: waves, and a few birds over them.
func banner() image.Image {
	c := newCanvas(640, 160)
	c.gradient(rgb(0xdcecef), rgb(0xbfdde0), 0, 160)
	for i, col := range []color.RGBA{rgb(0x8fc0c4), rgb(0x4e959e), rgb(0x1f5a6b)} {
		wave := []point{{0, 160}}
		for x := 0.0; x <= 640; x += 8 {
			wave = append(wave, point{x, 96 + 18*float64(i) + 9*math.Sin(x/(46+9*float64(i))+float64(i)*1.7)})
		}
		c.fill(col, append(wave, point{640, 160})...)
	}
	for i := range 7 {
		x := 120 + 62*float64(i)
		c.bird(rgb(0x1b3d47), x, 58-14*math.Sin(float64(i)), 15, math.Sin(float64(i)*2.1))
	}
	return c.RGBA
}

// The encoders are quick with an *image.RGBA itself, not with what embeds one.
func pngOf(m image.Image) []byte {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	encoder.Encode(&b, m) // memory does not fail
	return b.Bytes()
}

func jpegOf(m image.Image) []byte {
	var b bytes.Buffer
	jpeg.Encode(&b, m, &jpeg.Options{Quality: 86})
	return b.Bytes()
}
