package imapsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"godwit/imapsession/rfc822"
)

// Text returns at most limit octets of a text part, decoded to UTF-8 by its charset (label, BOM, meta, guess), and whether more follows.
// limit bounds both what is read and what is returned. A part that ends before the size that the server told
// is returned as it came.
func (s *Session) Text(ctx context.Context, ref Ref, section Section, limit int64) (text string, more bool, err error) {
	r, err := s.openSection(ctx, ref, section)
	if err != nil {
		return "", false, fmt.Errorf("text %.40q of %v: %w", string(section), ref, err)
	}
	defer r.Close()
	octets, more, err := readUpTo(r, limit)
	if err != nil {
		return "", false, err // names the part already
	}
	text = rfc822.DecodeText(octets, r.Part.Params["charset"], r.Part.Type == "text/html")
	if int64(len(text)) > limit {
		text, more = strings.ToValidUTF8(text[:limit], ""), true
	}
	return text, more, nil
}

// readUpTo reads at most limit octets and tells whether there are more.
func readUpTo(r *PartReader, limit int64) (octets []byte, more bool, err error) {
	size, exact := r.Part.Octets, false
	if r.sized {
		size, exact = r.size, true
	}
	room := min(size, limit) + 1
	if !exact {
		room = min(room, firstChunk)
	}
	octets = make([]byte, 0, max(room, 512))
	for {
		if int64(len(octets)) > limit {
			return octets[:limit], true, nil
		}
		if len(octets) == cap(octets) {
			octets = append(octets, 0)[:len(octets)]
		}
		n, err := r.Read(octets[len(octets):cap(octets)])
		octets = octets[:len(octets)+n]
		if err == io.EOF || errors.Is(err, errShort) {
			return octets, false, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
}
