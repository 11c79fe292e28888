package imapsession

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/emersion/go-imap/v2"
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

// errUnreadable marks, beside ErrUnavailable, a connection that was lost because go-imap could not read
// what the server sent, not because of the network: asking again gives the same.
var errUnreadable = errors.New("the mail server's answer cannot be read")

// sentinels by what the server said (RFC 5530, 7889, 9051 section 7.1).
var sentinelOf = map[imap.ResponseCode]error{
	imap.ResponseCodeNonExistent:          ErrNoMailbox,
	imap.ResponseCodeTryCreate:            ErrNoMailbox,
	imap.ResponseCodeOverQuota:            ErrOverQuota,
	imap.ResponseCodeTooBig:               ErrTooLarge,
	imap.ResponseCodeLimit:                ErrTooLarge,
	imap.ResponseCodeNoPerm:               ErrReadOnly,
	"READ-ONLY":                           ErrReadOnly,
	imap.ResponseCodeCannot:               ErrUnsupported,
	imap.ResponseCodeBadCharset:           ErrUnsupported,
	imap.ResponseCodeUnknownCTE:           ErrUnsupported,
	imap.ResponseCodeAuthenticationFailed: ErrAuth,
	imap.ResponseCodeAuthorizationFailed:  ErrAuth,
	imap.ResponseCodeExpired:              ErrAuth,
}

// translate gives err the sentinel that says what can be done about it; the original stays wrapped. What has a
// sentinel already, and what is none of the mail server's, stays as it is.
func (c *conn) translate(err error) error {
	var said *imap.Error
	switch {
	case err == nil, known(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &said):
		if sentinel, ok := sentinelOf[said.Code]; ok {
			return fmt.Errorf("%w: %w", sentinel, err)
		}
		// A bare NO or BAD: all that can be done is to try again.
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case !c.dead():
		return err
	}
	switch lost, bye := c.link.lost(), c.wire.Bye(); {
	case bye != "":
		return fmt.Errorf("%w: it said goodbye: %s", ErrUnavailable, printable(bye))
	case lost != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, lost)
	case c.cut.Load():
		return fmt.Errorf("%w: the connection was closed", ErrUnavailable)
	case c.wire.Err() != nil && !errors.Is(c.wire.Err(), net.ErrClosed):
		return fmt.Errorf("%w: %w: %w", ErrUnavailable, errUnreadable, c.wire.Err())
	}
	return fmt.Errorf("%w: %w: %w", ErrUnavailable, errUnreadable, err)
}

// known tells whether err carries a sentinel already.
func known(err error) bool {
	for _, sentinel := range []error{ErrAuth, ErrNoMailbox, ErrNoMessage, ErrStale, ErrNoPart, ErrReadOnly, ErrOverQuota, ErrTooLarge, ErrUnsupported, ErrUnavailable} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// harmless tells whether a connection can be lent again after a loan that ended in err: the server
// said no, or the answer was complete but not what was wished for.
func harmless(err error) bool {
	var said *imap.Error
	if err == nil || errors.As(err, &said) {
		return true
	}
	return known(err) && !errors.Is(err, ErrUnavailable)
}
