package imapsession

import (
	"errors"
	"fmt"
)

// What a caller can do about an error decides its sentinel; web/errors.go has
// one row for each. The server's own words stay wrapped.
var (
	ErrAuth        = errors.New("the mail server refused the sign-in")
	ErrNoMailbox   = errors.New("no such mailbox")
	ErrNoMessage   = errors.New("no such message")
	ErrStale       = errors.New("the mailbox was rebuilt since") // UIDVALIDITY changed
	ErrNoPart      = errors.New("no such part")
	ErrReadOnly    = errors.New("the mailbox is read-only")
	ErrOverQuota   = errors.New("over quota")
	ErrTooLarge    = errors.New("too large")
	ErrUnsupported = fmt.Errorf("the mail server lacks what this needs: %w", errors.ErrUnsupported)
	ErrUnavailable = errors.New("the mail server did not answer")
)

// LoginReason tells the causes of a failed sign-in apart, each of which gets its
// own words on the sign-in page.
type LoginReason string

const (
	LoginRejected     LoginReason = "rejected"     // AUTHENTICATIONFAILED, AUTHORIZATIONFAILED or a bare NO
	LoginExpired      LoginReason = "expired"      // EXPIRED
	LoginUnavailable  LoginReason = "unavailable"  // UNAVAILABLE: a backend is down, try later
	LoginContactAdmin LoginReason = "contactadmin" // CONTACTADMIN
	LoginInUse        LoginReason = "inuse"        // INUSE, LIMIT: too many connections
	LoginBye          LoginReason = "bye"          // BYE instead of an answer
	LoginNoTLS        LoginReason = "notls"        // STARTTLS not offered, or stripped, or PREAUTH before it
	LoginUntrusted    LoginReason = "untrusted"    // the certificate does not verify
	LoginNoMechanism  LoginReason = "nomechanism"  // LOGINDISABLED and no SASL mechanism of ours
	LoginUnreachable  LoginReason = "unreachable"  // no connection, or no greeting
)

// LoginError is why a sign-in failed. It wraps ErrAuth when other credentials
// could help, else ErrUnavailable.
type LoginError struct {
	Reason LoginReason
	Server string // host:port
	Text   string // the server's own words, control characters removed; may be empty
	Err    error  // the cause below, may be nil
}

func (e *LoginError) Error() string {
	msg := fmt.Sprintf("sign-in at %s: %s", e.Server, e.Reason)
	if e.Text != "" {
		msg += ": " + e.Text
	}
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

func (e *LoginError) Unwrap() []error {
	kind := ErrUnavailable
	switch e.Reason {
	case LoginRejected, LoginExpired, LoginContactAdmin, LoginNoMechanism:
		kind = ErrAuth
	}
	if e.Err == nil {
		return []error{kind}
	}
	return []error{kind, e.Err}
}
