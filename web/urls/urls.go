// Package urls makes and parses every path of the application. Nothing else may.
package urls

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"godwit/imapsession"
)

// Base is the path the application is mounted under: "" or "/mail", never with a slash at its end.
type Base string

type baseKey struct{}

// With puts the base into ctx, for templates.
func With(ctx context.Context, b Base) context.Context { return context.WithValue(ctx, baseKey{}, b) }

// From gives the base that With put there, else "".
func From(ctx context.Context) Base {
	b, _ := ctx.Value(baseKey{}).(Base)
	return b
}

// escaper is kept: building it anew for every link was the costliest thing in a list of 50 rows.
var escaper = strings.NewReplacer("/", ":", ":", "~c", "~", "~t")

// token maps a mailbox name to one path segment: "/" becomes ":", ":" "~c", "~" "~t", the rest is percent-encoded; the names "." and ".." become "~d" and "~d~d",
// since browsers fold dot segments. Many proxies refuse or decode %2F, hence not that.
func token(mailbox string) string {
	switch mailbox {
	case ".":
		return "~d"
	case "..":
		return "~d~d"
	}
	s := escaper.Replace(mailbox)
	// PathEscape leaves ":" alone and escapes what a segment can't hold.
	return url.PathEscape(s)
}

// untoken undoes token on an escaped path segment.
func untoken(segment string) (string, error) {
	s, err := url.PathUnescape(segment)
	if err != nil {
		return "", fmt.Errorf("mailbox in the address %.80q: %w", segment, imapsession.ErrNoMailbox)
	}
	switch s {
	case "~d":
		return ".", nil
	case "~d~d":
		return "..", nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ':':
			b.WriteByte('/')
		case s[i] == '~' && i+1 < len(s) && s[i+1] == 'c':
			b.WriteByte(':')
			i++
		case s[i] == '~' && i+1 < len(s) && s[i+1] == 't':
			b.WriteByte('~')
			i++
		case s[i] == '~' || s[i] == '/':
			return "", fmt.Errorf("mailbox in the address %.80q: %w", segment, imapsession.ErrNoMailbox)
		default:
			b.WriteByte(s[i])
		}
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("mailbox in the address is empty: %w", imapsession.ErrNoMailbox)
	}
	return b.String(), nil
}

func (b Base) Home() string      { return string(b) + "/" }
func (b Base) Login() string     { return string(b) + "/login" }
func (b Base) Logout() string    { return string(b) + "/logout" }
func (b Base) Settings() string  { return string(b) + "/settings" }
func (b Base) Sessions() string  { return string(b) + "/sessions" } // POST: sign out everywhere
func (b Base) Folders() string   { return string(b) + "/folders" }  // the folder tree with fresh counts
func (b Base) Shortcuts() string { return string(b) + "/shortcuts" }

// Static gives the immutable address of an embedded file.
func (b Base) Static(hash, name string) string { return string(b) + "/static/" + hash + "/" + name }

// LoginNext is the sign-in page that returns to next, a path of ours.
func (b Base) LoginNext(next string) string { return b.Login() + "?next=" + url.QueryEscape(next) }

// List is what a list page's query says.
type List struct {
	Before, After imapsession.UID
	Order         imapsession.Order
	Reverse       bool
	Filter        imapsession.Filter
}

func (l List) values() url.Values {
	v := url.Values{}
	if l.Before != 0 {
		v.Set("before", strconv.FormatUint(uint64(l.Before), 10))
	}
	if l.After != 0 {
		v.Set("after", strconv.FormatUint(uint64(l.After), 10))
	}
	if l.Order != "" {
		v.Set("sort", string(l.Order))
	}
	if l.Reverse {
		v.Set("reverse", "1")
	}
	if l.Filter != "" {
		v.Set("f", string(l.Filter))
	}
	return v
}

// Mailbox is the first page of a mailbox's list.
func (b Base) Mailbox(name string) string { return string(b) + "/m/" + token(name) }

