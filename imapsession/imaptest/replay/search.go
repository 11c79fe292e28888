package replay

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// searchCommand answers SEARCH, SORT and THREAD.
func (c *sess) searchCommand(r *request) (string, error) {
	ret := len(r.args) > 0 && strings.EqualFold(r.args[0].s, "RETURN")
	if ret {
		if !c.need("SEARCH RETURN", "ESEARCH", "IMAP4rev2") {
			return "BAD unknown search key RETURN", nil
		}
	}
	if r.name == "SORT" && !c.need("SORT", "SORT", "SORT=DISPLAY") || r.name == "THREAD" && !c.need("THREAD", "THREAD=REFERENCES", "THREAD=ORDEREDSUBJECT", "THREAD=REFS") {
		return "BAD unknown command", nil
	}
	var opts string
	keys := r.args
	if ret && len(r.args) > 1 {
		for _, k := range r.args[1].kids {
			opts += " " + strings.ToUpper(k.s)
		}
		keys = r.args[2:]
	}
	if r.name == "SORT" && len(keys) > 2 {
		keys = keys[2:]
	} else if r.name == "THREAD" && len(keys) > 2 {
		keys = keys[2:]
	}
	var hits []int
	for i := range c.view {
		k := keys
		if c.searchAll(&k, i) {
			hits = append(hits, i)
		}
	}
	num := func(i int) string {
		if r.uid {
			return fmt.Sprint(c.view[i].UID)
		}
		return fmt.Sprint(i + 1)
	}
	var ns []string
	for _, i := range hits {
		ns = append(ns, num(i))
	}
	switch {
	case r.name == "THREAD":
		c.line("* THREAD (%s)", strings.Join(ns, ")("))
	case ret:
		o := "* ESEARCH (TAG " + istring(r.cmd.tag) + ")"
		if r.uid {
			o += " UID"
		}
		if opts == "" || strings.Contains(opts, "ALL") {
			if len(ns) > 0 {
				o += " ALL " + strings.Join(ns, ",")
			}
		}
		if strings.Contains(opts, "COUNT") {
			o += fmt.Sprintf(" COUNT %d", len(ns))
		}
		if strings.Contains(opts, "MIN") && len(ns) > 0 {
			o += " MIN " + ns[0]
		}
		if strings.Contains(opts, "MAX") && len(ns) > 0 {
			o += " MAX " + ns[len(ns)-1]
		}
		c.line("%s", o)
	default:
		c.line("%s", strings.TrimRight("* "+r.name+" "+strings.Join(ns, " "), " "))
	}
	return "OK " + r.name + " completed", nil
}

func (c *sess) searchAll(k *[]tok, i int) bool {
	ok := true
	for len(*k) > 0 {
		ok = c.search(k, i) && ok
	}
	return ok
}

func (c *sess) search(k *[]tok, i int) bool {
	t := (*k)[0]
	*k = (*k)[1:]
	x := c.view[i]
	next := func() string {
		if len(*k) == 0 {
			return ""
		}
		v := (*k)[0].s
		*k = (*k)[1:]
		return v
	}
	if t.list {
		kk := t.kids
		return c.searchAll(&kk, i)
	}
	has := func(b []byte, s string) bool {
		return bytes.Contains(bytes.ToLower(b), bytes.ToLower([]byte(s)))
	}
	p := func() *part { return parsePart(x.Raw) }
	switch up := strings.ToUpper(t.s); up {
	case "ALL", "OLD":
		return true
	case "CHARSET":
		next()
		return true
	case "SEEN", "ANSWERED", "FLAGGED", "DELETED", "DRAFT":
		return x.Flags[`\`+up[:1]+strings.ToLower(up[1:])]
	case "UNSEEN", "UNANSWERED", "UNFLAGGED", "UNDELETED", "UNDRAFT":
		return !x.Flags[`\`+up[2:3]+strings.ToLower(up[3:])]
	case "NEW", "RECENT":
		return false
	case "KEYWORD":
		return x.Flags[next()]
	case "UNKEYWORD":
		return !x.Flags[next()]
	case "NOT":
		return !c.search(k, i)
	case "OR":
		a := c.search(k, i)
		b := c.search(k, i)
		return a || b
	case "UID":
		for _, j := range c.set(next(), true) {
			if j == i {
				return true
			}
		}
		return false
	case "SUBJECT", "FROM", "TO", "CC", "BCC":
		return has([]byte(p().get(up)), next())
	case "HEADER":
		h := next()
		return has([]byte(p().get(h)), next())
	case "TEXT":
		return has(x.Raw, next())
	case "BODY":
		return has(p().body, next())
	case "SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE", "SENTON", "MODSEQ":
		next()
		return true
	case "LARGER":
		n, _ := strconv.Atoi(next())
		return len(x.Raw) > n
	case "SMALLER":
		n, _ := strconv.Atoi(next())
		return len(x.Raw) < n
	default:
		if strings.HasPrefix(up, "X-GM-") {
			c.need(up, "X-GM-EXT-1")
			next()
			return true
		}
		if up != "" && (up[0] == '*' || up[0] >= '0' && up[0] <= '9') {
			for _, j := range c.set(up, false) {
				if j == i {
					return true
				}
			}
			return false
		}
		c.bad("search key %s", up)
		return true
	}
}

// set gives the indexes into the view.
func (c *sess) set(s string, uid bool) []int {
	var out []int
	top := uint32(len(c.view))
	if uid && len(c.view) > 0 {
		top = c.view[len(c.view)-1].UID
	}
	num := func(v string) uint32 {
		if v == "*" {
			return top
		}
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil || n == 0 {
			c.bad("number %q in a set", v)
		}
		return uint32(n)
	}
	in := map[int]bool{}
	for _, r := range strings.Split(s, ",") {
		a, b, ok := strings.Cut(r, ":")
		lo := num(a)
		hi := lo
		if ok {
			hi = num(b)
		}
		if lo > hi {
			lo, hi = hi, lo
		}
		for i, x := range c.view {
			n := uint32(i + 1)
			if uid {
				n = x.UID
			}
			if n >= lo && n <= hi {
				in[i] = true
			}
		}
		if !uid && hi > uint32(len(c.view)) {
			c.bad("sequence number %d, but there are %d messages", hi, len(c.view))
		}
	}
	for i := range c.view {
		if in[i] {
			out = append(out, i)
		}
	}
	return out
}
