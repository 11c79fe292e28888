package imapsession

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestParseStatus(t *testing.T) {
	for _, tt := range []struct {
		in    string
		want  status
		known bool
	}{
		{"OK ready", status{kind: "OK", text: "ready"}, true},
		{"ok [capability IMAP4rev1 IDLE] ready", status{kind: "OK", code: "CAPABILITY", args: "IMAP4rev1 IDLE", text: "ready"}, true},
		{"NO", status{kind: "NO"}, true},
		{"NO [AUTHENTICATIONFAILED]", status{kind: "NO", code: "AUTHENTICATIONFAILED"}, true},
		{"BAD [unclosed", status{kind: "BAD", text: "[unclosed"}, true},
		{"BYE a\x00b\tc\x1b[1m", status{kind: "BYE", text: "ab c[1m"}, true},
		{"OK \xff\xfe", status{kind: "OK", text: "?"}, true},
		{"CAPABILITY IMAP4rev1", status{}, false},
		{"", status{}, false},
	} {
		if got, known := parseStatus(tt.in); got != tt.want || known != tt.known {
			t.Errorf("parseStatus(%q) = %+v, %v, want %+v, %v", tt.in, got, known, tt.want, tt.known)
		}
	}
}

// said is a connection on which the server has said everything already.
type said struct {
	net.Conn
	io.Reader
}

func (s said) Read(p []byte) (int, error)    { return s.Reader.Read(p) }
func (said) Write(p []byte) (int, error)     { return len(p), nil }
func (said) SetDeadline(time.Time) error     { return nil }
func (said) SetReadDeadline(time.Time) error { return nil }

// Whatever a server says, a sign-in ends, and what a person gets to see of it is fit to be shown.
func FuzzSignIn(f *testing.F) {
	for _, seed := range []string{
		ready + "\r\nG1 OK [CAPABILITY IMAP4rev1] in\r\n",
		"* OK ready\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nG1 OK\r\n+ \r\nG2 NO [EXPIRED] old\r\n",
		"* OK [CAPABILITY IMAP4rev1] ready\r\n+ go on\r\nG1 BAD\r\n",
		"* BYE [ALERT] \x07\u202e\r\n",
		"* PREAUTH\r\n", "\r\n\r\n", "* OK [", "+",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newDialogue(said{Reader: bytes.NewReader(b)}, time.Second, nil)
		up := &upstream{}
		err := up.greet(d)
		if err == nil {
			if _, err = d.capabilities(); err == nil {
				err = d.signIn("alïce", secret)
			}
		}
		texts := d.alerts
		if failed, is := err.(*LoginError); is {
			texts = append(texts, failed.Text)
		}
		for _, text := range append(texts, up.greeting.text) {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || len(text) > 4*maxServerWords+4 {
				t.Errorf("%q would be shown", text)
			}
		}
		for _, c := range clientCaps(d.caps) {
			if strings.ContainsAny(c, " \r\n()[]") {
				t.Errorf("go-imap would be told of the capability %q", c)
			}
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%v tells the password", err)
		}
	})
}

func FuzzParseServer(f *testing.F) {
	for _, seed := range []string{"imaps://mail.example.org", "imap://[::1]:143", "smtp://u:p@h", "imaps://h%00", "://", "imaps://h:1/x?y#z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ParseServer(in, false)
		if err != nil {
			return
		}
		if strings.ContainsFunc(s.Host, unicode.IsSpace) || s.Port < 1 || s.Port > 65535 || s.Security == Plaintext {
			t.Errorf("ParseServer(%q) = %+v", in, s)
		}
		if host, _, err := net.SplitHostPort(s.Address()); err != nil || host != s.Host {
			t.Errorf("ParseServer(%q).Address() = %q, %v", in, s.Address(), err)
		}
	})
}
