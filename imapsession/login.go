package imapsession

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// upstream is a connection signed in by our own dialogue, on its way to go-imap.
type upstream struct {
	raw      net.Conn // the TCP connection itself, whose Close never waits for the peer
	nc       net.Conn // with TLS over it, if any
	ahead    []byte   // read from nc already
	greeting status
	before   []string // capabilities before sign-in, under TLS if there is any
	caps     []string // and after it
	alerts   []string
	tls      *tls.ConnectionState // nil without TLS
}

// connect dials, protects and signs in. account may lack a user for an inspection, which then stops before the sign-in.
// tell, if not nil, hears of each step before it is taken. Every failure is a *LoginError;
// what was learnt up to then is returned with it.
func connect(ctx context.Context, o *Options, account Account, tell func(step string)) (*upstream, error) {
	if tell == nil {
		tell = func(string) {}
	}
	up := &upstream{}
	err := up.connect(ctx, o, account, tell)
	if err == nil {
		return up, nil
	}
	if up.raw != nil {
		up.raw.Close()
	}
	if ctx.Err() != nil {
		err = ctx.Err() // the read that was cut short says less
	}
	var failed *LoginError
	if !errors.As(err, &failed) {
		failed = &LoginError{Reason: reasonOf(err), Err: err}
	}
	failed.Server = account.Server.Address()
	return up, failed
}

// The steps of a sign-in, in the words godwit check names them by.
const (
	stepDial     = "connect"
	stepTLS      = "secure the connection"
	stepGreeting = "greeting"
	stepCaps     = "capabilities"
	stepLogin    = "sign in"
)

func (up *upstream) connect(ctx context.Context, o *Options, account Account, tell func(string)) error {
	server := account.Server
	config, err := tlsConfig(server)
	if err != nil {
		return err
	}

	tell(stepDial)
	if up.raw, err = o.dial(ctx, server.Address()); err != nil {
		return err
	}
	up.nc = up.raw
	// The deadlines below bound each step; this ends one in mid-step.
	defer context.AfterFunc(ctx, func() { up.raw.Close() })()

	var d *dialogue
	trace := o.tracer(account.User)
	switch server.Security {
	case TLS:
		tell(stepTLS)
		tc := tls.Client(up.raw, config)
		if err := handshake(ctx, tc, o.commandWait()); err != nil {
			return err
		}
		d = newDialogue(tc, o.commandWait(), trace)
		tell(stepGreeting)
		if err := up.greet(d); err != nil {
			return err
		}
	case StartTLS:
		d = newDialogue(up.raw, o.commandWait(), trace)
		tell(stepGreeting)
		if err := up.greet(d); err != nil {
			return untold(err)
		}
		tell(stepTLS)
		if err := d.startTLS(ctx, config); err != nil {
			return untold(err)
		}
	case Plaintext:
		d = newDialogue(up.raw, o.commandWait(), trace)
		tell(stepGreeting)
		if err := up.greet(d); err != nil {
			return err
		}
	default:
		return fmt.Errorf("server %s: unknown security %q", server.Address(), server.Security)
	}
	up.nc = d.nc
	if tc, ok := d.nc.(*tls.Conn); ok {
		state := tc.ConnectionState()
		up.tls = &state
	}

	tell(stepCaps)
	if up.before, err = d.capabilities(); err != nil {
		return err
	}
	if account.User == "" {
		return nil
	}
	tell(stepLogin)
	if err := d.signIn(account.User, account.Secret); err != nil {
		return err
	}
	if up.caps, err = d.capabilities(); err != nil {
		return err
	}
	up.alerts = d.alerts
	up.nc, up.ahead = d.rest()
	return nil
}

// greet reads the greeting and refuses a server that has nothing to ask.
func (up *upstream) greet(d *dialogue) (err error) {
	if up.greeting, err = d.greeting(); err != nil {
		return err
	}
	switch up.greeting.kind {
	case "BYE":
		return refusal(up.greeting)
	case "PREAUTH":
		// It makes STARTTLS impossible (RFC 9051 section 7.1.4), and beneath a webmail
		// it would sign anyone in with any password.
		return &LoginError{Reason: LoginNoMechanism, Err: errPreauth}
	}
	return nil
}

// untold makes an error from before TLS fit to be shown: anyone on the way may have
// written the server's words, and an unprotected PREAUTH is an attack to end protection.
func untold(err error) error {
	var failed *LoginError
	switch {
	case errors.Is(err, errPreauth), errors.Is(err, errNotOffered), errors.Is(err, errInjected):
		return &LoginError{Reason: LoginNoTLS, Err: err}
	case errors.As(err, &failed):
		failed.Text = ""
	}
	return err
}

