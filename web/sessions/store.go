package sessions

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/sessions"
)

// Account is one mail login of a session. Its Secret never prints.
type Account struct {
	Server string // the caller's name for the server
	User   string
	Secret Secret
}

// Secret is a password that does not print.
type Secret string

func (Secret) String() string       { return "[secret]" }
func (Secret) GoString() string     { return "[secret]" }
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText keeps it out of every JSON but the sealed one.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// sealedAccount is an Account as it is written into the seal.
type sealedAccount struct{ Server, User, Secret string }

// Record is what a session remembers.
type Record struct {
	Accounts []Account
	Agent    string    // the browser in words, for the list of sessions; set before the first Save
	Created  time.Time // set by the Store
	Seen     time.Time // set by the Store
}

// Options of a Store. Master and Backend are needed.
type Options struct {
	Master   MasterKey
	Backend  Backend
	Idle     time.Duration    // a session unused for so long ends; 0 is 12 h
	Absolute time.Duration    // a session ends after so long in any case; 0 is 30 days
	Path     string           // the cookie's path where its name is not __Host-; "" is "/"
	Clock    func() time.Time // nil is time.Now
}

// Store is a gorilla/sessions Store. Sessions it gives hold their *Record under RecordKey.
type Store struct{ o Options }

var _ sessions.Store = (*Store)(nil)

type valueKey int

// RecordKey is where Session.Values has the *Record; From reads it.
const (
	RecordKey valueKey = iota
	ticketKey
)

// touchEvery is how stale the stored moment of last use may be, at most a tenth of Idle.
const touchEvery = 5 * time.Minute

// New returns a Store. Closing the backend stays the caller's.
func New(o Options) *Store {
	if o.Idle == 0 {
		o.Idle = 12 * time.Hour
	}
	if o.Absolute == 0 {
		o.Absolute = 30 * 24 * time.Hour
	}
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Store{o: o}
}

// CookieName is the name a session's cookie has to have. __Host- lets no other host of the domain set it, but
// wants https and the path "/"; beneath a base path the cookie is better kept from the host's other applications.
func CookieName(https bool, base string) string {
	switch {
	case https && base == "":
		return "__Host-godwit"
	case https:
		return "__Secure-godwit"
	default:
		return "godwit"
	}
}

// From gives the session's record, nil for one that is not signed in.
func From(session *sessions.Session) *Record {
	r, _ := session.Values[RecordKey].(*Record)
	return r
}

// Get gives the request's session, the same one for every call.
func (s *Store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the session that the request's cookie names. Without one, or when its record is gone, expired or
// does not open, the session is a new one and the error nil; an error means the backend failed.
func (s *Store) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.IsNew = true
	session.Options = s.cookieOptions(name)
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	t, ok := parseTicket(cookie.Value)
	if !ok {
		return session, nil
	}
	record, err := s.load(r.Context(), t)
	if errors.Is(err, ErrNoEntry) || errors.Is(err, errSeal) {
		return session, nil
	}
	if err != nil {
		return session, fmt.Errorf("session record: %w", err)
	}
	session.IsNew = false
	session.ID = idString(t.id())
	session.Values[RecordKey] = record
	session.Values[ticketKey] = t
	return session, nil
}

func (s *Store) cookieOptions(name string) *sessions.Options {
	o := &sessions.Options{
		Path:     s.o.Path,
		MaxAge:   int(s.o.Absolute / time.Second),
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   strings.HasPrefix(name, "__Host-") || strings.HasPrefix(name, "__Secure-"),
	}
	if strings.HasPrefix(name, "__Host-") {
		o.Path = "/"
	}
	return o
}

func (s *Store) load(ctx context.Context, t ticket) (*Record, error) {
	e, err := s.o.Backend.Get(ctx, t.id())
	if err != nil {
		return nil, err
	}
	now := s.o.Clock()
	if s.expired(&e, now) {
		return nil, errors.Join(ErrNoEntry, s.o.Backend.Delete(ctx, e.ID))
	}
	plain, err := open(recordCipher(s.o.Master, t), e.Record, e.bind())
	if err != nil {
		return nil, err
	}
	record := &Record{Created: e.Created, Seen: e.Seen}
	if record.Accounts, err = decodeAccounts(plain); err != nil {
		return nil, err
	}
	if now.Sub(e.Seen) >= min(touchEvery, s.o.Idle/10) {
		// Deleted meanwhile means signed out meanwhile.
		if err := s.o.Backend.Touch(ctx, e.ID, now.Truncate(time.Second)); err != nil {
			return nil, err
		}
		record.Seen = now
	}
	return record, nil
}

// expired also ends an entry from the future: only someone who wrote to the store can have made it.
func (s *Store) expired(e *Entry, now time.Time) bool {
	const skew = time.Minute // replicas' clocks differ
	return now.Sub(e.Created) >= s.o.Absolute || now.Sub(e.Seen) >= s.o.Idle ||
		e.Created.After(now.Add(skew)) || e.Seen.After(now.Add(skew))
}

// Renew makes the next Save give the session a new ID and key and delete the record under the old one. Sign-in does so, or
// whoever planted or saw the old cookie would be signed in too.
func Renew(session *sessions.Session) { session.IsNew = true }

