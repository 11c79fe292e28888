package imapsession

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

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

// Address is host:port, an IPv6 host in brackets.
func (s Server) Address() string {
	return net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// schemes are the URLs a server may be given as, with the port each stands for.
var schemes = map[string]struct {
	port     int
	security Security
}{
	"imaps": {993, TLS},
	"imap":  {143, StartTLS},
	"smtps": {465, TLS},
	"smtp":  {587, StartTLS},
}

// serverForm ends each of ParseServer's errors.
const serverForm = "want imaps://host[:993] or imap://host[:143], smtps://host[:465] or smtp://host[:587]"

// ParseServer reads imaps://host[:993] or imap://host[:143], the latter with STARTTLS; for
// submission smtps://host[:465] and smtp://host[:587]. insecure turns imap:// and smtp:// into Plaintext. The error says what was expected.
func ParseServer(rawURL string, insecure bool) (Server, error) {
	u, err := url.Parse(strings.TrimSpace(rawURL))
	if err != nil {
		// url.Error repeats the whole URL, which may hold a password.
		return Server{}, fmt.Errorf("server is not a URL: %s", serverForm)
	}
	scheme, known := schemes[strings.ToLower(u.Scheme)]
	switch {
	case !known:
		return Server{}, fmt.Errorf("server has scheme %q: %s", u.Scheme, serverForm)
	case u.User != nil:
		return Server{}, fmt.Errorf("server names a user or password, which are asked for at sign-in: %s", serverForm)
	case u.Opaque != "" || u.Hostname() == "":
		return Server{}, fmt.Errorf("server has no host: %s", serverForm)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return Server{}, fmt.Errorf("server has something behind the host: %s", serverForm)
	case !hostname(u.Hostname()):
		return Server{}, fmt.Errorf("server has the host %q, which is neither a name nor an address: %s", u.Hostname(), serverForm)
	}
	s := Server{Host: u.Hostname(), Port: scheme.port, Security: scheme.security}
	if text := u.Port(); text != "" {
		if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 1 || s.Port > 65535 {
			return Server{}, fmt.Errorf("server has port %q, want 1 to 65535", text)
		}
	}
	if insecure && s.Security == StartTLS {
		s.Security = Plaintext
	}
	return s, nil
}

// hostname tells whether host can be looked up at all: an IP address, or labels
// without spaces, control characters or anything a URL would have escaped.
func hostname(host string) bool {
	if net.ParseIP(host) != nil {
		return true
	}
	if len(host) > 253 || strings.HasPrefix(host, ".") || strings.Contains(host, "..") {
		return false
	}
	for _, r := range host {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`%/\@?#[]<>"'`+"`{}|^,;:*", r) {
			return false
		}
	}
	return true
}

// TLSConfig is how the server's certificate is verified: TLS 1.2 at least, its name, and RootsPEM when set.
func (s Server) TLSConfig() (*tls.Config, error) { return tlsConfig(s) }
