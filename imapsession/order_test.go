package imapsession

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"godwit/imapsession/rfc822"
)

// hugeMailbox is a server with n messages, UID 2*i for number i, whose order by date is that of i*7 modulo n.
type hugeMailbox struct {
	mu     sync.Mutex
	n      int
	stolen int // so many rows are answered with what another client changed, in place of what was asked for
}

// steal tells whether the next row is lost so.
func (h *hugeMailbox) steal() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stolen--
	return h.stolen >= 0
}

func (h *hugeMailbox) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

func (h *hugeMailbox) arrive() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n++
}

// byDate is the order that SORT (DATE) answers.
func byDate(n int) []uint32 {
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(2 * (i*7%n + 1))
	}
	return order
}

// everySecond is the set of all UIDs.
func everySecond(n int) string {
	uids := make([]string, n)
	for i := range uids {
		uids[i] = strconv.Itoa(2 * (i + 1))
	}
	return strings.Join(uids, ",")
}

var (
	fetchCommand = regexp.MustCompile(`^(UID )?FETCH (\S+) (\(.*)$`)
)

func (h *hugeMailbox) serve(c *client, _ int) {
	c.say(ready)
	for {
		tag, command := c.hear()
		if tag == "" {
			return
		}
		n := h.count()
		switch {
		case strings.HasPrefix(command, "AUTHENTICATE"):
			c.say(tag + " OK [CAPABILITY IMAP4rev1 SORT ESEARCH] welcome")
			continue
		case strings.HasPrefix(command, "SELECT"):
			c.say(fmt.Sprintf("* %d EXISTS", n), "* OK [UIDVALIDITY 9] ok")
		case command == "NOOP":
			c.say(fmt.Sprintf("* %d EXISTS", n))
		case strings.HasPrefix(command, "UID SORT"):
			var line strings.Builder
			line.WriteString("* SORT")
			for _, uid := range byDate(n) {
				line.WriteString(" " + strconv.Itoa(int(uid)))
			}
			c.say(line.String())
		case strings.HasPrefix(command, "UID SEARCH"):
			c.say(fmt.Sprintf("* ESEARCH (TAG %q) UID ALL %s", tag, everySecond(n)))
		case fetchCommand.MatchString(command):
			m := fetchCommand.FindStringSubmatch(command)
			for _, number := range numbers(m[2], n) {
				if m[1] != "" {
					number /= 2
				}
				if number < 1 || number > n {
					continue
				}
				head := fmt.Sprintf("Subject: number %d\r\n\r\n", number)
				row := fmt.Sprintf("* %d FETCH (UID %d", number, 2*number)
				if strings.Contains(m[3], "FLAGS") && h.steal() {
					row += ` FLAGS (\Seen)`
				} else if strings.Contains(m[3], "FLAGS") {
					row += fmt.Sprintf(" FLAGS () RFC822.SIZE 100 INTERNALDATE \"20-Nov-2026 10:00:00 +0000\" BODYSTRUCTURE %s BODY[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID IN-REPLY-TO REFERENCES)] {%d}\r\n%s", textStructure(4), len(head), head)
				}
				c.say(row + ")")
			}
		}
		c.say(tag + " OK done")
	}
}

// numbers takes a set apart.
func numbers(set string, most int) []int {
	var all []int
	for r := range strings.SplitSeq(set, ",") {
		from, to, isRange := strings.Cut(r, ":")
		low, _ := strconv.Atoi(from)
		high := low
		if isRange {
			if high, _ = strconv.Atoi(to); to == "*" {
				high = most
			}
		}
		for i := low; i <= high; i++ {
			all = append(all, i)
		}
	}
	return all
}

// TestAnOrderIsAskedForOnce: 250,000 messages, whose order is one line of 1.7 MB, asked for anew only when
// mail came. A page costs as many commands in front as at the end.
func TestAnOrderIsAskedForOnce(t *testing.T) {
	h := &hugeMailbox{n: 250_000}
	played, server := play(t, Plaintext, h.serve)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := Login(ctx, &Options{}, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)

	sorts := func() (n int) {
		for _, line := range played.lines() {
			if strings.HasPrefix(line, "UID SORT") {
				n++
			}
		}
		return n
	}
	check := func(spec PageSpec, want []uint32, wantSorts int) *Page {
		t.Helper()
		page, err := s.Page(ctx, "INBOX", spec)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint32
		for _, uid := range uidsOn(page) {
			got = append(got, uint32(uid))
		}
		if !slices.Equal(got, want) || page.Total != uint32(h.count()) {
			t.Errorf("Page(%+v) = %v of %d, want %v", spec, got, page.Total, want)
		}
		if n := sorts(); n != wantSorts {
			t.Errorf("Page(%+v): the server sorted %d times, want %d", spec, n, wantSorts)
		}
		return page
	}
	backwards := func(order []uint32) []uint32 {
		order = slices.Clone(order)
		slices.Reverse(order)
		return order
	}
	newest := backwards(byDate(h.n))
	first := check(PageSpec{Order: OrderDate, Size: 10}, newest[:10], 1)
	check(PageSpec{Order: OrderDate, Size: 10}, newest[:10], 1)
	check(PageSpec{Order: OrderDate, Size: 10, Before: first.Older}, newest[10:20], 1)
	check(PageSpec{Order: OrderDate, Size: 10, After: UID(newest[20])}, newest[10:20], 1)
	check(PageSpec{Order: OrderDate, Size: 10, Reverse: true}, byDate(h.n)[:10], 1)
	check(PageSpec{Order: OrderDate, Size: 10, Before: 3}, newest[:10], 1) // gone, and nobody knows from where
	check(PageSpec{Order: OrderDate, Size: 10, After: 3}, newest[:10], 1)
	before := len(played.lines())
	check(PageSpec{Order: OrderDate, Size: 10, Before: UID(newest[200_000])}, newest[200_001:200_011], 1)
	if n := len(played.lines()) - before; n > 2 {
		t.Errorf("a page far down cost %d commands, want NOOP and FETCH", n)
	}

	h.arrive()
	check(PageSpec{Order: OrderDate, Size: 10}, backwards(byDate(h.n))[:10], 2)

	before = len(played.lines())
	for _, spec := range []PageSpec{{Size: 10}, {Size: 10, Before: 400_000}, {Size: 10, Before: 40, Reverse: true}} {
		page, err := s.Page(ctx, "INBOX", spec)
		if err != nil || len(page.Summaries) != 10 {
			t.Fatalf("Page(%+v) = %+v, %v", spec, page, err)
		}
		n := len(played.lines()) - before
		if before = len(played.lines()); n > 3 {
			t.Errorf("Page(%+v) cost %d commands, want 3 at most", spec, n)
		}
	}
}

