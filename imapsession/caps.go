package imapsession

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// features is what a server can, asked of its capabilities once, by meaning. Each says what Godwit does without.
type features struct {
	// Finding and listing mailboxes.
	namespace    bool // else everything is personal and has no prefix
	listExtended bool // else LIST alone, and LSUB for subscriptions
	listStatus   bool // else a STATUS per mailbox, pipelined
	specialUse   bool // else attributes by luck, and known names
	children     bool // else told from the names
	acl          bool // else every mailbox is taken for our own
	quota        bool // else no bar
	statusSize   bool // else no sizes of mailboxes
	objectID     bool // else UIDVALIDITY and UID are all the identity there is
	metadata     bool // else settings stay on Godwit's side
	createUse    bool // else a new Sent or Drafts has its name alone

	// Lists, search, conversations.
	sort        bool // else arrival order alone
	sortDisplay bool // else sorted by address where a person sees a name
	thread      string
	esearch     bool // else SEARCH, whose answer is a list of all hits
	partial     bool // else windows are cut here
	within      bool // else dates computed here
	fuzzy       bool // else exact words
	multiSearch bool // else mailbox by mailbox, in parallel
	preview     bool // else the first octets of the text part
	gmail       bool // X-GM-EXT-1: labels, thread and message identifiers
	saveDate    bool

	// Changing mail.
	move         bool // else COPY, seen to have succeeded, \Deleted, UID EXPUNGE
	uidPlus      bool // else what is \Deleted stays, hidden; and APPEND's UID is searched for
	condStore    bool // else flags are overwritten unseen, and resync reads all flags of the window
	qresync      bool // else expunges are found by comparing UIDs
	multiAppend  bool
	catenate     bool // else a draft is sent whole at each save
	replace      bool // else APPEND, then UID EXPUNGE
	binary       bool // else base64 both ways
	urlAuth      bool // else a message travels once to submission, once to Sent
	appendLimit  bool // else the limit is learnt from a refusal
	literalPlus  bool // else one more round trip per literal
	literalMinus bool

	// Live.
	idle   bool // else polling
	notify bool // else IDLE on one mailbox, STATUS polling of the others

	// The connection.
	id, enable, saslIR, compress, unselect, utf8Accept bool
	rev2                                               bool // speaks IMAP4rev2 too; Godwit does not enable it
}

// chooseFeatures reads the capabilities told after sign-in.
func chooseFeatures(caps []string) features {
	set := capSet(caps)
	has := func(c string) bool { return set.Has(imap.Cap(c)) }
	f := features{
		namespace: has("NAMESPACE"), listExtended: has("LIST-EXTENDED"), listStatus: has("LIST-STATUS"),
		specialUse: has("SPECIAL-USE"), children: has("CHILDREN"), acl: has("ACL"), quota: has("QUOTA"),
		statusSize: has("STATUS=SIZE"), objectID: has("OBJECTID"), metadata: has("METADATA"), createUse: has("CREATE-SPECIAL-USE"),

		sort: has("SORT"), sortDisplay: has("SORT=DISPLAY"), esearch: has("ESEARCH"), partial: has("PARTIAL"),
		within: has("WITHIN"), fuzzy: has("SEARCH=FUZZY"), multiSearch: has("MULTISEARCH"), preview: has("PREVIEW"),
		gmail: has("X-GM-EXT-1"), saveDate: has("SAVEDATE"),

		move: has("MOVE"), uidPlus: has("UIDPLUS"), condStore: has("CONDSTORE"), qresync: has("QRESYNC"),
		multiAppend: has("MULTIAPPEND"), catenate: has("CATENATE"), replace: has("REPLACE"), binary: has("BINARY"),
		urlAuth: has("URLAUTH"), appendLimit: has("APPENDLIMIT"), literalPlus: has("LITERAL+"), literalMinus: has("LITERAL-"),

		idle: has("IDLE"), notify: has("NOTIFY"),

		id: has("ID"), enable: has("ENABLE"), saslIR: has("SASL-IR"), compress: has("COMPRESS=DEFLATE"),
		unselect: has("UNSELECT"), utf8Accept: has("UTF8=ACCEPT"), rev2: has("IMAP4REV2"),
	}
	// The best algorithm first: REFS (a draft that Dovecot has) does without subjects.
	for _, algorithm := range []string{"REFS", "REFERENCES", "ORDEREDSUBJECT"} {
		if has("THREAD=" + algorithm) {
			f.thread = algorithm
			break
		}
	}
	return f
}

// capSet spells the capabilities in upper case, adds what QRESYNC implies and what IMAP4rev2 has built in (RFC 9051 appendix E).
func capSet(caps []string) capabilities {
	set := make(capabilities)
	for _, c := range caps {
		set[imap.Cap(strings.ToUpper(c))] = true
	}
	if set["IMAP4REV2"] {
		for _, c := range builtIn {
			set[imap.Cap(c)] = true
		}
	}
	if set["QRESYNC"] {
		set["CONDSTORE"] = true
	}
	if set["UTF8=ONLY"] {
		set["UTF8=ACCEPT"] = true
	}
	if set["LITERAL+"] {
		set["LITERAL-"] = true
	}
	return set
}

// builtIn are the extensions that IMAP4rev2 made part of the protocol.
var builtIn = []string{
	"NAMESPACE", "UNSELECT", "UIDPLUS", "ESEARCH", "SEARCHRES", "ENABLE", "IDLE", "SASL-IR", "LIST-EXTENDED",
	"LIST-STATUS", "MOVE", "LITERAL-", "STATUS=SIZE", "CHILDREN",
}

// capabilities are spelt in upper case.
type capabilities map[imap.Cap]bool

// Has tells of a capability, with or without its argument (APPENDLIMIT=35651584, QUOTA=RES-STORAGE).
func (set capabilities) Has(c imap.Cap) bool {
	if set[c] {
		return true
	}
	if c == "APPENDLIMIT" || c == "QUOTA" {
		for other := range set {
			if strings.HasPrefix(string(other), string(c)+"=") {
				return true
			}
		}
	}
	return false
}

// clientCaps is what go-imap is told of the capabilities. It takes the mere offer of IMAP4rev2 for leave
// to send names as UTF-8, which a server that was not asked to ENABLE it takes for something else;
// so it hears of IMAP4rev1 with the extensions spelt out, unless that is all there is not.
func clientCaps(caps []string) []string {
	set := capSet(caps)
	// The names go through its parser again: only what it can read.
	odd := func(c imap.Cap) bool { return strings.ContainsAny(string(c), "()[]{}\"\\%* \t") || c == "" }
	rev2only := set["IMAP4REV2"] && !set["IMAP4REV1"]
	var list []string
	for c := range set {
		switch {
		case odd(c), c == "UTF8=ACCEPT", c == "UTF8=ONLY":
		case c == "IMAP4REV2" && rev2only:
			list = append(list, "IMAP4rev2")
		case c == "IMAP4REV1", c == "IMAP4REV2":
		default:
			list = append(list, string(c))
		}
	}
	slices.Sort(list)
	if !rev2only {
		list = append([]string{"IMAP4rev1"}, list...)
	}
	return list
}

// features returns what the server can, signing in if need be.
func (s *Session) features(ctx context.Context) (features, error) {
	var can features
	err := s.with(ctx, lease{}, func(c *conn) error {
		can = c.can
		return nil
	})
	return can, err
}
