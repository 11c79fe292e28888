package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"godwit/imapsession"
	"godwit/imapsession/rfc822"
	"godwit/templates"
	"godwit/web/mailhtml"
	"godwit/web/urls"
)

const (
	maxInlineText = 1 << 20 // octets of one text part shown; longer text goes on in a download
	maxBlocks     = 100     // pieces of a body shown one under the other; the rest is listed as files
	partsAtOnce   = 3       // parts of one message fetched at the same time
	shownFiles    = 12      // files before "+ n more"
)

// reading is one message being made ready to be read.
type reading struct {
	s    *Server
	c    echo.Context
	msg  *imapsession.Message
	body imapsession.Body
	view urls.View
	out  *templates.Message

	texts map[imapsession.Section]string // of the parts that were asked for at once; see fetchTexts
}

// messageProps makes a message ready for templates; it fetches what is shown of it.
func (s *Server) messageProps(ctx context.Context, c echo.Context, msg *imapsession.Message, v urls.View) (*templates.Message, error) {
	r := &reading{s: s, c: c, msg: msg, body: msg.Body(), view: v, out: &templates.Message{}}
	r.head()
	if err := r.blocks(ctx); err != nil {
		return nil, err
	}
	r.files()
	return r.out, nil
}

// head fills what the header card shows.
func (r *reading) head() {
	msg, out, clock := r.msg, r.out, r.s.clock(r.c)
	user := visitOf(r.c).user()
	me := func(addr string) bool { return strings.EqualFold(addr, user) }
	h := msg.Header
	out.Ref, out.Section = msg.Ref, msg.Section
	out.Subject = templates.SubjectOr(h.Text("Subject"))
	from := h.Addresses("From")
	out.From = templates.PeopleOf(from, me, true)
	out.Sender = templates.PeopleOf(others(h.Addresses("Sender"), from), me, false)
	out.ReplyTo = templates.PeopleOf(others(h.Addresses("Reply-To"), from), me, false)
	out.To = templates.PeopleOf(h.Addresses("To"), me, false)
	out.Cc = templates.PeopleOf(h.Addresses("Cc"), me, false)
	out.Bcc = templates.PeopleOf(h.Addresses("Bcc"), me, false)
	if date, ok := h.Date(); ok {
		out.When, out.SentZone = clock.Moment(date), clock.SentZone(date)
	} else {
		out.When = clock.Moment(msg.Received)
	}
	out.Received = clock.Moment(msg.Received)
	out.Size = templates.Size(msg.Size)
	out.Flagged = msg.Has(`\Flagged`)
	out.Chips = templates.ChipsOf(msg.Flags)
	out.Repairs = msg.Repairs
	out.Signed = signedNote(msg.Root)
	if len(h.All("From")) > 1 {
		out.AuthNotice = "This message names its sender more than once. It may not come from who it says."
	}
}

// others are the addresses that from does not have.
func others(list, from []rfc822.Address) []rfc822.Address {
	var rest []rfc822.Address
	for _, a := range list {
		known := false
		for _, f := range from {
			known = known || strings.EqualFold(a.Addr, f.Addr)
		}
		if !known {
			rest = append(rest, a)
		}
	}
	return rest
}

// signedNote says that a message is signed or encrypted; nothing of that is checked here.
func signedNote(root *imapsession.Part) string {
	protocol := strings.ToLower(root.Params["protocol"])
	switch {
	case root.Type == "multipart/signed" && strings.Contains(protocol, "pgp"):
		return "Signed (OpenPGP). The signature was not checked."
	case root.Type == "multipart/signed":
		return "Signed (S/MIME). The signature was not checked."
	case root.Type == "multipart/encrypted":
		return "Encrypted (OpenPGP). It can't be decrypted here; the files below hold it."
	case root.Type == "application/pkcs7-mime" || root.Type == "application/x-pkcs7-mime":
		if strings.EqualFold(root.Params["smime-type"], "signed-data") {
			return "Signed (S/MIME, in one piece). The file below holds the message."
		}
		return "Encrypted (S/MIME). It can't be decrypted here; the file below holds it."
	}
	return ""
}

