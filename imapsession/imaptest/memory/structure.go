package memory

import (
	"fmt"
	"strings"
)

// bodyStructure prints a part as BODYSTRUCTURE has it (RFC 3501 section 7.4.2), or BODY without extended.
func bodyStructure(p *part, extended bool) string {
	var b strings.Builder
	writeStructure(&b, p, extended)
	return b.String()
}

func writeStructure(b *strings.Builder, p *part, extended bool) {
	b.WriteByte('(')
	if len(p.parts) > 0 {
		for _, child := range p.parts {
			writeStructure(b, child, extended)
		}
		b.WriteString(" " + quote(p.subtype))
		if extended {
			b.WriteString(" " + paramList(p.params))
			writeExtension(b, p)
		}
		b.WriteByte(')')
		return
	}
	encoding := p.get("Content-Transfer-Encoding")
	if encoding = strings.TrimSpace(encoding); encoding == "" {
		encoding = "7bit"
	}
	params := p.params
	if len(params) == 0 && strings.EqualFold(p.mediaType, "text") {
		params = []param{{"charset", "us-ascii"}}
	}
	fmt.Fprintf(b, "%s %s %s %s %s %s %d", quote(p.mediaType), quote(p.subtype), paramList(params),
		nstring(p.get("Content-ID")), nstring(p.get("Content-Description")), quote(encoding), p.end-p.body)
	if p.message != nil {
		b.WriteString(" " + envelope(p.message) + " ")
		writeStructure(b, p.message, extended)
	}
	if p.message != nil || strings.EqualFold(p.mediaType, "text") {
		fmt.Fprintf(b, " %d", p.lines)
	}
	if extended {
		b.WriteString(" " + nstring(p.get("Content-MD5")))
		writeExtension(b, p)
	}
	b.WriteByte(')')
}

// writeExtension prints what ends both forms: disposition, language, location.
func writeExtension(b *strings.Builder, p *part) {
	disposition, params := parseParams(p.get("Content-Disposition"))
	if disposition == "" {
		b.WriteString(" NIL")
	} else {
		fmt.Fprintf(b, " (%s %s)", quote(disposition), paramList(params))
	}
	fmt.Fprintf(b, " %s %s", languages(p.get("Content-Language")), nstring(p.get("Content-Location")))
}

func languages(value string) string {
	tags := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	if len(tags) == 0 {
		return "NIL"
	}
	for i, tag := range tags {
		tags[i] = quote(tag)
	}
	return "(" + strings.Join(tags, " ") + ")"
}

func paramList(params []param) string {
	if len(params) == 0 {
		return "NIL"
	}
	var out []string
	for _, p := range params {
		out = append(out, quote(p.name)+" "+quote(p.value))
	}
	return "(" + strings.Join(out, " ") + ")"
}

// envelope prints ENVELOPE: header fields as they are, addresses in four.
func envelope(p *part) string {
	from := addressList(p.get("From"))
	orFrom := func(name string) string {
		if list := addressList(p.get(name)); list != "NIL" {
			return list
		}
		return from
	}
	return "(" + strings.Join([]string{
		nstring(p.get("Date")), nstring(p.get("Subject")), from, orFrom("Sender"), orFrom("Reply-To"),
		addressList(p.get("To")), addressList(p.get("Cc")), addressList(p.get("Bcc")),
		nstring(p.get("In-Reply-To")), nstring(p.get("Message-ID")),
	}, " ") + ")"
}

func addressList(value string) string {
	addresses := parseAddresses(value)
	if len(addresses) == 0 {
		return "NIL"
	}
	var b strings.Builder
	for _, a := range addresses {
		fmt.Fprintf(&b, "(%s NIL %s %s)", nstring(a.name), nstring(a.mailbox), nstring(a.host))
	}
	return "(" + b.String() + ")"
}
