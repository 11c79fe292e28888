package imapsession

import (
	"context"
	"fmt"
	"strings"

	"godwit/imapsession/wire"
)

// Namespace is one prefix that mailboxes are found under (RFC 2342).
type Namespace struct {
	Kind    NamespaceKind
	Prefix  string // decoded, with its delimiter at the end, mostly; may be empty
	Delim   string // empty for a flat one
	primary bool   // the first personal one, whose prefix a person does not see
}

// root is the mailbox that the prefix itself looks like: "INBOX" of "INBOX.".
func (n Namespace) root() string { return strings.TrimSuffix(n.Prefix, n.Delim) }

// namespaces asks the server where mailboxes are. Without the extension, or when the answer
// is of no use, everything is personal and has no prefix.
func (c *conn) namespaces(ctx context.Context) ([]Namespace, error) {
	none := []Namespace{{Kind: NamespacePersonal, primary: true}}
	if !c.can.namespace {
		return none, nil
	}
	answer, err := c.wire.Command(ctx, "NAMESPACE", nil, named("NAMESPACE"))
	if err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	var all []Namespace
	for _, r := range answer.Untagged {
		for i, kind := range []NamespaceKind{NamespacePersonal, NamespaceOther, NamespaceShared} {
			if i < len(r.Fields) {
				all = append(all, readNamespaces(kind, r.Fields[i])...)
			}
		}
	}
	for i := range all {
		if all[i].Kind == NamespacePersonal {
			all[i].primary = true
			return all, nil
		}
	}
	return append(none, all...), nil
}

// readNamespaces reads ((prefix delimiter ...) ...) or NIL.
func readNamespaces(kind NamespaceKind, field any) (list []Namespace) {
	descriptions, _ := field.([]any)
	for _, d := range descriptions {
		parts, _ := d.([]any)
		if len(parts) < 2 {
			continue
		}
		prefix, ok := parts[0].(string)
		if !ok {
			continue
		}
		delim, _ := parts[1].(string)
		list = append(list, Namespace{Kind: kind, Prefix: mailboxName(prefix), Delim: delim})
	}
	return list
}

// of returns the namespace a mailbox lies in: that of the longest prefix. What lies
// in none is personal.
func namespaceOf(all []Namespace, name string) Namespace {
	best := Namespace{Kind: NamespacePersonal}
	for _, n := range all {
		if n.holds(name) && len(n.Prefix) >= len(best.Prefix) {
			best = n
		}
	}
	return best
}

func (n Namespace) holds(name string) bool {
	switch {
	case strings.HasPrefix(name, n.Prefix):
		return true
	case len(name) >= len(n.Prefix) && inboxPrefix(n.Prefix):
		return strings.EqualFold(name[:len(n.Prefix)], n.Prefix)
	}
	return n.Prefix != "" && n.root() == name
}

// inboxPrefix tells a prefix beneath INBOX, whose case does not matter.
func inboxPrefix(prefix string) bool {
	return len(prefix) == len("INBOX")+1 && strings.EqualFold(prefix[:len("INBOX")], "INBOX")
}

// path is what a person reads of name: its levels, without the prefix of its namespace. A
// further personal namespace keeps its prefix, or two mailboxes would read the same.
func (n Namespace) path(name, delim string) []string {
	rest := name
	if n.Prefix != "" && (n.primary || n.Kind != NamespacePersonal) && len(name) > len(n.Prefix) && n.holds(name) {
		rest = name[len(n.Prefix):]
	}
	if delim == "" {
		return []string{wire.ReadableName(rest)}
	}
	path := make([]string, 0, strings.Count(rest, delim)+1)
	for level := range strings.SplitSeq(rest, delim) {
		if level != "" {
			path = append(path, wire.ReadableName(level))
		}
	}
	if len(path) == 0 {
		return []string{wire.ReadableName(name)}
	}
	return path
}
