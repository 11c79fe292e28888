package web

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"godwit/imapsession"
	"godwit/imapsession/imaptest"
	"godwit/web/urls"
)

// noise is n octets that do not compress and differ by seed.
func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	random.Read(b)
	return b
}

// base64Lines encodes as mail programs do.
func base64Lines(b []byte) string {
	var out strings.Builder
	encoded := base64.StdEncoding.EncodeToString(b)
	for len(encoded) > 76 {
		out.WriteString(encoded[:76] + "\n")
		encoded = encoded[76:]
	}
	out.WriteString(encoded + "\n")
	return out.String()
}

// file is a part for mailWith.
type file struct {
	header string // Content-Type and Content-Disposition lines
	body   string // encoded
}

func attached(mediaType, disposition string, content []byte) file {
	return file{"Content-Type: " + mediaType + "\nContent-Disposition: " + disposition + "\nContent-Transfer-Encoding: base64", base64Lines(content)}
}

// mailWith is a mail of a short text and files: sections 1, 2, 3 ...
func mailWith(files ...file) []byte {
	var b strings.Builder
	b.WriteString("From: Ada Ferris <ada@example.org>\nTo: bo@example.org\nSubject: Papers for you\nDate: Fri, 20 Nov 2026 09:42:00 +0100\n" +
		"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n\n--cut\nContent-Type: text/plain; charset=utf-8\n\nSee below.\n")
	for _, f := range files {
		fmt.Fprintf(&b, "--cut\n%s\n\n%s", f.header, f.body)
	}
	b.WriteString("--cut--\n")
	return crlf(b.String())
}

// mailed is a site with one mail in a new user's INBOX and a browser signed in.
type mailed struct {
	*browser
	user string
	ref  imapsession.Ref // with UIDValidity
}

func newMailed(t *testing.T, mail *imaptest.Server, raw []byte) *mailed {
	t.Helper()
	s := newSite(t, mail)
	m := &mailed{browser: s.browser(), user: mail.User(t)}
	uid := mail.Append(t, m.user, "INBOX", raw)
	m.signIn(m.user)
	m.ref = m.refOf(uid)
	return m
}

// refOf finds the UIDVALIDITY in the reader's own links.
func (m *mailed) refOf(uid uint32) imapsession.Ref {
	m.t.Helper()
	page := m.get(fmt.Sprintf("/m/INBOX/%d", uid)).status(200)
	u, err := url.Parse(page.attr(`#reader a[href*="/raw?"]`, "href"))
	if err != nil {
		m.t.Fatal(err)
	}
	v, err := urls.ParseUIDValidity(u.Query().Get("v"))
	if err != nil {
		m.t.Fatal(err)
	}
	return imapsession.Ref{Mailbox: "INBOX", UIDValidity: v, UID: imapsession.UID(uid)}
}

func TestPartStreams(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		content := noise(1_500_000, 1)
		m := newMailed(t, mail, mailWith(attached("application/pdf; name=a.pdf", `attachment; filename="a.pdf"`, content)))
		got := m.get(m.base.Part(m.ref, "2")).status(200)
		if got.err != nil || !bytes.Equal(got.body, content) {
			t.Fatalf("%d octets (%v), want the %d that were sent", len(got.body), got.err, len(content))
		}
		for name, want := range map[string]string{
			"Content-Type": "application/pdf", "Content-Disposition": `attachment; filename="a.pdf"`,
			"Cache-Control": "private, max-age=31536000, immutable", "Content-Security-Policy": partCSP, "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin", "Content-Encoding": "",
		} {
			if h := got.Header.Get(name); h != want {
				t.Errorf("%s = %q, want %q", name, h, want)
			}
		}
		etag := got.Header.Get("ETag")
		if want := fmt.Sprintf(`.%d.%d.2"`, m.ref.UIDValidity, m.ref.UID); !strings.HasSuffix(etag, want) {
			t.Errorf("ETag = %q, want one that ends in %q", etag, want)
		}
		bare := m.ref
		bare.UIDValidity = 0
		if h := m.get(m.base.Part(bare, "2")).status(200).Header; h.Get("Cache-Control") != "private, no-cache" || h.Get("ETag") != etag {
			t.Errorf("without v: Cache-Control %q, ETag %q, want no-cache and %q", h.Get("Cache-Control"), h.Get("ETag"), etag)
		}
		m.get(m.base.Part(bare, "2"), "If-None-Match", etag).status(304)
		wrong := m.ref
		wrong.UIDValidity++
		if got := m.get(m.base.Part(wrong, "2")).status(410); !strings.Contains(got.text(), "rebuilt") {
			t.Errorf("a wrong v does not say what it means:\n%s", got.text())
		}
		m.get(m.base.Part(m.ref, "9")).status(404)
	})
}

