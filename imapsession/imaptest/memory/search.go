package memory

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// criterion tells whether the n-th row matches.
type criterion func(n int, r *searchRow) bool

// searchRow is a row with its flags as they were when the search began.
type searchRow struct {
	*message
	flags  []string
	modseq uint64
}

var errSearch = errors.New("BAD that is no search")

// search answers SEARCH, plain or with RETURN (RFC 4731).
func (c *session) search(cmd *command) string {
	args := cmd.args
	var returns []string
	extended := len(args) > 1 && args[0].is("RETURN")
	if extended {
		for _, t := range args[1].list {
			returns = append(returns, strings.ToUpper(t.str))
		}
		if len(returns) == 0 {
			returns = []string{"ALL"}
		}
		args = args[2:]
	}
	if len(args) > 1 && args[0].is("CHARSET") {
		if !utf8Charset(args[1].String()) {
			return "NO [BADCHARSET (UTF-8 US-ASCII)] no such charset here"
		}
		args = args[2:]
	}
	hits, modseq, err := c.find(args)
	if err != nil {
		return err.Error()
	}
	numbers := c.named(hits, cmd.uid)
	if extended {
		c.line("%s", esearch(cmd, returns, numbers, modseq))
		return "OK done"
	}
	line := "* SEARCH" + spaced(numbers)
	if modseq > 0 && len(numbers) > 0 {
		line += fmt.Sprintf(" (MODSEQ %d)", modseq)
	}
	c.line("%s", line)
	return "OK done"
}

// spaced prints numbers, each with a space before it.
func spaced(numbers []uint32) string {
	var b []byte
	for _, n := range numbers {
		b = strconv.AppendUint(append(b, ' '), uint64(n), 10)
	}
	return string(b)
}

func utf8Charset(name string) bool {
	return strings.EqualFold(name, "UTF-8") || strings.EqualFold(name, "US-ASCII")
}

func esearch(cmd *command, returns []string, numbers []uint32, modseq uint64) string {
	line := "* ESEARCH (TAG " + quote(cmd.tag) + ")"
	if cmd.uid {
		line += " UID"
	}
	for _, r := range returns {
		switch {
		case r == "COUNT":
			line += fmt.Sprintf(" COUNT %d", len(numbers))
		case len(numbers) == 0:
		case r == "MIN":
			line += fmt.Sprintf(" MIN %d", slices.Min(numbers))
		case r == "MAX":
			line += fmt.Sprintf(" MAX %d", slices.Max(numbers))
		case r == "ALL":
			line += " ALL " + uidSet(numbers)
		}
	}
	if modseq > 0 && len(numbers) > 0 {
		line += fmt.Sprintf(" MODSEQ %d", modseq)
	}
	return line
}

// named gives the rows' UIDs or sequence numbers.
func (c *session) named(rows []int, uid bool) []uint32 {
	out := make([]uint32, len(rows))
	for i, n := range rows {
		out[i] = uint32(n + 1)
		if uid {
			out[i] = c.view[n].uid
		}
	}
	return out
}

// find returns the rows that match all keys and, when a key was MODSEQ, the highest modseq among them.
func (c *session) find(keys []token) (rows []int, modseq uint64, err error) {
	p := searchParser{c: c, rest: keys}
	matches, err := p.all()
	if err != nil {
		return nil, 0, err
	}
	for n, r := range c.searchRows() {
		if r.message.content != nil && matches(n, &r) {
			rows = append(rows, n)
			if p.modseq {
				modseq = max(modseq, r.modseq)
			}
		}
	}
	return rows, modseq, nil
}

func (c *session) searchRows() []searchRow {
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	rows := make([]searchRow, len(c.view))
	for n, r := range c.view {
		if !r.removed {
			rows[n] = searchRow{r.message, r.flags, r.modseq}
		} else {
			rows[n] = searchRow{message: &message{}}
		}
	}
	return rows
}

type searchParser struct {
	c      *session
	rest   []token
	modseq bool // a key was MODSEQ
}

// all reads every key that is left; all must match.
func (p *searchParser) all() (criterion, error) {
	var every []criterion
	for len(p.rest) > 0 {
		one, err := p.key()
		if err != nil {
			return nil, err
		}
		every = append(every, one)
	}
	if len(every) == 0 {
		return nil, errSearch
	}
	return func(n int, r *searchRow) bool {
		for _, matches := range every {
			if !matches(n, r) {
				return false
			}
		}
		return true
	}, nil
}

func (p *searchParser) next() (token, error) {
	if len(p.rest) == 0 {
		return token{}, errSearch
	}
	t := p.rest[0]
	p.rest = p.rest[1:]
	return t, nil
}

