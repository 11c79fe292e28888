package memory

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// start serves a new server on a plaintext port.
func start(t *testing.T) (s *Server, address string) {
	t.Helper()
	s = New(Options{Password: func(_, p string) bool { return p == "pass" }, Quota: 10 << 20, MaxMessage: 8 << 20})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.ServePlain(l)
	t.Cleanup(s.Close)
	return s, l.Addr().String()
}

func client(t *testing.T, address string, options *imapclient.Options) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login("ines", "pass").Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// raw is a connection on which a test speaks IMAP itself.
type raw struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
	n  int
}

func dialRaw(t *testing.T, address string) *raw {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	c := &raw{t: t, nc: nc, r: bufio.NewReader(nc)}
	c.line()
	c.do("LOGIN ines pass")
	return c
}

func (c *raw) line() string {
	c.t.Helper()
	s, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read: %v after %q", err, s)
	}
	return strings.TrimRight(s, "\r\n")
}

// do sends a command and returns what came before its tagged line, and that without its tag.
func (c *raw) do(cmd string) (untagged []string, tagged string) {
	c.t.Helper()
	c.n++
	tag := fmt.Sprintf("t%d ", c.n)
	fmt.Fprintf(c.nc, "%s%s\r\n", tag, cmd)
	for {
		s := c.line()
		if rest, ok := strings.CutPrefix(s, tag); ok {
			return untagged, rest
		}
		untagged = append(untagged, s)
	}
}

// one sends a command that must give one untagged line.
func (c *raw) one(cmd string) string {
	c.t.Helper()
	untagged, tagged := c.do(cmd)
	if len(untagged) != 1 || !strings.HasPrefix(tagged, "OK") {
		c.t.Fatalf("%s = %q, %s, want one line and OK", cmd, untagged, tagged)
	}
	return untagged[0]
}

func mustAppend(t *testing.T, u *User, mailbox, message string, flags ...string) {
	t.Helper()
	if _, err := u.Append(mailbox, []byte(strings.ReplaceAll(message, "\n", "\r\n")), time.Date(2026, 10, 19, 9, 0, 0, 0, time.UTC), flags...); err != nil {
		t.Fatal(err)
	}
}