// MailboxList is a page of a mailbox's list.
func (b Base) MailboxList(name string, l List) string { return withQuery(b.Mailbox(name), l.values()) }

// Previews gives the preview lines of rows that were painted without.
func (b Base) Previews(name string, v uint32, uids []imapsession.UID) string {
	q := url.Values{"v": {strconv.FormatUint(uint64(v), 10)}}
	for _, u := range uids {
		q.Add("uid", strconv.FormatUint(uint64(u), 10))
	}
	return withQuery(b.Mailbox(name)+"/previews", q)
}

// Actions is where forms that change messages of a mailbox are posted.
func (b Base) Actions(name string) string { return b.Mailbox(name) + "/actions" }

// Message is a message's page, to be bookmarked: "that UID as the mailbox is now".
func (b Base) Message(ref imapsession.Ref) string {
	return b.Mailbox(ref.Mailbox) + "/" + strconv.FormatUint(uint64(ref.UID), 10)
}

// MessageIn is a message's page with the list it was opened from kept beside it.
func (b Base) MessageIn(ref imapsession.Ref, l List) string {
	return withQuery(b.Message(ref), l.values())
}

// versioned are addresses whose content never changes: they carry UIDVALIDITY.
func (b Base) versioned(ref imapsession.Ref, tail string, q url.Values) string {
	if q == nil {
		q = url.Values{}
	}
	if ref.UIDValidity != 0 {
		q.Set("v", strconv.FormatUint(uint64(ref.UIDValidity), 10))
	}
	return withQuery(b.Message(ref)+tail, q)
}

func (b Base) Raw(ref imapsession.Ref) string     { return b.versioned(ref, "/raw", nil) }     // message/rfc822 as sent, a download
func (b Base) Source(ref imapsession.Ref) string  { return b.versioned(ref, "/source", nil) }  // the same, to look at
func (b Base) Headers(ref imapsession.Ref) string { return b.versioned(ref, "/headers", nil) } // all header fields
func (b Base) Print(ref imapsession.Ref) string   { return b.versioned(ref, "/print", nil) }
func (b Base) Zip(ref imapsession.Ref) string     { return b.versioned(ref, "/parts.zip", nil) }

// Part shows a part in the browser where that is safe, else downloads it.
func (b Base) Part(ref imapsession.Ref, s imapsession.Section) string {
	return b.versioned(ref, "/part/"+string(s), nil)
}

// Download is Part, always as a file.
func (b Base) Download(ref imapsession.Ref, s imapsession.Section) string {
	return b.versioned(ref, "/part/"+string(s), url.Values{"download": {"1"}})
}

// PartHTML is the sanitised document of a text/html part, for the frame. remote is the consent to remote images through our proxy, "" for none.
func (b Base) PartHTML(ref imapsession.Ref, s imapsession.Section, remote string) string {
	q := url.Values{}
	View{Remote: remote}.put(q)
	return b.versioned(ref, "/part/"+string(s)+"/html", q)
}

// PartPreview is a page that shows an image, PDF, text, audio or video part; PartThumb a small picture of an image part;
// PartMessage an embedded message; PartFile the nth file (from 0) of a container part, winmail.dat or uuencoded text.
func (b Base) PartPreview(ref imapsession.Ref, s imapsession.Section) string {
	return b.versioned(ref, "/part/"+string(s)+"/preview", nil)
}
func (b Base) PartThumb(ref imapsession.Ref, s imapsession.Section) string {
	return b.versioned(ref, "/part/"+string(s)+"/thumb", nil)
}
func (b Base) PartMessage(ref imapsession.Ref, s imapsession.Section) string {
	return b.versioned(ref, "/part/"+string(s)+"/message", nil)
}
func (b Base) PartFile(ref imapsession.Ref, s imapsession.Section, n int) string {
	return b.versioned(ref, "/part/"+string(s)+"/file/"+strconv.Itoa(n), nil)
}

