package web

import (
	"strings"

	"github.com/labstack/echo/v4"
)

// getImage fetches a remote image of a mail in the reader's place. Its address was signed for this session when the person asked to see the mail's images.
func (s *Server) getImage(c echo.Context) error {
	h := c.Response().Header()
	partHeaders(h, false)
	token := strings.TrimPrefix(c.Request().URL.Path, "/img/")
	outcome := s.images.Serve(c.Response(), c.Request(), visitOf(c).id, token)
	s.o.Log.Debug("remote image", "request", requestOf(c).id, "outcome", string(outcome))
	return nil
}

// remoteImages gives the addresses that a mail's remote images are shown under to this session.
func (s *Server) remoteImages(c echo.Context) func(address string) (href string, ok bool) {
	id := visitOf(c).id
	return func(address string) (string, bool) {
		token, ok := s.images.Sign(id, address)
		if !ok {
			return "", false
		}
		return s.o.Base.Image(token), true
	}
}
