package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/urls"
)

// Errors of this package's own.
var (
	errCrossOrigin    = errors.New("the form did not come from a page of ours")
	errSessionEnded   = errors.New("not signed in")
	errTooManyTries   = errors.New("too many sign-in attempts")
	errNotPreviewable = errors.New("no picture of this part can be made")
)

// errorRow says how one kind of error is shown.
type errorRow struct {
	err    error
	status int
	icon   string
	title  string
	text   string
	ways   []way // the first is the best
}

// way is a way on from an error.
type way string

const (
	wayAgain   way = "again"   // the same address once more
	wayMailbox way = "mailbox" // the list of the mailbox the address names
	wayMessage way = "message" // the message the address names
	wayInbox   way = "inbox"
	waySignIn  way = "signin"
)

// errorTable is read from the top: the first that errors.Is finds wins. A test fails when an Err of imapsession has no row.
var errorTable = []errorRow{
	{errSessionEnded, http.StatusUnauthorized, "lock", "Your session has ended", "Sign in again to go on where you were.", []way{waySignIn}},
	{imapsession.ErrAuth, http.StatusUnauthorized, "lock", "The mail server wants you to sign in again",
		"It no longer accepts the password you signed in with. Perhaps it was changed.", []way{waySignIn}},
	{errCrossOrigin, http.StatusForbidden, "shield-alert", "This form was not accepted",
		"It came from another site, or the page it stands on is too old. Open the page again and send it from there.", []way{wayInbox}},
	{errTooManyTries, http.StatusTooManyRequests, "clock", "Too many tries", "Wait a moment, then try again.", []way{waySignIn}},
	{imapsession.ErrStale, http.StatusGone, "refresh-cw", "This mailbox was rebuilt on the server",
		"The address is from before that, and may now mean another message. Open the message from its list.", []way{wayMailbox, wayInbox}},
	{imapsession.ErrNoMailbox, http.StatusNotFound, "folder", "There is no such folder",
		"It may have been renamed or deleted, here or in another program.", []way{wayInbox}},
	{imapsession.ErrNoMessage, http.StatusNotFound, "mail", "This message is no longer here",
		"It may have been moved or deleted, here or in another program.", []way{wayMailbox, wayInbox}},
	{imapsession.ErrNoPart, http.StatusNotFound, "paperclip", "The message has no such part",
		"The address may be incomplete. Open the message and choose the file there.", []way{wayMessage, wayMailbox}},
	{imapsession.ErrReadOnly, http.StatusForbidden, "lock", "This folder can only be read",
		"The mail server does not let you change anything in it.", []way{wayMailbox, wayInbox}},
	{imapsession.ErrOverQuota, http.StatusInsufficientStorage, "hard-drive-download", "Your mail storage is full",
		"Delete what you no longer need, empty the trash, then try again.", []way{wayInbox}},
	{imapsession.ErrTooLarge, http.StatusRequestEntityTooLarge, "triangle-alert", "This is too large to be shown",
		"It can still be downloaded from the message.", []way{wayMessage, wayMailbox}},
	{errNotPreviewable, http.StatusUnsupportedMediaType, "image-off", "No picture can be made of this file", "It can still be downloaded from the message.", []way{wayMessage}},
	{imapsession.ErrUnsupported, http.StatusNotImplemented, "server-off", "Your mail server can't do this",
		"It lacks an extension that this needs. Everything else goes on working.", []way{wayMailbox, wayInbox}},
	{imapsession.ErrUnavailable, http.StatusBadGateway, "server-off", "Your mail server is not answering",
		"Nothing is lost: the mail is on the server. Try again in a moment.", []way{wayAgain, wayInbox}},
	{context.DeadlineExceeded, http.StatusGatewayTimeout, "clock", "Your mail server is taking too long",
		"It is reachable but slow at the moment. Try again.", []way{wayAgain, wayInbox}},
}

var (
	notFoundRow = errorRow{nil, http.StatusNotFound, "search-x", "There is no such page", "The address may be mistyped.", []way{wayInbox}}
	unknownRow  = errorRow{nil, http.StatusInternalServerError, "triangle-alert", "Something went wrong here",
		"It is not your fault. If it happens again, tell your administrator the number below.", []way{wayAgain, wayInbox}}
)

