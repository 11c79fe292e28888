package memory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// selection is the mailbox that a session has open, as the client was told of it: a message that another
// session expunged keeps its sequence number here until sync has said so.
type selection struct {
	box      *mailbox // nil: none
	readOnly bool
	view     []row         // by sequence number, from 1
	lastUID  uint32        // the highest that was ever in view
	synced   uint64        // box.modseq when view last agreed with it
	changed  chan struct{} // signalled by the mailbox; made once
}

type row struct {
	*message
	told uint64 // modseq of the flags that the client knows
}

func (c *session) selectMailbox(cmd *command) string {
	c.unselect()
	if len(cmd.args) == 0 {
		return "BAD " + cmd.name + " wants a name"
	}
	if len(cmd.args) > 1 {
		for _, p := range cmd.args[1].list {
			c.condstore = c.condstore || p.is("CONDSTORE")
		}
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	m, err := c.user.selectable(decodeName(cmd.arg(0)))
	if err != nil {
		return no(err)
	}
	c.box, c.readOnly = m, cmd.name == "EXAMINE"
	c.view, c.lastUID, c.synced = nil, m.uidNext-1, m.modseq
	for _, x := range m.messages {
		c.view = append(c.view, row{x, x.modseq})
	}
	m.watchers[c.changed] = true

	flags := strings.Join(append(slices.Clone(systemFlags), m.keywords()...), " ")
	c.line("* FLAGS (%s)", flags)
	permanent := flags + ` \*`
	if c.readOnly {
		permanent = ""
	}
	c.line("* OK [PERMANENTFLAGS (%s)] kept", permanent)
	c.line("* %d EXISTS", len(c.view))
	c.line("* 0 RECENT")
	if i := slices.IndexFunc(c.view, func(r row) bool { return !hasFlag(r.flags, `\Seen`) }); i >= 0 {
		c.line("* OK [UNSEEN %d] first unseen", i+1)
	}
	c.line("* OK [UIDVALIDITY %d] UIDs valid", m.uidValidity)
	c.line("* OK [UIDNEXT %d] next UID", m.uidNext)
	c.line("* OK [HIGHESTMODSEQ %d] highest", m.modseq)
	if c.readOnly {
		return "OK [READ-ONLY] done"
	}
	return "OK [READ-WRITE] done"
}

// unselect leaves the mailbox, if one is open.
func (c *session) unselect() {
	if c.box == nil {
		return
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	delete(c.box.watchers, c.changed)
	c.box, c.view = nil, nil
	select {
	case <-c.changed:
	default:
	}
}

func (c *session) closeMailbox(cmd *command) string {
	if cmd.name == "CLOSE" && !c.readOnly {
		c.expungeRows(func(row) bool { return true })
	}
	c.unselect()
	return "OK done"
}

// sync tells the client what has changed in its mailbox; EXPUNGE only where it may come.
func (c *session) sync(expunge bool) {
	c.user.mu.Lock()
	lines := c.changes(expunge)
	c.user.mu.Unlock()
	for _, l := range lines {
		c.line("%s", l)
	}
}

// changes brings the view up to date and returns the responses that say so.
func (c *session) changes(expunge bool) (lines []string) {
	if c.synced == c.box.modseq {
		return nil
	}
	held := false // an expunged message must stay in view for now
	for i := len(c.view) - 1; i >= 0; i-- {
		if c.view[i].removed && expunge {
			lines = append(lines, fmt.Sprintf("* %d EXPUNGE", i+1))
			c.view = slices.Delete(c.view, i, i+1)
		} else if c.view[i].removed {
			held = true
		}
	}
	first, _ := slices.BinarySearchFunc(c.box.messages, c.lastUID+1, func(x *message, uid uint32) int { return int(int64(x.uid) - int64(uid)) })
	for i := range c.view {
		if r := &c.view[i]; r.modseq > r.told && !r.removed {
			r.told = r.modseq
			lines = append(lines, c.flagsLine(i, false))
		}
	}
	if fresh := c.box.messages[first:]; len(fresh) > 0 {
		for _, x := range fresh {
			c.view = append(c.view, row{x, x.modseq})
			c.lastUID = x.uid
		}
		lines = append(lines, fmt.Sprintf("* %d EXISTS", len(c.view)), "* 0 RECENT")
	}
	if !held {
		c.synced = c.box.modseq
	}
	return lines
}

// flagsLine is the FETCH response with the flags of the i-th row.
func (c *session) flagsLine(i int, uid bool) string {
	r := c.view[i]
	items := ""
	if uid {
		items = fmt.Sprintf("UID %d ", r.uid)
	}
	items += "FLAGS (" + strings.Join(r.flags, " ") + ")"
	if c.condstore {
		items += fmt.Sprintf(" MODSEQ (%d)", r.modseq)
	}
	return fmt.Sprintf("* %d FETCH (%s)", i+1, items)
}

// idle tells changes as they happen until the client says DONE.
func (c *session) idle(*command) (string, error) {
	c.line("+ idling")
	done, stopped := make(chan struct{}), make(chan struct{})
	if c.box != nil {
		c.sync(true)
	}
	if err := c.w.Flush(); err != nil {
		return "", err
	}
	// This goroutine only reads until the other one has stopped: the session is never in two hands.
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-c.changed:
				if c.box != nil {
					c.sync(true)
					c.w.Flush()
				}
			}
		}
	}()
	c.nc.SetReadDeadline(time.Now().Add(idleTimeout))
	line, err := readLine(c.r, maxLine)
	close(done)
	<-stopped
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(string(line), "DONE") {
		return "BAD expected DONE", nil
	}
	return "OK done", nil
}

