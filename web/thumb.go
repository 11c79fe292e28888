package web

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"godwit/imapsession"
	"godwit/web/urls"
)

const (
	maxThumbSource = 28 << 20 // encoded octets of a part: a photograph of 20 MB
	maxThumbPixels = 40 << 20 // of the source
	maxThumbLength = 1 << 15  // pixels of the source's longer side: scaling keeps a line of each side for itself
	maxThumbMemory = 192 << 20
	maxThumbScans  = 200             // of a JPEG, each of which may go through the whole picture; cameras and web sites make some ten
	thumbPatience  = 5 * time.Second // for decoding; a photograph of 40 megapixels takes one
	thumbSide      = 96              // pixels of the longer side: the tile's 38 at twice the density, and room
	maxThumb       = 6 << 10         // octets, so that a page of them stays light
)

// getThumb makes a small picture of an image part.
func (s *Server) getThumb(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	etag := s.etagOf(c, t.Ref, string(t.Section)+".t")
	if s.notModified(c, t.Ref, etag) {
		return nil
	}
	ctx := c.Request().Context()
	if err := s.pictures.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.pictures.Release(1)
	r, err := session(c).Part(ctx, t.Ref, t.Section)
	if err != nil {
		return err
	}
	defer r.Close()
	if r.Part.Octets > maxThumbSource {
		return fmt.Errorf("thumbnail of %d octets: %w", r.Part.Octets, imapsession.ErrTooLarge)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxThumbSource+1))
	if err != nil {
		return err
	}
	picture, kind, err := thumbnail(data)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	partHeaders(h, t.Ref.UIDValidity != 0)
	if etag != "" {
		h.Set("ETag", etag)
	}
	h.Set("Content-Disposition", "inline")
	h.Set("Content-Length", strconv.Itoa(len(picture)))
	return c.Blob(http.StatusOK, kind, picture)
}

// decoders read what thumbnails are made of, by the first bytes.
var decoders = []struct {
	magic  string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}{
	{"\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
	{"\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode},
	{"GIF8", gif.DecodeConfig, gif.Decode}, // the first picture of an animation
	{"RIFF", webp.DecodeConfig, webp.Decode},
	{"BM", bmp.DecodeConfig, bmp.Decode},
	{"II*\x00", tiff.DecodeConfig, tiff.Decode},
	{"MM\x00*", tiff.DecodeConfig, tiff.Decode},
}

// thumbnail makes a small JPEG, or a PNG where the picture has transparent places, upright whatever the camera's position was.
func thumbnail(data []byte) (picture []byte, kind string, err error) {
	src, err := decodeBounded(data)
	if err != nil {
		return nil, "", err
	}
	for side := thumbSide; ; side = side * 3 / 4 {
		small := turn(scale(src, side), orientation(data))
		picture, kind, err = encodeSmall(small)
		if err != nil || len(picture) <= maxThumb || side < 32 {
			return picture, kind, err
		}
	}
}

// decodeBounded looks at the size before it decodes: a few kilobytes may claim billions of pixels.
func decodeBounded(data []byte) (image.Image, error) {
	for _, d := range decoders {
		if !bytes.HasPrefix(data, []byte(d.magic)) {
			continue
		}
		config, err := d.config(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotPreviewable, err)
		}
		if !affordable(config, data) {
			return nil, fmt.Errorf("image of %d x %d pixels: %w", config.Width, config.Height, imapsession.ErrTooLarge)
		}
		src, err := decodeSafely(d.decode, data, time.Now().Add(thumbPatience))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotPreviewable, err)
		}
		return src, nil
	}
	return nil, fmt.Errorf("no picture by its first bytes: %w", errNotPreviewable)
}

