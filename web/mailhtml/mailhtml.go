// Package mailhtml turns the HTML and plain text of mail into what is safe to show.
package mailhtml

import "io"

// Options of one document.
type Options struct {
	// CID gives the address of an embedded image by its Content-ID (without <>), or of a Content-Location. nil knows none.
	CID func(id string) (href string, ok bool)
	// Remote gives the proxy address of a remote image; nil blocks them all.
	Remote func(url string) (href string, ok bool)
	// Mailto gives the address a mailto: link leads to; nil keeps the mailto: link.
	Mailto func(mailto string) string
}

// Report is what was met on the way.
type Report struct {
	Blocked    int    // remote images and other loads that were left out for lack of consent
	Remote     int    // remote images that go through the proxy
	Colours    bool   // the mail brings colours or backgrounds of its own: don't render it dark
	Mismatched int    // links whose text names another host than they lead to
	Truncated  bool   // a limit was met; the rest was left out
	Text       string // the first 400 octets of visible text, for a height estimate and alt
	Height     int    // a rough guess of the rendered height in CSS pixels at 700 px width
}

// Document reads UTF-8 HTML from r (at most 1 MiB is looked at) and writes a complete, safe HTML document. It never fails on bad input, only on r or w.
func Document(w io.Writer, r io.Reader, opts Options) (Report, error) { panic("mailhtml") }

// CSP is the Content-Security-Policy of the response that carries a Document; origin is the application's own ("https://mail.example").
func CSP(origin string) string { panic("mailhtml") }

// Block is a run of lines of a plain text at one quote level.
type Block struct {
	Depth     int // 0: the sender's own words; n: quoted n times
	Signature bool
	Lines     []Line
}

// Line is one line (a whole paragraph when the text flows, RFC 3676).
type Line []Span

// Span is text, or a link when Href is set. Warn, when set, is the host the link really leads to, to be shown beside it.
type Span struct{ Text, Href, Warn string }

// TextOptions say how a text/plain part is to be read.
type TextOptions struct {
	Flowed bool // format=flowed
	DelSp  bool // delsp=yes
	Mailto func(mailto string) string
}

// Text cuts a plain text into blocks: paragraphs joined, quotes and signature told apart, links found.
func Text(text string, opts TextOptions) []Block { panic("mailhtml") }
