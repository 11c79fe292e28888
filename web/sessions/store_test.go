package sessions

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"
)

const cookieName = "__Host-godwit"

var ada = Account{Server: "mail.example", User: "ada@example.org", Secret: "correct horse"}

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func newStore(t *testing.T, b Backend) (*Store, *clock) {
	t.Helper()
	c := &clock{now: day}
	return New(Options{Master: MasterKey{1, 2, 3}, Backend: b, Clock: func() time.Time { return c.now }}), c
}

func request(t *testing.T, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "https://mail.example/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// get is what a request with the cookie finds.
func get(t *testing.T, s *Store, cookie *http.Cookie) *sessions.Session {
	t.Helper()
	session, err := s.Get(request(t, cookie), cookieName)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// storeSession saves session and returns the cookie that was set, nil for none.
func storeSession(t *testing.T, s *Store, session *sessions.Session) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.Save(request(t), w, session); err != nil {
		t.Fatal(err)
	}
	if cookies := w.Result().Cookies(); len(cookies) > 0 {
		return cookies[0]
	}
	return nil
}

func signIn(t *testing.T, s *Store, with *http.Cookie, agent string) *http.Cookie {
	t.Helper()
	session := get(t, s, with)
	session.Values[RecordKey] = &Record{Accounts: []Account{ada}, Agent: agent}
	Renew(session)
	return storeSession(t, s, session)
}

var none = &http.Cookie{Name: "other", Value: "x"}

func TestSignInThenRead(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		s, _ := newStore(t, b)
		cookie := signIn(t, s, none, "Firefox")
		if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != 30*24*3600 {
			t.Errorf("cookie = %v, want HttpOnly, Secure, Lax, Path=/, 30 days", cookie)
		}
		session := get(t, s, cookie)
		record := From(session)
		if session.IsNew || record == nil || !slices.Equal(record.Accounts, []Account{ada}) || !record.Created.Equal(day) {
			t.Errorf("record = %+v, want ada's", record)
		}
		if session.ID == "" || strings.Contains(cookie.Value, session.ID) {
			t.Errorf("ID = %q, want one that is not in the cookie", session.ID)
		}
	})
}

func TestRestartSignsNobodyOut(t *testing.T) {
	dir := t.TempDir()
	var cookie *http.Cookie
	for restart := range 2 {
		master, err := LoadMasterKey(dir)
		if err != nil {
			t.Fatal(err)
		}
		b, err := OpenFile(dir)
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{Master: master, Backend: b})
		if restart == 0 {
			cookie = signIn(t, s, none, "")
		} else if From(get(t, s, cookie)) == nil {
			t.Error("signed out by a restart")
		}
		b.Close()
	}
}

func TestExpiry(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps []time.Duration
		alive bool
	}{
		{"just used", []time.Duration{time.Second}, true},
		{"idle for nearly 12 h", []time.Duration{12*time.Hour - time.Second}, true},
		{"idle for 12 h", []time.Duration{12 * time.Hour}, false},
		{"used every 11 h for 29 days", slices.Repeat([]time.Duration{11 * time.Hour}, 63), true},
		{"used every 11 h for 30 days", slices.Repeat([]time.Duration{11 * time.Hour}, 66), false},
		{"clock set back by a day", []time.Duration{-24 * time.Hour}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b Backend) {
				s, c := newStore(t, b)
				cookie := signIn(t, s, none, "")
				var alive bool
				for _, d := range tt.steps {
					c.advance(d)
					alive = From(get(t, s, cookie)) != nil
				}
				if alive != tt.alive {
					t.Errorf("alive = %v, want %v", alive, tt.alive)
				}
			})
		})
	}
}

// A session read once a second must not write once a second.
func TestUseIsWrittenRarely(t *testing.T) {
	m := &countingBackend{Memory: NewMemory()}
	s, c := newStore(t, m)
	cookie := signIn(t, s, none, "")
	for range 600 {
		c.advance(time.Second)
		get(t, s, cookie)
	}
	if m.touches != 2 {
		t.Errorf("touches in 10 min of use = %d, want 2", m.touches)
	}
}

type countingBackend struct {
	*Memory
	touches int
}

func (b *countingBackend) Touch(ctx context.Context, id ID, seen time.Time) error {
	b.touches++
	return b.Memory.Touch(ctx, id, seen)
}

func TestSweepTakesTheExpired(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		s, c := newStore(t, b)
		signIn(t, s, none, "")
		c.advance(11 * time.Hour)
		live := signIn(t, s, none, "")
		c.advance(time.Hour + time.Second)
		if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("Sweep = %d, %v, want 1", n, err)
		}
		if From(get(t, s, live)) == nil {
			t.Error("the live session was swept")
		}
	})
}

