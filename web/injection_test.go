package web

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Whatever a browser sends, the mail server gets commands of ours alone.
func TestNothingIsInjectedIntoIMAP(t *testing.T) {
	for _, caps := range []string{"IMAP4rev1", "IMAP4rev1 UTF8=ACCEPT ENABLE LITERAL+ SORT ESEARCH", "IMAP4rev2 LITERAL-"} {
		t.Run(caps, func(t *testing.T) {
			var mu sync.Mutex
			var heard []string
			s := newSite(t, nil)
			s.server = play(t, func(tag, command string, say func(string, ...any)) bool {
				mu.Lock()
				heard = append(heard, tag+" "+command)
				mu.Unlock()
				switch verb, _, _ := strings.Cut(command, " "); verb {
				case "CAPABILITY":
					say("* CAPABILITY SASL-IR AUTH=PLAIN %s", caps)
				case "ENABLE":
					say("* ENABLED UTF8=ACCEPT")
				case "LIST":
					say(`* LIST (\HasNoChildren) "/" INBOX`)
				case "EXAMINE", "SELECT":
					say("* 3 EXISTS")
					say("* OK [UIDVALIDITY 1] ok")
					say("* OK [UIDNEXT 9] ok")
				default:
					return false
				}
				say("%s OK done", tag)
				return true
			})
			b := s.browser().signIn("ada@godwit.example")
			for _, evil := range []string{
				"a\r\nzz DELETE INBOX", "a\nzz DELETE INBOX", "a\rzz DELETE INBOX", "a\x00zz", "a\" zz \"", `a\"zz`, `a\`, "{5}\r\nzz DELETE", "{5+}\r\nzz DELETE INBOX\r\n", "~{5}", "&zz-", "*", "%", "a) (zz",
				"a\u2028zz DELETE", "\xff\xfe\r\nzz DELETE", "ä\r\nzz DELETE INBOX",
			} {
				name := url.PathEscape(evil)
				query := url.QueryEscape(evil)
				for _, path := range []string{
					"/m/" + name, "/m/" + name + "/1", "/m/" + name + "/1/part/1", "/m/" + name + "/1/part/1/html", "/m/" + name + "/1/raw?v=1", "/m/" + name + "/previews?v=1&uid=1",
					"/m/INBOX?sort=" + query, "/m/INBOX?f=" + query, "/m/INBOX?before=" + query, "/m/INBOX?after=1&sort=date&reverse=" + query, "/m/INBOX/" + name, "/m/INBOX/1/part/" + name,
					"/m/INBOX/1/part/1/file/" + name, "/m/INBOX/previews?v=1&uid=" + query, "/m/INBOX/1?v=" + query,
				} {
					b.get(path)
				}
				b.post("/m/"+name+"/actions", url.Values{"action": {"seen"}, "uid": {"1", evil}, "v": {"1"}})
				b.post("/m/"+name+"/actions", url.Values{"action": {"seen"}, "uid": {"1"}, "v": {"1"}})
				other := s.browser()
				other.post("/login", credentials(evil, "x"))
				other.post("/login", credentials("ada", evil))
				s.now.advance(throttleForget)
			}
			mu.Lock()
			defer mu.Unlock()
			ours := []string{"CAPABILITY", "AUTHENTICATE", "LOGIN", "ENABLE", "ID", "NAMESPACE", "LIST", "LSUB", "STATUS", "EXAMINE", "SELECT", "UNSELECT", "UID", "FETCH", "SEARCH", "NOOP", "LOGOUT", "CLOSE"}
			literal := false // the last line announced one, whose octets come next
			for _, line := range heard {
				tag, rest, _ := strings.Cut(line, " ")
				verb, _, _ := strings.Cut(rest, " ")
				if !literal && !slices.Contains(ours, verb) || tag == "zz" || strings.ContainsAny(line, "\x00\r") {
					t.Errorf("the mail server heard %q", line)
				}
				literal = strings.HasSuffix(line, "}")
			}
			if len(heard) < 50 {
				t.Errorf("the mail server heard only %d commands", len(heard))
			}
		})
	}
}
