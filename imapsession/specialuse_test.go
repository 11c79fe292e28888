package imapsession

import (
	"strings"
	"testing"
)

// No name may stand for two roles, and each is spelt as it is compared.
func TestNamesOfRolesAreApart(t *testing.T) {
	seen := make(map[string]Role)
	for role, names := range namesOfRole {
		for _, name := range names {
			if other, ok := seen[name]; ok && other != role {
				t.Errorf("%q is %s and %s", name, other, role)
			}
			seen[name] = role
			if name != strings.ToLower(name) || name != strings.TrimSpace(name) {
				t.Errorf("%q is not in small letters", name)
			}
		}
	}
}

func TestAssignRoles(t *testing.T) {
	type box struct {
		name, attribute string
		namespace       NamespaceKind
		noselect        bool
	}
	for _, tt := range []struct {
		name string
		in   []box
		want string // names with their roles
	}{
		{"attributes win over names", []box{{name: "Sent"}, {name: "Elsewhere", attribute: `\Sent`}}, "Sent Elsewhere:sent"},
		{"any case", []box{{name: "x", attribute: `\JUNK`}}, "x:junk"},
		{"the first of two attributes", []box{{name: "a", attribute: `\Trash`}, {name: "b", attribute: `\Trash`}}, "a:trash b"},
		{"the likelier of two names", []box{{name: "Sent Mail"}, {name: "Sent"}}, "Sent Mail Sent:sent"},
		{"beneath INBOX", []box{{name: "INBOX"}, {name: "INBOX/Papierkorb"}}, "INBOX:inbox INBOX/Papierkorb:trash"},
		{"not deeper", []box{{name: "Projects/Sent"}, {name: "INBOX/x/Sent"}}, "Projects/Sent INBOX/x/Sent"},
		{"not what cannot be opened", []box{{name: "Sent", noselect: true}, {name: "Trash", attribute: `\Trash`, noselect: true}}, "Sent Trash"},
		{"not another user's", []box{{name: "bob/x", attribute: `\Sent`, namespace: NamespaceOther}, {name: "Drafts", namespace: NamespaceShared}}, "bob/x Drafts"},
		{"INBOX in any case", []box{{name: "Inbox", attribute: `\Sent`}}, "Inbox:inbox"},
		{"many languages", []box{{name: "送信済み"}, {name: "Éléments supprimés"}, {name: "Черновики"}, {name: "SPAM"}}, "送信済み:sent Éléments supprimés:trash Черновики:drafts SPAM:junk"},
	} {
		var (
			list       []Mailbox
			attributes [][]string
		)
		for _, b := range tt.in {
			if b.namespace == "" {
				b.namespace = NamespacePersonal
			}
			list = append(list, Mailbox{Name: b.name, Path: strings.Split(b.name, "/"), Namespace: b.namespace, NoSelect: b.noselect})
			attributes = append(attributes, []string{b.attribute})
		}
		assignRoles(list, attributes)
		var got []string
		for _, m := range list {
			if m.Role != RoleNone {
				m.Name += ":" + string(m.Role)
			}
			got = append(got, m.Name)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: assignRoles = %q, want %q", tt.name, s, tt.want)
		}
	}
}

func TestNamespacePath(t *testing.T) {
	all := []Namespace{
		{Kind: NamespacePersonal, Prefix: "INBOX.", Delim: ".", primary: true},
		{Kind: NamespacePersonal, Prefix: "Old.", Delim: "."},
		{Kind: NamespaceOther, Prefix: "user.", Delim: "."},
		{Kind: NamespaceShared, Prefix: "", Delim: "."},
	}
	for _, tt := range []struct {
		name string
		kind NamespaceKind
		path string
	}{
		{"INBOX", NamespacePersonal, "INBOX"},
		{"INBOX.Sent", NamespacePersonal, "Sent"},
		{"inbox.Sent.2024", NamespacePersonal, "Sent|2024"},
		{"Old.Sent", NamespacePersonal, "Old|Sent"},
		{"user.bob", NamespaceOther, "bob"},
		{"user.bob.Lists", NamespaceOther, "bob|Lists"},
		{"Public.News", NamespaceShared, "Public|News"},
		{"INBOX.a..b", NamespacePersonal, "a|b"},
		{"..", NamespaceShared, ".."},
	} {
		n := namespaceOf(all, tt.name)
		if got := strings.Join(n.path(tt.name, "."), "|"); got != tt.path || n.Kind != tt.kind {
			t.Errorf("%q = %s %q, want %s %q", tt.name, n.Kind, got, tt.kind, tt.path)
		}
	}
}