// What the browser has needs no mail server at all.
func TestNotModifiedCostsNoIMAP(t *testing.T) {
	mail := imaptest.Memory(t)
	m := newMailed(t, mail, mailWith(attached("image/png", "inline", pngOf(t, 20, 10))))
	etags := map[string]string{}
	paths := []string{m.base.Part(m.ref, "2"), m.base.PartThumb(m.ref, "2"), m.base.Raw(m.ref)}
	for _, path := range paths {
		etags[path] = m.get(path).status(200).Header.Get("ETag")
	}
	mail.Stop()
	for _, path := range paths {
		got := m.get(path, "If-None-Match", `"other", W/`+etags[path]).status(304)
		if got.Header.Get("ETag") != etags[path] || got.Header.Get("Cache-Control") != "private, max-age=31536000, immutable" || len(got.body) != 0 {
			t.Errorf("304 of %s: %v", path, got.Header)
		}
	}
	m.get(paths[0]).status(502)
}

// Two people at one browser: what it kept of the first one's mail is not the second one's, even under the same address.
func TestETagIsTheAccountsOwn(t *testing.T) {
	mail := imaptest.Memory(t)
	s := newSite(t, mail)
	one, two := mail.User(t), mail.User(t)
	for _, user := range []string{one, two} {
		mail.Append(t, user, "INBOX", mailWith(attached("text/plain", "attachment", []byte("for "+user))))
	}
	first, again, second := s.browser().signIn(one), s.browser().signIn(one), s.browser().signIn(two)
	path := s.base.Part((&mailed{browser: first}).refOf(1), "2")
	etag := first.get(path).status(200).Header.Get("ETag")
	again.get(path, "If-None-Match", etag).status(304)
	if got := second.get(path, "If-None-Match", etag); got.StatusCode != 200 || got.text() != "for "+two {
		t.Errorf("%s of the second with the first one's ETag = %d %q, want their own", path, got.StatusCode, got.text())
	}
}

func TestRange(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		content := noise(700_000, 2)
		m := newMailed(t, mail, mailWith(attached("video/mp4", `attachment; filename="film.mp4"`, content)))
		path := m.base.Part(m.ref, "2")
		size := len(content)
		etag := m.get(path).Header.Get("ETag")
		for _, tt := range []struct {
			name, spec, ifRange string
			status, from, to    int
		}{
			{"the beginning", "bytes=0-99", "", 206, 0, 100},
			{"one octet", "bytes=5-5", "", 206, 5, 6},
			{"open end", fmt.Sprintf("bytes=%d-", size-10), "", 206, size - 10, size},
			{"beyond the end is cut", fmt.Sprintf("bytes=%d-%d", size-10, size+1000), "", 206, size - 10, size},
			{"the last", "bytes=-500", "", 206, size - 500, size},
			{"more than all, from the end", "bytes=-99999999", "", 206, 0, size},
			{"across chunks", "bytes=250000-600000", "", 206, 250000, 600001},
			{"after the end", fmt.Sprintf("bytes=%d-", size), "", 416, 0, 0},
			{"none from the end", "bytes=-0", "", 416, 0, 0},
			{"two ranges give the whole", "bytes=0-1,5-6", "", 200, 0, size},
			{"another unit", "lines=1-2", "", 200, 0, size},
			{"nonsense", "bytes=b-a", "", 200, 0, size},
			{"backwards", "bytes=9-3", "", 200, 0, size},
			{"the same version", "bytes=0-9", etag, 206, 0, 10},
			{"another version", "bytes=0-9", `"1.1.1"`, 200, 0, size},
			{"a date is no version", "bytes=0-9", "Fri, 20 Nov 2026 09:42:00 GMT", 200, 0, size},
		} {
			t.Run(tt.name, func(t *testing.T) {
				got := m.get(path, "Range", tt.spec, "If-Range", tt.ifRange).status(tt.status)
				if tt.status == 416 {
					if h := got.Header.Get("Content-Range"); h != fmt.Sprintf("bytes */%d", size) {
						t.Errorf("Content-Range = %q", h)
					}
					return
				}
				if !bytes.Equal(got.body, content[tt.from:tt.to]) {
					t.Errorf("%d octets, want %d to %d", len(got.body), tt.from, tt.to)
				}
				want := ""
				if tt.status == 206 {
					want = fmt.Sprintf("bytes %d-%d/%d", tt.from, tt.to-1, size)
				}
				if h := got.Header.Get("Content-Range"); h != want {
					t.Errorf("Content-Range = %q, want %q", h, want)
				}
				if h := got.Header.Get("Content-Length"); h != fmt.Sprint(tt.to-tt.from) {
					t.Errorf("Content-Length = %q, want %d", h, tt.to-tt.from)
				}
			})
		}
		head := m.do("HEAD", path, nil).status(200)
		if head.ContentLength != int64(size) || head.Header.Get("Accept-Ranges") != "bytes" || len(head.body) != 0 {
			t.Errorf("HEAD: length %d, Accept-Ranges %q", head.ContentLength, head.Header.Get("Accept-Ranges"))
		}
	})
}

