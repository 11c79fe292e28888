package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// mendData returns what the client gets instead of an untagged response other
// than FETCH and status lines; nil when that is nothing.
func (c *Conn) mendData(seg []byte) []byte {
	number, name, i := responseHead(seg)
	if name == "CAPABILITY" {
		c.setCapabilities(string(trimEOL(seg[i:])))
	}
	counted := name == "EXISTS" || name == "RECENT" || name == "EXPUNGE"
	if c.cleanHead(seg, name, counted, i) && c.cleanData(name, seg, i) {
		return seg
	}
	out := append(c.in.scratch[:0], "* "...)
	if counted {
		if i = skipSpaces(seg, 1); number == 0 && seg[i] != '0' {
			c.repaired("response dropped: " + name)
			return nil
		}
		out = append(strconv.AppendUint(out, uint64(number), 10), ' ')
	}
	all, err := parseAll(seg[i:])
	body, known := c.printData(append(out, name...), name, seg[i:], all)
	if err != nil || !known && !counted {
		c.repaired("response dropped: " + shown(name))
		return nil
	}
	return c.mended("response mended: "+name, seg, append(body, "\r\n"...))
}

// shown is name as it may stand in a log.
func shown(name string) string {
	if len(name) > 20 || atom([]byte(name), 0) != len(name) {
		return "?"
	}
	return name
}

// cleanHead reports whether the response begins as imapclient expects it:
// "* NAME" or "* 12 NAME", and a number only where there has to be one.
func (c *Conn) cleanHead(seg []byte, name string, counted bool, end int) bool {
	i := exactly(seg, 0, "* ")
	if counted {
		i = space(seg, number(seg, i, most32))
	}
	return i >= 0 && i+len(name) == end
}

// printData prints a response anew behind its name. args is what stood there
// and all what the tolerant parser made of it.
func (c *Conn) printData(out []byte, name string, args []byte, all []value) (_ []byte, known bool) {
	switch name {
	case "LIST":
		return appendList(out, all)
	case "STATUS":
		return appendStatus(out, all)
	case "FLAGS":
		return appendFlags(append(out, ' '), at(all, 0)), true
	case "SEARCH", "SORT":
		return appendNumbers(out, name, all), true
	case "ESEARCH":
		return c.appendESearch(out, all), true
	case "THREAD":
		for _, v := range all {
			out = appendThread(append(out, ' '), v, 0)
		}
		return out, true
	case "CAPABILITY":
		for _, name := range c.shownCapabilities(string(trimEOL(args))) {
			out = append(append(out, ' '), name...)
		}
		return out, true
	case "ENABLED":
		for _, v := range all {
			if v.kind == atomValue && atom(v.text, 0) == len(v.text) {
				out = append(append(out, ' '), v.text...)
			}
		}
		return out, true
	case "NAMESPACE":
		for i := range 3 {
			out = appendNamespace(append(out, ' '), at(all, i))
		}
		return out, true
	case "QUOTA":
		return appendQuota(out, all)
	case "QUOTAROOT", "MYRIGHTS", "ACL":
		return appendNamed(out, name, all)
	case "ID":
		return append(out, " NIL"...), true
	}
	return out, false
}

// appendList prints LIST (RFC 3501 section 7.2.2). QUIRK: attributes that are
// none; a delimiter that is unquoted, longer than a character or missing; a
// name with spaces and without quotes.
func appendList(out []byte, all []value) ([]byte, bool) {
	if len(all) < 2 {
		return out, false
	}
	attrs, rest := value{}, all
	if rest[0].kind == listValue {
		attrs, rest = rest[0], rest[1:]
	}
	if len(rest) < 2 {
		return out, false
	}
	out = appendFlags(append(out, ' '), attrs)
	out = appendDelim(append(out, ' '), rest[0])
	name, rest := joinName(rest[1:])
	out = appendMailbox(append(out, ' '), name)
	if len(rest) > 0 && rest[0].kind == listValue {
		out = appendListExtensions(out, rest[0].list)
	}
	return out, true
}

