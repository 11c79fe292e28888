package web

import (
	"net/http"
	"strings"
)

// isHTMX tells a request of htmx, or of our own scripts, from a browser's own.
func isHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// wantsPage tells whether a whole page is asked for. htmx 4 says "full" when it swaps the body or selects from the answer; going back asks for the page too.
func wantsPage(r *http.Request) bool {
	return !isHTMX(r) || r.Header.Get("HX-Request-Type") == "full" || r.Header.Get("HX-History-Restore-Request") == "true"
}

// htmxTarget is the id of the element an answer goes into. htmx 4 sends "tag#id".
func htmxTarget(r *http.Request) string {
	_, id, _ := strings.Cut(r.Header.Get("HX-Target"), "#")
	return id
}

// isPrefetch tells a request made ahead of a click, which must mark nothing as read: the browser's own, or that of prefetch.js, which can't set Sec-Purpose.
func isPrefetch(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Godwit-Prefetch") != ""
}

// sameOrigin tells whether a GET was made by a page of ours or by the person directly, as far as the browser says. A link in someone's mail or page is neither.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return false
}

// retarget sends an answer to another element than the request asked for.
func retarget(h http.Header, selector, swap string) {
	h.Set("HX-Retarget", selector)
	h.Set("HX-Reswap", swap)
	h.Set("HX-Push-Url", "false")
	h.Set("HX-Replace-Url", "false")
}
