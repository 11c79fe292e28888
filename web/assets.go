package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"godwit/static"
)

// getStatic sends an embedded file; its address changes with its content.
func (s *Server) getStatic(c echo.Context) error {
	rest := strings.TrimPrefix(c.Request().URL.Path, "/static/")
	hash, name, _ := strings.Cut(rest, "/")
	f, ok := static.Lookup(hash, name)
	if !ok {
		return echo.ErrNotFound
	}
	return s.sendFile(c, f, static.CacheControl)
}

// getFavicon is what a browser asks for beside a document that names no icon: a mail's own, or a picture, opened in a tab.
func (s *Server) getFavicon(c echo.Context) error {
	f, ok := static.Lookup(static.Hash(), "brand/favicon.svg")
	if !ok {
		return echo.ErrNotFound
	}
	return s.sendFile(c, f, "public, max-age=86400")
}

func (s *Server) sendFile(c echo.Context, f static.File, cacheControl string) error {
	h := c.Response().Header()
	// A file is no page: what concerns frames and windows would only cost octets.
	for _, name := range []string{"Content-Security-Policy", "Permissions-Policy", "X-Frame-Options", "Cross-Origin-Opener-Policy", "X-DNS-Prefetch-Control"} {
		h.Del(name)
	}
	h.Set("Cache-Control", cacheControl)
	h.Set("ETag", f.ETag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", f.Type)
	if strings.HasPrefix(f.Type, "image/svg") {
		// Opened on its own, an SVG is a document.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	}
	if etagMatches(c.Request().Header.Get("If-None-Match"), f.ETag) {
		c.Response().WriteHeader(http.StatusNotModified)
		return nil
	}
	body := f.Body
	if f.Gzip != nil && acceptsGzip(c.Request()) {
		body = f.Gzip
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Response().WriteHeader(http.StatusOK)
	_, err := c.Response().Write(body)
	return err
}
