package wire

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
)

func TestMailboxName(t *testing.T) {
	for _, tt := range []struct{ raw, readable string }{
		{"INBOX", "INBOX"},
		{"&AOQ-", "ä"},
		{"&Jjo-!", "☺!"},
		{"a&-b", "a&b"},
		{"&ZeVnLIqe-", "日本語"},
		{"&2D3eAA-", "😀"},
		{"&AOQ", "&AOQ"},
		{"&!!!-", "&!!!-"},
		{"R&D", "R&D"},
		{"R&D/Sub", "R&D/Sub"},
		{"&AGE-", "&AGE-"},
		{"Entw&APw", "Entw&APw"},
		{"&AOQ-&AOQ-", "ää"},
		{"&2D0-", "&2D0-"},
		{"Entw\xfcrfe", "Entwürfe"},
		{"\x93x\x94 \x80", "“x” €"},
		{"Entwürfe", "Entwürfe"},
		{"tab\there\x7f", "tab␉here␡"},
		{"&20Dd7w-", "\U000E01EF"},
	} {
		name := MailboxName(tt.raw)
		if got := ReadableName(name); got != tt.readable && !strings.ContainsFunc(tt.readable, isMark) {
			t.Errorf("ReadableName(MailboxName(%q)) = %q, want %q", tt.raw, got, tt.readable)
		}
		if got := WireName(name); got != tt.raw {
			t.Errorf("WireName(MailboxName(%q)) = %q", tt.raw, got)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"R&D", "&AOQ-&AOQ-", "\xfc\x80\x00", "ü&", "&20Dd7w-&20Dd7w-", "\U000E01EC&AOQ-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name := MailboxName(raw)
		if !utf8.ValidString(name) {
			t.Errorf("MailboxName(%q) = %q is not UTF-8", raw, name)
		}
		if got := WireName(name); got != raw {
			t.Errorf("WireName(MailboxName(%q)) = %q", raw, got)
		}
		// What go-imap sends for the name, and what Write makes of it.
		if sent := demark(MailboxName(encodeName(name))); sent != "" && sent != raw {
			t.Errorf("%q is sent as %q", raw, sent)
		} else if sent == "" && encodeName(name) != raw {
			t.Errorf("%q is sent as %q", raw, encodeName(name))
		}
	})
}

// TestNamesAreAddressable lists odd names and opens each by what the client
// made of it, on another connection than the one that listed it.
func TestNamesAreAddressable(t *testing.T) {
	names := []string{"&AOQ-", "R&D", "R&D/&AOQ-", "&AGE-", "Entw&APw", "Entw\xfcrfe", "Entwürfe", "a\r\nb", `q"u\o`, "&20Dd7w-"}
	for _, caps := range []string{"IMAP4rev1", "IMAP4rev1 LITERAL+"} {
		list := func(_ *fakeServer, _, cmd string) string {
			if !strings.HasPrefix(cmd, "LIST") {
				return ""
			}
			var b strings.Builder
			for _, name := range names {
				b.WriteString("* LIST () \"/\" ")
				b.Write(appendString(nil, []byte(name)))
				b.WriteString("\r\n")
			}
			return b.String() + "$TAG OK [CAPABILITY " + caps + "] done\r\n"
		}
		lister, _, _ := session(t, Options{}, nil, list)
		listed, err := lister.List("", "*", nil).Collect()
		if err != nil || len(listed) != len(names) {
			t.Fatalf("List = %d mailboxes, %v, want %d", len(listed), err, len(names))
		}
		opener, _, server := session(t, Options{}, nil, list)
		if _, err := opener.List("", "*", nil).Collect(); err != nil {
			t.Fatal(err)
		}
		for i, l := range listed {
			before := len(server.commands())
			if _, err := opener.Select(l.Mailbox, nil).Wait(); err != nil {
				t.Fatalf("Select(%q): %v", l.Mailbox, err)
			}
			if _, err := opener.Status(l.Mailbox, &imap.StatusOptions{NumMessages: true}).Wait(); err != nil {
				t.Fatalf("Status(%q): %v", l.Mailbox, err)
			}
			for j, want := range []string{"SELECT %", "STATUS % (MESSAGES)"} {
				got := server.commands()[before+j]
				got = syncStart.ReplaceAllString(got, "")
				if quotedName := string(appendQuoted(nil, names[i])); got != strings.Replace(want, "%", names[i], 1) && got != strings.Replace(want, "%", quotedName, 1) {
					t.Errorf("the server was sent %q for %q", got, names[i])
				}
			}
		}
	}
}
