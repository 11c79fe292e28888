package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"

	"godwit/imapsession"
	"godwit/web/imageproxy"
	"godwit/web/sessions"
	"godwit/web/urls"
)

// Options of a Server. MailServer and Sessions are needed.
type Options struct {
	// MailServer says where a user's mail is; an error says that no server is configured for that name, in words for a person.
	MailServer func(user string) (imapsession.Server, error)
	// ServerName is what the sign-in page calls the mail server; "" leaves it out.
	ServerName string
	// Plain says that user names need not be mail addresses.
	Plain bool

	Sessions *sessions.Store
	Mail     *imapsession.Options // nil is the zero Options
	Table    *imapsession.Table   // nil makes one that Close closes
	// Idle is how long an unused session keeps its mail connections and memory, when Table is nil; 0 is 15 min.
	Idle time.Duration

	Base           urls.Base
	Origin         string         // "https://mail.example.org"; "" takes it from each request
	TrustedProxies []netip.Prefix // whose forwarded headers count; nobody's by default
	Demo           *Demo

	Log   *slog.Logger     // nil discards
	Clock func() time.Time // nil is time.Now
	Zone  *time.Location   // of people whose browser told none; nil is UTC
}

// Demo is what the sign-in page is filled with.
type Demo struct{ Username, Password string }

// Server serves the application. Close ends what it runs in the background.
type Server struct {
	o        Options
	echo     *echo.Echo
	handler  http.Handler
	ownTable bool
	throttle *throttle
	docs     *documents
	pictures *semaphore.Weighted // images being decoded at once
	proxies  func(netip.Addr) bool
	tokenKey []byte
	images   *imageproxy.Proxy

	// What goes on beside requests: short work that Close lets finish, and the sweeper that it stops.
	background context.Context
	cutWork    context.CancelFunc
	work       sync.WaitGroup
	workMu     sync.Mutex // orders work.Go against Close
	closed     bool
	stopSweep  context.CancelFunc
	sweeper    sync.WaitGroup
}

const (
	pageTimeout  = 30 * time.Second // for a page, all its IMAP included
	sweepEvery   = 10 * time.Minute // expired session records are deleted
	seenTimeout  = 30 * time.Second // for one \Seen after the page is out
	thumbsAtOnce = 2                // images decoded at the same time: each may take maxThumbMemory for a moment
)

// New builds the server; nothing is dialled.
func New(o Options) (*Server, error) {
	if o.MailServer == nil || o.Sessions == nil {
		return nil, errors.New("web: MailServer and Sessions are needed")
	}
	if err := checkOrigin(o.Origin); err != nil {
		return nil, err
	}
	s := &Server{o: o, docs: newDocuments(), pictures: semaphore.NewWeighted(thumbsAtOnce)}
	if s.o.Mail == nil {
		s.o.Mail = &imapsession.Options{}
	}
	if s.o.Log == nil {
		s.o.Log = slog.New(slog.DiscardHandler)
	}
	if s.o.Clock == nil {
		s.o.Clock = time.Now
	}
	if s.o.Zone == nil {
		s.o.Zone = time.UTC
	}
	if s.o.Table == nil {
		idle := s.o.Idle
		if idle == 0 {
			idle = 15 * time.Minute
		}
		s.o.Table, s.ownTable = imapsession.NewTable(idle), true
	}
	s.throttle = newThrottle(s.o.Clock)
	s.proxies = trusts(o.TrustedProxies)
	s.tokenKey = s.o.Sessions.Key("form token")
	var err error
	if s.images, err = imageproxy.New(s.o.Sessions.Key("image proxy"), imageproxy.Limits{}, s.o.Clock); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.background, s.cutWork = context.WithCancel(context.Background())
	s.echo = s.routes()
	s.handler = s.wrap(s.echo)
	sweeping, stop := context.WithCancel(context.Background())
	s.stopSweep = stop
	s.sweeper.Go(func() { s.sweep(sweeping) })
	return s, nil
}

func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("web: origin %q: expected a scheme and a host, like https://mail.example.org", origin)
	}
	return nil
}

// Handler serves everything under the base path.
func (s *Server) Handler() http.Handler { return s.handler }

// Close waits for what goes on in the background until ctx ends, then cuts it, and closes the mail sessions of a Table of the Server's own. Call it after the http.Server
// is shut down.
func (s *Server) Close(ctx context.Context) error {
	s.stopSweep()
	s.workMu.Lock()
	s.closed = true
	s.workMu.Unlock()
	stopCut := context.AfterFunc(ctx, s.cutWork)
	s.work.Wait()
	s.sweeper.Wait()
	var err error
	if !stopCut() {
		err = fmt.Errorf("work beside requests was cut: %w", ctx.Err())
	}
	s.cutWork()
	s.images.Close()
	if s.ownTable {
		s.o.Table.CloseAll(ctx)
	}
	return err
}

// goBackground runs f on its own; Close waits for it. It does nothing once Close was called.
func (s *Server) goBackground(f func(ctx context.Context)) {
	s.workMu.Lock()
	defer s.workMu.Unlock()
	if s.closed {
		return
	}
	s.work.Go(func() { f(s.background) })
}

// sweep deletes expired session records now and then.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		n, err := s.o.Sessions.Sweep(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.o.Log.Error("sweep of session records", "err", err)
		case n > 0:
			s.o.Log.Info("expired session records deleted", "n", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Ready tells why requests can't be served now.
func (s *Server) Ready(ctx context.Context) error { return s.o.Sessions.Ready(ctx) }
