package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	gorilla "github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/sessions"
)

// visit is a request of someone who is signed in.
type visit struct {
	id      string // of the session, and its key in the Table
	cookie  *gorilla.Session
	record  *sessions.Record
	session *imapsession.Session // of the first account
}

func (v *visit) user() string { return v.record.Accounts[0].User }

func visitOf(c echo.Context) *visit { return c.Get(string(visitKey)).(*visit) }

// session is the signed-in person's mail.
func session(c echo.Context) *imapsession.Session { return visitOf(c).session }

const (
	maxUsername = 320  // octets: a mail address (RFC 5321 section 4.5.3.1)
	maxPassword = 4096 // octets; tokens are long
)

func (s *Server) cookieName(c echo.Context) string {
	return sessions.CookieName(requestOf(c).https, string(s.o.Base))
}

// requireSession lets only signed-in people through. The record counts, not the live connections: it may have been revoked elsewhere.
func (s *Server) requireSession(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		v, err := s.visit(c)
		if err != nil {
			return err
		}
		if v == nil {
			return errSessionEnded
		}
		c.Set(string(visitKey), v)
		s.putToken(c)
		return next(c)
	}
}

// visit finds who makes the request; nil for nobody.
func (s *Server) visit(c echo.Context) (*visit, error) {
	cookie, err := s.o.Sessions.Get(c.Request(), s.cookieName(c))
	if err != nil {
		return nil, err
	}
	record := sessions.From(cookie)
	if record == nil {
		return nil, nil
	}
	v := &visit{id: cookie.ID, cookie: cookie, record: record}
	var live bool
	if v.session, live = s.o.Table.Get(v.id); !live {
		account := record.Accounts[0]
		server, err := s.o.MailServer(account.User)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errSessionEnded, err)
		}
		// The password was given for that server and goes to no other.
		if server.Address() != account.Server {
			return nil, fmt.Errorf("%w: the account's server is now %s", errSessionEnded, server.Address())
		}
		v.session = s.o.Table.Add(v.id, imapsession.Resume(s.o.Mail, imapsession.Account{
			Server: server, User: account.User, Secret: imapsession.Secret(account.Secret),
		}))
	}
	return v, nil
}

// forgetSession deletes a session whose password the mail server no longer takes. One that is merely missing is left as it is.
func (s *Server) forgetSession(c echo.Context, err error) {
	v, ok := c.Get(string(visitKey)).(*visit)
	if !ok || !errors.Is(err, imapsession.ErrAuth) {
		return
	}
	if err := s.signOut(c, v); err != nil {
		s.o.Log.Error("delete session record", "request", requestOf(c).id, "err", err)
	}
}

// signOut deletes the record and the cookie, and ends the connections.
func (s *Server) signOut(c echo.Context, v *visit) error {
	v.cookie.Options.MaxAge = -1
	err := s.o.Sessions.Save(c.Request(), c.Response(), v.cookie)
	s.endLive(v.id)
	return err
}

// endLive lets go of what this process holds for a session.
func (s *Server) endLive(id string) {
	s.docs.forget(id)
	s.goBackground(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		s.o.Table.Remove(ctx, id)
	})
}

// askToSignIn sends a browser to the sign-in page, and gives htmx the dialog that signs in in place, after which the request is sent again.
func (s *Server) askToSignIn(c echo.Context) error {
	next := s.here(c)
	if !isHTMX(c.Request()) {
		return c.Redirect(http.StatusSeeOther, s.o.Base.LoginNext(next))
	}
	user := ""
	if v, ok := c.Get(string(visitKey)).(*visit); ok {
		user = v.user()
	}
	s.putLoginToken(c)
	// The dialog is swapped by its own id (out of band); the element that asked, and the address, stay as they are.
	c.Response().Header().Set("HX-Push-Url", "false")
	return s.send(c, http.StatusUnauthorized, templates.SessionEnded(templates.SessionEndedProps{Username: user, Next: next}))
}

func (s *Server) getLogin(c echo.Context) error {
	next := c.QueryParam("next")
	if v, err := s.visit(c); err == nil && v != nil {
		return c.Redirect(http.StatusSeeOther, s.ownPath(next))
	}
	props := s.loginProps(c, next)
	if s.o.Demo != nil {
		props.Username, props.Password, props.Demo = s.o.Demo.Username, s.o.Demo.Password, true
	}
	s.putLoginToken(c)
	return s.send(c, http.StatusOK, templates.Login(props))
}

func (s *Server) loginProps(c echo.Context, next string) templates.LoginProps {
	if next != "" {
		next = s.ownPath(next)
	}
	return templates.LoginProps{Look: requestOf(c).prefs.look, Server: s.o.ServerName, Next: next, Plain: s.o.Plain, Demo: s.o.Demo != nil}
}

