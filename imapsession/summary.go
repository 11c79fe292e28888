package imapsession

import (
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
)

// Summary is one row of a list.
type Summary struct {
	Ref          Ref
	From         []rfc822.Address
	To           []rfc822.Address
	Subject      string    // decoded, one line, may be empty
	Date         time.Time // the Date header in its own zone, else Received
	Received     time.Time // INTERNALDATE
	Size         int64     // RFC822.SIZE, octets
	Flags        []string  // system flags and keywords as the server spells them
	Attachments  bool      // BODYSTRUCTURE shows a part a person would call a file
	Invite       bool      // a text/calendar part is among them
	Preview      string    // a line of the text, when PreviewKnown
	PreviewKnown bool
	MessageID    string
	References   []string // In-Reply-To last
}

// Has tells whether the flag or keyword is set; flags compare without case.
func (m *Summary) Has(flag string) bool { return hasFlag(m.Flags, flag) }

// summaryFields are the header fields a row is made of. Not ENVELOPE: it has no
// References and loses dates, IDs and names that are not quite as they should be.
var summaryFields = []string{"DATE", "FROM", "TO", "CC", "SUBJECT", "MESSAGE-ID", "IN-REPLY-TO", "REFERENCES"}

// summaryNeeds are the items without which there is no row.
const summaryNeeds = hasUID | hasFlags | hasHeader

// summaryOptions asks for all of a row in one FETCH. structure is left out
// after a server's BODYSTRUCTURE cost us a connection.
func summaryOptions(structure bool) *imap.FetchOptions {
	options := &imap.FetchOptions{
		UID:          true,
		Flags:        true,
		InternalDate: true,
		RFC822Size:   true,
		BodySection: []*imap.FetchItemBodySection{{
			Specifier:    imap.PartSpecifierHeader,
			HeaderFields: summaryFields,
			Peek:         true,
		}},
	}
	if structure {
		options.BodyStructure = &imap.FetchItemBodyStructure{Extended: true}
	}
	return options
}

// summary makes the row of one answer. A structure that can't be read costs it the paper clip, nothing else.
func (s *Session) summary(c *conn, f *fetched) Summary {
	header, _ := rfc822.ParseHeader(f.header)
	row := Summary{
		Ref:        Ref{Mailbox: c.mailbox, UIDValidity: c.uidValidity, UID: f.uid},
		From:       header.Addresses("From"),
		To:         header.Addresses("To"),
		Subject:    header.Text("Subject"),
		Received:   f.received,
		Size:       f.size,
		Flags:      f.flags,
		References: references(header),
	}
	if len(row.To) == 0 {
		row.To = header.Addresses("Cc")
	}
	if ids := header.MessageIDs("Message-Id"); len(ids) > 0 {
		row.MessageID = ids[0]
	}
	row.Date = f.received
	if date, ok := header.Date(); ok {
		row.Date = date
	}
	if f.body != nil {
		root := s.learn(row.Ref, f.body).root
		row.Attachments = len(bodyOf(root).Files) > 0
		row.Invite = hasInvite(root)
	}
	return row
}

// references joins References and In-Reply-To, the parent last and named once (RFC 5256 section 3).
func references(h rfc822.Header) []string {
	ids := h.MessageIDs("References")
	for _, parent := range h.MessageIDs("In-Reply-To") {
		if !slices.Contains(ids, parent) {
			ids = append(ids, parent)
		}
	}
	return ids
}

// learn converts a message's structure and keeps it for the parts and previews asked for next.
func (s *Session) learn(ref Ref, body imap.BodyStructure) *structure {
	if known, ok := s.read.structures.get(ref); ok {
		return known
	}
	known := newStructure(body)
	s.read.structures.put(ref, known, known.root.cost())
	return known
}

// known is the structure to read a message by: the server's, if it was learnt and is of use, or our own.
func (s *Session) known(ref Ref) *structure {
	known, ok := s.read.structures.get(ref)
	if !ok || known.doubtful() {
		return nil
	}
	return known
}

// learnUsable is known for an answer that just came; nil when there was no structure of use in it.
func (s *Session) learnUsable(ref Ref, row *fetched) *structure {
	if !row.has(hasStructure) {
		return nil
	}
	if known := s.learn(ref, row.body); !known.doubtful() {
		return known
	}
	return nil
}