// numbers reads a sequence set or a UID set and returns the indexes into the view, ascending.
// Numbers that no message has are passed over.
func (c *session) numbers(set string, uid bool) (rows []int, ok bool) {
	if len(c.view) == 0 {
		_, _, ok := cutRange(strings.Split(set, ",")[0], 1)
		return nil, ok
	}
	in := make([]bool, len(c.view))
	last := uint32(len(c.view))
	if uid {
		last = c.view[len(c.view)-1].uid
	}
	for item := range strings.SplitSeq(set, ",") {
		low, high, ok := cutRange(item, last)
		if !ok {
			return nil, false
		}
		from, to := int(low)-1, int(min(high, uint32(len(c.view))))
		if uid {
			from, _ = slices.BinarySearchFunc(c.view, low, compareUID)
			to, _ = slices.BinarySearchFunc(c.view, high, compareUID)
			if to < len(c.view) && c.view[to].uid == high {
				to++
			}
		}
		for i := from; i < to; i++ {
			in[i] = true
		}
	}
	for i, is := range in {
		if is {
			rows = append(rows, i)
		}
	}
	return rows, true
}

func compareUID(r row, uid uint32) int { return int(int64(r.uid) - int64(uid)) }

// cutRange reads "5", "5:7", "7:5", "5:*" and "*".
func cutRange(item string, last uint32) (low, high uint32, ok bool) {
	a, b, isRange := strings.Cut(item, ":")
	if !isRange {
		b = a
	}
	low, okLow := number(a, last)
	high, okHigh := number(b, last)
	if low > high {
		low, high = high, low
	}
	return low, high, okLow && okHigh
}

