package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// syncStart is a literal's announcement as fakeServer.command leaves it.
var syncStart = regexp.MustCompile(`\{\d+\+?\}`)

func TestCommand(t *testing.T) {
	_, w, server := session(t, Options{}, nil, func(s *fakeServer, tag, cmd string) string {
		switch {
		case strings.HasPrefix(cmd, "LSUB"):
			return "* LSUB (\\Noselect) \"/\" \"a b\"\r\n* 3 EXISTS\r\n* LSUB () NIL {3}\r\nx\"y\r\n$TAG NO [FOO bar] some text\r\n"
		case strings.HasPrefix(cmd, "UID FETCH"):
			return "* 2 FETCH (UID 7 PREVIEW {5}\r\nhello FLAGS (\\Seen))\r\n$TAG OK done\r\n"
		}
		return ""
	})
	res, err := w.Command(t.Context(), "LSUB", []any{"", "*"}, func(r Response) bool { return r.Name == "LSUB" })
	want := &Result{
		Untagged: []Response{{Name: "LSUB", Fields: []any{[]any{`\Noselect`}, "/", "a b"}}, {Name: "LSUB", Fields: []any{[]any{}, nil, `x"y`}}},
		Status:   "NO", Code: "FOO bar", Text: "some text",
	}
	if err != nil || !reflect.DeepEqual(res, want) {
		t.Errorf("Command(LSUB) = %+v, %v, want %+v", res, err, want)
	}
	res, err = w.Command(t.Context(), "UID FETCH", []any{7, []any{Atom("PREVIEW"), []any{Atom("LAZY")}}}, func(r Response) bool {
		_, ok := r.Item("preview")
		return r.Name == "FETCH" && ok
	})
	if err != nil || len(res.Untagged) != 1 {
		t.Fatalf("Command(UID FETCH) = %+v, %v", res, err)
	}
	if got, _ := res.Untagged[0].Item("PREVIEW"); got != "hello" || res.Untagged[0].Number != 2 {
		t.Errorf("PREVIEW of %v = %v, want hello", res.Untagged[0], got)
	}
	if got, want := server.commands()[1], "UID FETCH 7 (PREVIEW (LAZY))"; got != want {
		t.Errorf("the server was sent %q, want %q", got, want)
	}
	if _, err := w.Command(t.Context(), "X", []any{1.5}, nil); err == nil {
		t.Error("Command took a float as an argument")
	}
}

// TestEndlessAnswer: what a command of ours holds is bounded, however small its responses are.
func TestEndlessAnswer(t *testing.T) {
	_, w, _ := session(t, Options{MaxResponse: 10_000}, nil, func(s *fakeServer, tag, cmd string) string {
		return strings.Repeat("* LIST () NIL a\r\n", 1000) + "$TAG OK done\r\n"
	})
	res, err := w.Command(t.Context(), "LIST", []any{"", "*"}, func(r Response) bool { return r.Name == "LIST" })
	if !errors.Is(err, ErrLimit) {
		t.Errorf("Command = %+v, %v, want %v", res, err, ErrLimit)
	}
}

