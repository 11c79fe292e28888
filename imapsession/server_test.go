package imapsession

import (
	"strings"
	"testing"
)

func TestParseServer(t *testing.T) {
	for _, tt := range []struct {
		in       string
		insecure bool
		want     Server
	}{
		{"imaps://mail.example.org", false, Server{Host: "mail.example.org", Port: 993, Security: TLS}},
		{"IMAPS://mail.example.org/", false, Server{Host: "mail.example.org", Port: 993, Security: TLS}},
		{" imaps://mail.example.org:1993 ", false, Server{Host: "mail.example.org", Port: 1993, Security: TLS}},
		{"imap://mail.example.org", false, Server{Host: "mail.example.org", Port: 143, Security: StartTLS}},
		{"imap://mail.example.org", true, Server{Host: "mail.example.org", Port: 143, Security: Plaintext}},
		{"imaps://mail.example.org", true, Server{Host: "mail.example.org", Port: 993, Security: TLS}},
		{"smtps://mail.example.org", false, Server{Host: "mail.example.org", Port: 465, Security: TLS}},
		{"smtp://mail.example.org:25", false, Server{Host: "mail.example.org", Port: 25, Security: StartTLS}},
		{"smtp://127.0.0.1", true, Server{Host: "127.0.0.1", Port: 587, Security: Plaintext}},
		{"imaps://[2001:db8::1]:993", false, Server{Host: "2001:db8::1", Port: 993, Security: TLS}},
	} {
		got, err := ParseServer(tt.in, tt.insecure)
		if err != nil || got.Host != tt.want.Host || got.Port != tt.want.Port || got.Security != tt.want.Security {
			t.Errorf("ParseServer(%q, %v) = %+v, %v, want %+v", tt.in, tt.insecure, got, err, tt.want)
		}
	}
}

func TestParseServerSaysWhatItWants(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "scheme"},
		{"mail.example.org", "scheme"},
		{"mail.example.org:993", "imaps://host"},
		{"https://mail.example.org", `scheme "https"`},
		{"imaps://", "no host"},
		{"imaps:mail.example.org", "no host"},
		{"imaps://alice:geheim@mail.example.org", "user or password"},
		{"imaps://mail.example.org/INBOX", "behind the host"},
		{"imaps://mail.example.org?tls=no", "behind the host"},
		{"imaps://mail.example.org:0", `port "0"`},
		{"imaps://mail.example.org:99999", `port "99999"`},
		{"imaps://mail..example.org", "neither a name nor an address"},
		{"imaps://mail%20server", "imaps://host"},
		{"imaps://alice:geheim@mail.example.org:x", "not a URL"},
	} {
		_, err := ParseServer(tt.in, false)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseServer(%q) = %v, want an error with %q", tt.in, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("ParseServer(%q) = %v, tells the password", tt.in, err)
		}
	}
}

func TestServerAddress(t *testing.T) {
	for _, tt := range []struct {
		in   Server
		want string
	}{
		{Server{Host: "mail.example.org", Port: 993}, "mail.example.org:993"},
		{Server{Host: "2001:db8::1", Port: 143}, "[2001:db8::1]:143"},
	} {
		if got := tt.in.Address(); got != tt.want {
			t.Errorf("%+v.Address() = %q, want %q", tt.in, got, tt.want)
		}
	}
}
