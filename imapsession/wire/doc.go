// Package wire is the net.Conn beneath go-imap's imapclient: it keeps time,
// sets limits, repairs what servers send so that the client survives it, and
// carries the commands the client lacks.
//
// imapclient (v2 beta.8) ends the connection at the first octet it does not
// expect, and the same octets come again after each reconnect: one odd folder
// name hides the account, one odd BODYSTRUCTURE its page. Conn stands between
// it and the socket and is used like this:
//
//	w := wire.New(nc, wire.Options{OnAlert: show})
//	client := imapclient.New(w, nil)
//	res, err := w.Command(ctx, "LSUB", []any{"", "*"}, func(r wire.Response) bool { return r.Name == "LSUB" })
//
// # Reading
//
// What the server sends is cut into segments: a response, or the part of a
// FETCH response up to a body literal (scan.go). A strict recogniser of what
// imapclient reads without fault passes nearly all of them on untouched, out of
// the buffer that the socket was read into (clean.go, clean_structure.go). The
// others go through a tolerant parser (parse.go) and are printed anew
// (repair_*.go, status.go). Body literals, BODY[...] and BINARY[...] of a FETCH,
// are never looked at nor buffered: they go from the socket into the reader's
// slice. All other literals are part of their response and limited.
//
// What is mended, and how (Conn.Repairs counts by kind):
//
//   - Untagged responses that imapclient does not know (VANISHED, LSUB, XLIST
//     and the like), lines that are no response, blank lines, a "+" nobody asked
//     for: dropped. Command's want function sees them first.
//   - FETCH items that it does not know (X-GM-*, EMAILID, THREADID, PREVIEW,
//     SAVEDATE ...): cut out. RFC822, RFC822.HEADER and RFC822.TEXT become
//     BODY[], BODY[HEADER] and BODY[TEXT], BODY.PEEK becomes BODY, the origin of
//     a partial BINARY is dropped. A response with nothing left is dropped.
//   - A UID that comes after a body, where imapclient no longer looks for it: is
//     put before. For one UID the number is known from the command and the body
//     streams; for more, bodies up to MaxLiteral are held back until it comes.
//   - BODYSTRUCTURE: printed in the normal form, what is missing filled in; see
//     UnusableStructure for what is beyond that. ENVELOPE likewise.
//   - INTERNALDATE in another format is rewritten, one that says no time cut out.
//     Numbers that are NIL, negative or too large lose their item; sizes beyond
//     4 GiB in a structure become 4 GiB - 1.
//   - Flags that are none are left out.
//   - Mailbox names that are not modified UTF-7: see MailboxName. They reach the
//     client decoded as far as can be, with invisible marks that make Write send
//     back the very octets. No map is kept: a marked name is good on every
//     connection. ReadableName is for showing it.
//   - A hierarchy delimiter of more than one character becomes NIL: such names
//     are flat, but open.
//   - Response codes: a malformed APPENDUID, COPYUID (also with "*"), UIDNEXT or
//     PERMANENTFLAGS is left out, the text stays.
//   - ID: a list reply leaves imapclient's decoder with a fault that comes up
//     later, so the client gets NIL. Use Command for ID.
//   - SORT's (MODSEQ n) is cut, ESEARCH without correlator gets one.
//   - A line end within a quoted string, a string without closing quote, quotes
//     within quotes (NetEase), lists that are not closed, one parenthesis too
//     many, NIL in small letters: understood.
//   - A literal of the client's that the server refuses would make imapclient
//     close the connection: the client is asked for it all the same, it goes
//     nowhere, and the client reads the NO.
//   - IMAP4rev2 is withheld from the capabilities; see Conn.keeps. Nothing that
//     imapclient offers needs it, and Capabilities tells what the server said.
//     UTF8=ACCEPT should not be enabled: the names that come then are taken for
//     raw UTF-8 and marked.
//
// # Time
//
// Conn ignores the deadlines that imapclient sets. It gives each read and each
// write of the socket Options.Wait while the server owes something: the
// greeting or a completion. An accepted IDLE owes nothing; there and between
// commands TCP keepalive watches. The first fault closes the connection and is
// what Err returns.
//
// # Commands of our own
//
// Command writes between two commands of the client's, never inside one, under
// tags "X1", "X2", ...; imapclient uses "T". Its completion, and the untagged
// responses that its want function claims, are kept from the client. A claimed
// FETCH is claimed as a whole, items that the client knows included: want
// should take only those that carry what it asked for. While a Command with a
// want function is in flight, body literals up to MaxLiteral are taken into
// their response so that it can be offered whole; longer ones stream to the
// client unoffered.
package wire