// Whoever plants a cookie before sign-in must not hold the session afterwards, whether the cookie is made up or an own, valid one.
func TestFixation(t *testing.T) {
	s, _ := newStore(t, NewMemory())
	planted := &http.Cookie{Name: cookieName, Value: newTicket().cookie()}
	after := signIn(t, s, planted, "")
	if after.Value == planted.Value || From(get(t, s, planted)) != nil {
		t.Error("the made-up cookie is signed in")
	}
	again := signIn(t, s, after, "")
	if again.Value == after.Value {
		t.Error("the second sign-in kept the cookie")
	}
	if From(get(t, s, after)) != nil {
		t.Error("the cookie from before the second sign-in is still signed in")
	}
	if From(get(t, s, again)) == nil {
		t.Error("the new cookie is not signed in")
	}
}

func TestSignOutRevokes(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		s, _ := newStore(t, b)
		cookie := signIn(t, s, none, "")
		session := get(t, s, cookie)
		session.Options.MaxAge = -1
		gone := storeSession(t, s, session)
		if gone == nil || gone.MaxAge >= 0 || gone.Value != "" {
			t.Errorf("cookie after sign-out = %v, want a deletion", gone)
		}
		if From(get(t, s, cookie)) != nil {
			t.Error("the old cookie still opens the record")
		}
	})
}

func TestSaveKeepsCookieWithoutRenew(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		s, _ := newStore(t, b)
		cookie := signIn(t, s, none, "")
		session := get(t, s, cookie)
		other := Account{Server: "other.example", User: "ada", Secret: "2"}
		From(session).Accounts = append(From(session).Accounts, other)
		if set := storeSession(t, s, session); set != nil {
			t.Errorf("Save set the cookie %v, want none", set)
		}
		if got := From(get(t, s, cookie)).Accounts; !slices.Equal(got, []Account{ada, other}) {
			t.Errorf("accounts = %v, want both", got)
		}
	})
}

func TestListAndSignOutEverywhere(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		s, c := newStore(t, b)
		one := signIn(t, s, none, "Firefox on Linux")
		c.advance(time.Hour)
		two := signIn(t, s, none, "Chrome on Android")
		session := get(t, s, none)
		bob := Account{Server: ada.Server, User: "bob@example.org", Secret: "x"}
		session.Values[RecordKey] = &Record{Accounts: []Account{bob}}
		bobs := storeSession(t, s, session)

		list, err := s.List(t.Context(), ada)
		if err != nil || len(list) != 2 || list[0].Agent != "Chrome on Android" || list[1].Agent != "Firefox on Linux" || !list[1].Created.Equal(day) {
			t.Errorf("List = %+v, %v, want Chrome, then Firefox", list, err)
		}
		shouting := ada
		shouting.User = "ADA@Example.org" // the same person, who typed another case
		ids, err := s.RevokeAll(t.Context(), shouting)
		if err != nil || len(ids) != 2 {
			t.Errorf("RevokeAll = %v, %v, want two", ids, err)
		}
		if From(get(t, s, one)) != nil || From(get(t, s, two)) != nil {
			t.Error("a session outlived signing out everywhere")
		}
		if From(get(t, s, bobs)) == nil {
			t.Error("someone else was signed out too")
		}
	})
}

// Nothing that a thief may change in a stored entry may open.
func TestTamperedEntryDoesNotOpen(t *testing.T) {
	m := NewMemory()
	s, _ := newStore(t, m)
	cookie := signIn(t, s, none, "agent")
	tk, _ := parseTicket(cookie.Value)
	intact, err := m.Get(t.Context(), tk.id())
	if err != nil {
		t.Fatal(err)
	}
	stored := encode(intact)
	const seen = 32 + 8 // the moment of last use moves without the key; a later one than now ends the session
	for i := range stored {
		if i >= seen && i < seen+8 {
			continue
		}
		changed := slices.Clone(stored)
		changed[i] ^= 1
		e, err := decode(intact.ID, changed)
		if err != nil {
			continue
		}
		if _, err := open(recordCipher(s.o.Master, tk), e.Record, e.bind()); err == nil {
			// A byte of the label leaves the record alone, and the label shut.
			if _, err := open(labelCipher(s.o.Master), e.Label, e.bind()); err == nil {
				t.Errorf("octet %d changed and everything opens", i)
			}
		}
	}
	moved := intact
	moved.ID = ID{7}
	if _, err := open(recordCipher(s.o.Master, tk), moved.Record, moved.bind()); err == nil {
		t.Error("the record opens in another place")
	}
}

