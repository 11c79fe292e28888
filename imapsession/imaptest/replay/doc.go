// Package replay is a scripted IMAP server for tests: it plays a transcript of
// how a server differs, a file of testdata/imap-quirks, and tells what the
// client did wrong.
//
// What a file does not script is answered by a small built-in server: login,
// mailboxes, messages with ENVELOPE, BODYSTRUCTURE and BODY[...], SEARCH, STORE,
// COPY, MOVE, EXPUNGE, APPEND, IDLE, STARTTLS. It offers exactly the
// capabilities of the file: an extension that is not announced gets BAD and
// counts as a violation, as do LOGIN under LOGINDISABLED, literals without
// their capability, sequence numbers out of range and raw 8-bit octets. So the
// order of a client's commands does not matter, and one file tests any client.
// It shares no code with the client's IMAP library, so that a fault there can
// not hide on both sides.
//
// # Form of a file
//
//	title: one line                     quirk: / expect: / source: (repeatable; at least one expect)
//	greeting: * OK ...                  "* PREAUTH" logs in at once; "* BYE" closes
//	caps-pre: / caps-tls: / caps:       before login / before login under TLS / after login
//	caps-in-login: yes                  CAPABILITY in the tagged OK
//	user: alice pass                    tls: none|starttls|implicit
//	delim: .   (or NIL)                 namespace: (("INBOX." ".")) NIL NIL
//	continuation: +                     fetch-order: reverse            strict: yes (no built-in answers)
//	mailbox: NAME [attrs=\A,\B uidvalidity=N uidnext=N readonly norecent uidnotsticky nopermflags wire=...]
//	message: uid=N [flags=\Seen,x date="..." file=F data=D name=X hidden] <<EOF ... EOF      (of the mailbox above)
//	envelope: / structure: / size:      raw replacements in FETCH, of the message above
//	attr: X-GM-MSGID 1                  given when asked for;   always: ITEM VALUE   added to each FETCH
//	data: NAME <<EOF ... EOF            for {@NAME} (literal) and ~{@NAME} (literal8);   gen: NAME BYTES   a big text mail
//	C: REGEX                            strictly the next command (in order)
//	on: REGEX [times=N]                 answers in place of the built-in;  REGEX<literal> matches before the literal is asked for
//	before: REGEX / tail: REGEX         before the built-in answer / before its tagged line
//	idle: NAME after=600ms [times=N]    runs that long after IDLE began
//	S: line                             with $TAG, $1..$9 of the REGEX, %(hex bytes)
//	X: close | reset | hang | sleep D | raw TEXT | chunk N | drain | default | auth | state-selected | caps LIST | show NAME
//	   | expunge MBOX UID | uidvalidity MBOX N | renumber MBOX N | remove MBOX | file PATH (recorded answer, A######## = tag)
//
// REGEX (Go, case-insensitive, of the whole command) sees the command without
// its tag, and a literal as {n}. Rules count over all connections.
package replay
