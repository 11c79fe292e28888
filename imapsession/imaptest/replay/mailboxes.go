package replay

import (
	"fmt"
	"regexp"
	"strings"
)

// enable answers ENABLE.
func (c *sess) enable(r *request) (string, error) {
	if !c.need("ENABLE", "ENABLE", "IMAP4rev2") {
		return "BAD unknown command", nil
	}
	var on []string
	for _, x := range strings.Fields(strings.ToUpper(r.rest)) {
		if c.has(x) {
			on = append(on, x)
			if x == "UTF8=ACCEPT" {
				c.utf8 = true
			}
		}
	}
	c.line("* ENABLED %s", strings.Join(on, " "))
	return "OK ENABLE completed", nil
}

// namespaces answers NAMESPACE.
func (c *sess) namespaces(r *request) (string, error) {
	if !c.need("NAMESPACE", "NAMESPACE", "IMAP4rev2") {
		return "BAD unknown command", nil
	}
	ns := c.s.Namespace
	if ns == "" {
		ns = `(("" ` + c.delim() + `)) NIL NIL`
	}
	c.line("* NAMESPACE %s", ns)
	return "OK NAMESPACE completed", nil
}

// list answers LIST, LSUB and XLIST.
func (c *sess) list(r *request) (string, error) {
	if r.name == "XLIST" {
		c.need("XLIST", "XLIST")
	}
	up := strings.ToUpper(r.rest)
	wantStatus := ""
	if strings.HasPrefix(r.rest, "(") || strings.Contains(up, " RETURN ") {
		if !c.has("LIST-EXTENDED") && !c.has("IMAP4rev2") && !(c.has("SPECIAL-USE") && !strings.Contains(up, "STATUS")) {
			c.bad("LIST options without LIST-EXTENDED: %.80s", r.rest)
			return "BAD LIST takes two arguments", nil
		}
		if i := strings.Index(up, "STATUS ("); i >= 0 {
			if !c.has("LIST-STATUS") && !c.has("IMAP4rev2") {
				c.bad("LIST RETURN (STATUS) without LIST-STATUS")
				return "BAD no LIST-STATUS", nil
			}
			j := strings.IndexByte(r.rest[i+8:], ')')
			wantStatus = r.rest[i+8 : i+8+j]
		}
		if len(r.args) > 0 && r.args[0].list {
			r.args = r.args[1:]
		}
	}
	if r.arg(1) == "" && len(r.args) > 1 && !r.args[1].list {
		c.line(`* LIST (\Noselect) %s ""`, c.delim())
		return "OK " + r.name + " completed", nil
	}
	var pats []string
	if len(r.args) > 1 && r.args[1].list {
		for _, k := range r.args[1].kids {
			pats = append(pats, r.arg(0)+k.s)
		}
	} else {
		pats = []string{r.arg(0) + r.arg(1)}
	}
	for _, m := range c.s.Mailboxes {
		hit := false
		for _, p := range pats {
			hit = hit || listMatch(p, m.Name, c.s.Delim)
		}
		if !hit {
			continue
		}
		c.line("* %s (%s) %s %s", r.name, m.Attrs, c.delim(), c.qmb(m))
		if wantStatus != "" && !m.NoSelect {
			c.line("* STATUS %s (%s)", c.qmb(m), c.status(m, wantStatus))
		}
	}
	return "OK " + r.name + " completed", nil
}

