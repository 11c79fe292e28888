package web

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/web/mailhtml"
	"godwit/web/urls"
)

// getPartHTML is the document for the reader's frame. Mostly the reader has just made it.
func (s *Server) getPartHTML(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	remote := s.consented(c, c.QueryParam("remote"))
	if t.Ref.UIDValidity != 0 {
		key := docKey{session: visitOf(c).id, ref: t.Ref, section: t.Section, remote: remote, origin: requestOf(c).origin, theme: requestOf(c).prefs.look.Theme}
		if doc, ok := s.docs.get(key, s.o.Clock()); ok {
			return s.sendDocument(c, doc)
		}
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
	if part.Type != "text/html" && !isTNEF(part) {
		return fmt.Errorf("part %v of %v is %s: %w", t.Section, t.Ref, part.Type, imapsession.ErrNoPart)
	}
	// Within a mail inside the mail, cid: means that one's parts.
	if outer := enclosing(msg.Root, t.Section); outer != "" {
		if msg, err = session(c).Embedded(ctx, msg.Ref, outer); err != nil {
			return err
		}
	}
	doc, err := s.document(ctx, c, msg, part, remote)
	if err != nil {
		return err
	}
	return s.sendDocument(c, doc)
}

func (s *Server) sendDocument(c echo.Context, doc *document) error {
	frameHeaders(c.Response().Header(), mailhtml.CSP(requestOf(c).origin))
	return s.sendHTML(c, 200, doc.html)
}

// enclosing gives the innermost message/rfc822 part that section lies in, "" when it is the mail itself.
func enclosing(p *imapsession.Part, section imapsession.Section) imapsession.Section {
	var found imapsession.Section
	for p != nil {
		var next *imapsession.Part
		for _, child := range p.Children {
			if contains(child, section) {
				next = child
				break
			}
		}
		if p.Type == "message/rfc822" || p.Type == "message/global" {
			if next != nil {
				found = p.Section
			}
		}
		p = next
	}
	return found
}

func contains(p *imapsession.Part, section imapsession.Section) bool {
	if p.Section == section {
		return true
	}
	for _, child := range p.Children {
		if contains(child, section) {
			return true
		}
	}
	return false
}
