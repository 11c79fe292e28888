// Package memory is an IMAP4rev1 server (RFC 3501) that keeps its mail in memory. Tests talk to it, and it is
// the mail server of "godwit demo".
//
// It behaves as a good real server does: BODYSTRUCTURE says what the message says (parameters in order and undecoded,
// so that a client must decode "filename*" itself), BODY[] gives back exactly what was appended, keywords keep their case, flags and
// new mail reach other sessions at once. A message is looked through once for its structure; after that each part is
// served from its offsets, so a download in pieces costs what its pieces cost. Content may be an io.ReaderAt
// that computes what it is asked for: such a message takes no memory.
//
// go-imap's imapserver was not used: it hands out a structure that go-message has decoded and printed
// anew, and it has no SORT, THREAD, QUOTA, ID or PREVIEW.
//
// Extensions: LITERAL- (RFC 7888), SASL-IR (4959), STARTTLS, ID (2971), ENABLE (5161), IDLE (2177), NAMESPACE (2342), UNSELECT (3691),
// CHILDREN, LIST-EXTENDED (5258), LIST-STATUS (5819), SPECIAL-USE and CREATE-SPECIAL-USE (6154), STATUS=SIZE (8438),
// UIDPLUS (4315), MOVE (6851), ESEARCH (4731), WITHIN (5032), SORT and SORT=DISPLAY (5256, 5957), THREAD=ORDEREDSUBJECT, REFERENCES and REFS,
// CONDSTORE (7162), QUOTA (9208), APPENDLIMIT (7889), PREVIEW (8970).
package memory
