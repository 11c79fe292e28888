package imapsession

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
)

// Limits of what Texts asks for at once.
const (
	maxSmallText  = 32 << 10 // octets of a part
	maxSmallTexts = 1 << 20  // octets of all
)

// Texts returns the small text parts of a message in one round trip, decoded as Text decodes them. Only those it gives are
// there: parts of another size than announced, long ones, and those of a structure that the server could not tell are left to Text.
// It is for messages of many parts, which would cost a round trip each. ErrNoMailbox, ErrNoMessage, ErrStale.
func (s *Session) Texts(ctx context.Context, m *Message, sections []Section) (map[Section]string, error) {
	var parts []*Part
	left := int64(maxSmallTexts)
	for _, section := range sections {
		part := m.Root.find(section)
		if part == nil || part.raw != nil || len(part.Children) > 0 || part.Octets <= 0 || part.Octets > min(maxSmallText, left) {
			continue
		}
		left -= part.Octets
		parts = append(parts, part)
	}
	if len(parts) == 0 || m.Section != "" {
		return nil, nil
	}
	var contents map[string][]byte
	err := s.with(ctx, lease{mailbox: m.Ref.Mailbox, uidValidity: m.Ref.UIDValidity}, func(c *conn) (err error) {
		contents, err = c.askSections(m.Ref.UID, parts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("texts of %v: %w", m.Ref, err)
	}
	texts := make(map[Section]string, len(parts))
	for _, part := range parts {
		octets, ok := contents[fmt.Sprint(part.Section.Path())]
		if !ok || int64(len(octets)) != part.Octets {
			continue
		}
		if d := rfc822.NewDecoder(part.Encoding); d != nil {
			n, _ := d.Decode(octets, octets, true)
			octets = octets[:n]
		}
		texts[part.Section] = rfc822.DecodeText(octets, part.Params["charset"], part.Type == "text/html")
	}
	return texts, nil
}

// askSections asks for the beginnings of several parts of a message, as far as they are small; by path.
func (c *conn) askSections(uid UID, parts []*Part) (map[string][]byte, error) {
	options := &imap.FetchOptions{UID: true}
	for _, part := range parts {
		options.BodySection = append(options.BodySection, &imap.FetchItemBodySection{
			Part:    part.Section.Path(),
			Partial: &imap.SectionPartial{Offset: 0, Size: maxSmallText + 1},
			Peek:    true,
		})
	}
	f := &fetching{sections: make(map[string][]byte, len(parts))}
	err := gather(c.fetch(uidsOf([]UID{uid}), options), f)
	return f.sections, err
}
