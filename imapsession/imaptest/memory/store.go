package memory

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// delimiter parts the levels of a mailbox name.
const delimiter = "/"

// Reasons why a store refuses, each with its response code.
var (
	errNonExistent = errors.New("[NONEXISTENT] no such mailbox")
	errExists      = errors.New("[ALREADYEXISTS] mailbox exists")
	errOverQuota   = errors.New("[OVERQUOTA] quota exceeded")
	errBadName     = errors.New("[CANNOT] no such name for a mailbox")
	errInbox       = errors.New("[CANNOT] INBOX cannot be deleted")
	errUseAttr     = errors.New("[USEATTR] special use not supported or taken")
)

// specialUses are the attributes of RFC 6154 that a mailbox here may have.
var specialUses = []string{`\Drafts`, `\Sent`, `\Junk`, `\Trash`, `\Archive`}

// User is one person's mail.
type User struct {
	quota int64

	mu           sync.Mutex // guards all below, with every mailbox and every message's flags
	mailboxes    map[string]*mailbox
	subscribed   map[string]bool
	lastValidity uint32
	used         int64 // octets of all messages
}

// mailbox is guarded by its User's mu.
type mailbox struct {
	name        string // UTF-8
	use         string // `\Sent` and such, or ""
	noSelect    bool   // deleted, but there to hold its children
	uidValidity uint32
	uidNext     uint32
	modseq      uint64     // of the last change
	messages    []*message // by ascending UID
	watchers    map[chan<- struct{}]bool
}

type message struct {
	uid     uint32
	date    time.Time // INTERNALDATE
	content *content  // shared by copies

	flags   []string // never changed in place; guarded by the User's mu, as is all below
	modseq  uint64
	removed bool
}

// Content is a message as it was sent, such as an *io.SectionReader.
type Content interface {
	io.ReaderAt
	Size() int64
}

func newUser(quota int64) *User {
	u := &User{
		quota:      quota,
		mailboxes:  map[string]*mailbox{},
		subscribed: map[string]bool{},
		// What is kept in memory is gone with the process: the next one's numbers must differ, or
		// clients would show from their caches what these messages are not.
		lastValidity: uint32(time.Now().Unix()),
	}
	u.add("INBOX", "")
	for _, use := range specialUses {
		u.add(use[1:], use)
	}
	return u
}

func (u *User) add(name, use string) *mailbox {
	u.lastValidity++
	m := &mailbox{name: name, use: use, uidValidity: u.lastValidity, uidNext: 1, modseq: 1, watchers: map[chan<- struct{}]bool{}}
	u.mailboxes[name] = m
	u.subscribed[name] = true
	return m
}

// Append stores a message and returns its UID. The zero date is now. raw is kept and must not change.
func (u *User) Append(mailbox string, raw []byte, date time.Time, flags ...string) (uint32, error) {
	return u.store(mailbox, newContent(raw), date, flags)
}

// AppendContent is Append of a message that is read when it is asked for, by several goroutines at once.
// It is read through now, too, for its structure, so that no reader waits for that later.
func (u *User) AppendContent(mailbox string, c Content, date time.Time, flags ...string) (uint32, error) {
	kept := &content{Content: c}
	kept.structure()
	return u.store(mailbox, kept, date, flags)
}

func (u *User) store(mailbox string, c *content, date time.Time, flags []string) (uint32, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	m, err := u.selectable(mailbox)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", mailbox, err)
	}
	return u.append(m, c, date, flags)
}

func (u *User) append(m *mailbox, c *content, date time.Time, flags []string) (uint32, error) {
	if u.quota > 0 && u.used+c.Size() > u.quota {
		return 0, errOverQuota
	}
	u.used += c.Size()
	if date.IsZero() {
		date = time.Now()
	}
	m.modseq++
	x := &message{uid: m.uidNext, date: date, content: c, flags: canonicalFlags(flags), modseq: m.modseq}
	m.uidNext++
	m.messages = append(m.messages, x)
	m.notify()
	return x.uid, nil
}

// Create makes a mailbox, subscribed, with a special use (`\Archive`) or "".
func (u *User) Create(name, use string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.create(name, use)
}

func (u *User) create(name, use string) error {
	name = strings.TrimSuffix(name, delimiter)
	if !goodName(name) {
		return errBadName
	}
	if use != "" && !u.useFree(use) {
		return errUseAttr
	}
	if m := u.find(name); m != nil {
		if !m.noSelect {
			return errExists
		}
		m.noSelect = false
		return nil
	}
	if parent, _, nested := cutLast(name); nested && u.find(parent) == nil {
		if err := u.create(parent, ""); err != nil {
			return err
		}
	}
	u.add(name, use)
	return nil
}

func (u *User) useFree(use string) bool {
	for _, m := range u.mailboxes {
		if m.use == use {
			return false
		}
	}
	return slices.Contains(specialUses, use)
}

func goodName(name string) bool {
	return name != "" && !strings.HasPrefix(name, delimiter) && !strings.Contains(name, delimiter+delimiter) &&
		!strings.ContainsAny(name, "\x00\r\n") && len(name) < 1000
}