// A download that breaks off on the mail server's side must not look complete.
func TestCutDownloadLooksCut(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		m := newMailed(t, mail, mailWith(attached("application/zip", "attachment", noise(30_000_000, 3))))
		got := func() error {
			response, err := m.client.Get(m.http.URL + m.base.Part(m.ref, "2"))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if _, err := io.CopyN(io.Discard, response.Body, 100_000); err != nil {
				t.Fatal(err)
			}
			mail.Stop()
			_, err = io.Copy(io.Discard, response.Body)
			return err
		}()
		if got == nil {
			t.Error("the cut download ended well")
		}
	})
}

func TestServedTypes(t *testing.T) {
	gif := []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")
	for _, tt := range []struct {
		name        string
		part        file
		kind, shown string
	}{
		{"picture", attached("image/png", `inline; filename="p.png"`, pngOf(t, 2, 2)), "image/png", `inline; filename="p.png"`},
		{"picture under another label", attached("application/octet-stream", `attachment; filename="p.dat"`, gif), "image/gif", `inline; filename="p.dat"`},
		{"script as a picture", attached("image/png", `inline; filename="p.png"`, []byte("<script>alert(1)</script>")), octetStream, `attachment; filename="p.png"`},
		{"svg", attached("image/svg+xml", `inline; filename="p.svg"`, []byte("<svg/>")), octetStream, `attachment; filename="p.svg"`},
		{"html", attached("text/html; charset=utf-8", `inline; filename="p.html"`, []byte("<script>alert(1)</script>")), octetStream, `attachment; filename="p.html"`},
		{"xml", attached("application/xhtml+xml", "inline", []byte("<html/>")), octetStream, `attachment; filename="attachment-2.bin"`},
		{"script", attached("text/javascript", "inline; filename=a.js", []byte("alert(1)")), octetStream, `attachment; filename="a.js"`},
		{"text with its charset", attached("text/plain; charset=koi8-r", `attachment; filename="a.txt"`, []byte("x")), "text/plain; charset=koi8-r", `attachment; filename="a.txt"`},
		{"sound by its name", attached("application/octet-stream", `attachment; filename="a.mp3"`, []byte("ID3")), "audio/mpeg", `attachment; filename="a.mp3"`},
		{"path in the name", attached("application/pdf", `attachment; filename="../../etc/passwd"`, []byte("x")), "application/pdf", `attachment; filename="passwd"`},
		{"name in another script", attached("application/pdf", `attachment; filename*=UTF-8''%D0%BE%D1%82%D1%87%D0%B5%D1%82.pdf`, []byte("x")), "application/pdf",
			`attachment; filename="_____.pdf"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D0%B5%D1%82.pdf`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMailed(t, imaptest.Memory(t), mailWith(tt.part))
			got := m.get(m.base.Part(m.ref, "2")).status(200)
			if h := got.Header.Get("Content-Type"); h != tt.kind {
				t.Errorf("Content-Type = %q, want %q", h, tt.kind)
			}
			if h := got.Header.Get("Content-Disposition"); h != tt.shown {
				t.Errorf("Content-Disposition = %q, want %q", h, tt.shown)
			}
			if h := m.get(m.base.Download(m.ref, "2")).Header.Get("Content-Disposition"); !strings.HasPrefix(h, "attachment;") {
				t.Errorf("download: Content-Disposition = %q", h)
			}
		})
	}
}

