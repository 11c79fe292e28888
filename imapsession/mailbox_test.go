package imapsession

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/imapsession/imaptest"
)

// tree shows mailboxes as "INBOX:inbox Sent:sent Lists/go".
func tree(list []Mailbox) []string {
	var lines []string
	for _, m := range list {
		line := strings.Join(m.Path, "/")
		if m.Role != RoleNone {
			line += ":" + string(m.Role)
		}
		if m.Namespace != NamespacePersonal {
			line = string(m.Namespace) + ">" + line
		}
		if m.Missing {
			line += " (missing)"
		} else if m.NoSelect {
			line += " (noselect)"
		}
		lines = append(lines, line)
	}
	return lines
}

func names(list []Mailbox) []string {
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	return names
}

func TestMailboxes(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		srv.Create(t, user, "Lists", "Lists/go-nuts", "Lists/Entwürfe & mehr", "日本語", "a/b/c")
		srv.Append(t, user, "INBOX", mail("one"), `\Seen`)
		srv.Append(t, user, "INBOX", mail("two"))
		srv.Append(t, user, "日本語", mail("three"))
		s := signedIn(t, srv, user, nil)
		list, err := s.Mailboxes(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		got := tree(list)
		want := []string{"INBOX:inbox", "Drafts:drafts", "Sent:sent", "Archive:archive", "Junk:junk", "Trash:trash"}
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Fatalf("Mailboxes = %q, want %q first", got, want)
		}
		for _, name := range []string{"Lists", "Lists/go-nuts", "Lists/Entwürfe & mehr", "日本語", "a/b/c"} {
			i := slices.Index(names(list), name)
			if i < 0 {
				t.Errorf("%q is not among %q", name, names(list))
				continue
			}
			if m := list[i]; !m.Subscribed || !m.Counted || m.UIDValidity == 0 || m.Delim != "/" || strings.Join(m.Path, "/") != name {
				t.Errorf("%q = %+v", name, m)
			}
			if err := s.with(t.Context(), lease{mailbox: name}, func(*conn) error { return nil }); err != nil {
				t.Errorf("%q cannot be opened: %v", name, err)
			}
		}
		for i, m := range list {
			if cut := strings.LastIndex(m.Name, m.Delim); cut > 0 && !slices.Contains(names(list[:i]), m.Name[:cut]) {
				t.Errorf("%q comes before its parent", m.Name)
			}
		}
		for name, want := range map[string][2]uint32{"INBOX": {2, 1}, "日本語": {1, 1}, "Lists": {0, 0}} {
			m := list[slices.Index(names(list), name)]
			if got := [2]uint32{m.Messages, m.Unseen}; got != want {
				t.Errorf("%q has messages, unseen = %v, want %v", name, got, want)
			}
		}
	})
}

func TestMailboxesAreKeptForAWhile(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		s := signedIn(t, srv, user, nil)
		has := func(maxAge time.Duration, name string) bool {
			t.Helper()
			list, err := s.Mailboxes(t.Context(), maxAge)
			if err != nil {
				t.Fatal(err)
			}
			return slices.Contains(names(list), name)
		}
		has(0, "")
		srv.Create(t, user, "One")
		if has(time.Hour, "One") {
			t.Error("the list was asked for again within its age")
		}
		if !has(0, "One") {
			t.Error("the list was not asked for anew")
		}
		srv.Create(t, user, "Two")
		s.invalidate()
		if !has(time.Hour, "Two") {
			t.Error("the list outlived its invalidation")
		}
		list, err := s.Mailboxes(t.Context(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		list[0].Name = "changed by a caller"
		if has(time.Hour, "changed by a caller") {
			t.Error("callers share one list")
		}
	})
}

// listServer answers LIST and what belongs to it by script, and counts.
func listServer(t *testing.T, caps string, answers map[string]string) (*script, *Session) {
	t.Helper()
	all := map[string]string{"AUTHENTICATE": "$ OK [CAPABILITY " + caps + "] welcome"}
	for k, v := range answers {
		all[k] = v
	}
	srv, server := play(t, Plaintext, func(c *client, _ int) { c.say(ready); c.serve(all) })
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return srv, s
}