// affordable tells whether a picture can be decoded and scaled within maxThumbMemory, and soon.
func affordable(config image.Config, data []byte) bool {
	w, h := int64(config.Width), int64(config.Height)
	if w < 1 || h < 1 || w > maxThumbLength || h > maxThumbLength || w*h > maxThumbPixels {
		return false
	}
	if bytes.HasPrefix(data, []byte("\xff\xd8")) && bytes.Count(data, []byte("\xff\xda")) > maxThumbScans {
		return false
	}
	return w*h*octetsPerPixel(config.ColorModel)+coefficients(data, w*h) <= maxThumbMemory
}

func octetsPerPixel(model color.Model) int64 {
	if _, palette := model.(color.Palette); palette {
		return 1
	}
	switch model {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	return 4
}

// coefficients is what the decoder keeps of a progressive JPEG until its last scan: four octets for each sample.
func coefficients(data []byte, pixels int64) int64 {
	if len(data) < 2 || data[0] != 0xFF || data[1] != 0xD8 {
		return 0
	}
	marker, frame := jpegFrame(data)
	switch {
	case marker == 0xC0 || marker == 0xC1:
		return 0
	case marker != 0xC2 || len(frame) < 6:
		return pixels * 4 * 4 // the decoder may find what was not found here
	}
	var samples, most int64
	for i := 0; i < int(frame[5]) && 6+i*3+1 < len(frame); i++ {
		factor := frame[6+i*3+1]
		n := int64(factor>>4) * int64(factor&15)
		samples += n
		most = max(most, n)
	}
	if most == 0 {
		return 0
	}
	return pixels * 4 * samples / most
}

// impatient ends reading after a time. A decoder can't be told to stop, but a JPEG of many scans, or a TIFF of many tiles, that would keep it busy for hours reads on and on.
type impatient struct {
	r     *bytes.Reader
	until time.Time
}

var errImpatient = errors.New("decoding takes too long")

func (r impatient) Read(p []byte) (int, error) {
	if time.Now().After(r.until) {
		return 0, errImpatient
	}
	return r.r.Read(p)
}

func (r impatient) ReadAt(p []byte, at int64) (int, error) {
	if time.Now().After(r.until) {
		return 0, errImpatient
	}
	return r.r.ReadAt(p, at)
}

// decodeSafely turns a decoder's panic on broken input into an error, and ends it at until.
func decodeSafely(decode func(io.Reader) (image.Image, error), data []byte, until time.Time) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoder: %v", p)
		}
	}()
	img, err = decode(impatient{bytes.NewReader(data), until})
	if err == nil && img.Bounds().Empty() {
		err = errors.New("empty picture")
	}
	return img, err
}

// scale fits src into a square of side pixels and never enlarges.
func scale(src image.Image, side int) *image.NRGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if longest := max(w, h); longest > side {
		w, h = max(1, w*side/longest), max(1, h*side/longest)
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	// Averages all pixels that fall together, where the quicker scalers would look at four of thousands.
	draw.BiLinear.Scale(dst, dst.Bounds(), src, b, draw.Src, nil)
	return dst
}

// encodeSmall writes JPEG, or PNG where that would lose transparency.
func encodeSmall(img *image.NRGBA) ([]byte, string, error) {
	var out bytes.Buffer
	if !img.Opaque() {
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		err := encoder.Encode(&out, img)
		return out.Bytes(), "image/png", err
	}
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 72})
	return out.Bytes(), "image/jpeg", err
}

// turn puts a picture upright by its EXIF orientation, 1 to 8.
func turn(src *image.NRGBA, orientation int) *image.NRGBA {
	if orientation < 2 || orientation > 8 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	dw, dh := w, h
	if orientation >= 5 {
		dw, dh = h, w
	}
	dst := image.NewNRGBA(image.Rect(0, 0, dw, dh))
	for y := range h {
		for x := range w {
			dx, dy := turned(orientation, x, y, w, h)
			dst.SetNRGBA(dx, dy, src.NRGBAAt(x, y))
		}
	}
	return dst
}

// turned says where the pixel x, y of a picture w by h belongs.
func turned(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default: // 8
		return y, w - 1 - x
	}
}
