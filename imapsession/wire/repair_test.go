package wire

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// tape is a connection whose server has said all it will ever say.
type tape struct {
	r     io.Reader
	wrote bytes.Buffer
}

func (t *tape) Read(p []byte) (int, error)       { return t.r.Read(p) }
func (t *tape) Write(p []byte) (int, error)      { return t.wrote.Write(p) }
func (t *tape) Close() error                     { return nil }
func (t *tape) LocalAddr() net.Addr              { return nil }
func (t *tape) RemoteAddr() net.Addr             { return nil }
func (t *tape) SetDeadline(time.Time) error      { return nil }
func (t *tape) SetReadDeadline(time.Time) error  { return nil }
func (t *tape) SetWriteDeadline(time.Time) error { return nil }

// mendText gives what the client reads when the server says in.
func mendText(t testing.TB, in string) (string, *Conn) {
	t.Helper()
	c := New(&tape{r: strings.NewReader(in)}, Options{})
	out, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("reading %q: %v", in, err)
	}
	return string(out), c
}

// repairs are lines that imapclient dies of, or reads wrongly, and what it gets
// instead. "=" is the line itself, "" nothing.
var repairs = []struct{ name, in, want string }{
	// what passes
	{"plain fetch", `* 1 FETCH (UID 5 FLAGS (\Seen $Forwarded) RFC822.SIZE 12 INTERNALDATE "17-Jul-2024 02:44:25 -0700" MODSEQ (12))`, "="},
	{"structure", `* 1 FETCH (BODYSTRUCTURE (("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 2 1 NIL NIL NIL NIL)("TEXT" "HTML" NIL NIL NIL "7BIT" 2 1 NIL ("inline" NIL) ("en" "de") "x") "ALTERNATIVE" ("BOUNDARY" "x") NIL NIL NIL))`, "="},
	{"message in message", `* 1 FETCH (BODYSTRUCTURE ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 55 (NIL "s" ((NIL NIL "a" "b.example")) NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 2 1) 5 NIL ("attachment" ("filename" "x.eml")) NIL NIL))`, "="},
	{"8-bit strings", "* 1 FETCH (ENVELOPE (NIL \"\xfcbung\" NIL NIL NIL NIL NIL NIL NIL NIL))", "="},
	{"literal", "* 1 FETCH (ENVELOPE (NIL {6}\r\na\r\n\"\\b NIL NIL NIL NIL NIL NIL NIL NIL))", "="},
	{"body", "* 1 FETCH (UID 5 BODY[HEADER.FIELDS (FROM TO)] {7}\r\nTo: a\r\n FLAGS () BODY[1.2.MIME]<0> {0}\r\n BODY[2] NIL BODY[3] \"x\")", "="},
	{"binary", "* 1 FETCH (BINARY[1.2] ~{3}\r\n\x00\x01\x02 BINARY.SIZE[1.2] 3)", "="},
	{"list", `* LIST (\HasNoChildren \Sent) "/" "a &AOQ- &- b" ("CHILDINFO" ("SUBSCRIBED"))`, "="},
	{"list without delimiter", `* LIST () NIL INBOX`, "="},
	{"status", `* STATUS "a b" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3 UNSEEN 4 SIZE 5 HIGHESTMODSEQ 6 APPENDLIMIT NIL)`, "="},
	{"search", `* SEARCH 1 2 3 (MODSEQ 12)`, "="},
	{"search without hits", `* SEARCH`, "="},
	{"esearch", `* ESEARCH (TAG "T1") UID ALL 1:3,7 COUNT 4 PARTIAL (0:1 2)`, "="},
	{"thread", `* THREAD (2)(3 6 (4 23)(44 7 96))`, "="},
	{"namespace", `* NAMESPACE (("" "/")("#x" "." "X-PARAM" ("y"))) NIL (("Public/" "/"))`, "="},
	{"quota", `* QUOTA "" (STORAGE 10 512 MESSAGE 1 2)`, "="},
	{"quota root", `* QUOTAROOT INBOX "" a`, "="},
	{"acl", `* ACL INBOX a lrs b l`, "="},
	{"rights", `* MYRIGHTS INBOX lrswipkxtecda`, "="},
	{"metadata", `* METADATA "" (/shared/comment "x" /private/a NIL)`, "="},
	{"status line", `* OK [UIDVALIDITY 12] ok`, "="},
	{"status line with odd text", `* OK still here (really) {5}`, "="},
	{"code of a stranger", `* NO [X-WHAT "a b"] no`, "="},

	// what no client knows
	{"vanished", `* VANISHED (EARLIER) 1:5`, ""},
	{"lsub", `* LSUB () "/" a`, ""},
	{"unknown", `* XFOO bar (baz)`, ""},
	{"unknown with literal", "* XFOO {4}\r\na\r\nb", ""},
	{"blank line", ``, ""},
	{"garbage", `Internal error 12`, ""},
	{"continuation nobody asked for", `+ go on`, ""},
	{"exists overflow", `* 99999999999 EXISTS`, ""},
	{"exists without number", `* EXISTS 5`, ""},
	{"negative exists", `* -1 EXISTS`, ""},
	{"trailing words", `* 5 EXISTS really`, `* 5 EXISTS`},

	// FETCH items
	{"gmail", `* 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS ("\\Important" foo "a b") UID 5 EMAILID (M123) THREADID NIL FLAGS (\Seen))`, `* 1 FETCH (UID 5 FLAGS (\Seen))`},
	{"preview and savedate", `* 1 FETCH (PREVIEW "hello (there" SAVEDATE NIL UID 5)`, `* 1 FETCH (UID 5)`},
	{"only unknown items", `* 1 FETCH (X-GM-MSGID 1278455344230334865)`, ""},
	{"rfc822.header", "* 1 FETCH (UID 5 RFC822.HEADER {4}\r\na\r\nb)", "* 1 FETCH (UID 5 BODY[HEADER] {4}\r\na\r\nb)"},
	{"rfc822", "* 1 FETCH (RFC822 {4}\r\na\r\nb UID 5)", "* 1 FETCH (BODY[] {4}\r\na\r\nb UID 5)"},
	{"peek echoed", `* 1 FETCH (BODY.PEEK[1] "x")`, `* 1 FETCH (BODY[1] "x")`},
	{"partial binary", "* 1 FETCH (UID 5 BINARY[2]<0> ~{3}\r\nabc)", "* 1 FETCH (UID 5 BINARY[2] {3}\r\nabc)"},
	{"origin beyond 4 GiB", "* 1 FETCH (BODY[2]<5000000000> {3}\r\nabc)", "* 1 FETCH (BODY[2] {3}\r\nabc)"},
	{"no space before literal", "* 1 FETCH (BODY[TEXT]{3}\r\nabc)", "* 1 FETCH (BODY[TEXT] {3}\r\nabc)"},
	{"negative literal", `* 1 FETCH (UID 5 BODY[TEXT] {-1})`, `* 1 FETCH (UID 5 BODY[TEXT] NIL)`},
	{"huge binary size", `* 1 FETCH (UID 5 BINARY.SIZE[2] 5000000000)`, `* 1 FETCH (UID 5)`},
	{"unknown item with body literal", "* 1 FETCH (X-BODY[1] {4}\r\n(\r\n) UID 5)", "* 1 FETCH (UID 5)"},
	{"small letters", `* 1 fetch (uid 5 flags (\Seen))`, `* 1 FETCH (UID 5 FLAGS (\Seen))`},
	{"doubled spaces", `* 1 FETCH  (UID  5  FLAGS (\Seen) )`, `* 1 FETCH (UID 5 FLAGS (\Seen))`},
	{"not closed", `* 1 FETCH (UID 5 FLAGS (\Seen`, `* 1 FETCH (UID 5 FLAGS (\Seen))`},
	{"closed twice", `* 1 FETCH (UID 5))`, `* 1 FETCH (UID 5)`},
	{"value missing", `* 1 FETCH (UID FLAGS (\Seen))`, `* 1 FETCH (FLAGS (\Seen))`},
	{"uid NIL", `* 1 FETCH (UID NIL FLAGS (\Seen))`, `* 1 FETCH (FLAGS (\Seen))`},
	{"size NIL", `* 1 FETCH (UID 5 RFC822.SIZE NIL)`, `* 1 FETCH (UID 5)`},
	{"size overflow", `* 1 FETCH (UID 5 RFC822.SIZE 99999999999999999999999)`, `* 1 FETCH (UID 5)`},
	{"modseq bare", `* 1 FETCH (UID 5 MODSEQ 12)`, `* 1 FETCH (UID 5 MODSEQ (12))`},
	{"modseq overflow", `* 1 FETCH (UID 5 MODSEQ (99999999999999999999999))`, `* 1 FETCH (UID 5)`},
	{"flag with bracket", `* 1 FETCH (FLAGS (\Seen [x] \ a]b "q" {3} ok))`, `* 1 FETCH (FLAGS (\Seen q ok))`},
	{"flags NIL", `* 1 FETCH (FLAGS NIL)`, `* 1 FETCH (FLAGS ())`},
	{"date NIL", `* 1 FETCH (UID 5 INTERNALDATE NIL)`, `* 1 FETCH (UID 5)`},
	{"date empty", `* 1 FETCH (UID 5 INTERNALDATE "")`, `* 1 FETCH (UID 5)`},
	{"date of another format", `* 1 FETCH (UID 5 INTERNALDATE "Wed, 17 Jul 2024 02:44:25 -0700")`, `* 1 FETCH (UID 5 INTERNALDATE "17-Jul-2024 02:44:25 -0700")`},
	{"date without zone", `* 1 FETCH (UID 5 INTERNALDATE "17-Jul-2024 02:44:25")`, `* 1 FETCH (UID 5 INTERNALDATE "17-Jul-2024 02:44:25 +0000")`},
	{"zero date", `* 1 FETCH (UID 5 INTERNALDATE "01-Jan-0001 00:00:00 +0000")`, `* 1 FETCH (UID 5)`},
	{"line end in a string", "* 1 FETCH (UID 5 ENVELOPE (NIL \"two\r\n lines\" NIL NIL NIL NIL NIL NIL NIL NIL))", `* 1 FETCH (UID 5 ENVELOPE (NIL "two  lines" NIL NIL NIL NIL NIL NIL NIL NIL))`},

	// ENVELOPE
	{"envelope NIL", `* 1 FETCH (UID 5 ENVELOPE NIL)`, `* 1 FETCH (UID 5)`},
	{"envelope short", `* 1 FETCH (UID 5 ENVELOPE (NIL "s"))`, `* 1 FETCH (UID 5 ENVELOPE (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL))`},
	{"envelope small nil", `* 1 FETCH (ENVELOPE (nil "s" nil nil nil nil nil nil nil nil))`, `* 1 FETCH (ENVELOPE (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL))`},
	{"address list empty", `* 1 FETCH (ENVELOPE (NIL "s" () (()) ((NIL NIL "a")) NIL NIL NIL NIL NIL))`, `* 1 FETCH (ENVELOPE (NIL "s" NIL NIL ((NIL NIL "a" NIL)) NIL NIL NIL NIL NIL))`},
	{"address without list", `* 1 FETCH (ENVELOPE (NIL "s" ("n" NIL "a" "b") NIL NIL NIL NIL NIL NIL NIL))`, `* 1 FETCH (ENVELOPE (NIL "s" (("n" NIL "a" "b")) NIL NIL NIL NIL NIL NIL NIL))`},
	{"netease", `* 1 FETCH (ENVELOPE (NIL "s" ((""Name"" NIL "a" "b")("""" NIL "c" "d")) NIL NIL NIL NIL NIL NIL NIL))`, `* 1 FETCH (ENVELOPE (NIL "s" (("\"Name\"" NIL "a" "b")("\"\"" NIL "c" "d")) NIL NIL NIL NIL NIL NIL NIL))`},

	// BODYSTRUCTURE
	{"exchange multipart", structure(`("mixed" ("boundary" "x") NIL NIL)`), structure(`(("text" "plain" NIL NIL NIL "7BIT" 0 0) "mixed" ("boundary" "x") NIL NIL)`)},
	{"gmail multipart", structure(`("RELATED" NIL ("ATTACHMENT" NIL) NIL)`), structure(`(("text" "plain" NIL NIL NIL "7BIT" 0 0) "RELATED" NIL ("ATTACHMENT" NIL) NIL)`)},
	{"NIL for the parts", structure(`(NIL "alternative" ("boundary" "x") NIL NIL)`), structure(`(("text" "plain" NIL NIL NIL "7BIT" 0 0) "alternative" ("boundary" "x") NIL NIL)`)},
	{"() for the parts", structure(`(() "mixed" NIL)`), structure(`(("text" "plain" NIL NIL NIL "7BIT" 0 0) "mixed" NIL)`)},
	{"one part NIL", structure(`(("text" "plain" NIL NIL NIL "7bit" 9 1) NIL "mixed")`), structure(`(("text" "plain" NIL NIL NIL "7bit" 9 1)` + unusableBody + ` "mixed")`)},
	{"no subtype of a multipart", structure(`(("text" "plain" NIL NIL NIL "7bit" 9 1)("text" "html" NIL NIL NIL "7bit" 9 1))`), structure(`(("text" "plain" NIL NIL NIL "7bit" 9 1)("text" "html" NIL NIL NIL "7bit" 9 1) "mixed")`)},
	{"NIL subtype of a multipart", structure(`(("text" "plain" NIL NIL NIL "7bit" 9 1) NIL ("boundary" "x") NIL NIL)`), structure(`(("text" "plain" NIL NIL NIL "7bit" 9 1) "mixed" ("boundary" "x") NIL NIL)`)},
	{"NIL subtype", structure(`("text" NIL NIL NIL NIL "7bit" 9 1)`), structure(`("text" "plain" NIL NIL NIL "7bit" 9 1)`)},
	{"NIL type", structure(`(NIL NIL NIL NIL NIL "7bit" 9 1)`), structure(`("text" "plain" NIL NIL NIL "7bit" 9 1)`)},
	{"type without quotes", structure(`(TEXT PLAIN NIL NIL NIL 7BIT 9 1)`), structure(`("TEXT" "PLAIN" NIL NIL NIL "7BIT" 9 1)`)},
	{"all NIL", structure(`("text" "plain" NIL NIL NIL NIL NIL NIL NIL NIL NIL)`), structure(`("text" "plain" NIL NIL NIL "7BIT" 0 0 NIL NIL NIL)`)},
	{"negative octets", structure(`("image" "png" NIL NIL NIL "base64" -1)`), structure(`("image" "png" NIL NIL NIL "base64" 0)`)},
	{"beyond 4 GiB", structure(`("video" "mp4" NIL NIL NIL "base64" 6000000000)`), structure(`("video" "mp4" NIL NIL NIL "base64" 4294967295)`)},
	{"numeric overflow", structure(`("video" "mp4" NIL NIL NIL "base64" 99999999999999999999999)`), structure(`("video" "mp4" NIL NIL NIL "base64" 4294967295)`)},
	{"no lines", structure(`("text" "csv" NIL NIL NIL "base64" 12 NIL ("attachment" ("filename" "a.csv")) NIL NIL)`), structure(`("text" "csv" NIL NIL NIL "base64" 12 0 NIL ("attachment" ("filename" "a.csv")) NIL NIL)`)},
	{"no md5 after lines", structure(`("text" "csv" NIL NIL NIL "base64" 12 3 ("attachment" ("filename" "a.csv")))`), structure(`("text" "csv" NIL NIL NIL "base64" 12 3 NIL)`)},
	{"message without envelope", structure(`("message" "rfc822" NIL NIL NIL "7bit" 55 NIL ("attachment" ("filename" "a.eml")) NIL NIL)`),
		structure(`("message" "rfc822" NIL NIL NIL "7bit" 55 ` + emptyEnv + ` ` + unusableBody + ` 0 NIL ("attachment" ("filename" "a.eml")) NIL NIL)`)},
	{"message with NIL envelope", structure(`("message" "rfc822" NIL NIL NIL "7bit" 55 NIL ("text" "plain" NIL NIL NIL "7bit" 9 1) 5 NIL NIL NIL NIL)`),
		structure(`("message" "rfc822" NIL NIL NIL "7bit" 55 ` + emptyEnv + ` ("text" "plain" NIL NIL NIL "7bit" 9 1) 5 NIL NIL NIL NIL)`)},
	{"message with all NIL", structure(`("message" "rfc822" NIL NIL NIL "7bit" 55 NIL NIL NIL NIL NIL NIL NIL)`),
		structure(`("message" "rfc822" NIL NIL NIL "7bit" 55 ` + emptyEnv + ` ` + unusableBody + ` 0 NIL NIL NIL NIL)`)},
	{"disposition a string", structure(`("image" "png" NIL NIL NIL "base64" 9 NIL "attachment" NIL NIL)`), structure(`("image" "png" NIL NIL NIL "base64" 9 NIL ("attachment" NIL) NIL NIL)`)},
	{"disposition an empty list", structure(`("image" "png" NIL NIL NIL "base64" 9 NIL () NIL NIL)`), structure(`("image" "png" NIL NIL NIL "base64" 9 NIL NIL NIL NIL)`)},
	{"disposition without parameters", structure(`("image" "png" NIL NIL NIL "base64" 9 NIL ("inline"))`), structure(`("image" "png" NIL NIL NIL "base64" 9 NIL ("inline" NIL))`)},
	{"disposition without type", structure(`("image" "png" NIL NIL NIL "base64" 9 NIL (NIL ("filename" "a")))`), structure(`("image" "png" NIL NIL NIL "base64" 9 NIL ("attachment" ("filename" "a")))`)},
	{"parameter NIL", structure(`("image" "png" ("name" NIL "a" "b") NIL NIL "base64" 9)`), structure(`("image" "png" ("name" "" "a" "b") NIL NIL "base64" 9)`)},
	{"parameters odd", structure(`("text" "plain" ("charset" "utf-8" "format") NIL NIL "7bit" 9 1)`), structure(`("text" "plain" ("charset" "utf-8" "format" "") NIL NIL "7bit" 9 1)`)},
	{"parameter without name", structure(`("image" "png" ("" "x" "a" "b") NIL NIL "base64" 9)`), structure(`("image" "png" ("a" "b") NIL NIL "base64" 9)`)},
	{"language with NIL", structure(`("image" "png" NIL NIL NIL "base64" 9 NIL NIL (NIL "en") NIL)`), structure(`("image" "png" NIL NIL NIL "base64" 9 NIL NIL ("en") NIL)`)},
	{"deep", structure(strings.Repeat("(", 100) + `("text" "plain" NIL NIL NIL "7bit" 1 1)` + strings.Repeat(` "mixed")`, 100)), structure(strings.Repeat("(", 60) + unusableBody + strings.Repeat(` "mixed")`, 60))},
	{"too deep", structure(strings.Repeat("(", 5000) + strings.Repeat(")", 5000)), structure(unusableBody)},
	{"a string", structure(`"what"`), structure(unusableBody)},
	{"unusable keeps the rest", `* 1 FETCH (UID 5 BODYSTRUCTURE NIL FLAGS (\Seen))`, `* 1 FETCH (UID 5 BODYSTRUCTURE ` + unusableBody + ` FLAGS (\Seen))`},

	// LIST, STATUS
	{"bare ampersand", `* LIST () "/" "R&D"`, `* LIST () "/" "R&-` + shifted("\U000E01ED") + `D"`},
	{"latin-1", "* LIST () \"/\" \"Entw\xfcrfe\"", `* LIST () "/" "Entw` + shifted("ü\U000E01EB") + `rfe"`},
	{"raw utf-8", `* LIST () "/" Entwürfe`, `* LIST () "/" "Entw` + shifted("ü\U000E01EC") + `rfe"`},
	{"status of a raw name", `* STATUS Entwürfe (MESSAGES 1)`, `* STATUS "Entw` + shifted("ü\U000E01EC") + `rfe" (MESSAGES 1)`},
	{"unquoted with spaces", `* LIST (\HasNoChildren) "/" Sent Items`, `* LIST (\HasNoChildren) "/" "Sent Items"`},
	{"called NIL", `* LIST () "/" nil x`, `* LIST () "/" "nil x"`},
	{"long delimiter", `* LIST () "//" a`, `* LIST () NIL "a"`},
	{"empty delimiter", `* LIST () "" a`, `* LIST () NIL "a"`},
	{"unquoted delimiter", `* LIST () / a`, `* LIST () "/" "a"`},
	{"nil delimiter", `* LIST () nil a`, `* LIST () NIL "a"`},
	{"odd attributes", `* LIST (\HasChildren  \ \a]b) "/" a`, `* LIST (\HasChildren) "/" "a"`},
	{"unknown extension", `* LIST () "/" a ("COLOR" "red" "CHILDINFO" ("SUBSCRIBED") OLDNAME ("R&D"))`, `* LIST () "/" "a" ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("R&-` + shifted("\U000E01ED") + `D"))`},
	{"no name", `* LIST ()`, ""},
	{"status NIL", `* STATUS a (MESSAGES NIL UNSEEN 3 X-FOO (1 2) SIZE -1)`, `* STATUS "a" (UNSEEN 3)`},
	{"status overflow", `* STATUS a (UIDVALIDITY 4294967297 UIDNEXT 4294967296)`, `* STATUS "a" (UIDVALIDITY 1)`},

	// numbers
	{"sort with modseq", `* SORT 3 1 2 (MODSEQ 12)`, `* SORT 3 1 2`},
	{"search with junk", `* SEARCH 1 NIL 0 -3 5 foo`, `* SEARCH 1 5`},
	{"search trailing space", `* SEARCH 1 `, `* SEARCH 1`},
	{"esearch with a star", `* ESEARCH (TAG "T1") UID ALL 1:* COUNT 3`, `* ESEARCH (TAG "T1") UID COUNT 3`},
	{"esearch without correlator", `* ESEARCH UID ALL 1`, `* ESEARCH (TAG "") UID ALL 1`},
	{"thread with junk", `* THREAD ((NIL 2)(3)) (4 x (5) 6)`, `* THREAD ((2)(3)) (4 6 (5))`},
	{"deep thread", `* THREAD ` + strings.Repeat("(1 ", 70) + strings.Repeat(")", 70), `* THREAD ` + strings.Repeat("(1 ", 60) + strings.TrimSpace("("+strings.Repeat("1 ", 10)) + strings.Repeat(")", 61)},

	// others
	{"id", `* ID ("name" "x" "version" NIL)`, `* ID NIL`},
	{"rev2", `* CAPABILITY IMAP4rev1 IMAP4rev2  IDLE`, `* CAPABILITY IMAP4rev1 IDLE`},
	{"namespace", `* NAMESPACE (("" nil)) nil`, `* NAMESPACE (("" NIL)) NIL NIL`},
	{"quota overflow", `* QUOTA "" (STORAGE 10 99999999999999999999 MESSAGE 1 2)`, `* QUOTA "" (MESSAGE 1 2)`},
	{"copyuid dynamic", `* OK [COPYUID 1 2:* 3:*] moved`, `* OK moved`},
	{"appenduid in greeting", `* OK [APPENDUID] x`, `* OK x`},
	{"uidnext NIL", `* OK [UIDNEXT NIL] next`, `* OK next`},
	{"uidvalidity overflow", `* OK [UIDVALIDITY 4294967297] ok`, `* OK [UIDVALIDITY 1] ok`},
	{"permanent flags", `* OK [PERMANENTFLAGS (\Seen \a\b \*)] ok`, `* OK [PERMANENTFLAGS (\Seen \*)] ok`},
	{"code not closed", `* OK [ALERT hello`, `* OK -[ALERT hello`},
	{"code without space", `* OK [ALERT]hello`, `* OK [ALERT] hello`},
	{"carriage return in text", "* OK one\rtwo", `* OK one two`},
	{"star without space", `*OK hello`, `* OK hello`},
}

