package imapsession

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
	"godwit/imapsession/wire"
)

// Previews returns a line of text for each of the UIDs that still exist: PREVIEW (RFC 8970)
// where offered, else cut from the first bytes of the text part. At most 200 UIDs.
func (s *Session) Previews(ctx context.Context, mailbox string, uidValidity uint32, uids []UID) (map[UID]string, error) {
	if len(uids) > maxPageSize {
		return nil, fmt.Errorf("previews of %d messages: %w", len(uids), ErrTooLarge)
	}
	uids = slices.DeleteFunc(slices.Clone(uids), func(uid UID) bool { return uid == 0 })
	if len(uids) == 0 {
		return nil, nil
	}
	var lines map[UID]string
	err := s.with(ctx, lease{mailbox: mailbox, uidValidity: uidValidity}, func(c *conn) (err error) {
		lines, err = s.previews(ctx, c, uids)
		if err != nil || len(lines) == len(uids) || c.fresh {
			return err
		}
		// Some are gone, or this connection has not heard of them yet.
		if err := c.refresh(); err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(uids), func(uid UID) bool { _, ok := lines[uid]; return ok })
		more, err := s.previews(ctx, c, missing)
		maps.Copy(lines, more)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("previews of %s: %w", mailbox, err)
	}
	s.keepPreviews(Ref{Mailbox: mailbox, UIDValidity: uidValidity}, lines)
	return lines, nil
}

func (s *Session) previews(ctx context.Context, c *conn, uids []UID) (map[UID]string, error) {
	if !c.can.preview {
		return s.cutPreviews(c, uids)
	}
	lines, err := c.preview(ctx, "UID FETCH", uidsOf(uids).String(), false)
	if err != nil && !isTagged(err) {
		return nil, err
	}
	// QUIRK: Cyrus without its annotator offers PREVIEW and answers NIL, which RFC 8970 section 3 allows where the server has none.
	missing := slices.DeleteFunc(slices.Clone(uids), func(uid UID) bool { return lines[uid] != "" })
	if len(missing) == 0 {
		return lines, nil
	}
	cut, err := s.cutPreviews(c, missing)
	if lines == nil {
		return cut, err
	}
	maps.Copy(lines, cut)
	return lines, err
}

// preview sends FETCH with PREVIEW, which go-imap lacks. What the server has none of is
// absent; with lazy also what it does not have at hand.
func (c *conn) preview(ctx context.Context, command, set string, lazy bool) (map[UID]string, error) {
	item := []any{wire.Atom("UID"), wire.Atom("PREVIEW")}
	if lazy {
		item = append(item, []any{wire.Atom("LAZY")})
	}
	isOurs := func(r wire.Response) bool {
		_, _, ok := previewIn(r)
		return ok
	}
	result, err := c.wire.CommandFor(ctx, command, []any{wire.Atom(set), item}, "PREVIEW", isOurs)
	if err != nil {
		return nil, err
	}
	lines := make(map[UID]string)
	for _, r := range result.Untagged {
		if uid, text, ok := previewIn(r); ok && uid != 0 && text != nil {
			lines[uid] = rfc822.PreviewText(*text, false, maxPreview)
		}
	}
	if result.Status != "OK" && len(lines) == 0 {
		return nil, &imap.Error{Type: imap.StatusResponseType(result.Status), Text: result.Text}
	}
	return lines, nil
}

// previewIn reads "* 12 FETCH (UID 5 PREVIEW "text")"; NIL gives a nil text.
func previewIn(r wire.Response) (uid UID, text *string, ok bool) {
	if r.Name != "FETCH" || len(r.Fields) == 0 {
		return 0, nil, false
	}
	items, _ := r.Fields[0].([]any)
	for i := 0; i+1 < len(items); i += 2 {
		name, _ := items[i].(string)
		value, isText := items[i+1].(string)
		switch {
		case strings.EqualFold(name, "UID"):
			n, _ := strconv.ParseUint(value, 10, 32) // 0 is no UID
			uid = UID(n)
		case strings.EqualFold(name, "PREVIEW"):
			ok = true
			if isText {
				text = &value
			}
		}
	}
	return uid, text, ok
}

