package urls

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"godwit/imapsession"
)

const base = Base("/mail")

func TestMailboxToken(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "INBOX", "INBOX"},
		{"hierarchy", "Lists/go-nuts", "Lists:go-nuts"},
		{"dot as delimiter", "INBOX.Lists", "INBOX.Lists"},
		{"a number", "2024", "2024"},
		{"a word of ours", "previews", "previews"},
		{"colon", "a:b", "a~cb"},
		{"escape character", "a~b", "a~tb"},
		{"what looks escaped", "a~cb", "a~tcb"},
		{"dot", ".", "~d"},
		{"two dots", "..", "~d~d"},
		{"what looks like the dot", "~d", "~td"},
		{"three dots", "...", "..."},
		{"not ASCII", "Entwürfe", "Entw%C3%BCrfe"},
		{"space, per cent, question mark, hash", "a 100%?#", "a%20100%25%3F%23"},
		{"backslash", `a\b`, "a%5Cb"},
		{"not UTF-8", "a\xff", "a%FF"},
		{"emoji", "🦅", "%F0%9F%A6%85"},
		{"slashes at the ends", "/a/", ":a:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := token(tt.in); got != tt.want {
				t.Errorf("token(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if got, err := untoken(tt.want); got != tt.in || err != nil {
				t.Errorf("untoken(%q) = %q, %v, want %q", tt.want, got, err, tt.in)
			}
		})
	}
}

func TestUntokenRefuses(t *testing.T) {
	for _, in := range []string{"", "~", "a~", "~x", "a%2Fb", "%zz", "%", "~d~d~d", "~dx"} {
		if got, err := untoken(in); !errors.Is(err, imapsession.ErrNoMailbox) {
			t.Errorf("untoken(%q) = %q, %v, want ErrNoMailbox", in, got, err)
		}
	}
}

var (
	ref  = imapsession.Ref{Mailbox: "Lists/go-nuts", UIDValidity: 17, UID: 1234}
	bare = imapsession.Ref{Mailbox: "INBOX", UID: 1}
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{base.Home(), "/mail/"},
		{Base("").Home(), "/"},
		{base.Login(), "/mail/login"},
		{base.LoginNext("/mail/m/INBOX?f=unread&before=3"), "/mail/login?next=%2Fmail%2Fm%2FINBOX%3Ff%3Dunread%26before%3D3"},
		{base.Logout(), "/mail/logout"},
		{base.Settings(), "/mail/settings"},
		{base.Sessions(), "/mail/sessions"},
		{base.Folders(), "/mail/folders"},
		{base.Shortcuts(), "/mail/shortcuts"},
		{base.Static("abc", "app.css"), "/mail/static/abc/app.css"},
		{base.Mailbox("Lists/go-nuts"), "/mail/m/Lists:go-nuts"},
		{base.MailboxList("INBOX", List{}), "/mail/m/INBOX"},
		{base.MailboxList("INBOX", List{Before: 7, Order: imapsession.OrderDate, Reverse: true, Filter: imapsession.FilterUnread}),
			"/mail/m/INBOX?before=7&f=unread&reverse=1&sort=date"},
		{base.Previews("INBOX", 17, []imapsession.UID{3, 1}), "/mail/m/INBOX/previews?uid=3&uid=1&v=17"},
		{base.Message(ref), "/mail/m/Lists:go-nuts/1234"},
		{Base("").Message(bare), "/m/INBOX/1"},
		{base.MessageIn(ref, List{After: 9}), "/mail/m/Lists:go-nuts/1234?after=9"},
		{base.Raw(ref), "/mail/m/Lists:go-nuts/1234/raw?v=17"},
		{base.Source(ref), "/mail/m/Lists:go-nuts/1234/source?v=17"},
		{base.Headers(ref), "/mail/m/Lists:go-nuts/1234/headers?v=17"},
		{base.Print(ref), "/mail/m/Lists:go-nuts/1234/print?v=17"},
		{base.Zip(ref), "/mail/m/Lists:go-nuts/1234/parts.zip?v=17"},
		{base.Part(ref, "1.2"), "/mail/m/Lists:go-nuts/1234/part/1.2?v=17"},
		{base.Part(bare, "1.2"), "/mail/m/INBOX/1/part/1.2"},
		{base.Download(ref, "2"), "/mail/m/Lists:go-nuts/1234/part/2?download=1&v=17"},
		{base.PartHTML(ref, "2", ""), "/mail/m/Lists:go-nuts/1234/part/2/html?v=17"},
		{base.PartHTML(ref, "2", "yes"), "/mail/m/Lists:go-nuts/1234/part/2/html?remote=yes&v=17"},
		{base.PartPreview(ref, "2"), "/mail/m/Lists:go-nuts/1234/part/2/preview?v=17"},
		{base.PartThumb(ref, "2"), "/mail/m/Lists:go-nuts/1234/part/2/thumb?v=17"},
		{base.PartMessage(ref, "2"), "/mail/m/Lists:go-nuts/1234/part/2/message?v=17"},
		{base.PartFile(ref, "2", 3), "/mail/m/Lists:go-nuts/1234/part/2/file/3?v=17"},
		{base.Image("tok"), "/mail/img/tok"},
	} {
		if tt.got != tt.want {
			t.Errorf("address = %q, want %q", tt.got, tt.want)
		}
	}
}

