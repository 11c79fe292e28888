package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
	_ "time/tzdata" // the container has no zone files

	"github.com/labstack/echo/v4"

	"godwit/templates"
)

// prefs are how a person wants pages to look. They hold no secret and live in a cookie of their own, so that they outlast a session and hold on the sign-in page too.
type prefs struct {
	look      templates.Look
	textFirst bool   // plain text before HTML where a message has both
	zone      string // IANA name chosen in the settings; "" is the browser's
	browser   string // IANA name the browser told by the cookie tz
}

const (
	prefsCookie = "godwit-prefs"
	zoneCookie  = "tz" // set by zone.js
	prefsAge    = 365 * 24 * time.Hour
)

func readPrefs(r *http.Request) prefs {
	p := prefs{look: templates.DefaultLook}
	if cookie, err := r.Cookie(prefsCookie); err == nil && len(cookie.Value) < 1000 {
		if q, err := url.ParseQuery(cookie.Value); err == nil {
			p.apply(q)
		}
	}
	if cookie, err := r.Cookie(zoneCookie); err == nil && validZone(cookie.Value) {
		p.browser = cookie.Value
	}
	return p
}

// apply takes over what q names and p knows; anything else stays as it is.
func (p *prefs) apply(q url.Values) {
	if v := templates.Theme(q.Get("theme")); slices.Contains([]templates.Theme{templates.ThemeAuto, templates.ThemeLight, templates.ThemeDark}, v) {
		p.look.Theme = v
	}
	if v := templates.Density(q.Get("density")); slices.Contains([]templates.Density{templates.Comfortable, templates.Compact}, v) {
		p.look.Density = v
	}
	if v := templates.Panes(q.Get("panes")); slices.Contains([]templates.Panes{templates.PaneRight, templates.PaneBelow, templates.PaneOff}, v) {
		p.look.Panes = v
	}
	if n, err := strconv.Atoi(q.Get("lines")); err == nil && n >= 0 && n <= 2 {
		p.look.Lines = n
	}
	switch q.Get("body") {
	case "text":
		p.textFirst = true
	case "html":
		p.textFirst = false
	}
	if n, err := strconv.Atoi(q.Get("listW")); err == nil && n >= 18 && n <= 44 {
		p.look.ListW = n / 2 * 2
	}
	p.look.NoNav = offOr(q.Get("folders"), p.look.NoNav)
	p.look.NoKeys = offOr(q.Get("keys"), p.look.NoKeys)
	if q.Has("zone") {
		if v := q.Get("zone"); v == "" || validZone(v) {
			p.zone = v
		}
	}
}

// offOr reads a switch.
func offOr(v string, now bool) bool {
	switch v {
	case "off":
		return true
	case "on":
		return false
	}
	return now
}

func onOff(off bool) string {
	if off {
		return "off"
	}
	return "on"
}

func (p *prefs) values() url.Values {
	body := "html"
	if p.textFirst {
		body = "text"
	}
	return url.Values{
		"theme": {string(p.look.Theme)}, "density": {string(p.look.Density)}, "panes": {string(p.look.Panes)},
		"lines": {strconv.Itoa(p.look.Lines)}, "body": {body}, "zone": {p.zone},
		"listW": {strconv.Itoa(p.look.ListW)}, "folders": {onOff(p.look.NoNav)}, "keys": {onOff(p.look.NoKeys)},
	}
}

func (s *Server) savePrefs(c echo.Context, p prefs) {
	c.SetCookie(&http.Cookie{
		Name: prefsCookie, Value: p.values().Encode(), Path: s.o.Base.Home(), MaxAge: int(prefsAge / time.Second),
		HttpOnly: true, Secure: requestOf(c).https, SameSite: http.SameSiteLaxMode,
	})
}

func validZone(name string) bool {
	if name == "" || len(name) > 64 || name == "Local" {
		return false
	}
	_, err := loadZone(name)
	return err == nil
}

// zones keeps what was loaded: reading one takes longer than a whole page. Only names that exist get in, some hundreds.
var zones sync.Map // name -> *time.Location

func loadZone(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}

// clock is the present moment in the person's zone: the chosen one, else the browser's, else the server's choice.
func (s *Server) clock(c echo.Context) templates.Clock {
	clock := templates.Clock{Now: s.o.Clock(), Zone: s.o.Zone}
	p := requestOf(c).prefs
	for _, name := range []string{p.zone, p.browser} {
		if name == "" {
			continue
		}
		if zone, err := loadZone(name); err == nil {
			clock.Zone = zone
			break
		}
	}
	return clock
}
