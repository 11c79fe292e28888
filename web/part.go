package web

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"godwit/imapsession"
	"godwit/web/urls"
)

const (
	copyBuffer    = 128 << 10        // octets read and written at a time
	writePatience = 60 * time.Second // a browser that takes no 128 KiB in this time is gone
	sniffed       = 512              // octets that tell a picture
)

// content is what a response streams: a part, or something in it.
type content struct {
	ref     imapsession.Ref // with UIDValidity
	etag    string
	kind    string // Content-Type, before the first bytes are looked at
	charset string
	name    string // clean
	r       io.Reader
	beyond  io.Reader // r without what was peeked at
	seek    io.Seeker // of beyond; nil when only the whole can be sent
	size    int64     // with seek
	asFile  bool      // never shown in place
	fixed   bool      // kind is ours, not the sender's
}

func (s *Server) getPart(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	if s.notModified(c, t.Ref, s.etagOf(c, t.Ref, string(t.Section))) {
		return nil
	}
	r, err := session(c).Part(c.Request().Context(), t.Ref, t.Section)
	if err != nil {
		return err
	}
	defer r.Close()
	return s.stream(c, t.Ref, s.partContent(c, r, c.QueryParam("download") != ""))
}

func (s *Server) partContent(c echo.Context, r *imapsession.PartReader, asFile bool) *content {
	p := r.Part
	ct := &content{
		ref: r.Ref, etag: s.etagOf(c, r.Ref, string(p.Section)), kind: p.Type, charset: p.Params["charset"], name: filenameOf(p), r: r, asFile: asFile,
	}
	if size, exact := r.Size(); exact {
		ct.seek, ct.size = r, size
	}
	return ct
}

// getPartFile sends a file out of a winmail.dat or a uuencoded text.
func (s *Server) getPartFile(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	detail := fmt.Sprintf("%s.f%d", t.Section, t.File)
	if s.notModified(c, t.Ref, s.etagOf(c, t.Ref, detail)) {
		return nil
	}
	unpacked, err := session(c).Unpack(c.Request().Context(), t.Ref, t.Section)
	if err != nil {
		return err
	}
	if t.File >= len(unpacked.Files) {
		return fmt.Errorf("file %d of part %v of %v: %w", t.File, t.Section, t.Ref, imapsession.ErrNoPart)
	}
	f := unpacked.Files[t.File]
	r := bytes.NewReader(f.Data)
	// Without v the reference has no UIDVALIDITY; such an answer is not kept.
	return s.stream(c, t.Ref, &content{
		ref: t.Ref, etag: s.etagOf(c, t.Ref, detail), kind: f.Type, name: cleanFilename(f.Name, t.File+1), r: r, seek: r, size: r.Size(),
		asFile: c.QueryParam("download") != "",
	})
}

// etagOf names content that never changes; without UIDVALIDITY there is no such name.
//
// The account is part of it: where two people use one browser, it offers the first one's copy to the second under the same address, and many servers give every INBOX the
// same UIDVALIDITY.
func (s *Server) etagOf(c echo.Context, ref imapsession.Ref, detail string) string {
	if ref.UIDValidity == 0 {
		return ""
	}
	account := visitOf(c).record.Accounts[0]
	mac := hmac.New(sha256.New, s.tokenKey)
	fmt.Fprintf(mac, "etag %q %q", account.Server, account.User)
	return fmt.Sprintf(`"%x.%d.%d.%s"`, mac.Sum(nil)[:6], ref.UIDValidity, ref.UID, detail)
}

// notModified answers 304 when the browser has what the address names. It asks no mail server: content under ?v= can't change.
func (s *Server) notModified(c echo.Context, ref imapsession.Ref, etag string) bool {
	if etag == "" || !etagMatches(c.Request().Header.Get("If-None-Match"), etag) {
		return false
	}
	h := c.Response().Header()
	partHeaders(h, ref.UIDValidity != 0)
	h.Set("ETag", etag)
	c.Response().WriteHeader(http.StatusNotModified)
	return true
}

