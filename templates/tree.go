package templates

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"godwit/imapsession"
)

// roleNames are what a person reads for a mailbox with a role, and roleIcons what stands before it.
var roleNames = map[imapsession.Role]string{
	imapsession.RoleInbox: "Inbox", imapsession.RoleDrafts: "Drafts", imapsession.RoleSent: "Sent", imapsession.RoleArchive: "Archive",
	imapsession.RoleJunk: "Spam", imapsession.RoleTrash: "Trash", imapsession.RoleFlagged: "Flagged", imapsession.RoleAll: "All mail",
}

var roleIcons = map[imapsession.Role]string{
	imapsession.RoleInbox: "inbox", imapsession.RoleDrafts: "file-pen", imapsession.RoleSent: "send", imapsession.RoleArchive: "archive",
	imapsession.RoleJunk: "shield-alert", imapsession.RoleTrash: "trash-2", imapsession.RoleFlagged: "star", imapsession.RoleAll: "mail",
}

// MailboxTitle is what a person calls a mailbox: by its role, else by the last element of its path.
func MailboxTitle(m imapsession.Mailbox) string {
	if name, ok := roleNames[m.Role]; ok {
		return name
	}
	if n := len(m.Path); n > 0 && m.Path[n-1] != "" {
		return m.Path[n-1]
	}
	return m.Name
}

// NavOf builds the tree from mailboxes in the order imapsession.Mailboxes gives: parents before children. The branch that leads to current is open.
func NavOf(mailboxes []imapsession.Mailbox, current string) NavProps {
	nav := NavProps{Current: current, State: stateOf(mailboxes)}
	byName := map[string]*node{}
	var roots []*node
	for _, m := range mailboxes {
		n := &node{mailbox: m}
		if parent := parentOf(m, byName); parent != nil {
			parent.children = append(parent.children, n)
		} else {
			roots = append(roots, n)
		}
		byName[m.Name] = n
	}
	others, shared := Namespace{Title: "Shared with me"}, Namespace{Title: "Shared folders"}
	for _, n := range roots {
		f := n.folder(current)
		switch {
		case n.mailbox.Namespace == imapsession.NamespaceOther:
			others.Folders = append(others.Folders, f)
		case n.mailbox.Namespace == imapsession.NamespaceShared:
			shared.Folders = append(shared.Folders, f)
		case f.Role != imapsession.RoleNone:
			nav.Roles = append(nav.Roles, f)
		default:
			nav.Personal = append(nav.Personal, f)
		}
	}
	for _, ns := range []Namespace{others, shared} {
		if len(ns.Folders) > 0 {
			nav.Others = append(nav.Others, ns)
		}
	}
	return nav
}

