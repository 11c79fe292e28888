package imapsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

// oddServer serves one message, UID 5, and does as a test says.
type oddServer struct {
	raw       string
	structure string               // BODYSTRUCTURE; "" leaves it out
	bodies    map[string]string    // by section; "" is raw
	most      int                  // octets of one answer at most, 0 is no limit
	answer    func(n int) []string // what the nth UID FETCH is answered with instead, $ for the tag; nil lines are the proper answer
}

var (
	bodyItem  = regexp.MustCompile(`BODY\.PEEK\[([0-9.]*)(HEADER)?[^\]]*\](?:<(\d+)\.(\d+)>)?`)
	uidFetch5 = regexp.MustCompile(`^UID FETCH 5 `)
)

func (o *oddServer) session(t *testing.T) *Session {
	t.Helper()
	_, server := play(t, Plaintext, func(c *client, _ int) {
		c.say(ready)
		for n := 0; ; {
			tag, command := c.hear()
			if tag == "" {
				return
			}
			lines := []string{tag + " OK done"}
			switch {
			case strings.HasPrefix(command, "AUTHENTICATE"):
				lines = []string{tag + " OK [CAPABILITY IMAP4rev1] welcome"}
			case strings.HasPrefix(command, "SELECT"):
				lines = []string{"* 1 EXISTS", "* OK [UIDVALIDITY 9] ok", tag + " OK [READ-WRITE] done"}
			case uidFetch5.MatchString(command):
				lines = o.fetch(command, tag, n)
				n++
			}
			c.say(lines...)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := Login(ctx, &Options{CommandWait: 5 * time.Second}, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s
}

func (o *oddServer) fetch(command, tag string, n int) []string {
	if o.answer != nil {
		if lines := o.answer(n); lines != nil {
			for i := range lines {
				lines[i] = strings.ReplaceAll(lines[i], "$", tag)
			}
			return lines
		}
	}
	items := fmt.Sprintf("UID 5 FLAGS () INTERNALDATE \"20-Nov-2026 10:00:00 +0000\" RFC822.SIZE %d", len(o.raw))
	if strings.Contains(command, "BODYSTRUCTURE") && o.structure != "" {
		items += " BODYSTRUCTURE " + o.structure
	}
	for _, m := range bodyItem.FindAllStringSubmatch(command, -1) {
		body, offset, size := o.raw, 0, len(o.raw)
		name := "BODY[" + m[1] + m[2] + "]"
		switch {
		case m[2] != "":
			head, _, _ := strings.Cut(o.raw, "\r\n\r\n")
			body = head + "\r\n\r\n"
		case m[1] != "":
			body = o.bodies[m[1]]
		}
		if m[3] != "" {
			fmt.Sscan(m[3], &offset)
			fmt.Sscan(m[4], &size)
			name += "<" + m[3] + ">"
		}
		if o.most > 0 {
			size = min(size, o.most)
		}
		offset = min(offset, len(body))
		body = body[offset:min(len(body), offset+size)]
		items += fmt.Sprintf(" %s {%d}\r\n%s", name, len(body), body)
	}
	return []string{"* 1 FETCH (" + items + ")", tag + " OK done"}
}

func oddMail(body string) string {
	return "From: a@corpus.invalid\r\nSubject: odd\r\n\r\n" + body
}

func textStructure(octets int) string {
	return fmt.Sprintf(`("text" "plain" NIL NIL NIL "8bit" %d 1)`, octets)
}

func readText(t *testing.T, s *Session, sized bool) (string, error) {
	t.Helper()
	r, err := s.Part(t.Context(), Ref{Mailbox: "INBOX", UID: 5}, "1")
	if err != nil {
		return "", err
	}
	defer r.Close()
	if sized {
		r.Size()
	}
	b, err := io.ReadAll(onlyReader{r})
	return string(b), err
}

func TestServersThatBoundTheirAnswers(t *testing.T) {
	body := strings.Repeat("0123456789", 40_000)
	o := &oddServer{raw: oddMail(body), structure: textStructure(len(body)), bodies: map[string]string{"1": body}, most: 10_000}
	if got, err := readText(t, o.session(t), true); err != nil || got != body {
		t.Errorf("%d octets, %v, want %d", len(got), err, len(body))
	}
}

// TestServersThatTellWrongSizes: the first try ends in an error, since nothing tells a wrong size from a
// cut; the next one takes what comes. Texts are shown at once.
func TestServersThatTellWrongSizes(t *testing.T) {
	body := strings.Repeat("0123456789", 20_000)
	for _, tt := range []struct {
		name   string
		octets int
		sized  bool
		fails  bool
	}{
		{"too much", len(body) + 100, false, true},
		{"too much, promised", len(body) + 100, true, true},
		{"too little", len(body) - 100, false, false},
		{"too little, promised", len(body) - 100, true, true},
		{"none", 0, false, false},
	} {
		o := &oddServer{raw: oddMail(body), structure: textStructure(tt.octets), bodies: map[string]string{"1": body}}
		s := o.session(t)
		got, err := readText(t, s, tt.sized)
		if (err != nil) != tt.fails || err == nil && got != body {
			t.Errorf("%s: %d octets, %v, want an error: %v", tt.name, len(got), err, tt.fails)
		}
		if got, err = readText(t, s, tt.sized); err != nil || got != body {
			t.Errorf("%s, second try: %d octets, %v, want %d", tt.name, len(got), err, len(body))
		}
		text, more, err := o.session(t).Text(t.Context(), Ref{Mailbox: "INBOX", UID: 5}, "1", 1<<20)
		if err != nil || more || text != body {
			t.Errorf("%s: Text = %d octets, %v, %v, want %d", tt.name, len(text), more, err, len(body))
		}
	}
}

func TestUnsolicitedFetchInPlaceOfTheAnswer(t *testing.T) {
	o := &oddServer{raw: oddMail("text"), structure: textStructure(4), bodies: map[string]string{"1": "text"}}
	o.answer = func(n int) []string {
		if n == 0 {
			return []string{`* 1 FETCH (UID 5 FLAGS (\Seen))`, "$ OK done"}
		}
		return nil
	}
	m, err := o.session(t).Message(t.Context(), Ref{Mailbox: "INBOX", UID: 5})
	if err != nil || m.Header.Text("Subject") != "odd" || outline(m.Root) != "1 text/plain" {
		t.Errorf("Message = %+v, %v", m, err)
	}
	if got, err := readText(t, o.session(t), false); err != nil || got != "text" {
		t.Errorf("text = %q, %v", got, err)
	}
}

func TestUnusableStructures(t *testing.T) {
	raw := "From: a@corpus.invalid\r\nSubject: odd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\nContent-Type: application/pdf\r\n\r\npdf\r\n--x--\r\n"
	for _, structure := range []string{
		"", "NIL", `("mixed" ("boundary" "x") NIL NIL)`, `(NIL "mixed")`, `((`, `("text" "plain")`, `(("text" "plain" ("charset") NIL NIL NIL NIL) "mixed")`,
		strings.Repeat("(", 3000) + strings.Repeat(")", 3000),
	} {
		o := &oddServer{raw: raw, structure: structure}
		s := o.session(t)
		m, err := s.Message(t.Context(), Ref{Mailbox: "INBOX", UID: 5})
		if err != nil {
			t.Errorf("structure %.40s: %v", structure, err)
			continue
		}
		if len(m.Repairs) == 0 {
			// The wire could make sense of it: what it found is to be readable, no more.
			continue
		}
		if got := outline(m.Root); got != "multipart/mixed (1 text/plain, 2 application/pdf)" {
			t.Errorf("structure %.40s: %s", structure, got)
		}
		for section, want := range map[Section]string{"1": "hello", "2": "pdf"} {
			r, err := s.Part(t.Context(), m.Ref, section)
			if err != nil {
				t.Errorf("structure %.40s: Part(%s): %v", structure, section, err)
				continue
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != want {
				t.Errorf("structure %.40s: Part(%s) = %q, %v, want %q", structure, section, got, err, want)
			}
			r.Close()
		}
		if structure == "((" {
			continue // beside a body the wire makes a part of it, which this server does not have
		}
		// The same for one who comes by a bookmark.
		s.read = newReadMemory()
		if text, _, err := s.Text(t.Context(), Ref{Mailbox: "INBOX", UID: 5}, "1", 100); err != nil || text != "hello" {
			t.Errorf("structure %.40s: Text = %q, %v, want hello", structure, text, err)
		}
	}
}

// TestContentTypeWithoutMIMEVersion: Courier says plain text, the mail says otherwise.
func TestContentTypeWithoutMIMEVersion(t *testing.T) {
	for _, tt := range []struct{ head, want, text string }{
		{"Content-Type: text/html; charset=utf-8\r\n", "1 text/html", "<b>ü</b>"},
		{"Content-Type: text/plain\r\n", "1 text/plain", "<b>ü</b>"},
		{"Content-Type: nonsense\r\n", "1 text/plain", "<b>ü</b>"},
		{"", "1 text/plain", "<b>ü</b>"},
	} {
		raw := "From: a@corpus.invalid\r\nSubject: odd\r\n" + tt.head + "\r\n<b>ü</b>"
		structure := `("text" "plain" NIL NIL NIL "8bit" 9 1 NIL NIL NIL NIL)`
		s := (&oddServer{raw: raw, structure: structure, bodies: map[string]string{"1": "<b>ü</b>"}}).session(t)
		m, err := s.Message(t.Context(), Ref{Mailbox: "INBOX", UID: 5})
		if err != nil || outline(m.Root) != tt.want {
			t.Errorf("%q: Message = %+v, %v, want %s", tt.head, m, err, tt.want)
			continue
		}
		if text, _, err := s.Text(t.Context(), m.Ref, "1", 100); err != nil || text != tt.text {
			t.Errorf("%q: Text = %q, %v, want %q", tt.head, text, err, tt.text)
		}
	}
}

// TestGoneBetweenTwoChunks: OK and nothing else, as for a message that was expunged.
func TestGoneBetweenTwoChunks(t *testing.T) {
	body := strings.Repeat("0123456789", 40_000)
	for after := 1; after <= 2; after++ {
		o := &oddServer{raw: oddMail(body), structure: textStructure(len(body)), bodies: map[string]string{"1": body}}
		o.answer = func(n int) []string {
			if n >= after {
				return []string{"$ OK done"}
			}
			return nil
		}
		got, err := readText(t, o.session(t), false)
		if !errors.Is(err, ErrNoMessage) {
			t.Errorf("gone after %d answers: %d octets, %v, want ErrNoMessage", after, len(got), err)
		}
	}
}

func TestMoreThanAskedFor(t *testing.T) {
	o := &oddServer{raw: oddMail("x"), structure: textStructure(1)}
	huge := strings.Repeat("x", firstChunk+1)
	o.answer = func(int) []string {
		return []string{fmt.Sprintf("* 1 FETCH (UID 5 BODYSTRUCTURE %s BODY[1]<0> {%d}\r\n%s)", o.structure, len(huge), huge), "$ OK done"}
	}
	if _, err := readText(t, o.session(t), false); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an answer larger than asked for: %v, want ErrTooLarge", err)
	}
}