func structure(s string) string { return "* 1 FETCH (BODYSTRUCTURE " + s + ")" }

func shifted(s string) string { return encodeShift([]rune(s)) }

func TestRepairs(t *testing.T) {
	for _, tt := range repairs {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want + "\r\n"
			switch tt.want {
			case "=":
				want = tt.in + "\r\n"
			case "":
				want = ""
			}
			got, c := mendText(t, tt.in+"\r\n* 1 EXISTS\r\n")
			if got != want+"* 1 EXISTS\r\n" {
				t.Errorf("mend(%q)\n got %q\nwant %q", tt.in, got, want)
			}
			if mended := tt.want != "="; (len(c.Repairs()) > 0) != mended {
				t.Errorf("Repairs() = %v after %q", c.Repairs(), tt.in)
			}
			if strings.ContainsFunc(MailboxName(strings.TrimSpace(want)), isMark) && !strings.Contains(want, "{") {
				return // the marks of names would be taken for part of them
			}
			if again, c := mendText(t, want); again != want || len(c.Repairs()) > 0 {
				t.Errorf("mending the outcome again: %q, %v", again, c.Repairs())
			}
		})
	}
}

// TestClientSurvives sends each of the lines to a real imapclient, followed by
// the completion of its command, and then has it do another.
func TestClientSurvives(t *testing.T) {
	for _, tt := range repairs {
		t.Run(tt.name, func(t *testing.T) {
			cl, w, _ := session(t, Options{}, nil, func(_ *fakeServer, _, cmd string) string {
				if cmd == "NOOP" {
					return tt.in + "\r\n$TAG OK done\r\n"
				}
				return ""
			})
			within(t, 5*time.Second, tt.name, func() {
				if err := cl.Noop().Wait(); err != nil {
					t.Errorf("NOOP answered with %q: %v (%v)", tt.in, err, w.Err())
				}
				if err := cl.Unselect().Wait(); err != nil {
					t.Errorf("the next command: %v", err)
				}
			})
		})
	}
}