// Image is our proxy's address for a remote image; token is signed by web.
func (b Base) Image(token string) string { return string(b) + "/img/" + token }

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Target is what the path of a mailbox route names. Fields a route does not have are zero.
type Target struct {
	Ref     imapsession.Ref
	Section imapsession.Section
	File    int
}

// Parse reads the mailbox routes (/m/...) from r's escaped path, of which the base was cut off: echo's c.Param is decoded or raw depending on the path and is never used.
// Errors wrap ErrNoMailbox, ErrNoMessage or ErrNoPart.
func Parse(r *http.Request) (Target, error) {
	var t Target
	segments := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	if len(segments) < 2 || segments[0] != "m" {
		return t, fmt.Errorf("address %.80q: %w", r.URL.Path, imapsession.ErrNoMailbox)
	}
	name, err := untoken(segments[1])
	if err != nil {
		return t, err
	}
	t.Ref.Mailbox = name
	if len(segments) < 3 || segments[2] == "previews" || segments[2] == "actions" {
		t.Ref.UIDValidity, err = uidValidity(r)
		return t, err
	}
	uid, err := parseNumber(segments[2])
	if err != nil || uid == 0 {
		return t, fmt.Errorf("message %.40q: %w", segments[2], imapsession.ErrNoMessage)
	}
	t.Ref.UID = imapsession.UID(uid)
	if t.Ref.UIDValidity, err = uidValidity(r); err != nil {
		return t, err
	}
	if len(segments) >= 5 && segments[3] == "part" {
		if t.Section, err = imapsession.ParseSection(segments[4]); err != nil {
			return t, err
		}
	}
	if len(segments) >= 7 && segments[5] == "file" {
		n, err := parseNumber(segments[6])
		if err != nil || n > 10000 {
			return t, fmt.Errorf("file %.40q: %w", segments[6], imapsession.ErrNoPart)
		}
		t.File = int(n)
	}
	return t, nil
}

// ParseList reads a list's query; what it can't read is an ErrNoMessage for a UID and ignored for an order or filter.
func ParseList(q url.Values) (List, error) {
	var l List
	for key, uid := range map[string]*imapsession.UID{"before": &l.Before, "after": &l.After} {
		if s := q.Get(key); s != "" {
			n, err := parseNumber(s)
			if err != nil {
				return l, fmt.Errorf("%s=%.40q: %w", key, s, imapsession.ErrNoMessage)
			}
			*uid = imapsession.UID(n)
		}
	}
	switch o := imapsession.Order(q.Get("sort")); o {
	case imapsession.OrderDate, imapsession.OrderFrom, imapsession.OrderSubject, imapsession.OrderSize:
		l.Order = o
	}
	l.Reverse = q.Get("reverse") == "1"
	switch f := imapsession.Filter(q.Get("f")); f {
	case imapsession.FilterUnread, imapsession.FilterFlagged:
		l.Filter = f
	}
	return l, nil
}

// ParseUIDs reads the repeated uid values of a query or form; at most 10,000.
func ParseUIDs(q url.Values) ([]imapsession.UID, error) {
	values := q["uid"]
	if len(values) > 10000 {
		return nil, fmt.Errorf("%d messages at once: %w", len(values), imapsession.ErrTooLarge)
	}
	uids := make([]imapsession.UID, 0, len(values))
	for _, s := range values {
		n, err := parseNumber(s)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("uid=%.40q: %w", s, imapsession.ErrNoMessage)
		}
		uids = append(uids, imapsession.UID(n))
	}
	return uids, nil
}

func uidValidity(r *http.Request) (uint32, error) {
	s := r.URL.Query().Get("v")
	if s == "" {
		return 0, nil
	}
	return ParseUIDValidity(s)
}

// ParseUIDValidity reads the v of a query or form; anything but a positive number is ErrStale.
func ParseUIDValidity(s string) (uint32, error) {
	n, err := parseNumber(s)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("v=%.40q: %w", s, imapsession.ErrStale)
	}
	return n, nil
}

func parseNumber(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil && strconv.FormatUint(n, 10) != s {
		err = strconv.ErrSyntax
	}
	return uint32(n), err
}
