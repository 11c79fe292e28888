package mailhtml

const (
	maxDepth   = 100    // open elements; what is nested deeper loses its tags, not its text
	maxNodes   = 50_000 // nodes of the tree; the rest of the mail is left out
	maxPending = 16     // formatting elements carried over from one block to the next
)

// node is an element (el set) or a run of text.
type node struct {
	el                                *element
	text                              string
	parent, first, last, before, next *node

	attrs    []attr
	style    *block
	class    string // as the mail wrote it
	id       string // as the mail wrote it
	link     *target
	fragment string // the id that a link within the mail leads to
	image    *image
	spare    bool // opened by us: goes again when nothing comes into it
}

// attr is a printed attribute. plain ones are colours of paper or ink: left out when the mail has no others.
type attr struct {
	name, value string
	plain       bool
}

func (n *node) append(child *node) {
	child.parent, child.before = n, n.last
	if n.last != nil {
		n.last.next = child
	} else {
		n.first = child
	}
	n.last = child
}

func (n *node) unlink() {
	if n.parent == nil {
		return
	}
	if n.before != nil {
		n.before.next = n.next
	} else {
		n.parent.first = n.next
	}
	if n.next != nil {
		n.next.before = n.before
	} else {
		n.parent.last = n.before
	}
	n.parent, n.before, n.next = nil, nil, nil
}

// tree builds the document. It keeps two promises from which all else follows: nodes are made from the table of elements only, and a node is put only
// where the HTML parser would leave it, given its ancestors. So a browser that reads the printed document sees this tree and no other.
// Every step costs at most maxDepth, whatever the input.
type tree struct {
	body    *node
	stack   []*node // open elements; stack[0] is body
	pending []*node // formatting elements whose block was closed around them: opened again before the next text
	marks   []int   // len(pending) where each open cell and caption began: what was pending outside stays outside
	excess  int     // open elements beyond maxDepth, whose end tags must not close others
	nodes   int
	slab    []node
	full    bool // maxNodes was met
	newline bool // the last thing seen was <pre>
}

var bodyElement = &element{name: "body", kind: kindCell}

func newTree() *tree {
	t := &tree{}
	t.body = t.node(bodyElement)
	t.stack = append(t.stack, t.body)
	t.marks = append(t.marks, 0)
	return t
}

func (t *tree) node(el *element) *node {
	if len(t.slab) == 0 {
		t.slab = make([]node, 128)
	}
	n := &t.slab[0]
	t.slab = t.slab[1:]
	n.el = el
	t.nodes++
	t.full = t.full || t.nodes >= maxNodes
	return n
}

func (t *tree) clone(of *node) *node {
	n := t.node(of.el)
	n.attrs, n.style, n.class, n.link, n.fragment, n.spare = of.attrs, of.style, of.class, of.link, of.fragment, true
	return n
}

func (t *tree) top() *node { return t.stack[len(t.stack)-1] }
func (t *tree) mark() int  { return t.marks[len(t.marks)-1] }

// push opens n beneath the top. It is false when the tree is deep enough.
func (t *tree) push(n *node) bool {
	if len(t.stack) > maxDepth {
		return false
	}
	t.top().append(n)
	t.stack = append(t.stack, n)
	if n.el.kind == kindCell || n.el.kind == kindCaption {
		t.marks = append(t.marks, len(t.pending))
	}
	return true
}

// popTo closes all but the first keep open elements. Formatting elements among them stay pending, but for ended, whose end tag this is.
func (t *tree) popTo(keep int, ended *node) {
	var open [maxPending]*node
	count := 0
	for len(t.stack) > max(keep, 1) {
		n := t.top()
		t.stack = t.stack[:len(t.stack)-1]
		switch n.el.kind {
		case kindFormat:
			if n != ended && count < len(open) {
				open[count] = n
				count++
			}
		case kindCell, kindCaption:
			count = 0
			t.pending = t.pending[:t.mark()]
			t.marks = t.marks[:len(t.marks)-1]
		}
		if n.spare && !n.shows() {
			n.unlink()
		}
	}
	for count > 0 {
		count--
		t.suspend(open[count])
	}
}

// shows says whether there is text or an image in n. It looks at a few nodes only, and takes the rest for granted.
func (n *node) shows() bool {
	look := 40
	var walk func(n *node) bool
	walk = func(n *node) bool {
		for c := n.first; c != nil; c = c.next {
			if look--; look < 0 || c.el == nil && !isBlank(c.text) || c.el != nil && (c.el.kind == kindVoid || c.el.kind == kindRule || walk(c)) {
				return true
			}
		}
		return false
	}
	return walk(n)
}

// suspend makes a formatting element pending. The parser, too, keeps at most three of a kind.
func (t *tree) suspend(n *node) {
	same := 0
	for _, p := range t.pending[t.mark():] {
		if p.el == n.el && p.style == n.style && p.class == n.class && len(p.attrs) == len(n.attrs) {
			same++
		}
	}
	if same < 3 && len(t.pending)-t.mark() < maxPending {
		t.pending = append(t.pending, n)
	}
}