// joinName takes the values up to a list as one name: an unquoted name may
// hold spaces.
func joinName(l []value) (name []byte, rest []value) {
	for i, v := range l {
		if v.kind == listValue {
			return name, l[i:]
		}
		if i > 0 {
			name = append(name, ' ')
		}
		if v.kind == nilValue { // a mailbox that is called so
			name = append(name, v.raw...)
		} else {
			name = append(name, v.text...)
		}
	}
	return name, nil
}

// appendDelim prints a hierarchy delimiter: one ASCII character, or NIL, which
// makes names flat but leaves them addressable.
func appendDelim(out []byte, v value) []byte {
	if !v.isText() || len(v.text) != 1 || !fitsQuotes(string(v.text)) {
		return append(out, "NIL"...)
	}
	return appendQuoted(out, v.text)
}

// appendMailbox prints a mailbox name so that imapclient decodes it to
// MailboxName of it.
func appendMailbox(out, raw []byte) []byte {
	return appendString(out, []byte(encodeName(MailboxName(string(raw)))))
}

// appendListExtensions prints the extended data items that imapclient knows
// (RFC 5258 section 6).
func appendListExtensions(out []byte, items []value) []byte {
	n := 0
	for i := 0; i+1 < len(items); i += 2 {
		v := items[i+1]
		if v.kind != listValue || !items[i].is("CHILDINFO") && !items[i].is("OLDNAME") {
			continue
		}
		if n++; n == 1 {
			out = append(out, " ("...)
		} else {
			out = append(out, ' ')
		}
		if items[i].is("OLDNAME") {
			name, _ := joinName(v.list)
			out = append(appendMailbox(append(out, `"OLDNAME" (`...), name), ')')
			continue
		}
		out = appendLanguage(append(out, `"CHILDINFO" `...), v)
	}
	if n > 0 {
		out = append(out, ')')
	}
	return out
}

// appendStatus prints STATUS without items that imapclient does not know and
// numbers that are none.
func appendStatus(out []byte, all []value) ([]byte, bool) {
	name, rest := joinName(all)
	if len(rest) == 0 || len(name) == 0 && len(all) == len(rest) {
		return out, false
	}
	out = append(appendMailbox(append(out, ' '), name), " ("...)
	n := 0
	items := rest[0].list
	for i := 0; i+1 < len(items); i += 2 {
		item := strings.ToUpper(string(items[i].text)) + " " + string(mendStatusNumber(items[i], items[i+1]))
		if statusItem([]byte(item), 0) != len(item) {
			continue
		}
		if n++; n > 1 {
			out = append(out, ' ')
		}
		out = append(out, item...)
	}
	return append(out, ')'), true
}

// mendStatusNumber is the value of a STATUS item; a UIDVALIDITY too large,
// which is for comparing only, is cut to 32 bits.
func mendStatusNumber(name, v value) []byte {
	if n, ok := parseNumber(v.text, most63); ok && name.is("UIDVALIDITY") {
		return strconv.AppendUint(nil, n&most32, 10)
	}
	if v.kind == nilValue {
		return []byte("NIL")
	}
	return v.text
}

// appendNumbers prints SEARCH or SORT. imapclient does not expect (MODSEQ n)
// (RFC 7162 section 3.1.5) behind the latter.
func appendNumbers(out []byte, name string, all []value) []byte {
	var modSeq value
	for _, v := range all {
		if nonZero(v.text, 0) == len(v.text) && v.isText() {
			out = append(append(out, ' '), v.text...)
		}
		if v.kind == listValue && at(v.list, 0).is("MODSEQ") {
			modSeq = at(v.list, 1)
		}
	}
	if n, ok := parseNumber(modSeq.text, mostModSeq); ok && name == "SEARCH" {
		out = strconv.AppendUint(append(out, " (MODSEQ "...), n, 10)
		out = append(out, ')')
	}
	return out
}

