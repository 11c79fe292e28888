package imapsession

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"godwit/imapsession/imaptest"
)

func TestInspect(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		for _, server := range []Server{
			{Host: srv.Host, Port: srv.TLSPort, Security: TLS, RootsPEM: srv.Roots},
			{Host: srv.Host, Port: srv.StartTLSPort, Security: StartTLS, RootsPEM: srv.Roots},
		} {
			account := &Account{User: srv.User(t), Secret: imaptest.Password}
			i, err := Inspect(t.Context(), nil, server, account)
			if err != nil {
				t.Fatalf("%s: %v after %q", server.Security, err, i.Steps)
			}
			if i.TLS == nil || !strings.HasPrefix(i.TLS.Version, "TLS 1.") || i.TLS.Cipher == "" || !slices.Contains(i.TLS.Names, "127.0.0.1") || i.TLS.Expires.Before(i.TLS.Begins) || i.TLS.Issuer == "" {
				t.Errorf("%s: TLS = %+v", server.Security, i.TLS)
			}
			if len(i.CapsBefore) == 0 || len(i.CapsAfter) == 0 || i.Greeting == "" || len(i.Features) == 0 || len(i.Namespaces) == 0 || len(i.Special()) < 6 {
				t.Errorf("%s: greeting %q, capabilities %q, %q, features %d, namespaces %v, special mailboxes %q", server.Security, i.Greeting, i.CapsBefore, i.CapsAfter, len(i.Features), i.Namespaces, tree(i.Special()))
			}
			if len(i.ID) == 0 || i.ID[0].Value == "" {
				t.Errorf("%s: ID = %v", server.Security, i.ID)
			}

			i, err = Inspect(t.Context(), nil, server, nil)
			if err != nil || i.CapsAfter != nil || i.TLS == nil || i.Steps[len(i.Steps)-1] != "capabilities" {
				t.Errorf("%s without an account: %v, %+v", server.Security, err, i)
			}
		}
	})
}

func TestInspectNamesTheStepThatFails(t *testing.T) {
	_, tls := play(t, TLS, func(c *client, _ int) { c.say(ready); c.serve(nil) })
	untrusted := tls
	untrusted.RootsPEM = nil
	_, odd := play(t, TLS, func(c *client, _ int) { c.say("HTTP/1.1 400 Bad Request") })
	_, stripped := play(t, StartTLS, func(c *client, _ int) { c.say(ready); c.serve(map[string]string{"STARTTLS": "$ BAD"}) })
	_, mute := play(t, TLS, func(c *client, _ int) { c.say("* OK ready"); c.serve(map[string]string{"CAPABILITY": "$ NO"}) })
	_, rejecting := play(t, TLS, func(c *client, _ int) { c.say(ready); c.serve(map[string]string{"AUTHENTICATE": "$ NO wrong"}) })
	_, listless := play(t, TLS, func(c *client, _ int) {
		c.say(ready)
		c.serve(map[string]string{"AUTHENTICATE": ok["AUTHENTICATE"], "LIST": "close"})
	})
	for _, tt := range []struct {
		server Server
		step   string
	}{
		{Server{Host: "127.0.0.1", Port: 1, Security: TLS}, "connect"},
		{untrusted, "secure the connection"},
		{odd, "greeting"},
		{stripped, "secure the connection"},
		{mute, "capabilities"},
		{rejecting, "sign in"},
		{listless, "mailboxes"},
	} {
		i, err := Inspect(t.Context(), quick, tt.server, &Account{User: "alice", Secret: secret})
		var failed *InspectError
		if !errors.As(err, &failed) || failed.Step != tt.step || slices.Contains(i.Steps, tt.step) {
			t.Errorf("Inspect = %v after %q, want a failure to %s", err, i.Steps, tt.step)
		}
		if tt.step == "secure the connection" && tt.server.Security == TLS && (i.TLS == nil || i.TLS.Issuer == "") {
			t.Error("the certificate that did not verify is not told")
		}
	}
}
