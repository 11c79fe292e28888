package templates

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"godwit/imapsession"
	"godwit/web/mailhtml"
	"godwit/web/urls"
)

func (r ReaderProps) view() string {
	if r.Message != nil || r.Error != nil {
		return "message"
	}
	return "list"
}

// data tells scripts what is open: data-path is absent when nothing is.
func (r ReaderProps) data(ctx context.Context) templ.Attributes {
	if r.Message == nil {
		return nil
	}
	ref := r.Message.Ref
	a := templ.Attributes{
		"data-path": urls.From(ctx).Message(imapsession.Ref{Mailbox: ref.Mailbox, UID: ref.UID}),
		"data-uid":  uidText(ref.UID), "data-v": strconv.FormatUint(uint64(ref.UIDValidity), 10),
	}
	if r.Seen != "" {
		a["data-seen"] = r.Seen
	}
	return a
}

// shown is the address of m, shown in another way.
func (r ReaderProps) shown(ctx context.Context, m Message, v urls.View) string {
	if m.Section != "" {
		return urls.From(ctx).PartMessageView(m.Ref, m.Section, v)
	}
	return urls.From(ctx).MessageView(imapsession.Ref{Mailbox: m.Ref.Mailbox, UID: m.Ref.UID}, r.Query, v)
}

func (r ReaderProps) neighbour(ctx context.Context, uid imapsession.UID) string {
	return urls.From(ctx).MessageIn(imapsession.Ref{Mailbox: r.Mailbox, UID: uid}, r.Query)
}

// swapHere lets a link replace the message it stands in: the reader, or the card of an embedded one.
func (m Message) swapHere() templ.Attributes {
	if m.Section != "" {
		return templ.Attributes{"hx-target": "#" + embeddedID(m.Section), "hx-swap": "outerHTML", "hx-push-url": "false"}
	}
	return templ.Attributes{"hx-target": "#reader", "hx-swap": "outerHTML", "hx-push-url": "true"}
}

// id is unique among a message and those inside it.
func (m Message) id(what string) string {
	return what + "-" + uidText(m.Ref.UID) + "-" + strings.ReplaceAll(string(m.Section), ".", "-")
}

func embeddedID(s imapsession.Section) string {
	return "mail-" + strings.ReplaceAll(string(s), ".", "-")
}

func (m Message) first() Person {
	if len(m.From) == 0 {
		return PeopleOf(nil, nil, true)[0]
	}
	return m.From[0]
}

func (m Message) blockedWords() string {
	return Plural(m.Blocked, "remote image", "remote images") + " blocked. The sender cannot see that you opened this."
}

func (c BodyChoice) otherName() string {
	if c.Other == "text" {
		return "Show as plain text"
	}
	return "Show as HTML"
}

func (c BodyChoice) otherIcon() string {
	if c.Other == "text" {
		return "file-text"
	}
	return "image"
}

// angle is the address as headers write it: in angle brackets after a name.
func (p Person) angle() string {
	if p.Name == "" {
		return p.Addr
	}
	return "<" + p.Addr + ">"
}

func (h HTMLBlock) height() string {
	const usual, least, most = 480, 60, 20000 // CSS pixels
	if h.Height <= 0 {
		return strconv.Itoa(usual)
	}
	return strconv.Itoa(min(max(h.Height, least), most))
}

// textRun is a stretch of blocks that are all quoted, or all the sender's own.
type textRun struct {
	quoted bool
	open   bool // a short quote with an answer after it is part of the talk
	lines  int
	blocks []textPiece
}

type textPiece struct{ mailhtml.Block }

func runsOf(blocks []mailhtml.Block) []textRun {
	var runs []textRun
	for _, b := range blocks {
		quoted := b.Depth > 0
		if n := len(runs); n == 0 || runs[n-1].quoted != quoted {
			runs = append(runs, textRun{quoted: quoted})
		}
		run := &runs[len(runs)-1]
		run.blocks = append(run.blocks, textPiece{b})
		run.lines += len(b.Lines)
	}
	const shortQuote = 6 // lines that are not worth folding between answers
	for i := range runs {
		runs[i].open = runs[i].quoted && runs[i].lines <= shortQuote && answered(runs[i+1:])
	}
	return runs
}

// answered tells whether words of the sender's own follow, a signature aside.
func answered(rest []textRun) bool {
	for _, run := range rest {
		for _, b := range run.blocks {
			if b.Depth == 0 && !b.Signature && !blank(b.Lines) {
				return true
			}
		}
	}
	return false
}

func blank(lines []mailhtml.Line) bool {
	for _, line := range lines {
		for _, s := range line {
			if strings.TrimSpace(s.Text) != "" {
				return false
			}
		}
	}
	return true
}

// depth is the class that draws the quote's bar; deeper than five looks like five.
func (p textPiece) depth() string { return "q" + strconv.Itoa(min(p.Depth, 5)) }

func (i Invite) method() string {
	if i.Method == "" {
		return "Invitation"
	}
	return i.Method
}

func (b Bounce) icon() string {
	if b.Failed {
		return "mail-warning"
	}
	return "clock"
}

func (f Attachment) download(ctx context.Context, ref imapsession.Ref) string {
	if f.InFile {
		return urls.From(ctx).PartFile(ref, f.Section, f.File)
	}
	return urls.From(ctx).Download(ref, f.Section)
}

// open is where the name leads: the message itself, the preview page, else the download.
func (f Attachment) open(ctx context.Context, ref imapsession.Ref) string {
	switch {
	case f.InFile:
		return f.download(ctx, ref)
	case f.IsMail:
		return urls.From(ctx).PartMessage(ref, f.Section)
	case f.Preview:
		return urls.From(ctx).PartPreview(ref, f.Section)
	}
	return f.download(ctx, ref)
}

func (f Attachment) openAs() templ.Attributes {
	if !f.InFile && (f.IsMail || f.Preview) {
		return nil
	}
	return templ.Attributes{"download": true}
}

func (f Attachment) thumb(ctx context.Context, ref imapsession.Ref) string {
	return urls.From(ctx).PartThumb(ref, f.Section)
}

func (f Attachment) stem() string { s, _ := stemAndExt(f.Name); return s }
func (f Attachment) ext() string  { _, e := stemAndExt(f.Name); return e }

// about is "PDF · 2.4 MB".
func (f Attachment) about() string {
	switch {
	case f.Kind == "":
		return f.Size
	case f.Size == "":
		return f.Kind
	}
	return f.Kind + " · " + f.Size
}

// filesLabel names the strip of files; a message within another says whose they are.
func (m Message) filesLabel() string {
	label := Plural(len(m.Files)+len(m.MoreFiles), "attachment", "attachments")
	if m.Section != "" {
		label += " of " + m.Subject
	}
	return label
}

func (m Message) allFiles() []Attachment {
	return append(append([]Attachment(nil), m.Files...), m.MoreFiles...)
}

func sourceAbout(p SourceProps) string {
	if p.Size == "" {
		return p.Subject
	}
	return p.Subject + " · " + p.Size
}
