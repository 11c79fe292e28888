package wire

import "bytes"

// The functions of this file and of clean_structure.go recognise what
// imapclient's decoder reads without fault; what they pass goes on as it is.
// They are strict: a response they turn down is not necessarily fatal, it only
// takes the slow way through the tolerant parser.
//
// Each takes the place where its element should begin and returns the place
// behind it, or -1; each returns -1 for -1, so that calls chain.

// atomChar is what imapclient takes for a character of an atom.
var atomChar = func() (t [256]bool) {
	for c := 0x21; c < 256; c++ {
		t[c] = c < 0x7f || c >= 0xa0
	}
	for _, c := range `(){ %*"\]` {
		t[c] = false
	}
	return t
}()

func space(b []byte, i int) int { return one(b, i, ' ') }

func one(b []byte, i int, want byte) int {
	if i < 0 || i >= len(b) || b[i] != want {
		return -1
	}
	return i + 1
}

// exactly wants the octets of s.
func exactly(b []byte, i int, s string) int {
	if i < 0 || len(b)-i < len(s) || string(b[i:i+len(s)]) != s {
		return -1
	}
	return i + len(s)
}

func lineEnd(b []byte, i int) int {
	if i < 0 {
		return -1
	}
	if i < len(b) && b[i] == '\r' {
		i++
	}
	return one(b, i, '\n')
}

func atom(b []byte, i int) int {
	if i < 0 {
		return -1
	}
	j := i
	for j < len(b) && atomChar[b[j]] {
		j++
	}
	if j == i {
		return -1
	}
	return j
}

// number wants decimal digits whose value is at most most.
func number(b []byte, i int, most uint64) int {
	if i < 0 {
		return -1
	}
	j := i
	for j < len(b) && b[j] >= '0' && b[j] <= '9' {
		j++
	}
	if j-i > 9 { // only then can it be too large
		if _, ok := parseNumber(b[i:j], most); !ok {
			return -1
		}
	}
	if j == i {
		return -1
	}
	return j
}

// Bounds of the numbers that imapclient reads.
const (
	most32     = 1<<32 - 1
	most63     = 1<<63 - 1
	mostModSeq = 1<<64 - 1
)

// parseNumber reads all of b as a decimal number of at most most.
func parseNumber(b []byte, most uint64) (uint64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		d := uint64(c - '0')
		if n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, n <= most
}

// quoted wants a quoted string.
func quoted(b []byte, i int) int {
	if i < 0 || i >= len(b) || b[i] != '"' {
		return -1
	}
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		case '\n':
			return -1
		}
	}
	return -1
}

// literal wants a literal that lies in b with all its octets.
func literal(b []byte, i int) int {
	from, size := announcement(b, i)
	if from < 0 || size > int64(len(b)-from) {
		return -1
	}
	return from + int(size)
}

// announcement wants "{12}" and a line end and returns where the literal's
// octets begin, and their number.
func announcement(b []byte, i int) (int, int64) {
	from := one(b, i, '{')
	j := number(b, from, most63)
	if j < 0 {
		return -1, 0
	}
	size, _ := parseNumber(b[from:j], most63)
	return lineEnd(b, one(b, j, '}')), int64(size)
}

// str wants a string.
func str(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == '{' {
		return literal(b, i)
	}
	return quoted(b, i)
}

// nstring wants a string or NIL.
func nstring(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == 'N' {
		return null(b, i)
	}
	return str(b, i)
}

func null(b []byte, i int) int {
	i = exactly(b, i, "NIL")
	if i >= 0 && i < len(b) && atomChar[b[i]] {
		return -1
	}
	return i
}

// astring wants a string or an atom, in which "]" is allowed.
func astring(b []byte, i int) int {
	if i < 0 || i >= len(b) {
		return -1
	}
	if b[i] == '"' || b[i] == '{' {
		return str(b, i)
	}
	j := i
	for j < len(b) && (atomChar[b[j]] || b[j] == ']') {
		j++
	}
	if j == i {
		return -1
	}
	return j
}

// list wants a parenthesised list of what item recognises, maybe empty, one
// space between.
func list(b []byte, i int, item func([]byte, int) int) int {
	i = one(b, i, '(')
	if end := one(b, i, ')'); end >= 0 {
		return end
	}
	for i >= 0 {
		i = item(b, i)
		if end := one(b, i, ')'); end >= 0 {
			return end
		}
		i = space(b, i)
	}
	return -1
}

// maxDepth is how deep lists may nest. Real structures stay below 20; beyond
// it a recursive reader only serves somebody who wants its stack.
const maxDepth = 60

// anyValue wants a string, an atom or a list of such.
func anyValue(b []byte, i int) int { return anyValueAt(b, i, 0) }

