package templates

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"godwit/web/mailhtml"
)

// lines writes the lines of a text, one a line, without the space that a template would put between a link and the comma after it.
// What is set in columns gets letters of one width. Every text is escaped, and every address passes templ.URL.
func lines(list []mailhtml.Line) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		all := stretchesOf(list)
		for i, part := range all {
			switch {
			case part.columns:
				b.WriteString(`<span class="cols" tabindex="0" role="group" aria-label="Columns">`)
				writeLines(&b, part.lines)
				b.WriteString(`</span>`)
			case i+1 < len(all):
				writeLines(&b, part.lines)
				b.WriteByte('\n') // ends the last line, lest an empty one be lost before the columns
			default:
				writeLines(&b, part.lines)
			}
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

func writeLines(b *strings.Builder, list []mailhtml.Line) {
	for i, line := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, s := range line {
			writeSpan(b, s)
		}
	}
}

func writeSpan(b *strings.Builder, s mailhtml.Span) {
	if s.Href == "" {
		b.WriteString(templ.EscapeString(s.Text))
		return
	}
	b.WriteString(`<a href="`)
	b.WriteString(templ.EscapeString(string(templ.URL(s.Href))))
	b.WriteString(`" rel="noopener noreferrer" target="_blank">`)
	b.WriteString(templ.EscapeString(s.Text))
	b.WriteString(`</a>`)
	if s.Warn != "" {
		b.WriteString(`<span class="leads-to" title="The link leads to another place than its text says">`)
		b.WriteString(templ.EscapeString(s.Warn))
		b.WriteString(`</span>`)
	}
}
