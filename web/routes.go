package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"godwit/static"
)

// routes is the whole of what there is. Mailbox, UID and section are read by urls.Parse from the escaped path, never by echo.
func (s *Server) routes() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = func(r *http.Request) string { return s.sourceOf(r).String() }
	e.HTTPErrorHandler = s.handleError
	e.Use(s.around)

	page, signedIn := withTimeout(pageTimeout), s.requireSession
	get := func(path string, h echo.HandlerFunc, around ...echo.MiddlewareFunc) {
		if len(around) > 0 {
			around = append(around, s.secondTry)
		}
		e.GET(path, h, around...)
		e.HEAD(path, h, around...)
	}

	// without a session
	get("/healthz", s.getHealth)
	get("/readyz", s.getReady)
	get("/static/*", s.getStatic)
	get("/favicon.ico", s.getFavicon)
	get("/manifest.webmanifest", s.getManifest)
	get("/login", s.getLogin)
	e.POST("/login", s.postLogin, page, s.form)

	// the person
	get("/", s.getHome)
	e.POST("/logout", s.postLogout, page, signedIn, s.form)
	e.POST("/sessions", s.postSessions, page, signedIn, s.form)
	get("/settings", s.getSettings, page, signedIn)
	e.POST("/settings", s.postSettings, page, signedIn, s.form)
	get("/shortcuts", s.getShortcuts, page, signedIn)

	// mailboxes and lists
	get("/folders", s.getFolders, page, signedIn)
	get("/m/:mailbox", s.getMailbox, page, signedIn)
	get("/m/:mailbox/previews", s.getPreviews, page, signedIn)
	e.POST("/m/:mailbox/actions", s.postActions, page, signedIn, s.form)

	// one message
	get("/m/:mailbox/:uid", s.getMessage, page, signedIn)
	get("/m/:mailbox/:uid/print", s.getPrint, page, signedIn)
	get("/m/:mailbox/:uid/headers", s.getHeaders, page, signedIn)
	get("/m/:mailbox/:uid/source", s.getSource, page, signedIn)
	get("/m/:mailbox/:uid/part/:section/html", s.getPartHTML, page, signedIn)
	get("/m/:mailbox/:uid/part/:section/preview", s.getPartPreview, page, signedIn)
	get("/m/:mailbox/:uid/part/:section/message", s.getPartMessage, page, signedIn)
	get("/m/:mailbox/:uid/part/:section/thumb", s.getThumb, page, signedIn)

	// streams: no timeout, as long as the browser takes what comes
	get("/m/:mailbox/:uid/raw", s.getRaw, signedIn)
	get("/m/:mailbox/:uid/parts.zip", s.getZip, signedIn)
	get("/m/:mailbox/:uid/part/:section", s.getPart, signedIn)
	get("/m/:mailbox/:uid/part/:section/file/:n", s.getPartFile, signedIn)
	get("/img/:token", s.getImage, page, signedIn)
	return e
}

// getHome leads to the inbox.
func (s *Server) getHome(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, s.o.Base.Mailbox("INBOX"))
}

// getManifest describes the application to who installs it.
func (s *Server) getManifest(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=3600")
	return c.Blob(http.StatusOK, "application/manifest+json", static.Manifest(s.o.Base))
}
