package replay

import (
	"regexp"
	"strings"
	"time"
)

// Script is one transcript file. See the package comment for the form.
type Script struct {
	File, Title, Greeting      string
	Quirk, Expect, Source      []string
	User, Pass                 string
	TLS                        string // none, starttls, implicit
	CapsPre, Caps, CapsTLS     string
	CapsInLogin, LoginDisabled bool
	Preauth                    bool
	Delim                      string
	Namespace                  string
	Continuation               string
	Reverse                    bool // FETCH answers last first
	Mailboxes                  []*Mailbox
	Rules                      []*Rule
	Idle                       []*Rule
	Data                       map[string][]byte
	Strict                     bool // no built-in answers: only rules
}

// Mailbox is a mailbox of the built-in server.
type Mailbox struct {
	Name        string // as on the wire (modified UTF-7 or raw bytes), unquoted
	Wire        string // how LIST writes it, if not derived from Name
	Attrs       string
	UIDValidity uint32
	UIDNext     uint32
	ReadOnly    bool
	NoRecent    bool
	NotSticky   bool
	NoPerm      bool
	NoSelect    bool
	Msgs        []*Msg
}

// Msg is a message of the built-in server.
type Msg struct {
	UID       uint32
	Flags     map[string]bool
	Raw       []byte
	Date      string
	Envelope  string            // raw override
	Structure string            // raw override
	Size      string            // raw override
	Attr      map[string]string // given when asked for
	Always    string            // added to each FETCH answer
	Hidden    bool
	Name      string
}

// Step is a line of a rule: something said or something done.
type Step struct {
	Kind string // S or X
	Text string
}

// Rule says what happens at a command.
type Rule struct {
	Kind  string // on, before, tail, seq, idle
	Src   string
	Re    *regexp.Regexp
	Times int // 0: any number
	Used  int
	After time.Duration
	Steps []Step
}

func (s *Script) find(name string) *Mailbox {
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	for _, m := range s.Mailboxes {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// visible gives the mailbox's messages that are not hidden.
func (m *Mailbox) visible() []*Msg {
	var shown []*Msg
	for _, x := range m.Msgs {
		if !x.Hidden {
			shown = append(shown, x)
		}
	}
	return shown
}
