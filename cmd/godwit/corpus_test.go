package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/cookiejar"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/net/html"

	"godwit/imapsession/imaptest"
)

// specimen is a mail of a corpus as its index.json tells of it.
type specimen struct {
	ID, File    string
	Class       string
	Visible     []string // strings a reader sees
	Hidden      []string // strings that are nowhere
	Actions     []string // what a tester does after opening
	LimitMS     int      `json:"limit_ms"`
	MayReject   bool     `json:"may_reject"`
	CIDImages   int      `json:"cid_images"`
	Attachments []struct {
		Name, Type string
		Size       int
	}

	raw []byte
	uid uint32 // in the INBOX it was put into
}

// corpus reads one of the corpora: benign and hostile lie in testdata, real beside the repository.
func corpus(t testing.TB, name string) []*specimen {
	t.Helper()
	dir := filepath.Join("../../testdata/corpus", name)
	if name == "real" {
		around := os.Getenv("GODWIT_CORPUS")
		if around == "" {
			around = "../../../shared/corpus"
		}
		dir = filepath.Join(around, name)
	}
	index, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		imaptest.Missing(t, "corpus", err)
	}
	var kind struct{ Mails []*specimen }
	if err := json.Unmarshal(index, &kind.Mails); err != nil {
		if err := json.Unmarshal(index, &kind); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range kind.Mails {
		if m.raw, err = os.ReadFile(filepath.Join(dir, m.File)); err != nil {
			t.Fatal(err)
		}
		if m.ID == "" {
			m.ID = m.File
			// Files of other projects end their lines as it pleased them; SMTP would have brought CRLF.
			m.raw = bytes.ReplaceAll(bytes.ReplaceAll(m.raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		}
	}
	if len(kind.Mails) == 0 {
		t.Fatalf("%s holds no mail", dir)
	}
	return kind.Mails
}

// upload appends the mails to the user's INBOX and leaves those away that the server won't have; it says which.
func upload(t testing.TB, server *imaptest.Server, user string, mails []*specimen) []*specimen {
	t.Helper()
	var c *imapclient.Client
	var taken []*specimen
	for _, m := range mails {
		if c == nil {
			c = server.Client(t, user)
		}
		err := appendMail(c, m)
		if err != nil && bytes.IndexByte(m.raw, 0) >= 0 {
			// NUL is what Dovecot stores as 0x80; a server may refuse it instead.
			t.Logf("%s refuses %s for its NULs: %v", server.Name, m.ID, err)
			m.raw = bytes.ReplaceAll(m.raw, []byte{0}, []byte{0x80})
			c = server.Client(t, user)
			err = appendMail(c, m)
		}
		if err != nil {
			c = nil // it may be closed
			if !m.MayReject {
				t.Errorf("%s refuses %s: %v", server.Name, m.ID, err)
			} else {
				t.Logf("%s refuses %s, as it may: %v", server.Name, m.ID, err)
			}
			continue
		}
		taken = append(taken, m)
	}
	return taken
}

func appendMail(c *imapclient.Client, m *specimen) error {
	cmd := c.Append("INBOX", int64(len(m.raw)), nil)
	if _, err := cmd.Write(m.raw); err != nil {
		return err
	}
	if err := cmd.Close(); err != nil {
		return err
	}
	data, err := cmd.Wait()
	if err != nil {
		return err
	}
	if data.UID == 0 {
		return errors.New("no UID in the answer to APPEND")
	}
	m.uid = uint32(data.UID)
	return nil
}

// opening is how long a mail may take to open: the answer to the reader's own page.
const opening = 2 * time.Second

// TestCorpus opens every mail of the corpora in the true program over HTTP, as a browser without scripts does: page, frames, mails within mails, attachments.
func TestCorpus(t *testing.T) {
	for _, name := range []string{"benign", "hostile", "real"} {
		t.Run(name, func(t *testing.T) {
			imaptest.Each(t, func(t *testing.T, server *imaptest.Server) {
				user := server.User(t)
				mails := upload(t, server, user, corpus(t, name))
				p := serveBefore(t, server, user)
				v := visit(t, p)
				slowest, slow := time.Duration(0), ""
				for _, m := range mails {
					if took := v.opens(m); took > slowest {
						slowest, slow = took, m.ID
					}
				}
				if rows := v.rows(); rows != len(mails) {
					t.Errorf("the list shows %d rows, want %d", rows, len(mails))
				}
				if log := p.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "panic") {
					t.Errorf("the program logged\n%s", grep(log, "level=ERROR", "panic"))
				}
				t.Logf("%d mails, slowest %s in %v; %d frames, %d files, of which %d by our own reading have the same octets", len(mails), slow, slowest.Round(time.Millisecond), v.frames, v.files, v.same)
				if v.files > 0 && v.same == 0 {
					t.Error("no file was compared with what this test decodes")
				}
			})
		})
	}
}

func grep(log string, words ...string) string {
	var found []string
	for line := range strings.Lines(log) {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) }) {
			found = append(found, line)
		}
	}
	return strings.Join(found[:min(len(found), 10)], "")
}

