package mailhtml

import (
	"strconv"
	"strings"
)

// namedColour gives the printed form of a colour's name.
func namedColour(word string) (string, bool) {
	switch word {
	case "transparent", "currentcolor":
		return word, true
	case "windowtext", "buttontext", "captiontext":
		return "currentcolor", true // word processors' name for ink
	}
	return word, colourSet[word]
}

var colourSet = func() map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(colourNames) {
		set[name] = true
	}
	return set
}()

const colourNames = "aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood cadetblue chartreuse " +
	"chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen " +
	"darkorange darkorchid darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey " +
	"dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo ivory " +
	"khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon " +
	"lightseagreen lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue " +
	"mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin " +
	"navajowhite navy oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum " +
	"powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue slategray slategrey " +
	"snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke yellow yellowgreen"

// hexColour says whether digits are those of a #rgb, #rgba, #rrggbb or #rrggbbaa colour.
func hexColour(digits string) bool {
	switch len(digits) {
	case 3, 4, 6, 8:
	default:
		return false
	}
	for i := 0; i < len(digits); i++ {
		c := digits[i] | 0x20
		if !(digits[i] >= '0' && digits[i] <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

// attrColour reads a colour attribute (bgcolor, color): a name, or hex digits with or without their sign.
func attrColour(value string) (string, bool) {
	value = strings.ToLower(strings.TrimSpace(value))
	if digits := strings.TrimPrefix(value, "#"); (len(digits) == 6 || len(digits) == 3 && value != digits) && hexColour(digits) {
		return "#" + digits, true
	}
	if strings.HasPrefix(value, "rgb") && len(value) < 40 {
		tokens, _ := lex(value, 20)
		return property{takes: colours}.value(tokens)
	}
	return namedColour(value)
}

// rgb gives the channels of a printed colour where that is easy: hex, rgb() with plain numbers, black and white.
func rgb(value string) (channels [3]int, ok bool) {
	switch {
	case value == "black":
		return channels, true
	case value == "white":
		return [3]int{255, 255, 255}, true
	case strings.HasPrefix(value, "#"):
		digits := value[1:]
		wide := len(digits) == 6
		if !wide && len(digits) != 3 {
			return channels, false
		}
		for i := range channels {
			d := digits[i : i+1]
			if wide {
				d = digits[2*i : 2*i+2]
			} else {
				d += d
			}
			n, err := strconv.ParseUint(d, 16, 8)
			if err != nil {
				return channels, false
			}
			channels[i] = int(n)
		}
		return channels, true
	case strings.HasPrefix(value, "rgb("):
		parts := strings.FieldsFunc(value[4:len(value)-1], func(r rune) bool { return r == ',' || r == ' ' })
		if len(parts) != 3 {
			return channels, false
		}
		for i, p := range parts {
			n, err := strconv.Atoi(p)
			if err != nil {
				return channels, false
			}
			channels[i] = n
		}
		return channels, true
	}
	return channels, false
}

// inkLike says whether a text colour is black or the dark grey that most mail writes instead: nothing is lost when ours stands in for it.
func inkLike(value string) bool {
	if value == "currentcolor" || wideKeywords[value] {
		return true
	}
	c, ok := rgb(value)
	high, low := max(c[0], c[1], c[2]), min(c[0], c[1], c[2])
	return ok && high <= 0x40 && high-low <= 0x18
}

// paperLike is inkLike for a background.
func paperLike(value string) bool {
	if value == "transparent" || wideKeywords[value] {
		return true
	}
	c, ok := rgb(value)
	return ok && min(c[0], c[1], c[2]) >= 0xfb
}
