package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/imapsession/imaptest"
)

// What must be in no log: what a mail says, of whom it is and to whom it goes, and passwords.
const secretive = "From: Olle Markname <olle.marksender@example.org>\r\nTo: Nell Markto <nell.markrecipient@example.org>\r\nCc: markcopy@example.org\r\n" +
	"Subject: Marksubject of the year\r\nMessage-ID: <markid@example.org>\r\nDate: Sat, 21 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Markbody</p><a href=\"https://marklink.example/\">x</a><img src=\"https://markimage.example/i.png\">\r\n" +
	"--b\r\nContent-Type: text/plain; name=\"markfile.txt\"\r\nContent-Disposition: attachment; filename=\"markfile.txt\"\r\n\r\nMarkattachment\r\n--b--\r\n"

const wrongPassword = "Markpassword-1"

func TestLogsAndTraceTellNoSecrets(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			imaptest.Each(t, func(t *testing.T, server *imaptest.Server) {
				user := server.User(t)
				uid := server.Append(t, user, "INBOX", []byte(secretive))
				trace := filepath.Join(t.TempDir(), "trace")
				p := serveWith(t, server, map[string]string{"GODWIT_TRACE": trace, "GODWIT_LOG_LEVEL": "debug", "GODWIT_LOG_FORMAT": format})
				g := newGuest(t, p.origin)
				g.login(user, wrongPassword).wants(t, "sign-in with a wrong password", http.StatusUnauthorized)
				journey(t, g.signIn(user, imaptest.Password), uid)
				server.Stop()
				g.wants("/m/INBOX", http.StatusBadGateway)

				dialogue, err := os.ReadFile(trace)
				if err != nil {
					t.Fatal(err)
				}
				for name, text := range map[string]string{"log": p.log.String(), "trace": string(dialogue)} {
					if strings.Count(text, "\n") < 10 {
						t.Errorf("the %s has hardly a line: %s", name, text)
					}
					if i := strings.Index(strings.ToLower(text), "mark"); i >= 0 {
						t.Errorf("the %s tells a secret: ...%s...", name, text[max(0, i-200):min(len(text), i+60)])
					}
					for _, secret := range []string{`"` + imaptest.Password + `"`, " " + imaptest.Password + "\n", "AHBhc3M", "cGFzcw"} {
						if strings.Contains(text, secret) {
							t.Errorf("the %s holds the password as %q", name, secret)
						}
					}
				}
				if format == "json" {
					wantJSONLines(t, p.log.String())
				}
			})
		})
	}
}

// journey goes to every kind of page of a message, and to some that fail.
func journey(t *testing.T, g *guest, uid uint32) {
	t.Helper()
	message := fmt.Sprintf("/m/INBOX/%d", uid)
	for _, path := range []string{
		"/m/INBOX", "/m/INBOX?f=unread", "/m/INBOX?sort=subject", message, message + "/print", message + "/headers", message + "/source", message + "/raw", message + "/parts.zip",
		message + "/part/1/html", message + "/part/1/html?remote=1", message + "/part/2", message + "/part/2/preview", "/settings",
	} {
		g.wants(path, http.StatusOK)
	}
	g.wants("/m/INBOX/4711", http.StatusNotFound)
	g.wants(message+"/part/9", http.StatusNotFound)
	g.wants(message+"/part/2?v=1", http.StatusGone)
	g.wants("/m/None", http.StatusNotFound)
}

func wantJSONLines(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var entry struct {
			Time, Level, Msg string
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			t.Errorf("log line %q is no entry in JSON: %v", line, err)
		}
	}
}
