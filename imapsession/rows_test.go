package imapsession

import (
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"godwit/imapsession/imaptest"
)

// TestPageShownAgainIsAsOfNow: rows that are kept must show flags, arrivals and departures as a session does that has none.
func TestPageShownAgainIsAsOfNow(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for n := range 20 {
			srv.Append(t, user, "INBOX", plainMail(n))
		}
		other := srv.Client(t, user)
		if _, err := other.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		store := func(uid UID, op imap.StoreFlagsOp) func() {
			return func() {
				t.Helper()
				set := imap.UIDSetNum(uid)
				if err := other.Store(set, &imap.StoreFlags{Op: op, Flags: []imap.Flag{imap.FlagFlagged}, Silent: true}, nil).Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		specs := []PageSpec{{Size: 10}, {Size: 10, Reverse: true}, {Size: 10, Filter: FilterUnread}}
		if srv.Name == "dovecot" {
			specs = append(specs, PageSpec{Size: 10, Order: OrderDate})
		}
		for _, step := range []struct {
			name string
			do   func()
		}{
			{"first time", func() {}},
			{"unchanged", func() {}},
			{"flagged", store(19, imap.StoreFlagsAdd)},
			{"new mail", func() { srv.Append(t, user, "INBOX", plainMail(99)) }},
			{"one is gone", func() { expunge(t, srv, user, "INBOX", 15) }},
			{"flag taken off, new mail", func() {
				store(19, imap.StoreFlagsDel)()
				srv.Append(t, user, "INBOX", plainMail(100))
			}},
		} {
			step.do()
			for _, spec := range specs {
				got, err := s.Page(t.Context(), "INBOX", spec)
				if err != nil {
					t.Fatalf("%s: Page(%+v): %v", step.name, spec, err)
				}
				want, err := openSession(t, srv, user).Page(t.Context(), "INBOX", spec)
				if err != nil {
					t.Fatalf("%s: Page(%+v) of a new session: %v", step.name, spec, err)
				}
				// What a server has at hand of previews changes as it is asked; \Recent goes to one session alone.
				ignored := cmpopts.IgnoreFields(Summary{}, "Preview", "PreviewKnown", "Flags")
				if diff := cmp.Diff(want, got, ignored); diff != "" {
					t.Errorf("%s: Page(%+v), -new session +got:\n%s", step.name, spec, diff)
				}
				for i := range min(len(got.Summaries), len(want.Summaries)) {
					if a, b := got.Summaries[i].Has(`\Flagged`), want.Summaries[i].Has(`\Flagged`); a != b {
						t.Errorf("%s: Page(%+v): %v flagged = %v, want %v", step.name, spec, got.Summaries[i].Ref, a, b)
					}
				}
			}
		}
	})
}

// TestRowsAreKept: a list that is shown again asks for no header.
func TestRowsAreKept(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for n := range 5 {
			srv.Append(t, user, "INBOX", plainMail(n))
		}
		for range 2 {
			if _, err := s.Page(t.Context(), "INBOX", PageSpec{}); err != nil {
				t.Fatal(err)
			}
		}
		before := received(t, s)
		page, err := s.Page(t.Context(), "INBOX", PageSpec{})
		if err != nil || len(page.Summaries) != 5 {
			t.Fatalf("Page = %v, %v, want 5 rows", page, err)
		}
		if got := received(t, s) - before; got > 600 {
			t.Errorf("5 rows shown again cost %d octets, want flags alone", got)
		}
	})
}

// received is what came over all idle connections so far.
func received(t *testing.T, s *Session) (octets int64) {
	t.Helper()
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	for _, c := range s.pool.idle {
		octets += c.link.received.Load()
	}
	return octets
}
