// Package imapsession is one user's login to a mail account: everything that
// spends the user's credentials or speaks IMAP is here or below, and nothing here knows of HTTP or HTML.
//
// A Session is one login to one account. It holds the credentials, lends out a few connections, and
// its methods may be called from many goroutines at once. Every method that
// touches the network takes a context first; when it ends, the connection in use is cut off and the
// call returns within 50 ms. A Table holds the Sessions of a process.
//
// # Signing in
//
// The dialogue up to the end of the sign-in is held by this package itself (dialogue.go); go-imap is
// handed an authenticated connection, introduced to it as PREAUTH together with the capabilities.
// Thus nothing goes out before TLS but STARTTLS; what came before TLS is forgotten, and
// octets behind the server's OK end the connection; nothing is pipelined behind LOGIN, where
// Courier loses it; go-imap has no cause to send CAPABILITY at a moment of its own choosing; and each response code of
// RFC 5530 becomes a LoginReason with the server's own words. A server that greets with PREAUTH is refused
// also where TLS protects it: beneath a webmail it would let anyone in with any password.
//
// # Connections
//
// The pool (pool.go) lends at most Options.MaxConns at once, each to one borrower, in the order of asking. The connection that
// has the wanted mailbox selected is preferred. A loan (conn.go) that ends in anything but an answer costs the connection;
// a used connection that turns out dead before anything was heard on it is replaced once, silently. When a
// server takes fewer connections than MaxConns, or one more does not come about for whatever reason, those there are are made do with.
//
// Mailboxes are SELECTed, also to be read. EXAMINE would leave \Recent alone, which nothing here
// shows and RFC 9051 dropped; but it hides whether the mailbox may be written, and marking a message as seen would cost selecting it again.
//
// Counts are as of the last answer of the server. A borrower that needs them current asks for a fresh loan or calls
// refresh, one round trip. go-imap's handlers of unilateral data are not used: they run in its reading goroutine or in ones of their
// own, out of order. Its record of the selected mailbox is, since it is kept in order and under a lock.
//
// # Memory
//
// What cannot change under a UIDVALIDITY is kept for a while, within limits (kept.go): the structures of messages, sorted orders, the
// rows of lists without their flags (rows.go), what streaming a part taught. Nothing of it outlives the Session, and of a server
// that tells no UIDVALIDITY nothing is kept. The list of mailboxes is kept as long as its callers allow.
//
// # Extensions
//
// What a server can is asked once, by meaning (caps.go); what is lost without an extension stands beside it, and in words for a person
// in feature.go. Plain RFC 3501 suffices for everything but sorting, quota and shared mailboxes. IMAP4rev2 (RFC 9051) is
// used for what it brings along; it is not ENABLEd, since names would change their encoding.
//
// RFCs: 3501 and 9051 (IMAP), 2342 (NAMESPACE), 2971 (ID), 4422, 4616 and 4959 (SASL, PLAIN, SASL-IR), 5256 (SORT, THREAD),
// 5258 and 5819 (LIST-EXTENDED, LIST-STATUS), 5530 (response codes), 6154 (SPECIAL-USE), 7162 (CONDSTORE, QRESYNC), 8314 (TLS),
// 8970 (PREVIEW), 9208 (QUOTA).
package imapsession