// heardOf gives the commands that begin with one of the words.
func (s *script) heardOf(words ...string) []string {
	return slices.DeleteFunc(s.lines(), func(line string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(line, w) })
	})
}

func TestListings(t *testing.T) {
	for _, tt := range []struct {
		name, caps string
		answers    map[string]string
		want       []string
		heard      int // LIST, LSUB, NAMESPACE and STATUS commands
	}{
		{
			"Courier: a prefix and dots", "IMAP4rev1 NAMESPACE CHILDREN",
			map[string]string{
				"NAMESPACE": `* NAMESPACE (("INBOX." ".")) NIL (("#shared." ".")("shared." "."))` + "\n$ OK",
				"LIST":      `* LIST (\HasNoChildren) "." "INBOX.Sent"` + "\n" + `* LIST () "." "INBOX.Archive.2024"` + "\n" + `* LIST () "." "INBOX"` + "\n" + `* LIST () "." "INBOX.Trash"` + "\n$ OK",
				"LSUB":      `* LSUB () "." "INBOX.Sent"` + "\n$ OK",
				"STATUS":    "$ NO not now",
			},
			[]string{"INBOX:inbox", "Sent:sent", "Trash:trash", "Archive (missing)", "Archive/2024"},
			1 + 1 + 1 + 2 + 4,
		},
		{
			"Gmail: roles below a mailbox that cannot be opened", "IMAP4rev1 NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE",
			map[string]string{
				"NAMESPACE": `* NAMESPACE (("" "/")) NIL NIL` + "\n$ OK",
				"LIST": `* LIST (\HasNoChildren) "/" "INBOX"` + "\n" + `* STATUS "INBOX" (MESSAGES 3 UNSEEN 1 UIDNEXT 9 UIDVALIDITY 1)` + "\n" +
					`* LIST (\HasChildren \Noselect) "/" "[Gmail]"` + "\n" + `* LIST (\All) "/" "[Gmail]/Alle Nachrichten"` + "\n" + `* LIST (\DRAFTS) "/" "[Gmail]/Entw&APw-rfe"` + "\n" +
					`* LIST (\Sent) "/" "[Gmail]/Gesendet"` + "\n" + `* LIST () "/" "Gesendet"` + "\n$ OK",
			},
			[]string{"INBOX:inbox", "[Gmail]/Entwürfe:drafts", "[Gmail]/Gesendet:sent", "[Gmail] (noselect)", "[Gmail]/Alle Nachrichten:all", "Gesendet"},
			2,
		},
		{
			"all LISTs before all STATUSes", "IMAP4rev1 LIST-EXTENDED LIST-STATUS",
			map[string]string{
				"LIST": `* LIST () "/" "INBOX"` + "\n" + `* LIST () "/" "a"` + "\n" + `* LIST () "/" "b"` + "\n" +
					`* STATUS b (MESSAGES 3 UNSEEN 2)` + "\n" + `* STATUS a (MESSAGES 2 UNSEEN 1)` + "\n" + `* STATUS INBOX (MESSAGES 1 UNSEEN 0)` + "\n$ OK",
			},
			[]string{"INBOX:inbox", "a", "b"},
			1,
		},
		{
			"LIST-EXTENDED that is not taken", "IMAP4rev1 LIST-EXTENDED SPECIAL-USE",
			map[string]string{"LIST": "$ BAD what is that", "LSUB": "$ OK", "STATUS": "$ BAD"},
			nil,
			3,
		},
		{
			"other users and public ones", "IMAP4rev1 NAMESPACE",
			map[string]string{
				"NAMESPACE": `* NAMESPACE (("" "/")) (("user/" "/")) (("shared/" "/"))` + "\n$ OK",
				"LIST": `* LIST (\Noselect) "/" "user"` + "\n" + `* LIST () "/" "user/bob/Sent"` + "\n" + `* LIST () "/" "shared/Sent"` + "\n" + `* LIST () "/" "INBOX"` + "\n" +
					`* LIST (\NonExistent) "/" "Old"` + "\n" + `* LIST () "/" "Old/Sent"` + "\n" + `* LIST () "/" "INBOX"` + "\n$ OK",
				"STATUS": "$ NO",
			},
			[]string{"INBOX:inbox", "Old (missing)", "Old/Sent", "other>bob (missing)", "other>bob/Sent", "shared>Sent"},
			1 + 2 + 4,
		},
		{
			"INBOX in small letters, and names for roles", "IMAP4rev1",
			map[string]string{
				"LIST": `* LIST () "/" inbox` + "\n" + `* LIST () "/" "Sent Items"` + "\n" + `* LIST () "/" "Sent"` + "\n" + `* LIST () "/" "&BCAEMAQ5-"` + "\n" + `* LIST () "/" "Papierkorb"` + "\n" +
					`* LIST () "/" "&BCcENQRABD0EPgQyBDgEOgQ4-"` + "\n" + `* LIST () "/" "Projects/Junk"` + "\n" + `* LIST () NIL "Flat.Name"` + "\n$ OK",
				"STATUS": "* STATUS x (MESSAGES 1)\n$ OK",
			},
			[]string{"INBOX:inbox", "Черновики:drafts", "Sent:sent", "Papierkorb:trash", "Flat.Name", "Projects (missing)", "Projects/Junk", "Sent Items", "Рай"},
			2 + 8,
		},
		{
			"INBOX left out", "IMAP4rev1", map[string]string{"LIST": `* LIST () "/" "a"` + "\n$ OK", "STATUS": "$ NO"},
			[]string{"INBOX:inbox", "a"}, 2 + 2,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, s := listServer(t, tt.caps, tt.answers)
			list, err := s.Mailboxes(t.Context(), 0)
			if tt.want == nil {
				if !errors.Is(err, ErrUnavailable) {
					t.Errorf("Mailboxes = %v, want %v", err, ErrUnavailable)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if got := tree(list); !slices.Equal(got, tt.want) {
				t.Errorf("Mailboxes = %q, want %q", got, tt.want)
			}
			if heard := srv.heardOf("LIST", "LSUB", "NAMESPACE", "STATUS"); len(heard) != tt.heard {
				t.Errorf("it took %d commands, want %d: %q", len(heard), tt.heard, heard)
			}
			if n := len(srv.heardOf("AUTHENTICATE")); n != 1 {
				t.Errorf("it took %d connections", n)
			}
		})
	}
}

func TestCountsInAnyOrder(t *testing.T) {
	_, s := listServer(t, "IMAP4rev1 LIST-EXTENDED LIST-STATUS", map[string]string{
		"LIST": `* LIST () "/" "INBOX"` + "\n" + `* LIST () "/" "a"` + "\n" + `* LIST () "/" "b"` + "\n" + `* LIST (\Noselect) "/" "c"` + "\n" +
			`* STATUS b (UNSEEN 2 MESSAGES 3 UIDVALIDITY 9 UIDNEXT 8 XFOO (1 2))` + "\n" + `* STATUS inbox (MESSAGES 1 UNSEEN 0)` + "\n" + `* STATUS d (MESSAGES 7)` + "\n$ OK",
	})
	list, err := s.Mailboxes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range list {
		got = append(got, strings.TrimSpace(fmt.Sprintln(m.Name, m.Counted, m.Messages, m.Unseen, m.UIDNext, m.UIDValidity)))
	}
	// a: its STATUS did not come, which is no reason to ask for more.
	want := []string{"INBOX true 1 0 0 0", "a false 0 0 0 0", "b true 3 2 8 9", "c false 0 0 0 0"}
	if !slices.Equal(got, want) {
		t.Errorf("Mailboxes = %q, want %q", got, want)
	}
}

// A name that is not modified UTF-7 is shown, and opened by the very octets it was listed by.
func TestBrokenNamesCanBeOpened(t *testing.T) {
	raw := []string{"&AOQ-", "a&-b", "&AOQ", "&!!!-", "R&D", "&AGE-", "Entw&APw"}
	var lines string
	for _, name := range raw {
		lines += `* LIST () "/" "` + name + `"` + "\n"
	}
	srv, s := listServer(t, "IMAP4rev1", map[string]string{"LIST": lines + "$ OK", "STATUS": "$ NO"})
	list, err := s.Mailboxes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(raw)+1 {
		t.Errorf("Mailboxes = %q, want INBOX and %d more", names(list), len(raw))
	}
	for _, m := range list {
		if err := s.with(t.Context(), lease{mailbox: m.Name}, func(*conn) error { return nil }); err != nil {
			t.Errorf("%q: %v", m.Path, err)
		}
	}
	heard := strings.Join(srv.heardOf("SELECT"), "\n")
	for _, name := range raw {
		if !strings.Contains(heard, `SELECT "`+name+`"`) && !strings.Contains(heard, "SELECT "+name+"\n") {
			t.Errorf("no SELECT of %q: %s", name, heard)
		}
	}
	paths := strings.Join(tree(list), "\n")
	for _, shown := range []string{"ä", "a&b", "R&D"} {
		if !slices.Contains(strings.Split(paths, "\n"), shown) {
			t.Errorf("%q is not shown among %q", shown, tree(list))
		}
	}
}

func TestFiveThousandMailboxes(t *testing.T) {
	var lines strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&lines, `* LIST () "/" "box %d/sub %d"`+"\n", i/50, i)
	}
	for _, caps := range []string{"IMAP4rev1", "IMAP4rev1 LIST-EXTENDED LIST-STATUS"} {
		srv, s := listServer(t, caps, map[string]string{"LIST": lines.String() + "$ OK", "STATUS": "$ NO"})
		began := time.Now()
		list, err := s.Mailboxes(t.Context(), 0)
		if err != nil || len(list) != 5000+100+1 {
			t.Errorf("%s: Mailboxes = %d, %v, want 5101", caps, len(list), err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s: it took %v", caps, took)
		}
		if n := len(srv.heardOf("STATUS")); n > maxStatuses {
			t.Errorf("%s: %d STATUS, want at most %d", caps, n, maxStatuses)
		}
	}
}

