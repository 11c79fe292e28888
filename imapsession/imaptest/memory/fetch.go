package memory

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// item is one thing that FETCH is to bring.
type item struct {
	name    string // upper case, "BODY[]" for all sections
	section section
	label   string // how the response names a section: "BODY[1.2]<0>"
	peek    bool
	offset  int64
	length  int64 // octets at most, -1 for all
}

// fetched is a row as it was when the command came.
type fetched struct {
	seq    int
	m      *message
	flags  []string
	modseq uint64
	told   bool // its flags have just changed: the client must hear
}

func (c *session) fetch(cmd *command) (string, error) {
	if len(cmd.args) < 2 {
		return "BAD FETCH takes a set and items", nil
	}
	rows, ok := c.numbers(cmd.arg(0), cmd.uid)
	if !ok {
		return badSet, nil
	}
	items, ok := parseItems(cmd.args[1])
	if !ok {
		return "BAD FETCH does not know such an item", nil
	}
	changedSince := uint64(0)
	if len(cmd.args) > 2 {
		l := cmd.args[2].list
		if len(l) != 2 || !l[0].is("CHANGEDSINCE") {
			return "BAD FETCH does not know such a modifier", nil
		}
		var err error
		if changedSince, err = strconv.ParseUint(l[1].str, 10, 64); err != nil {
			return "BAD CHANGEDSINCE wants a number", nil
		}
		c.condstore = true
		items = with(items, "MODSEQ")
	}
	if cmd.uid {
		items = with(items, "UID")
	}
	for _, f := range c.take(rows, items, changedSince) {
		if err := c.writeFetch(f, items); err != nil {
			return "", err
		}
	}
	return "OK done", nil
}

// with adds an item in front, unless it is there.
func with(items []item, name string) []item {
	if slices.ContainsFunc(items, func(i item) bool { return i.name == name }) {
		return items
	}
	return append([]item{{name: name}}, items...)
}

var macros = map[string][]string{
	"ALL":  {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"},
	"FAST": {"FLAGS", "INTERNALDATE", "RFC822.SIZE"},
	"FULL": {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"},
}

func parseItems(arg token) ([]item, bool) {
	tokens := []token{arg}
	if arg.kind == list {
		tokens = arg.list
	}
	var items []item
	for _, t := range tokens {
		if t.kind == list { // PREVIEW (LAZY): ours are all cheap
			if len(items) == 0 || items[len(items)-1].name != "PREVIEW" {
				return nil, false
			}
			continue
		}
		if t.kind != atom {
			return nil, false
		}
		if names := macros[strings.ToUpper(t.str)]; names != nil {
			for _, n := range names {
				items = append(items, item{name: n})
			}
			continue
		}
		i, ok := parseItem(t.str)
		if !ok {
			return nil, false
		}
		items = append(items, i)
	}
	return items, len(items) > 0
}

func parseItem(s string) (item, bool) {
	upper := strings.ToUpper(s)
	switch upper {
	case "UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE", "MODSEQ", "PREVIEW":
		return item{name: upper}, true
	case "RFC822":
		return item{name: "BODY[]", label: upper, length: -1}, true
	case "RFC822.HEADER":
		return item{name: "BODY[]", label: upper, length: -1, peek: true, section: section{what: "HEADER"}}, true
	case "RFC822.TEXT":
		return item{name: "BODY[]", label: upper, length: -1, section: section{what: "TEXT"}}, true
	}
	open, end := strings.IndexByte(s, '['), strings.LastIndexByte(s, ']')
	if open < 0 || end < open {
		return item{}, false
	}
	i := item{name: "BODY[]", length: -1, label: "BODY" + s[open:end+1], peek: upper[:open] == "BODY.PEEK"}
	if !i.peek && upper[:open] != "BODY" {
		return i, false
	}
	var ok bool
	if i.section, ok = parseSection(s[open+1 : end]); !ok {
		return i, false
	}
	if partial := s[end+1:]; partial != "" {
		if _, err := fmt.Sscanf(partial, "<%d.%d>", &i.offset, &i.length); err != nil || i.offset < 0 || i.length <= 0 {
			return i, false
		}
		i.label += fmt.Sprintf("<%d>", i.offset)
	}
	return i, true
}

// take notes the rows' flags in one go, setting \Seen where a body is asked for without PEEK.
func (c *session) take(rows []int, items []item, changedSince uint64) []fetched {
	sees := !c.readOnly && slices.ContainsFunc(items, func(i item) bool { return i.name == "BODY[]" && !i.peek })
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	var out []fetched
	for _, n := range rows {
		r := &c.view[n]
		if changedSince > 0 && r.modseq <= changedSince {
			continue
		}
		f := fetched{seq: n + 1, m: r.message}
		if sees && !r.removed && !hasFlag(r.flags, `\Seen`) {
			f.told = c.box.setFlags(r.message, append(slices.Clone(r.flags), `\Seen`))
			r.told = r.modseq
		}
		f.flags, f.modseq = r.flags, r.modseq
		out = append(out, f)
	}
	return out
}

func (c *session) writeFetch(f fetched, items []item) error {
	fmt.Fprintf(c.w, "* %d FETCH (", f.seq)
	if f.told {
		items = with(items, "FLAGS")
	}
	for n, i := range items {
		if n > 0 {
			c.w.WriteByte(' ')
		}
		if i.name != "BODY[]" {
			c.w.WriteString(i.name + " " + f.value(i.name))
			continue
		}
		if err := c.writeSection(f.m.content, i); err != nil {
			return err
		}
	}
	_, err := c.w.WriteString(")\r\n")
	return err
}

func (f *fetched) value(name string) string {
	switch name {
	case "UID":
		return strconv.FormatUint(uint64(f.m.uid), 10)
	case "FLAGS":
		return "(" + strings.Join(f.flags, " ") + ")"
	case "INTERNALDATE":
		return `"` + f.m.date.Format("02-Jan-2006 15:04:05 -0700") + `"`
	case "RFC822.SIZE":
		return strconv.FormatInt(f.m.content.Size(), 10)
	case "ENVELOPE":
		return envelope(f.m.content.structure())
	case "BODY":
		return bodyStructure(f.m.content.structure(), false)
	case "BODYSTRUCTURE":
		return bodyStructure(f.m.content.structure(), true)
	case "MODSEQ":
		return fmt.Sprintf("(%d)", f.modseq)
	}
	return quote(f.m.content.preview()) // PREVIEW
}

// writeSection sends a section as a literal straight from the message.
func (c *session) writeSection(x *content, i item) error {
	where, ok := x.locate(i.section)
	if !ok {
		_, err := c.w.WriteString(i.label + " NIL")
		return err
	}
	size := where.size()
	from := min(i.offset, size)
	n := size - from
	if i.length >= 0 {
		n = min(n, i.length)
	}
	fmt.Fprintf(c.w, "%s {%d}\r\n", i.label, n)
	var err error
	switch {
	case where.isMade:
		_, err = c.w.Write(where.made[from : from+n])
	case x.bytes != nil:
		_, err = c.w.Write(x.bytes[where.from+from : where.from+from+n])
	default:
		_, err = io.Copy(c.w, io.NewSectionReader(x, where.from+from, n))
	}
	return err
}