func anyValueAt(b []byte, i, depth int) int {
	if i < 0 || i >= len(b) || depth > maxDepth {
		return -1
	}
	switch b[i] {
	case '(':
		return list(b, i, func(b []byte, i int) int { return anyValueAt(b, i, depth+1) })
	case '"', '{':
		return str(b, i)
	}
	return atom(b, i)
}

// flag wants \Seen, a keyword or \*.
func flag(b []byte, i int) int {
	if end := one(b, i, '\\'); end >= 0 {
		if star := one(b, end, '*'); star >= 0 {
			return star
		}
		i = end
	}
	return atom(b, i)
}

func flagList(b []byte, i int) int { return list(b, i, flag) }

// numberSet wants "1:3,7": no star, no zero.
func numberSet(b []byte, i int) int {
	for i >= 0 {
		i = nonZero(b, i)
		if j := one(b, i, ':'); j >= 0 {
			i = nonZero(b, j)
		}
		next := one(b, i, ',')
		if next < 0 {
			return i
		}
		i = next
	}
	return -1
}

func nonZero(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == '0' {
		return -1
	}
	return number(b, i, most32)
}

// cleanData recognises the responses other than FETCH and status lines. name
// is the response's name, upper case, i the place behind it.
func (c *Conn) cleanData(name string, b []byte, i int) bool {
	switch name {
	case "EXISTS", "RECENT", "EXPUNGE":
	case "LIST":
		i = cleanList(b, i)
	case "STATUS":
		i = list(b, space(b, cleanMailbox(b, space(b, i))), statusItem)
	case "FLAGS":
		i = flagList(b, space(b, i))
	case "SEARCH":
		i = cleanNumbers(b, i, true)
	case "SORT":
		i = cleanNumbers(b, i, false)
	case "ESEARCH":
		i = cleanESearch(b, i)
	case "THREAD":
		i = cleanThreads(b, i)
	case "CAPABILITY":
		i = c.cleanCapabilities(b, i)
	case "ENABLED":
		for j := i; j >= 0 && lineEnd(b, j) < 0; j = i {
			i = atom(b, space(b, j))
		}
	case "NAMESPACE":
		i = cleanNamespace(b, space(b, i))
		i = cleanNamespace(b, space(b, i))
		i = cleanNamespace(b, space(b, i))
	case "QUOTA":
		i = list(b, space(b, astring(b, space(b, i))), quotaResource)
	case "QUOTAROOT":
		i = cleanMailbox(b, space(b, i))
		for j := i; j >= 0 && lineEnd(b, j) < 0; j = i {
			i = astring(b, space(b, j))
		}
	case "MYRIGHTS":
		i = astring(b, space(b, cleanMailbox(b, space(b, i))))
	case "ACL":
		i = cleanMailbox(b, space(b, i))
		for j := i; j >= 0 && lineEnd(b, j) < 0; j = i {
			i = astring(b, space(b, astring(b, space(b, j))))
		}
	case "METADATA":
		i = cleanMetadata(b, space(b, cleanMailbox(b, space(b, i))))
	case "ID":
		i = null(b, space(b, i))
	default:
		return false
	}
	return lineEnd(b, i) == len(b)
}

func cleanList(b []byte, i int) int {
	i = space(b, flagList(b, space(b, i)))
	i = space(b, cleanDelim(b, i))
	i = cleanMailbox(b, i)
	if ext := space(b, i); ext >= 0 {
		return list(b, ext, listExtension)
	}
	return i
}

// cleanDelim wants NIL or one quoted ASCII character.
func cleanDelim(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == 'N' {
		return null(b, i)
	}
	end := quoted(b, i)
	if end < 0 {
		return -1
	}
	if d := unquote(b[i:end]); len(d) != 1 || d[0] >= 0x80 {
		return -1
	}
	return end
}

// listExtension wants a name and a value of RFC 5258's extended data items.
func listExtension(b []byte, i int) int {
	end := astring(b, i)
	if end < 0 {
		return -1
	}
	value := space(b, end)
	switch name := string(bytes.ToUpper(bytes.Trim(b[i:end], `"`))); name {
	case "CHILDINFO":
		return list(b, value, astring)
	case "OLDNAME":
		return one(b, cleanMailbox(b, one(b, value, '(')), ')')
	}
	return anyValue(b, value)
}

// cleanMailbox wants a mailbox name that imapclient decodes and, on the way
// back, encodes to the same octets.
func cleanMailbox(b []byte, i int) int {
	end := astring(b, i)
	if end < 0 {
		return -1
	}
	name := b[i:end]
	switch name[0] {
	case '"':
		name = name[1 : len(name)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = unquote(b[i:end])
		}
	case '{':
		from, _ := announcement(b, i)
		name = b[from:end]
	}
	if !isCanonicalName(name) {
		return -1
	}
	return end
}