func TestList(t *testing.T) {
	s, address := start(t)
	u := s.User("ines")
	for _, name := range []string{"Surveys/2026/October", "Entwürfe & more", "Empty"} {
		if err := u.Create(name, ""); err != nil {
			t.Fatal(err)
		}
	}
	c := dialRaw(t, address)
	for _, tt := range []struct {
		cmd  string
		want []string
	}{
		{`LIST "" %`, []string{
			`* LIST (\HasNoChildren) "/" "INBOX"`, `* LIST (\HasNoChildren \Archive) "/" "Archive"`, `* LIST (\HasNoChildren \Drafts) "/" "Drafts"`,
			`* LIST (\HasNoChildren) "/" "Empty"`, `* LIST (\HasNoChildren) "/" "Entw&APw-rfe &- more"`, `* LIST (\HasNoChildren \Junk) "/" "Junk"`,
			`* LIST (\HasNoChildren \Sent) "/" "Sent"`, `* LIST (\HasChildren) "/" "Surveys"`, `* LIST (\HasNoChildren \Trash) "/" "Trash"`}},
		{`LIST "Surveys/" %`, []string{`* LIST (\HasChildren) "/" "Surveys/2026"`}},
		{`LIST "" "*/%to*"`, []string{`* LIST (\HasNoChildren) "/" "Surveys/2026/October"`}},
		{`LIST "" ""`, []string{`* LIST (\Noselect) "/" ""`}},
		{`LIST (SPECIAL-USE) "" (S% Tr*) RETURN (SUBSCRIBED CHILDREN)`, []string{
			`* LIST (\HasNoChildren \Sent \Subscribed) "/" "Sent"`, `* LIST (\HasNoChildren \Trash \Subscribed) "/" "Trash"`}},
		{`LIST "" inbox RETURN (STATUS (MESSAGES UNSEEN))`, []string{`* LIST (\HasNoChildren) "/" "INBOX"`, `* STATUS "INBOX" (MESSAGES 0 UNSEEN 0)`}},
		{`RENAME Surveys "Old/Surveys"`, nil},
		{`DELETE Old`, nil},
		{`UNSUBSCRIBE Empty`, nil},
		{`DELETE Empty`, nil},
		{`LIST "" "Old*"`, []string{`* LIST (\Noselect \HasChildren) "/" "Old"`, `* LIST (\HasChildren) "/" "Old/Surveys"`,
			`* LIST (\HasChildren) "/" "Old/Surveys/2026"`, `* LIST (\HasNoChildren) "/" "Old/Surveys/2026/October"`}},
		{`LIST "" E*`, []string{`* LIST (\HasNoChildren) "/" "Entw&APw-rfe &- more"`}},
		{`LSUB "" "Old/%"`, []string{`* LSUB () "/" "Old/Surveys"`}},
		{`DELETE "Entw&APw-rfe &- more"`, nil},
		{`LIST (SUBSCRIBED) "" E*`, []string{`* LIST (\NonExistent \HasNoChildren \Subscribed) "/" "Entw&APw-rfe &- more"`}},
		{`NAMESPACE`, []string{`* NAMESPACE (("" "/")) NIL NIL`}},
		{`GETQUOTAROOT INBOX`, []string{`* QUOTAROOT "INBOX" "User quota"`, `* QUOTA "User quota" (STORAGE 0 10240)`}},
	} {
		got, tagged := c.do(tt.cmd)
		if !slices.Equal(got, tt.want) || !strings.HasPrefix(tagged, "OK") {
			t.Errorf("%s = %s\n%s\nwant\n%s", tt.cmd, tagged, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
	for _, cmd := range []string{"CREATE INBOX", "DELETE INBOX", "DELETE nowhere", `CREATE "a//b"`, "CREATE x (USE (\\Sent))", "SELECT Old", "RENAME nowhere b", "STATUS Old (MESSAGES)"} {
		if _, tagged := c.do(cmd); !strings.HasPrefix(tagged, "NO [") {
			t.Errorf("%s = %s, want NO with a code", cmd, tagged)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "a/b/c", true}, {"%", "a/b", false}, {"%/%", "a/b", true}, {"%/%", "a/b/c", false}, {"*c", "a/b/c", true},
		{"a%c", "abbc", true}, {"a%c", "ab/c", false}, {"a*%d", "a/b/cd", true}, {"%b*", "a/b", false}, {"inbox", "INBOX", true}, {"", "a", false},
		{"*/%", "a/b/c", true}, {"%a%", "xxaxx", true}, {"*a%b", "a/axb", true}, {"*%", "", true},
	} {
		if got := match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("match(%q, %q) = %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}

func TestChangesReachOtherSessions(t *testing.T) {
	s, address := start(t)
	u := s.User("ines")
	for i := range 4 {
		mustAppend(t, u, "INBOX", fmt.Sprintf("Subject: %d\n\n%d\n", i, i))
	}
	a, b := dialRaw(t, address), dialRaw(t, address)
	a.do("SELECT INBOX")
	b.do("SELECT INBOX")

	// STORE tells its own session, and the other with its next command.
	if got := a.one(`STORE 2 +FLAGS (Survey $label1)`); got != `* 2 FETCH (FLAGS ($label1 Survey))` {
		t.Errorf("STORE = %s", got)
	}
	if got := b.one("NOOP"); got != `* 2 FETCH (FLAGS ($label1 Survey))` {
		t.Errorf("NOOP of the other session = %s", got)
	}
	// An expunged message keeps its number while the other session counts by numbers.
	a.do(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	if got := a.one("EXPUNGE"); got != "* 1 EXPUNGE" {
		t.Errorf("EXPUNGE = %s", got)
	}
	if got := b.one("FETCH 2 UID"); got != "* 2 FETCH (UID 2)" {
		t.Errorf("FETCH before the expunge is told = %s, want UID 2", got)
	}
	if got := b.one("NOOP"); got != "* 1 EXPUNGE" {
		t.Errorf("NOOP = %s, want the expunge", got)
	}

	// IDLE tells at once.
	fmt.Fprintf(b.nc, "idle IDLE\r\n")
	b.line()
	mustAppend(t, u, "INBOX", "Subject: new\n\nnew\n")
	if got := b.line(); got != "* 4 EXISTS" {
		t.Errorf("IDLE = %s, want * 4 EXISTS", got)
	}
	b.line() // RECENT
	a.do("UID MOVE 3 Archive")
	if got := b.line(); got != "* 2 EXPUNGE" {
		t.Errorf("IDLE = %s, want * 2 EXPUNGE", got)
	}
	fmt.Fprintf(b.nc, "DONE\r\n")
	if got := b.line(); !strings.HasPrefix(got, "idle OK") {
		t.Errorf("DONE = %s", got)
	}
}

func TestTransfer(t *testing.T) {
	s, address := start(t)
	u := s.User("ines")
	for i := range 3 {
		mustAppend(t, u, "INBOX", fmt.Sprintf("Subject: %d\n\n%d\n", i, i), "Survey", `\Seen`)
	}
	c := dialRaw(t, address)
	c.do("SELECT INBOX")
	_, tagged := c.do("COPY 1:2 Archive")
	if want := fmt.Sprintf("OK [COPYUID %d 1:2 1:2] copied", u.find("Archive").uidValidity); tagged != want {
		t.Errorf("COPY = %s, want %s", tagged, want)
	}
	untagged, tagged := c.do("UID MOVE 3 Archive")
	if want := fmt.Sprintf("* OK [COPYUID %d 3 3] moved", u.find("Archive").uidValidity); len(untagged) != 2 || untagged[0] != want || untagged[1] != "* 3 EXPUNGE" {
		t.Errorf("MOVE = %q, %s, want %s and the expunge", untagged, tagged, want)
	}
	if _, tagged := c.do("COPY 1 Nowhere"); !strings.HasPrefix(tagged, "NO [TRYCREATE]") {
		t.Errorf("COPY to nowhere = %s", tagged)
	}
	c.do("SELECT Archive")
	if got := c.one("FETCH 3 (FLAGS UID)"); got != `* 3 FETCH (FLAGS (Survey \Seen) UID 3)` && got != `* 3 FETCH (FLAGS (\Seen Survey) UID 3)` {
		t.Errorf("moved message = %s", got)
	}
	c.do("EXAMINE Archive")
	if _, tagged := c.do(`STORE 1 +FLAGS (\Seen)`); !strings.HasPrefix(tagged, "NO [READ-ONLY]") {
		t.Errorf("STORE after EXAMINE = %s", tagged)
	}
}

func TestCondstore(t *testing.T) {
	s, address := start(t)
	mustAppend(t, s.User("ines"), "INBOX", "Subject: 1\n\n1\n")
	mustAppend(t, s.User("ines"), "INBOX", "Subject: 2\n\n2\n")
	c := dialRaw(t, address)
	c.do("SELECT INBOX (CONDSTORE)")
	before := c.one("FETCH 2 MODSEQ") // * 2 FETCH (MODSEQ (3))
	var modseq uint64
	if _, err := fmt.Sscanf(before, "* 2 FETCH (MODSEQ (%d))", &modseq); err != nil {
		t.Fatalf("%s: %v", before, err)
	}
	c.do(`STORE 1 +FLAGS (\Flagged)`)
	if got, want := c.one(fmt.Sprintf("UID FETCH 1:* FLAGS (CHANGEDSINCE %d)", modseq)), fmt.Sprintf(`* 1 FETCH (UID 1 MODSEQ (%d) FLAGS (\Flagged))`, modseq+1); got != want {
		t.Errorf("CHANGEDSINCE = %s, want %s", got, want)
	}
	_, tagged := c.do(fmt.Sprintf(`UID STORE 1:2 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\Seen)`, modseq))
	if !strings.HasPrefix(tagged, "OK [MODIFIED 1]") {
		t.Errorf("UNCHANGEDSINCE = %s, want MODIFIED 1", tagged)
	}
}

func TestSearchSortThread(t *testing.T) {
	s, address := start(t)
	u := s.User("ines")
	mustAppend(t, u, "INBOX", "From: Zoe <a@x.example>\nDate: Mon, 19 Oct 2026 10:00:00 +0000\nSubject: Knots\nMessage-ID: <1@x>\n\nTwelve knots on the flat\n", `\Seen`)
	mustAppend(t, u, "INBOX", "From: Abe <z@x.example>\nDate: Sun, 18 Oct 2026 10:00:00 +0000\nSubject: =?utf-8?q?=C3=84pfel?=\nMessage-ID: <2@x>\nContent-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\nR3LDvMOfZQ==\n", "Survey")
	mustAppend(t, u, "INBOX", "From: b@x.example\nDate: Tue, 20 Oct 2026 10:00:00 +0000\nSubject: Re: [team] knots\nReferences: <1@x> <gone@x>\nMessage-ID: <3@x>\n\n"+strings.Repeat("long ", 100)+"\n", `\Flagged`)
	mustAppend(t, u, "INBOX", "From: c@x.example\nDate: Wed, 21 Oct 2026 10:00:00 +0000\nSubject: Re: knots\nIn-Reply-To: <1@x>\nMessage-ID: <4@x>\n\n<p>\n")
	mustAppend(t, u, "INBOX", "From: d@x.example\nDate: Thu, 22 Oct 2026 10:00:00 +0000\nSubject: Re: knots\nMessage-ID: <5@x>\n\nno references\n")
	c := dialRaw(t, address)
	c.do("SELECT INBOX")
	for _, tt := range []struct{ cmd, want string }{
		{"SEARCH ALL", "* SEARCH 1 2 3 4 5"},
		{"SEARCH UNSEEN NOT FLAGGED", "* SEARCH 2 4 5"},
		{"SEARCH KEYWORD survey", "* SEARCH 2"},
		{"SEARCH OR FROM zoe (SUBJECT äpfel)", "* SEARCH 1 2"},
		{"SEARCH BODY GRÜSSE", "* SEARCH"},
		{"SEARCH CHARSET UTF-8 BODY grüß", "* SEARCH 2"},
		{`SEARCH TEXT "on the FLAT"`, "* SEARCH 1"},
		{"SEARCH LARGER 400", "* SEARCH 3"},
		{"SEARCH SENTSINCE 20-Oct-2026 SENTBEFORE 22-Oct-2026", "* SEARCH 3 4"},
		{"SEARCH ON 19-Oct-2026 2:3", "* SEARCH 2 3"},
		{"SEARCH HEADER Message-ID 3@x", "* SEARCH 3"},
		{"UID SEARCH RETURN (MIN MAX COUNT ALL) 2:4", `* ESEARCH (TAG "TAG") UID MIN 2 MAX 4 COUNT 3 ALL 2:4`},
		{"SEARCH RETURN () FROM nobody", `* ESEARCH (TAG "TAG")`},
		{"SORT (DATE) UTF-8 ALL", "* SORT 2 1 3 4 5"},
		{"SORT (REVERSE SIZE) UTF-8 1:3", "* SORT 3 2 1"},
		{"SORT (FROM) UTF-8 1:3", "* SORT 1 3 2"},
		{"SORT (DISPLAYFROM) UTF-8 1:3", "* SORT 2 3 1"},
		{"UID SORT (SUBJECT REVERSE DATE) UTF-8 ALL", "* SORT 5 4 3 1 2"},
		{"THREAD REFERENCES UTF-8 ALL", "* THREAD (2)(1 (3)(4)(5))"},
		{"THREAD REFS UTF-8 ALL", "* THREAD (2)(1 (3)(4))(5)"},
		{"THREAD ORDEREDSUBJECT UTF-8 ALL", "* THREAD (2)(1 (3)(4)(5))"},
	} {
		want := strings.ReplaceAll(tt.want, "TAG\")", fmt.Sprintf("t%d\")", c.n+1))
		if got := c.one(tt.cmd); got != want {
			t.Errorf("%s = %s, want %s", tt.cmd, got, want)
		}
	}
	for _, cmd := range []string{"SEARCH", "SEARCH NOSUCH", "SEARCH OR ALL", "SORT (NOSUCH) UTF-8 ALL", "THREAD NOSUCH UTF-8 ALL", "SEARCH 0", "SEARCH SINCE yesterday"} {
		if _, tagged := c.do(cmd); !strings.HasPrefix(tagged, "BAD") {
			t.Errorf("%s = %s, want BAD", cmd, tagged)
		}
	}
}

func TestAppend(t *testing.T) {
	s, address := start(t)
	c := client(t, address, nil)
	odd := "Subject: bare\nlines\r\n\r\n\x00\xff binary \n.\r\n"
	for i, body := range []string{odd, strings.Repeat("x", 5<<20)} {
		cmd := c.Append("INBOX", int64(len(body)), &imap.AppendOptions{Flags: []imap.Flag{"MyKw", imap.FlagSeen}, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))})
		if _, err := io.WriteString(cmd, body); err != nil {
			t.Fatal(err)
		}
		cmd.Close()
		data, err := cmd.Wait()
		if err != nil || data.UID != imap.UID(i+1) || data.UIDValidity != s.User("ines").find("INBOX").uidValidity {
			t.Fatalf("APPEND = %+v, %v, want UID %d", data, err, i+1)
		}
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	section := &imap.FetchItemBodySection{}
	got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{Flags: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	if body := got[0].FindBodySection(section); string(body) != odd {
		t.Errorf("BODY[] = %q, want %q", body, odd)
	}
	if !slices.Contains(got[0].Flags, "MyKw") || !got[0].InternalDate.Equal(time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)) {
		t.Errorf("flags, date = %v, %v, want MyKw as written, 2026-01-02 02:04:05 UTC", got[0].Flags, got[0].InternalDate)
	}

	r := dialRaw(t, address)
	if _, tagged := r.do("APPEND INBOX {9000000}"); !strings.HasPrefix(tagged, "NO [TOOBIG]") {
		t.Errorf("APPEND beyond the limit = %s", tagged)
	}
	fmt.Fprintf(r.nc, "big APPEND INBOX {%d}\r\n", 6<<20)
	r.line()
	io.WriteString(r.nc, strings.Repeat("y", 6<<20)+"\r\n")
	if got := r.line(); !strings.HasPrefix(got, "big NO [OVERQUOTA]") {
		t.Errorf("APPEND over quota = %s", got)
	}
	if _, tagged := r.do("APPEND INBOX (\\Seen) {3+}\r\nabc"); !strings.HasPrefix(tagged, "OK [APPENDUID") {
		t.Errorf("APPEND with a non-synchronising literal = %s", tagged)
	}
}

// pattern is a huge message that takes no memory.
type pattern struct{ size int64 }

const patternHeader = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
const patternLine = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"

func (p pattern) Size() int64 { return p.size }
func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) && off < p.size {
		switch {
		case off < int64(len(patternHeader)):
			b[n] = patternHeader[off]
		case off >= p.size-9:
			b[n] = "\r\n--b--\r\n"[off-(p.size-9)]
		default:
			b[n] = patternLine[(off-int64(len(patternHeader)))%int64(len(patternLine))]
		}
		n++
		off++
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func TestPiecesOfALargePart(t *testing.T) {
	s, address := start(t)
	s.User("ines").quota = 0
	raw := make([]byte, 55<<20)
	if _, err := (pattern{int64(len(raw))}).ReadAt(raw, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.User("ines").Append("INBOX", raw, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.User("ines").AppendContent("INBOX", pattern{int64(len(raw))}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	c := dialRaw(t, address)
	c.do("SELECT INBOX")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	for message := 1; message <= 2; message++ {
		const chunk = 256 << 10
		read := 0
		size := len(raw) - len(patternHeader) - 9
		for off := 0; off < size; off += chunk {
			fmt.Fprintf(c.nc, "f FETCH %d BODY.PEEK[1]<%d.%d>\r\n", message, off, chunk)
			n := min(chunk, size-off)
			if got, want := c.line(), fmt.Sprintf("* %d FETCH (BODY[1]<%d> {%d}", message, off, n); got != want {
				t.Fatalf("FETCH = %s, want %s", got, want)
			}
			got := make([]byte, n)
			if _, err := io.ReadFull(c.r, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, raw[len(patternHeader)+off:][:n]) {
				t.Fatalf("message %d: octets at %d differ", message, off)
			}
			read += n
			c.line()
			c.line()
		}
		if read != size {
			t.Errorf("message %d: read %d octets, want %d", message, read, size)
		}
	}
	took := time.Since(begin)
	runtime.ReadMemStats(&after)
	// The chunks that the test itself makes are half of it or more.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 3*uint64(len(raw)) {
		t.Errorf("reading two parts of %d MB allocated %d MB", len(raw)>>20, grown>>20)
	}
	if took > 15*time.Second {
		t.Errorf("reading two parts of %d MB took %v", len(raw)>>20, took)
	}
	t.Logf("2 x %d MB in pieces of 256 KiB: %v", len(raw)>>20, took)
}

func TestStrangeCommands(t *testing.T) {
	_, address := start(t)
	c := dialRaw(t, address)
	for _, cmd := range []string{"NOSUCH", "", "UID NOOP", "FETCH 1 FLAGS", `LIST "" "unclosed`, "STATUS INBOX (", "LIST (((", "SELECT", "LOGIN a b", "APPEND INBOX x", "AUTHENTICATE PLAIN"} {
		if _, tagged := c.do(cmd); !strings.HasPrefix(tagged, "BAD") {
			t.Errorf("%q = %s, want BAD", cmd, tagged)
		}
	}
	c.do("SELECT INBOX")
	for _, cmd := range []string{"FETCH 1:x FLAGS", "FETCH 1 NOSUCH", "FETCH 1 BODY[0]", "FETCH 1 BODY[1.FOO]", "FETCH 1 BODY[]<1>", "FETCH 1 ()", "STORE 1 FLAGS", "STORE 1 FLAGS (a]b)", "STORE 1 NOFLAGS (a)"} {
		if _, tagged := c.do(cmd); !strings.HasPrefix(tagged, "BAD") {
			t.Errorf("%q = %s, want BAD", cmd, tagged)
		}
	}
	if _, tagged := c.do("NOOP"); !strings.HasPrefix(tagged, "OK") {
		t.Errorf("NOOP after all that = %s", tagged)
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ name, wire string }{
		{"INBOX", "INBOX"}, {"Entwürfe", "Entw&APw-rfe"}, {"a & b", "a &- b"}, {"干潟", "&XnJvXw-"}, {"🐦 log", "&2D3cJg- log"}, {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
	} {
		if got := encodeName(tt.name); got != tt.wire {
			t.Errorf("encodeName(%q) = %q, want %q", tt.name, got, tt.wire)
		}
		if got := decodeName(tt.wire); got != tt.name {
			t.Errorf("decodeName(%q) = %q, want %q", tt.wire, got, tt.name)
		}
	}
	for _, bad := range []string{"R&D", "a&b", "&AAA", "Entwürfe", "&AP-"} {
		if got := decodeName(bad); got != bad {
			t.Errorf("decodeName(%q) = %q, want it unchanged", bad, got)
		}
	}
}

func TestBaseSubject(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		reply    bool
	}{
		{"Knots", "Knots", false}, {"Re: Knots", "Knots", true}, {"RE[2]: Fwd: [list] Knots (fwd)", "Knots", true}, {"[Fwd: Re: Knots]", "Knots", true},
		{"[list]", "[list]", false}, {"Report", "Report", false}, {"=?utf-8?q?Re:_=C3=84pfel?=", "Äpfel", true}, {"", "", false}, {"Re:", "", true},
	} {
		if got, reply := baseSubject(tt.in); got != tt.want || reply != tt.reply {
			t.Errorf("baseSubject(%q) = %q, %v, want %q, %v", tt.in, got, reply, tt.want, tt.reply)
		}
	}
}

// TestImaplib lets a client of other hands (Python's) do a round.
func TestImaplib(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("GODWIT_REQUIRE"), ","), "python") {
			t.Fatal(err)
		}
		t.Skip("no python3 here")
	}
	s, address := start(t)
	mustAppend(t, s.User("ines"), "INBOX", nested)
	script := `
import imaplib, sys, email
m = imaplib.IMAP4(*sys.argv[1].split(":"))
m.authenticate("PLAIN", lambda _: b"\0ines\0pass")
assert m.select()[1] == [b"1"]
m.append("Archive", "(\\Seen Survey)", None, b"Subject: a\r\n\r\nb\r\n")
typ, data = m.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)] RFC822.SIZE)")
assert typ == "OK" and data[0][1] == b"Subject: Transects\r\n\r\n", data
typ, data = m.fetch("1", "(RFC822)")
assert email.message_from_bytes(data[0][1]).get_payload(2).get_payload(decode=True) == b"%PDF-", data
assert m.search(None, "SEEN") == ("OK", [b"1"])
assert m.uid("SORT", "(DATE)", "UTF-8", "ALL") == ("OK", [b"1"])
assert m.thread("REFERENCES", "UTF-8", "ALL") == ("OK", [b"(1)"])
assert m.status("Archive", "(MESSAGES UNSEEN)")[1] == [b'"Archive" (MESSAGES 1 UNSEEN 0)']
assert m.getquotaroot("INBOX")[0] == "OK"
m.store("1", "+FLAGS", "\\Deleted")
assert m.expunge() == ("OK", [b"1"])
m.logout()
`
	out, err := exec.Command(python, "-c", script, address).CombinedOutput()
	if err != nil {
		t.Errorf("imaplib: %v\n%s", err, out)
	}
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{`a FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS ("From" To)]<0.10>)`, `a SEARCH OR (SUBJECT "x\"y") NOT UID 1,3:*`, "a LOGIN {3}\x00 {2+}\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parseCommand(line, [][]byte{[]byte("abc"), []byte("de")})
		if err != nil || len(c.args) < 2 {
			return
		}
		parseItems(c.args[1])
		p := searchParser{c: &session{}, rest: c.args}
		p.all()
	})
}
