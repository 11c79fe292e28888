package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"godwit/templates"
)

func (s *Server) getSettings(c echo.Context) error {
	frame, err := s.frame(c, "Settings", "")
	if err != nil {
		return err
	}
	p := requestOf(c).prefs
	props := templates.SettingsProps{
		Frame: frame, Look: p.look, HTMLFirst: !p.textFirst, Zone: p.zone, ZoneAuto: s.autoZone(c), Zones: zoneNames,
		Server: s.serverName(c), Saved: c.QueryParam("saved") != "",
	}
	ctx := c.Request().Context()
	features, err := session(c).Features(ctx)
	if err != nil {
		return err
	}
	for _, f := range features {
		props.Features = append(props.Features, templates.Feature{Name: f.Name, State: templates.FeatureState(f.State), Extension: f.Extension, Effect: f.Effect})
	}
	list, err := s.o.Sessions.List(ctx, visitOf(c).record.Accounts[0])
	if err != nil {
		return err
	}
	clock := s.clock(c)
	for _, i := range list {
		props.Sessions = append(props.Sessions, templates.SignIn{Where: i.Agent, Since: clock.Moment(i.Created), Seen: clock.Moment(i.Seen), This: i.ID == visitOf(c).id})
	}
	return s.render(c, view{page: templates.Settings(props)})
}

// serverName is what the mail server is called to a person; the demo's has an address that means nothing to anyone.
func (s *Server) serverName(c echo.Context) string {
	if s.o.Demo != nil {
		return "the demo's server"
	}
	return visitOf(c).record.Accounts[0].Server
}

// autoZone is the zone that holds while none is chosen.
func (s *Server) autoZone(c echo.Context) string {
	if zone := requestOf(c).prefs.browser; zone != "" {
		return zone
	}
	return s.o.Zone.String()
}

// postSettings takes any of the settings, from the settings page, from a list's view menu, or from a script, and goes back to where the form stood.
func (s *Server) postSettings(c echo.Context) error {
	form := c.Request().PostForm
	p := requestOf(c).prefs
	p.apply(form)
	s.savePrefs(c, p)
	back := form.Get("back")
	switch {
	case back == "" && isHTMX(c.Request()):
		return c.NoContent(http.StatusNoContent)
	case back == "" || back == s.o.Base.Settings():
		return c.Redirect(http.StatusSeeOther, s.o.Base.Settings()+"?saved=1")
	}
	return c.Redirect(http.StatusSeeOther, s.ownPath(back))
}

func (s *Server) getShortcuts(c echo.Context) error {
	if !wantsPage(c.Request()) {
		return s.send(c, http.StatusOK, templates.ShortcutsDialog())
	}
	frame, err := s.frame(c, "Keyboard shortcuts", "")
	if err != nil {
		return err
	}
	return s.render(c, view{page: templates.Shortcuts(templates.ShortcutsProps{Frame: frame})})
}
