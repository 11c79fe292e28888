package web

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"
)

// view is what a handler found: the whole page, and what of it a request for a region gets.
type view struct {
	page templ.Component
	// region is the part of the page with the id that htmx asked for; beside are further regions that are swapped by their own ids.
	region templ.Component
	beside []templ.Component
}

// render answers with the page or the region, whichever was asked for.
func (s *Server) render(c echo.Context, v view) error {
	if wantsPage(c.Request()) || v.region == nil {
		return s.send(c, http.StatusOK, v.page)
	}
	return s.send(c, http.StatusOK, append([]templ.Component{v.region}, v.beside...)...)
}

const (
	minGzip     = 1 << 10   // octets; a shorter answer fits into one packet anyway
	maxKeptPage = 256 << 10 // a larger buffer is not kept for the next page
)

var pages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Level 3 makes pages about a sixth of their size for a quarter of the time of the default.
var gzips = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, 3) // a valid level
	return w
}}

// send renders components into a buffer, so that a failure in the middle becomes an error page, and writes them with status.
func (s *Server) send(c echo.Context, status int, components ...templ.Component) error {
	page := pages.Get().(*bytes.Buffer)
	defer putPage(page)
	// Not with the request's end: words about a timeout are made after it.
	ctx := context.WithoutCancel(c.Request().Context())
	for _, component := range components {
		if err := component.Render(ctx, page); err != nil {
			return err
		}
	}
	return s.sendHTML(c, status, page.Bytes())
}

func putPage(b *bytes.Buffer) {
	if b.Cap() <= maxKeptPage {
		b.Reset()
		pages.Put(b)
	}
}

// sendHTML writes a finished document, compressed where the browser takes it.
func (s *Server) sendHTML(c echo.Context, status int, html []byte) error {
	h := c.Response().Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if len(html) >= minGzip && acceptsGzip(c.Request()) {
		packed := pages.Get().(*bytes.Buffer)
		defer putPage(packed)
		w := gzips.Get().(*gzip.Writer)
		w.Reset(packed)
		w.Write(html) // a bytes.Buffer takes all
		w.Close()
		gzips.Put(w)
		html = packed.Bytes()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(html)))
	c.Response().WriteHeader(status)
	_, err := c.Response().Write(html)
	return err
}
