package mailhtml

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// measure fills Report.Text and Report.Height.
func (d *document) measure() {
	var text strings.Builder
	space := false // something stood between what is in text and what comes
	var walk func(n *node)
	walk = func(n *node) {
		for c := n.first; c != nil && text.Len() < 400; c = c.next {
			switch {
			case c.el == nil:
				for word := range strings.FieldsSeq(c.text) {
					if text.Len() > 0 && (space || !strings.HasPrefix(c.text, word)) {
						text.WriteByte(' ')
					}
					text.WriteString(cutText(word, 400))
					space = true
				}
				space = space && strings.TrimRight(c.text, " \t\n\u00a0") != c.text
			case c.style.get("display") == "none":
			default:
				space = space || c.el.special()
				walk(c)
				space = space || c.el.special()
			}
		}
	}
	walk(d.tree.body)
	d.report.Text = cutText(text.String(), 400)
	d.report.Height = max(40, int(heightOf(d.tree.body, 700, 15)))
}

const (
	lineHeight = 1.5
	letter     = 0.5 // mean width of a letter, in parts of the font size
)

// heightOf guesses how high n's content is in a box of that width: text by its length, tables by the highest cell of each row, images by what they say.
func heightOf(n *node, width, font float64) float64 {
	width = max(width, 60)
	height, line := 0.0, 0.0 // of what is above the line at hand; width of what stands in it
	tallest := 0.0           // image in the line
	flush := func() {
		if line > 0 || tallest > 0 {
			lines := float64(int(line/width)) + 1
			height += max(lines*font*lineHeight, tallest)
		}
		line, tallest = 0, 0
	}
	var inline func(n *node, font float64)
	inline = func(n *node, font float64) {
		for c := n.first; c != nil; c = c.next {
			if c.el == nil {
				if !isBlank(c.text) {
					line += float64(utf8.RuneCountInString(c.text)) * font * letter
				}
				continue
			}
			if c.style.get("display") == "none" {
				continue
			}
			size := fontSize(c, font)
			switch {
			case c.image != nil:
				w, h := c.image.size(c.style, width)
				line += w
				tallest = max(tallest, h)
			case c.el.name == "br":
				if line == 0 {
					height += font * lineHeight
				}
				flush()
			case c.el.kind == kindRow:
				flush()
				height += rowHeight(c, width, size)
			case c.el.special() || c.style.get("display") == "block":
				flush()
				top, bottom := edges(c, size)
				height += top + bottom + heightOf(c, width-2*px(c.style.get("padding-left")), size)
			default:
				inline(c, size)
			}
		}
	}
	inline(n, font)
	flush()
	if fixed := px(n.style.get("height")); fixed > height && n.el.kind != kindTable {
		return fixed
	}
	return height
}

func rowHeight(row *node, width, font float64) float64 {
	cells := 0.0
	for c := row.first; c != nil; c = c.next {
		if c.el != nil {
			cells++
		}
	}
	highest := 0.0
	for c := row.first; c != nil; c = c.next {
		if c.el == nil {
			continue
		}
		w := width / max(cells, 1)
		if p := px(c.style.get("width")); p > 0 {
			w = min(p, width)
		} else if n, unit, ok := atoi(c.attribute("width")); ok {
			if unit == "%" {
				w = width * float64(n) / 100
			} else {
				w = min(float64(n), width)
			}
		}
		top, bottom := edges(c, font)
		highest = max(highest, top+bottom+heightOf(c, w, fontSize(c, font)))
	}
	return highest
}

func (n *node) attribute(name string) string {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// edges guesses margin and padding above and below.
func edges(n *node, font float64) (top, bottom float64) {
	switch n.el.kind {
	case kindPara, kindPre, kindHeading:
		top, bottom = font/2, font/2 // margins collapse: half of each counts
	case kindCell:
		top, bottom = 1, 1
	}
	if n.el.name == "ul" || n.el.name == "ol" || n.el.name == "dl" {
		top, bottom = font/2, font/2
	}
	for _, prop := range []string{"margin", "padding"} {
		if v := n.style.get(prop); v != "" {
			sides := strings.Fields(v)
			if prop == "margin" {
				top, bottom = 0, 0
			}
			top += px(sides[0])
			if len(sides) > 2 {
				bottom += px(sides[2])
			} else {
				bottom += px(sides[0])
			}
		}
		top += px(n.style.get(prop + "-top"))
		bottom += px(n.style.get(prop + "-bottom"))
	}
	return top, bottom
}

func fontSize(n *node, font float64) float64 {
	if v := n.style.get("font-size"); v != "" {
		if p := px(v); p > 0 {
			return min(p, 60)
		}
	}
	switch n.el.name {
	case "h1":
		return font * 2
	case "h2":
		return font * 1.5
	case "small":
		return font * 0.83
	}
	return font
}

// px reads a printed length; 0 for what isn't one.
func px(value string) float64 {
	cut := strings.LastIndexAny(value, "0123456789.") + 1
	unit, ok := units[value[cut:]]
	n, err := strconv.ParseFloat(value[:cut], 64)
	if !ok || err != nil {
		return 0
	}
	return n * unit
}

func (img *image) size(style *block, width float64) (w, h float64) {
	read := func(prop, attribute string, full float64) float64 {
		if p := px(style.get(prop)); p > 0 {
			return p
		}
		n, unit, ok := atoi(attribute)
		if !ok {
			return 0
		}
		if unit == "%" {
			return full * float64(n) / 100
		}
		return float64(n)
	}
	w, h = read("width", img.width, width), read("height", img.height, 0)
	if w > width {
		if h > 0 {
			h = h * width / w
		}
		w = width
	}
	return max(w, 24), max(h, 24)
}
