package imaptest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// answersOf signs in by hand and returns the untagged answers to commands, literals in place.
func answersOf(t *testing.T, srv *Server, user string, commands []string) [][]string {
	t.Helper()
	nc, err := net.Dial("tcp", srv.Address(srv.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(nc)
	var all [][]string
	for i, cmd := range append([]string{"LOGIN " + user + " " + Password}, commands...) {
		tag := fmt.Sprintf("t%d ", i)
		fmt.Fprintf(nc, "%s%s\r\n", tag, cmd)
		var got []string
		for {
			line := readWithLiterals(t, r)
			if strings.HasPrefix(line, tag) {
				if !strings.HasPrefix(line, tag+"OK") {
					t.Fatalf("%s: %s = %s", srv.Name, cmd, line)
				}
				break
			}
			got = append(got, line)
		}
		if i > 0 {
			all = append(all, got)
		}
	}
	return all
}

var literalEnd = regexp.MustCompile(`\{(\d+)\}\r\n$`)

func readWithLiterals(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(line)
		m := literalEnd.FindStringSubmatch(line)
		if m == nil {
			return b.String()
		}
		n, _ := strconv.Atoi(m[1])
		if _, err := io.CopyN(&b, r, int64(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMemoryAnswersLikeDovecot holds the in-memory server to what a real one says of the same messages.
func TestMemoryAnswersLikeDovecot(t *testing.T) {
	messages := []string{
		"Subject: plain\n\nbody\n",
		"Subject: no end\n\nbody without line end",
		"Subject: header only\n",
		"From: =?utf-8?q?In=C3=AAs?= <ines@x.example>\nTo: \"Wrona, T.\" <t@x.example>, Volunteers: mara@y.example, \"a b\"@c.example;, bare@z.example (Zed)\n" +
			"Date: Mon, 19 Oct 2026 09:42:00 +0200\nSubject: long\nIn-Reply-To: <a@b>\nMessage-ID: <c@d>\n\nx\n",
		`Subject: nested
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable

Morning =E2=98=80
two lines
--outer
Content-Type: message/rfc822
Content-Disposition: attachment; filename*=utf-8''Caf%C3%A9.eml

From: tomasz@x.example
Subject: inner
Content-Type: multipart/alternative; boundary="in ner"

--in ner
Content-Type: text/plain

plain
--in ner
Content-Type: text/html

<b>rich</b>

--in ner--

--outer
Content-Type: application/pdf; name="a b.pdf"
Content-Transfer-Encoding: base64
Content-ID: <pdf@x>
Content-Description: the paper
Content-Language: en
Content-Location: here

JVBERi0=
--outer--
epilogue
`,
		"Subject: digest\nContent-Type: multipart/digest; boundary=d\n\n--d\n\nFrom: a@x.example\nSubject: one\n\n1\n\n--d\n\nFrom: b@x.example\nSubject: two\n\n2\n\n--d--\n",
		"Subject: unclosed\nContent-Type: multipart/mixed; boundary=u\n\n--u\nContent-Type: text/plain\n\none\n--u\nContent-Type: text/html\n\ntwo\n",
		"Subject: 8bit\nContent-Type: text/plain; charset=\"iso-8859-1\"\nContent-Transfer-Encoding: 8bit\n\nGr\xfc\xdfe\n",
	}
	commands := []string{"EXAMINE INBOX"}
	for i, m := range messages {
		if strings.Contains(m, "message/rfc822") {
			// Of a part without parts Dovecot gives 2.1 as if it were 2; other servers do not.
			commands = append(commands, fmt.Sprintf("FETCH %d (BODY.PEEK[2.1])", i+1))
		}
		for _, items := range []string{"BODYSTRUCTURE", "BODY", "ENVELOPE", "BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[1.MIME]", "BODY.PEEK[2]",
			"BODY.PEEK[2.HEADER]", "BODY.PEEK[2.2]", "BODY.PEEK[3]", "BODY.PEEK[3]<2.4>", "BODY.PEEK[HEADER.FIELDS (SUBJECT DATE)]", "BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]", "RFC822.SIZE"} {
			commands = append(commands, fmt.Sprintf("FETCH %d (%s)", i+1, items))
		}
	}
	answers := map[string][][]string{}
	Each(t, func(t *testing.T, srv *Server) {
		user := srv.User(t)
		for _, m := range messages {
			srv.Append(t, user, "INBOX", []byte(strings.ReplaceAll(m, "\n", "\r\n")))
		}
		answers[srv.Name] = answersOf(t, srv, user, commands)
	})
	if answers["dovecot"] == nil {
		t.Skip("no Dovecot to compare with")
	}
	for i, cmd := range commands[1:] {
		memory, dovecot := normal(answers["memory"][i+1]), normal(answers["dovecot"][i+1])
		if memory != dovecot {
			t.Errorf("%s =\n%s\nwant, as Dovecot has it,\n%s", cmd, memory, dovecot)
		}
	}
}

// normal takes away what servers may choose: NIL or an empty literal for what is not there.
func normal(lines []string) string {
	return strings.ReplaceAll(strings.Join(lines, ""), "{0}\r\n)", "NIL)")
}