func get(t *testing.T, target string) *http.Request {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{Method: "GET", URL: u}
}

func TestParse(t *testing.T) {
	b := Base("")
	for _, tt := range []struct {
		in   string
		want Target
	}{
		{b.Mailbox("2024"), Target{Ref: imapsession.Ref{Mailbox: "2024"}}},
		{b.Previews("a/b", 17, nil), Target{Ref: imapsession.Ref{Mailbox: "a/b", UIDValidity: 17}}},
		{b.Message(bare), Target{Ref: bare}},
		{b.Raw(ref), Target{Ref: ref}},
		{b.Zip(ref), Target{Ref: ref}},
		{b.Part(ref, "1.2.3"), Target{Ref: ref, Section: "1.2.3"}},
		{b.PartHTML(ref, "1", "yes"), Target{Ref: ref, Section: "1"}},
		{b.PartThumb(ref, "4"), Target{Ref: ref, Section: "4"}},
		{b.PartFile(ref, "2", 7), Target{Ref: ref, Section: "2", File: 7}},
	} {
		if got, err := Parse(get(t, tt.in)); got != tt.want || err != nil {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want error
	}{
		{"/", imapsession.ErrNoMailbox},
		{"/m/", imapsession.ErrNoMailbox},
		{"/x/INBOX", imapsession.ErrNoMailbox},
		{"//m/INBOX", imapsession.ErrNoMailbox},
		{"/m/a%2Fb", imapsession.ErrNoMailbox},
		{"/m/INBOX/0", imapsession.ErrNoMessage},
		{"/m/INBOX/", imapsession.ErrNoMessage},
		{"/m/INBOX/x", imapsession.ErrNoMessage},
		{"/m/INBOX/-1", imapsession.ErrNoMessage},
		{"/m/INBOX/+1", imapsession.ErrNoMessage},
		{"/m/INBOX/01", imapsession.ErrNoMessage},
		{"/m/INBOX/4294967296", imapsession.ErrNoMessage},
		{"/m/INBOX/1?v=x", imapsession.ErrStale},
		{"/m/INBOX/1?v=0", imapsession.ErrStale},
		{"/m/INBOX/1/part/0", imapsession.ErrNoPart},
		{"/m/INBOX/1/part/1..2", imapsession.ErrNoPart},
		{"/m/INBOX/1/part/TEXT", imapsession.ErrNoPart},
		{"/m/INBOX/1/part/1/file/x", imapsession.ErrNoPart},
		{"/m/INBOX/1/part/1/file/10001", imapsession.ErrNoPart},
		{"/m/INBOX/1/part/" + strings.Repeat("1.", 70) + "1", imapsession.ErrNoPart},
	} {
		if got, err := Parse(get(t, tt.in)); !errors.Is(err, tt.want) {
			t.Errorf("Parse(%q) = %+v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseList(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want List
		err  error
	}{
		{"", List{}, nil},
		{"before=3&after=4&sort=size&reverse=1&f=flagged", List{Before: 3, After: 4, Order: "size", Reverse: true, Filter: "flagged"}, nil},
		{"sort=ARRIVAL&f=all&reverse=true", List{}, nil},
		{"sort=from)%0d%0aA1", List{}, nil},
		{"before=x", List{}, imapsession.ErrNoMessage},
		{"after=-1", List{}, imapsession.ErrNoMessage},
	} {
		q, err := url.ParseQuery(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseList(q)
		if !errors.Is(err, tt.err) || err == nil && got != tt.want {
			t.Errorf("ParseList(%q) = %+v, %v, want %+v, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

func TestListRoundTrip(t *testing.T) {
	for _, l := range []List{{}, {Before: 4294967295}, {After: 1, Filter: imapsession.FilterFlagged}, {Order: imapsession.OrderSubject, Reverse: true}} {
		u, _ := url.Parse(base.MailboxList("INBOX", l))
		if got, err := ParseList(u.Query()); got != l || err != nil {
			t.Errorf("ParseList of %v = %+v, %v, want %+v", u, got, err, l)
		}
	}
}

func TestParseUIDs(t *testing.T) {
	many := url.Values{"uid": slices.Repeat([]string{"1"}, 10001)}
	for _, tt := range []struct {
		in   url.Values
		want []imapsession.UID
		err  error
	}{
		{url.Values{}, nil, nil},
		{url.Values{"uid": {"3", "1"}}, []imapsession.UID{3, 1}, nil},
		{url.Values{"uid": {"0"}}, nil, imapsession.ErrNoMessage},
		{url.Values{"uid": {"1:*"}}, nil, imapsession.ErrNoMessage},
		{many, nil, imapsession.ErrTooLarge},
	} {
		got, err := ParseUIDs(tt.in)
		if !errors.Is(err, tt.err) || !slices.Equal(got, tt.want) {
			t.Errorf("ParseUIDs(%.40v) = %v, %v, want %v, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

func TestBaseFromContext(t *testing.T) {
	if got := From(With(context.Background(), base)); got != base {
		t.Errorf("From = %q, want %q", got, base)
	}
	if got := From(context.Background()); got != "" {
		t.Errorf("From of an empty context = %q, want none", got)
	}
}

// Whatever a mailbox is called, its address is one path segment that a server, a browser and we read alike.
func FuzzMailbox(f *testing.F) {
	for _, seed := range []string{"INBOX", "a/b", ".", "..", "~d", "a:b~c", "100%", "Entwürfe", "\xff\x00", " ", "a?b#c", "%2F", "~", "::", "previews"} {
		f.Add(seed, uint32(1))
	}
	f.Fuzz(func(t *testing.T, name string, uid uint32) {
		if name == "" || uid == 0 {
			return
		}
		want := imapsession.Ref{Mailbox: name, UID: imapsession.UID(uid)}
		address := Base("").Message(want)
		r, err := http.NewRequest("GET", "http://mail.example"+address, nil)
		if err != nil {
			t.Fatalf("address of %q: %v", name, err)
		}
		if n := strings.Count(r.URL.EscapedPath(), "/"); n != 3 {
			t.Errorf("address %q has %d slashes, want 3", address, n)
		}
		if resolved := r.URL.ResolveReference(&url.URL{}).EscapedPath(); resolved != r.URL.EscapedPath() {
			t.Errorf("a browser makes %q of %q", resolved, address)
		}
		if got, err := Parse(r); got.Ref != want || err != nil {
			t.Errorf("Parse(%q) = %v, %v, want %v", address, got.Ref, err, want)
		}
		served := httptest.NewRequest("GET", address, nil)
		if got, err := Parse(served); got.Ref != want || err != nil {
			t.Errorf("served: Parse(%q) = %v, %v, want %v", address, got.Ref, err, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"/m/INBOX", "/m/a:b/1/part/1.2/file/3?v=1", "/m/~d/2/raw", "/m//", "/m/%/1", "/m/x/1?v=%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, err := url.Parse(in)
		if err != nil {
			return
		}
		got, err := Parse(&http.Request{URL: u})
		if err != nil {
			return
		}
		again, err := Parse(get(t, Base("").versioned(got.Ref, "", nil)))
		if got.Ref.UID != 0 && (err != nil || again.Ref != got.Ref) {
			t.Errorf("Parse(%q) = %v, whose address reads as %v, %v", in, got.Ref, again.Ref, err)
		}
	})
}

func TestActions(t *testing.T) {
	if got, want := base.Actions("a/b"), "/mail/m/a:b/actions"; got != want {
		t.Errorf("Actions = %q, want %q", got, want)
	}
	if got, err := Parse(get(t, Base("").Actions("a/b"))); got.Ref.Mailbox != "a/b" || err != nil {
		t.Errorf("Parse = %+v, %v, want the mailbox a/b", got, err)
	}
	for in, want := range map[string]uint32{"": 0, "0": 0, "x": 0, "-1": 0, "17": 17} {
		if got, err := ParseUIDValidity(in); got != want || (want == 0) != errors.Is(err, imapsession.ErrStale) {
			t.Errorf("ParseUIDValidity(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}

func TestView(t *testing.T) {
	for _, v := range []View{{}, {Remote: "yes"}, {Body: "text"}, {Body: "html", Remote: "yes"}} {
		for _, address := range []string{base.MessageView(ref, List{}, v), base.PartMessageView(ref, "2", v)} {
			u, _ := url.Parse(address)
			if got := ParseView(u.Query()); got != v {
				t.Errorf("ParseView of %s = %+v, want %+v", address, got, v)
			}
		}
	}
	if got := ParseView(url.Values{"body": {"source"}}); got != (View{}) {
		t.Errorf("ParseView = %+v, want none", got)
	}
}