// cutLast parts a name into its parent and its last level.
func cutLast(name string) (parent, last string, nested bool) {
	i := strings.LastIndex(name, delimiter)
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// find returns the mailbox, nil when there is none. INBOX is so in any case (RFC 3501 section 5.1).
func (u *User) find(name string) *mailbox {
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	return u.mailboxes[name]
}

func (u *User) selectable(name string) (*mailbox, error) {
	m := u.find(name)
	if m == nil || m.noSelect {
		return nil, errNonExistent
	}
	return m, nil
}

// children are the names below a mailbox.
func (u *User) children(name string) []string {
	var names []string
	for n := range u.mailboxes {
		if strings.HasPrefix(n, name+delimiter) {
			names = append(names, n)
		}
	}
	return names
}

func (u *User) delete(name string) error {
	m := u.find(name)
	switch {
	case m == nil:
		return errNonExistent
	case m.name == "INBOX":
		return errInbox
	}
	u.remove(m, slices.Clone(m.messages))
	if len(u.children(m.name)) > 0 {
		m.noSelect, m.use = true, ""
		return nil
	}
	delete(u.mailboxes, m.name)
	return nil
}

// rename moves a mailbox with all that is below it; INBOX stays and only its messages move (RFC 3501 section 6.3.5).
func (u *User) rename(from, to string) error {
	to = strings.TrimSuffix(to, delimiter)
	m := u.find(from)
	switch {
	case m == nil:
		return errNonExistent
	case u.find(to) != nil:
		return errExists
	case !goodName(to) || strings.HasPrefix(to, m.name+delimiter):
		return errBadName
	}
	if parent, _, nested := cutLast(to); nested && u.find(parent) == nil {
		if err := u.create(parent, ""); err != nil {
			return err
		}
	}
	if m.name == "INBOX" {
		return u.moveInbox(m, to)
	}
	from = m.name
	for _, name := range append(u.children(from), from) {
		x := u.mailboxes[name]
		delete(u.mailboxes, name)
		x.name = to + strings.TrimPrefix(name, from)
		u.mailboxes[x.name] = x
		// Subscriptions go along: people rename a folder and expect to see it still.
		if u.subscribed[name] {
			delete(u.subscribed, name)
			u.subscribed[x.name] = true
		}
	}
	return nil
}

func (u *User) moveInbox(inbox *mailbox, to string) error {
	target := u.add(to, "")
	for _, x := range inbox.messages {
		u.used -= x.content.Size() // append counts it anew
		if _, err := u.append(target, x.content, x.date, x.flags); err != nil {
			return err
		}
		u.used += x.content.Size() // and remove takes it off
	}
	u.remove(inbox, slices.Clone(inbox.messages))
	return nil
}

// remove takes messages out of a mailbox for good.
func (u *User) remove(m *mailbox, gone []*message) {
	if len(gone) == 0 {
		return
	}
	m.modseq++
	for _, x := range gone {
		if !x.removed {
			x.removed = true
			u.used -= x.content.Size()
		}
	}
	m.messages = slices.DeleteFunc(slices.Clone(m.messages), func(x *message) bool { return x.removed })
	m.notify()
}

// setFlags replaces a message's flags and says whether that changed them.
func (m *mailbox) setFlags(x *message, flags []string) bool {
	flags = canonicalFlags(flags)
	if slices.Equal(flags, x.flags) {
		return false
	}
	m.modseq++
	x.flags, x.modseq = flags, m.modseq
	m.notify()
	return true
}

// notify wakes the sessions that idle on the mailbox.
func (m *mailbox) notify() {
	for w := range m.watchers {
		select {
		case w <- struct{}{}:
		default: // it has not yet seen to the last one
		}
	}
}

func (m *mailbox) unseen() int {
	n := 0
	for _, x := range m.messages {
		if !hasFlag(x.flags, `\Seen`) {
			n++
		}
	}
	return n
}

// systemFlags in the order that they are listed.
var systemFlags = []string{`\Answered`, `\Flagged`, `\Deleted`, `\Seen`, `\Draft`}

// canonicalFlags spells system flags as RFC 3501 does, leaves keywords as they are, drops doubles in any
// case (a keyword is the same in any), and sorts.
func canonicalFlags(flags []string) []string {
	var out []string
	for _, f := range flags {
		if strings.EqualFold(f, `\Recent`) || hasFlag(out, f) {
			continue
		}
		if i := slices.IndexFunc(systemFlags, func(s string) bool { return strings.EqualFold(s, f) }); i >= 0 {
			f = systemFlags[i]
		}
		out = append(out, f)
	}
	slices.Sort(out)
	return out
}

func hasFlag(flags []string, flag string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, flag) })
}

// keywords are all flags in use in the mailbox that are not system flags.
func (m *mailbox) keywords() []string {
	var all []string
	for _, x := range m.messages {
		for _, f := range x.flags {
			if f[0] != '\\' && !hasFlag(all, f) {
				all = append(all, f)
			}
		}
	}
	slices.Sort(all)
	return all
}
