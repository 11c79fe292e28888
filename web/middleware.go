package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/urls"
)

const (
	maxForm = 64 << 10 // octets of a form: sign-in, settings, a selection of messages
)

// wrap puts what concerns all requests around the routes: base path, cross-origin check, default headers.
func (s *Server) wrap(routes http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	if s.o.Origin != "" {
		// Behind a proxy that rewrites Host, Origin is what the person's browser saw.
		if err := protection.AddTrustedOrigin(s.o.Origin); err != nil {
			panic(err) // New has checked it
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := s.echo.NewContext(r, w)
		s.prepare(c)
		s.handleError(errCrossOrigin, c)
	}))
	protected := protection.Handler(routes)
	base := string(s.o.Base)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if base == "" {
			protected.ServeHTTP(w, r)
			return
		}
		if r.URL.Path == base {
			http.Redirect(w, r, base+"/", http.StatusPermanentRedirect)
			return
		}
		http.StripPrefix(base, protected).ServeHTTP(w, r)
	})
}

type contextKey string

const (
	requestKey contextKey = "godwit request"
	visitKey   contextKey = "godwit visit"
)

// request is what is known of every request before it is routed.
type request struct {
	id     string
	source netip.Addr
	https  bool
	origin string // "https://mail.example"
	prefs  prefs
	gone   func() bool // the browser has hung up; a timeout of ours is something else
}

func requestOf(c echo.Context) *request { return c.Get(string(requestKey)).(*request) }

// prepare finds out what request holds and puts it, and what templates need, into c.
func (s *Server) prepare(c echo.Context) *request {
	r := c.Request()
	req := &request{id: newRequestID(), source: s.sourceOf(r), https: s.isHTTPS(r)}
	req.origin = s.o.Origin
	if req.origin == "" {
		scheme := "http"
		if req.https {
			scheme = "https"
		}
		req.origin = scheme + "://" + r.Host
	}
	req.prefs = readPrefs(r)
	connected := r.Context()
	req.gone = func() bool { return connected.Err() != nil }
	c.Set(string(requestKey), req)
	ctx := urls.With(r.Context(), s.o.Base)
	c.SetRequest(r.WithContext(ctx))
	c.Response().Header().Set(echo.HeaderXRequestID, req.id)
	s.defaultHeaders(c.Response().Header(), req)
	if !policed {
		c.Response().Before(func() { c.Response().Header().Del("Content-Security-Policy") })
	}
	return req
}

// newRequestID is short enough to be read out on the telephone.
func newRequestID() string {
	var b [5]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// around is echo's outermost middleware: what prepare sets, one line of log, and panics turned into errors.
func (s *Server) around(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		req := s.prepare(c)
		defer s.logRequest(c, req, start)
		// Streams move it on as they go. Without one of its own, a request would get what is left of the one before it on the connection.
		_ = http.NewResponseController(c.Response()).SetWriteDeadline(start.Add(pageTimeout + writePatience)) // a test's recorder has none
		err := s.recovering(next, c)
		if err != nil {
			s.handleError(err, c)
		}
		return nil // answered
	}
}

// recovering runs next; a panic becomes an error, but http.ErrAbortHandler goes on: it cuts the connection so that a cut file never looks complete.
func (s *Server) recovering(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			s.o.Log.Error("panic", "request", requestOf(c).id, "route", c.Path(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errors.New("panic")
			if c.Response().Committed {
				panic(http.ErrAbortHandler)
			}
		}
	}()
	return next(c)
}

