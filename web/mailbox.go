package web

import (
	"context"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/urls"
)

// pageSize is the rows of a list page.
const pageSize = 50

// navHeader says which state of the folder tree the browser shows: with many folders the tree is the greater part of a list's answer, and mostly it is
// the same as before.
const navHeader = "Godwit-Nav"

// listing is a page of a list and the tree beside it.
type listing struct {
	query     urls.List
	page      *imapsession.Page
	mailboxes []imapsession.Mailbox
}

// list asks for both at once.
func (s *Server) list(ctx context.Context, c echo.Context, mailbox string, query urls.List) (*listing, error) {
	l := &listing{query: query}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		l.page, err = session(c).Page(ctx, mailbox, imapsession.PageSpec{
			Size: pageSize, Before: query.Before, After: query.After, Order: query.Order, Reverse: query.Reverse, Filter: query.Filter,
		})
		return err
	})
	g.Go(func() (err error) {
		l.mailboxes, err = session(c).Mailboxes(ctx, navAge)
		return err
	})
	return l, g.Wait()
}

func (s *Server) getMailbox(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	query, err := urls.ParseList(c.QueryParams())
	if err != nil {
		return err
	}
	l, err := s.list(c.Request().Context(), c, t.Ref.Mailbox, query)
	if err != nil {
		return err
	}
	props := s.mailboxProps(c, l, 0)
	props.Reader = templates.ReaderProps{Mailbox: props.List.Mailbox, Title: props.List.Title, Query: query}
	// Main is both panes: what going back asks for. The reader is emptied when the list was opened from another one.
	if htmxTarget(c.Request()) == "main" {
		return s.render(c, view{page: templates.Mailbox(props), region: templates.Main(props.Frame.Title, props.List, props.Reader)})
	}
	beside := []templ.Component{templates.DocumentTitle(props.Frame.Title)}
	if nav := props.Frame.Nav; nav.State != c.Request().Header.Get(navHeader) {
		nav.OOB = true
		beside = append(beside, templates.Nav(nav))
	}
	if len(props.Frame.Notices) > 0 {
		beside = append(beside, templates.NoticesOOB(props.Frame.Notices))
	}
	return s.render(c, view{page: templates.Mailbox(props), region: templates.List(props.List), beside: beside})
}

// mailboxProps draws a listing; open is the message in the reader, which counts as read, or 0.
func (s *Server) mailboxProps(c echo.Context, l *listing, open imapsession.UID) templates.MailboxProps {
	clock := s.clock(c)
	mailbox, _ := mailboxNamed(l.mailboxes, l.page.Mailbox)
	if l.page.Mailbox == "" {
		mailbox, _ = mailboxNamed(l.mailboxes, "INBOX")
	}
	outgoing := mailbox.Role == imapsession.RoleSent || mailbox.Role == imapsession.RoleDrafts
	rows := make([]templates.Row, len(l.page.Summaries))
	for i, summary := range l.page.Summaries {
		rows[i] = templates.RowOf(summary, clock, outgoing, l.query.Order == imapsession.OrderArrival)
		if open != 0 && summary.Ref.UID == open {
			if rows[i].Unread && mailbox.Unseen > 0 {
				l.read(mailbox.Name)
				mailbox.Unseen--
			}
			rows[i].Open, rows[i].Unread = true, false
		}
	}
	title := templates.MailboxTitle(mailbox)
	documentTitle := title
	if mailbox.Unseen > 0 {
		documentTitle += " (" + strconv.FormatUint(uint64(mailbox.Unseen), 10) + ")"
	}
	look := requestOf(c).prefs.look
	return templates.MailboxProps{
		Frame: s.frameOf(c, documentTitle, templates.NavOf(l.mailboxes, mailbox.Name)),
		List: templates.ListProps{
			Mailbox: l.page.Mailbox, Title: title, Role: mailbox.Role, Query: l.query, Unread: mailbox.Unseen,
			Total: l.page.Total, First: l.page.First, Groups: templates.GroupRows(rows, l.page.Summaries, clock, l.query.Order),
			Older: l.page.Older, Newer: l.page.Newer, Orders: l.page.Orders, UIDValidity: l.page.UIDValidity, ReadOnly: l.page.ReadOnly,
			Look: look, Here: s.here(c),
		},
	}
}

// read takes one unread message off a mailbox's count: \Seen is set after the page is out.
func (l *listing) read(mailbox string) {
	for i := range l.mailboxes {
		if l.mailboxes[i].Name == mailbox && l.mailboxes[i].Unseen > 0 {
			l.mailboxes[i].Unseen--
		}
	}
}

// getPreviews gives the lines that a list was painted without.
func (s *Server) getPreviews(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	uids, err := urls.ParseUIDs(c.QueryParams())
	if err != nil {
		return err
	}
	lines, err := session(c).Previews(c.Request().Context(), t.Ref.Mailbox, t.Ref.UIDValidity, uids)
	if err != nil {
		return err
	}
	previews := make([]templates.Preview, 0, len(uids))
	for _, uid := range uids {
		if line, ok := lines[uid]; ok {
			previews = append(previews, templates.Preview{UID: uid, Text: line})
		}
	}
	return s.send(c, 200, templates.Previews(previews))
}