// key reads one search key with its arguments.
func (p *searchParser) key() (criterion, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	if t.kind == list {
		inner := searchParser{c: p.c, rest: t.list}
		c, err := inner.all()
		p.modseq = p.modseq || inner.modseq
		return c, err
	}
	name := strings.ToUpper(t.String())
	if c, ok := flagKey(name); ok {
		return c, nil
	}
	switch name {
	case "ALL":
		return func(int, *searchRow) bool { return true }, nil
	case "OLD":
		return func(int, *searchRow) bool { return true }, nil // nothing is ever \Recent here
	case "NEW", "RECENT":
		return func(int, *searchRow) bool { return false }, nil
	case "NOT":
		c, err := p.key()
		if err != nil {
			return nil, err
		}
		return func(n int, r *searchRow) bool { return !c(n, r) }, nil
	case "OR":
		a, err := p.key()
		if err != nil {
			return nil, err
		}
		b, err := p.key()
		if err != nil {
			return nil, err
		}
		return func(n int, r *searchRow) bool { return a(n, r) || b(n, r) }, nil
	}
	if name != "" && (name[0] == '*' || name[0] >= '0' && name[0] <= '9') {
		return p.set(name, false)
	}
	value, err := p.next()
	if err != nil {
		return nil, err
	}
	if name == "UID" {
		return p.set(value.String(), true)
	}
	return p.valueKey(name, value)
}

// flagKey reads SEEN, UNSEEN and their like.
func flagKey(name string) (criterion, bool) {
	for _, f := range systemFlags {
		upper := strings.ToUpper(f[1:])
		if name == upper || name == "UN"+upper {
			want := name == upper
			return func(_ int, r *searchRow) bool { return hasFlag(r.flags, f) == want }, true
		}
	}
	return nil, false
}

func (p *searchParser) set(set string, uid bool) (criterion, error) {
	rows, ok := p.c.numbers(set, uid)
	if !ok {
		return nil, errSearch
	}
	in := map[int]bool{}
	for _, n := range rows {
		in[n] = true
	}
	return func(n int, _ *searchRow) bool { return in[n] }, nil
}

// valueKey reads a key with one argument, or for HEADER and MODSEQ more.
func (p *searchParser) valueKey(name string, value token) (criterion, error) {
	needle := strings.ToLower(value.String())
	switch name {
	case "KEYWORD", "UNKEYWORD":
		return func(_ int, r *searchRow) bool { return hasFlag(r.flags, value.String()) == (name == "KEYWORD") }, nil
	case "SUBJECT", "FROM", "TO", "CC", "BCC":
		return inHeader(name, needle), nil
	case "HEADER":
		t, err := p.next()
		return inHeader(value.String(), strings.ToLower(t.String())), err
	case "BODY":
		return func(_ int, r *searchRow) bool { return inBody(r.content, needle) }, nil
	case "TEXT":
		return func(_ int, r *searchRow) bool {
			return strings.Contains(strings.ToLower(r.content.structure().headerText()), needle) || inBody(r.content, needle)
		}, nil
	case "LARGER", "SMALLER", "OLDER", "YOUNGER":
		return sizeKey(name, value.String())
	case "SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE", "SENTON":
		return dateKey(name, value.String())
	case "MODSEQ":
		return p.modseqKey(value)
	}
	return nil, errSearch
}

func inHeader(name, needle string) criterion {
	return func(_ int, r *searchRow) bool {
		return slices.ContainsFunc(r.content.structure().fields, func(f field) bool {
			return strings.EqualFold(f.name, name) && strings.Contains(strings.ToLower(decodeHeader(f.value)), needle)
		})
	}
}

func inBody(c *content, needle string) bool {
	found := false
	c.eachText(func(text string) bool {
		found = strings.Contains(strings.ToLower(text), needle)
		return !found
	})
	return found
}

func sizeKey(name, value string) (criterion, error) {
	limit, err := strconv.ParseInt(value, 10, 63)
	if err != nil {
		return nil, errSearch
	}
	now := time.Now()
	age := func(r *searchRow) time.Duration { return now.Sub(r.date) }
	within := time.Duration(limit) * time.Second
	return map[string]criterion{
		"LARGER":  func(_ int, r *searchRow) bool { return r.content.Size() > limit },
		"SMALLER": func(_ int, r *searchRow) bool { return r.content.Size() < limit },
		"OLDER":   func(_ int, r *searchRow) bool { return age(r) >= within },
		"YOUNGER": func(_ int, r *searchRow) bool { return age(r) <= within },
	}[name], nil
}

// dateKey compares days, each in the zone that its date was written in (RFC 3501 section 6.4.4).
func dateKey(name, value string) (criterion, error) {
	want, err := time.Parse("2-Jan-2006", value)
	if err != nil {
		return nil, errSearch
	}
	compare, sent := strings.CutPrefix(name, "SENT")
	return func(_ int, r *searchRow) bool {
		date := r.date
		if sent {
			date = r.content.sent(r.date)
		}
		y, m, d := date.Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		switch compare {
		case "SINCE":
			return !day.Before(want)
		case "BEFORE":
			return day.Before(want)
		}
		return day.Equal(want)
	}, nil
}

// sent is the date that the message says, or else.
func (c *content) sent(or time.Time) time.Time {
	if t, err := mail.ParseDate(c.structure().get("Date")); err == nil {
		return t
	}
	return or
}

// modseqKey reads MODSEQ ["entry" type] number (RFC 7162 section 3.1.5).
func (p *searchParser) modseqKey(value token) (criterion, error) {
	if value.kind == text {
		if _, err := p.next(); err != nil {
			return nil, err
		}
		var err error
		if value, err = p.next(); err != nil {
			return nil, err
		}
	}
	least, err := strconv.ParseUint(value.str, 10, 64)
	if err != nil {
		return nil, errSearch
	}
	p.modseq, p.c.condstore = true, true
	return func(_ int, r *searchRow) bool { return r.modseq >= least }, nil
}
