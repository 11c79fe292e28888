package web

import (
	"net/http"
	"strings"
)

// pageCSP is the policy of our own pages (SECURITY.md c1). No inline script or style, nothing from elsewhere. media-src is for the previews of audio and video,
// manifest-src for the manifest. Without the line for trusted types, which htmx 4 does not speak without an extension.
const pageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; " +
	"form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"

// partCSP makes a part harmless however a browser comes to show it: no origin, no script, no loads.
const partCSP = "sandbox; default-src 'none'"

// vary lists what decides about an answer: who asks, and whether for a page or a region.
const vary = "Cookie, HX-Request, HX-Request-Type, HX-Target"

// defaultHeaders are those of a page; handlers of parts and files replace what differs.
func (s *Server) defaultHeaders(h http.Header, req *request) {
	h.Set("Content-Security-Policy", pageCSP)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-DNS-Prefetch-Control", "off")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", vary)
	if req.https {
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
}

// frameHeaders are those of a sanitised mail document: framed by our own pages alone, with the policy mailhtml wants.
func frameHeaders(h http.Header, csp string) {
	h.Set("Content-Security-Policy", csp)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Vary", "Cookie")
	h.Del("Cross-Origin-Opener-Policy")
	h.Del("Permissions-Policy")
}

// partHeaders are those of content out of a mail. immutable says that the address names this content for ever.
func partHeaders(h http.Header, immutable bool) {
	h.Set("Content-Security-Policy", partCSP)
	h.Set("X-Download-Options", "noopen")
	h.Set("Vary", "Cookie")
	h.Del("Cross-Origin-Opener-Policy")
	h.Del("Permissions-Policy")
	if immutable {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "private, no-cache")
	}
}

// acceptsGzip reads Accept-Encoding well enough: a browser's, or "gzip;q=0" of who does not want it.
func acceptsGzip(r *http.Request) bool {
	for _, e := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(e), ";")
		if name == "gzip" && strings.TrimSpace(q) != "q=0" {
			return true
		}
	}
	return false
}