func TestTamperedCookieDoesNotOpen(t *testing.T) {
	s, _ := newStore(t, NewMemory())
	cookie := signIn(t, s, none, "")
	for i := range cookie.Value {
		for _, c := range []byte("Aq_") {
			changed := []byte(cookie.Value)
			if changed[i] == c {
				continue
			}
			changed[i] = c
			if session := get(t, s, &http.Cookie{Name: cookieName, Value: string(changed)}); From(session) != nil {
				t.Errorf("character %d as %q still opens", i, c)
			}
		}
	}
	for _, value := range []string{"", "x", cookie.Value + "A", cookie.Value[1:], strings.Repeat("A", 5000)} {
		if session := get(t, s, &http.Cookie{Name: cookieName, Value: value}); From(session) != nil {
			t.Errorf("%.100q opens", value)
		}
	}
}

// Of stored record, cookie and master key, no two alone give the password, nor does any one.
func TestEachShareAloneOpensNothing(t *testing.T) {
	m := NewMemory()
	s, _ := newStore(t, m)
	cookie := signIn(t, s, none, "")
	tk, _ := parseTicket(cookie.Value)
	e, _ := m.Get(t.Context(), tk.id())
	try := func(name string, master MasterKey, tk ticket) {
		if _, err := open(recordCipher(master, tk), e.Record, e.bind()); !errors.Is(err, errSeal) {
			t.Errorf("%s: %v, want errSeal", name, err)
		}
	}
	try("store and cookie", MasterKey{}, tk)
	try("store and master key", s.o.Master, ticket{})
	try("store, master key and session ID", s.o.Master, ticket{sid: tk.sid})
	try("store, master key and key", s.o.Master, ticket{key: tk.key})
	if strings.Contains(string(encode(e)), ada.User) || strings.Contains(string(encode(e)), string(ada.Secret)) {
		t.Error("the stored entry shows user or secret")
	}
	other := New(Options{Master: s.o.Master, Backend: NewMemory()})
	if From(get(t, other, cookie)) != nil {
		t.Error("cookie and master key open a session without the store")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	var out strings.Builder
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "account", ada, "secret", ada.Secret, "key", MasterKey{0xab, 0xcd}.String())
	fmt.Fprintf(&out, "%v %+v %#v %s", ada, ada, ada, ada.Secret)
	b, _ := json.Marshal(ada)
	out.Write(b)
	if strings.Contains(out.String(), string(ada.Secret)) {
		t.Errorf("printed: %s", out.String())
	}
}

func TestBackendFailureIsAnError(t *testing.T) {
	f, err := OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, _ := newStore(t, f)
	cookie := signIn(t, s, none, "")
	f.Close()
	session, err := s.New(request(t, cookie), cookieName)
	if err == nil || session == nil {
		t.Errorf("New = %v, %v, want a session and an error", session, err)
	}
	if s.Ready(t.Context()) == nil {
		t.Error("Ready = nil, want an error")
	}
}

func TestCookieName(t *testing.T) {
	for _, tt := range []struct {
		https bool
		base  string
		want  string
	}{
		{true, "", "__Host-godwit"},
		{true, "/mail", "__Secure-godwit"},
		{false, "", "godwit"},
		{false, "/mail", "godwit"},
	} {
		if got := CookieName(tt.https, tt.base); got != tt.want {
			t.Errorf("CookieName(%v, %q) = %q, want %q", tt.https, tt.base, got, tt.want)
		}
	}
}

func TestMasterKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	key, err := LoadMasterKey(dir)
	if err != nil || key == (MasterKey{}) {
		t.Fatalf("LoadMasterKey = %v, %v", key, err)
	}
	again, err := LoadMasterKey(dir)
	if err != nil || again != key {
		t.Errorf("second LoadMasterKey differs (%v)", err)
	}
	info, err := os.Stat(filepath.Join(dir, keyName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files in the data directory = %v, want the key alone", files)
	}
	os.WriteFile(filepath.Join(dir, keyName), []byte("short"), 0o600)
	if _, err := LoadMasterKey(dir); err == nil {
		t.Error("a broken key file is no error: a new key would sign everyone out")
	}
}

func TestParseMasterKey(t *testing.T) {
	want := MasterKey{0xfb, 0xff, 31: 7}
	for _, in := range []string{
		hex.EncodeToString(want[:]), base64.StdEncoding.EncodeToString(want[:]), base64.RawURLEncoding.EncodeToString(want[:]), " " + base64.StdEncoding.EncodeToString(want[:]) + "\n",
	} {
		if got, err := ParseMasterKey(in); got != want || err != nil {
			t.Errorf("ParseMasterKey(%q) = %v, %v", in, got == want, err)
		}
	}
	for _, in := range []string{"", "short", strings.Repeat("z", 64), base64.StdEncoding.EncodeToString(want[:31]), base64.StdEncoding.EncodeToString(append(want[:], 1))} {
		if _, err := ParseMasterKey(in); err == nil || in != "" && strings.Contains(err.Error(), in) {
			t.Errorf("ParseMasterKey(%q) = %v, want an error that does not repeat it", in, err)
		}
	}
}
