package imapsession

// Security is how a connection is protected.
type Security string

const (
	TLS       Security = "tls"      // from the first byte (RFC 8314)
	StartTLS  Security = "starttls" // nothing but the STARTTLS dialogue before it
	Plaintext Security = "plaintext"
)

// Server is where an account's mail is.
type Server struct {
	Host     string
	Port     int
	Security Security
	// RootsPEM, when set, replaces the system's certificate authorities.
	RootsPEM []byte
}

// Address is host:port.
func (s Server) Address() string { panic("server.go") }

// ParseServer reads imaps://host[:993] or imap://host[:143], the latter with STARTTLS; for
// submission smtps://host[:465] and smtp://host[:587]. insecure turns imap:// and smtp:// into Plaintext. The error says what was expected.
func ParseServer(rawURL string, insecure bool) (Server, error) { panic("server.go") }