func number(s string, last uint32) (uint32, bool) {
	if s == "*" {
		return last, true
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n > 0
}

const badSet = "BAD that is no set of messages"

func (c *session) store(cmd *command) string {
	if len(cmd.args) < 3 {
		return "BAD STORE takes a set, what to do, and flags"
	}
	rows, ok := c.numbers(cmd.arg(0), cmd.uid)
	if !ok {
		return badSet
	}
	args := cmd.args[1:]
	unchangedSince := ^uint64(0)
	if args[0].kind == list {
		if l := args[0].list; len(l) == 2 && l[0].is("UNCHANGEDSINCE") {
			n, err := strconv.ParseUint(l[1].str, 10, 64)
			if err != nil {
				return "BAD UNCHANGEDSINCE wants a number"
			}
			unchangedSince, c.condstore = n, true
		}
		args = args[1:]
	}
	if len(args) < 2 {
		return "BAD STORE wants flags"
	}
	if c.readOnly {
		return "NO [READ-ONLY] opened by EXAMINE"
	}
	change, silent := strings.CutSuffix(strings.ToUpper(args[0].str), ".SILENT")
	if change != "FLAGS" && change != "+FLAGS" && change != "-FLAGS" {
		return "BAD STORE changes FLAGS"
	}
	var flags []string
	for _, t := range args[1:] {
		if t.kind != list {
			flags = append(flags, t.String())
		}
		for _, f := range t.list {
			flags = append(flags, f.String())
		}
	}
	for _, f := range flags {
		if !goodFlag(f) {
			return "BAD that is no flag"
		}
	}
	return c.storeFlags(rows, change, flags, silent, unchangedSince, cmd.uid)
}

func goodFlag(f string) bool {
	if system, is := strings.CutPrefix(f, `\`); is {
		return system != "" && (hasFlag(systemFlags, f) || strings.EqualFold(f, `\Recent`))
	}
	return f != "" && !strings.ContainsAny(f, "(){%*\"\\] \x00\r\n")
}

func (c *session) storeFlags(rows []int, change string, flags []string, silent bool, unchangedSince uint64, uid bool) string {
	var lines, modified []string
	c.user.mu.Lock()
	for _, i := range rows {
		r := &c.view[i]
		if r.removed {
			continue
		}
		if r.modseq > unchangedSince {
			n := uint32(i + 1)
			if uid {
				n = r.uid
			}
			modified = append(modified, strconv.FormatUint(uint64(n), 10))
			continue
		}
		c.box.setFlags(r.message, changedFlags(r.flags, change, flags))
		r.told = r.modseq
		if !silent || c.condstore && unchangedSince != ^uint64(0) {
			lines = append(lines, c.flagsLine(i, uid))
		}
	}
	c.user.mu.Unlock()
	for _, l := range lines {
		c.line("%s", l)
	}
	if len(modified) > 0 {
		return "OK [MODIFIED " + strings.Join(modified, ",") + "] some had changed"
	}
	return "OK done"
}

func changedFlags(have []string, change string, flags []string) []string {
	switch change {
	case "+FLAGS":
		return append(slices.Clone(have), flags...)
	case "-FLAGS":
		return slices.DeleteFunc(slices.Clone(have), func(f string) bool { return hasFlag(flags, f) })
	}
	return flags
}

func (c *session) expunge(cmd *command) string {
	if c.readOnly {
		return "NO [READ-ONLY] opened by EXAMINE"
	}
	if !cmd.uid {
		c.expungeRows(func(row) bool { return true })
		return "OK done"
	}
	rows, ok := c.numbers(cmd.arg(0), true)
	if !ok {
		return badSet
	}
	wanted := map[*message]bool{}
	for _, i := range rows {
		wanted[c.view[i].message] = true
	}
	c.expungeRows(func(r row) bool { return wanted[r.message] })
	return "OK done"
}

// expungeRows removes the rows that are \Deleted and wanted; the next sync tells.
func (c *session) expungeRows(wanted func(row) bool) {
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	var gone []*message
	for _, r := range c.view {
		if !r.removed && hasFlag(r.flags, `\Deleted`) && wanted(r) {
			gone = append(gone, r.message)
		}
	}
	c.user.remove(c.box, gone)
}

func (c *session) copy(cmd *command) string { return c.transfer(cmd, false) }

func (c *session) move(cmd *command) string {
	if c.readOnly {
		return "NO [READ-ONLY] opened by EXAMINE"
	}
	return c.transfer(cmd, true)
}

// transfer copies messages, and with move takes the originals away.
func (c *session) transfer(cmd *command, move bool) string {
	rows, ok := c.numbers(cmd.arg(0), cmd.uid)
	if !ok || len(cmd.args) != 2 {
		return badSet
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	target, err := c.user.selectable(decodeName(cmd.arg(1)))
	if err != nil {
		return "NO [TRYCREATE] no such mailbox"
	}
	var sources []*message
	var need int64
	for _, i := range rows {
		if x := c.view[i].message; !x.removed {
			sources = append(sources, x)
			need += x.content.Size()
		}
	}
	switch {
	case len(sources) == 0:
		return "OK nothing to do"
	case !move && c.user.quota > 0 && c.user.used+need > c.user.quota:
		return no(errOverQuota)
	}
	var from, to []uint32
	for _, x := range sources {
		if move {
			c.user.used -= x.content.Size() // so that a move fits into a full store
		}
		uid, err := c.user.append(target, x.content, x.date, x.flags)
		if move {
			c.user.used += x.content.Size() // remove takes it off again
		}
		if err != nil {
			return no(err)
		}
		from, to = append(from, x.uid), append(to, uid)
	}
	code := fmt.Sprintf("[COPYUID %d %s %s]", target.uidValidity, uidSet(from), uidSet(to))
	if !move {
		return "OK " + code + " copied"
	}
	c.user.remove(c.box, sources)
	c.line("* OK %s moved", code)
	return "OK done"
}

// uidSet prints UIDs in the given order, runs as ranges.
func uidSet(uids []uint32) string {
	var b strings.Builder
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] == uids[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d", uids[i])
		if j > i {
			fmt.Fprintf(&b, ":%d", uids[j])
		}
		i = j + 1
	}
	return b.String()
}

// internalDate is the form of INTERNALDATE (RFC 3501 date-time).
const internalDate = "_2-Jan-2006 15:04:05 -0700"

func (c *session) append(cmd *command) string {
	args := cmd.args
	if len(args) < 2 || args[len(args)-1].data == nil {
		return "BAD APPEND takes a mailbox and a literal"
	}
	var flags []string
	var date time.Time
	for _, t := range args[1 : len(args)-1] {
		if t.kind == list {
			for _, f := range t.list {
				if !goodFlag(f.String()) {
					return "BAD that is no flag"
				}
				flags = append(flags, f.String())
			}
			continue
		}
		var err error
		if date, err = time.Parse(internalDate, t.String()); err != nil {
			return "BAD that is no date"
		}
	}
	c.user.mu.Lock()
	defer c.user.mu.Unlock()
	m, err := c.user.selectable(decodeName(args[0].String()))
	if err != nil {
		return "NO [TRYCREATE] no such mailbox"
	}
	uid, err := c.user.append(m, newContent(args[len(args)-1].data), date, flags)
	if err != nil {
		return no(err)
	}
	return fmt.Sprintf("OK [APPENDUID %d %d] stored", m.uidValidity, uid)
}