// visitor is a signed-in person with a browser of the plainest kind.
type visitor struct {
	t      *testing.T
	client *http.Client
	origin string

	frames, files, same int
}

// visit signs in.
func visit(t *testing.T, p program) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}, origin: p.origin}
	t.Cleanup(v.client.CloseIdleConnections)
	r, err := v.client.PostForm(p.origin+"/login", url.Values{"username": {p.user}, "password": {p.password}, "csrf": {formToken(v.get("/login").page())}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil || r.Request.URL.Path != "/m/INBOX" {
		t.Fatalf("sign-in leads to %s (%s), %v", r.Request.URL, r.Status, err)
	}
	return v
}

// formToken finds the token of the sign-in form, which a client without Origin has to send.
func formToken(page *html.Node) string {
	if n := cascadia.Query(page, cascadia.MustCompile(`form input[type=hidden][name=csrf]`)); n != nil {
		return attribute(n, "value")
	}
	return ""
}

// reply is an answer read to its end.
type reply struct {
	*http.Response
	body []byte
}

func (v *visitor) get(path string) *reply {
	v.t.Helper()
	r, err := v.client.Get(v.origin + path)
	if err != nil {
		v.t.Errorf("GET %s: %v", path, err)
		return &reply{Response: &http.Response{Header: http.Header{}}}
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		v.t.Errorf("GET %s: %v", path, err)
	}
	return &reply{r, body}
}

func (r *reply) page() *html.Node {
	page, err := html.Parse(bytes.NewReader(r.body))
	if err != nil {
		return &html.Node{Type: html.DocumentNode}
	}
	return page
}

// opens opens one mail and looks at all there is to it; it returns how long the page took.
func (v *visitor) opens(m *specimen) time.Duration {
	start := time.Now()
	r := v.get(fmt.Sprintf("/m/INBOX/%d", m.uid))
	took := time.Since(start)
	if r.StatusCode != 200 || took > opening {
		v.t.Errorf("%s: %d in %v, want 200 within %v", m.ID, r.StatusCode, took, opening)
		return took
	}
	v.headers(m, r, "script-src 'self'")
	page := r.page()
	seen := v.seen(m, page, 0)
	for _, want := range m.Visible {
		if !strings.Contains(squeeze(seen), squeeze(want)) {
			v.t.Errorf("%s does not show %q in\n%.1000s", m.ID, want, seen)
		}
	}
	for _, hidden := range m.Hidden {
		if strings.Contains(squeeze(seen), squeeze(hidden)) {
			v.t.Errorf("%s shows %q", m.ID, hidden)
		}
	}
	v.attachments(m, page)
	return took
}

// headers looks for what every document of ours carries; policy is a piece of its Content-Security-Policy.
func (v *visitor) headers(m *specimen, r *reply, policy string) {
	for name, want := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if got := r.Header.Get(name); !strings.Contains(got, want) {
			v.t.Errorf("%s: %s of %s = %q, want %q in it", m.ID, name, r.Request.URL.Path, got, want)
		}
	}
	if kind := r.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		v.t.Errorf("%s: Content-Type of %s = %q", m.ID, r.Request.URL.Path, kind)
	}
}

// seen is what a reader sees of a page: its own text, that of its frames, and that of the mails within, which are opened.
func (v *visitor) seen(m *specimen, page *html.Node, depth int) string {
	var b strings.Builder
	for _, region := range every(page, "#reader, main, .embedded") {
		shownText(&b, region)
	}
	images := 0
	for _, frame := range every(page, "iframe[data-fit]") {
		if s := attribute(frame, "sandbox"); !strings.Contains(s, "allow-popups") || strings.Contains(s, "allow-scripts") || strings.Contains(s, "allow-top") {
			v.t.Errorf("%s: sandbox of a frame = %q", m.ID, s)
		}
		r := v.get(attribute(frame, "src"))
		if r.StatusCode != 200 {
			v.t.Errorf("%s: frame %s = %d", m.ID, attribute(frame, "src"), r.StatusCode)
			continue
		}
		v.frames++
		v.headers(m, r, "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src 'none';")
		document := r.page()
		shownText(&b, document)
		images += v.images(m, document)
	}
	if depth == 0 && images < m.CIDImages {
		v.t.Errorf("%s shows %d images of its own, want %d", m.ID, images, m.CIDImages)
	}
	if depth > 3 {
		return b.String()
	}
	for _, inner := range every(page, "a.embedded-head") {
		r := v.get(attribute(inner, "href"))
		if r.StatusCode != 200 {
			v.t.Errorf("%s: the mail within at %s = %d", m.ID, attribute(inner, "href"), r.StatusCode)
			continue
		}
		b.WriteString(v.seen(m, r.page(), depth+1))
	}
	return b.String()
}