// blocks fetches what is shown and puts it in order.
func (r *reading) blocks(ctx context.Context) error {
	parts := r.chosen()
	made := make([]made, len(parts))
	if err := r.fetchTexts(ctx, parts); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(partsAtOnce)
	for i, p := range parts {
		g.Go(func() (err error) {
			made[i], err = r.block(ctx, p)
			return r.survive(p, &made[i], err)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, m := range made {
		r.out.Body = append(r.out.Body, m.blocks...)
		r.out.Blocked += m.blocked
		r.out.Files = append(r.out.Files, m.files...)
	}
	r.out.Remote = r.view.Remote != ""
	return nil
}

// fetchTexts asks for all texts of a message of many at once; the others are asked for one by one.
func (r *reading) fetchTexts(ctx context.Context, parts []*imapsession.Part) (err error) {
	var sections []imapsession.Section
	for _, p := range parts {
		if strings.HasPrefix(p.Type, "text/") {
			sections = append(sections, p.Section)
		}
	}
	if len(sections) > partsAtOnce {
		r.texts, err = session(r.c).Texts(ctx, r.msg, sections)
	}
	return err
}

// made is what became of one part.
type made struct {
	blocks  []templates.Block
	blocked int
	files   []templates.Attachment
}

// chosen are the parts to show, in order: the text as the person wants it, then what stands beneath.
func (r *reading) chosen() []*imapsession.Part {
	b, out := r.body, r.out
	text := requestOf(r.c).prefs.textFirst
	switch r.view.Body {
	case "text":
		text = true
	case "html":
		text = false
	}
	var parts []*imapsession.Part
	switch {
	case b.HTML != nil && (!text || len(b.Text) == 0):
		parts = append(parts, b.HTML)
		out.Choice.Now = "html"
		if len(b.Text) > 0 {
			out.Choice.Other = "text"
		}
	case len(b.Text) > 0:
		parts = append(parts, b.Text...)
		out.Choice.Now = "text"
		if b.HTML != nil {
			out.Choice.Other = "html"
		}
	}
	parts = append(parts, b.Inline...)
	for _, f := range b.Files {
		if (isTNEF(f) || isCard(f)) && !slices.ContainsFunc(parts, func(p *imapsession.Part) bool { return p.Section == f.Section }) {
			parts = append(parts, f)
		}
	}
	if len(parts) > maxBlocks {
		parts = parts[:maxBlocks]
	}
	return parts
}

// survive keeps one part's trouble from hiding the others. What concerns the whole message, or the session, goes on up.
func (r *reading) survive(p *imapsession.Part, m *made, err error) error {
	if err == nil {
		return nil
	}
	for _, fatal := range []error{imapsession.ErrAuth, imapsession.ErrNoMailbox, imapsession.ErrNoMessage, imapsession.ErrStale, imapsession.ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, fatal) {
			return err
		}
	}
	r.s.o.Log.Debug("part not shown", "request", requestOf(r.c).id, "mailbox", r.msg.Ref.Mailbox, "uid", uint32(r.msg.Ref.UID), "section", string(p.Section), "err", err)
	*m = made{blocks: []templates.Block{{Note: &templates.Note{
		Kind: templates.NoticeWarn, Text: "A part of this message could not be shown.",
		Action: &templates.Action{Text: "Download it", Href: r.s.o.Base.Download(r.msg.Ref, p.Section), Icon: "download"},
	}}}}
	return nil
}

// block shows one part.
func (r *reading) block(ctx context.Context, p *imapsession.Part) (made, error) {
	switch {
	case isTNEF(p):
		return r.tnef(ctx, p)
	case p.Type == "text/html":
		return r.html(ctx, p)
	case p.Type == "text/calendar", p.Type == "application/ics":
		return r.invite(ctx, p)
	case p.Type == "text/vcard", p.Type == "text/x-vcard", p.Type == "text/directory":
		return r.contact(ctx, p)
	case p.Type == "message/delivery-status", p.Type == "message/global-delivery-status":
		return r.bounce(ctx, p)
	case p.Type == "message/disposition-notification":
		return r.receipt(ctx, p)
	case p.Type == "message/rfc822", p.Type == "message/global":
		return r.embedded(ctx, p)
	case strings.HasPrefix(p.Type, "image/"):
		return made{blocks: []templates.Block{{Image: &templates.ImageBlock{Section: p.Section, Name: filenameOf(p)}}}}, nil
	default:
		return r.text(ctx, p)
	}
}

// text shows a plain text, with the files that are uuencoded in it.
func (r *reading) text(ctx context.Context, p *imapsession.Part) (made, error) {
	text, known := r.texts[p.Section]
	more := false
	if !known {
		var err error
		if text, more, err = session(r.c).Text(ctx, r.msg.Ref, p.Section, maxInlineText); err != nil {
			return made{}, err
		}
	}
	var m made
	if uuencoded(text) {
		if u, err := session(r.c).Unpack(ctx, r.msg.Ref, p.Section); err == nil {
			text, more = u.Text, false
			m.files = unpackedFiles(p.Section, u)
		} else if !errors.Is(err, imapsession.ErrNoPart) && !errors.Is(err, imapsession.ErrTooLarge) {
			return made{}, err
		}
	}
	block := &templates.TextBlock{Blocks: mailhtml.Text(text, mailhtml.TextOptions{
		Flowed: strings.EqualFold(p.Params["format"], "flowed"), DelSp: strings.EqualFold(p.Params["delsp"], "yes"),
	})}
	if more {
		block.Truncated = &templates.Action{Text: "Download the whole text", Href: r.s.o.Base.Download(r.msg.Ref, p.Section), Icon: "download"}
	}
	m.blocks = []templates.Block{{Text: block}}
	return m, nil
}

// uuencoded looks for the line that begins a file: "begin 644 name".
func uuencoded(text string) bool {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "begin "); ok {
			mode, name, _ := strings.Cut(rest, " ")
			if (len(mode) == 3 || len(mode) == 4) && strings.Trim(mode, "01234567") == "" && strings.TrimSpace(name) != "" {
				return true
			}
		}
	}
	return false
}