// A name of ten thousand levels is listed, without as many parents made up for it.
func TestDeepNames(t *testing.T) {
	deep := strings.Repeat("a/", 10_000) + "z"
	_, s := listServer(t, "IMAP4rev1", map[string]string{"LIST": `* LIST () "/" "` + deep + `"` + "\n" + `* LIST () "/" "b/c"` + "\n$ OK", "STATUS": "$ NO"})
	list, err := s.Mailboxes(t.Context(), 0)
	if got := names(list); err != nil || !slices.Equal(got, []string{"INBOX", deep, "b", "b/c"}) {
		t.Errorf("Mailboxes = %d mailboxes, %v, want INBOX, the deep one, b and b/c", len(got), err)
	}
}

// Who asks while somebody else does waits for the same answer; when that one gives up, they ask themselves.
func TestOneQuestionForAll(t *testing.T) {
	srv, server := play(t, Plaintext, func(c *client, _ int) {
		c.say(ready)
		for {
			tag, command := c.hear()
			switch {
			case tag == "":
				return
			case strings.HasPrefix(command, "LIST"):
				time.Sleep(100 * time.Millisecond)
				c.say(`* LIST () "/" "INBOX"`, tag+" OK done")
			default:
				c.say(tag + " OK [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS] done")
			}
		}
	})
	s, err := Login(t.Context(), &Options{MaxConns: 1}, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	first, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := s.Mailboxes(first, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first: %v, want %v", err, context.DeadlineExceeded)
		}
	})
	time.Sleep(10 * time.Millisecond)
	for range 5 {
		all.Go(func() {
			if list, err := s.Mailboxes(t.Context(), 0); err != nil || len(list) != 1 {
				t.Errorf("Mailboxes = %v, %v", tree(list), err)
			}
		})
	}
	all.Wait()
	if n := len(srv.heardOf("LIST")); n != 2 {
		t.Errorf("%d LISTs, want 2: the one given up and one for all others", n)
	}
}