// stateOf is a hash of everything of the mailboxes that the tree shows.
func stateOf(mailboxes []imapsession.Mailbox) string {
	h := fnv.New64a()
	for _, m := range mailboxes {
		fmt.Fprintf(h, "%q %q %t %t %d %d\n", m.Name, m.Role, m.NoSelect, m.Counted, m.Unseen, m.Messages)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// branch is the current mailbox with those above it, the outermost first.
func (n NavProps) branch() []Folder {
	for _, list := range append([][]Folder{n.Roles, n.Personal}, others(n)...) {
		if found := branchTo(list, n.Current); found != nil {
			return found
		}
	}
	return nil
}

func others(n NavProps) (lists [][]Folder) {
	for _, ns := range n.Others {
		lists = append(lists, ns.Folders)
	}
	return lists
}

func branchTo(list []Folder, mailbox string) []Folder {
	for _, f := range list {
		if f.Mailbox == mailbox {
			return []Folder{f}
		}
		if below := branchTo(f.Children, mailbox); below != nil {
			return append([]Folder{f}, below...)
		}
	}
	return nil
}

// DOMID is the id of the folder's link, the same for the same name.
func (f Folder) DOMID() string {
	h := fnv.New64a()
	h.Write([]byte(f.Mailbox))
	return "f-" + strconv.FormatUint(h.Sum64(), 36)
}

type node struct {
	mailbox  imapsession.Mailbox
	children []*node
}

// parentOf finds the mailbox above m. Those with a role of their own stand at the top whatever their path, as "INBOX.Sent" does on many servers,
// and so do the children of INBOX on servers that keep everything below it.
func parentOf(m imapsession.Mailbox, byName map[string]*node) *node {
	if m.Delim == "" || m.Role != imapsession.RoleNone && m.Namespace == imapsession.NamespacePersonal {
		return nil
	}
	i := strings.LastIndex(m.Name, m.Delim)
	if i <= 0 {
		return nil
	}
	parent := byName[m.Name[:i]]
	if parent == nil || parent.mailbox.Role == imapsession.RoleInbox && len(m.Path) == 1 {
		return nil
	}
	return parent
}

func (n *node) folder(current string) Folder {
	m := n.mailbox
	f := Folder{Mailbox: m.Name, Name: MailboxTitle(m), Role: m.Role, NoSelect: m.NoSelect}
	if m.Counted {
		f.Unread, f.Total = m.Unseen, m.Messages
	}
	for _, child := range n.children {
		c := child.folder(current)
		if c.Open || c.Mailbox == current {
			f.Open = true
		}
		f.Children = append(f.Children, c)
	}
	return f
}

// icon is the sign before the name.
func (f Folder) icon() string {
	if icon, ok := roleIcons[f.Role]; ok {
		return icon
	}
	if f.Open {
		return "folder-open"
	}
	return "folder"
}

// bold folders have unread mail that a person waits for: not what lies in Spam, Trash or Drafts.
func (f Folder) bold() bool { return f.Unread > 0 && !f.calm() && f.Role != imapsession.RoleTrash }

// calm folders show their total without asking for attention.
func (f Folder) calm() bool {
	return f.Role == imapsession.RoleDrafts || f.Role == imapsession.RoleJunk
}

// unreadBelow is what a closed folder's children hold.
func (f Folder) unreadBelow() (n uint32) {
	for _, c := range f.Children {
		if c.bold() {
			n += c.Unread
		}
		n += c.unreadBelow()
	}
	return n
}

// inbox is the address of the first mailbox with that role, or the usual name.
func (n NavProps) inbox() Folder {
	for _, f := range n.Roles {
		if f.Role == imapsession.RoleInbox {
			return f
		}
	}
	return Folder{Mailbox: "INBOX", Name: "Inbox", Role: imapsession.RoleInbox}
}

// full tells how much of the storage is used, for the colour of the bar: "", "warn" or "bad".
func (q Quota) full() string {
	switch {
	case q.Limit <= 0:
		return ""
	case q.Used >= q.Limit/100*98:
		return "bad"
	case q.Used >= q.Limit/100*90:
		return "warn"
	}
	return ""
}

// permille is how much is used, for the bar.
func (q Quota) permille() string {
	if q.Limit <= 0 {
		return "0"
	}
	return Count(min(999, int64(float64(q.Used)/float64(q.Limit)*1000)))
}

func (q Quota) words() string { return Size(q.Used) + " of " + Size(q.Limit) + " used" }

// key is the sequence that leads to a mailbox with a role.
func (f Folder) key() templ.Attributes {
	keys := map[imapsession.Role]string{
		imapsession.RoleInbox: "g-i", imapsession.RoleSent: "g-t", imapsession.RoleDrafts: "g-d", imapsession.RoleArchive: "g-a",
	}
	key, ok := keys[f.Role]
	if !ok {
		return nil
	}
	return templ.Attributes{"data-key": key, "data-key-hidden": true}
}

func currentPage(current bool) templ.Attributes {
	if !current {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

// oob makes a region replace the one of its id when it is sent beside another.
func oob(on bool) templ.Attributes {
	if !on {
		return nil
	}
	return templ.Attributes{"hx-swap-oob": "true"}
}

// unread is the count of the mailbox that is open.
func (n NavProps) unread() uint32 {
	all := append(append([]Folder(nil), n.Roles...), n.Personal...)
	for _, ns := range n.Others {
		all = append(all, ns.Folders...)
	}
	return unreadIn(all, n.Current)
}

func unreadIn(folders []Folder, mailbox string) uint32 {
	for _, f := range folders {
		if f.Mailbox == mailbox {
			return f.Unread
		}
		if u := unreadIn(f.Children, mailbox); u > 0 {
			return u
		}
	}
	return 0
}
