package imapsession

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"godwit/imapsession/rfc822"
	"godwit/imapsession/tnef"
)

// Unpacked is what a container part held: winmail.dat (TNEF) or a text part with uuencoded files.
type Unpacked struct {
	Kind  string // "tnef" or "uuencode"
	Text  string // plain text, when there is one
	HTML  string // HTML body of a winmail.dat, when there is one; untrusted
	Files []UnpackedFile
}

// UnpackedFile is one file of a container.
type UnpackedFile struct {
	Name      string // safe to show and to save under, never empty
	Type      string // media type by name and content
	ContentID string // without <>; what the HTML of a winmail.dat calls it by; may be empty
	Data      []byte
}

const (
	maxUnpacked      = 32 << 20 // octets of a container, which is held in memory
	maxUnpackedDepth = 4        // winmail.dat in winmail.dat
)

// Unpack reads a container part whole, at most 32 MiB (else ErrTooLarge), and takes it apart.
// A part that is no container is ErrNoPart.
func (s *Session) Unpack(ctx context.Context, ref Ref, section Section) (*Unpacked, error) {
	unpacked, err := s.unpack(ctx, ref, section)
	if err != nil {
		return nil, fmt.Errorf("container %.40q of %v: %w", string(section), ref, err)
	}
	return unpacked, nil
}

func (s *Session) unpack(ctx context.Context, ref Ref, section Section) (*Unpacked, error) {
	r, err := s.openSection(ctx, ref, section)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	isText := strings.HasPrefix(r.Part.Type, "text/")
	if !isText && !isWinmail(r.Part) {
		return nil, fmt.Errorf("%s holds nothing: %w", r.Part.Type, ErrNoPart)
	}
	octets, more, err := readUpTo(r, maxUnpacked)
	switch {
	case err != nil:
		return nil, err
	case more:
		return nil, ErrTooLarge
	case isText:
		return unpackUU(octets, r.Part)
	}
	return unpackTNEF(octets)
}

// isWinmail knows Outlook's container by its type or name.
func isWinmail(p *Part) bool {
	switch p.Type {
	case "application/ms-tnef", "application/vnd.ms-tnef":
		return true
	}
	return strings.EqualFold(p.Filename, "winmail.dat")
}

func unpackUU(octets []byte, part *Part) (*Unpacked, error) {
	text := rfc822.DecodeText(octets, part.Params["charset"], part.Type == "text/html")
	rest, files := rfc822.SplitUUEncoded(text)
	if len(files) == 0 {
		return nil, fmt.Errorf("no uuencoded file in it: %w", ErrNoPart)
	}
	u := &Unpacked{Kind: "uuencode", Text: rest}
	for _, f := range files {
		u.file(f.Name, "", "", f.Data)
	}
	return u, nil
}

func unpackTNEF(octets []byte) (*Unpacked, error) {
	m, err := tnef.Decode(octets)
	if errors.Is(err, tnef.ErrFormat) || m == nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPart, err)
	}
	// A damaged one shows what was found before the damage.
	u := &Unpacked{Kind: "tnef", Text: m.Text, HTML: m.HTML}
	u.attachments(m, 0)
	return u, nil
}

func (u *Unpacked) attachments(m *tnef.Message, depth int) {
	for _, a := range m.Attachments {
		if a.Message == nil {
			u.file(a.Name, a.Type, a.ContentID, a.Data)
			continue
		}
		// A message in it has no form of its own outside of TNEF: its text and its files are offered.
		name := strings.TrimSpace(a.Message.Subject)
		switch {
		case a.Message.Text != "":
			u.file(name+".txt", "text/plain", "", []byte(a.Message.Text))
		case a.Message.HTML != "":
			u.file(name+".html", "text/html", "", []byte(a.Message.HTML))
		}
		if depth < maxUnpackedDepth {
			u.attachments(a.Message, depth+1)
		}
	}
}

func (u *Unpacked) file(name, typ, id string, data []byte) {
	f := UnpackedFile{Name: rfc822.SafeName(rfc822.DecodeWords(name)), ContentID: id, Data: data}
	f.Type = fileType(f.Name, typ, data)
	if f.Name == "" || strings.HasPrefix(f.Name, ".") {
		f.Name = fmt.Sprintf("file-%d%s", len(u.Files)+1, strings.TrimPrefix(f.Name, "."))
		if exts, err := mime.ExtensionsByType(f.Type); err == nil && len(exts) > 0 && path.Ext(f.Name) == "" {
			f.Name += exts[0]
		}
	}
	u.Files = append(u.Files, f)
}

// fileType is the type that the container gave, else the one of the name, else the one that the content looks like.
func fileType(name, given string, data []byte) string {
	if kind, sub, ok := strings.Cut(strings.ToLower(strings.TrimSpace(given)), "/"); ok && isToken(kind) && isToken(sub) && sub != "octet-stream" {
		return kind + "/" + sub
	}
	if byName, _, err := mime.ParseMediaType(mime.TypeByExtension(strings.ToLower(path.Ext(name)))); err == nil {
		return byName
	}
	looks, _, err := mime.ParseMediaType(mimetype.Detect(data).String())
	if err != nil {
		return "application/octet-stream"
	}
	return looks
}
