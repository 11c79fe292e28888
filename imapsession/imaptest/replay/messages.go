package replay

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// append answers APPEND.
func (c *sess) append(r *request) (string, error) {
	m := c.s.find(r.arg(0))
	if m == nil || m.NoSelect {
		return "NO [TRYCREATE] no such mailbox", nil
	}
	if len(r.cmd.lits) == 0 {
		return "BAD APPEND without a literal", nil
	}
	x := &Msg{UID: max(m.UIDNext, 1), Flags: map[string]bool{}, Raw: r.cmd.lits[len(r.cmd.lits)-1], Date: time.Now().Format("02-Jan-2006 15:04:05 -0700"), Attr: map[string]string{}}
	for _, t := range r.args {
		if t.list {
			for _, k := range t.kids {
				x.Flags[k.s] = true
			}
		}
	}
	m.UIDNext = x.UID + 1
	m.Msgs = append(m.Msgs, x)
	c.sync(true)
	if c.has("UIDPLUS") {
		return fmt.Sprintf("OK [APPENDUID %d %d] APPEND completed", m.UIDValidity, x.UID), nil
	}
	return "OK APPEND completed", nil
}

// leave answers CLOSE and UNSELECT.
func (c *sess) leave(r *request) (string, error) {
	if r.name == "UNSELECT" && !c.need("UNSELECT", "UNSELECT", "IMAP4rev2") {
		return "BAD unknown command", nil
	}
	if r.name == "CLOSE" && !c.ro {
		c.expunge(nil, true)
	}
	c.state, c.mb, c.view = stAuth, nil, nil
	return "OK " + r.name + " completed", nil
}

// expungeDeleted answers EXPUNGE and UID EXPUNGE.
func (c *sess) expungeDeleted(r *request) (string, error) {
	if c.ro {
		return "NO [READ-ONLY] mailbox is read-only", nil
	}
	var set map[*Msg]bool
	if r.uid {
		if !c.need("UID EXPUNGE", "UIDPLUS", "IMAP4rev2") {
			return "BAD unknown command", nil
		}
		set = map[*Msg]bool{}
		for _, i := range c.set(r.arg(0), true) {
			set[c.view[i]] = true
		}
	}
	c.expunge(set, false)
	return "OK EXPUNGE completed", nil
}

func (c *sess) expunge(only map[*Msg]bool, silent bool) {
	gone := map[*Msg]bool{}
	for _, x := range c.view {
		if x.Flags[`\Deleted`] && (only == nil || only[x]) {
			gone[x] = true
		}
	}
	if silent {
		c.view = nil
	}
	c.drop(gone)
}

func (c *sess) drop(gone map[*Msg]bool) {
	var keep []*Msg
	for _, x := range c.mb.Msgs {
		if !gone[x] {
			keep = append(keep, x)
		}
	}
	c.mb.Msgs = keep
	c.sync(true)
}

// copy answers COPY and MOVE.
func (c *sess) copy(r *request) (string, error) {
	if r.name == "MOVE" && !c.need("MOVE", "MOVE", "IMAP4rev2") {
		return "BAD unknown command", nil
	}
	m := c.s.find(r.arg(1))
	if m == nil || m.NoSelect {
		return "NO [TRYCREATE] no such mailbox", nil
	}
	if r.name == "MOVE" && c.ro {
		return "NO [READ-ONLY] mailbox is read-only", nil
	}
	var from, to []string
	gone := map[*Msg]bool{}
	for _, i := range c.set(r.arg(0), r.uid) {
		x := *c.view[i]
		x.Flags = map[string]bool{}
		for k, v := range c.view[i].Flags {
			x.Flags[k] = v
		}
		x.UID = max(m.UIDNext, 1)
		m.UIDNext = x.UID + 1
		m.Msgs = append(m.Msgs, &x)
		from, to = append(from, fmt.Sprint(c.view[i].UID)), append(to, fmt.Sprint(x.UID))
		gone[c.view[i]] = true
	}
	code := ""
	if c.has("UIDPLUS") && len(from) > 0 {
		code = fmt.Sprintf("[COPYUID %d %s %s] ", m.UIDValidity, strings.Join(from, ","), strings.Join(to, ","))
	}
	if r.name == "MOVE" {
		if code != "" {
			c.line("* OK %smoved", code)
		}
		c.drop(gone)
		return "OK MOVE completed", nil
	}
	return "OK " + code + "COPY completed", nil
}

// store answers STORE.
func (c *sess) store(r *request) (string, error) {
	if c.ro {
		return "NO [READ-ONLY] mailbox is read-only", nil
	}
	op := strings.ToUpper(r.arg(1))
	var fl []string
	for _, t := range r.args[min(2, len(r.args)):] {
		if t.list {
			for _, k := range t.kids {
				fl = append(fl, k.s)
			}
		} else {
			fl = append(fl, t.s)
		}
	}
	for _, i := range c.set(r.arg(0), r.uid) {
		x := c.view[i]
		if strings.HasPrefix(op, "FLAGS") {
			x.Flags = map[string]bool{}
		}
		for _, f := range fl {
			x.Flags[f] = !strings.HasPrefix(op, "-")
		}
		if !strings.HasSuffix(op, ".SILENT") {
			u := ""
			if r.uid {
				u = fmt.Sprintf("UID %d ", x.UID)
			}
			c.line("* %d FETCH (%sFLAGS (%s))", i+1, u, flags(x))
		}
	}
	return "OK STORE completed", nil
}

func flags(x *Msg) string {
	var o []string
	for k, v := range x.Flags {
		if v {
			o = append(o, k)
		}
	}
	sort.Strings(o)
	return strings.Join(o, " ")
}