// resume opens the pending formatting elements before text or an inline element comes.
func (t *tree) resume() {
	from := t.mark()
	for _, n := range t.pending[from:] {
		if !t.push(t.clone(n)) {
			break
		}
	}
	t.pending = t.pending[:from]
}

// cellIfTable opens the row and cell that are missing when something else than a part of a table comes where only those may stand. (Browsers put it
// before the table; that would tear it from its place and is no tree that survives being printed.)
func (t *tree) cellIfTable() {
	for t.top().el.tableContext() {
		var next *element
		switch t.top().el.kind {
		case kindColgroup:
			t.popTo(len(t.stack)-1, nil)
			continue
		case kindTable:
			next = elements["tbody"]
		case kindRows:
			next = elements["tr"]
		default:
			next = elements["td"]
		}
		n := t.node(next)
		n.spare = true
		if !t.push(n) {
			t.popTo(t.tableIndex(), nil) // too deep for a cell: close the table
		}
	}
}

// tableIndex finds the innermost open table, 0 when there is none.
func (t *tree) tableIndex() int {
	for i := len(t.stack) - 1; i > 0; i-- {
		if t.stack[i].el.kind == kindTable {
			return i
		}
	}
	return 0
}

// find gives the index of the innermost open element that match wants and no stop hides, 0 when there is none.
func (t *tree) find(match, stop func(*element) bool) int {
	for i := len(t.stack) - 1; i > 0; i-- {
		switch el := t.stack[i].el; {
		case match(el):
			return i
		case stop(el):
			return 0
		}
	}
	return 0
}

func isPara(e *element) bool    { return e.kind == kindPara }
func isHeading(e *element) bool { return e.kind == kindHeading }

func (t *tree) closePara() {
	if i := t.find(isPara, (*element).scope); i > 0 {
		t.popTo(i, nil)
	}
}

// addText appends text to the top. White space between the parts of a table has no meaning and goes.
func (t *tree) addText(text string) {
	if t.newline {
		t.newline = false
		if text != "" && text[0] == '\n' {
			text = text[1:]
		}
	}
	if text == "" || t.full {
		return
	}
	blank := isBlank(text)
	if t.top().el.tableContext() {
		if blank {
			return
		}
		t.cellIfTable()
	}
	if !blank && len(t.pending) > t.mark() {
		t.resume()
	}
	if last := t.top().last; last != nil && last.el == nil && len(last.text)+len(text) < 1024 {
		last.text += text // as the parser joins adjacent text
		return
	}
	n := t.node(nil)
	n.text = text
	t.top().append(n)
}

func isBlank(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ' ', '\t', '\n', '\r', '\f':
		default:
			return false
		}
	}
	return true
}

// start puts n, whose element is not a dropped one, into the tree, and opens it unless it is empty by nature.
func (t *tree) start(n *node) {
	t.newline = false
	if t.full {
		return
	}
	switch n.el.kind {
	case kindCaption, kindColgroup, kindCol, kindRows, kindRow, kindCell:
		t.startTablePart(n)
		return
	}
	if n.el.kind == kindTable && t.top().el.tableContext() {
		t.popTo(t.tableIndex(), nil) // as the parser does
	}
	t.cellIfTable()
	switch n.el.kind {
	case kindPhrase, kindFormat, kindVoid:
		if n.el.attrs&attrLink != 0 {
			t.endFormat(n.el) // links don't nest
		}
		t.resume()
		if n.el.kind == kindVoid {
			t.top().append(n)
			return
		}
	case kindItem:
		t.closeItem(n.el)
		t.closePara()
	case kindTerm:
		t.closeItem(n.el)
		t.closePara()
	case kindHeading:
		t.closePara()
		if isHeading(t.top().el) {
			t.popTo(len(t.stack)-1, nil)
		}
	case kindRule:
		t.closePara()
		t.top().append(n)
		return
	default:
		t.closePara()
	}
	if !t.push(n) {
		if !n.el.optionalEnd() {
			t.excess++
		}
		return
	}
	t.newline = n.el.kind == kindPre
}

// closeItem closes the open item that a new one follows: up to the next block, but across div, p and address, as the parser does.
func (t *tree) closeItem(el *element) {
	for i := len(t.stack) - 1; i > 0; i-- {
		e := t.stack[i].el
		if e.kind == el.kind {
			t.popTo(i, nil)
			return
		}
		if e.special() && e.kind != kindPara && e.name != "div" && e.name != "address" {
			return
		}
	}
}

