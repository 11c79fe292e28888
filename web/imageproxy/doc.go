// Package imageproxy fetches the remote images of mail in the reader's place, so that their browser talks to nobody but us and the sender learns at most
// that the mail was opened.
//
// A mail can name any address, so the fetcher trusts none: only http and https, only ports 80 and 443, only names (no address literals), and, decided on
// the address that is really connected to after names were resolved, only the public internet (see public). A filter on names can be got round by DNS that
// answers differently each time; a check in the dialer can't, and holds for redirects too.
//
// What comes back must be a PNG, JPEG, GIF or WebP by its first bytes, of a bounded size in bytes and pixels, within a bounded time; it goes out
// under our own headers. Everything else gives the same transparent pixel with status 200, so that neither the browser nor the page shows or learns why.
//
// Tokens stand in the addresses of images: the remote address and an expiry, sealed with a key of the server and bound to the reader's session. They tell a
// log or a neighbour nothing, can't be made by others, and are the same for some hours, so that a browser's cache works.
package imageproxy
