package imapsession

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/imapsession/wire"
)

// Role is what a mailbox is for, by SPECIAL-USE (RFC 6154) or else by a known name.
type Role string

const (
	RoleNone    Role = ""
	RoleInbox   Role = "inbox"
	RoleDrafts  Role = "drafts"
	RoleSent    Role = "sent"
	RoleArchive Role = "archive"
	RoleJunk    Role = "junk"
	RoleTrash   Role = "trash"
	RoleFlagged Role = "flagged" // \Flagged, a virtual mailbox of the server's
	RoleAll     Role = "all"     // \All
)

// NamespaceKind says whose a mailbox is (RFC 2342).
type NamespaceKind string

const (
	NamespacePersonal NamespaceKind = "personal"
	NamespaceOther    NamespaceKind = "other"  // other users' mailboxes
	NamespaceShared   NamespaceKind = "shared" // public ones
)

// Mailbox is one line of the folder tree.
type Mailbox struct {
	Name       string   // decoded full name, unique within the account
	Delim      string   // hierarchy delimiter, one character, empty for a flat name
	Path       []string // Name cut at Delim, namespace prefix left out: what a person reads; never empty
	Role       Role
	Namespace  NamespaceKind
	NoSelect   bool // shown, never opened: \Noselect
	Missing    bool // \NonExistent: only here because it has children; NoSelect is true too
	Subscribed bool

	// Counts are there when Counted; a mailbox whose STATUS failed is listed without.
	Counted     bool
	Messages    uint32
	Unseen      uint32
	UIDNext     UID
	UIDValidity uint32
}

// folders is what a Session knows of its mailboxes.
type folders struct {
	mu         sync.Mutex
	list       []Mailbox
	asked      time.Time // when list was asked for; zero when there is none
	round      int       // counts invalidations
	flight     *flight   // the question under way, nil when there is none
	namespaces []Namespace
	plain      bool // the server offers LIST-EXTENDED but does not take it
}

// flight is one question that several callers wait for.
type flight struct {
	round int
	done  chan struct{}
	list  []Mailbox
	err   error
}