// startTablePart opens a part of a table where it belongs, with the parts between that were left out; outside of tables it is nothing.
func (t *tree) startTablePart(n *node) {
	table := t.tableIndex()
	if table == 0 {
		return
	}
	implied := func(name string) bool {
		m := t.node(elements[name])
		m.spare = true
		return t.push(m)
	}
	has := func(depth int, k kind) bool {
		return len(t.stack) > table+depth && t.stack[table+depth].el.kind == k
	}
	ok := true
	switch n.el.kind {
	case kindCaption, kindColgroup, kindRows:
		t.popTo(table+1, nil)
	case kindCol:
		if has(1, kindColgroup) {
			t.popTo(table+2, nil)
		} else {
			t.popTo(table+1, nil)
			ok = implied("colgroup")
		}
		if ok {
			t.stack[table+1].spare = false
			t.top().append(n)
		}
		return
	case kindRow:
		if has(1, kindRows) {
			t.popTo(table+2, nil)
		} else {
			t.popTo(table+1, nil)
			ok = implied("tbody")
		}
	case kindCell:
		switch {
		case has(1, kindRows) && has(2, kindRow):
			t.popTo(table+3, nil)
		case has(1, kindRows):
			t.popTo(table+2, nil)
			ok = implied("tr")
		default:
			t.popTo(table+1, nil)
			ok = implied("tbody") && implied("tr")
		}
	}
	if !ok || !t.push(n) {
		return
	}
	// A row or cell that the mail wrote stays, so what was implied around it stays too.
	for i := table + 1; i < len(t.stack)-1; i++ {
		t.stack[i].spare = false
	}
}

// end closes what an end tag closes, if anything.
func (t *tree) end(el *element) {
	t.newline = false
	if t.excess > 0 && el.kind != kindVoid && !el.optionalEnd() {
		t.excess--
		return
	}
	same := func(e *element) bool { return e == el }
	i := 0
	switch el.kind {
	case kindVoid:
		if el.name == "br" {
			t.start(t.node(el)) // </br> is read as <br>
		}
		return
	case kindPara:
		if t.top().el.tableContext() {
			return
		}
		if t.find(isPara, (*element).scope) == 0 {
			t.start(t.node(el)) // </p> alone is an empty paragraph
		}
		i = t.find(isPara, (*element).scope)
	case kindHeading:
		i = t.find(isHeading, (*element).scope)
	case kindItem:
		i = t.find(same, func(e *element) bool { return e.scope() || e.name == "ul" || e.name == "ol" })
	case kindFormat:
		if !t.top().el.tableContext() {
			t.endFormat(el)
		}
		return
	case kindPhrase:
		i = t.find(same, (*element).special)
	case kindTable:
		i = t.find(same, func(*element) bool { return false })
	case kindCaption, kindColgroup, kindRows, kindRow, kindCell:
		i = t.find(same, func(e *element) bool { return e.kind == kindTable })
	default:
		i = t.find(same, (*element).scope)
	}
	if i > 0 {
		t.popTo(i, t.stack[i])
	}
}

// endFormat ends the innermost open formatting element of that name. Where blocks stand open within it, it ends inside each of them: the blocks move out,
// and what they hold so far is wrapped (the parser's "adoption agency", without its re-parenting of elements that aren't on the stack).
func (t *tree) endFormat(el *element) {
	i := t.find(func(e *element) bool { return e == el }, (*element).scope)
	if i == 0 {
		from := t.mark()
		for j := len(t.pending) - 1; j >= from; j-- {
			if t.pending[j].el == el {
				t.pending = append(t.pending[:j], t.pending[j+1:]...)
				return
			}
		}
		return
	}
	for !t.full {
		j := i + 1
		for j < len(t.stack) && !t.stack[j].el.special() {
			j++
		}
		if j == len(t.stack) {
			break
		}
		i = t.moveOut(i, j)
	}
	t.popTo(i, t.stack[i])
}

// moveOut takes the block at stack[j] out of the formatting element at stack[i], with nothing but inline elements between, and wraps what the block holds
// in a copy of it. It gives the place of the copy.
func (t *tree) moveOut(i, j int) int {
	format, blk := t.stack[i], t.stack[j]
	holder := format.parent
	var path []*node
	for _, between := range t.stack[i+1 : j] {
		if between.el.kind == kindFormat {
			c := t.clone(between)
			holder.append(c)
			holder, path = c, append(path, c)
		}
	}
	if isHeading(holder.el) && isHeading(blk.el) {
		// A heading right within a heading ends it: keep something between them, as there was.
		c := t.node(elements["span"])
		holder.append(c)
		holder, path = c, append(path, c)
	}
	blk.unlink()
	holder.append(blk)
	inner := t.clone(format)
	for blk.first != nil {
		c := blk.first
		c.unlink()
		inner.append(c)
	}
	blk.append(inner)
	if !format.shows() {
		format.unlink()
	}
	path = append(path, blk, inner)
	at := i + len(path) - 1
	t.stack = append(t.stack[:i], append(path, t.stack[j+1:]...)...)
	return at
}
