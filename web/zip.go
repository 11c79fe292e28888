package web

import (
	"archive/zip"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/web/urls"
)

const maxZipFiles = 500 // parts of one message that are packed

// getZip streams all files of a message as one archive, made on the way.
func (s *Server) getZip(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	msg, err := session(c).Message(c.Request().Context(), t.Ref)
	if err != nil {
		return err
	}
	files := msg.Body().Files
	switch {
	case len(files) == 0:
		return fmt.Errorf("files of %v: %w", t.Ref, imapsession.ErrNoPart)
	case len(files) > maxZipFiles:
		return fmt.Errorf("%d files of %v: %w", len(files), t.Ref, imapsession.ErrTooLarge)
	}
	// The first is opened before anything is sent, so that what is wrong can still be said in words.
	first, err := session(c).Part(c.Request().Context(), msg.Ref, files[0].Section)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	partHeaders(h, t.Ref.UIDValidity != 0)
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", contentDisposition("attachment", subjectFilename(msg, ".zip")))
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return first.Close()
	}
	if err := s.writeZip(c, msg, files, first); err != nil {
		s.o.Log.Warn("zip cut", "request", requestOf(c).id, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (s *Server) writeZip(c echo.Context, msg *imapsession.Message, files []*imapsession.Part, first *imapsession.PartReader) error {
	names := make([]string, len(files))
	for i, p := range files {
		names[i] = filenameOf(p)
	}
	names = uniqueNames(names)
	archive := zip.NewWriter(newPatientWriter(c))
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for i, p := range files {
		r := first
		if i > 0 {
			var err error
			if r, err = session(c).Part(c.Request().Context(), msg.Ref, p.Section); err != nil {
				return err
			}
		}
		err := addToZip(archive, names[i], messageTime(msg), p, r, *buf)
		if closeErr := r.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return fmt.Errorf("part %v of %v: %w", p.Section, msg.Ref, err)
		}
	}
	return archive.Close()
}

func addToZip(archive *zip.Writer, name string, at time.Time, p *imapsession.Part, r io.Reader, buf []byte) error {
	header := &zip.FileHeader{Name: name, Modified: at, Method: zip.Deflate}
	if compressed(p.Type, p.Filename) {
		header.Method = zip.Store
	}
	w, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = copyWith(w, r, buf)
	return err
}

// messageTime is when a message was sent, or else came.
func messageTime(msg *imapsession.Message) time.Time {
	if t, ok := msg.Header.Date(); ok {
		return t
	}
	return msg.Received
}
