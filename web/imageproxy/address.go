package imageproxy

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

var errRefused = errors.New("address refused")

// parseURL reads an address that may be fetched: http or https, a name with a dot, the usual ports, no user.
func parseURL(address string) (*url.URL, error) {
	if len(address) > maxURL {
		return nil, fmt.Errorf("%w: %d bytes", errRefused, len(address))
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %.80q", errRefused, address)
	}
	return u, checkURL(u)
}

func checkURL(u *url.URL) error {
	host := strings.TrimSuffix(u.Hostname(), ".")
	label := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme %.20q", errRefused, u.Scheme)
	case u.User != nil:
		return fmt.Errorf("%w: it has a user", errRefused)
	case u.Port() != "" && u.Port() != "80" && u.Port() != "443":
		return fmt.Errorf("%w: port %.10q", errRefused, u.Port())
	case label == host || strings.ContainsAny(host, ":%"):
		return fmt.Errorf("%w: host %.80q", errRefused, host)
	case label[0] >= '0' && label[0] <= '9':
		// 127.0.0.1, 127.1, 0x7f.1: resolvers read all of them as addresses. No top-level domain begins with a digit.
		return fmt.Errorf("%w: host %.80q", errRefused, host)
	}
	return nil
}

// notPublic are the networks that are no part of the public internet (IANA's special-purpose registries) or lead back into IPv4 ones.
var notPublic = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
	"fec0::/10", "ff00::/8")

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// public says whether an address is on the public internet and the port a web server's.
func public(to netip.AddrPort) bool {
	if to.Port() != 80 && to.Port() != 443 {
		return false
	}
	addr := to.Addr()
	if addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if !addr.IsGlobalUnicast() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}