// logRequest writes one line: the route rather than the path, which holds names of mailboxes, and no query.
func (s *Server) logRequest(c echo.Context, req *request, start time.Time) {
	level := slog.LevelInfo
	route := c.Path()
	if route == "/healthz" || route == "/readyz" || strings.HasPrefix(route, "/static/") {
		level = slog.LevelDebug
	}
	if !s.o.Log.Enabled(c.Request().Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", req.id), slog.String("method", c.Request().Method), slog.String("route", route),
		slog.Int("status", c.Response().Status), slog.Int64("octets", c.Response().Size),
		slog.Duration("dur", time.Since(start)), slog.String("source", req.source.String()),
	}
	if v, ok := c.Get(string(visitKey)).(*visit); ok {
		attrs = append(attrs, slog.String("user", v.user()))
	}
	if t, err := urls.Parse(c.Request()); err == nil {
		attrs = append(attrs, slog.String("mailbox", t.Ref.Mailbox))
		if t.Ref.UID != 0 {
			attrs = append(attrs, slog.Uint64("uid", uint64(t.Ref.UID)))
		}
		if t.Section != "" {
			attrs = append(attrs, slog.String("section", string(t.Section)))
		}
	}
	s.o.Log.LogAttrs(context.WithoutCancel(c.Request().Context()), level, "request", attrs...)
}

// withTimeout ends a request's work after d.
func withTimeout(d time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			ctx, cancel := context.WithTimeout(c.Request().Context(), d)
			defer cancel()
			c.SetRequest(c.Request().WithContext(ctx))
			return next(c)
		}
	}
}

const againWithin = 2 * time.Second // a mail connection lost sooner than this is worth a second try

// secondTry asks once more when a connection to the mail server was lost under a page: most often that one connection was the trouble, and the next is a new one.
//
// QUIRK: Dovecot 2.3 may kill a connection in a person's very first moments: LIST with STATUS on one and EXAMINE on another deadlock while mdbox makes its indexes
// (seen: "Panic: fcntl(dovecot.list.index.log) Resource deadlock avoided").
func (s *Server) secondTry(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		var notSignedIn *imapsession.LoginError
		if !errors.Is(err, imapsession.ErrUnavailable) || errors.As(err, &notSignedIn) || c.Response().Committed || time.Since(start) > againWithin {
			return err
		}
		s.o.Log.Debug("second try", "request", requestOf(c).id, "err", err)
		return next(c)
	}
}

// form bounds and reads a form, and checks its token where no header tells where the request came from (SECURITY.md c7): CrossOriginProtection has then let it pass.
func (s *Server) form(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				return fmt.Errorf("form: %w", echo.ErrStatusRequestEntityTooLarge)
			}
			return fmt.Errorf("form: %w", echo.ErrBadRequest)
		}
		if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" && !s.tokenHolds(c) {
			return errCrossOrigin
		}
		return next(c)
	}
}

// putToken gives templates the form token of the visit, and the consent that its pages may give.
func (s *Server) putToken(c echo.Context) {
	if v, ok := c.Get(string(visitKey)).(*visit); ok {
		ctx := templates.WithFormToken(c.Request().Context(), s.newToken(v.id))
		c.SetRequest(c.Request().WithContext(templates.WithConsent(ctx, s.newToken(consentTo(v)))))
	}
}

// trusts says whose forwarded headers count.
func trusts(ranges []netip.Prefix) func(netip.Addr) bool {
	return func(a netip.Addr) bool {
		for _, p := range ranges {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
}

// peer is the other end of the connection.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, _ := netip.ParseAddr(host)
	return a.Unmap().WithZone("")
}

// sourceOf is who made the request: the last address in X-Forwarded-For that is no proxy of ours. The first ones are whatever the client wrote.
func (s *Server) sourceOf(r *http.Request) netip.Addr {
	source := peer(r)
	if !s.proxies(source) {
		return source
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(hops[i]), "[]"))
		if err != nil {
			return source
		}
		source = a.Unmap().WithZone("")
		if !s.proxies(source) {
			return source
		}
	}
	return source
}

// isHTTPS tells how the person's browser came: by the configured origin, our own TLS, or what a trusted proxy says.
func (s *Server) isHTTPS(r *http.Request) bool {
	switch {
	case s.o.Origin != "":
		return strings.HasPrefix(s.o.Origin, "https:")
	case r.TLS != nil:
		return true
	case s.proxies(peer(r)):
		values := r.Header.Values("X-Forwarded-Proto")
		return len(values) > 0 && strings.EqualFold(strings.TrimSpace(values[len(values)-1]), "https")
	}
	return false
}