// statusItem wants an item of a STATUS response.
func statusItem(b []byte, i int) int {
	end := atom(b, i)
	if end < 0 {
		return -1
	}
	value := space(b, end)
	switch string(bytes.ToUpper(b[i:end])) {
	case "MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED":
		return number(b, value, most32)
	case "SIZE", "DELETED-STORAGE":
		return number(b, value, most63)
	case "HIGHESTMODSEQ":
		return number(b, value, mostModSeq)
	case "APPENDLIMIT":
		if end := null(b, value); end >= 0 {
			return end
		}
		return number(b, value, most32)
	}
	// imapclient reads the value of an item it does not know and then takes
	// the response for malformed, though without harm as long as the reader
	// has met no fault before: left to the repair, which cuts it out.
	return -1
}

// cleanNumbers wants the numbers of SEARCH or SORT, and behind those of SEARCH
// maybe (MODSEQ n).
func cleanNumbers(b []byte, i int, modSeq bool) int {
	for i >= 0 && lineEnd(b, i) < 0 {
		i = space(b, i)
		if open := one(b, i, '('); open >= 0 && modSeq {
			return one(b, number(b, exactly(b, open, "MODSEQ "), mostModSeq), ')')
		}
		i = nonZero(b, i)
	}
	return i
}

func cleanESearch(b []byte, i int) int {
	i = space(b, i)
	if tag := exactly(b, i, "(TAG "); tag >= 0 {
		i = one(b, astring(b, tag), ')')
	} else {
		return -1
	}
	if uid := exactly(b, i, " UID"); uid >= 0 {
		i = uid
	}
	for i >= 0 && lineEnd(b, i) < 0 {
		name := space(b, i)
		end := atom(b, name)
		if end < 0 {
			return -1
		}
		value := space(b, end)
		switch string(bytes.ToUpper(b[name:end])) {
		case "MIN", "MAX", "COUNT":
			i = number(b, value, most32)
		case "MODSEQ":
			i = number(b, value, mostModSeq)
		case "ALL":
			i = numberSet(b, value)
		case "UID":
			return -1
		default:
			i = anyValue(b, value)
		}
	}
	return i
}

func cleanThreads(b []byte, i int) int {
	for i >= 0 && lineEnd(b, i) < 0 {
		if b[i] == ' ' {
			i++
		}
		i = cleanThread(b, i, 0)
	}
	return i
}

// cleanThread wants "(1 2 (3)(4 5))": numbers first, then threads.
func cleanThread(b []byte, i, depth int) int {
	i = one(b, i, '(')
	if depth > maxDepth {
		return -1
	}
	if i >= 0 && i < len(b) && b[i] != '(' {
		for i = number(b, i, most32); i >= 0 && i+1 < len(b) && b[i] == ' ' && b[i+1] != '('; {
			i = number(b, i+1, most32)
		}
		if next := space(b, i); next >= 0 {
			i = next
		}
	}
	for i >= 0 && i < len(b) && b[i] == '(' {
		i = cleanThread(b, i, depth+1)
	}
	return one(b, i, ')')
}

func (c *Conn) cleanCapabilities(b []byte, i int) int {
	for i >= 0 && lineEnd(b, i) < 0 {
		from := space(b, i)
		i = atom(b, from)
		if i >= 0 && !c.keeps(string(b[from:i])) {
			return -1
		}
	}
	return i
}

// cleanNamespace wants one of the three parts of NAMESPACE.
func cleanNamespace(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == 'N' {
		return null(b, i)
	}
	i = one(b, i, '(')
	if i < 0 || i >= len(b) || b[i] != '(' {
		return -1
	}
	for i >= 0 && i < len(b) && b[i] == '(' {
		i = cleanDelim(b, space(b, str(b, i+1)))
		for next := space(b, i); next >= 0; next = space(b, i) {
			i = anyValue(b, next)
		}
		i = one(b, i, ')')
	}
	return one(b, i, ')')
}

func quotaResource(b []byte, i int) int {
	i = number(b, space(b, atom(b, i)), most63)
	return number(b, space(b, i), most63)
}

func cleanMetadata(b []byte, i int) int {
	if i >= 0 && i < len(b) && b[i] == '(' {
		return list(b, i, func(b []byte, i int) int { return nstring(b, space(b, astring(b, i))) })
	}
	for i = astring(b, i); i >= 0 && lineEnd(b, i) < 0; {
		i = astring(b, space(b, i))
	}
	return i
}
