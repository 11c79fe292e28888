package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"godwit/imapsession/imaptest/memory"
)

// load puts all sample mail into the user's mailboxes.
func load(u *memory.User, now time.Time) error {
	letters, err := readLetters(now)
	if err != nil {
		return err
	}
	post := &postOffice{byID: map[string]*letter{}}
	for _, l := range letters {
		if id := l.directives["id"]; id != "" {
			if post.byID[id] != nil {
				return fmt.Errorf("%s: id %q is taken by %s", l.place, id, post.byID[id].place)
			}
			post.byID[id] = l
		}
	}
	for _, name := range folders {
		if err := u.Create(name, ""); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, l := range letters {
		if l.mailbox == nowhere {
			continue
		}
		if err := post.deliver(u, l); err != nil {
			return fmt.Errorf("%s: %w", l.place, err)
		}
	}
	return nil
}

// folders are the mailboxes beside INBOX and those of special use.
var folders = []string{
	"Surveys/2026/October", "Surveys/2025", "Harbour office", "Receipts", "Newsletters", "Wattenmeer Büsum",
}

// nowhere is the mailbox of letters that stand only within others.
const nowhere = "-"

// postOffice builds letters, which may refer to each other.
type postOffice struct{ byID map[string]*letter }

func (p *postOffice) deliver(u *memory.User, l *letter) error {
	built, err := p.build(l)
	if err != nil {
		return err
	}
	received := l.date.Add(20 * time.Second)
	if !built.hasLarge {
		_, err = u.Append(l.mailbox, built.message(), received, l.flags...)
		return err
	}
	_, err = u.AppendContent(l.mailbox, newLargeMessage(built.message()), received, l.flags...)
	return err
}

// entity is a MIME entity: a leaf with a body in its transfer encoding, or a multipart.
type entity struct {
	header   []field
	body     []byte
	boundary string
	parts    []*entity
	hasLarge bool // somewhere in it stands largeMarker
}

func (e *entity) set(name, value string) { e.header = append(e.header, field{name, value}) }

// message prints the entity with CRLF line ends.
func (e *entity) message() []byte {
	var b bytes.Buffer
	e.write(&b)
	return b.Bytes()
}

func (e *entity) write(b *bytes.Buffer) {
	for _, f := range e.header {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(e.body)
	for _, part := range e.parts {
		b.WriteString("\r\n--" + e.boundary + "\r\n")
		part.write(b)
	}
	if e.parts != nil {
		b.WriteString("\r\n--" + e.boundary + "--\r\n")
	}
}

// multipart wraps entities; the first's content is what parameters such as "report-type=..." tell.
func (l *letter) multipart(subtype string, params map[string]string, parts ...*entity) *entity {
	all := map[string]string{}
	for k, v := range params {
		all[k] = v
	}
	boundary := fmt.Sprintf("=_%s_%x", subtype, l.date.UnixNano()+int64(len(parts)))
	all["boundary"] = boundary
	e := &entity{boundary: boundary, parts: parts}
	e.set("Content-Type", mime.FormatMediaType("multipart/"+subtype, all))
	for _, p := range parts {
		e.hasLarge = e.hasLarge || p.hasLarge
	}
	return e
}

// build makes a letter's whole message.
func (p *postOffice) build(l *letter) (*entity, error) {
	content, err := p.content(l)
	if err != nil {
		return nil, err
	}
	whole := &entity{body: content.body, boundary: content.boundary, parts: content.parts, hasLarge: content.hasLarge}
	from := l.get("From")
	if from == "" {
		return nil, fmt.Errorf("there is no From")
	}
	if l.arrived() {
		whole.header = append(whole.header, l.trace(from)...)
	}
	for _, f := range l.header {
		whole.set(f.name, l.encodeField(f))
	}
	whole.set("Date", l.date.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	whole.set("Message-ID", p.messageID(l))
	if chain := p.references(l); len(chain) > 0 {
		whole.set("In-Reply-To", chain[len(chain)-1])
		whole.set("References", strings.Join(chain, "\r\n "))
	}
	whole.set("MIME-Version", "1.0")
	whole.header = append(whole.header, content.header...)
	return whole, nil
}

// arrived tells mail that came from those who were sent or drafted here.
func (l *letter) arrived() bool {
	return l.mailbox != "Sent" && l.mailbox != "Drafts" && l.mailbox != nowhere
}

// trace is what servers on the way have written.
func (l *letter) trace(from string) []field {
	host := mailHost(from)
	verdict := "pass"
	if l.mailbox == "Junk" {
		verdict = "fail"
	}
	stamp := l.date.Format("Mon, 2 Jan 2006 15:04:05 -0700")
	return []field{
		{"Return-Path", "<bounces@" + host + ">"},
		{"Authentication-Results", fmt.Sprintf("%s; spf=%s smtp.mailfrom=%s;\r\n dkim=%s header.d=%s; dmarc=%s header.from=%s", domain, verdict, host, verdict, host, verdict, host)},
		{"Received", fmt.Sprintf("from mx.%s (mx.%s [192.0.2.25])\r\n by mail.%s with ESMTPS id %x; %s", host, host, domain, l.date.Unix(), stamp)},
	}
}

func (p *postOffice) messageID(l *letter) string {
	name := l.directives["id"]
	if name == "" {
		name = "m"
	}
	return fmt.Sprintf("<%s.%x@%s>", name, l.date.UnixNano(), mailHost(l.get("From")))
}

// references are the Message-IDs of what a letter answers, oldest first.
func (p *postOffice) references(l *letter) []string {
	var chain []string
	for id := l.directives["re"]; id != ""; {
		parent := p.byID[id]
		if parent == nil || len(chain) > 50 {
			break
		}
		chain = append([]string{p.messageID(parent)}, chain...)
		id = parent.directives["re"]
	}
	return chain
}

func (l *letter) encodeField(f field) string {
	switch f.name {
	case "From", "To", "Cc", "Bcc", "Reply-To":
		return encodeAddresses(f.value)
	}
	charset := l.charset()
	encoded, err := encodeText(f.value, charset)
	if err != nil {
		encoded, charset = []byte(f.value), "utf-8"
	}
	encoder := mime.QEncoding
	if 3*countNonASCII(f.value) > len(f.value) || charset == "iso-2022-jp" {
		encoder = mime.BEncoding
	}
	return strings.ReplaceAll(encoder.Encode(charset, string(encoded)), "?= =?", "?=\r\n =?")
}

func countNonASCII(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			n++
		}
	}
	return n
}

func (l *letter) charset() string {
	if c := l.directives["charset"]; c != "" {
		return c
	}
	return "utf-8"
}

var charsets = map[string]encoding.Encoding{
	"iso-2022-jp": japanese.ISO2022JP, "koi8-r": charmap.KOI8R, "iso-8859-1": charmap.ISO8859_1, "windows-1256": charmap.Windows1256,
}

func encodeText(s, charset string) ([]byte, error) {
	if charset == "utf-8" {
		return []byte(s), nil
	}
	return charsets[charset].NewEncoder().Bytes([]byte(s))
}

// content builds what a letter holds: its texts, what stands within them, and what is attached.
func (p *postOffice) content(l *letter) (*entity, error) {
	switch {
	case l.directives["bounced"] != "":
		return p.report(l)
	case l.directives["digest"] != "":
		return p.digest(l)
	}
	texts, err := l.texts()
	if err != nil {
		return nil, err
	}
	if names := l.directives["attach"]; names != "" {
		parts := []*entity{texts}
		for _, name := range strings.Split(names, ", ") {
			part, err := p.attachment(name)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
		}
		texts = l.multipart("mixed", nil, parts...)
	}
	if l.directives["sign"] != "" {
		return l.signed(texts)
	}
	return texts, nil
}

// texts are the bodies, as alternatives when there are several, HTML with its images.
func (l *letter) texts() (*entity, error) {
	var parts []*entity
	for _, b := range l.bodies {
		part, err := l.text(b)
		if err != nil {
			return nil, err
		}
		if names := l.directives["inline"]; b.kind == "html" && names != "" {
			related := []*entity{part}
			for _, name := range strings.Split(names, ", ") {
				image, err := inlineImage(name)
				if err != nil {
					return nil, err
				}
				related = append(related, image)
			}
			part = l.multipart("related", map[string]string{"type": "text/html"}, related...)
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return l.multipart("alternative", nil, parts...), nil
}

func (l *letter) text(b body) (*entity, error) {
	text := b.text
	mediaType, params := "text/plain", map[string]string{"charset": l.charset()}
	switch b.kind {
	case "html":
		mediaType = "text/html"
		text = strings.ReplaceAll(page, "{{BODY}}", text)
		if strings.Contains(b.text, "<body") {
			text = b.text
		}
	case "calendar":
		mediaType, params["method"] = "text/calendar", "REQUEST"
	case "text":
		if name := l.directives["uuencode"]; name != "" {
			f, err := lookup(name)
			if err != nil {
				return nil, err
			}
			text += "\n" + uuencode(name, f.make())
		}
		if l.directives["flowed"] != "" {
			params["format"] = "flowed"
			text = flow(text)
		}
	default:
		return nil, fmt.Errorf("body of kind %q", b.kind)
	}
	encoded, err := encodeText(text, l.charset())
	if err != nil {
		return nil, fmt.Errorf("text in %s: %w", l.charset(), err)
	}
	e := &entity{}
	e.set("Content-Type", mime.FormatMediaType(mediaType, params))
	e.encode(encoded, l.directives["encoding"])
	return e, nil
}

// page is around HTML that does not bring its own.
const page = `<!DOCTYPE html>
<html><head><meta charset="utf-8"></head>
<body>
{{BODY}}</body></html>
`

// encode sets the body in the transfer encoding, or in the one that suits the text when that is "".
func (e *entity) encode(text []byte, transfer string) {
	text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	if transfer == "" {
		transfer = suitableEncoding(text)
	}
	e.set("Content-Transfer-Encoding", transfer)
	switch transfer {
	case "base64":
		e.body = base64Lines(text)
	case "quoted-printable":
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		w.Write(text)
		w.Close()
		e.body = b.Bytes()
	default:
		e.body = text
	}
}

func suitableEncoding(text []byte) string {
	n := countNonASCII(string(text))
	longest := 0
	for line := range bytes.Lines(text) {
		longest = max(longest, len(line))
	}
	switch {
	case 3*n > len(text):
		return "base64"
	case n > 0 || longest > 998:
		return "quoted-printable"
	}
	return "7bit"
}

// base64Line is how many octets go into one line of base64.
const base64Line = 57

func base64Lines(data []byte) []byte {
	var b bytes.Buffer
	for len(data) > 0 {
		n := min(base64Line, len(data))
		b.WriteString(base64.StdEncoding.EncodeToString(data[:n]) + "\r\n")
		data = data[n:]
	}
	return b.Bytes()
}

// flow breaks long lines softly (RFC 3676): a space before the line end joins it to the next.
func flow(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		quote := line[:len(line)-len(strings.TrimLeft(line, ">"))]
		rest := strings.TrimPrefix(strings.TrimLeft(line, ">"), " ")
		if quote != "" {
			quote += " "
		}
		for len(quote)+len(rest) > 72 {
			cut := strings.LastIndexByte(rest[:72-len(quote)], ' ')
			if cut <= 0 {
				break
			}
			b.WriteString(quote + rest[:cut+1] + "\n")
			rest = rest[cut+1:]
		}
		if line != "-- " {
			rest = strings.TrimRight(rest, " ")
		}
		b.WriteString(quote + rest + "\n")
	}
	return b.String()
}

func uuencode(name string, data []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "begin 644 %s\n", name)
	for len(data) > 0 {
		n := min(45, len(data))
		line := append(append([]byte{}, data[:n]...), 0, 0)
		data = data[n:]
		b.WriteByte(byte(' ' + n))
		for i := 0; i < n; i += 3 {
			v := uint(line[i])<<16 | uint(line[i+1])<<8 | uint(line[i+2])
			for shift := 18; shift >= 0; shift -= 6 {
				c := byte(v>>shift&63) + ' '
				if c == ' ' {
					c = '`'
				}
				b.WriteByte(c)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("`\nend\n")
	return b.String()
}

// attachment is a file of files.go, or the letter that "message:ID" names. Forms of its name: "2047:x" in encoded words as
// some programs do against RFC 2231, "unnamed:x" without any.
func (p *postOffice) attachment(name string) (*entity, error) {
	if id, is := strings.CutPrefix(name, "message:"); is {
		return p.enclosed(id, "attachment")
	}
	form, bare, has := strings.Cut(name, ":")
	if !has {
		form, bare = "", name
	}
	f, err := lookup(bare)
	if err != nil {
		return nil, err
	}
	e := &entity{}
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": bare})
	switch form {
	case "2047":
		encoded := mime.BEncoding.Encode("utf-8", bare)
		e.set("Content-Type", f.mediaType+"; name=\""+encoded+"\"")
		disposition = "attachment; filename=\"" + encoded + "\""
	case "unnamed":
		e.set("Content-Type", f.mediaType)
		disposition = "attachment"
	default:
		e.set("Content-Type", f.mediaType)
	}
	e.set("Content-Disposition", disposition)
	e.set("Content-Transfer-Encoding", "base64")
	if f.make == nil {
		e.body, e.hasLarge = []byte(largeMarker), true
		return e, nil
	}
	e.body = base64Lines(f.make())
	return e, nil
}

// enclosed is another letter as message/rfc822.
func (p *postOffice) enclosed(id, disposition string) (*entity, error) {
	other := p.byID[id]
	if other == nil {
		return nil, fmt.Errorf("no letter has id %q", id)
	}
	inner, err := p.build(other)
	if err != nil {
		return nil, err
	}
	e := &entity{body: inner.message()}
	e.set("Content-Type", "message/rfc822")
	if disposition != "" {
		e.set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": other.get("Subject") + ".eml"}))
	}
	return e, nil
}

func inlineImage(name string) (*entity, error) {
	f, err := lookup(name)
	if err != nil {
		return nil, err
	}
	e := &entity{body: base64Lines(f.make())}
	e.set("Content-Type", mime.FormatMediaType(f.mediaType, map[string]string{"name": name}))
	e.set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": name}))
	e.set("Content-Transfer-Encoding", "base64")
	e.set("Content-ID", "<"+name+"@"+domain+">")
	return e, nil
}

// report is a delivery status notification (RFC 3464): the text, the "--- status", and the message that came back.
func (p *postOffice) report(l *letter) (*entity, error) {
	var parts []*entity
	for _, b := range l.bodies {
		if b.kind != "status" {
			part, err := l.text(b)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
			continue
		}
		status := &entity{}
		status.set("Content-Type", "message/delivery-status")
		status.encode([]byte(b.text), "7bit")
		parts = append(parts, status)
	}
	returned, err := p.enclosed(l.directives["bounced"], "")
	if err != nil {
		return nil, err
	}
	return l.multipart("report", map[string]string{"report-type": "delivery-status"}, append(parts, returned)...), nil
}

// digest is a text and a multipart/digest (RFC 2046 section 5.1.5) of other letters.
func (p *postOffice) digest(l *letter) (*entity, error) {
	intro, err := l.texts()
	if err != nil {
		return nil, err
	}
	var messages []*entity
	for _, id := range strings.Split(l.directives["digest"], ", ") {
		message, err := p.enclosed(id, "")
		if err != nil {
			return nil, err
		}
		message.header = nil // message/rfc822 goes without saying here
		messages = append(messages, message)
	}
	return l.multipart("mixed", nil, intro, l.multipart("digest", nil, messages...)), nil
}
