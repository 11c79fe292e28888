package web

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/web/urls"
)

// postActions changes messages of a mailbox. Its one action by now is "seen": a message that was fetched ahead of the click is marked once it is really shown.
func (s *Server) postActions(c echo.Context) error {
	form := c.Request().PostForm
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	if action := form.Get("action"); action != "seen" {
		return fmt.Errorf("action %.40q: %w", action, echo.ErrBadRequest)
	}
	uids, err := urls.ParseUIDs(form)
	if err != nil {
		return err
	}
	v, err := urls.ParseUIDValidity(form.Get("v"))
	if err != nil {
		return err
	}
	for _, uid := range uids {
		if err := session(c).MarkSeen(c.Request().Context(), imapsession.Ref{Mailbox: t.Ref.Mailbox, UIDValidity: v, UID: uid}); err != nil {
			return err
		}
	}
	if isHTMX(c.Request()) {
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, s.o.Base.Mailbox(t.Ref.Mailbox))
}