// TestCommandLiterals sends a string that needs a literal, where it has to wait
// for the server, and where the server refuses it.
func TestCommandLiterals(t *testing.T) {
	refuse := ""
	cl, w, server := session(t, Options{}, nil, func(s *fakeServer, tag, cmd string) string {
		switch {
		case tag == "+":
			return refuse
		case cmd == "NOOP":
			return "* CAPABILITY IMAP4rev1\r\n$TAG OK done\r\n"
		}
		return ""
	})
	if err := cl.Noop().Wait(); err != nil {
		t.Fatal(err)
	}
	res, err := w.Command(t.Context(), "GETQUOTAROOT", []any{"ü\r\n", Mailbox("ü"), "z"}, nil)
	if err != nil || res.Status != "OK" {
		t.Fatalf("Command = %+v, %v", res, err)
	}
	if got, want := server.commands()[1], "GETQUOTAROOT {4}ü\r\n \"&APw-\" \"z\""; got != want {
		t.Errorf("the server was sent %q, want %q", got, want)
	}
	refuse = "NO [TOOBIG] no"
	res, err = w.Command(t.Context(), "FOO", []any{"ü", "ü"}, nil)
	if err != nil || res.Status != "NO" || res.Code != "TOOBIG" {
		t.Errorf("Command = %+v, %v, want NO [TOOBIG]", res, err)
	}
	if err := cl.Noop().Wait(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestRefusedLiteral appends to a server that says NO in place of "+": the
// client reads the NO and goes on.
func TestRefusedLiteral(t *testing.T) {
	cl, w, server := session(t, Options{}, nil, func(s *fakeServer, tag, cmd string) string {
		if tag == "+" && strings.Contains(cmd, "APPEND") || tag == "+" && strings.Contains(cmd, "SEARCH") {
			return "NO [OVERQUOTA] full"
		}
		if cmd == "NOOP" {
			return "* CAPABILITY IMAP4rev1\r\n$TAG OK done\r\n"
		}
		return ""
	})
	if err := cl.Noop().Wait(); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "a refused APPEND", func() {
		body := strings.Repeat("x", 100_000)
		cmd := cl.Append("Drafts", int64(len(body)), nil)
		_, err := io.WriteString(cmd, body)
		cerr := cmd.Close()
		_, werr := cmd.Wait()
		var no *imap.Error
		if err != nil || cerr != nil || !errors.As(werr, &no) || no.Code != "OVERQUOTA" {
			t.Errorf("Append: write %v, close %v, wait %v, want NO [OVERQUOTA]", err, cerr, werr)
		}
	})
	within(t, 5*time.Second, "a refused SEARCH with two literals", func() {
		_, err := cl.UIDSearch(&imap.SearchCriteria{Text: []string{"ü", "ä"}}, nil).Wait()
		var no *imap.Error
		if !errors.As(err, &no) || no.Code != "OVERQUOTA" {
			t.Errorf("UIDSearch: %v, want NO [OVERQUOTA]", err)
		}
	})
	if err := cl.Noop().Wait(); err != nil {
		t.Errorf("afterwards: %v (%v)", err, w.Err())
	}
	for _, cmd := range server.commands() {
		if strings.Contains(cmd, "xxx") {
			t.Errorf("the server got part of the refused literal")
		}
	}
}

// TestTurns has commands of ours and the client's compete, among them some with
// literals: none may be written into another.
func TestTurns(t *testing.T) {
	cl, w, server := session(t, Options{}, nil, func(s *fakeServer, tag, cmd string) string {
		if cmd == "CAPS" {
			return "* CAPABILITY IMAP4rev1\r\n$TAG OK done\r\n"
		}
		return ""
	})
	if _, err := w.Command(t.Context(), "CAPS", nil, nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if _, err := w.Command(context.Background(), "FOO", []any{"ü", "ä"}, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		cmd := cl.Append("Sent", 5000, nil)
		for range 5 {
			io.WriteString(cmd, strings.Repeat("y", 1000))
		}
		cmd.Close()
		if _, err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		if err := cl.Noop().Wait(); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	count := map[string]int{}
	for _, cmd := range server.commands() {
		count[cmd]++
	}
	want := map[string]int{"CAPS": 1, "FOO {2}ü {2}ä": 80, "NOOP": 20, `APPEND "Sent" {5000}` + strings.Repeat("y", 5000): 20}
	if !reflect.DeepEqual(count, want) {
		t.Errorf("the server was sent %v", count)
	}
}

func TestCommandDuringIdle(t *testing.T) {
	cl, w, _ := session(t, Options{}, nil, func(s *fakeServer, tag, cmd string) string {
		if cmd == "IDLE" {
			io.WriteString(s.nc, "+ idling\r\n")
			s.br.ReadString('\n')
		}
		return ""
	})
	idle, err := cl.Idle()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := w.Command(ctx, "FOO", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Command during IDLE: %v, want it to wait for its context", err)
	}
	if w.Err() != nil {
		t.Errorf("Err() = %v after a command that was never sent", w.Err())
	}
	if err := idle.Close(); err != nil {
		t.Fatal(err)
	}
	if res, err := w.Command(t.Context(), "FOO", nil, nil); err != nil || res.Status != "OK" {
		t.Errorf("Command after IDLE = %v, %v", res, err)
	}
}

func TestCommandCancelled(t *testing.T) {
	_, w, _ := session(t, Options{}, nil, func(*fakeServer, string, string) string { return "-" })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	within(t, time.Second, "a cancelled Command", func() {
		if _, err := w.Command(ctx, "FOO", nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Command = %v, want %v", err, context.Canceled)
		}
	})
	if !errors.Is(w.Err(), context.Canceled) {
		t.Errorf("Err() = %v, want the connection to be closed", w.Err())
	}
}

func TestSilence(t *testing.T) {
	const wait = 150 * time.Millisecond
	t.Run("command", func(t *testing.T) {
		cl, w, _ := session(t, Options{Wait: wait}, nil, func(*fakeServer, string, string) string { return "-" })
		time.Sleep(2 * wait) // at rest a server may be silent
		if w.Err() != nil {
			t.Fatalf("Err() = %v at rest", w.Err())
		}
		within(t, 60*wait, "a command without an answer", func() {
			if err := cl.Noop().Wait(); err == nil {
				t.Error("a command without an answer succeeded")
			}
		})
		if !errors.Is(w.Err(), os.ErrDeadlineExceeded) {
			t.Errorf("Err() = %v, want %v", w.Err(), os.ErrDeadlineExceeded)
		}
	})
	t.Run("greeting", func(t *testing.T) {
		nc, peer := loopback(t)
		defer peer.Close()
		w := New(nc, Options{Wait: wait})
		cl := imapclient.New(w, nil)
		defer cl.Close()
		within(t, 60*wait, "a missing greeting", func() {
			if err := cl.WaitGreeting(); err == nil {
				t.Error("WaitGreeting succeeded")
			}
		})
	})
	t.Run("idle", func(t *testing.T) {
		cl, w, _ := session(t, Options{Wait: wait}, nil, func(s *fakeServer, tag, cmd string) string {
			if cmd == "IDLE" {
				io.WriteString(s.nc, "+ idling\r\n")
				s.br.ReadString('\n')
			}
			return ""
		})
		idle, err := cl.Idle()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * wait)
		if err := idle.Close(); err != nil || w.Err() != nil {
			t.Errorf("after a long IDLE: %v, %v", err, w.Err())
		}
		if err := idle.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Run("trickle", func(t *testing.T) {
		const wait = time.Second // far from the pauses: the machine may be busy
		cl, _, _ := session(t, Options{Wait: wait}, nil, func(s *fakeServer, tag, cmd string) string {
			for range 12 {
				io.WriteString(s.nc, "* 1 EXISTS\r\n")
				time.Sleep(wait / 10)
			}
			return ""
		})
		if err := cl.Noop().Wait(); err != nil {
			t.Errorf("a slow answer: %v", err)
		}
	})
	t.Run("slow reader", func(t *testing.T) {
		cl, w, _ := session(t, Options{Wait: wait}, nil, func(s *fakeServer, tag, cmd string) string {
			return "* 1 FETCH (UID 5 BODY[] {100000}\r\n" + strings.Repeat("x", 100000) + ")\r\n$TAG OK done\r\n"
		})
		cmd := cl.Fetch(imap.UIDSetNum(5), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}})
		msg := cmd.Next()
		for item := msg.Next(); item != nil; item = msg.Next() {
			if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
				time.Sleep(3 * wait)
				if n, err := io.Copy(io.Discard, body.Literal); n != 100000 || err != nil {
					t.Errorf("read %d octets, %v (%v)", n, err, w.Err())
				}
			}
		}
		if err := cmd.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestEnd(t *testing.T) {
	cl, w, _ := session(t, Options{}, nil, func(s *fakeServer, tag, cmd string) string {
		io.WriteString(s.nc, "* BYE Too many connections\r\n")
		s.nc.Close()
		return "-"
	})
	if err := cl.Noop().Wait(); err == nil {
		t.Error("a command succeeded on a closed connection")
	}
	if w.Bye() != "Too many connections" || !errors.Is(w.Err(), io.EOF) || !strings.Contains(w.Err().Error(), w.Bye()) {
		t.Errorf("Bye() = %q, Err() = %v", w.Bye(), w.Err())
	}
	if _, err := w.Write([]byte("T9 NOOP\r\n")); !errors.Is(err, io.EOF) {
		t.Errorf("Write = %v, want the first fault", err)
	}
	if _, err := w.Command(t.Context(), "FOO", nil, nil); !errors.Is(err, io.EOF) {
		t.Errorf("Command = %v, want the first fault", err)
	}
}

func TestLimits(t *testing.T) {
	opts := Options{MaxLine: 1000, MaxLiteral: 2000, MaxResponse: 5000}
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"line", "* OK " + strings.Repeat("x", 990) + "\r\n", true},
		{"line too long", "* OK " + strings.Repeat("x", 1100) + "\r\n", false},
		{"line without end", "* OK " + strings.Repeat("x", 100000), false},
		{"literal", "* XFOO {2000}\r\n" + strings.Repeat("x", 2000) + "\r\n", true},
		{"literal too long", "* XFOO {2001}\r\n", false},
		{"literal overflow", "* 1 FETCH (BODY[] {99999999999999999999999}\r\n", false},
		{"response too long", "* XFOO" + strings.Repeat(" {2000}\r\n"+strings.Repeat("x", 2000), 3) + "\r\n", false},
		{"body", "* 1 FETCH (UID 5 BODY[] {9000}\r\n" + strings.Repeat("x", 9000) + ")\r\n", true},
		{"body inside a list", "* 1 FETCH (UID 5 FOO (BODY[] {9000}\r\n", false},
		{"body inside a string", "* 1 FETCH (UID 5 FOO \"x) BODY[] {9000}\r\n", false},
	} {
		c := New(&tape{r: strings.NewReader(tt.in)}, opts)
		n, err := io.Copy(io.Discard, c)
		if (err == nil) != tt.ok || !tt.ok && !errors.Is(c.Err(), ErrLimit) {
			t.Errorf("%s: read %d octets, %v; Err() = %v", tt.name, n, err, c.Err())
		}
	}
}

// TestUIDAfterBody has the UID come behind the body, where imapclient does not
// look for it.
func TestUIDAfterBody(t *testing.T) {
	row := func(uid string) string { return "* 1 FETCH (FLAGS () BODY[] {5}\r\nhello UID " + uid + ")\r\n" }
	cl, _, _ := session(t, Options{}, nil, func(_ *fakeServer, _, cmd string) string {
		switch {
		case strings.HasPrefix(cmd, "UID FETCH 5 "):
			return row("5") + "$TAG OK done\r\n"
		case strings.HasPrefix(cmd, "UID FETCH 5,7 "):
			return row("7") + row("5") + "$TAG OK done\r\n"
		}
		return ""
	})
	opts := &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}
	for _, set := range []imap.UIDSet{imap.UIDSetNum(5), imap.UIDSetNum(5, 7)} {
		msgs, err := cl.Fetch(set, opts).Collect()
		if want := strings.Count(set.String(), ",") + 1; err != nil || len(msgs) != want {
			t.Fatalf("Fetch(%v) = %d messages, %v, want %d", set, len(msgs), err, want)
		}
		for _, m := range msgs {
			if m.UID == 0 || string(m.BodySection[0].Bytes) != "hello" {
				t.Errorf("Fetch(%v) = %+v", set, m)
			}
		}
	}
}

func TestAlert(t *testing.T) {
	var alerts []string
	var mu sync.Mutex
	cl, _, _ := session(t, Options{OnAlert: func(s string) { mu.Lock(); alerts = append(alerts, s); mu.Unlock() }}, nil, func(*fakeServer, string, string) string {
		return "* NO [ALERT] Your mailbox\tis <95%> full\r\n$TAG NO [ALERT] closed\r\n"
	})
	cl.Noop().Wait()
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"Your mailbox is <95%> full", "closed"}; !reflect.DeepEqual(alerts, want) {
		t.Errorf("alerts = %q, want %q", alerts, want)
	}
}