func (s *Server) postLogin(c echo.Context) error {
	r := c.Request()
	user, secret := strings.TrimSpace(r.PostForm.Get("username")), r.PostForm.Get("password")
	next := r.PostForm.Get("next")
	if problem := checkCredentials(user, secret); problem != nil {
		return s.refuseLogin(c, http.StatusUnprocessableEntity, user, next, problem)
	}
	source := requestOf(c).source
	if wait := s.throttle.try(user, source); wait > 0 {
		return s.refuseLoginFor(c, user, next, wait)
	}
	mail, account, err := s.login(r.Context(), user, secret)
	if err != nil {
		return s.loginFailed(c, user, next, source, err)
	}
	s.throttle.succeeded(user, source)
	if err := s.startSession(c, mail, account); err != nil {
		s.goBackground(func(ctx context.Context) { mail.Close(ctx) })
		return err
	}
	if r.Header.Get("Godwit-In-Place") != "" {
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, s.ownPath(next))
}

// checkCredentials refuses what no mail server need be asked about.
func checkCredentials(user, secret string) *templates.Problem {
	switch {
	case user == "":
		return &templates.Problem{Title: "Your address is missing", Text: "Enter the address you receive mail at.", Field: "username"}
	case secret == "":
		return &templates.Problem{Title: "The password is missing", Text: "Enter your password.", Field: "password"}
	case len(user) > maxUsername || strings.ContainsAny(user, "\r\n\x00"):
		return &templates.Problem{Title: "That is not an address", Text: "Check it and try again.", Field: "username"}
	case len(secret) > maxPassword || strings.ContainsAny(secret, "\r\n\x00"):
		return &templates.Problem{Title: "That password can't be right", Text: "It is too long, or holds characters that no password can.", Field: "password"}
	}
	return nil
}

// errNoServer says that no mail server is configured for a name.
type errNoServer struct{ err error }

func (e *errNoServer) Error() string { return e.err.Error() }

func (s *Server) login(ctx context.Context, user, secret string) (*imapsession.Session, sessions.Account, error) {
	server, err := s.o.MailServer(user)
	if err != nil {
		return nil, sessions.Account{}, &errNoServer{err}
	}
	mail, err := imapsession.Login(ctx, s.o.Mail, imapsession.Account{Server: server, User: user, Secret: imapsession.Secret(secret)})
	if err != nil {
		return nil, sessions.Account{}, err
	}
	return mail, sessions.Account{Server: server.Address(), User: user, Secret: sessions.Secret(secret)}, nil
}

// startSession makes a new session, always under a new cookie, and ends the one the browser had.
func (s *Server) startSession(c echo.Context, mail *imapsession.Session, account sessions.Account) error {
	cookie, err := s.o.Sessions.Get(c.Request(), s.cookieName(c))
	if err != nil {
		return err
	}
	old := cookie.ID
	sessions.Renew(cookie)
	cookie.Values[sessions.RecordKey] = &sessions.Record{Accounts: []sessions.Account{account}, Agent: agent(c.Request().UserAgent())}
	if err := s.o.Sessions.Save(c.Request(), c.Response(), cookie); err != nil {
		return err
	}
	if old != "" {
		s.endLive(old)
	}
	s.o.Table.Add(cookie.ID, mail)
	s.o.Log.Info("signed in", "request", requestOf(c).id, "user", account.User, "source", requestOf(c).source.String())
	return nil
}

// loginFailed tells why, in words of its own for each reason.
func (s *Server) loginFailed(c echo.Context, user, next string, source netip.Addr, err error) error {
	var noServer *errNoServer
	var failed *imapsession.LoginError
	switch {
	case errors.As(err, &noServer):
		// Counts as a failure: which domains are served is not for trying out.
		return s.refuseLogin(c, http.StatusUnprocessableEntity, user, next, &templates.Problem{
			Title: "No mail server is known for that address", Text: "Check the part after the @. Only the domains that the administrator has set up can sign in here.", Field: "username"})
	case errors.Is(err, context.Canceled) && requestOf(c).gone():
		// It counts: servers answer a wrong password late, so who hangs up early may know it was wrong, and would have all tries free.
		return err
	case !errors.As(err, &failed):
		s.throttle.undone(user, source)
		return err
	}
	row, ok := loginRows[failed.Reason]
	if !ok {
		row = loginRows[imapsession.LoginUnreachable]
	}
	if !row.counts {
		s.throttle.undone(user, source)
	}
	s.o.Log.Info("sign-in failed", "request", requestOf(c).id, "user", user, "source", source.String(), "reason", string(failed.Reason), "err", failed.Err)
	problem := row.problem
	if failed.Text != "" && row.quote {
		problem.Text += " The server says: “" + failed.Text + "”"
	}
	return s.refuseLogin(c, row.status, user, next, &problem)
}

