package imapsession

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/imaptest"
)

func uidsOn(page *Page) []UID {
	var uids []UID
	for _, row := range page.Summaries {
		uids = append(uids, row.Ref.UID)
	}
	return uids
}

func TestPageShowsARow(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		srv.Append(t, user, "INBOX", crlf(
			"From: =?utf-8?q?J=C3=BCrgen?= <j@corpus.invalid>",
			"To: Ann <ann@corpus.invalid>, bob@corpus.invalid",
			"Subject: =?iso-8859-1?q?Gr=FC=DFe?=",
			"Date: Fri, 20 Nov 2026 10:00:00 +0200",
			"Message-ID: <a1@corpus.invalid>",
			"In-Reply-To: <a0@corpus.invalid>",
			"References: <a-1@corpus.invalid>",
			"MIME-Version: 1.0",
			"Content-Type: multipart/mixed; boundary=b",
			"",
			"--b",
			"Content-Type: text/plain",
			"",
			"hello",
			"--b",
			"Content-Type: application/pdf; name=a.pdf",
			"Content-Transfer-Encoding: base64",
			"",
			"aGVsbG8=",
			"--b--"), "\\Flagged")
		page, err := s.Page(t.Context(), "INBOX", PageSpec{})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != 1 || page.Messages != 1 || page.First != 1 || len(page.Summaries) != 1 || page.UIDValidity == 0 {
			t.Fatalf("Page = %+v, want one row", page)
		}
		row := page.Summaries[0]
		if row.Subject != "Grüße" || len(row.From) != 1 || row.From[0].Name != "Jürgen" || len(row.To) != 2 {
			t.Errorf("row = %+v", row)
		}
		if !row.Attachments || row.Invite || !row.Has("\\flagged") || row.Has("\\Seen") {
			t.Errorf("attachments %v, invite %v, flags %v; want true, false, flagged", row.Attachments, row.Invite, row.Flags)
		}
		if row.MessageID != "a1@corpus.invalid" || !slices.Equal(row.References, []string{"a-1@corpus.invalid", "a0@corpus.invalid"}) {
			t.Errorf("ids = %q %q", row.MessageID, row.References)
		}
		if row.Date.Hour() != 10 || row.Received.IsZero() || row.Size == 0 || row.Ref.UIDValidity != page.UIDValidity {
			t.Errorf("date %v, received %v, size %d, ref %v", row.Date, row.Received, row.Size, row.Ref)
		}
	})
}

func TestPageOfAnEmptyMailbox(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for _, spec := range []PageSpec{{}, {Reverse: true}, {Filter: FilterUnread}, {Before: 7}, {After: 7}} {
			page, err := s.Page(t.Context(), "INBOX", spec)
			if err != nil || page.Total != 0 || len(page.Summaries) != 0 || page.Older != 0 || page.Newer != 0 {
				t.Errorf("Page(%+v) = %+v, %v, want an empty page", spec, page, err)
			}
		}
		if _, err := s.Page(t.Context(), "No such", PageSpec{}); !errors.Is(err, ErrNoMailbox) {
			t.Errorf("Page(No such) = %v, want ErrNoMailbox", err)
		}
	})
}

// TestPageShowsNewMail checks that a connection which has the mailbox selected shows what came and went since.
func TestPageShowsNewMail(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for n := 1; n <= 5; n++ {
			srv.Append(t, user, "INBOX", plainMail(n))
			page, err := s.Page(t.Context(), "INBOX", PageSpec{Size: 3})
			if err != nil || page.Total != uint32(n) || len(page.Summaries) != min(n, 3) {
				t.Fatalf("after %d mails: Page = %+v, %v", n, page, err)
			}
			if got, want := page.Summaries[0].Subject, fmt.Sprintf("number %d", n); got != want {
				t.Errorf("after %d mails the newest is %q, want %q", n, got, want)
			}
		}
		expunge(t, srv, user, "INBOX", 2, 5)
		page, err := s.Page(t.Context(), "INBOX", PageSpec{Size: 3})
		if err != nil || !slices.Equal(uidsOn(page), []UID{4, 3, 1}) || page.Total != 3 {
			t.Errorf("after expunge: UIDs %v, total %d, %v, want 4 3 1 of 3", uidsOn(page), page.Total, err)
		}
	})
}