// lazily is a PREVIEW (LAZY) that runs beside a FETCH.
type lazily struct {
	done  chan struct{}
	lines map[UID]string
}

// previewLazily asks beside another command, in the same round trip. Its goroutine
// ends with the command, ctx or the connection; wait waits for it. A fault costs the previews only:
// one of the connection shows in the command it goes with.
func (c *conn) previewLazily(ctx context.Context, command, set string) *lazily {
	if !c.can.preview {
		return nil
	}
	l := &lazily{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.lines, _ = c.preview(ctx, command, set, true)
	}()
	return l
}

func (l *lazily) wait() map[UID]string {
	if l == nil {
		return nil
	}
	<-l.done
	return l.lines
}

// How much of a text part a preview is cut from. HTML of newsletters opens with its styles.
const (
	previewTextOctets = 2 << 10
	previewHTMLOctets = 16 << 10
)

// cutPreviews makes previews of our own: one round trip for the structures
// that no page taught us, one for the beginnings of all text parts.
func (s *Session) cutPreviews(c *conn, uids []UID) (map[UID]string, error) {
	lines := make(map[UID]string)
	shown, err := s.shownTexts(c, uids)
	if err != nil {
		return nil, err
	}
	// Most messages have their text at 1 or 1.1: one FETCH for each section and kind.
	type group struct {
		section Section
		octets  int64
	}
	groups := make(map[group][]UID)
	for uid, part := range shown {
		if part == nil {
			lines[uid] = ""
			continue
		}
		g := group{part.Section, previewTextOctets}
		if part.Type == "text/html" {
			g.octets = previewHTMLOctets
		}
		groups[g] = append(groups[g], uid)
	}
	var inFlight []*fetching
	for g, members := range groups {
		inFlight = append(inFlight, c.ask(uidsOf(members), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{
			Part:    g.section.Path(),
			Partial: &imap.SectionPartial{Offset: 0, Size: g.octets},
			Peek:    true,
		}}}))
	}
	for _, f := range inFlight {
		rows, fault := f.wait()
		if fault != nil {
			err = errors.Join(err, fault)
		}
		for _, row := range rows {
			if part := shown[row.uid]; part != nil && row.has(hasUID|hasContent) {
				lines[row.uid] = previewOf(part, row.content)
			}
		}
	}
	return lines, err
}

// shownTexts gives the part that each message's preview is cut from: nil for one that has no text.
func (s *Session) shownTexts(c *conn, uids []UID) (map[UID]*Part, error) {
	shown := make(map[UID]*Part)
	ref := Ref{Mailbox: c.mailbox, UIDValidity: c.uidValidity}
	var unknown []UID
	for _, uid := range uids {
		ref.UID = uid
		if known, ok := s.read.structures.get(ref); ok {
			shown[uid] = firstText(known.root)
		} else {
			unknown = append(unknown, uid)
		}
	}
	if len(unknown) == 0 {
		return shown, nil
	}
	rows, err := c.ask(uidsOf(unknown), &imap.FetchOptions{UID: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true}}).wait()
	for _, row := range rows {
		if row.has(hasUID | hasStructure) {
			ref.UID = row.uid
			shown[row.uid] = firstText(s.learn(ref, row.body).root)
		}
	}
	return shown, err
}

// firstText is the text a reader sees first, the plain one if there is a choice. Parts of our own parse are left
// out: their octets are not the server's to cut.
func firstText(root *Part) *Part {
	body := bodyOf(root)
	part := body.HTML
	if len(body.Text) > 0 {
		part = body.Text[0]
	}
	if part == nil || part.raw != nil {
		return nil
	}
	return part
}

// maxPreview is how much of a preview is kept: RFC 8970 section 3 has 200 characters
// as what servers should send, and no list shows more.
const maxPreview = 200 // characters

func previewOf(part *Part, octets []byte) string {
	if d := rfc822.NewDecoder(part.Encoding); d != nil {
		n, _ := d.Decode(octets, octets, true)
		octets = octets[:n]
	}
	html := part.Type == "text/html"
	return rfc822.PreviewText(rfc822.DecodeText(octets, part.Params["charset"], html), html, maxPreview)
}