// html sanitises now, to know what was blocked, and keeps the document for the frame.
func (r *reading) html(ctx context.Context, p *imapsession.Part) (made, error) {
	doc, err := r.s.document(ctx, r.c, r.msg, p, r.view.Remote != "")
	if err != nil {
		return made{}, err
	}
	m := made{blocks: []templates.Block{{HTML: &templates.HTMLBlock{
		Section: p.Section, Height: doc.report.Height, Remote: r.view.Remote != "", Colours: doc.report.Colours,
	}}}, blocked: doc.report.Blocked}
	if doc.report.Truncated {
		m.blocks = append(m.blocks, templates.Block{Note: &templates.Note{
			Text:   "This message is longer than what is shown.",
			Action: &templates.Action{Text: "Download the whole", Href: r.s.o.Base.Download(r.msg.Ref, p.Section), Icon: "download"},
		}})
	}
	return m, nil
}

// document gives the sanitised form of an HTML part of msg, or of the HTML within a winmail.dat, made anew or as kept.
func (s *Server) document(ctx context.Context, c echo.Context, msg *imapsession.Message, part *imapsession.Part, remote bool) (*document, error) {
	section := part.Section
	key := docKey{session: visitOf(c).id, ref: msg.Ref, section: section, remote: remote, origin: requestOf(c).origin, theme: requestOf(c).prefs.look.Theme}
	if doc, ok := s.docs.get(key, s.o.Clock()); ok {
		return doc, nil
	}
	text, more, err := markup(ctx, session(c), msg, part)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	report, err := mailhtml.Document(&out, strings.NewReader(text), s.htmlOptions(c, msg, remote))
	if err != nil {
		return nil, fmt.Errorf("html of part %v of %v: %w", section, msg.Ref, err)
	}
	report.Truncated = report.Truncated || more
	doc := &document{key: key, html: out.Bytes(), report: report, made: s.o.Clock()}
	s.docs.put(doc)
	return doc, nil
}

// markup is the HTML as it was sent, in UTF-8.
func markup(ctx context.Context, mail *imapsession.Session, msg *imapsession.Message, part *imapsession.Part) (text string, more bool, err error) {
	if !isTNEF(part) {
		return mail.Text(ctx, msg.Ref, part.Section, maxInlineText)
	}
	u, err := mail.Unpack(ctx, msg.Ref, part.Section)
	if err != nil {
		return "", false, err
	}
	if u.HTML == "" {
		return "", false, fmt.Errorf("html of part %v of %v: %w", part.Section, msg.Ref, imapsession.ErrNoPart)
	}
	return u.HTML, false, nil
}

func (s *Server) htmlOptions(c echo.Context, msg *imapsession.Message, remote bool) mailhtml.Options {
	images := msg.Body().CID
	o := mailhtml.Options{
		CID: func(id string) (string, bool) {
			p, ok := images[id]
			if !ok {
				return "", false
			}
			return s.o.Base.Part(msg.Ref, p.Section), true
		},
		Theme: mailTheme(requestOf(c).prefs.look.Theme),
	}
	if remote {
		o.Remote = s.remoteImages(c)
	}
	return o
}

