package mailhtml

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
)

// maxDataImage is how long an image within the HTML itself may be, encoded.
const maxDataImage = 512 << 10

// image is what an <img> says of itself.
type image struct {
	src, alt      string // src is an address of ours, or a data: image
	srcset        string
	raw           string
	width, height string // "120" or "50%"
}

func (d *document) imageAttribute(n *node, key, value string) {
	img := n.image
	switch key {
	case "src":
		if img.raw == "" && len(value) <= max(maxURL, maxDataImage) {
			img.raw = value
		}
	case "srcset":
		if urls := srcset(value); len(urls) > 0 && img.srcset == "" {
			img.srcset = urls[0]
		}
	case "alt":
		if img.alt == "" {
			img.alt = oneLine(value, 300)
		}
	case "width", "height":
		size, unit, ok := atoi(value)
		text := strconv.Itoa(size)
		switch {
		case !ok || size > maxCSSLength:
			return
		case unit == "%" && size <= 100:
			text += "%"
		case unit != "" && !strings.EqualFold(unit, "px"):
			return
		}
		if key == "width" && img.width == "" {
			img.width = text
		} else if key == "height" && img.height == "" {
			img.height = text
		}
	case "border", "hspace", "vspace":
		if size, _, ok := atoi(value); ok && size <= 100 {
			n.set(attr{name: key, value: strconv.Itoa(size)})
		}
	}
}

// finishImage finds the image's address. It is false for images that show nothing and only tell that the mail was opened.
func (d *document) finishImage(n *node) bool {
	img := n.image
	raw := img.raw
	if strings.TrimSpace(raw) == "" || strings.TrimSpace(raw) == "#" {
		raw = img.srcset
	}
	img.raw, img.srcset = "", ""
	if id, ok := cutPrefixFold(strings.TrimSpace(raw), "cid:"); ok {
		img.src, _ = d.embedded(id)
		return true
	}
	if data, ok := cutPrefixFold(strings.TrimSpace(raw), "data:"); ok {
		img.src, _ = dataImage(data)
		return true
	}
	if raw == "" {
		return true
	}
	if d.opts.CID != nil && len(raw) <= maxURL {
		// Embedded by Content-Location (RFC 2557).
		if href, ok := d.opts.CID(raw); ok {
			img.src = href
			return true
		}
	}
	if d.base != "" {
		if _, ok := remoteURL(raw); !ok {
			raw = resolve(d.base, raw)
		}
	}
	if d.pixel(n) {
		d.block(raw)
		return false
	}
	img.src, _ = d.remote(raw)
	return true
}

// embedded gives the address of an image by its Content-ID.
func (d *document) embedded(id string) (string, bool) {
	if d.opts.CID == nil || len(id) > 1000 {
		return "", false
	}
	id = strings.Trim(strings.TrimSpace(id), "<>")
	if href, ok := d.opts.CID(id); ok {
		return href, true
	}
	plain, err := url.PathUnescape(id)
	if err != nil || plain == id {
		return "", false
	}
	return d.opts.CID(plain)
}

// pixel says whether an image is too small to be seen.
func (d *document) pixel(n *node) bool {
	tiny := func(attribute, property string) bool {
		switch attribute {
		case "0", "1", "2":
			return true
		}
		switch property {
		case "0", "1px", "2px":
			return true
		}
		return false
	}
	if n.style.get("display") == "none" && n.image.alt == "" {
		return true
	}
	return tiny(n.image.width, n.style.get("width")) && tiny(n.image.height, n.style.get("height"))
}

// dataImage checks an image that the HTML itself carries: a raster format by its name and by its first bytes. SVG is a document, and refused.
func dataImage(data string) (string, bool) {
	kind, body, ok := strings.Cut(data, ",")
	kind = strings.ToLower(strings.ReplaceAll(kind, " ", ""))
	kind, isBase64 := strings.CutSuffix(kind, ";base64")
	kind, _, _ = strings.Cut(kind, ";")
	if !ok || !isBase64 || len(body) > maxDataImage {
		return "", false
	}
	magics := map[string][]string{
		"image/png":  {"\x89PNG\r\n\x1a\n"},
		"image/jpeg": {"\xff\xd8\xff"},
		"image/jpg":  {"\xff\xd8\xff"},
		"image/gif":  {"GIF87a", "GIF89a"},
		"image/webp": {"RIFF"},
	}[kind]
	body = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, body)
	decoded, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return "", false
	}
	for _, magic := range magics {
		if strings.HasPrefix(string(decoded[:min(len(decoded), 12)]), magic) {
			return "data:" + kind + ";base64," + body, true
		}
	}
	return "", false
}

// placeholder gives the style of the box that stands in for an image that isn't loaded: as large as the image would be, with its text in it.
// small boxes (spacers) get no ground.
func (n *node) placeholder() (style string, small bool) {
	img := n.image
	var out strings.Builder
	put := func(prop, value string) {
		if value != "" {
			if out.Len() > 0 {
				out.WriteByte(';')
			}
			out.WriteString(prop + ":" + value)
		}
	}
	dimension := func(attribute string) string {
		if attribute == "" || attribute[len(attribute)-1] == '%' {
			return attribute
		}
		return attribute + "px"
	}
	width, height := n.style.get("width"), n.style.get("height")
	if width == "" || width == "auto" {
		width = dimension(img.width)
	}
	w, widthUnit, _ := atoi(img.width)
	h, heightUnit, _ := atoi(img.height)
	if height == "" {
		height = dimension(img.height)
	} else if height == "auto" {
		height = ""
		if w > 0 && h > 0 && widthUnit == "" && heightUnit == "" {
			put("aspect-ratio", strconv.Itoa(w)+" / "+strconv.Itoa(h))
		}
	}
	switch display := n.style.get("display"); display {
	case "block", "none", "inline-block":
		put("display", display)
	case "flex":
		put("display", "block")
	}
	put("width", width)
	put("height", height)
	if side := n.attribute("align"); side == "left" || side == "right" {
		put("float", side)
	}
	if n.style != nil {
		for _, decl := range n.style.decls {
			switch {
			case decl.prop == "max-width", decl.prop == "max-height", decl.prop == "min-width", decl.prop == "min-height", decl.prop == "float", decl.prop == "vertical-align",
				strings.HasPrefix(decl.prop, "margin"), strings.HasPrefix(decl.prop, "border"), strings.HasPrefix(decl.prop, "padding"):
				put(decl.prop, decl.value)
			}
		}
	}
	small = img.width != "" && w < 16 && widthUnit == "" || img.height != "" && h < 12 && heightUnit == ""
	return out.String(), small || img.alt == "" && width == "" && height == ""
}