// listMatch does LIST's * and %.
func listMatch(pat, name, delim string) bool {
	if strings.EqualFold(pat, "INBOX") {
		pat = "INBOX"
	}
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for i := 0; i < len(pat); i++ {
		switch pat[i] {
		case '*':
			b.WriteString(".*")
		case '%':
			if delim == "NIL" {
				b.WriteString(".*")
			} else {
				b.WriteString("[^" + regexp.QuoteMeta(delim) + "]*")
			}
		default:
			b.WriteString(regexp.QuoteMeta(string(pat[i])))
		}
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	return err == nil && re.MatchString(name)
}

func (c *sess) qmb(m *Mailbox) string {
	if m.Wire != "" {
		return m.Wire
	}
	if regexp.MustCompile(`^[A-Za-z0-9_./&,+-]+$`).MatchString(m.Name) {
		return m.Name
	}
	for i := 0; i < len(m.Name); i++ {
		if m.Name[i] == '\r' || m.Name[i] == '\n' {
			return istring(m.Name)
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(m.Name) + `"`
}

func (c *sess) delim() string {
	if c.s.Delim == "NIL" {
		return "NIL"
	}
	return istring(c.s.Delim)
}

// statusOf answers STATUS.
func (c *sess) statusOf(r *request) (string, error) {
	m := c.s.find(r.arg(0))
	if m == nil || m.NoSelect {
		return "NO [NONEXISTENT] no such mailbox", nil
	}
	if len(r.args) < 2 || !r.args[1].list {
		return "BAD STATUS", nil
	}
	var items []string
	for _, k := range r.args[1].kids {
		items = append(items, k.s)
	}
	c.line("* STATUS %s (%s)", c.qmb(m), c.status(m, strings.Join(items, " ")))
	return "OK STATUS completed", nil
}

func (c *sess) status(m *Mailbox, items string) string {
	var o []string
	v := m.visible()
	for _, it := range strings.Fields(strings.ToUpper(items)) {
		n := 0
		switch it {
		case "MESSAGES":
			n = len(v)
		case "UNSEEN":
			for _, x := range v {
				if !x.Flags[`\Seen`] {
					n++
				}
			}
		case "UIDNEXT":
			n = int(m.UIDNext)
		case "UIDVALIDITY":
			n = int(m.UIDValidity)
		case "SIZE":
			c.need("STATUS SIZE", "STATUS=SIZE", "IMAP4rev2")
			for _, x := range v {
				n += len(x.Raw)
			}
		case "HIGHESTMODSEQ":
			c.need("HIGHESTMODSEQ", "CONDSTORE")
			n = 1
		case "RECENT", "DELETED":
		default:
			c.bad("STATUS item %s", it)
			continue
		}
		o = append(o, fmt.Sprintf("%s %d", it, n))
	}
	return strings.Join(o, " ")
}

// selectMailbox answers SELECT and EXAMINE.
func (c *sess) selectMailbox(r *request) (string, error) {
	m := c.s.find(r.arg(0))
	if len(r.args) > 1 {
		c.need(r.name+" parameters "+r.rest, "CONDSTORE", "QRESYNC")
	}
	c.state, c.mb, c.view = stAuth, nil, nil
	if m == nil || m.NoSelect {
		return "NO [NONEXISTENT] no such mailbox", nil
	}
	c.mb, c.view, c.state = m, m.visible(), stSel
	c.ro = r.name == "EXAMINE" || m.ReadOnly
	c.line(`* FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Forwarded)`)
	if c.ro {
		c.line("* OK [PERMANENTFLAGS ()] read-only")
	} else if !m.NoPerm {
		c.line(`* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Forwarded \*)] ok`)
	}
	c.line("* %d EXISTS", len(c.view))
	if !m.NoRecent {
		c.line("* 0 RECENT")
	}
	if m.NotSticky {
		c.line("* NO [UIDNOTSTICKY] UIDs are not kept")
	}
	c.line("* OK [UIDVALIDITY %d] ok", m.UIDValidity)
	if m.UIDNext > 0 {
		c.line("* OK [UIDNEXT %d] ok", m.UIDNext)
	}
	if c.ro {
		return "OK [READ-ONLY] " + r.name + " completed", nil
	}
	return "OK [READ-WRITE] " + r.name + " completed", nil
}

// create answers CREATE.
func (c *sess) create(r *request) (string, error) {
	if c.s.find(r.arg(0)) != nil {
		return "NO [ALREADYEXISTS] mailbox exists", nil
	}
	c.s.Mailboxes = append(c.s.Mailboxes, &Mailbox{Name: strings.TrimSuffix(r.arg(0), c.s.Delim), Attrs: `\HasNoChildren`, UIDValidity: 1700000001, UIDNext: 1})
	return "OK CREATE completed", nil
}

// remove answers DELETE.
func (c *sess) remove(r *request) (string, error) {
	for i, m := range c.s.Mailboxes {
		if m.Name == r.arg(0) {
			c.s.Mailboxes = append(c.s.Mailboxes[:i:i], c.s.Mailboxes[i+1:]...)
			return "OK DELETE completed", nil
		}
	}
	return "NO [NONEXISTENT] no such mailbox", nil
}

// rename answers RENAME.
func (c *sess) rename(r *request) (string, error) {
	m := c.s.find(r.arg(0))
	if m == nil {
		return "NO [NONEXISTENT] no such mailbox", nil
	}
	m.Name, m.Wire = r.arg(1), ""
	return "OK RENAME completed", nil
}

// quota answers GETQUOTA and GETQUOTAROOT.
func (c *sess) quota(r *request) (string, error) {
	if !c.need(r.name, "QUOTA") {
		return "BAD unknown command", nil
	}
	c.line(`* QUOTAROOT INBOX ""`)
	c.line(`* QUOTA "" (STORAGE 10 100)`)
	return "OK done", nil
}
