package memory

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// thread answers THREAD (RFC 5256) by ORDEREDSUBJECT, REFERENCES, or REFS: links by references alone, threads in the
// order of their latest message.
func (c *session) thread(cmd *command) string {
	if len(cmd.args) < 3 {
		return "BAD THREAD takes an algorithm, a charset and keys"
	}
	if !utf8Charset(cmd.arg(1)) {
		return "NO [BADCHARSET (UTF-8 US-ASCII)] no such charset here"
	}
	algorithm := strings.ToUpper(cmd.arg(0))
	build := map[string]func([]*node) []*node{
		"ORDEREDSUBJECT": orderedSubject,
		"REFERENCES":     references,
		"REFS":           refs,
	}[algorithm]
	if build == nil {
		return "BAD THREAD does not know such an algorithm"
	}
	rows, _, err := c.find(cmd.args[2:])
	if err != nil {
		return err.Error()
	}
	numbers := c.named(rows, cmd.uid)
	nodes := make([]*node, len(rows))
	for i, n := range rows {
		nodes[i] = newNode(numbers[i], c.view[n].message)
	}
	var b strings.Builder
	for _, root := range build(nodes) {
		b.WriteByte('(')
		root.write(&b)
		b.WriteByte(')')
	}
	if b.Len() == 0 {
		c.line("* THREAD")
	} else {
		c.line("* THREAD %s", b.String())
	}
	return "OK done"
}

// node is a message of a thread, or with number 0 one that is known by references only.
type node struct {
	number   uint32
	id       string
	refs     []string // oldest first
	date     int64
	subject  string // base subject
	reply    bool   // the subject has a "Re:" or the like
	parent   *node
	children []*node
}

func newNode(number uint32, m *message) *node {
	root := m.content.structure()
	n := &node{number: number, date: m.content.sent(m.date).Unix()}
	n.subject, n.reply = baseSubject(root.get("Subject"))
	if ids := messageIDs(root.get("Message-ID")); len(ids) > 0 {
		n.id = ids[0]
	}
	n.refs = messageIDs(root.get("References"))
	if len(n.refs) == 0 {
		if ids := messageIDs(root.get("In-Reply-To")); len(ids) > 0 {
			n.refs = ids[:1]
		}
	}
	return n
}

// messageIDs are the <...> of a header field.
func messageIDs(value string) []string {
	var ids []string
	for {
		_, rest, found := strings.Cut(value, "<")
		if !found {
			return ids
		}
		id, after, closed := strings.Cut(rest, ">")
		if !closed {
			return ids
		}
		if id = strings.Join(strings.Fields(id), ""); id != "" {
			ids = append(ids, id)
		}
		value = after
	}
}

// write prints a thread: a line of single children as it is, more than one each in parentheses.
func (n *node) write(b *strings.Builder) {
	if n.number != 0 {
		b.WriteString(strconv.FormatUint(uint64(n.number), 10))
	}
	if len(n.children) == 1 && n.number != 0 {
		b.WriteByte(' ')
		n.children[0].write(b)
		return
	}
	if len(n.children) > 0 && n.number != 0 {
		b.WriteByte(' ')
	}
	for _, child := range n.children {
		b.WriteByte('(')
		child.write(b)
		b.WriteByte(')')
	}
}

func byDate(a, b *node) int {
	return cmp.Or(cmp.Compare(a.first().date, b.first().date), cmp.Compare(a.first().number, b.first().number))
}

// first is the node, or for one that is missing its first child that is not.
func (n *node) first() *node {
	for n.number == 0 && len(n.children) > 0 {
		n = n.children[0]
	}
	return n
}

func orderedSubject(nodes []*node) []*node {
	slices.SortStableFunc(nodes, byDate)
	bySubject := map[string]*node{}
	var roots []*node
	for _, n := range nodes {
		key := strings.ToUpper(n.subject)
		if root := bySubject[key]; root != nil {
			root.children = append(root.children, n)
			continue
		}
		bySubject[key] = n
		roots = append(roots, n)
	}
	return roots
}

