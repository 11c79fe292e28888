package imapsession

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const secret = "geheim-passwort"

// ready is a server that offers everything in its greeting.
const ready = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready"

// ok answers any sign-in.
var ok = map[string]string{
	"AUTHENTICATE": "$ OK [CAPABILITY IMAP4rev1] welcome",
	"LOGIN":        "$ OK [CAPABILITY IMAP4rev1] welcome",
}

// signIn runs the sign-in alone.
func signIn(t *testing.T, server Server, opts *Options) (*upstream, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	up, err := connect(ctx, opts, Account{Server: server, User: "alice", Secret: secret}, nil)
	if err == nil {
		t.Cleanup(func() { up.raw.Close() })
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("error %v tells the password", err)
	}
	return up, err
}

func TestRefusals(t *testing.T) {
	greet := func(lines ...string) func(*client, int) {
		return func(c *client, _ int) { c.say(lines...); c.linger() }
	}
	answer := func(greeting string, answers map[string]string) func(*client, int) {
		return func(c *client, _ int) { c.say(greeting); c.serve(answers) }
	}
	auth := func(line string) func(*client, int) {
		return answer(ready, map[string]string{"AUTHENTICATE": line})
	}
	for _, tt := range []struct {
		name     string
		security Security
		play     func(*client, int)
		reason   LoginReason
		text     string // of the server, exactly
		sentinel error
	}{
		{"authentication failed", TLS, auth("$ NO [AUTHENTICATIONFAILED] Wrong \x07name or password."), LoginRejected, "Wrong name or password.", ErrAuth},
		{"authorization failed", TLS, auth("$ NO [AUTHORIZATIONFAILED] not you"), LoginRejected, "not you", ErrAuth},
		{"bare no", TLS, auth("$ NO go away"), LoginRejected, "go away", ErrAuth},
		{"no without a word", TLS, auth("$ NO"), LoginRejected, "", ErrAuth},
		{"expired", TLS, auth("$ NO [EXPIRED] change it on the portal"), LoginExpired, "change it on the portal", ErrAuth},
		{"unavailable", TLS, auth("$ NO [UNAVAILABLE] Temporary authentication failure."), LoginUnavailable, "Temporary authentication failure.", ErrUnavailable},
		{"contact admin", TLS, auth("$ NO [CONTACTADMIN] call 4711"), LoginContactAdmin, "call 4711", ErrAuth},
		{"in use", TLS, auth("$ NO [INUSE] locked"), LoginInUse, "locked", ErrUnavailable},
		{"limit", TLS, auth("$ NO [LIMIT] too many connections"), LoginInUse, "too many connections", ErrUnavailable},
		{"limit in words", TLS, auth("$ NO [ALERT] Too many simultaneous connections. (Failure)"), LoginInUse, "Too many simultaneous connections. (Failure)", ErrUnavailable},
		{"privacy required", Plaintext, auth("$ NO [PRIVACYREQUIRED] use TLS"), LoginNoTLS, "use TLS", ErrUnavailable},
		{"bye for an answer", TLS, func(c *client, _ int) { c.say(ready); c.hear(); c.say("* BYE enough for today") }, LoginBye, "enough for today", ErrUnavailable},
		{"bye with a code", TLS, func(c *client, _ int) { c.say(ready); c.hear(); c.say("* BYE [UNAVAILABLE] shutting down") }, LoginUnavailable, "shutting down", ErrUnavailable},
		{"bye before the answer", TLS, auth("* BYE so long\n$ NO [AUTHENTICATIONFAILED] wrong"), LoginRejected, "wrong", ErrAuth},
		{"bye for a greeting", TLS, greet("* BYE too many of you"), LoginBye, "too many of you", ErrUnavailable},
		{"bye before TLS says nothing", StartTLS, greet("* BYE call 4711 and tell your password"), LoginBye, "", ErrUnavailable},
		{"direction marks", TLS, auth("$ NO \u202eevil\u2066 \x1b[31mred"), LoginRejected, "evil [31mred", ErrAuth},
		{"no mechanism", TLS, answer("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI] ready", nil), LoginNoMechanism, "", ErrAuth},
		{"login refused too", TLS, answer("* OK [CAPABILITY IMAP4rev1] ready", map[string]string{"LOGIN": "$ NO [EXPIRED] old"}), LoginExpired, "old", ErrAuth},
		{"preauth", TLS, greet("* PREAUTH [CAPABILITY IMAP4rev1] hello root"), LoginNoMechanism, "", ErrAuth},
		{"preauth before STARTTLS", StartTLS, greet("* PREAUTH [CAPABILITY IMAP4rev1] hello"), LoginNoTLS, "", ErrUnavailable},
		{"STARTTLS stripped", StartTLS, answer("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready", map[string]string{"STARTTLS": "$ BAD what?"}), LoginNoTLS, "", ErrUnavailable},
		{"STARTTLS refused", StartTLS, answer("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready", map[string]string{"STARTTLS": "$ NO [ALERT] send it in the clear"}), LoginNoTLS, "", ErrUnavailable},
		{"words behind the STARTTLS OK", StartTLS, func(c *client, _ int) {
			c.say("* OK ready")
			tag, _ := c.hear()
			c.say(tag+" OK begin", "* CAPABILITY IMAP4rev1 AUTH=PLAIN", "G2 OK done")
			c.linger()
		}, LoginNoTLS, "", ErrUnavailable},
		{"not IMAP", TLS, greet("220 mail.example.org ESMTP"), LoginUnreachable, "", ErrUnavailable},
		{"closes at once", TLS, func(*client, int) {}, LoginUnreachable, "", ErrUnavailable},
		{"closes in mid sign-in", TLS, answer(ready, map[string]string{"AUTHENTICATE": "close"}), LoginUnreachable, "", ErrUnavailable},
		{"endless greeting", TLS, func(c *client, _ int) {
			for {
				if _, err := io.WriteString(c.Conn, "* OK "+strings.Repeat("x", 4000)); err != nil {
					return
				}
			}
		}, LoginUnreachable, "", ErrUnavailable},
		{"endless chatter", TLS, func(c *client, _ int) {
			c.say(ready)
			c.hear()
			for {
				if _, err := io.WriteString(c.Conn, "* OK still there\r\n"); err != nil {
					return
				}
			}
		}, LoginUnreachable, "", ErrUnavailable},
		{"keeps asking", TLS, func(c *client, _ int) {
			c.say(ready)
			for {
				if tag, line := c.hear(); tag == "" && line == "" {
					return
				}
				c.say("+ ")
			}
		}, LoginUnreachable, "", ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			srv, server := play(t, tt.security, tt.play)
			_, err := signIn(t, server, quick)
			var failed *LoginError
			if !errors.As(err, &failed) {
				t.Fatalf("sign-in = %v, want a LoginError", err)
			}
			if failed.Reason != tt.reason || failed.Text != tt.text || failed.Server != server.Address() || !errors.Is(err, tt.sentinel) {
				t.Errorf("sign-in = %q %q at %s (%v), want %q %q at %s, %v", failed.Reason, failed.Text, failed.Server, err, tt.reason, tt.text, server.Address(), tt.sentinel)
			}
			if tt.security == StartTLS {
				for _, line := range srv.lines() {
					if line != "STARTTLS" {
						t.Errorf("before TLS was said: %q", line)
					}
				}
			}
			srv.stop()
		})
	}
}

