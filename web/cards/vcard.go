package cards

import (
	"strings"

	"godwit/web/mailhtml"
)

const (
	maxCards  = 50
	maxValues = 30 // of one kind in one card
)

// Card is a contact.
type Card struct {
	Name         string // never "": the organisation or first address stands in for a missing one
	Organisation string
	Title        string // position or profession
	Birthday     string // "1985-04-12", or "04-12" without the year
	Note         string // lines of plain text
	Emails       []Labelled
	Phones       []Labelled
	Addresses    []Labelled // one line each, from house to country
	Links        []Link
}

// Labelled is a value and what it is for: "home", "work", "mobile", "fax", or "".
type Labelled struct{ Label, Value string }

// Link is a web address that may be followed, and the host to show with it.
type Link struct{ Href, Host string }

// VCards reads a text/vcard part (versions 2.1 to 4.0): at most maxCards, and how many more there are. Pictures and sounds are left out, embedded or not.
func VCards(b []byte) (cards []Card, more int) {
	var lines []contentLine
	open := false
	end := func() {
		if !open {
			return
		}
		if c, ok := readCard(lines); ok {
			if len(cards) < maxCards {
				cards = append(cards, c)
			} else {
				more++
			}
		}
		open, lines = false, nil
	}
	for _, l := range contentLines(b) {
		switch {
		case l.name == "BEGIN" && strings.EqualFold(strings.TrimSpace(l.value), "VCARD"):
			end()
			open = true
		case l.name == "END" && strings.EqualFold(strings.TrimSpace(l.value), "VCARD"):
			end()
		case open:
			lines = append(lines, l)
		}
	}
	end() // cut off
	return cards, more
}

func readCard(lines []contentLine) (c Card, ok bool) {
	structured, nick := "", ""
	for _, l := range lines {
		switch l.name {
		case "FN":
			if c.Name == "" {
				c.Name = name(l.value)
			}
		case "N":
			structured = fullName(fields(l.value))
		case "NICKNAME":
			nick = name(l.value)
		case "ORG":
			c.Organisation = joined(fields(l.value), ", ")
		case "TITLE", "ROLE":
			if c.Title == "" {
				c.Title = name(l.value)
			}
		case "BDAY":
			c.Birthday = birthday(l.value)
		case "NOTE":
			c.Note = text(l.value)
		case "EMAIL":
			if v := name(strings.TrimPrefix(l.value, "mailto:")); v != "" && len(c.Emails) < maxValues {
				c.Emails = append(c.Emails, Labelled{label(l), v})
			}
		case "TEL":
			if v := name(strings.TrimPrefix(l.value, "tel:")); v != "" && len(c.Phones) < maxValues {
				c.Phones = append(c.Phones, Labelled{label(l), v})
			}
		case "ADR":
			if v := joined(fields(l.value), ", "); v != "" && len(c.Addresses) < maxValues {
				c.Addresses = append(c.Addresses, Labelled{label(l), v})
			}
		case "URL":
			if href, host, ok := mailhtml.Link(unescape(l.value)); ok && host != "" && len(c.Links) < maxValues {
				c.Links = append(c.Links, Link{href, host})
			}
		}
	}
	for _, other := range []string{structured, nick, c.Organisation} {
		if c.Name == "" {
			c.Name = other
		}
	}
	switch {
	case c.Name != "":
	case len(c.Emails) > 0:
		c.Name = c.Emails[0].Value
	case len(c.Phones) > 0:
		c.Name = c.Phones[0].Value
	}
	return c, c.Name != ""
}

// fullName orders the parts of an N value: family, given, additional, prefixes, suffixes.
func fullName(parts []string) string {
	for len(parts) < 5 {
		parts = append(parts, "")
	}
	return joined([]string{parts[3], parts[1], parts[2], parts[0], parts[4]}, " ")
}

// joined puts together what isn't empty, in one line.
func joined(parts []string, between string) string {
	var kept []string
	for _, p := range parts {
		if p = mailhtml.OneLine(p, maxName); p != "" {
			kept = append(kept, p)
		}
	}
	return mailhtml.OneLine(strings.Join(kept, between), 2*maxName)
}

func label(l contentLine) string {
	for kind := range strings.SplitSeq(strings.ToLower(l.params["TYPE"]), ",") {
		switch kind {
		case "home", "work", "fax":
			return kind
		case "cell", "mobile":
			return "mobile"
		}
	}
	return ""
}

// birthday reads "19850412", "1985-04-12", "1985-04-12T00:00:00Z" and "--0412".
func birthday(value string) string {
	value, _, _ = strings.Cut(strings.TrimSpace(value), "T")
	noYear := strings.HasPrefix(value, "--")
	digits := strings.ReplaceAll(value, "-", "")
	if strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	switch {
	case noYear && len(digits) == 4:
		return digits[:2] + "-" + digits[2:]
	case len(digits) == 8:
		return digits[:4] + "-" + digits[4:6] + "-" + digits[6:]
	case len(digits) == 4:
		return digits
	}
	return ""
}