// Save stores the session's record and sets its cookie. A new session always gets an ID and key made here, whatever the
// request's cookie said. With Options.MaxAge below zero it deletes record and cookie instead.
func (s *Store) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	old, had := session.Values[ticketKey].(ticket)
	if session.Options.MaxAge < 0 {
		if had {
			if err := s.o.Backend.Delete(r.Context(), old.id()); err != nil {
				return fmt.Errorf("delete session record: %w", err)
			}
		}
		delete(session.Values, ticketKey)
		delete(session.Values, RecordKey)
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return nil
	}
	record := From(session)
	if record == nil || len(record.Accounts) == 0 {
		return errors.New("a session without an account is not kept")
	}
	if had && !session.IsNew {
		return s.rewrite(r.Context(), old, record)
	}
	t := newTicket()
	var oldID ID
	if had {
		oldID = old.id()
	}
	if err := s.put(r.Context(), t, record, oldID); err != nil {
		return err
	}
	session.IsNew = false
	session.ID = idString(t.id())
	session.Values[ticketKey] = t
	http.SetCookie(w, sessions.NewCookie(session.Name(), t.cookie(), session.Options))
	return nil
}

func (s *Store) put(ctx context.Context, t ticket, record *Record, old ID) error {
	now := s.o.Clock().Truncate(time.Second)
	record.Created, record.Seen = now, now
	e := Entry{ID: t.id(), Owner: ownerOf(s.o.Master, record.Accounts[0]), Created: now, Seen: now}
	plain, err := encodeAccounts(record.Accounts)
	if err != nil {
		return err
	}
	e.Record = seal(recordCipher(s.o.Master, t), plain, e.bind())
	e.Label = seal(labelCipher(s.o.Master), []byte(record.Agent), e.bind())
	if err := s.o.Backend.Put(ctx, e, old); err != nil {
		return fmt.Errorf("store session record: %w", err)
	}
	return nil
}

// rewrite keeps ID, key and age. The first account stays the owner.
func (s *Store) rewrite(ctx context.Context, t ticket, record *Record) error {
	e, err := s.o.Backend.Get(ctx, t.id())
	if err != nil {
		return fmt.Errorf("session record: %w", err)
	}
	plain, err := encodeAccounts(record.Accounts)
	if err != nil {
		return err
	}
	if err := s.o.Backend.Replace(ctx, e.ID, seal(recordCipher(s.o.Master, t), plain, e.bind())); err != nil {
		return fmt.Errorf("store session record: %w", err)
	}
	return nil
}

func encodeAccounts(accounts []Account) ([]byte, error) {
	sealed := make([]sealedAccount, len(accounts))
	for i, a := range accounts {
		sealed[i] = sealedAccount{a.Server, a.User, string(a.Secret)}
	}
	return json.Marshal(sealed)
}

func decodeAccounts(plain []byte) ([]Account, error) {
	var sealed []sealedAccount
	if err := json.Unmarshal(plain, &sealed); err != nil || len(sealed) == 0 {
		return nil, errors.Join(errSeal, err)
	}
	accounts := make([]Account, len(sealed))
	for i, a := range sealed {
		accounts[i] = Account{a.Server, a.User, Secret(a.Secret)}
	}
	return accounts, nil
}

// Info is one line of the list of an account's sessions.
type Info struct {
	ID            string // as Session.ID has it
	Agent         string
	Created, Seen time.Time
}

// List gives the live sessions of an account's owner, last used first.
func (s *Store) List(ctx context.Context, account Account) ([]Info, error) {
	entries, err := s.o.Backend.List(ctx, ownerOf(s.o.Master, account))
	if err != nil {
		return nil, fmt.Errorf("session records: %w", err)
	}
	now, labels := s.o.Clock(), labelCipher(s.o.Master)
	var list []Info
	for _, e := range entries {
		if s.expired(&e, now) {
			continue
		}
		agent, err := open(labels, e.Label, e.bind())
		if err != nil {
			continue
		}
		list = append(list, Info{ID: idString(e.ID), Agent: string(agent), Created: e.Created, Seen: e.Seen})
	}
	slices.SortFunc(list, func(a, b Info) int { return b.Seen.Compare(a.Seen) })
	return list, nil
}

// RevokeAll deletes all records of an account's owner ("sign out everywhere") and gives their IDs.
func (s *Store) RevokeAll(ctx context.Context, account Account) ([]string, error) {
	entries, err := s.o.Backend.List(ctx, ownerOf(s.o.Master, account))
	if err != nil {
		return nil, fmt.Errorf("session records: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if err := s.o.Backend.Delete(ctx, e.ID); err != nil {
			return ids, fmt.Errorf("delete session record: %w", err)
		}
		ids = append(ids, idString(e.ID))
	}
	return ids, nil
}

// Sweep deletes what has expired and says how many records that were.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	now := s.o.Clock()
	return s.o.Backend.Sweep(ctx, now.Add(-s.o.Absolute), now.Add(-s.o.Idle))
}

// Ready tells why records can't be read now.
func (s *Store) Ready(ctx context.Context) error { return s.o.Backend.Ready(ctx) }

// Key derives a key for another purpose from the master key, so that one secret is enough to configure.
func (s *Store) Key(purpose string) []byte { return deriveKey(s.o.Master, "godwit key v1 "+purpose) }

func idString(id ID) string { return hex.EncodeToString(id[:]) }
