// Package tnef reads the winmail.dat files in which Outlook packs a message's formatted text and its attachments (MS-OXTNEF).
//
// It is a leaf: it knows bytes only, does no I/O, and holds no state. Every loop consumes input or ends, every length is checked against what is
// there, and what is made rather than sliced (decompressed RTF, decoded text) is limited.
package tnef

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Errors of Decode.
var (
	ErrFormat    = errors.New("not a TNEF file")
	ErrTruncated = errors.New("TNEF file is damaged or cut")
)

// Limits of one file, with all messages embedded in it.
const (
	maxDepth       = 8       // messages within messages
	maxAttachments = 1000    // attachments
	maxOutput      = 8 << 20 // bytes of text and RTF made
	maxProperties  = 10_000  // MAPI properties of one message or attachment
)

// Message is what a TNEF file holds. All strings are UTF-8 as the sender wrote them, not cleaned for display.
type Message struct {
	Class       string // "IPM.Note", "IPM.Microsoft Mail.Note" ...
	Subject     string
	Text        string // plain text, also when it was only there as RTF; may be empty
	HTML        string // an HTML document or fragment, also when it was wrapped in RTF; untrusted; may be empty
	Attachments []Attachment
}

// Attachment is a file or a message in a Message.
type Attachment struct {
	Name      string   // as the sender gave it, path and all; may be empty
	Type      string   // media type, "" when the file does not say
	ContentID string   // without <>, "" without
	Data      []byte   // shares memory with the decoded file
	Message   *Message // an embedded message, else nil
}

// Attributes of the outer layer (MS-OXTNEF section 2.1.3.1).
const (
	attSubject        = 0x00018004
	attMessageClass   = 0x00078008
	attBody           = 0x0002800c
	attAttachData     = 0x0006800f
	attAttachTitle    = 0x00018010
	attAttachRendData = 0x00069002
	attMsgProps       = 0x00069003
	attAttachment     = 0x00069005
	attOemCodepage    = 0x00069007
)

const signature = 0x223e9f78

// Decode reads a TNEF file. Without its signature it is ErrFormat; when the file is cut or damaged, what was found before comes with
// ErrTruncated. Checksums are not looked at: senders that get them wrong are commoner than lines that do.
func Decode(b []byte) (*Message, error) {
	d := &decoder{room: maxOutput, attachments: maxAttachments}
	return d.message(b, 0)
}

// decoder is one Decode, with what is left of its limits.
type decoder struct {
	room        int // bytes of text that may still be made
	attachments int
}

// draft is a message being read.
type draft struct {
	Message
	codepage int // of 8-bit strings
	internet int // codepage of the HTML, 0 when not given
	rtf      []byte
	body     []byte // of attBody
	html     []byte
}

func (d *decoder) message(b []byte, depth int) (*Message, error) {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != signature {
		return nil, ErrFormat
	}
	m := &draft{codepage: 1252}
	r := reader{b: b[6:]}
	var err error
	for r.more() {
		r.byte() // level; the attribute tells as much
		id, n := r.uint32(), r.uint32()
		data := r.take(int(n))
		r.uint16() // checksum
		if len(data) > 0 || !r.failed {
			d.attribute(m, id, data, depth)
		}
		if r.failed {
			err = ErrTruncated
			break
		}
	}
	d.finish(m)
	return &m.Message, err
}

// attribute takes one attribute of the outer layer.
func (d *decoder) attribute(m *draft, id uint32, data []byte, depth int) {
	switch id {
	case attOemCodepage:
		if len(data) >= 4 {
			m.codepage = int(binary.LittleEndian.Uint32(data))
		}
	case attSubject:
		m.Subject = text8(data, m.codepage)
	case attMessageClass:
		m.Class = text8(data, m.codepage)
	case attBody:
		m.body = data
	case attMsgProps:
		properties(data, func(p property) { m.property(p) })
	case attAttachRendData:
		if d.attachments > 0 {
			d.attachments--
			m.Attachments = append(m.Attachments, Attachment{})
		}
	case attAttachTitle, attAttachData, attAttachment:
		if len(m.Attachments) == 0 {
			if d.attachments == 0 {
				return
			}
			d.attachments--
			m.Attachments = append(m.Attachments, Attachment{})
		}
		d.attachment(m, &m.Attachments[len(m.Attachments)-1], id, data, depth)
	}
}

// attachment takes an attribute of the last attachment.
func (d *decoder) attachment(m *draft, a *Attachment, id uint32, data []byte, depth int) {
	switch id {
	case attAttachTitle:
		if a.Name == "" {
			a.Name = text8(data, m.codepage)
		}
	case attAttachData:
		a.Data = data
	case attAttachment:
		var long, short, display string
		properties(data, func(p property) {
			switch p.id {
			case propLongFilename:
				long = p.text(m.codepage)
			case propFilename:
				short = p.text(m.codepage)
			case propDisplayName:
				display = p.text(m.codepage)
			case propMimeTag:
				a.Type = strings.ToLower(p.text(m.codepage))
			case propContentID:
				a.ContentID = strings.Trim(p.text(m.codepage), "<> ")
			case propAttachData:
				d.attachData(a, p, depth)
			}
		})
		for _, name := range []string{long, short, display} {
			if name != "" && (a.Name == "" || name == long || a.Message != nil) {
				a.Name = name
				break
			}
		}
	}
}

// attachData takes the content that stands among the MAPI properties: a file, an embedded message or an OLE object behind the
// identifier of its interface.
func (d *decoder) attachData(a *Attachment, p property, depth int) {
	data := p.data
	if p.kind == typeObject && len(data) >= 16 {
		data = data[16:]
		if depth < maxDepth {
			if inner, err := d.message(data, depth+1); inner != nil && (err == nil || len(inner.Attachments) > 0 || inner.Text != "" || inner.HTML != "") {
				a.Message = inner
			}
		}
	}
	if len(a.Data) == 0 {
		a.Data = data
	}
}

// property takes a MAPI property of the message.
func (m *draft) property(p property) {
	switch p.id {
	case propSubject:
		if s := p.text(m.codepage); s != "" {
			m.Subject = s
		}
	case propMessageClass:
		if m.Class == "" {
			m.Class = p.text(m.codepage)
		}
	case propInternetCPID:
		if len(p.data) >= 4 {
			m.internet = int(binary.LittleEndian.Uint32(p.data))
		}
	case propBody:
		if s := p.text(m.codepage); s != "" {
			m.Text = s
		}
	case propHTML:
		if p.kind == typeBinary {
			m.html = p.data
		} else {
			m.HTML = p.text(m.codepage)
		}
	case propRTF:
		m.rtf = p.data
	}
}

// finish makes the texts of m from what was collected.
func (d *decoder) finish(m *draft) {
	if m.Text == "" {
		m.Text = text8(m.body, m.codepage)
	}
	if m.HTML == "" && len(m.html) > 0 {
		codepage := m.internet
		if codepage == 0 {
			codepage = m.codepage
		}
		m.HTML = text8(m.html, codepage)
	}
	d.room -= len(m.Text) + len(m.HTML)
	if len(m.rtf) == 0 || m.HTML != "" || d.room <= 0 {
		return
	}
	rtf := decompress(m.rtf, d.room)
	d.room -= len(rtf)
	text, isHTML := rtfText(rtf, m.codepage)
	switch {
	case isHTML:
		m.HTML = text
	case strings.TrimSpace(m.Text) == "":
		m.Text = text
	}
}
