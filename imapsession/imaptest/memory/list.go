package memory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listing is one LIST command: which mailboxes, and what about them (RFC 5258).
type listing struct {
	patterns       []string
	subscribed     bool // selection options
	specialUse     bool
	recursiveMatch bool
	returns        []string // return options but STATUS, upper case
	status         []token  // items of RETURN (STATUS (...)), nil without
}

func (c *session) list(cmd *command) string {
	l, ok := parseListing(cmd.args)
	if !ok {
		return "BAD LIST takes a reference and a pattern"
	}
	if len(l.patterns) == 1 && l.patterns[0] == "" {
		c.line(`* LIST (\Noselect) %s ""`, quote(delimiter))
		return "OK done"
	}
	c.user.mu.Lock()
	lines := c.user.listLines(l)
	c.user.mu.Unlock()
	for _, line := range lines {
		c.line("%s", line)
	}
	return "OK done"
}

func parseListing(args []token) (l listing, ok bool) {
	if len(args) > 0 && args[0].kind == list {
		for _, o := range args[0].list {
			switch {
			case o.is("SUBSCRIBED"):
				l.subscribed = true
			case o.is("SPECIAL-USE"):
				l.specialUse = true
			case o.is("RECURSIVEMATCH"):
				l.recursiveMatch = true
			}
		}
		args = args[1:]
	}
	if len(args) < 2 {
		return l, false
	}
	patterns := []token{args[1]}
	if args[1].kind == list {
		patterns = args[1].list
	}
	for _, p := range patterns {
		l.patterns = append(l.patterns, decodeName(args[0].String()+p.String()))
	}
	if len(args) == 4 && args[2].is("RETURN") {
		options := args[3].list
		for i, o := range options {
			if o.is("STATUS") && i+1 < len(options) {
				l.status = options[i+1].list
			} else if o.kind == atom {
				l.returns = append(l.returns, strings.ToUpper(o.str))
			}
		}
	}
	return l, len(args) == 2 || len(args) == 4
}

func (u *User) listLines(l listing) []string {
	var lines []string
	for _, name := range u.names() {
		if !matchesAny(l.patterns, name) {
			continue
		}
		m := u.mailboxes[name]
		childSubscribed := l.subscribed && l.recursiveMatch && u.anySubscribed(name)
		switch {
		case l.subscribed && !u.subscribed[name] && !childSubscribed,
			l.specialUse && (m == nil || m.use == ""),
			m == nil && !l.subscribed:
			continue
		}
		line := fmt.Sprintf("* LIST (%s) %s %s", strings.Join(u.attributes(name, l), " "), quote(delimiter), quote(encodeName(name)))
		if childSubscribed {
			line += ` ("CHILDINFO" ("SUBSCRIBED"))`
		}
		lines = append(lines, line)
		if l.status != nil && m != nil && !m.noSelect {
			lines = append(lines, m.statusLine(l.status))
		}
	}
	return lines
}

// names are all mailboxes and all that is subscribed, INBOX first.
func (u *User) names() []string {
	all := map[string]bool{}
	for name := range u.mailboxes {
		all[name] = true
	}
	for name := range u.subscribed {
		all[name] = true
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if (a == "INBOX") != (b == "INBOX") {
			if a == "INBOX" {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
}

func (u *User) anySubscribed(parent string) bool {
	for name := range u.subscribed {
		if strings.HasPrefix(name, parent+delimiter) {
			return true
		}
	}
	return false
}

func (u *User) attributes(name string, l listing) []string {
	m := u.mailboxes[name]
	var attrs []string
	switch {
	case m == nil:
		attrs = append(attrs, `\NonExistent`)
	case m.noSelect:
		attrs = append(attrs, `\Noselect`)
	}
	if len(u.children(name)) > 0 {
		attrs = append(attrs, `\HasChildren`)
	} else {
		attrs = append(attrs, `\HasNoChildren`)
	}
	if m != nil && m.use != "" {
		attrs = append(attrs, m.use)
	}
	if u.subscribed[name] && (l.subscribed || slices.Contains(l.returns, "SUBSCRIBED")) {
		attrs = append(attrs, `\Subscribed`)
	}
	return attrs
}

func (c *session) lsub(cmd *command) string {
	if len(cmd.args) != 2 {
		return "BAD LSUB takes a reference and a pattern"
	}
	pattern := decodeName(cmd.arg(0) + cmd.arg(1))
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	for _, name := range c.user.names() {
		if c.user.subscribed[name] && match(pattern, name) {
			c.line("* LSUB () %s %s", quote(delimiter), quote(encodeName(name)))
		}
	}
	return "OK done"
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, name) })
}