func mailTheme(t templates.Theme) mailhtml.Theme {
	switch t {
	case templates.ThemeLight:
		return mailhtml.ThemeLight
	case templates.ThemeDark:
		return mailhtml.ThemeDark
	}
	return mailhtml.ThemeAuto
}

// tnef shows what a winmail.dat held: its text where the message has none of its own, and its files.
func (r *reading) tnef(ctx context.Context, p *imapsession.Part) (made, error) {
	u, err := session(r.c).Unpack(ctx, r.msg.Ref, p.Section)
	if errors.Is(err, imapsession.ErrNoPart) || errors.Is(err, imapsession.ErrTooLarge) {
		return made{}, nil // it stays in the list as the file it is
	}
	if err != nil {
		return made{}, err
	}
	m := made{}
	if len(r.body.Text) == 0 && r.body.HTML == nil {
		switch {
		case u.HTML != "":
			if m, err = r.html(ctx, p); err != nil {
				return made{}, err
			}
		case u.Text != "":
			m.blocks = []templates.Block{{Text: &templates.TextBlock{Blocks: mailhtml.Text(u.Text, mailhtml.TextOptions{})}}}
		}
	}
	m.files = unpackedFiles(p.Section, u)
	return m, nil
}

// isCard tells files that say more as a card than as a name in a list, however the sender disposed of them.
func isCard(p *imapsession.Part) bool {
	switch p.Type {
	case "message/rfc822", "message/global", "text/vcard", "text/x-vcard", "text/calendar":
		return true
	}
	return false
}

func isTNEF(p *imapsession.Part) bool {
	return p.Type == "application/ms-tnef" || p.Type == "application/vnd.ms-tnef" || strings.EqualFold(p.Filename, "winmail.dat") && p.Type == octetStream
}

func unpackedFiles(section imapsession.Section, u *imapsession.Unpacked) []templates.Attachment {
	var files []templates.Attachment
	for i, f := range u.Files {
		a := templates.Attachment{Section: section, File: i, InFile: true, Name: cleanFilename(f.Name, i+1), Size: templates.Size(int64(len(f.Data))), MimeType: f.Type}
		a.Kind, a.Tile, a.Hue = templates.KindOf(f.Type, a.Name)
		files = append(files, a)
	}
	return files
}

// embedded is the closed card of a mail inside the mail: from whom, about what, when.
func (r *reading) embedded(ctx context.Context, p *imapsession.Part) (made, error) {
	card := &templates.Embedded{Section: p.Section}
	inner, err := session(r.c).Embedded(ctx, r.msg.Ref, p.Section)
	if err != nil {
		return made{}, err
	}
	card.From = templates.PeopleOf(inner.Header.Addresses("From"), nil, true)[0]
	card.Subject = templates.SubjectOr(inner.Header.Text("Subject"))
	if date, ok := inner.Header.Date(); ok {
		card.When = r.s.clock(r.c).Moment(date)
	}
	return made{blocks: []templates.Block{{Mail: card}}}, nil
}

// files fills the strip of attachments, after those that were unpacked; what they were unpacked from can be had as it was sent.
func (r *reading) files() {
	out := r.out
	files := out.Files
	out.Files = nil
	for _, p := range r.body.Files {
		files = append(files, attachmentOf(p))
	}
	out.ZipOK = len(r.body.Files) >= 3 && r.msg.Section == ""
	if len(files) > shownFiles {
		out.Files, out.MoreFiles = files[:shownFiles], files[shownFiles:]
	} else {
		out.Files = files
	}
}

func attachmentOf(p *imapsession.Part) templates.Attachment {
	a := templates.Attachment{Section: p.Section, Name: filenameOf(p), MimeType: p.Type, IsMail: p.Type == "message/rfc822" || p.Type == "message/global"}
	a.Kind, a.Tile, a.Hue = templates.KindOf(p.Type, a.Name)
	if size, exact := p.DecodedSize(); exact {
		a.Size = templates.Size(size)
	} else if size > 0 {
		a.Size = "about " + templates.Size(size)
	}
	a.Thumb = thumbable(p)
	a.Preview = previewOf(p.Type, a.Name) != templates.PreviewNone
	return a
}

func uidString(uid imapsession.UID) string { return strconv.FormatUint(uint64(uid), 10) }
