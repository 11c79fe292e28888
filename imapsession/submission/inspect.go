// Package submission speaks to message submission servers (RFC 6409). It is a leaf: it knows nothing of sessions and mailboxes.
package submission

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// Security is how the connection is protected.
type Security string

const (
	TLS       Security = "tls" // from the first byte (RFC 8314)
	StartTLS  Security = "starttls"
	Plaintext Security = "plaintext"
)

// Server is where mail is handed in.
type Server struct {
	Address  string // host:port
	Security Security
	TLS      *tls.Config // with ServerName; not used for Plaintext
}

// Extension is what a server offers at EHLO, with its parameters.
type Extension struct{ Name, Params string }

// known are the extensions that Godwit uses, or would use, in the order they are told. The client library keeps
// no list of those offered, so each is asked for.
var known = []string{"AUTH", "SIZE", "8BITMIME", "SMTPUTF8", "PIPELINING", "CHUNKING", "BINARYMIME", "ENHANCEDSTATUSCODES",
	"DSN", "REQUIRETLS", "BURL", "FUTURERELEASE", "DELIVERBY", "MT-PRIORITY", "LIMITS", "STARTTLS"}

// Inspection is what a server tells of itself before anyone signs in.
type Inspection struct {
	TLS        *tls.ConnectionState // nil in plaintext
	Extensions []Extension
}

// dialWait bounds connecting when ctx has no earlier end.
const dialWait = 30 * time.Second

// Inspect connects, secures the connection and asks for the extensions. The error names the step.
func Inspect(ctx context.Context, server Server) (*Inspection, error) {
	client, err := connect(ctx, server)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	// Extension says EHLO first when nobody has.
	if err := client.Hello("localhost"); err != nil {
		return nil, fmt.Errorf("EHLO: %w", err)
	}
	found := &Inspection{}
	if state, ok := client.TLSConnectionState(); ok {
		found.TLS = &state
	}
	for _, name := range known {
		if ok, params := client.Extension(name); ok {
			found.Extensions = append(found.Extensions, Extension{name, params})
		}
	}
	_ = client.Quit() // the answer was had; how they part does not matter
	return found, nil
}

// connect dials and protects the connection, which ends with ctx.
func connect(ctx context.Context, server Server) (*smtp.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", server.Address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	switch server.Security {
	case TLS:
		secured := tls.Client(conn, server.TLS)
		if err := secured.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("secure the connection: %w", err)
		}
		return smtp.NewClient(secured), nil
	case StartTLS:
		client, err := smtp.NewClientStartTLS(conn, server.TLS)
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("secure the connection: %w", err)
		}
		return client, nil
	case Plaintext:
		return smtp.NewClient(conn), nil
	}
	conn.Close()
	return nil, fmt.Errorf("unknown security %q", server.Security)
}