// signIn proves who the user is: SASL PLAIN, else the LOGIN command, else AUTH=LOGIN.
func (d *dialogue) signIn(user string, secret Secret) error {
	if strings.ContainsRune(user, 0) || strings.ContainsRune(string(secret), 0) {
		return &LoginError{Reason: LoginRejected, Err: errors.New("a name or password cannot hold a NUL")}
	}
	var (
		saslIR    = d.has("SASL-IR", "IMAP4rev2")
		mayPlain  = d.has("AUTH=PLAIN")
		mayLogin  = !d.has("LOGINDISABLED")
		mayAsk    = d.has("AUTH=LOGIN")
		st        status
		credibly  bool // the server looked at the credentials
		err       error
		attempted bool
	)
	// What the server said so far holds no longer once it knows the user.
	d.caps = nil
	if mayPlain {
		attempted = true
		st, credibly, err = d.authenticate(plain(user, secret), saslIR)
		if err != nil {
			return err
		}
		if st.kind == "OK" {
			return nil
		}
		if credibly && !unsupported(st) {
			return refusal(st)
		}
	}
	if mayLogin {
		if st, err = d.login(user, secret); err != nil {
			return err
		}
		if st.kind == "OK" {
			return nil
		}
		return refusal(st)
	}
	if mayAsk {
		attempted = true
		if st, _, err = d.authenticate(loginMechanism(user, secret), false); err != nil {
			return err
		}
		if st.kind == "OK" {
			return nil
		}
	}
	if attempted {
		return refusal(st)
	}
	return &LoginError{Reason: LoginNoMechanism, Err: errors.New("LOGIN is disabled and no mechanism that takes a password is offered")}
}

// unsupported tells a server that does not know the mechanism after all from one that
// refuses the person: trying LOGIN after a wrong password would count as two wrong ones.
func unsupported(st status) bool {
	switch {
	case st.kind == "BYE":
		return false
	case st.kind == "BAD", st.code == "CANNOT":
		return true
	case st.code != "":
		return false
	}
	text := strings.ToLower(st.text)
	return strings.Contains(text, "mechanism") || strings.Contains(text, "unsupported") || strings.Contains(text, "not supported")
}

// refusal is the server's no, by its response code (RFC 5530).
func refusal(st status) *LoginError {
	failed := &LoginError{Text: st.text}
	switch st.code {
	case "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED":
		failed.Reason = LoginRejected
	case "EXPIRED":
		failed.Reason = LoginExpired
	case "UNAVAILABLE", "SERVERBUG":
		failed.Reason = LoginUnavailable
	case "CONTACTADMIN", "WEBALERT": // WEBALERT: Gmail's, with a page to visit
		failed.Reason = LoginContactAdmin
	case "INUSE", "LIMIT":
		failed.Reason = LoginInUse
	case "PRIVACYREQUIRED":
		failed.Reason = LoginNoTLS
	default:
		switch {
		case st.kind == "BYE":
			failed.Reason = LoginBye
		case tooMany(st.text):
			failed.Reason = LoginInUse
		default:
			failed.Reason = LoginRejected
		}
	}
	return failed
}

// tooMany knows a limit of connections by its words. QUIRK: Gmail says NO [ALERT] Too many simultaneous
// connections, others a bare NO; taken for a wrong password it would end the session.
func tooMany(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "connections") && (strings.Contains(text, "too many") || strings.Contains(text, "maximum number"))
}

// reasonOf sorts what went wrong on the way to the server.
func reasonOf(err error) LoginReason {
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &verify), errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid), errors.Is(err, errNoRoots):
		return LoginUntrusted
	}
	return LoginUnreachable
}

var errNoRoots = errors.New("the configured certificate authorities hold no PEM certificate")

// tlsConfig checks the server's name against its certificate, sends it along (SNI), and wants TLS 1.2 at least.
// No ALPN: what stands in front of an IMAP server may know of web protocols alone and refuse.
func tlsConfig(server Server) (*tls.Config, error) {
	config := &tls.Config{ServerName: server.Host, MinVersion: tls.VersionTLS12}
	if len(server.RootsPEM) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(server.RootsPEM) {
			return nil, errNoRoots
		}
	}
	return config, nil
}

// maxDial bounds the wait for a TCP connection when ctx does not.
const maxDial = 15 * time.Second

func (o *Options) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, maxDial)
	defer cancel()
	if o.Dial != nil {
		return o.Dial(ctx, "tcp", address)
	}
	// A peer that vanished without a word is noticed within two minutes while nothing is asked of it.
	alive := net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}
	return (&net.Dialer{KeepAliveConfig: alive}).DialContext(ctx, "tcp", address)
}
