package imapsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
)

// Message is one message as far as it can be told without its parts' content.
type Message struct {
	Ref      Ref
	Section  Section // where it lies when it is embedded (message/rfc822); empty for the mail itself
	Header   rfc822.Header
	Received time.Time // INTERNALDATE; zero for an embedded one
	Size     int64     // octets
	Flags    []string
	Root     *Part    // never nil
	Repairs  []string // what could not be read as sent, in words for a person; mostly empty
}

// Has tells whether the flag or keyword is set.
func (m *Message) Has(flag string) bool { return hasFlag(m.Flags, flag) }

// maxHeader is how much of a header is read; the largest seen in real mail have some 60 KiB.
const maxHeader = 256 << 10 // octets

// Message returns headers, flags and structure in one round trip (more when the structure is
// unusable). It does not set \Seen. ErrNoMailbox, ErrNoMessage, ErrStale.
//
// A structure that the server can't tell, or not so that it can be understood, is replaced by one of our
// own that reads the whole message; one that is too large for that comes as a single file. Repairs says so.
func (s *Session) Message(ctx context.Context, ref Ref) (*Message, error) {
	m, known, err := s.message(ctx, ref, true)
	if err != nil && mayBeOurParser(ctx, err) {
		var again error
		if m, known, again = s.message(ctx, ref, false); again == nil {
			err = nil
		}
	}
	if err == nil && known == nil {
		known, err = s.rebuild(ctx, m)
	}
	if err != nil {
		return nil, fmt.Errorf("message %v: %w", ref, err)
	}
	m.Root, m.Repairs = known.root, append(m.Repairs, known.repairs...)
	if known.own {
		m.Repairs = append(m.Repairs, rebuilt)
	}
	return m, nil
}

// What a person reads of a message that could not be read as it was sent.
const (
	rebuilt      = "The mail server could not tell how this message is built. It was read as a whole instead."
	notRebuilt   = "The mail server could not tell how this message is built, and it is too large to be taken apart. It can be downloaded as a whole."
	longHeader   = "The header of this message is unusually long. Only its beginning was read."
	tooManyParts = "This message has more parts than can be shown; some were left out."
)

// message asks for all but the content. A nil structure and no error mean that the server's was not asked for or is of no use.
func (s *Session) message(ctx context.Context, ref Ref, withStructure bool) (m *Message, known *structure, err error) {
	err = s.with(ctx, lease{mailbox: ref.Mailbox, uidValidity: ref.UIDValidity}, func(c *conn) error {
		ref.UIDValidity = c.uidValidity
		known = s.known(ref)
		options := &imap.FetchOptions{
			UID: true, Flags: true, InternalDate: true, RFC822Size: true,
			BodySection: []*imap.FetchItemBodySection{{
				Specifier: imap.PartSpecifierHeader,
				Partial:   &imap.SectionPartial{Offset: 0, Size: maxHeader},
				Peek:      true,
			}},
		}
		if known == nil && withStructure {
			options.BodyStructure = &imap.FetchItemBodyStructure{Extended: true}
		}
		row, err := c.askOne(ref.UID, options, hasFlags|hasHeader, nil)
		if err != nil {
			return err
		}
		m = newMessage(ref, row)
		if known == nil {
			known = s.learnUsable(ref, row)
		}
		if known != nil && known.overlooks(m.Header) {
			known = nil
		}
		return nil
	})
	return m, known, err
}

func newMessage(ref Ref, row *fetched) *Message {
	header, _ := rfc822.ParseHeader(row.header)
	m := &Message{Ref: ref, Header: header, Received: row.received, Size: row.size, Flags: row.flags}
	if len(row.header) == maxHeader {
		m.Repairs = append(m.Repairs, longHeader)
	}
	return m
}

// rebuild makes a structure without the server's help.
func (s *Session) rebuild(ctx context.Context, m *Message) (*structure, error) {
	known, err := s.parseWhole(ctx, m.Ref)
	if !errors.Is(err, ErrTooLarge) {
		return known, err
	}
	known = &structure{
		repairs: []string{notRebuilt},
		root: &Part{
			Type: "message/rfc822", Disposition: "attachment", Filename: rfc822.SafeName("message.eml"),
			Encoding: "binary", Octets: m.Size,
		},
	}
	s.read.structures.put(m.Ref, known, 1)
	return known, nil
}

// Embedded returns the message/rfc822 part at section as a message of its own; its parts keep
// their full sections, so Part and Find work with the outer Ref. It costs one round trip, more for one that is
// encoded, since servers don't look into those (RFC 2045 section 6.4 forbids them): it is read whole, up to 64 MiB.
func (s *Session) Embedded(ctx context.Context, ref Ref, section Section) (*Message, error) {
	m, err := s.embedded(ctx, ref, section)
	if err != nil {
		return nil, fmt.Errorf("message at %.40q of %v: %w", string(section), ref, err)
	}
	return m, nil
}

func (s *Session) embedded(ctx context.Context, ref Ref, section Section) (*Message, error) {
	if section == "" {
		return nil, ErrNoPart
	}
	known, ref, header, err := s.innerHeader(ctx, ref, section)
	if err != nil {
		return nil, err
	}
	part, err := s.findPart(ctx, ref, known, section)
	switch {
	case err != nil:
		return nil, err
	case !isEmbedded(part.Type):
		return nil, fmt.Errorf("it is %s: %w", part.Type, ErrNoPart)
	}
	m := &Message{Ref: ref, Section: section, Size: part.Octets}
	if len(part.Children) == 0 {
		inner, head, err := s.parseInside(ctx, ref, part)
		if err != nil {
			return nil, err
		}
		m.Root, m.Header, m.Size, m.Repairs = inner.root, head, inner.size, inner.repairs
		return m, nil
	}
	m.Root = part.Children[0]
	if part.Children[0].raw != nil || header == nil {
		if header, err = s.readHeader(ctx, ref, part); err != nil {
			return nil, err
		}
	}
	m.Header, _ = rfc822.ParseHeader(header)
	return m, nil
}

// innerHeader asks for the header of an inner message, and for the structure where it is not known yet.
func (s *Session) innerHeader(ctx context.Context, ref Ref, section Section) (known *structure, at Ref, header []byte, err error) {
	err = s.with(ctx, lease{mailbox: ref.Mailbox, uidValidity: ref.UIDValidity}, func(c *conn) error {
		ref.UIDValidity = c.uidValidity
		known = s.known(ref)
		if known != nil {
			if part := known.root.find(section); part == nil || part.raw != nil || len(part.Children) == 0 {
				return nil // the server has nothing to say about it
			}
		}
		options := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{
			Part:      section.Path(),
			Specifier: imap.PartSpecifierHeader,
			Partial:   &imap.SectionPartial{Offset: 0, Size: maxHeader},
			Peek:      true,
		}}}
		if known == nil {
			options.BodyStructure = &imap.FetchItemBodyStructure{Extended: true}
		}
		row, err := c.askOne(ref.UID, options, hasUID, nil)
		if err != nil {
			return err
		}
		header = row.header
		if known == nil {
			known = s.learnUsable(ref, row)
		}
		return nil
	})
	if err != nil && !mayBeOurParser(ctx, err) {
		return nil, ref, nil, err
	}
	if err != nil || known == nil {
		known, err = s.parseWhole(ctx, ref)
	}
	return known, ref, header, err
}

// readHeader reads an inner message's header from where its content lies.
func (s *Session) readHeader(ctx context.Context, ref Ref, part *Part) ([]byte, error) {
	r, err := s.openPart(ctx, ref, part, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxHeader))
}