// rowFor finds how err is shown; known is false for an error nobody thought of, whose text must not be shown.
func rowFor(err error) (row errorRow, known bool) {
	for _, row := range errorTable {
		if errors.Is(err, row.err) {
			return row, true
		}
	}
	var httpErr *echo.HTTPError
	if errors.As(err, &httpErr) {
		if httpErr.Code == http.StatusNotFound {
			return notFoundRow, true
		}
		if httpErr.Code < 500 {
			row := notFoundRow
			row.status, row.title, row.text = httpErr.Code, http.StatusText(httpErr.Code), "The request could not be understood."
			if httpErr.Code == http.StatusRequestEntityTooLarge {
				row.title, row.text = "That was too much at once", "What was sent is larger than what is accepted here."
			}
			return row, true
		}
	}
	return unknownRow, false
}

// handleError answers a request that failed: a page, or for htmx the same words as a fragment.
func (s *Server) handleError(err error, c echo.Context) {
	req := requestOf(c)
	if errors.Is(err, context.Canceled) && req.gone() {
		s.o.Log.Debug("request ended by the browser", "request", req.id, "route", c.Path())
		return
	}
	row, known := rowFor(err)
	s.logError(err, row, known, c)
	if c.Response().Committed {
		// A cut answer must not look complete.
		panic(http.ErrAbortHandler)
	}
	s.pageHeaders(c)
	if row.status == http.StatusUnauthorized {
		s.forgetSession(c, err)
		if sendErr := s.askToSignIn(c); sendErr != nil {
			s.o.Log.Debug("answer", "request", req.id, "err", sendErr)
		}
		return
	}
	if sendErr := s.sendError(c, row, known, err); sendErr != nil {
		s.o.Log.Debug("answer", "request", req.id, "err", sendErr)
	}
}

func (s *Server) logError(err error, row errorRow, known bool, c echo.Context) {
	req := requestOf(c)
	switch {
	case !known:
		s.o.Log.Error("request failed", "request", req.id, "route", c.Path(), "err", err)
	case row.status >= 500:
		s.o.Log.Warn("request failed", "request", req.id, "route", c.Path(), "err", err)
	default:
		s.o.Log.Debug("request refused", "request", req.id, "route", c.Path(), "err", err)
	}
}

// pageHeaders puts the headers of a page back: a handler may have failed after it had set those of a part.
func (s *Server) pageHeaders(c echo.Context) {
	h := c.Response().Header()
	for _, name := range []string{"Content-Disposition", "Content-Length", "Content-Range", "Content-Type", "Accept-Ranges", "ETag", "Last-Modified", "X-Download-Options"} {
		h.Del(name)
	}
	s.defaultHeaders(h, requestOf(c))
}

func (s *Server) sendError(c echo.Context, row errorRow, known bool, err error) error {
	e := s.errorProps(c, row, known)
	if text := serversWords(err); text != "" && row.status >= 500 {
		e.Text += " It said: “" + text + "”"
	}
	if !wantsPage(c.Request()) {
		return s.sendErrorFragment(c, e)
	}
	return s.send(c, row.status, templates.ErrorPage(templates.ErrorPageProps{Frame: s.errorFrame(c, e), Error: e}))
}

// sendErrorFragment shows the error where the answer was to go: in the reader, in the list, in an opened mail's card; else as a banner.
func (s *Server) sendErrorFragment(c echo.Context, e templates.ErrorProps) error {
	switch htmxTarget(c.Request()) {
	case "reader":
		t, _ := urls.Parse(c.Request())
		list, _ := urls.ParseList(c.QueryParams())
		return s.send(c, e.Status, templates.Reader(templates.ReaderProps{Mailbox: t.Ref.Mailbox, Title: t.Ref.Mailbox, Query: list, Error: &e}))
	case "list":
		return s.send(c, e.Status, templates.ErrorRegion("list", e))
	}
	notice := templates.Notice{Kind: templates.NoticeBad, Text: e.Title + ". " + e.Text}
	if e.Request != "" {
		notice.Text += " Request " + e.Request + "."
	}
	if len(e.Actions) > 0 {
		notice.Action = &e.Actions[0]
	}
	retarget(c.Response().Header(), "#notices", "outerHTML")
	return s.send(c, e.Status, templates.Notices([]templates.Notice{notice}))
}