func TestTrace(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	opts := Options{Trace: func(l string) { mu.Lock(); lines = append(lines, l); mu.Unlock() }}
	cl, w, _ := session(t, opts, nil, func(_ *fakeServer, tag, cmd string) string {
		if strings.HasPrefix(cmd, "UID FETCH") {
			return "* 1 FETCH (UID 5 X-FOO 1 ENVELOPE ({3}\r\na\"b NIL NIL NIL NIL NIL NIL NIL NIL NIL) BODY[] {5}\r\nhello)\r\n$TAG OK done\r\n"
		}
		return ""
	})
	cl.Login("alice", "secret-1").Wait()
	cl.Login("alice", "secret-ü").Wait()
	cl.Fetch(imap.UIDSetNum(5), &imap.FetchOptions{Envelope: true, BodySection: []*imap.FetchItemBodySection{{}}}).Collect()
	w.Command(t.Context(), "FOO", []any{"secret-ü"}, nil)
	mu.Lock()
	defer mu.Unlock()
	all := strings.Join(lines, "\n") + "\n"
	for _, want := range []string{"S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS] ready\n", "C: T1 LOGIN (hidden)\n", "C: X1 FOO {9+}\n", "S: {5 octets}\n",
		"S: * 1 FETCH (UID 5 X-FOO 1 ENVELOPE ({3 octets} NIL", "R: * 1 FETCH (UID 5 ENVELOPE ({4 octets} NIL"} {
		if !strings.Contains(all, want) {
			t.Errorf("the trace lacks %q:\n%s", want, all)
		}
	}
	for _, secret := range []string{"secret", "hello"} {
		if strings.Contains(all, secret) {
			t.Errorf("the trace holds %q:\n%s", secret, all)
		}
	}
}

