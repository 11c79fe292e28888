package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/templates"
)

// navAge is how old the folder counts beside a page may be: a person who reads down a list need not have all folders counted at every step.
const navAge = 30 * time.Second

// frame is what surrounds a page that asks the mail server nothing itself, or is done with it.
func (s *Server) frame(c echo.Context, title, current string) (templates.Frame, error) {
	mailboxes, err := session(c).Mailboxes(c.Request().Context(), navAge)
	if err != nil {
		return templates.Frame{}, err
	}
	return s.frameOf(c, title, templates.NavOf(mailboxes, current)), nil
}

// frameOf is the frame around a tree that is known already.
func (s *Server) frameOf(c echo.Context, title string, nav templates.NavProps) templates.Frame {
	user := visitOf(c).user()
	return templates.Frame{
		Title: title, Look: requestOf(c).prefs.look, User: user, Avatar: templates.AvatarOf("", user),
		Notices: s.alerts(c), Nav: nav, Here: s.here(c),
	}
}

// alerts are what the mail server wants the person to see (RFC 9051 section 7.1), once.
func (s *Server) alerts(c echo.Context) []templates.Notice {
	var notices []templates.Notice
	for _, text := range session(c).Alerts() {
		notices = append(notices, templates.Notice{Kind: templates.NoticeWarn, Text: "Your mail server says: " + text})
	}
	return notices
}

// getFolders gives the tree with counts asked anew. As a page it is the inbox with the folders open.
func (s *Server) getFolders(c echo.Context) error {
	if wantsPage(c.Request()) {
		return c.Redirect(http.StatusSeeOther, s.o.Base.Mailbox("INBOX")+"#folders")
	}
	ctx := c.Request().Context()
	mailboxes, err := session(c).Mailboxes(ctx, 0)
	if err != nil {
		return err
	}
	nav := templates.NavOf(mailboxes, c.QueryParam("current"))
	// Storage is a help, not a condition: without an answer the line is left out.
	if used, limit, ok, err := session(c).Quota(ctx); err == nil && ok {
		nav.Quota = &templates.Quota{Used: used, Limit: limit}
	}
	return s.send(c, http.StatusOK, templates.Nav(nav))
}

// mailboxNamed finds a mailbox in the tree.
func mailboxNamed(mailboxes []imapsession.Mailbox, name string) (imapsession.Mailbox, bool) {
	for _, m := range mailboxes {
		// INBOX is the one name without case (RFC 9051 section 5.1).
		if m.Name == name || m.Name == "INBOX" && strings.EqualFold(name, "INBOX") {
			return m, true
		}
	}
	return imapsession.Mailbox{Name: name, Path: []string{name}}, false
}
