package imapsession

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
	"godwit/imapsession/wire"
)

// Limits of a message's tree. Real mail nests less than ten deep and rarely
// holds more than fifty parts; what lies beyond is left out and said in Repairs.
const (
	maxParts = 500
	maxDepth = maxSectionDepth
)

// Part is a node of a message's MIME tree, from BODYSTRUCTURE or, where that is unusable, from our own parse.
type Part struct {
	Section     Section
	Type        string            // "text/plain", lower case, never empty
	Params      map[string]string // Content-Type parameters, keys lower case, RFC 2231 and 2047 decoded
	Disposition string            // "attachment", "inline" or empty
	Filename    string            // decoded, path and control characters removed; may be empty
	ContentID   string            // without <>
	Location    string            // Content-Location
	Description string
	Encoding    string  // Content-Transfer-Encoding, lower case: "base64", "7bit" ...
	Octets      int64   // encoded size as the server tells it
	Children    []*Part // of a multipart, or the one root of a message/rfc822

	raw *rawSpan // where it lies in the whole message, when the structure is our own parse
}

// DecodedSize estimates the size of the content in octets; exact only for the identity encodings.
func (p *Part) DecodedSize() (size int64, exact bool) {
	switch {
	case isIdentity(p.Encoding):
		return p.Octets, true
	case p.Encoding == "base64":
		// 76 characters and CRLF carry 57 octets, which is what nearly all
		// senders write (RFC 2045 section 6.8 allows at most that).
		full, rest := p.Octets/78, p.Octets%78
		return full*57 + rest*3/4, false
	}
	return p.Octets, false
}

// isIdentity tells the encodings that leave the octets as they are. A name that nobody
// knows is read as such, since no better reading exists (RFC 2045 section 6.4).
func isIdentity(encoding string) bool {
	switch encoding {
	case "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue":
		return false
	}
	return true
}

// Find returns the part at a section, or ErrNoPart.
func (m *Message) Find(section Section) (*Part, error) {
	if p := m.Root.find(section); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("section %.40q of %v: %w", string(section), m.Ref, ErrNoPart)
}

// find searches in pre-order, so that a message/rfc822 is found before the
// multipart inside it, which has no number of its own.
func (p *Part) find(section Section) *Part {
	if p.Section == section {
		return p
	}
	for _, child := range p.Children {
		if found := child.find(section); found != nil {
			return found
		}
	}
	return nil
}

// cost is how many nodes the tree has, where one that takes up more room than most counts for several.
func (p *Part) cost() int {
	octets := len(p.Filename) + len(p.ContentID) + len(p.Location) + len(p.Description)
	for key, value := range p.Params {
		octets += len(key) + len(value)
	}
	n := 1 + octets/400
	for _, child := range p.Children {
		n += child.cost()
	}
	return n
}

// structure is a message's tree with what had to be mended on the way. It is
// shared between calls and never changed once made.
type structure struct {
	root    *Part
	repairs []string

	// Of our own parse alone:
	own    bool
	header rfc822.Header // of the message
	size   int64         // of the message, octets
}

// usableStructure gives nil for a structure that the wire, or the server, could not make sense of.
// A message inside the message may have such a one: then it alone is read by our own parse.
func usableStructure(bs imap.BodyStructure) imap.BodyStructure {
	switch bs := bs.(type) {
	case *imap.BodyStructureMultiPart:
		for _, child := range bs.Children {
			if usableStructure(child) == nil {
				return nil
			}
		}
		if len(bs.Children) == 0 {
			return nil
		}
	case *imap.BodyStructureSinglePart:
		if strings.EqualFold(bs.Type, wire.UnusableStructure) {
			return nil
		}
	}
	return bs
}

// doubtful tells of a multipart in which the server found nothing but an empty text, as
// Dovecot does when the boundary that is named never comes. Our own parse looks for the one that was meant.
func (s *structure) doubtful() bool { return !s.own && hasHollow(s.root) }

// overlooks tells of a mail whose Content-Type the server ignored. QUIRK: Courier takes all for plain text that
// lacks MIME-Version, as RFC 2045 section 4 lets it; readers expect the HTML that scripts send so.
func (s *structure) overlooks(h rfc822.Header) bool {
	if s.own || s.root.Type != "text/plain" || len(s.root.Params) > 0 || h.Get("Mime-Version") != "" {
		return false
	}
	kind, _ := rfc822.ParseMediaType(h.Get("Content-Type"))
	return kind != "text/plain" && (strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "multipart/"))
}

func hasHollow(p *Part) bool {
	if len(p.Children) == 1 && strings.HasPrefix(p.Type, "multipart/") && p.Children[0].Type == "text/plain" && p.Children[0].Octets == 0 {
		return true
	}
	return slices.ContainsFunc(p.Children, hasHollow)
}

// structureReader turns go-imap's BODYSTRUCTURE into Parts.
type structureReader struct {
	parts int
	cut   bool
}

