package imapsession

import (
	"context"
	"io"
	"time"

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
func (p *Part) DecodedSize() (size int64, exact bool) { panic("structure.go") }

// Body is what a reader shows first and what it lists as files.
type Body struct {
	Text   []*Part          // text parts to show in order when text is preferred; may be empty
	HTML   *Part            // the HTML alternative, or nil
	Inline []*Part          // further parts shown in order beneath: inline images, text after an image, calendars, vCards, message/rfc822, delivery-status
	Files  []*Part          // all that a person would call an attachment, also inline images that no cid refers to
	CID    map[string]*Part // by Content-ID, first wins; parts of the multipart/related around HTML first
}

// Body picks the parts to show: RFC 2046 section 5.1.4 (last alternative that can be shown), multipart/related roots,
// signed wrappers looked through.
func (m *Message) Body() Body { panic("structure.go") }

// Find returns the part at a section, or ErrNoPart.
func (m *Message) Find(section Section) (*Part, error) { panic("structure.go") }

// Message returns headers, flags and structure in one round trip (more when the structure is
// unusable). It does not set \Seen. ErrNoMailbox, ErrNoMessage, ErrStale.
func (s *Session) Message(ctx context.Context, ref Ref) (*Message, error) { panic("message.go") }

// Embedded returns the message/rfc822 part at section as a message of its own; its parts keep
// their full sections, so Part and Find work with the outer Ref.
func (s *Session) Embedded(ctx context.Context, ref Ref, section Section) (*Message, error) {
	panic("message.go")
}

// Neighbours tells where ref stands in arrival order and which UIDs are next to it (0 at the ends).
type Neighbours struct {
	Newer, Older UID
	Place, Total uint32 // Place counts from 1 at the newest
}

// Neighbours costs at most two round trips and never O(mailbox) bytes.
func (s *Session) Neighbours(ctx context.Context, ref Ref) (Neighbours, error) { panic("message.go") }

// MarkSeen sets \Seen; a read-only mailbox is ErrReadOnly. ref must carry UIDValidity.
func (s *Session) MarkSeen(ctx context.Context, ref Ref) error { panic("flags.go") }

// PartReader streams one part's decoded content. Reads fetch the next chunk as needed, each on a
// connection borrowed for that chunk alone. Close frees what was asked for early. A fault in mid-stream is an error
// other than io.EOF: a caller must not let the cut content look complete.
type PartReader struct {
	Part *Part
	Ref  Ref // with the UIDValidity it was read under
	partState
}

// Part opens the part at section as a decoded stream; Section "" is the whole message as sent.
// The first chunk is fetched before it returns, so that ErrNoMessage, ErrStale and ErrNoPart come here.
func (s *Session) Part(ctx context.Context, ref Ref, section Section) (*PartReader, error) {
	panic("part.go")
}

// Size is the decoded length in octets when it is exactly known (identity encodings; base64 whose lines were seen to
// be regular at both ends, verified while streaming: a part that breaks the promise ends in an error).
func (r *PartReader) Size() (size int64, exact bool) { panic("part.go") }

// Seek moves to an offset of the decoded stream; only io.SeekStart, io.SeekEnd, io.SeekCurrent with an exact Size, else ErrUnsupported.
// With it a PartReader serves http.ServeContent's purpose without reading what lies before.
func (r *PartReader) Seek(offset int64, whence int) (int64, error) { panic("part.go") }

func (r *PartReader) Read(p []byte) (int, error) { panic("part.go") }
func (r *PartReader) Close() error               { panic("part.go") }

var _ io.ReadSeekCloser = (*PartReader)(nil)

// Text returns at most limit octets of a text part, decoded to UTF-8 by its charset (label, BOM, meta, guess), and whether more follows.
func (s *Session) Text(ctx context.Context, ref Ref, section Section, limit int64) (text string, more bool, err error) {
	panic("text.go")
}

// Unpacked is what a container part held: winmail.dat (TNEF) or a text part with uuencoded files.
type Unpacked struct {
	Kind  string // "tnef" or "uuencode"
	Text  string // plain text, when there is one
	HTML  string // HTML body of a winmail.dat, when there is one
	Files []UnpackedFile
}

// UnpackedFile is one file of a container.
type UnpackedFile struct {
	Name string
	Type string // media type by name and content
	Data []byte
}

// Unpack reads a container part whole, at most 32 MiB (else ErrTooLarge), and takes it apart.
// A part that is no container is ErrNoPart.
func (s *Session) Unpack(ctx context.Context, ref Ref, section Section) (*Unpacked, error) {
	panic("unpack.go")
}