// appendESearch prints ESEARCH (RFC 4731) with the items that imapclient knows.
// QUIRK: the correlator is missing; then it is that of the search in flight.
func (c *Conn) appendESearch(out []byte, all []value) []byte {
	tag := []byte(c.searchInFlight())
	if len(all) > 0 && all[0].kind == listValue {
		if at(all[0].list, 0).is("TAG") && at(all[0].list, 1).isText() {
			tag = all[0].list[1].text
		}
		all = all[1:]
	}
	out = append(appendString(append(out, " (TAG "...), tag), ')')
	if at(all, 0).is("UID") {
		out = append(out, " UID"...)
		all = all[1:]
	}
	for i := 0; i+1 < len(all); i += 2 {
		name, text := bytes.ToUpper(all[i].text), all[i+1].text
		end := -1
		switch string(name) {
		case "MIN", "MAX", "COUNT":
			end = number(text, 0, most32)
		case "MODSEQ":
			end = number(text, 0, mostModSeq)
		case "ALL":
			end = numberSet(text, 0)
		}
		if end == len(text) && end > 0 {
			out = append(append(append(append(out, ' '), name...), ' '), text...)
		}
	}
	return out
}

// searchInFlight is the tag of the client's search, "" when there is none.
func (c *Conn) searchInFlight() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for tag, f := range c.flights {
		if f.name == "UID SEARCH" || f.name == "SEARCH" {
			return tag
		}
	}
	return ""
}

// appendThread prints one thread of THREAD, numbers first. What nests deeper
// than imapclient reads becomes one chain.
func appendThread(out []byte, v value, depth int) []byte {
	out = append(out, '(')
	numbers := threadNumbers(nil, v, depth >= maxDepth)
	for i, n := range numbers {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, n...)
	}
	if depth >= maxDepth {
		return append(out, ')')
	}
	for _, item := range v.list {
		if item.kind == listValue {
			if out[len(out)-1] != '(' && out[len(out)-1] != ')' {
				out = append(out, ' ')
			}
			out = appendThread(out, item, depth+1)
		}
	}
	return append(out, ')')
}

// threadNumbers adds the numbers of a thread, and of those within it if deep.
func threadNumbers(all [][]byte, v value, deep bool) [][]byte {
	for _, item := range v.list {
		switch {
		case item.kind == listValue && deep:
			all = threadNumbers(all, item, deep)
		case item.isText() && nonZero(item.text, 0) == len(item.text):
			all = append(all, item.text)
		}
	}
	return all
}

// appendNamespace prints one of the three parts of NAMESPACE (RFC 2342).
func appendNamespace(out []byte, v value) []byte {
	n := 0
	for _, d := range v.list {
		if d.kind != listValue || len(d.list) == 0 {
			continue
		}
		if n++; n == 1 {
			out = append(out, '(')
		}
		prefix := at(d.list, 0).text
		out = appendString(append(out, '('), []byte(encodeName(MailboxName(string(prefix)))))
		out = append(appendDelim(append(out, ' '), at(d.list, 1)), ')')
	}
	if n == 0 {
		return append(out, "NIL"...)
	}
	return append(out, ')')
}

// appendQuota prints QUOTA (RFC 9208) without resources whose numbers are none.
func appendQuota(out []byte, all []value) ([]byte, bool) {
	if len(all) == 0 || !all[0].isText() {
		return out, false
	}
	out = append(appendString(append(out, ' '), all[0].text), " ("...)
	n := 0
	l := at(all, 1).list
	for i := 0; i+2 < len(l); i += 3 {
		item := string(l[i].text) + " " + string(l[i+1].text) + " " + string(l[i+2].text)
		if quotaResource([]byte(item), 0) != len(item) {
			continue
		}
		if n++; n > 1 {
			out = append(out, ' ')
		}
		out = append(out, item...)
	}
	return append(out, ')'), true
}

// appendNamed prints QUOTAROOT, MYRIGHTS and ACL: a mailbox and strings.
func appendNamed(out []byte, name string, all []value) ([]byte, bool) {
	if len(all) == 0 || !all[0].isText() {
		return out, false
	}
	out = appendMailbox(append(out, ' '), all[0].text)
	rest := all[1:]
	switch name {
	case "MYRIGHTS":
		if len(rest) == 0 {
			return out, false
		}
		rest = rest[:1]
	case "ACL":
		rest = rest[:len(rest)/2*2]
	}
	for _, v := range rest {
		out = appendString(append(out, ' '), v.text)
	}
	return out, true
}
