// Package web is what a browser talks to: it turns requests into one or two calls of imapsession and their results into pages, fragments and streams.
//
// routes.go has the whole route table. Handlers translate and do not decide mail matters. What they return as an error is shown by
// errors.go, from one table. render.go decides once whether a page or a region of it is asked for.
//
// Choices that a reader may wonder about:
//
//   - The record of a session is read from the store with each request (some microseconds), also when its mail connections are live: signing out on
//     one replica, or everywhere, holds at once.
//   - Answers are compressed where they are made: pages in render.go, static files beforehand. Parts, thumbnails and zips never are, since ranges and lengths
//     would be lost. The form token is masked anew in each page, so that the length of a compressed page tells nothing about it (BREACH).
//   - A part with ?v= may be kept by the browser for ever: UIDVALIDITY, UID and section name content that cannot change. Pages and the sanitised HTML of mail are
//     no-store (SECURITY.md c1). Signing out clears the browser's cache.
//   - The reader runs the sanitiser to know how much it blocks; the document is kept in memory for the frame's request that follows, which then costs no IMAP. What is
//     kept is bounded and belongs to one session.
//   - \Seen is set once the page is ready, by a goroutine that Close waits for: a slow STORE must not hold the page.
package web