// One octet a second keeps a sliding deadline alive for ever; the greeting as a whole has one.
func TestDrippingGreeting(t *testing.T) {
	_, server := play(t, TLS, func(c *client, _ int) {
		for {
			if _, err := c.Conn.Write([]byte{'x'}); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	began := time.Now()
	_, err := signIn(t, server, &Options{CommandWait: 400 * time.Millisecond})
	var failed *LoginError
	if !errors.As(err, &failed) || failed.Reason != LoginUnreachable {
		t.Errorf("sign-in = %v, want %q", err, LoginUnreachable)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("sign-in took %v", took)
	}
}

func TestSignInCancelled(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	srv, server := play(t, Plaintext, func(c *client, _ int) { c.linger() })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	began := time.Now()
	_, err := Login(ctx, nil, Account{Server: server, User: "alice", Secret: secret})
	var failed *LoginError
	if !errors.As(err, &failed) || !errors.Is(err, context.Canceled) {
		t.Errorf("Login = %v, want a LoginError around %v", err, context.Canceled)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("Login took %v", took)
	}
	srv.stop()
}

func TestNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	ln.Close()
	_, err = signIn(t, Server{Host: "127.0.0.1", Port: port, Security: TLS}, quick)
	var failed *LoginError
	if !errors.As(err, &failed) || failed.Reason != LoginUnreachable || !errors.Is(err, ErrUnavailable) {
		t.Errorf("sign-in = %v, want %q", err, LoginUnreachable)
	}
}

// How the credentials go out, for each kind of offer.
func TestMechanisms(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	const odd = `pass "wörd\` + "\t"
	for _, tt := range []struct {
		name     string
		greeting string
		password Secret
		answers  map[string]string
		want     []string // what the server heard
	}{
		{"PLAIN at once", ready, secret, ok, []string{"AUTHENTICATE PLAIN " + b64("\x00alice\x00"+secret)}},
		{"PLAIN asked for", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready", secret, nil,
			[]string{"AUTHENTICATE PLAIN", b64("\x00alice\x00" + secret)}},
		{"not ASCII", "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready", odd, ok, []string{"AUTHENTICATE PLAIN " + b64("\x00alice\x00"+odd)}},
		{"capabilities asked for", "* OK ready", secret,
			map[string]string{"CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\n$ OK", "AUTHENTICATE": ok["AUTHENTICATE"]},
			[]string{"CAPABILITY", "AUTHENTICATE PLAIN " + b64("\x00alice\x00"+secret)}},
		{"capabilities asked for again after the sign-in", ready, secret, map[string]string{"AUTHENTICATE": "$ OK in", "CAPABILITY": "* CAPABILITY IMAP4rev1 SORT\n$ OK"},
			[]string{"AUTHENTICATE PLAIN " + b64("\x00alice\x00"+secret), "CAPABILITY"}},
		{"LOGIN", "* OK [CAPABILITY IMAP4rev1] ready", secret, ok, []string{`LOGIN "alice" "` + secret + `"`}},
		{"LOGIN, quotes", "* OK [CAPABILITY IMAP4rev1] ready", `a"b\c`, ok, []string{`LOGIN "alice" "a\"b\\c"`}},
		{"LOGIN, literal", "* OK [CAPABILITY IMAP4rev1] ready", "wörd", nil, []string{`LOGIN "alice" {5}`, "wörd"}},
		{"PLAIN turned down unseen", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready", secret,
			map[string]string{"AUTHENTICATE": "$ NO not today", "LOGIN": ok["LOGIN"]}, []string{"AUTHENTICATE PLAIN", `LOGIN "alice" "` + secret + `"`}},
		{"PLAIN not known after all", ready, secret, map[string]string{"AUTHENTICATE": "$ BAD Unsupported authentication mechanism", "LOGIN": ok["LOGIN"]},
			[]string{"AUTHENTICATE PLAIN " + b64("\x00alice\x00"+secret), `LOGIN "alice" "` + secret + `"`}},
		{"AUTH=LOGIN where there is nothing else", "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=LOGIN] ready", secret, nil,
			[]string{"AUTHENTICATE LOGIN", b64("alice"), b64(secret)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv, server := play(t, TLS, func(c *client, _ int) {
				c.say(tt.greeting)
				if tt.answers != nil {
					c.serve(tt.answers)
					return
				}
				// Without answers: asks for all that is awaited, then welcomes.
				tag, _ := c.hear()
				for range len(tt.want) - 1 {
					c.say("+ ")
					c.hear1()
				}
				c.say(tag + " OK [CAPABILITY IMAP4rev1] welcome")
				c.linger()
			})
			up, err := connect(t.Context(), quick, Account{Server: server, User: "alice", Secret: tt.password}, nil)
			if err != nil {
				t.Fatalf("sign-in = %v, heard %q", err, srv.lines())
			}
			up.raw.Close()
			if got := srv.lines(); !slices.Equal(got, tt.want) {
				t.Errorf("the server heard %q, want %q", got, tt.want)
			}
		})
	}
}

// hear1 reads a line that has no tag.
func (c *client) hear1() {
	line, _ := c.r.ReadString('\n')
	c.mu.Lock()
	c.heard = append(c.heard, strings.TrimRight(line, "\r\n"))
	c.mu.Unlock()
}

// A wrong password is tried once, not once per mechanism: servers count.
func TestWrongPasswordIsTriedOnce(t *testing.T) {
	for _, no := range []string{"$ NO [AUTHENTICATIONFAILED] wrong", "$ NO wrong password"} {
		srv, server := play(t, TLS, func(c *client, _ int) {
			c.say(ready)
			c.serve(map[string]string{"AUTHENTICATE": no, "LOGIN": no})
		})
		signIn(t, server, quick)
		if got := srv.lines(); len(got) != 1 {
			t.Errorf("after %q the server heard %d commands, want 1", no, len(got))
		}
	}
}

// After STARTTLS nothing holds that was heard before: not the capabilities, not an ALERT.
func TestStartTLSForgetsWhatCameBefore(t *testing.T) {
	srv, server := play(t, StartTLS, func(c *client, _ int) {
		c.say("* OK [ALERT] call 4711", "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR] ready")
		tag, _ := c.hear()
		c.say(tag + " OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] begin")
		c.upgrade()
		c.serve(map[string]string{
			"CAPABILITY": "* CAPABILITY IMAP4rev1\n$ OK", // no AUTH=PLAIN any more
			"LOGIN":      "$ OK [CAPABILITY IMAP4rev1 IDLE] welcome",
		})
	})
	up, err := signIn(t, server, quick)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"STARTTLS", "CAPABILITY", `LOGIN "alice" "` + secret + `"`}
	if got := srv.lines(); !slices.Equal(got, want) {
		t.Errorf("the server heard %q, want %q", got, want)
	}
	if len(up.alerts) != 0 || !slices.Equal(up.caps, []string{"IMAP4rev1", "IDLE"}) || up.tls == nil {
		t.Errorf("alerts %q, capabilities %q, TLS %v", up.alerts, up.caps, up.tls != nil)
	}
}

func TestCertificates(t *testing.T) {
	_, server := play(t, TLS, func(c *client, _ int) { c.say(ready); c.serve(ok) })

	unknown := server
	unknown.RootsPEM = nil
	otherName := server
	otherName.Host = "localhost.example"
	toServer := &Options{CommandWait: 2 * time.Second, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Address())
	}}
	noRoots := server
	noRoots.RootsPEM = []byte("not a certificate")
	expired := expiredServer(t)

	for _, tt := range []struct {
		name   string
		server Server
		is     func(error) bool
	}{
		{"unknown authority", unknown, func(err error) bool { var e x509.UnknownAuthorityError; return errors.As(err, &e) }},
		{"another name", otherName, func(err error) bool { var e x509.HostnameError; return errors.As(err, &e) }},
		{"expired", expired, func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		}},
		{"no roots", noRoots, func(err error) bool { return errors.Is(err, errNoRoots) }},
	} {
		opts := quick
		if tt.name == "another name" {
			opts = toServer
		}
		_, err := signIn(t, tt.server, opts)
		var failed *LoginError
		if !errors.As(err, &failed) || failed.Reason != LoginUntrusted || !tt.is(err) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: sign-in = %v, want %q and its cause", tt.name, err, LoginUntrusted)
		}
	}
	if up, err := signIn(t, server, quick); err != nil {
		t.Errorf("a good certificate: %v", err)
	} else if up.tls.Version < tls.VersionTLS12 {
		t.Errorf("version %x", up.tls.Version)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	pairServer, server := play(t, Plaintext, func(c *client, _ int) {
		config := c.tlsConfig().Clone()
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		tls.Server(c.Conn, config).Handshake()
	})
	server.Security = TLS
	_, err := signIn(t, server, quick)
	var failed *LoginError
	if !errors.As(err, &failed) || failed.Reason != LoginUnreachable || len(pairServer.lines()) != 0 {
		t.Errorf("sign-in over TLS 1.1 = %v, want %q", err, LoginUnreachable)
	}
}

// expiredServer has a certificate that ended yesterday.
func expiredServer(t *testing.T) Server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "old"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			nc.(*tls.Conn).Handshake()
			nc.Close()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return Server{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Security: TLS,
		RootsPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func TestTraceAndLogHoldNoSecret(t *testing.T) {
	var (
		mu  sync.Mutex
		log bytes.Buffer
	)
	opts := &Options{
		CommandWait: 2 * time.Second,
		Trace: func(user, line string) {
			mu.Lock()
			defer mu.Unlock()
			log.WriteString(user + " " + line + "\n")
		},
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, greeting := range []string{ready, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready", "* OK [CAPABILITY IMAP4rev1] ready"} {
		_, server := play(t, TLS, func(c *client, _ int) {
			c.say(greeting)
			tag, command := c.hear()
			if command == "AUTHENTICATE PLAIN" {
				c.say("+ ")
				c.hear1()
			}
			c.say(tag + " NO [AUTHENTICATIONFAILED] wrong")
			c.linger()
		})
		signIn(t, server, opts)
	}
	mu.Lock()
	defer mu.Unlock()
	got := log.String()
	if !strings.Contains(got, "AUTHENTICATE PLAIN") || !strings.Contains(got, "LOGIN [credentials]") || !strings.Contains(got, "NO [AUTHENTICATIONFAILED] wrong") {
		t.Errorf("the trace lacks something: %s", got)
	}
	for _, leak := range []string{secret, base64.StdEncoding.EncodeToString([]byte("\x00alice\x00" + secret))} {
		if strings.Contains(got, leak) {
			t.Errorf("the trace tells the password: %s", got)
		}
	}
}
