package imapsession

import (
	"fmt"
	"strings"
	"testing"

	"godwit/imapsession/imaptest"
)

// TestTextsAreThoseOfText: asked for at once, parts read as they do one by one.
func TestTextsAreThoseOfText(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		lines := []string{"From: a@example.com", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", ""}
		for _, body := range []string{
			"Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n",
			"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n",
			"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZQ==\r\n",
			"Content-Type: text/plain\r\n\r\n",
			"Content-Type: text/plain\r\n\r\n" + strings.Repeat("long ", maxSmallText/4) + "\r\n",
			"Content-Type: application/octet-stream\r\n\r\nno text\r\n",
		} {
			lines = append(lines, "--b", body)
		}
		srv.Append(t, user, "INBOX", crlf(append(lines, "--b--", "")...))
		m, err := s.Message(t.Context(), Ref{Mailbox: "INBOX", UID: 1})
		if err != nil {
			t.Fatal(err)
		}
		var sections []Section
		for i := range 7 { // one more than there are
			sections = append(sections, Section(fmt.Sprint(i+1)))
		}
		got, err := s.Texts(t.Context(), m, sections)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range []Section{"1", "2", "3"} {
			want, _, err := s.Text(t.Context(), m.Ref, section, 1000)
			if err != nil || !strings.HasPrefix(want, "Grüße") {
				t.Fatalf("Text(%s) = %q, %v", section, want, err)
			}
			if got[section] != want {
				t.Errorf("Texts()[%s] = %q, want %q as Text has it", section, got[section], want)
			}
		}
		for _, section := range []Section{"5", "7"} {
			if text, ok := got[section]; ok {
				t.Errorf("Texts()[%s] = %.20q, want it left to Text", section, text)
			}
		}
	})
}
