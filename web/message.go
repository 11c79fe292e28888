package web

import (
	"context"
	"errors"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"godwit/imapsession"
	"godwit/templates"
	"godwit/web/urls"
)

// opening is what a message's page is made of, asked for at once.
type opening struct {
	query      urls.List
	msg        *imapsession.Message
	props      *templates.Message
	neighbours *imapsession.Neighbours
	listing    *listing // nil for a fragment
}

func (s *Server) getMessage(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	query, err := urls.ParseList(c.QueryParams())
	if err != nil {
		return err
	}
	reader := !wantsPage(c.Request()) && htmxTarget(c.Request()) != "main"
	o, err := s.open(c, t.Ref, query, !reader)
	if err != nil {
		return err
	}
	unseen := !o.msg.Has(`\Seen`)
	defer s.markSeen(c, o.msg, unseen)
	if reader {
		return s.sendReader(c, o, unseen)
	}
	open := o.msg.Ref.UID
	if isPrefetch(c.Request()) {
		open = 0
	}
	props := s.mailboxProps(c, o.listing, open)
	props.Frame.Title = o.props.Subject
	props.Reader = s.readerProps(o, props.List.Title, unseen)
	page := view{page: templates.Mailbox(props)}
	if !wantsPage(c.Request()) {
		page.region = templates.Main(props.Frame.Title, props.List, props.Reader)
	}
	return s.render(c, page)
}

// open asks for the message with what it shows, its place, and for a whole page the list around it; all at once.
func (s *Server) open(c echo.Context, ref imapsession.Ref, query urls.List, withList bool) (*opening, error) {
	o := &opening{query: query}
	g, ctx := errgroup.WithContext(c.Request().Context())
	g.Go(func() (err error) {
		if o.msg, err = session(c).Message(ctx, ref); err != nil {
			return err
		}
		o.props, err = s.messageProps(ctx, c, o.msg, s.viewOf(c))
		return err
	})
	// Newer and older follow the order of arrival alone.
	if query.Order == imapsession.OrderArrival && query.Filter == imapsession.FilterAll && !query.Reverse {
		g.Go(func() error {
			n, err := session(c).Neighbours(ctx, ref)
			if err == nil {
				o.neighbours = &n
			} else if errors.Is(err, imapsession.ErrAuth) {
				return err
			}
			return nil // the message can be read without knowing what is next to it
		})
	}
	if withList {
		g.Go(func() (err error) {
			o.listing, err = s.list(ctx, c, ref.Mailbox, query)
			return err
		})
	}
	return o, g.Wait()
}

// viewOf reads how the message is to be shown this once.
func (s *Server) viewOf(c echo.Context) urls.View {
	v := urls.ParseView(c.QueryParams())
	if !s.consented(c, v.Remote) {
		v.Remote = ""
	}
	return v
}

func (s *Server) readerProps(o *opening, title string, unseen bool) templates.ReaderProps {
	r := templates.ReaderProps{Mailbox: o.msg.Ref.Mailbox, Title: title, Query: o.query, Message: o.props}
	if o.neighbours != nil {
		n := o.neighbours
		r.Place = &templates.Place{Newer: n.Newer, Older: n.Older, Place: n.Place, Total: n.Total}
	}
	if unseen {
		r.Seen = s.o.Base.Actions(o.msg.Ref.Mailbox)
	}
	return r
}

// sendReader answers htmx: the reader, the page's title, and the counts when one of them just changed.
func (s *Server) sendReader(c echo.Context, o *opening, unseen bool) error {
	// Asked for a moment ago with the list, so this costs nothing; what is not known is not worth waiting for.
	mailboxes, _ := session(c).Mailboxes(c.Request().Context(), 10*navAge)
	mailbox, _ := mailboxNamed(mailboxes, o.msg.Ref.Mailbox)
	components := []templ.Component{
		templates.Reader(s.readerProps(o, templates.MailboxTitle(mailbox), unseen)), templates.DocumentTitle(o.props.Subject),
	}
	if unseen && !isPrefetch(c.Request()) && len(mailboxes) > 0 {
		l := &listing{mailboxes: mailboxes}
		l.read(mailbox.Name)
		components = append(components, templates.Counts(templates.NavOf(l.mailboxes, mailbox.Name)))
	}
	if notices := s.alerts(c); len(notices) > 0 {
		components = append(components, templates.NoticesOOB(notices))
	}
	return s.send(c, 200, components...)
}

// markSeen sets \Seen once the page is out, unless it was fetched ahead of a click. That it fails, as in a mailbox that can only be read, is nothing a reader could mend.
func (s *Server) markSeen(c echo.Context, msg *imapsession.Message, unseen bool) {
	if !unseen || isPrefetch(c.Request()) || c.Request().Method != "GET" || c.Response().Status >= 400 {
		return
	}
	mail, id := session(c), requestOf(c).id
	s.goBackground(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, seenTimeout)
		defer cancel()
		if err := mail.MarkSeen(ctx, msg.Ref); err != nil {
			s.o.Log.Debug("mark seen", "request", id, "mailbox", msg.Ref.Mailbox, "uid", uint32(msg.Ref.UID), "err", err)
		}
	})
}

// getPartMessage opens a mail inside a mail: in its card's place, or as a page of its own.
func (s *Server) getPartMessage(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	msg, err := session(c).Embedded(ctx, t.Ref, t.Section)
	if err != nil {
		return err
	}
	props, err := s.messageProps(ctx, c, msg, s.viewOf(c))
	if err != nil {
		return err
	}
	reader := templates.ReaderProps{Mailbox: msg.Ref.Mailbox, Title: msg.Ref.Mailbox, Message: props}
	if !wantsPage(c.Request()) {
		card := templates.Embedded{Section: t.Section, From: props.From[0], Subject: props.Subject, When: props.When, Message: props}
		return s.send(c, 200, templates.EmbeddedMessage(reader, msg.Ref, card))
	}
	l, err := s.list(ctx, c, msg.Ref.Mailbox, urls.List{})
	if err != nil {
		return err
	}
	page := s.mailboxProps(c, l, msg.Ref.UID)
	page.Frame.Title = props.Subject
	reader.Title = page.List.Title
	page.Reader = reader
	return s.render(c, view{page: templates.Mailbox(page)})
}

// getPrint is a page of nothing but the message.
func (s *Server) getPrint(c echo.Context) error {
	t, err := urls.Parse(c.Request())
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	msg, err := session(c).Message(ctx, t.Ref)
	if err != nil {
		return err
	}
	props, err := s.messageProps(ctx, c, msg, s.viewOf(c))
	if err != nil {
		return err
	}
	return s.render(c, view{page: templates.Print(templates.PrintProps{Look: requestOf(c).prefs.look, Mailbox: msg.Ref.Mailbox, Message: *props})})
}