// expunge removes messages from another connection, as another client would.
func expunge(t testing.TB, srv *imaptest.Server, user, mailbox string, uids ...UID) {
	t.Helper()
	c := srv.Client(t, user)
	defer c.Close()
	if _, err := c.Select(mailbox, nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if err := c.Store(uidsOf(uids), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Expunge().Close(); err != nil {
		t.Fatal(err)
	}
}

// walk goes through all pages downwards and back up, and gives the UIDs in the order they came.
func walk(t *testing.T, s *Session, spec PageSpec, between func()) (down, up []UID) {
	t.Helper()
	page, err := s.Page(t.Context(), "INBOX", spec)
	for {
		if err != nil {
			t.Fatalf("Page(%+v): %v", spec, err)
		}
		down = append(down, uidsOn(page)...)
		if page.Older == 0 {
			break
		}
		between()
		spec.Before = page.Older
		page, err = s.Page(t.Context(), "INBOX", spec)
	}
	up = append(up, uidsOn(page)...)
	for spec.Before = 0; page.Newer != 0; {
		between()
		spec.After = page.Newer
		if page, err = s.Page(t.Context(), "INBOX", spec); err != nil {
			t.Fatalf("Page(%+v): %v", spec, err)
		}
		up = append(uidsOn(page), up...)
	}
	return down, up
}

// TestPagesAreWalkedOnce walks all pages down and up: every message exactly once, in order.
func TestPagesAreWalkedOnce(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		const n = 33
		for i := range n {
			var flags []string
			if i%3 == 0 {
				flags = append(flags, "\\Seen")
			}
			srv.Append(t, user, "INBOX", plainMail(i), flags...)
		}
		expunge(t, srv, user, "INBOX", 4, 9, 10, 33)
		page, err := s.Page(t.Context(), "INBOX", PageSpec{})
		if err != nil {
			t.Fatal(err)
		}
		orders := page.Orders
		if srv.Name == "dovecot" && len(orders) != 5 {
			t.Fatalf("orders = %q, want all", orders)
		}
		for _, order := range orders {
			for _, reverse := range []bool{false, true} {
				for _, filter := range []Filter{FilterAll, FilterUnread} {
					for _, size := range []int{1, 7, 29, 200} {
						spec := PageSpec{Size: size, Order: order, Reverse: reverse, Filter: filter}
						down, up := walk(t, s, spec, func() {})
						if !slices.Equal(down, up) {
							t.Fatalf("%+v: down %v, up %v", spec, down, up)
						}
						seen := map[UID]bool{}
						for _, uid := range down {
							if seen[uid] {
								t.Fatalf("%+v: UID %d twice in %v", spec, uid, down)
							}
							seen[uid] = true
						}
						want := n - 4
						if filter == FilterUnread {
							want = 20
						}
						if len(down) != want {
							t.Fatalf("%+v: %d messages, want %d: %v", spec, len(down), want, down)
						}
						if order == OrderArrival {
							slices.Sort(up)
							if !reverse {
								slices.Reverse(up)
							}
							if !slices.Equal(down, up) {
								t.Fatalf("%+v: not in order: %v", spec, down)
							}
						}
					}
				}
			}
		}
	})
}

// TestPagesWhileMailMoves walks the pages while messages come and go: whatever was there from start to end
// is met exactly once.
func TestPagesWhileMailMoves(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for _, order := range []Order{OrderArrival, OrderDate} {
			if order != OrderArrival && srv.Name == "memory" {
				continue
			}
			next := 0
			var there []UID
			arrive := func() UID {
				next++
				uid := UID(srv.Append(t, user, "INBOX", plainMail(next)))
				there = append(there, uid)
				return uid
			}
			for range 40 {
				arrive()
			}
			gone, late := map[UID]bool{}, map[UID]bool{}
			rng := rand.New(rand.NewPCG(1, 2))
			down, _ := walk(t, s, PageSpec{Size: 6, Order: order}, func() {
				victim := there[rng.IntN(len(there))]
				expunge(t, srv, user, "INBOX", victim)
				there = slices.DeleteFunc(there, func(uid UID) bool { return uid == victim })
				gone[victim] = true
				late[arrive()] = true
			})
			met := map[UID]int{}
			for _, uid := range down {
				met[uid]++
			}
			for uid, n := range met {
				if n > 1 {
					t.Errorf("order %q: UID %d was met %d times", order, uid, n)
				}
			}
			for _, uid := range there {
				if !late[uid] && met[uid] != 1 {
					t.Errorf("order %q: UID %d was there all the time and met %d times", order, uid, met[uid])
				}
			}
			expunge(t, srv, user, "INBOX", there...)
		}
	})
}