// Mailboxes returns the account's mailboxes: INBOX first, then the other roles
// in the order Drafts, Sent, Archive, Junk, Trash, then the rest by name, parents before
// children, personal namespace before others. The answer is kept for at most maxAge; 0 asks anew.
//
// One round trip where LIST-EXTENDED and LIST-STATUS are offered, one more for each namespace that LIST leaves out;
// else one for LIST and LSUB together and one or a few for STATUS, which is asked for the first maxStatuses mailboxes only.
// Callers who ask at the same time share one answer. A parent that the server does not list is made up, as Missing.
func (s *Session) Mailboxes(ctx context.Context, maxAge time.Duration) ([]Mailbox, error) {
	for {
		list, err, mine := s.mailboxes(ctx, maxAge)
		if err != nil && !mine && ctx.Err() == nil && isContext(err) {
			continue // whoever asked for both of us went away
		}
		return slices.Clone(list), err
	}
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// mailboxes answers from what is known, else joins the question under way, else asks itself (mine).
func (s *Session) mailboxes(ctx context.Context, maxAge time.Duration) (list []Mailbox, err error, mine bool) {
	f := &s.folders
	f.mu.Lock()
	if !f.asked.IsZero() && time.Since(f.asked) < maxAge {
		defer f.mu.Unlock()
		return f.list, nil, false
	}
	if way := f.flight; way != nil && way.round == f.round {
		f.mu.Unlock()
		select {
		case <-way.done:
			return way.list, way.err, false
		case <-ctx.Done():
			return nil, ctx.Err(), true
		}
	}
	way := &flight{round: f.round, done: make(chan struct{})}
	f.flight = way
	f.mu.Unlock()

	asked := time.Now()
	way.list, way.err = s.listMailboxes(ctx)
	f.mu.Lock()
	if f.flight == way {
		f.flight = nil
	}
	if way.err == nil && way.round == f.round {
		f.list, f.asked = way.list, asked
	}
	f.mu.Unlock()
	close(way.done)
	return way.list, way.err, true
}

// invalidate makes the next Mailboxes ask the server, whatever its maxAge.
func (s *Session) invalidate() {
	s.folders.mu.Lock()
	defer s.folders.mu.Unlock()
	s.folders.round++
	s.folders.asked = time.Time{}
}

func (s *Session) listMailboxes(ctx context.Context) (list []Mailbox, err error) {
	err = s.with(ctx, lease{}, func(c *conn) error {
		l := lister{s: s, c: c, known: make(map[string]int)}
		list, err = l.run(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mailboxes: %w", err)
	}
	return list, nil
}

// lister gathers one listing on one connection.
type lister struct {
	s          *Session
	c          *conn
	namespaces []Namespace
	list       []Mailbox
	attributes [][]string     // beside list
	known      map[string]int // index in list by key
	counted    bool           // some STATUS came with the LIST
}

func (l *lister) run(ctx context.Context) ([]Mailbox, error) {
	if err := l.learnNamespaces(ctx); err != nil {
		return nil, err
	}
	if err := l.ask(ctx); err != nil {
		return nil, err
	}
	l.addMissing()
	assignRoles(l.list, l.attributes)
	sortMailboxes(l.list)
	if !l.counted {
		if err := l.c.countEach(l.list); err != nil {
			return nil, err
		}
	}
	return l.list, nil
}

func (l *lister) learnNamespaces(ctx context.Context) (err error) {
	f := &l.s.folders
	f.mu.Lock()
	l.namespaces = f.namespaces
	f.mu.Unlock()
	if l.namespaces != nil {
		return nil
	}
	if l.namespaces, err = l.c.namespaces(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	f.namespaces = l.namespaces
	f.mu.Unlock()
	return nil
}

// ask lists everything, then the namespaces that "*" did not reach.
func (l *lister) ask(ctx context.Context) error {
	offered := l.extended()
	extended := offered
	if offered {
		var err error
		if extended, err = l.ask1(ctx, "*", l.returnOptions()); err != nil {
			return err
		}
	}
	if !extended {
		if err := l.askPlainly(ctx); err != nil {
			return err
		}
		if offered { // it is the extension that the server does not take after all
			l.s.folders.mu.Lock()
			l.s.folders.plain = true
			l.s.folders.mu.Unlock()
		}
	}
	for _, n := range l.namespaces {
		if n.Prefix == "" || n.primary || l.reached(n) {
			continue
		}
		var options []any
		if extended {
			options = l.returnOptions()
		}
		if _, err := l.ask1(ctx, n.Prefix+"*", options); err != nil {
			return err
		}
	}
	if _, ok := l.known["INBOX"]; !ok {
		// It exists for everyone (RFC 9051 section 5.1), listed or not.
		l.add(Mailbox{Name: "INBOX", Delim: l.delim()}, nil)
	}
	return nil
}

func (l *lister) extended() bool {
	l.s.folders.mu.Lock()
	defer l.s.folders.mu.Unlock()
	return l.c.can.listExtended && !l.s.folders.plain
}

func (l *lister) delim() string {
	for _, n := range l.namespaces {
		if n.primary {
			return n.Delim
		}
	}
	return ""
}

// reached tells whether something of the namespace is in the list already.
func (l *lister) reached(n Namespace) bool {
	return slices.ContainsFunc(l.list, func(m Mailbox) bool {
		return len(m.Name) > len(n.Prefix) && strings.HasPrefix(m.Name, n.Prefix)
	})
}

func (l *lister) returnOptions() []any {
	var options []any
	if l.c.can.specialUse {
		options = append(options, wire.Atom("SPECIAL-USE"))
	}
	options = append(options, wire.Atom("CHILDREN"), wire.Atom("SUBSCRIBED"))
	if l.c.can.listStatus {
		options = append(options, wire.Atom("STATUS"), statusItems)
	}
	return options
}

var statusItems = []any{wire.Atom("MESSAGES"), wire.Atom("UNSEEN"), wire.Atom("UIDNEXT"), wire.Atom("UIDVALIDITY")}

// ask1 sends one LIST and takes its answers, LIST and STATUS in whatever order they come. It goes
// past go-imap, which knows STATUS only right behind its LIST. A server that says NO or BAD has not answered.
func (l *lister) ask1(ctx context.Context, pattern string, options []any) (answered bool, err error) {
	args := []any{"", wire.Mailbox(pattern)}
	if options != nil {
		args = append(args, wire.Atom("RETURN"), options)
	}
	answer, err := l.c.wire.Command(ctx, "LIST", args, named("LIST", "STATUS"))
	if err != nil {
		return false, err
	}
	if len(l.list) == 0 {
		l.list = make([]Mailbox, 0, len(answer.Untagged)+8)
		l.attributes = make([][]string, 0, len(answer.Untagged)+8)
	}
	for _, r := range answer.Untagged {
		if r.Name == "LIST" {
			l.takeList(r)
		}
	}
	for _, r := range answer.Untagged {
		if r.Name == "STATUS" {
			l.takeStatus(r)
		}
	}
	return answer.Status == "OK", nil
}

// askPlainly is LIST and LSUB as RFC 3501 has them, in one round trip.
func (l *lister) askPlainly(ctx context.Context) error {
	var (
		subscribed *wire.Result
		lsubErr    error
		lsub       sync.WaitGroup
	)
	lsub.Go(func() {
		subscribed, lsubErr = l.c.wire.Command(ctx, "LSUB", []any{"", wire.Mailbox("*")}, named("LSUB"))
	})
	answered, err := l.ask1(ctx, "*", nil)
	lsub.Wait()
	switch {
	case err != nil:
		return err
	case lsubErr != nil:
		return lsubErr
	case !answered && len(l.list) == 0:
		return fmt.Errorf("LIST was refused: %w", ErrUnavailable)
	}
	for _, r := range subscribed.Untagged {
		if m, _, ok := readList(r); ok {
			if i, ok := l.known[mailboxKey(m.Name)]; ok {
				l.list[i].Subscribed = true
			}
		}
	}
	return nil
}

func (l *lister) takeList(r wire.Response) {
	m, attributes, ok := readList(r)
	if !ok {
		return
	}
	l.add(m, attributes)
}

// add puts a mailbox into the list unless it is there, or is nothing but the root of a namespace that is not ours.
func (l *lister) add(m Mailbox, attributes []string) {
	key := mailboxKey(m.Name)
	if _, there := l.known[key]; there {
		return
	}
	n := namespaceOf(l.namespaces, m.Name)
	if n.Kind != NamespacePersonal && m.NoSelect && m.Name == n.root() {
		return
	}
	m.Namespace = n.Kind
	m.Path = n.path(m.Name, m.Delim)
	l.known[key] = len(l.list)
	l.list = append(l.list, m)
	l.attributes = append(l.attributes, attributes)
}

// readList reads (attributes) delimiter name.
func readList(r wire.Response) (m Mailbox, attributes []string, ok bool) {
	if len(r.Fields) < 3 {
		return m, nil, false
	}
	name, ok := r.Fields[2].(string)
	if !ok || name == "" {
		return m, nil, false
	}
	m.Name = mailboxName(name)
	if strings.EqualFold(m.Name, "INBOX") {
		m.Name = "INBOX"
	}
	m.Delim, _ = r.Fields[1].(string)
	list, _ := r.Fields[0].([]any)
	attributes = make([]string, 0, len(list))
	for _, a := range list {
		attribute, _ := a.(string)
		attributes = append(attributes, attribute)
		switch strings.ToLower(attribute) {
		case "\\noselect":
			m.NoSelect = true
		case "\\nonexistent":
			m.NoSelect, m.Missing = true, true
		case "\\subscribed":
			m.Subscribed = true
		}
	}
	return m, attributes, true
}

// mailboxName decodes a name as the server sent it; what can't be decoded comes back in a form
// that leads to the same octets when it is sent again.
func mailboxName(raw string) string { return wire.MailboxName(raw) }

// mailboxKey is equal for names of the same mailbox.
func mailboxKey(name string) string {
	if strings.EqualFold(name, "INBOX") {
		return "INBOX"
	}
	return name
}

func (l *lister) takeStatus(r wire.Response) {
	if len(r.Fields) < 2 {
		return
	}
	name, _ := r.Fields[0].(string)
	i, ok := l.known[mailboxKey(mailboxName(name))]
	if !ok {
		return
	}
	messages, ok := number(r, "MESSAGES")
	if !ok {
		return
	}
	unseen, _ := number(r, "UNSEEN")
	next, _ := number(r, "UIDNEXT")
	validity, _ := number(r, "UIDVALIDITY")
	m := &l.list[i]
	m.Counted, m.Messages, m.Unseen, m.UIDNext, m.UIDValidity = true, messages, unseen, UID(next), validity
	l.counted = true
}

func number(r wire.Response, item string) (uint32, bool) {
	v, ok := r.Item(item)
	if !ok {
		return 0, false
	}
	s, _ := v.(string)
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil
}

// maxLevels is how deep a name may lie that gets parents made up: each of a thousand levels would cost a line that is as long.
const maxLevels = 64

// addMissing makes up the parents that the server left out, so that every line but the top ones has one.
func (l *lister) addMissing() {
	for i := 0; i < len(l.list); i++ { // grows as it goes
		m := l.list[i]
		n := namespaceOf(l.namespaces, m.Name)
		if m.Delim == "" || len(m.Path) > maxLevels {
			continue
		}
		cut := strings.LastIndex(m.Name, m.Delim)
		if cut <= 0 || len(m.Name[:cut]) <= len(n.root()) && n.Prefix != "" {
			continue
		}
		parent := m.Name[:cut]
		if _, there := l.known[mailboxKey(parent)]; !there {
			l.add(Mailbox{Name: parent, Delim: m.Delim, NoSelect: true, Missing: true}, nil)
		}
	}
}

// maxStatuses bounds how many mailboxes are counted on a server without LIST-STATUS, where each is
// opened for it; those beyond, in the order of the list, come without counts.
const maxStatuses = 500

// statusesAtOnce are in flight together: few enough that the server's answers never
// have to wait for us to finish writing.
const statusesAtOnce = 32

// countEach asks for the counts one by one, pipelined. A NO costs its mailbox the counts, nothing else.
func (c *conn) countEach(list []Mailbox) error {
	type asked struct {
		box *Mailbox
		cmd *imapclient.StatusCommand
	}
	var flying []asked
	land := func() error {
		next := flying[0]
		flying = flying[1:]
		data, err := next.cmd.Wait()
		if isTagged(err) {
			return nil
		}
		if err != nil {
			return err
		}
		next.box.take(data)
		return nil
	}
	for i, left := 0, maxStatuses; i < len(list) && left > 0; i++ {
		if list[i].NoSelect {
			continue
		}
		left--
		if len(flying) == statusesAtOnce {
			if err := land(); err != nil {
				return err
			}
		}
		flying = append(flying, asked{&list[i], c.Status(list[i].Name, &imap.StatusOptions{
			NumMessages: true, NumUnseen: true, UIDNext: true, UIDValidity: true,
		})})
	}
	for len(flying) > 0 {
		if err := land(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mailbox) take(data *imap.StatusData) {
	if data.NumMessages == nil {
		return
	}
	m.Counted, m.Messages, m.UIDNext, m.UIDValidity = true, *data.NumMessages, data.UIDNext, data.UIDValidity
	if data.NumUnseen != nil {
		m.Unseen = *data.NumUnseen
	}
}

// place is where a role stands in the list.
var place = map[Role]int{RoleInbox: -6, RoleDrafts: -5, RoleSent: -4, RoleArchive: -3, RoleJunk: -2, RoleTrash: -1}

var placeOfNamespace = map[NamespaceKind]int{NamespacePersonal: 0, NamespaceOther: 1, NamespaceShared: 2}

func sortMailboxes(list []Mailbox) {
	type key struct {
		place, namespace int
		levels           []string // in small letters
		m                Mailbox
	}
	keys := make([]*key, len(list))
	for i, m := range list {
		keys[i] = &key{place[m.Role], placeOfNamespace[m.Namespace], make([]string, len(m.Path)), m}
		for j, level := range m.Path {
			keys[i].levels[j] = strings.ToLower(level)
		}
	}
	slices.SortStableFunc(keys, func(a, b *key) int {
		if c := cmp.Or(a.place-b.place, a.namespace-b.namespace); c != 0 {
			return c
		}
		if c := slices.Compare(a.levels, b.levels); c != 0 {
			return c
		}
		return strings.Compare(a.m.Name, b.m.Name)
	})
	for i, k := range keys {
		list[i] = k.m
	}
}