// stream sends content: whole, or the one range that is asked for where the size is known.
func (s *Server) stream(c echo.Context, asked imapsession.Ref, ct *content) error {
	if asked.UIDValidity == 0 && s.notModified(c, asked, ct.etag) {
		return nil
	}
	head, err := ct.peek()
	if err != nil {
		return err
	}
	h := c.Response().Header()
	partHeaders(h, asked.UIDValidity != 0)
	if ct.etag != "" {
		h.Set("ETag", ct.etag)
	}
	kind := ct.kind
	if !ct.fixed {
		kind = servedType(ct.kind, ct.name, ct.charset, head)
	}
	h.Set("Content-Type", kind)
	disposition := "attachment"
	if !ct.asFile && rasterOf(head) != "" {
		disposition = "inline"
	}
	h.Set("Content-Disposition", contentDisposition(disposition, ct.name))
	status, length, err := s.seekToRange(c, ct)
	if err != nil {
		return err
	}
	if status == http.StatusRequestedRangeNotSatisfiable {
		h.Del("Content-Disposition")
		h.Del("Content-Type")
		c.Response().WriteHeader(status)
		return nil
	}
	if length >= 0 {
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	c.Response().WriteHeader(status)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	body := ct.r
	if length >= 0 {
		body = io.LimitReader(ct.r, length)
	}
	return copyOut(newPatientWriter(c), body, length)
}

// peek reads the first octets and puts them back. It does not seek back: a part's reader would then ask the mail server for them again.
func (ct *content) peek() ([]byte, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(ct.r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	ct.beyond, ct.r = ct.r, io.MultiReader(bytes.NewReader(head), ct.r)
	return head, nil
}

// seekToRange moves to the range that is asked for and gives the status and the length to send, -1 for one not known.
func (s *Server) seekToRange(c echo.Context, ct *content) (status int, length int64, err error) {
	h := c.Response().Header()
	if ct.seek == nil {
		h.Set("Accept-Ranges", "none")
		return http.StatusOK, -1, nil
	}
	h.Set("Accept-Ranges", "bytes")
	r := c.Request()
	spec := r.Header.Get("Range")
	if condition := r.Header.Get("If-Range"); condition != "" && (ct.etag == "" || condition != ct.etag) {
		spec = ""
	}
	start, length, verdict := parseRange(spec, ct.size)
	switch verdict {
	case rangeNone:
		return http.StatusOK, ct.size, nil
	case rangeOutside:
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", ct.size))
		return http.StatusRequestedRangeNotSatisfiable, 0, nil
	}
	if start > 0 {
		if _, err := ct.seek.Seek(start, io.SeekStart); err != nil {
			return 0, 0, err
		}
		ct.r = ct.beyond
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, start+length-1, ct.size))
	return http.StatusPartialContent, length, nil
}

// copyOut streams r to w. A fault after the headers are out cuts the connection, so that a cut file never looks complete. want, when not negative, is how much must come.
func copyOut(w io.Writer, r io.Reader, want int64) error {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	n, err := copyWith(w, r, *buf)
	if err != nil || want >= 0 && n != want {
		panic(http.ErrAbortHandler)
	}
	return nil
}

var copyBuffers = sync.Pool{New: func() any {
	b := make([]byte, copyBuffer)
	return &b
}}

// copyWith is io.CopyBuffer that minds neither WriterTo nor ReaderFrom: both would go around the write deadlines.
func copyWith(w io.Writer, r io.Reader, buf []byte) (n int64, err error) {
	for {
		m, readErr := r.Read(buf)
		if m > 0 {
			if _, err := w.Write(buf[:m]); err != nil {
				return n, err
			}
			n += int64(m)
		}
		if readErr == io.EOF {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

// patientWriter moves the connection's write deadline with each write: a slow browser is waited for, a dead one is not.
type patientWriter struct {
	w       io.Writer
	control *http.ResponseController
	moved   time.Time
}

func newPatientWriter(c echo.Context) *patientWriter {
	return &patientWriter{w: c.Response(), control: http.NewResponseController(c.Response())}
}

func (p *patientWriter) Write(b []byte) (int, error) {
	// Moving it costs a timer; once a second is enough.
	if now := time.Now(); now.Sub(p.moved) > time.Second {
		p.moved = now
		if err := p.control.SetWriteDeadline(now.Add(writePatience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	return p.w.Write(b)
}

// filenameOf is the name a part is saved under.
func filenameOf(p *imapsession.Part) string {
	n := 1
	if path := p.Section.Path(); len(path) > 0 {
		n = path[len(path)-1]
	}
	if p.Filename != "" {
		return cleanFilename(p.Filename, n)
	}
	if p.Description != "" && len(p.Description) < 80 {
		return cleanFilename(p.Description+extensionOf(p.Type), n)
	}
	return fmt.Sprintf("%s-%d%s", nounOf(p.Type), n, extensionOf(p.Type))
}