// TestBorderWithoutESEARCH finds the place of a UID that is gone by numbers alone.
func TestBorderWithoutESEARCH(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for n := range 40 {
			srv.Append(t, user, "INBOX", plainMail(n))
		}
		gone := []UID{1, 2, 7, 8, 9, 20, 39, 40}
		expunge(t, srv, user, "INBOX", gone...)
		err := s.with(t.Context(), lease{mailbox: "INBOX", fresh: true}, func(c *conn) error {
			p := pager{s: s, ctx: t.Context(), c: c}
			for last := UID(1); last <= 41; last++ {
				want := uint32(0)
				for uid := UID(1); uid <= min(last, 40); uid++ {
					if !slices.Contains(gone, uid) {
						want++
					}
				}
				got, err := p.seekUpTo(last)
				if err != nil || got != want {
					t.Errorf("seekUpTo(%d) = %d, %v, want %d", last, got, err, want)
				}
				if got, err = p.countUpTo(last); err != nil || got != want {
					t.Errorf("countUpTo(%d) = %d, %v, want %d", last, got, err, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSortedOrders(t *testing.T) {
	srv := imaptest.Dovecot(t)
	user := srv.User(t)
	s := openSession(t, srv, user)
	for _, m := range [][]byte{
		crlf("From: Zoe <a@corpus.invalid>", "Subject: b", "Date: Fri, 20 Nov 2026 10:00:00 +0000", "", "x"),
		crlf("From: Ann <z@corpus.invalid>", "Subject: Re: a", "Date: Sat, 21 Nov 2026 10:00:00 +0000", "", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
		crlf("From: Mia <m@corpus.invalid>", "Subject: c", "Date: Thu, 19 Nov 2026 10:00:00 +0000", "", "xxxxxxxxxxxxxxx"),
	} {
		srv.Append(t, user, "INBOX", m)
	}
	for _, tt := range []struct {
		order   Order
		reverse bool
		want    []UID
	}{
		{OrderArrival, false, []UID{3, 2, 1}},
		{OrderArrival, true, []UID{1, 2, 3}},
		{OrderDate, false, []UID{2, 1, 3}},
		{OrderDate, true, []UID{3, 1, 2}},
		{OrderFrom, false, []UID{2, 3, 1}},
		{OrderSubject, false, []UID{2, 1, 3}},
		{OrderSubject, true, []UID{3, 1, 2}},
		{OrderSize, false, []UID{2, 3, 1}},
	} {
		for _, again := range []bool{false, true} {
			page, err := s.Page(t.Context(), "INBOX", PageSpec{Order: tt.order, Reverse: tt.reverse})
			if err != nil || !slices.Equal(uidsOn(page), tt.want) || page.First != 1 || page.Total != 3 {
				t.Errorf("order %q reverse %v (again %v) = %v, %v, want %v", tt.order, tt.reverse, again, uidsOn(page), err, tt.want)
			}
		}
	}
	if _, err := s.Page(t.Context(), "INBOX", PageSpec{Order: "x"}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("order x: %v, want ErrUnsupported", err)
	}
}

func TestSortNeedsTheServer(t *testing.T) {
	srv := imaptest.Memory(t)
	user := srv.User(t)
	s := openSession(t, srv, user)
	page, err := s.Page(t.Context(), "INBOX", PageSpec{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Orders) > 1 {
		t.Skip("the memory server sorts")
	}
	if _, err := s.Page(t.Context(), "INBOX", PageSpec{Order: OrderDate}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Page by date = %v, want ErrUnsupported", err)
	}
}

func TestNeighbours(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		for n := range 4 {
			srv.Append(t, user, "INBOX", plainMail(n))
		}
		expunge(t, srv, user, "INBOX", 2)
		for _, tt := range []struct {
			uid  UID
			want Neighbours
		}{
			{4, Neighbours{Newer: 0, Older: 3, Place: 1, Total: 3}},
			{3, Neighbours{Newer: 4, Older: 1, Place: 2, Total: 3}},
			{1, Neighbours{Newer: 3, Older: 0, Place: 3, Total: 3}},
		} {
			got, err := s.Neighbours(t.Context(), Ref{Mailbox: "INBOX", UID: tt.uid})
			if err != nil || got != tt.want {
				t.Errorf("Neighbours(%d) = %+v, %v, want %+v", tt.uid, got, err, tt.want)
			}
		}
		if _, err := s.Neighbours(t.Context(), Ref{Mailbox: "INBOX", UID: 2}); !errors.Is(err, ErrNoMessage) {
			t.Errorf("Neighbours(2) = %v, want ErrNoMessage", err)
		}
	})
}

func TestMarkSeen(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		srv.Append(t, user, "INBOX", plainMail(1))
		page, err := s.Page(t.Context(), "INBOX", PageSpec{})
		if err != nil {
			t.Fatal(err)
		}
		ref := page.Summaries[0].Ref
		if err := s.MarkSeen(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		// A message that the selected connection has not heard of yet.
		late := ref
		late.UID = UID(srv.Append(t, user, "INBOX", plainMail(2)))
		if err := s.MarkSeen(t.Context(), late); err != nil {
			t.Fatal(err)
		}
		page, err = s.Page(t.Context(), "INBOX", PageSpec{})
		if err != nil || len(page.Summaries) != 2 || !page.Summaries[0].Has("\\Seen") || !page.Summaries[1].Has("\\Seen") {
			t.Errorf("Page = %+v, %v, want two seen", page, err)
		}
		ref.UIDValidity++
		if err := s.MarkSeen(t.Context(), ref); !errors.Is(err, ErrStale) {
			t.Errorf("MarkSeen under another UIDVALIDITY = %v, want ErrStale", err)
		}
	})
}

// A server that offers PREVIEW need not have one of each message.
func TestPreviewsThatTheServerLacks(t *testing.T) {
	for name, answer := range map[string]string{
		"NIL": "* 1 FETCH (UID 5 PREVIEW NIL)\n* 2 FETCH (UID 6 PREVIEW \"the server's\")\n$ OK done",
		"NO":  "* 2 FETCH (UID 6 PREVIEW \"the server's\")\n$ NO [SERVERBUG] no preview",
	} {
		_, server := play(t, Plaintext, func(c *client, _ int) {
			c.say(ready)
			for {
				tag, command := c.hear()
				lines := "$ OK done"
				switch {
				case tag == "":
					return
				case strings.HasPrefix(command, "AUTHENTICATE"):
					lines = "$ OK [CAPABILITY IMAP4rev1 PREVIEW] welcome"
				case strings.HasPrefix(command, "SELECT"):
					lines = "* 2 EXISTS\n* OK [UIDVALIDITY 9] ok\n$ OK [READ-WRITE] done"
				case strings.Contains(command, "PREVIEW"):
					lines = answer
				case strings.Contains(command, "BODYSTRUCTURE"):
					lines = "* 1 FETCH (UID 5 BODYSTRUCTURE " + textStructure(4) + ")\n$ OK done"
				case strings.Contains(command, "BODY.PEEK[1]"):
					lines = "* 1 FETCH (UID 5 BODY[1]<0> {4}\nours)\n$ OK done"
				}
				c.say(strings.Split(strings.ReplaceAll(lines, "$", tag), "\n")...)
			}
		})
		s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())
		got, err := s.Previews(t.Context(), "INBOX", 9, []UID{5, 6})
		if want := map[UID]string{5: "ours", 6: "the server's"}; err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: Previews = %v, %v, want %v", name, got, err, want)
		}
	}
}

// A mailbox that was shown and is emptied by another client is shown empty.
func TestPageOfAnEmptiedMailbox(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		other := srv.Client(t, user)
		for _, spec := range []PageSpec{{}, {Reverse: true}, {Order: OrderDate}, {Filter: FilterUnread}} {
			for n := range 3 {
				srv.Append(t, user, "INBOX", plainMail(n))
			}
			for range 2 {
				if page, err := s.Page(t.Context(), "INBOX", spec); err != nil || len(page.Summaries) != 3 {
					t.Fatalf("Page(%+v) = %+v, %v, want 3 rows", spec, page, err)
				}
			}
			if _, err := other.Select("INBOX", nil).Wait(); err != nil {
				t.Fatal(err)
			}
			if err := other.Store(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
				t.Fatal(err)
			}
			if err := other.Expunge().Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if page, err := s.Page(t.Context(), "INBOX", spec); err != nil || len(page.Summaries) != 0 || page.Total != 0 || page.Older != 0 || page.Newer != 0 {
					t.Errorf("Page(%+v) = %+v, %v, want an empty one", spec, page, err)
				}
			}
		}
	})
}