// match applies LIST's wildcards: "*" for anything, "%" for anything within a level.
func match(pattern, name string) bool {
	if strings.EqualFold(pattern, "INBOX") {
		return name == "INBOX"
	}
	// Where the last wildcard was, to try a longer run from there; "*" alone needs this, as a "%" behind
	// it can be taken up again from the "*".
	star, starName, percent, percentName := -1, 0, -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, starName, percent = p, n, -1
			p++
		case p < len(pattern) && pattern[p] == '%':
			percent, percentName = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case percent >= 0 && name[percentName] != delimiter[0]:
			percentName++
			p, n = percent+1, percentName
		case star >= 0:
			starName++
			p, n, percent = star+1, starName, -1
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*%") == ""
}

func (c *session) status(cmd *command) string {
	if len(cmd.args) != 2 || cmd.args[1].kind != list {
		return "BAD STATUS takes a mailbox and a list"
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	m, err := c.user.selectable(decodeName(cmd.arg(0)))
	if err != nil {
		return no(err)
	}
	c.line("%s", m.statusLine(cmd.args[1].list))
	return "OK done"
}

// statusLine is the STATUS response; items it does not know are left out.
func (m *mailbox) statusLine(items []token) string {
	var out []string
	for _, item := range items {
		name := strings.ToUpper(item.String())
		var value uint64
		switch name {
		case "MESSAGES":
			value = uint64(len(m.messages))
		case "RECENT":
		case "UIDNEXT":
			value = uint64(m.uidNext)
		case "UIDVALIDITY":
			value = uint64(m.uidValidity)
		case "UNSEEN":
			value = uint64(m.unseen())
		case "HIGHESTMODSEQ":
			value = m.modseq
		case "SIZE":
			for _, x := range m.messages {
				value += uint64(x.content.Size())
			}
		default:
			continue
		}
		out = append(out, fmt.Sprintf("%s %d", name, value))
	}
	return fmt.Sprintf("* STATUS %s (%s)", quote(encodeName(m.name)), strings.Join(out, " "))
}

// no is the tagged reply for a store's refusal, whose text begins with its response code.
func no(err error) string { return "NO " + err.Error() }

// change runs a change of the user's mailboxes.
func (c *session) change(cmd *command, args int, f func(u *User) error) string {
	if len(cmd.args) < args {
		return "BAD " + cmd.name + " wants a name"
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	if err := f(c.user); err != nil {
		return no(err)
	}
	return "OK done"
}

func (c *session) create(cmd *command) string {
	use := ""
	if len(cmd.args) == 2 && len(cmd.args[1].list) == 2 && cmd.args[1].list[0].is("USE") {
		for _, t := range cmd.args[1].list[1].list {
			use = t.String()
		}
	}
	return c.change(cmd, 1, func(u *User) error { return u.create(decodeName(cmd.arg(0)), use) })
}

func (c *session) delete(cmd *command) string {
	return c.change(cmd, 1, func(u *User) error { return u.delete(decodeName(cmd.arg(0))) })
}

func (c *session) rename(cmd *command) string {
	return c.change(cmd, 2, func(u *User) error { return u.rename(decodeName(cmd.arg(0)), decodeName(cmd.arg(1))) })
}

func (c *session) subscribe(cmd *command) string {
	return c.change(cmd, 1, func(u *User) error {
		m := u.find(decodeName(cmd.arg(0)))
		if m == nil {
			return errNonExistent
		}
		u.subscribed[m.name] = true
		return nil
	})
}

func (c *session) unsubscribe(cmd *command) string {
	return c.change(cmd, 1, func(u *User) error {
		name := decodeName(cmd.arg(0))
		if m := u.find(name); m != nil {
			name = m.name
		}
		delete(u.subscribed, name)
		return nil
	})
}

func (c *session) getQuotaRoot(cmd *command) string {
	if c.user.quota == 0 {
		return "BAD unknown command"
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	if c.user.find(decodeName(cmd.arg(0))) == nil {
		return no(errNonExistent)
	}
	c.line("* QUOTAROOT %s %s", quote(cmd.arg(0)), quote(quotaRoot))
	c.quotaLine()
	return "OK done"
}

func (c *session) getQuota(cmd *command) string {
	if c.user.quota == 0 {
		return "BAD unknown command"
	}
	if cmd.arg(0) != quotaRoot {
		return "NO [NONEXISTENT] no such quota root"
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	c.quotaLine()
	return "OK done"
}

// quotaRoot is the one there is.
const quotaRoot = "User quota"

// quotaLine counts in units of 1024 octets (RFC 9208 section 5.1).
func (c *session) quotaLine() {
	c.line("* QUOTA %s (STORAGE %d %d)", quote(quotaRoot), (c.user.used+1023)/1024, c.user.quota/1024)
}