// pictures are the types that are shown in place; SVG is not among them.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// images loads the images of a frame's document and returns how many; all are of our own origin.
func (v *visitor) images(m *specimen, document *html.Node) (n int) {
	for _, image := range every(document, "img[src]") {
		src := attribute(image, "src")
		switch {
		case strings.HasPrefix(src, "data:image/"):
		case !strings.HasPrefix(src, "/") || strings.HasPrefix(src, "//"):
			v.t.Errorf("%s: an image comes from %q", m.ID, src)
		default:
			r := v.get(src)
			switch kind := r.Header.Get("Content-Type"); {
			case r.StatusCode == 200 && slices.Contains(pictures, kind):
				n++
			case r.StatusCode == 200 && kind == "application/octet-stream": // what is no picture, or an empty one
			default:
				v.t.Errorf("%s: image %s = %d, %s", m.ID, src, r.StatusCode, kind)
			}
		}
	}
	return n
}

// attachments downloads every file that the page lists and compares it with what the index and this test's own decoding say.
func (v *visitor) attachments(m *specimen, page *html.Node) {
	sizes := map[string]int{}
	leaves := decodedLeaves(m.raw)
	for _, item := range every(page, ".att") {
		var name strings.Builder
		shownText(&name, cascadia.Query(item, cascadia.MustCompile(".n")))
		href := attribute(cascadia.Query(item, cascadia.MustCompile("a[download]")), "href")
		r := v.get(href)
		disposition, _, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
		if r.StatusCode != 200 || err != nil || disposition != "attachment" || r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" {
			v.t.Errorf("%s: file %s = %d, %v, %v", m.ID, href, r.StatusCode, r.Header, err)
			continue
		}
		v.files++
		sizes[squeeze(name.String())] = len(r.body)
		_, section, _ := strings.Cut(r.Request.URL.Path, "/part/")
		want, ok := leaves[section]
		if !ok || bytes.IndexByte(m.raw, 0) >= 0 {
			continue
		}
		// QUIRK: Dovecot counts the line end before a boundary to the message/rfc822 part there.
		if bytes.Equal(want, r.body) || bytes.HasPrefix(r.body, want) && string(r.body[len(want):]) == "\r\n" {
			v.same++
		} else {
			v.t.Errorf("%s: file %s has %d octets, this test decodes %d", m.ID, section, len(r.body), len(want))
		}
	}
	for _, a := range m.Attachments {
		if size, ok := sizes[squeeze(a.Name)]; !ok || a.Size > 0 && size != a.Size {
			v.t.Errorf("%s lists %v, want %q of %d octets", m.ID, sizes, a.Name, a.Size)
		}
	}
}

// rows counts the list's rows over all its pages.
func (v *visitor) rows() (n int) {
	for path := "/m/INBOX"; path != ""; {
		r := v.get(path)
		if r.StatusCode != 200 {
			v.t.Errorf("GET %s = %d", path, r.StatusCode)
			return n
		}
		page := r.page()
		n += len(every(page, "#list .row"))
		path = ""
		if next := cascadia.Query(page, cascadia.MustCompile("#list a[rel=next]")); next != nil {
			path = attribute(next, "href")
		}
	}
	return n
}

// decodedLeaves decodes a mail with the standard library alone, by section; where it is too broken for that library, what came before.
func decodedLeaves(raw []byte) map[string][]byte {
	leaves := map[string][]byte{}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return leaves
	}
	decodeEntity(leaves, "", m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0)
	return leaves
}

func decodeEntity(leaves map[string][]byte, section, contentType, encoding string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if strings.HasPrefix(kind, "multipart/") && err == nil && depth < 20 {
		parts := multipart.NewReader(body, params["boundary"])
		for n := 1; n < 200; n++ {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			inner := strconv.Itoa(n)
			if section != "" {
				inner = section + "." + inner
			}
			decodeEntity(leaves, inner, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
		}
		return
	}
	if section == "" {
		section = "1"
	}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "", "7bit", "8bit", "binary":
	default:
		return
	}
	if content, err := io.ReadAll(body); err == nil {
		leaves[section] = content
	}
}

func every(n *html.Node, selector string) []*html.Node {
	return cascadia.QueryAll(n, cascadia.MustCompile(selector))
}

func attribute(n *html.Node, name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// shownText writes the text of a node without what a browser hides.
func shownText(b *strings.Builder, n *html.Node) {
	if n == nil {
		return
	}
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
		return
	}
	if n.Type == html.ElementNode {
		switch n.Data {
		case "head", "script", "style", "template", "noscript":
			return
		}
		if style := strings.ReplaceAll(attribute(n, "style"), " ", ""); strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
			return
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		shownText(b, c)
	}
	b.WriteByte(' ')
}

// squeeze leaves out white space: where a page breaks its lines says nothing.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }
