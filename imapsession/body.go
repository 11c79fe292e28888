package imapsession

import "strings"

// Body is what a reader shows first and what it lists as files.
type Body struct {
	Text   []*Part          // text parts to show in order when text is preferred; may be empty
	HTML   *Part            // the HTML alternative, or nil
	Inline []*Part          // further parts shown in order beneath: inline images, text after an image, calendars, vCards, message/rfc822, delivery-status
	Files  []*Part          // all that a person would call an attachment, also inline images that no cid refers to
	CID    map[string]*Part // by Content-ID or else Content-Location, first wins; parts of the multipart/related around HTML first
}

// Body picks the parts to show: RFC 2046 section 5.1.4 (last alternative that can be shown), multipart/related roots,
// signed wrappers looked through.
func (m *Message) Body() Body { return bodyOf(m.Root) }

// bodyOf applies the rules of Body to the tree beneath root; rows of a list use it for their marks.
func bodyOf(root *Part) Body {
	b := bodyBuilder{cid: make(map[string]*Part)}
	if root != nil {
		b.add(root, surroundings{})
		b.nameByContentID(root, true)
		b.nameByContentID(root, false)
	}
	b.body.CID = b.cid
	return b.body
}

// hasInvite tells whether a calendar is among the parts.
func hasInvite(root *Part) bool {
	if isCalendar(root.Type) {
		return true
	}
	if isEmbedded(root.Type) {
		return false
	}
	for _, child := range root.Children {
		if hasInvite(child) {
			return true
		}
	}
	return false
}

type bodyBuilder struct {
	body     Body
	cid      map[string]*Part
	settled  bool // the main text was met: what comes later is shown beneath it
	calendar bool // one invitation card is enough
}

// surroundings say what surrounds a part.
type surroundings struct {
	related bool // beside the HTML of a multipart/related
	report  bool // in a multipart/report or digest: messages in it are no files
}

func (b *bodyBuilder) add(p *Part, at surroundings) {
	switch {
	case p.Disposition == "attachment" && !strings.HasPrefix(p.Type, "multipart/"):
		b.file(p)
	case p.Type == "multipart/alternative":
		b.alternative(p, at)
	case p.Type == "multipart/related":
		b.related(p, at)
	case p.Type == "multipart/signed":
		b.signed(p, at)
	case p.Type == "multipart/report", p.Type == "multipart/digest":
		at.report = true
		b.all(p.Children, at)
	case strings.HasPrefix(p.Type, "multipart/"):
		b.all(p.Children, at)
	default:
		b.leaf(p, at)
	}
}

func (b *bodyBuilder) all(parts []*Part, at surroundings) {
	for _, p := range parts {
		b.add(p, at)
	}
}

// alternative shows the last child that can be shown, and keeps the plain text
// for those who prefer it. A calendar among the alternatives is an invitation
// that goes with the text, not instead of it.
func (b *bodyBuilder) alternative(p *Part, at surroundings) {
	var plain, rich *Part
	for _, child := range p.Children {
		switch {
		case isCalendar(child.Type):
		case leadsTo(child, "text/html"):
			rich = child
		case leadsTo(child, "text/plain"):
			plain = child
		case plain == nil && rich == nil && leadsToText(child):
			plain = child
		}
	}
	wasSettled := b.settled
	switch {
	case rich != nil && plain != nil && !wasSettled:
		// Both are the same text: the plain one must not settle the matter
		// before the HTML had its turn.
		b.add(plain, at)
		b.settled = false
		b.add(rich, at)
	case rich != nil:
		b.add(rich, at)
	case plain != nil:
		b.add(plain, at)
	default:
		// Nothing here is text: show the last that is anything.
		if n := len(p.Children); n > 0 && !isCalendar(p.Children[n-1].Type) {
			b.add(p.Children[n-1], at)
		}
	}
	for _, child := range p.Children {
		if isCalendar(child.Type) {
			b.leaf(child, at)
		} else if child != plain && child != rich && isFileInAlternative(child) {
			b.file(child)
		}
	}
}

// isFileInAlternative finds the files that some senders put wrongly beside the
// alternatives, where choosing one would lose them.
func isFileInAlternative(p *Part) bool {
	return p.Disposition == "attachment" || p.Filename != "" && !strings.HasPrefix(p.Type, "text/")
}

// related shows the root, RFC 2387 section 3.2: the part that start names, else the first.
func (b *bodyBuilder) related(p *Part, at surroundings) {
	if len(p.Children) == 0 {
		return
	}
	root := p.Children[0]
	if start := strings.Trim(p.Params["start"], "<> "); start != "" {
		for _, child := range p.Children {
			if child.ContentID == start {
				root = child
			}
		}
	}
	b.add(root, at)
	at.related = leadsTo(root, "text/html")
	for _, child := range p.Children {
		if child != root {
			b.add(child, at)
		}
	}
}

// signed shows what was signed; the signature itself is no file a person asked for (RFC 1847 section 2.1).
func (b *bodyBuilder) signed(p *Part, at surroundings) {
	for i, child := range p.Children {
		if i > 0 && isSignature(child.Type) {
			continue
		}
		b.add(child, at)
	}
}

func (b *bodyBuilder) leaf(p *Part, at surroundings) {
	switch {
	case p.Type == "text/x-amp-html", p.Type == "text/watch-html", p.Type == "application/pgp-encrypted":
		// Made for other programs; what they say is said elsewhere.
	case isCalendar(p.Type):
		b.calendarCard(p)
	case isVCard(p.Type):
		b.body.Inline = append(b.body.Inline, p)
		b.file(p)
	case isEmbedded(p.Type):
		b.body.Inline = append(b.body.Inline, p)
		if !at.report {
			b.file(p)
		}
	case isReport(p.Type):
		b.body.Inline = append(b.body.Inline, p)
	case strings.HasPrefix(p.Type, "text/"):
		b.text(p)
	case isShownImage(p.Type):
		b.image(p, at)
	default:
		if !(at.related && p.ContentID != "" && p.Filename == "") {
			b.file(p)
		}
	}
}

func (b *bodyBuilder) calendarCard(p *Part) {
	if !b.calendar {
		b.calendar = true
		b.body.Inline = append(b.body.Inline, p)
	}
	if p.Filename != "" || p.Type == "application/ics" {
		b.file(p)
	}
}

// text makes the first text of the mail its body. Later ones stand beneath it,
// since choosing between HTML and text must never hide them.
func (b *bodyBuilder) text(p *Part) {
	html := p.Type == "text/html"
	switch {
	case !b.settled && html:
		b.body.HTML = p
		b.settled = true
	case !b.settled:
		b.body.Text = append(b.body.Text, p)
		b.settled = true
	case p.Filename != "":
		if !html {
			b.body.Inline = append(b.body.Inline, p)
		}
		b.file(p)
	case !html && b.body.HTML == nil && len(b.body.Inline) == 0:
		b.body.Text = append(b.body.Text, p)
	default:
		b.body.Inline = append(b.body.Inline, p)
	}
}

func (b *bodyBuilder) image(p *Part, at surroundings) {
	named := p.ContentID != "" || p.Location != ""
	switch {
	case at.related && named:
		// The HTML shows it where it belongs.
	case named && b.body.HTML != nil:
		// Likely shown by the HTML, but not surely: offered as a file, not drawn twice.
		b.file(p)
	default:
		b.body.Inline = append(b.body.Inline, p)
		b.file(p)
	}
}

func (b *bodyBuilder) file(p *Part) { b.body.Files = append(b.body.Files, p) }

// nameByContentID fills CID, in a first pass with what stands in a multipart/related.
func (b *bodyBuilder) nameByContentID(p *Part, related bool) {
	if isEmbedded(p.Type) {
		return
	}
	for _, child := range p.Children {
		if !related || p.Type == "multipart/related" {
			for _, id := range []string{child.ContentID, child.Location} {
				if _, taken := b.cid[id]; id != "" && !taken {
					b.cid[id] = child
				}
			}
		}
		b.nameByContentID(child, related)
	}
}

// leadsTo tells whether showing p means showing a part of type typ first.
func leadsTo(p *Part, typ string) bool {
	if p.Type == typ {
		return p.Disposition != "attachment"
	}
	if !strings.HasPrefix(p.Type, "multipart/") {
		return false
	}
	for _, child := range p.Children {
		if leadsTo(child, typ) {
			return true
		}
	}
	return false
}

func leadsToText(p *Part) bool {
	if strings.HasPrefix(p.Type, "text/") {
		return p.Type != "text/x-amp-html" && p.Type != "text/watch-html"
	}
	if strings.HasPrefix(p.Type, "multipart/") {
		for _, child := range p.Children {
			if leadsToText(child) {
				return true
			}
		}
	}
	return false
}

func isCalendar(typ string) bool { return typ == "text/calendar" || typ == "application/ics" }

func isVCard(typ string) bool {
	return typ == "text/vcard" || typ == "text/x-vcard" || typ == "text/directory"
}

// isEmbedded tells a message inside a message (RFC 2046 section 5.2.1, RFC 6532 section 3.7).
func isEmbedded(typ string) bool { return typ == "message/rfc822" || typ == "message/global" }

func isReport(typ string) bool {
	switch typ {
	case "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
		"message/feedback-report", "text/rfc822-headers", "message/global-headers":
		return true
	}
	return false
}

func isSignature(typ string) bool {
	switch typ {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature":
		return true
	}
	return false
}

// isShownImage tells the images that every browser draws and that cannot run anything.
func isShownImage(typ string) bool {
	switch typ {
	case "image/png", "image/jpeg", "image/jpg", "image/pjpeg", "image/gif", "image/webp", "image/bmp", "image/avif":
		return true
	}
	return false
}
