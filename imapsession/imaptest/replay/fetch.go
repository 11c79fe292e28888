package replay

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var itemRe = regexp.MustCompile(`(?i)^(BODY(?:\.PEEK)?\[[^\]]*\](?:<\d+\.\d+>)?|BINARY(?:\.PEEK|\.SIZE)?\[[^\]]*\](?:<\d+\.\d+>)?|[A-Z0-9.\-]+)`)
var partialRe = regexp.MustCompile(`<(\d+)\.(\d+)>$`)

func (c *sess) fetch(rest string, uid bool, cmd *command) (string, error) {
	setS, items, _ := strings.Cut(rest, " ")
	items = strings.TrimSpace(items)
	if i := strings.Index(strings.ToUpper(items), "(CHANGEDSINCE"); i > 0 {
		c.need("CHANGEDSINCE", "CONDSTORE")
		items = strings.TrimSpace(items[:i])
	}
	items = strings.TrimSuffix(strings.TrimPrefix(items, "("), ")")
	var list []string
	for items = strings.TrimSpace(items); items != ""; items = strings.TrimSpace(items) {
		m := itemRe.FindString(items)
		if m == "" {
			c.bad("FETCH item %.60q", items)
			return "BAD FETCH", nil
		}
		switch strings.ToUpper(m) {
		case "ALL":
			list = append(list, "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")
		case "FAST":
			list = append(list, "FLAGS", "INTERNALDATE", "RFC822.SIZE")
		case "FULL":
			list = append(list, "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY")
		default:
			list = append(list, m)
		}
		items = items[len(m):]
	}
	which := c.set(setS, uid)
	if c.s.Reverse {
		slices.Reverse(which)
	}
	for _, i := range which {
		x := c.view[i]
		p := parsePart(x.Raw)
		var o []string
		if uid {
			o = append(o, fmt.Sprintf("UID %d", x.UID))
		}
		for _, it := range list {
			up := strings.ToUpper(it)
			switch {
			case up == "UID":
				if !uid {
					o = append(o, fmt.Sprintf("UID %d", x.UID))
				}
			case up == "FLAGS":
				o = append(o, "FLAGS ("+flags(x)+")")
			case up == "INTERNALDATE":
				if x.Date == "NIL" {
					o = append(o, "INTERNALDATE NIL")
				} else {
					o = append(o, `INTERNALDATE "`+x.Date+`"`)
				}
			case up == "RFC822.SIZE":
				if x.Size != "" {
					o = append(o, "RFC822.SIZE "+x.Size)
				} else {
					o = append(o, fmt.Sprintf("RFC822.SIZE %d", len(x.Raw)))
				}
			case up == "ENVELOPE":
				if x.Envelope != "" {
					o = append(o, "ENVELOPE "+c.expand(x.Envelope, cmd.tag, nil))
				} else {
					o = append(o, "ENVELOPE "+p.envelope())
				}
			case up == "BODYSTRUCTURE", up == "BODY":
				if x.Structure != "" {
					o = append(o, up+" "+c.expand(x.Structure, cmd.tag, nil))
				} else {
					o = append(o, up+" "+p.structure(up == "BODYSTRUCTURE"))
				}
			case up == "MODSEQ":
				c.need("MODSEQ", "CONDSTORE")
				o = append(o, "MODSEQ (1)")
			case up == "RFC822", up == "RFC822.HEADER", up == "RFC822.TEXT":
				b := x.Raw
				if up == "RFC822.HEADER" {
					b = p.head
				} else if up == "RFC822.TEXT" {
					b = p.body
				}
				o = append(o, fmt.Sprintf("%s {%d}\r\n%s", up, len(b), b))
			case strings.HasPrefix(up, "BODY"):
				spec := it[strings.IndexByte(it, '[')+1 : strings.LastIndexByte(it, ']')]
				b, ok := section(p, x.Raw, spec)
				name := "BODY[" + spec + "]"
				if m := partialRe.FindStringSubmatch(it); m != nil {
					off, _ := strconv.Atoi(m[1])
					n, _ := strconv.Atoi(m[2])
					b = b[min(off, len(b)):]
					b = b[:min(n, len(b))]
					name += "<" + m[1] + ">"
				}
				if !strings.Contains(up, ".PEEK") && !c.ro && !x.Flags[`\Seen`] {
					x.Flags[`\Seen`] = true
					o = append(o, "FLAGS ("+flags(x)+")")
				}
				if !ok {
					o = append(o, name+" NIL")
				} else {
					o = append(o, fmt.Sprintf("%s {%d}\r\n%s", name, len(b), b))
				}
			case strings.HasPrefix(up, "BINARY"):
				c.need("BINARY fetch", "BINARY", "IMAP4rev2")
				return "NO [UNKNOWN-CTE] no BINARY in this double", nil
			default:
				v, ok := x.Attr[up]
				if strings.HasPrefix(up, "X-GM-") {
					c.need(up, "X-GM-EXT-1")
				} else if !ok {
					c.bad("FETCH item %s", up)
				}
				if ok {
					o = append(o, up+" "+c.expand(v, cmd.tag, nil))
				}
			}
		}
		if x.Always != "" {
			o = append(o, c.expand(x.Always, cmd.tag, nil))
		}
		c.write(fmt.Sprintf("* %d FETCH (%s)\r\n", i+1, strings.Join(o, " ")))
	}
	return "OK FETCH completed", nil
}