// newStructure converts bs. Numbers follow RFC 9051 section 6.4.5.1: the
// children of a multipart are S.1, S.2 ...; the only part of a message without
// multipart is S.1.
func newStructure(bs imap.BodyStructure) *structure {
	var r structureReader
	root := r.message(bs, "", 0)
	s := &structure{root: root}
	if r.cut {
		s.repairs = append(s.repairs, tooManyParts)
	}
	return s
}

// message converts the content of a message that lies at section.
func (r *structureReader) message(bs imap.BodyStructure, section Section, depth int) *Part {
	if _, ok := bs.(*imap.BodyStructureMultiPart); ok {
		return r.part(bs, section, depth)
	}
	return r.part(bs, section.Child(1), depth)
}

func (r *structureReader) part(bs imap.BodyStructure, section Section, depth int) *Part {
	r.parts++
	switch bs := bs.(type) {
	case *imap.BodyStructureMultiPart:
		return r.multipart(bs, section, depth)
	case *imap.BodyStructureSinglePart:
		return r.single(bs, section, depth)
	}
	// A hole in the tree (a server's NIL): an empty text takes its place.
	return &Part{Section: section, Type: "text/plain", Encoding: "7bit"}
}

func (r *structureReader) multipart(bs *imap.BodyStructureMultiPart, section Section, depth int) *Part {
	p := &Part{Section: section, Type: mediaType("multipart", bs.Subtype), Encoding: "7bit"}
	if ext := bs.Extended; ext != nil {
		p.Params = rfc822.DecodeParams(ext.Params)
		p.Location = ext.Location
		r.describe(p, ext.Disposition)
	}
	for i, child := range bs.Children {
		if r.parts >= maxParts || depth >= maxDepth {
			r.cut = true
			break
		}
		p.Children = append(p.Children, r.part(child, section.Child(i+1), depth+1))
	}
	return p
}

func (r *structureReader) single(bs *imap.BodyStructureSinglePart, section Section, depth int) *Part {
	p := &Part{
		Section:     section,
		Type:        mediaType(bs.Type, bs.Subtype),
		Params:      rfc822.DecodeParams(bs.Params),
		ContentID:   trimID(bs.ID),
		Description: rfc822.CleanText(rfc822.DecodeWords(bs.Description)),
		Encoding:    transferEncoding(bs.Encoding),
		Octets:      int64(bs.Size),
	}
	var disposition *imap.BodyStructureDisposition
	if ext := bs.Extended; ext != nil {
		p.Location = ext.Location
		disposition = ext.Disposition
	}
	r.describe(p, disposition)
	// QUIRK: servers look into an encoded message/rfc822 as if it were not (Dovecot
	// finds a text without a header in it): our own parse of the decoded content replaces that.
	if msg := bs.MessageRFC822; msg != nil && isIdentity(p.Encoding) && usableStructure(msg.BodyStructure) != nil {
		if r.parts >= maxParts || depth >= maxDepth {
			r.cut = true
			return p
		}
		p.Children = []*Part{r.message(msg.BodyStructure, section, depth+1)}
		if p.Filename == "" && msg.Envelope != nil {
			p.Filename = embeddedName(msg.Envelope.Subject)
		}
	}
	return p
}

// describe fills what the disposition tells: how the part is meant and what it is called.
func (r *structureReader) describe(p *Part, d *imap.BodyStructureDisposition) {
	var params map[string]string
	if d != nil {
		p.Disposition = disposition(d.Value)
		params = d.Params
	}
	p.Filename = rfc822.Filename(params, p.Params)
}

func disposition(value string) string {
	switch v := strings.ToLower(strings.TrimSpace(value)); v {
	case "", "inline":
		return v
	default:
		// RFC 2183 section 2.8: what is unknown is treated as an attachment.
		return "attachment"
	}
}

// embeddedName names a message inside a message after its subject, as it has no other.
func embeddedName(subject string) string {
	subject = strings.TrimSpace(rfc822.DecodeWords(subject))
	if subject == "" {
		return ""
	}
	return rfc822.SafeName(subject + ".eml")
}

// mediaType joins and cleans a type; what no server should send becomes application/octet-stream.
func mediaType(typ, subtype string) string {
	typ, subtype = strings.ToLower(strings.TrimSpace(typ)), strings.ToLower(strings.TrimSpace(subtype))
	if typ == "" || subtype == "" || !isToken(typ) || !isToken(subtype) {
		if typ == "text" || typ == "" && subtype == "" {
			return "text/plain"
		}
		if typ == "multipart" {
			return "multipart/mixed"
		}
		return "application/octet-stream"
	}
	return typ + "/" + subtype
}

// isToken checks for a token of RFC 2045 section 5.1.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func transferEncoding(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	// QUIRK: "base64;" and "7bit charset=..." are met; the first word counts.
	if i := strings.IndexAny(s, "; \t"); i >= 0 {
		s = s[:i]
	}
	if s == "" {
		return "7bit"
	}
	return s
}

func trimID(s string) string {
	return strings.Trim(strings.TrimSpace(s), "<>")
}
