package web

import (
	"github.com/labstack/echo/v4"

	"godwit/imapsession"
)

type imageProxy interface{ Close() }

func (s *Server) remoteImages(c echo.Context, ref imapsession.Ref) func(string) (string, bool) {
	return nil
}
func (s *Server) getImage(c echo.Context) error { return echo.ErrNotFound }
