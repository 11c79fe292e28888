package web

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/imapsession/rfc822"
	"godwit/templates"
	"godwit/web/urls"
)

const maxSource = 512 << 10 // octets of a message shown as source; the rest is in the download

// getRaw sends a message as it is, as a file.
func (s *Server) getRaw(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	if s.notModified(c, t.Ref, s.etagOf(c, t.Ref, "raw")) {
		return nil
	}
	ctx := c.Request().Context()
	msg, err := session(c).Message(ctx, t.Ref)
	if err != nil {
		return err
	}
	r, err := session(c).Part(ctx, msg.Ref, "")
	if err != nil {
		return err
	}
	defer r.Close()
	ct := &content{ref: r.Ref, etag: s.etagOf(c, r.Ref, "raw"), kind: "message/rfc822", fixed: true, name: subjectFilename(msg, ".eml"), r: r, asFile: true}
	if size, exact := r.Size(); exact {
		ct.seek, ct.size = r, size
	}
	return s.stream(c, t.Ref, ct)
}

// getSource shows a message as it is.
func (s *Server) getSource(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	msg, err := session(c).Message(ctx, t.Ref)
	if err != nil {
		return err
	}
	r, err := session(c).Part(ctx, msg.Ref, "")
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if err != nil {
		return err
	}
	truncated := len(b) > maxSource
	if truncated {
		b = b[:maxSource]
	}
	subject := templates.SubjectOr(msg.Header.Text("Subject"))
	frame, err := s.frame(c, "Source of "+subject, msg.Ref.Mailbox)
	if err != nil {
		return err
	}
	return s.render(c, view{page: templates.Source(templates.SourceProps{
		Frame: frame, Ref: msg.Ref, Subject: subject, Text: visibleText(b), Truncated: truncated, Size: templates.Size(msg.Size),
	})})
}

// getHeaders shows all header fields, decoded.
func (s *Server) getHeaders(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	msg, err := session(c).Message(c.Request().Context(), t.Ref)
	if err != nil {
		return err
	}
	subject := templates.SubjectOr(msg.Header.Text("Subject"))
	frame, err := s.frame(c, "Headers of "+subject, msg.Ref.Mailbox)
	if err != nil {
		return err
	}
	props := templates.HeadersProps{Frame: frame, Ref: msg.Ref, Subject: subject}
	for _, f := range msg.Header {
		props.Fields = append(props.Fields, templates.Field{Name: visibleText([]byte(f.Name)), Value: decodedField(f)})
	}
	return s.render(c, view{page: templates.Headers(props)})
}

// visibleText makes octets fit for a page: invalid UTF-8 and controls replaced, line ends plain.
func visibleText(b []byte) string {
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7f:
			return '\uFFFD'
		case hides(r):
			return -1
		}
		return r
	}, text)
}

// subjectFilename names a file after a message.
func subjectFilename(msg *imapsession.Message, ext string) string {
	subject := strings.TrimSpace(msg.Header.Text("Subject"))
	if subject == "" {
		subject = "message " + uidString(msg.Ref.UID)
	}
	// A subject is no path: "and/or" is to stay whole.
	subject = strings.NewReplacer("/", "-", `\`, "-").Replace(subject)
	const most = 80 // runes; a subject may be a novel
	if r := []rune(subject); len(r) > most {
		subject = string(r[:most])
	}
	return cleanFilename(subject+ext, 1)
}

// decodedField is a header field's value as a person reads it.
func decodedField(f rfc822.Field) string {
	return visibleText([]byte(rfc822.Header{f}.Text(f.Name)))
}
