package imapsession

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Inspection is what a server tells of itself, for an admin who wants to know why it does not work.
// It is filled as far as the inspection came.
type Inspection struct {
	Server     Server
	Greeting   string   // text of the greeting
	TLS        *TLSInfo // nil before and without TLS
	CapsBefore []string // capabilities before sign-in, under TLS if there is any
	CapsAfter  []string // and after it; nil when nobody signed in
	ID         []Field  // nil when the server does not tell
	Namespaces []Namespace
	Mailboxes  []Mailbox // all of them, in the order of Session.Mailboxes
	Features   []Feature // by CapsAfter
	Steps      []string  // those that succeeded, in order
}

// TLSInfo is how a connection is protected. Of a certificate that does not verify only the certificate is known.
type TLSInfo struct {
	Version string // "TLS 1.3"
	Cipher  string // "TLS_AES_128_GCM_SHA256"
	Subject string
	Issuer  string
	Names   []string // that the certificate is good for
	Begins  time.Time
	Expires time.Time
}

// InspectError names the step that failed.
type InspectError struct {
	Step string // "connect", "secure the connection", "greeting", "capabilities", "sign in", "identify", "namespaces" or "mailboxes"
	Err  error
}

func (e *InspectError) Error() string { return e.Step + ": " + e.Err.Error() }
func (e *InspectError) Unwrap() error { return e.Err }

// The steps that come after the sign-in.
const (
	stepIdentify   = "identify"
	stepNamespaces = "namespaces"
	stepMailboxes  = "mailboxes"
)

// Inspect goes through a sign-in step by step; without an account it stops before the sign-in. The
// Inspection is never nil; a failure is an *InspectError around the cause.
func Inspect(ctx context.Context, opts *Options, server Server, account *Account) (*Inspection, error) {
	if opts == nil {
		opts = &Options{}
	}
	who := Account{Server: server}
	if account != nil {
		who.User, who.Secret = account.User, account.Secret
	}
	i := &inspector{Inspection: &Inspection{Server: server}}
	if err := i.run(ctx, opts, who); err != nil {
		return i.Inspection, &InspectError{Step: i.step, Err: err}
	}
	i.pass()
	return i.Inspection, nil
}

type inspector struct {
	*Inspection
	step string // under way
}

// next notes that the step under way succeeded and begins another.
func (i *inspector) next(step string) {
	i.pass()
	i.step = step
}

func (i *inspector) pass() {
	if i.step != "" {
		i.Steps = append(i.Steps, i.step)
	}
}

func (i *inspector) run(ctx context.Context, opts *Options, who Account) error {
	up, err := connect(ctx, opts, who, i.next)
	i.learn(up, err)
	if err != nil {
		return err
	}
	if who.User == "" {
		return up.raw.Close()
	}

	i.next(stepIdentify)
	s := Resume(opts, who)
	c, err := s.open(ctx, up)
	if err != nil {
		return err
	}
	s.pool.adopt(c)
	defer s.Close(ctx)
	i.ID = s.serverID

	i.next(stepNamespaces)
	err = s.with(ctx, lease{}, func(c *conn) (err error) {
		i.Namespaces, err = c.namespaces(ctx)
		return err
	})
	if err != nil {
		return err
	}

	i.next(stepMailboxes)
	i.Mailboxes, err = s.Mailboxes(ctx, 0)
	return err
}

// learn takes what a sign-in found out, up to where it failed.
func (i *inspector) learn(up *upstream, err error) {
	i.Greeting = up.greeting.text
	i.CapsBefore = sortedCaps(up.before)
	if up.caps != nil {
		i.CapsAfter = sortedCaps(up.caps)
		i.Features = chooseFeatures(up.caps).report()
	}
	var unverified *tls.CertificateVerificationError
	switch {
	case up.tls != nil:
		i.TLS = DescribeTLS(*up.tls)
	case errors.As(err, &unverified):
		i.TLS = describe(unverified.UnverifiedCertificates)
	}
}

// DescribeTLS tells of a connection and the certificate it was made with.
func DescribeTLS(state tls.ConnectionState) *TLSInfo {
	info := describe(state.PeerCertificates)
	info.Version = tls.VersionName(state.Version)
	info.Cipher = tls.CipherSuiteName(state.CipherSuite)
	return info
}

func sortedCaps(caps []string) []string {
	caps = slices.Clone(caps)
	for i := range caps {
		caps[i] = printable(caps[i])
	}
	slices.Sort(caps)
	return slices.Compact(caps)
}

func describe(chain []*x509.Certificate) *TLSInfo {
	info := &TLSInfo{}
	if len(chain) == 0 {
		return info
	}
	leaf := chain[0]
	info.Subject, info.Issuer = printable(leaf.Subject.String()), printable(leaf.Issuer.String())
	info.Begins, info.Expires = leaf.NotBefore, leaf.NotAfter
	for _, name := range leaf.DNSNames {
		info.Names = append(info.Names, printable(name))
	}
	for _, ip := range leaf.IPAddresses {
		info.Names = append(info.Names, ip.String())
	}
	return info
}

// Special lists the mailboxes that have a role.
func (i *Inspection) Special() []Mailbox {
	return slices.DeleteFunc(slices.Clone(i.Mailboxes), func(m Mailbox) bool { return m.Role == RoleNone })
}

// Expired tells how long ago the certificate ended; not positive while it is good.
func (t *TLSInfo) Expired(now time.Time) time.Duration { return now.Sub(t.Expires) }

// String is one line for a person: "TLS 1.3, TLS_AES_128_GCM_SHA256".
func (t *TLSInfo) String() string {
	if t.Version == "" {
		return "not established"
	}
	return fmt.Sprintf("%s, %s", t.Version, t.Cipher)
}