// refs links by references and drops what is missing.
func refs(nodes []*node) []*node {
	roots := link(nodes)
	sortAll(roots)
	slices.SortStableFunc(roots, func(a, b *node) int { return cmp.Compare(a.latest(), b.latest()) })
	return roots
}

func (n *node) latest() int64 {
	latest := n.date
	for _, c := range n.children {
		latest = max(latest, c.latest())
	}
	return latest
}

// references is RFC 5256 section 3, steps by number.
func references(nodes []*node) []*node {
	roots := link(nodes) // 1 to 3
	sortAll(roots)       // 4
	roots = mergeSubjects(roots)
	sortAll(roots) // 6
	return roots
}

// link builds the trees, with missing messages where several children need them.
func link(nodes []*node) []*node {
	byID := map[string]*node{}
	var all []*node
	for _, n := range nodes {
		if n.id == "" || byID[n.id] != nil {
			n.id = "\x00" + strconv.FormatUint(uint64(n.number), 10) // none, or another's: its own
		}
		byID[n.id] = n
		all = append(all, n)
	}
	at := func(id string) *node {
		n := byID[id]
		if n == nil {
			n = &node{id: id}
			byID[id] = n
			all = append(all, n)
		}
		return n
	}
	for _, n := range nodes {
		var parent *node
		for _, id := range n.refs {
			child := at(id)
			if parent != nil && child.parent == nil && !parent.under(child) {
				child.parent = parent
			}
			parent = child
		}
		if parent != nil && !parent.under(n) {
			n.parent = parent // what it says itself counts for more than what others said
		} else if parent == nil {
			n.parent = nil
		}
	}
	var roots []*node
	for _, n := range all {
		if n.parent == nil {
			roots = append(roots, n)
		} else {
			n.parent.children = append(n.parent.children, n)
		}
	}
	return prune(roots, true)
}

// under says whether n is other or below it.
func (n *node) under(other *node) bool {
	for ; n != nil; n = n.parent {
		if n == other {
			return true
		}
	}
	return false
}

// prune takes missing messages out; their children move up, at the top only when there is but one.
func prune(nodes []*node, top bool) []*node {
	var out []*node
	for _, n := range nodes {
		n.children = prune(n.children, false)
		switch {
		case n.number != 0, top && len(n.children) > 1:
			out = append(out, n)
		default:
			out = append(out, n.children...)
		}
	}
	return out
}

func sortAll(nodes []*node) {
	for _, n := range nodes {
		sortAll(n.children)
	}
	slices.SortStableFunc(nodes, byDate)
}

// mergeSubjects joins threads of one base subject (step 5).
func mergeSubjects(roots []*node) []*node {
	table := map[string]*node{}
	for _, r := range roots {
		key := strings.ToUpper(r.first().subject)
		old := table[key]
		if key != "" && (old == nil || old.number != 0 && (r.number == 0 || old.reply && !r.reply)) {
			table[key] = r
		}
	}
	var out []*node
	replaced := map[*node]*node{} // a thread that has been put below a missing message made for both
	for _, r := range roots {
		key := strings.ToUpper(r.first().subject)
		old := table[key]
		if key == "" || old == r {
			out = append(out, r)
			continue
		}
		if made := replaced[old]; made != nil {
			made.children = append(made.children, r)
			continue
		}
		switch {
		case old.number == 0 && r.number == 0:
			old.children = append(old.children, r.children...)
		case old.number == 0, r.number != 0 && r.reply && !old.reply:
			old.children = append(old.children, r)
		default:
			made := &node{children: []*node{r}}
			replaced[old] = made
		}
	}
	for i, r := range out {
		if made := replaced[r]; made != nil {
			made.children = append(made.children, r)
			out[i] = made
		}
	}
	return out
}