func TestRaw(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		m := newMailed(t, mail, crlf(plainMail))
		got := m.get(m.base.Raw(m.ref)).status(200)
		if !bytes.Equal(got.body, crlf(plainMail)) {
			t.Errorf("raw = %q, want the mail as it was sent", got.body)
		}
		if h := got.Header; h.Get("Content-Type") != "message/rfc822" || h.Get("Content-Disposition") != `attachment; filename="Lunch on Friday.eml"` {
			t.Errorf("raw: %v", h)
		}
		if source := m.get(m.base.Source(m.ref)).status(200).one("pre"); !strings.Contains(source, "Message-ID: <1@example.org>") {
			t.Errorf("source = %q", source)
		}
		if headers := m.get(m.base.Headers(m.ref)).status(200).text(); !strings.Contains(headers, "Message-ID") {
			t.Errorf("headers lack a field:\n%s", headers)
		}
		m.get(m.base.Print(m.ref)).status(200)
	})
}

func TestZip(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		one, two, three := noise(300_000, 5), []byte(strings.Repeat("text ", 1000)), pngOf(t, 30, 30)
		m := newMailed(t, mail, mailWith(
			attached("application/zip", `attachment; filename="a.zip"`, one),
			attached("text/csv", `attachment; filename="../A.ZIP"`, two),
			attached("image/png", `attachment; filename="ö.png"`, three),
		))
		got := m.get(m.base.Zip(m.ref)).status(200)
		archive, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body)))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{"a.zip": one, "A (2).ZIP": two, "ö.png": three}
		for _, f := range archive.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(b, want[f.Name]) {
				t.Errorf("%s: %d octets, %v, want %d", f.Name, len(b), err, len(want[f.Name]))
			}
			delete(want, f.Name)
		}
		if len(want) != 0 {
			t.Errorf("missing in the archive: %d", len(want))
		}
		if h := got.Header.Get("Content-Disposition"); h != `attachment; filename="Papers for you.zip"` {
			t.Errorf("Content-Disposition = %q", h)
		}
	})
}

func TestZipOfNothing(t *testing.T) {
	m := newMailed(t, imaptest.Memory(t), crlf(plainMail))
	m.get(m.base.Zip(m.ref)).status(404)
}

// pngOf is a picture with a transparent corner.
func pngOf(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / w), uint8(y * 255 / h), 90, 255})
		}
	}
	img.SetNRGBA(0, 0, color.NRGBA{})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) & 255), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestThumb(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		m := newMailed(t, mail, mailWith(
			attached("image/jpeg", `attachment; filename="a.jpg"`, jpegOf(t, 1600, 800)),
			attached("image/png", `attachment; filename="b.png"`, pngOf(t, 300, 600)),
			attached("image/png", `attachment; filename="c.png"`, []byte("no picture")),
		))
		for section, want := range map[imapsession.Section][2]int{"2": {thumbSide, thumbSide / 2}, "3": {thumbSide / 2, thumbSide}} {
			got := m.get(m.base.PartThumb(m.ref, section)).status(200)
			config, _, err := image.DecodeConfig(bytes.NewReader(got.body))
			if err != nil || config.Width != want[0] || config.Height != want[1] {
				t.Errorf("thumb of %s: %d x %d, %v, want %v", section, config.Width, config.Height, err, want)
			}
			if len(got.body) > maxThumb {
				t.Errorf("thumb of %s has %d octets, want at most %d", section, len(got.body), maxThumb)
			}
		}
		m.get(m.base.PartThumb(m.ref, "4")).status(415)
		m.get(m.base.PartThumb(m.ref, "1")).status(415)
	})
}