// TestRowsAreNotLost: an answer that another client's change brought about takes the place of a row's. The
// page is asked for again.
func TestRowsAreNotLost(t *testing.T) {
	h := &hugeMailbox{n: 30}
	_, server := play(t, Plaintext, h.serve)
	s, err := Login(t.Context(), quick, Account{Server: server, User: "alice", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	for _, spec := range []PageSpec{{}, {Before: 30}, {Filter: FilterUnread}, {Order: OrderDate}, {Order: OrderDate}, {Order: OrderDate, Filter: FilterUnread}} {
		spec.Size = 10
		h.mu.Lock()
		h.stolen = 2
		h.mu.Unlock()
		page, err := s.Page(t.Context(), "INBOX", spec)
		if err != nil || len(page.Summaries) != spec.Size {
			t.Errorf("Page(%+v) = %d rows, %v, want %d", spec, len(page.Summaries), err, spec.Size)
			continue
		}
		for _, row := range page.Summaries {
			if row.Subject != fmt.Sprintf("number %d", row.Ref.UID/2) {
				t.Errorf("Page(%+v): UID %d is %q", spec, row.Ref.UID, row.Subject)
			}
		}
	}
}

func TestSpelledOut(t *testing.T) {
	for _, tt := range []struct {
		in   imap.NumSet
		want []uint32 // nil when it fails
		ok   bool
	}{
		{nil, nil, true},
		{imap.UIDSet(nil), nil, true},
		{imap.UIDSet{{Start: 7, Stop: 7}, {Start: 3, Stop: 5}, {Start: 5, Stop: 4}}, []uint32{3, 4, 5, 7}, true},
		{imap.UIDSet{{Start: 4294967295, Stop: 4294967295}}, []uint32{4294967295}, true},
		{imap.UIDSet{{Start: 1, Stop: 4294967295}}, nil, false},
		{imap.UIDSet{{Start: 1, Stop: 3 << 20}, {Start: 1, Stop: 3 << 20}}, nil, false},
		{imap.UIDSet{{Start: 5, Stop: 0}}, nil, false},
	} {
		got, err := spelledOut(tt.in)
		if (err == nil) != tt.ok || !slices.Equal(got, tt.want) {
			t.Errorf("spelledOut(%v) = %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func FuzzBase64Lines(f *testing.F) {
	f.Add([]byte(base64Lined([]byte("some octets to begin with, more than one line of them is what it takes"), 40)))
	f.Add([]byte("AAAA\r\nAAAA\r\nAA=="))
	f.Add([]byte("AAAA\nAAA=\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		l := guessLines(body, int64(len(body)))
		if l == nil || !l.finish(body[max(0, len(body)-lineProbe):]) {
			return
		}
		if l.decoded < 0 || l.decoded > int64(len(body)) {
			t.Fatalf("%q: %d octets decoded", body, l.decoded)
		}
		last := int64(-1)
		for at := int64(0); at < l.decoded; at++ {
			encoded, skip := l.offset(at)
			if encoded < 0 || encoded >= int64(len(body)) || skip < 0 || skip > 2 || encoded < last {
				t.Fatalf("%q: offset(%d) = %d, %d", body, at, encoded, skip)
			}
			last = encoded
		}
		// What consists of lines of digits alone, with padding at the end only, keeps its promise.
		eol := "\r\n"[2-l.end:]
		text := strings.TrimRight(string(body), "\r\n")
		lines := strings.Split(text, eol)
		if digits := strings.TrimRight(strings.Join(lines, ""), "="); strings.Trim(digits, alphabet) != "" || !allOf(lines[:len(lines)-1], l.chars) {
			return
		}
		out := slices.Clone(body)
		if n, _ := rfc822.NewDecoder("base64").Decode(out, out, true); int64(n) != l.decoded {
			t.Fatalf("%q: %d octets, promised %d", body, n, l.decoded)
		}
	})
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func allOf(lines []string, size int64) bool {
	return !slices.ContainsFunc(lines, func(line string) bool { return int64(len(line)) != size })
}
