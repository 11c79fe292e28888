// Package seed fills a mail server with mailboxes that are large, varied and the same every time, for benchmarks. It
// writes over IMAP (MULTIAPPEND, RFC 3502, with LITERAL+, RFC 7888), so any server with both will do.
//
// Users, all with one password: Big (INBOX of 100,000 messages, 200 mailboxes), Mid (INBOX of 10,000, 20 mailboxes) and
// User(1) to User(500) (200 each). Big and Mid have a mailbox Special: UID 1 holds an attachment of 100 MiB, 2 has
// 200 parts, 3 is a newsletter of 80 kB, 4 is nested 20 deep, 5 has an inline image.
//
// Every message is made from its own place alone (user, mailbox, number), and dates end at a fixed moment.
package seed
