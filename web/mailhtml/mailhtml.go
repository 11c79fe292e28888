package mailhtml

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxInput is how many bytes of an HTML part are looked at. More is shown cut off, and offered as a download.
const maxInput = 1 << 20

// Theme says which of the two renderings a document without colours of its own takes. The page may change it afterwards by setting data-theme on the
// document's root element to "light" or "dark".
type Theme string

const (
	ThemeAuto  Theme = "" // as the reader's system
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// Options of one document.
type Options struct {
	// CID gives the address of an embedded image by its Content-ID (without <>), or of a Content-Location. nil knows none.
	CID func(id string) (href string, ok bool)
	// Remote gives the proxy address of a remote image; nil blocks them all.
	Remote func(url string) (href string, ok bool)
	// Mailto gives the address a mailto: link leads to; nil keeps the mailto: link.
	Mailto func(mailto string) string
	// Theme is the reader's choice.
	Theme Theme
	// Lang is the language of mail that doesn't name its own (BCP 47); "" leaves it open.
	Lang string
}

// Report is what was met on the way.
type Report struct {
	// Blocked counts what was left out for lack of consent, each address once: remote images (tracking pixels among them), backgrounds, videos, sounds
	// and frames. With Options.Remote set it counts the images that Remote refused.
	Blocked    int
	Remote     int    // remote images that go through the proxy
	Colours    bool   // the mail brings colours or backgrounds of its own: don't render it dark
	Mismatched int    // links whose text names another host than they lead to
	Truncated  bool   // a limit was met; the rest was left out
	Text       string // the first 400 octets of visible text, for a height estimate and alt
	Height     int    // a rough guess of the rendered height in CSS pixels at 700 px width
}

// Document reads UTF-8 HTML from r (at most 1 MiB is looked at) and writes a complete, safe HTML document. It never fails on bad input, only on r or w.
func Document(w io.Writer, r io.Reader, opts Options) (Report, error) {
	input, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return Report{}, fmt.Errorf("mail html: %w", err)
	}
	if !sanitising {
		_, err := w.Write(input)
		return Report{}, err
	}
	d := read(input, opts)
	if _, err := w.Write(d.print()); err != nil {
		return d.report, fmt.Errorf("mail html: %w", err)
	}
	return d.report, nil
}

// CSP is the Content-Security-Policy of the response that carries a Document; origin is the application's own ("https://mail.example"). Anything that
// can't be an origin stands for 'self', which is the same in a frame that keeps its origin.
func CSP(origin string) string {
	if !strings.HasPrefix(origin, "http://") && !strings.HasPrefix(origin, "https://") || strings.ContainsAny(origin, " ;,'\"\t\r\n*") {
		origin = "'self'"
	}
	return "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src 'none'; img-src " + origin +
		" data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
}

// clean makes input what the rest takes for granted: valid UTF-8 without NUL and other control characters, cut to maxInput.
func clean(input []byte) (text []byte, cut bool) {
	if len(input) > maxInput {
		input, cut = input[:maxInput], true
		for i := 0; i < utf8.UTFMax && len(input) > 0 && !utf8.FullRune(input[max(0, len(input)-i-1):]); i++ {
			input = input[:len(input)-1]
		}
	}
	i := 0
	for i < len(input) && (input[i] >= ' ' && input[i] < 0x7f || input[i] == '\n' || input[i] == '\t' || input[i] == '\r') {
		i++
	}
	if i == len(input) {
		return input, cut
	}
	text = append(make([]byte, 0, len(input)), input[:i]...)
	for i < len(input) {
		if c := input[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != 0x7f || c == '\n' || c == '\t' || c == '\r' {
				text = append(text, c)
			} else if c == '\f' {
				text = append(text, ' ')
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(input[i:])
		i += size
		if r >= 0x80 && r < 0xa0 || r == 0xfeff {
			continue
		}
		text = utf8.AppendRune(text, r)
	}
	return text, cut
}
