package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// getHealth says that the process serves.
func (s *Server) getHealth(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// getReady says whether requests can be served: the session store is open. The mail server is no condition, since one of several being down must not
// take everyone's webmail away.
func (s *Server) getReady(c echo.Context) error {
	if err := s.Ready(c.Request().Context()); err != nil {
		s.o.Log.Error("not ready", "err", err)
		return c.String(http.StatusServiceUnavailable, "not ready\n")
	}
	return c.String(http.StatusOK, "ready\n")
}
