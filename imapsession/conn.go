package imapsession

import (
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/imapsession/wire"
)

// Session is one user's login to one mail account.
type Session struct{ sessionState }

// conn is one authenticated connection and the mailbox selected on it. One borrower at a time uses it.
type conn struct {
	*imapclient.Client
	wire        *wire.Conn
	can         features
	mailbox     string // selected, "" when none; touched only by its borrower
	uidValidity uint32
	messages    uint32 // EXISTS at SELECT, kept up to date by refresh
	uidNext     UID
	readOnly    bool
}

type sessionState struct{}
type tableState struct{}
type partState struct{}
type rawSpan struct{}
type features struct{}