// errorFrame is a frame that has the folder tree only where the mail server has just answered, that something is not there: what failed may be the tree itself.
func (s *Server) errorFrame(c echo.Context, e templates.ErrorProps) templates.Frame {
	f := templates.Frame{Title: e.Title, Look: requestOf(c).prefs.look, Here: s.here(c)}
	if v, ok := c.Get(string(visitKey)).(*visit); ok {
		s.putToken(c)
		f.User, f.Avatar = v.user(), templates.AvatarOf("", v.user())
		switch e.Status {
		case http.StatusNotFound, http.StatusGone:
			if mailboxes, err := v.session.Mailboxes(c.Request().Context(), navAge); err == nil {
				f.Nav = templates.NavOf(mailboxes, "")
			}
		case http.StatusBadGateway, http.StatusGatewayTimeout:
			f.Status = templates.Status{Text: "Not connected", Off: true}
		}
	}
	return f
}

func (s *Server) errorProps(c echo.Context, row errorRow, known bool) templates.ErrorProps {
	e := templates.ErrorProps{Status: row.status, Title: row.title, Text: row.text, Icon: row.icon}
	if !known {
		e.Request = requestOf(c).id
	}
	t, _ := urls.Parse(c.Request())
	for _, w := range row.ways {
		if action, ok := s.wayOn(c, w, t); ok {
			e.Actions = append(e.Actions, action)
		}
	}
	return e
}

func (s *Server) wayOn(c echo.Context, w way, t urls.Target) (templates.Action, bool) {
	base := s.o.Base
	switch w {
	case wayAgain:
		if c.Request().Method != http.MethodGet {
			return templates.Action{}, false
		}
		return templates.Action{Text: "Try again", Href: s.here(c), Icon: "refresh-cw"}, true
	case wayMailbox:
		if t.Ref.Mailbox == "" || t.Ref.Mailbox == "INBOX" { // the way home leads there
			return templates.Action{}, false
		}
		return templates.Action{Text: "Back to " + templates.MailboxTitle(imapsession.Mailbox{Path: []string{t.Ref.Mailbox}}), Href: base.Mailbox(t.Ref.Mailbox), Icon: "arrow-left"}, true
	case wayMessage:
		if t.Ref.UID == 0 {
			return templates.Action{}, false
		}
		return templates.Action{Text: "Open the message", Href: base.Message(t.Ref), Icon: "mail-open"}, true
	case waySignIn:
		return templates.Action{Text: "Sign in", Href: base.LoginNext(s.here(c)), Icon: "user-round"}, true
	default:
		return templates.Action{Text: "Go to the inbox", Href: base.Mailbox("INBOX"), Icon: "inbox"}, true
	}
}

// here is the address of the page that was asked for, within our own paths; for a form, the page that it most likely stood on.
func (s *Server) here(c echo.Context) string {
	r := c.Request()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return s.o.Base.Mailbox("INBOX")
	}
	here := string(s.o.Base) + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		here += "?" + r.URL.RawQuery
	}
	return here
}

// serversWords gives the mail server's own text within err, as far as it is meant for people.
func serversWords(err error) string {
	var login *imapsession.LoginError
	if errors.As(err, &login) {
		return login.Text
	}
	return ""
}

// ownPath checks that next is a path of ours to go on to after signing in, and gives the inbox for anything else: an open redirect would lend our name to others' pages.
func (s *Server) ownPath(next string) string {
	inbox := s.o.Base.Mailbox("INBOX")
	if len(next) > 2000 || len(next) < 1 || next[0] != '/' {
		return inbox
	}
	for _, r := range next {
		if r < ' ' || r == 0x7f || r == '\\' {
			return inbox
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || len(next) > 1 && next[1] == '/' {
		return inbox
	}
	base := string(s.o.Base)
	path := u.EscapedPath()
	if len(path) <= len(base) || path[:len(base)] != base || path[len(base)] != '/' {
		return inbox
	}
	switch path[len(base):] {
	case "/", "/login", "/logout", "/sessions":
		return inbox
	}
	// "/mail/../other" is not ours though it begins like it; browsers fold "%2e%2e" too.
	if u.JoinPath().EscapedPath() != path || slices.ContainsFunc(strings.Split(u.Path, "/"), func(segment string) bool { return segment == "." || segment == ".." }) {
		return inbox
	}
	return next
}