// A header without end costs neither its row nor the list; what is shown of it is its beginning.
func TestEndlessHeader(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		srv.Append(t, user, "INBOX", crlf("From: a@corpus.invalid", "Subject: short", "", "text"))
		lines := 200_000 // 6 MB
		if srv.Name == "memory" {
			lines = 20_000 // it takes seconds for more
		}
		srv.Append(t, user, "INBOX", crlf("Subject: long", "References: "+strings.Repeat("<1234567890@corpus.invalid>\r\n ", lines)+"<last@corpus.invalid>", "", "text"))
		page, err := s.Page(t.Context(), "INBOX", PageSpec{})
		if err != nil || len(page.Summaries) != 2 {
			t.Fatalf("Page = %+v, %v, want two rows", page, err)
		}
		long := page.Summaries[0]
		if long.Subject != "long" || page.Summaries[1].Subject != "short" {
			t.Errorf("rows %q and %q, want long and short", long.Subject, page.Summaries[1].Subject)
		}
		m, err := s.Message(t.Context(), long.Ref)
		if err != nil || !slices.Contains(m.Repairs, longHeader) {
			t.Errorf("Message = %+v, %v, want one that says %q", m, err, longHeader)
		}
	})
}

func TestPreviews(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		srv.Append(t, user, "INBOX", crlf("From: a@corpus.invalid", "Subject: one", "", "Hello there.", "", "> old"))
		srv.Append(t, user, "INBOX", crlf("From: a@corpus.invalid", "Subject: two", "MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "",
			"<html><head><style>p{color:red}</style></head><body><p>Gr=C3=BC=C3=9Fe <b>an</b> alle</p></body></html>"))
		srv.Append(t, user, "INBOX", crlf("From: a@corpus.invalid", "Subject: three", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", "",
			"--b", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: base64", "", "Z3L832U=", "--b", "Content-Type: image/png", "", "x", "--b--"))
		page, err := s.Page(t.Context(), "INBOX", PageSpec{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Previews(t.Context(), "INBOX", page.UIDValidity, []UID{1, 2, 3, 99})
		want := map[UID]string{1: "Hello there.", 2: "Grüße an alle", 3: "grüße"}
		if err != nil || len(got) != 3 {
			t.Fatalf("Previews = %v, %v, want %v", got, err, want)
		}
		for uid, line := range want {
			if got[uid] != line && !(srv.Name == "dovecot" && uid == 1) { // Dovecot's own has its own rules for quotes
				t.Errorf("preview of %d = %q, want %q", uid, got[uid], line)
			}
		}
		// One that the connection has not heard of.
		late := UID(srv.Append(t, user, "INBOX", crlf("From: a@corpus.invalid", "", "late")))
		if got, err := s.Previews(t.Context(), "INBOX", page.UIDValidity, []UID{1, late}); err != nil || got[late] != "late" {
			t.Errorf("Previews(1, %d) = %v, %v, want late", late, got, err)
		}
		// Our own cutting, also where the server has PREVIEW.
		err = s.with(t.Context(), lease{mailbox: "INBOX"}, func(c *conn) error {
			s.read = newReadMemory()
			own, err := s.cutPreviews(c, []UID{1, 2, 3, 99})
			for uid, line := range want {
				if own[uid] != line {
					t.Errorf("own preview of %d = %q, want %q", uid, own[uid], line)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
