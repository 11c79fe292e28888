package demo

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"godwit/imapsession/imaptest/memory"
	"godwit/imapsession/imaptest/selfsigned"
	"godwit/imapsession/imaptest/smtpsink"
)

// Who signs in to the demo, and how.
const (
	User     = "demo@" + domain
	Password = "demo"
	domain   = "godwit.example"
)

// quota is what the demo user may store: enough that the sample fills about a third of it.
const quota = 160 << 20 // octets

// Demo is a running set of servers. They serve every user of the domain, but only User has the sample mail.
type Demo struct {
	IMAP       string // host:port, TLS from the first byte
	Submission string // host:port, STARTTLS
	RootsPEM   []byte // the authority that signed both certificates
	User       string
	Password   string

	mail   *memory.Server
	submit *smtpsink.Server
	stop   func() bool
}

// Start loads the sample mail and serves it on loopback ports until Close or the end of ctx.
func Start(ctx context.Context) (*Demo, error) {
	pair, err := selfsigned.New()
	if err != nil {
		return nil, fmt.Errorf("demo certificate: %w", err)
	}
	check := func(user, password string) bool {
		return strings.HasSuffix(strings.ToLower(user), "@"+domain) && password == Password
	}
	d := &Demo{
		RootsPEM: pair.RootsPEM,
		User:     User,
		Password: Password,
		mail: memory.New(memory.Options{
			Password: check,
			TLS:      pair.TLS,
			Quota:    quota,
			Banner:   "Godwit demo",
		}),
	}
	d.submit = smtpsink.New(smtpsink.Options{Domain: "localhost", Password: check, TLS: pair.TLS, Deliver: d.deliver})
	if err := load(d.mail.User(User), time.Now()); err != nil {
		return nil, fmt.Errorf("sample mail: %w", err)
	}
	if d.IMAP, err = listen(d.mail.ServeTLS); err == nil {
		d.Submission, err = listen(d.submit.ServeStartTLS)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	d.stop = context.AfterFunc(ctx, d.shut)
	return d, nil
}

func listen(serve func(net.Listener)) (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	serve(l)
	return l.Addr().String(), nil
}

// deliver puts submitted mail into the INBOX of those recipients that live here; all others are forgotten.
func (d *Demo) deliver(mail *smtpsink.Mail) error {
	for _, to := range mail.To {
		to = strings.ToLower(to)
		if !strings.HasSuffix(to, "@"+domain) {
			continue
		}
		head := fmt.Sprintf("Return-Path: <%s>\r\nReceived: from [127.0.0.1] by %s with ESMTPSA;\r\n %s\r\n",
			mail.From, domain, time.Now().Format(time.RFC1123Z))
		if _, err := d.mail.User(to).Append("INBOX", append([]byte(head), mail.Data...), time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the servers and waits for their connections to end.
func (d *Demo) Close() {
	if d.stop != nil {
		d.stop()
	}
	d.shut()
}

func (d *Demo) shut() {
	d.submit.Close()
	d.mail.Close()
}