func TestTraceHidesWhatMailSays(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"file name", `* 1 FETCH (UID 5 BODYSTRUCTURE ("text" "plain" ("charset" "utf-8" "name" "plan.txt") "<id@x>" NIL "7bit" 14 0))`,
			`* 1 FETCH (UID 5 BODYSTRUCTURE ("text" "plain" ("charset" "utf-8" "name" {8 octets}) {6 octets} NIL "7bit" 14 0))`},
		{"date", `* 1 FETCH (INTERNALDATE " 1-Nov-2026 07:58:13 +0000" PREVIEW "See you")`, `* 1 FETCH (INTERNALDATE " 1-Nov-2026 07:58:13 +0000" PREVIEW {7 octets})`},
		{"escaped", `* 1 FETCH (PREVIEW "a\"b" UID 2)`, `* 1 FETCH (PREVIEW {4 octets} UID 2)`},
		{"not closed", `* 1 FETCH (PREVIEW "See`, `* 1 FETCH (PREVIEW  {4 octets}`},
		{"behind a literal", ` PREVIEW "See you")`, ` PREVIEW {7 octets})`},
		{"search", `T1 UID SEARCH SUBJECT "tides"`, `T1 UID SEARCH SUBJECT {5 octets}`},
		{"mailbox", `* LIST (\HasNoChildren) "/" "Old mail"`, `* LIST (\HasNoChildren) "/" "Old mail"`},
		{"select", `T1 EXAMINE "Old mail"`, `T1 EXAMINE "Old mail"`},
		{"status line", `T1 NO no such mailbox "Old mail"`, `T1 NO no such mailbox "Old mail"`},
	} {
		if got := hideContent(tt.line); got != tt.want {
			t.Errorf("%s: hideContent(%q) = %q, want %q", tt.name, tt.line, got, tt.want)
		}
	}
}

