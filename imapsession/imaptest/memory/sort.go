package memory

import (
	"cmp"
	"slices"
	"strings"
)

// sort answers SORT (RFC 5256) and DISPLAYFROM, DISPLAYTO (RFC 5957).
func (c *session) sort(cmd *command) string {
	if len(cmd.args) < 3 || cmd.args[0].kind != list {
		return "BAD SORT takes orders, a charset and keys"
	}
	if !utf8Charset(cmd.arg(1)) {
		return "NO [BADCHARSET (UTF-8 US-ASCII)] no such charset here"
	}
	orders, ok := parseOrders(cmd.args[0].list)
	if !ok {
		return "BAD SORT does not know such an order"
	}
	rows, _, err := c.find(cmd.args[2:])
	if err != nil {
		return err.Error()
	}
	keys := make(map[int][]sortKey, len(rows))
	for _, n := range rows {
		for _, o := range orders {
			keys[n] = append(keys[n], o.key(c.view[n].message))
		}
	}
	slices.SortStableFunc(rows, func(a, b int) int { // stable: sequence numbers decide last
		for i, o := range orders {
			d := compareKeys(keys[a][i], keys[b][i])
			if o.reverse {
				d = -d
			}
			if d != 0 {
				return d
			}
		}
		return 0
	})
	c.line("* SORT%s", spaced(c.named(rows, cmd.uid)))
	return "OK done"
}

type order struct {
	reverse bool
	name    string
	key     func(*message) sortKey
}

// sortKey is a number or a text, whichever its order uses.
type sortKey struct {
	number int64
	text   string
}

func compareKeys(a, b sortKey) int {
	return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.text, b.text))
}

var sortKeys = map[string]func(*message) sortKey{
	"ARRIVAL": func(m *message) sortKey { return sortKey{number: m.date.UnixNano()} },
	"DATE":    func(m *message) sortKey { return sortKey{number: m.content.sent(m.date).Unix()} },
	"SIZE":    func(m *message) sortKey { return sortKey{number: m.content.Size()} },
	"SUBJECT": func(m *message) sortKey {
		base, _ := baseSubject(m.content.structure().get("Subject"))
		return sortKey{text: strings.ToUpper(base)}
	},
	"FROM":        mailboxKey("From"),
	"TO":          mailboxKey("To"),
	"CC":          mailboxKey("Cc"),
	"DISPLAYFROM": displayKey("From"),
	"DISPLAYTO":   displayKey("To"),
}

// mailboxKey sorts by the first address's local part (RFC 5256 section 3).
func mailboxKey(header string) func(*message) sortKey {
	return func(m *message) sortKey {
		if all := parseAddresses(m.content.structure().get(header)); len(all) > 0 {
			return sortKey{text: strings.ToUpper(all[0].mailbox)}
		}
		return sortKey{}
	}
}

// displayKey sorts by the first address's name, or the address (RFC 5957).
func displayKey(header string) func(*message) sortKey {
	return func(m *message) sortKey {
		all := parseAddresses(m.content.structure().get(header))
		switch {
		case len(all) == 0:
			return sortKey{}
		case all[0].name != "":
			return sortKey{text: strings.ToUpper(decodeHeader(all[0].name))}
		}
		return sortKey{text: strings.ToUpper(all[0].mailbox + "@" + all[0].host)}
	}
}

func parseOrders(tokens []token) ([]order, bool) {
	var orders []order
	reverse := false
	for _, t := range tokens {
		if t.is("REVERSE") {
			reverse = true
			continue
		}
		name := strings.ToUpper(t.str)
		key := sortKeys[name]
		if key == nil {
			return nil, false
		}
		orders = append(orders, order{reverse, name, key})
		reverse = false
	}
	return orders, len(orders) > 0 && !reverse
}

// baseSubject is a subject without what replies and forwards add (RFC 5256 section 2.1), and whether they had added any.
func baseSubject(raw string) (base string, reply bool) {
	s := strings.Join(strings.Fields(decodeHeader(raw)), " ")
	for {
		before := s
		for {
			s = strings.TrimSpace(s)
			lower := strings.ToLower(s)
			if trimmed, is := strings.CutSuffix(lower, "(fwd)"); is {
				s, reply = s[:len(trimmed)], true
				continue
			}
			if rest, is := cutReply(s); is {
				s, reply = rest, true
				continue
			}
			if rest := cutBlob(s); rest != "" && rest != s {
				s = rest
				continue
			}
			break
		}
		lower := strings.ToLower(s)
		if strings.HasPrefix(lower, "[fwd:") && strings.HasSuffix(s, "]") {
			s, reply = s[len("[fwd:"):len(s)-1], true
		}
		if s == before {
			return s, reply
		}
	}
}

// cutReply takes one "Re:", "Fw:" or "Fwd:", also "Re[2]:", off the front, with blobs before it.
func cutReply(s string) (rest string, is bool) {
	t := s
	for {
		next := cutBlob(t)
		if next == t {
			break
		}
		t = next
	}
	lower := strings.ToLower(t)
	for _, word := range []string{"re", "fwd", "fw"} {
		after, has := strings.CutPrefix(lower, word)
		if !has {
			continue
		}
		after = cutBlob(strings.TrimLeft(after, " "))
		if strings.HasPrefix(after, ":") {
			return strings.TrimSpace(t[len(t)-len(after)+1:]), true
		}
	}
	return s, false
}

// cutBlob takes one "[something]" off the front.
func cutBlob(s string) string {
	if !strings.HasPrefix(s, "[") {
		return s
	}
	end := strings.IndexAny(s[1:], "[]")
	if end < 0 || s[1+end] != ']' {
		return s
	}
	return strings.TrimLeft(s[end+2:], " ")
}
