package web

import (
	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/urls"
)

const maxPreviewText = 256 << 10 // octets of a text file on its preview page

// getPartPreview is the page that shows one part: a picture, a PDF, text, sound or film. None of them can run anything: text is escaped, the rest is decoded by the browser or by pdf.js.
func (s *Server) getPartPreview(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	msg, err := session(c).Message(ctx, t.Ref)
	if err != nil {
		return err
	}
	part, err := msg.Find(t.Section)
	if err != nil {
		return err
	}
	subject := templates.SubjectOr(msg.Header.Text("Subject"))
	props := templates.PreviewProps{Ref: msg.Ref, File: attachmentOf(part), Kind: previewOf(part.Type, filenameOf(part)), Subject: subject}
	if props.Kind == templates.PreviewText {
		if props.Text, props.Truncated, err = session(c).Text(ctx, msg.Ref, t.Section, maxPreviewText); err != nil {
			return err
		}
		props.Text = visibleText([]byte(props.Text))
	}
	props.Newer, props.Older = previewNeighbours(msg, t.Section)
	if props.Frame, err = s.frame(c, props.File.Name, msg.Ref.Mailbox); err != nil {
		return err
	}
	return s.render(c, view{page: templates.PartPreview(props)})
}

// previewNeighbours are the files before and after section that have a preview too.
func previewNeighbours(msg *imapsession.Message, section imapsession.Section) (before, after *templates.Attachment) {
	found := false
	for _, p := range msg.Body().Files {
		if p.Section == section {
			found = true
			continue
		}
		a := attachmentOf(p)
		if !a.Preview {
			continue
		}
		if found {
			return before, &a
		}
		before = &a
	}
	if !found {
		return nil, nil
	}
	return before, nil
}