// TestGreeting lays wire over a connection whose greeting was read before.
func TestGreeting(t *testing.T) {
	nc, peer := loopback(t)
	defer peer.Close()
	w := New(nc, Options{Greeting: "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 IDLE] ready", KeepCapability: func(name string) bool { return name != "IDLE" }})
	cl := imapclient.New(w, nil)
	defer cl.Close()
	if err := cl.WaitGreeting(); err != nil {
		t.Fatal(err)
	}
	if got := cl.State(); got != imap.ConnStateNotAuthenticated {
		t.Errorf("State() = %v", got)
	}
	if got, want := cl.Caps(), (imap.CapSet{imap.CapIMAP4rev1: {}}); !reflect.DeepEqual(got, want) {
		t.Errorf("Caps() = %v, want %v", got, want)
	}
	if got, want := w.Capabilities(), []string{"IMAP4REV1", "IMAP4REV2", "IDLE"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Capabilities() = %v, want %v", got, want)
	}
}

func TestCloseWakesAll(t *testing.T) {
	_, w, _ := session(t, Options{}, nil, func(*fakeServer, string, string) string { return "-" })
	time.AfterFunc(20*time.Millisecond, func() { w.Close() })
	within(t, time.Second, "a Command on a connection that is closed", func() {
		if _, err := w.Command(t.Context(), "FOO", nil, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Command = %v, want %v", err, net.ErrClosed)
		}
	})
}