// loginRow is what a person reads about one reason.
type loginRow struct {
	status  int
	counts  bool // against the throttle
	quote   bool // the server's own words help
	problem templates.Problem
}

var loginRows = map[imapsession.LoginReason]loginRow{
	imapsession.LoginRejected: {http.StatusUnauthorized, true, false, templates.Problem{
		Title: "Address or password was not accepted", Text: "Check both, and whether Caps Lock is on. Some servers want an app password.", Field: "password"}},
	imapsession.LoginExpired: {http.StatusUnauthorized, true, true, templates.Problem{
		Title: "Your password has expired", Text: "Set a new one with your mail provider, then sign in with it.", Field: "password"}},
	imapsession.LoginContactAdmin: {http.StatusForbidden, true, true, templates.Problem{
		Title: "Your administrator has to help with this account", Text: "The mail server lets nobody sign in to it as it is.", Field: "username"}},
	imapsession.LoginNoMechanism: {http.StatusBadGateway, false, false, templates.Problem{
		Title: "The mail server takes no password", Text: "It offers no way to sign in that is spoken here. Your administrator can change that."}},
	imapsession.LoginUnavailable: {http.StatusServiceUnavailable, false, true, templates.Problem{
		Title: "The mail server can't check passwords just now", Text: "A part of it is down. Your password may well be right: try again in a few minutes."}},
	imapsession.LoginInUse: {http.StatusServiceUnavailable, false, true, templates.Problem{
		Title: "Too many programs are connected to this account", Text: "Close another mail program, or wait a minute, then try again."}},
	imapsession.LoginBye: {http.StatusBadGateway, false, true, templates.Problem{
		Title: "The mail server hung up", Text: "It ended the connection before you were signed in. Try again in a moment."}},
	imapsession.LoginNoTLS: {http.StatusBadGateway, false, false, templates.Problem{
		Title: "The connection to the mail server is not safe", Text: "It did not offer encryption, so your password was not sent. Tell your administrator."}},
	imapsession.LoginUntrusted: {http.StatusBadGateway, false, false, templates.Problem{
		Title: "The mail server could not prove who it is", Text: "Its certificate does not hold, so your password was not sent. Tell your administrator."}},
	imapsession.LoginUnreachable: {http.StatusBadGateway, false, false, templates.Problem{
		Title: "The mail server did not answer", Text: "It may be down, or the network between. Try again in a moment."}},
}

func (s *Server) refuseLoginFor(c echo.Context, user, next string, wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	c.Response().Header().Set("Retry-After", strconv.Itoa(seconds))
	return s.refuseLogin(c, http.StatusTooManyRequests, user, next, &templates.Problem{
		Title: "Too many tries", Text: "Wait " + templates.Plural(seconds, "second", "seconds") + ", then try again.", Field: "password"})
}

// refuseLogin shows the form again with the name kept and the reason above it.
func (s *Server) refuseLogin(c echo.Context, status int, user, next string, problem *templates.Problem) error {
	s.putLoginToken(c)
	if isHTMX(c.Request()) {
		return s.send(c, status, templates.SessionEnded(templates.SessionEndedProps{Username: user, Next: s.ownPath(next), Problem: problem}))
	}
	props := s.loginProps(c, next)
	props.Username, props.Problem = user, problem
	return s.send(c, status, templates.Login(props))
}

func (s *Server) postLogout(c echo.Context) error {
	if err := s.signOut(c, visitOf(c)); err != nil {
		return err
	}
	return s.signedOut(c)
}

// postSessions signs the person out everywhere.
func (s *Server) postSessions(c echo.Context) error {
	v := visitOf(c)
	ids, err := s.o.Sessions.RevokeAll(c.Request().Context(), v.record.Accounts[0])
	if err != nil {
		return err
	}
	for _, id := range ids {
		s.endLive(id)
	}
	if err := s.signOut(c, v); err != nil {
		return err
	}
	return s.signedOut(c)
}

// signedOut also takes what the browser kept of parts: they may be cached for ever while signed in.
func (s *Server) signedOut(c echo.Context) error {
	c.Response().Header().Set("Clear-Site-Data", `"cache"`)
	return c.Redirect(http.StatusSeeOther, s.o.Base.Login())
}

// agent says in words which browser it is, for the list of sessions: "Firefox on Linux".
func agent(userAgent string) string {
	browser, system := "A program", ""
	for _, b := range [][2]string{{"Edg", "Edge"}, {"OPR", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
		{"CriOS", "Chrome"}, {"Chromium", "Chromium"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}} {
		if strings.Contains(userAgent, b[0]+"/") || b[0] == "Edg" && strings.Contains(userAgent, "Edg") {
			browser = b[1]
			break
		}
	}
	for _, o := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"}, {"BSD", "BSD"}} {
		if strings.Contains(userAgent, o[0]) {
			system = " on " + o[1]
			break
		}
	}
	return browser + system
}
