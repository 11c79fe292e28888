// Package cards reads what a mail carries for programs and shows it to people: calendar invitations (RFC 5545, 5546), contacts (RFC 2426, 6350, and
// vCard 2.1), delivery reports (RFC 3464) and read receipts (RFC 8098).
//
// Every function takes the part's bytes, looks at no more than maxInput of them, and gives typed values that a template can print as they are: text is
// free of control characters and of what reorders or hides text, addresses have passed the rules for links, counts are bounded. A line that can't be
// read costs itself; ok is false when nothing was left to show. Nothing is fetched (ATTACH, PHOTO, ALTREP), nothing is started (VALARM), and markup in
// a text is text.
//
// Content lines are read by our own reader rather than by go-ical and go-vcard: those give up the whole file for one bad line, go-ical panics on a
// parameter that ends the line, and it takes quadratic time on a long one. Recurrence rules are read by rrule-go, and never expanded.
package cards
