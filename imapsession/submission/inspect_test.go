package submission

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

type backend struct{}

func (backend) NewSession(*smtp.Conn) (smtp.Session, error) { return session{}, nil }

type session struct{}

func (session) Reset()                               {}
func (session) Logout() error                        { return nil }
func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (session) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }

func TestInspectTellsWhatIsOffered(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(backend{})
	server.EnableSMTPUTF8 = true
	server.MaxMessageBytes = 1000
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })

	found, err := Inspect(t.Context(), Server{Address: listener.Addr().String(), Security: Plaintext})
	if err != nil {
		t.Fatal(err)
	}
	offered := map[string]string{}
	for _, e := range found.Extensions {
		offered[e.Name] = e.Params
	}
	if offered["SIZE"] != "1000" {
		t.Errorf("SIZE = %q, want 1000", offered["SIZE"])
	}
	if _, ok := offered["SMTPUTF8"]; !ok {
		t.Errorf("extensions = %v, want SMTPUTF8 among them", found.Extensions)
	}
	if found.TLS != nil {
		t.Error("TLS is told of a plaintext connection")
	}
}

func TestInspectNamesTheStepThatFailed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(backend{})
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	for _, tt := range []struct {
		server Server
		want   string
	}{
		{Server{Address: "127.0.0.1:1", Security: TLS}, "connect"},
		{Server{Address: listener.Addr().String(), Security: StartTLS}, "secure the connection"},
	} {
		_, err := Inspect(t.Context(), tt.server)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("Inspect(%v) = %v, want an error that begins with %q", tt.server, err, tt.want)
		}
	}
}
