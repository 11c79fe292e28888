package templates

import (
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	for _, tt := range []struct {
		name              string
		at                time.Time
		short, long, head string
	}{
		{"today", at(10, 20, 9, 42), "09:42", "Today 09:42", "Today"},
		{"first minute of today", at(10, 20, 0, 0), "00:00", "Today 00:00", "Today"},
		{"last minute of yesterday", at(10, 19, 23, 59), "Mon 23:59", "Yesterday 23:59", "Yesterday"},
		{"last Sunday", at(10, 18, 12, 0), "Sun 18", "Sun 18 Oct, 12:00", "Last week"},
		{"last Friday", at(10, 16, 15, 24), "Fri 16", "Fri 16 Oct, 15:24", "Last week"},
		{"last Monday", at(10, 12, 8, 0), "Mon 12", "Mon 12 Oct, 08:00", "Last week"},
		{"the Sunday before", at(10, 11, 8, 0), "Sun 11", "Sun 11 Oct, 08:00", "October"},
		{"two weeks ago", at(10, 6, 8, 0), "6 Oct", "Tue 6 Oct, 08:00", "October"},
		{"this year", at(9, 28, 8, 0), "28 Sep", "Mon 28 Sep, 08:00", "September"},
		{"another year", time.Date(2025, 11, 3, 8, 0, 0, 0, sampleZone), "2025-11-03", "3 Nov 2025, 08:00", "November 2025"},
		{"tomorrow", at(10, 21, 8, 0), "21 Oct", "Wed 21 Oct, 08:00", "Ahead of today"},
		{"another zone, another day", time.Date(2026, 10, 19, 23, 30, 0, 0, time.UTC), "01:30", "Today 01:30", "Today"},
	} {
		m := sampleClock.Moment(tt.at)
		if m.Short != tt.short || m.Long != tt.long {
			t.Errorf("%s: Moment(%v) = %q, %q, want %q, %q", tt.name, tt.at, m.Short, m.Long, tt.short, tt.long)
		}
		if got := sampleClock.Day(tt.at); got != tt.head {
			t.Errorf("%s: Day(%v) = %q, want %q", tt.name, tt.at, got, tt.head)
		}
	}
	m := sampleClock.Moment(at(10, 20, 9, 42))
	if m.Full != "Tuesday 20 October 2026, 09:42 CEST" || m.Machine != "2026-10-20T09:42:00+02:00" {
		t.Errorf("Moment = full %q, machine %q", m.Full, m.Machine)
	}
	if !sampleClock.Moment(time.Time{}).IsZero() || sampleClock.Day(time.Time{}) != "Undated" {
		t.Error("an unknown time is shown as one")
	}
}

// TestDaysAcrossClockChanges: the day of 25 hours is one day.
func TestDaysAcrossClockChanges(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Skip("no time zone data here: ", err)
	}
	c := Clock{Now: time.Date(2026, 10, 26, 0, 30, 0, 0, oslo), Zone: oslo}
	if got := c.Day(time.Date(2026, 10, 25, 0, 10, 0, 0, oslo)); got != "Yesterday" {
		t.Errorf("Day(24 h 20 min earlier) = %q, want Yesterday", got)
	}
	c.Now = time.Date(2026, 3, 30, 0, 30, 0, 0, oslo)
	if got := c.Day(time.Date(2026, 3, 28, 23, 50, 0, 0, oslo)); got != "Last week" {
		t.Errorf("Day(two midnights earlier) = %q, want Last week", got)
	}
}

func TestSentZone(t *testing.T) {
	japan := time.FixedZone("", 9*60*60)
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 10, 20, 9, 0, 0, 0, japan), "+09:00"}, {at(10, 20, 9, 0), ""}, {time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC), "+00:00"}, {time.Time{}, ""},
	} {
		if got := sampleClock.SentZone(tt.at); got != tt.want {
			t.Errorf("SentZone(%v) = %q, want %q", tt.at, got, tt.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for _, tt := range []struct {
		name       string
		start, end time.Time
		allDay     bool
		want       string
	}{
		{"an evening", at(10, 22, 19, 0), at(10, 22, 20, 30), false, "Thu 22 Oct 2026, 19:00–20:30"},
		{"over midnight", at(10, 22, 23, 0), at(10, 23, 1, 0), false, "Thu 22 Oct 2026, 23:00 – Fri 23 Oct 2026, 01:00"},
		{"no end", at(10, 22, 19, 0), time.Time{}, false, "Thu 22 Oct 2026, 19:00"},
		{"end before start", at(10, 22, 19, 0), at(10, 22, 18, 0), false, "Thu 22 Oct 2026, 19:00"},
		{"a whole day", at(10, 22, 0, 0), at(10, 23, 0, 0), true, "Thu 22 Oct 2026, all day"},
		{"whole days", at(10, 22, 0, 0), at(10, 25, 0, 0), true, "Thu 22 Oct 2026 – Sat 24 Oct 2026"},
		{"a whole day without end", at(10, 22, 0, 0), time.Time{}, true, "Thu 22 Oct 2026, all day"},
	} {
		if got := sampleClock.Span(tt.start, tt.end, tt.allDay); got != tt.want {
			t.Errorf("%s: Span = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		want string
	}{{0, "0"}, {7, "7"}, {999, "999"}, {1000, "1,000"}, {2481, "2,481"}, {1234567, "1,234,567"}, {-1000, "-1,000"}, {-100, "-100"}} {
		if got := Count(tt.n); got != tt.want {
			t.Errorf("Count(%d) = %q, want %q", tt.n, got, tt.want)
		}
	}
	if got := Plural(1, "message", "messages"); got != "1 message" {
		t.Errorf("Plural(1) = %q", got)
	}
	if got := Plural(2000, "message", "messages"); got != "2,000 messages" {
		t.Errorf("Plural(2000) = %q", got)
	}
	for _, tt := range []struct {
		octets int64
		want   string
	}{
		{-1, ""}, {0, "0 B"}, {999, "999 B"}, {1000, "1 kB"}, {1499, "1 kB"}, {48_000, "48 kB"}, {999_400, "999 kB"}, {999_600, "1.0 MB"}, {2_400_000, "2.4 MB"}, {9_940_000, "9.9 MB"},
		{9_960_000, "10 MB"}, {41_943_040, "42 MB"}, {6_200_000_000, "6.2 GB"}, {1 << 62, "4.6 EB"},
	} {
		if got := Size(tt.octets); got != tt.want {
			t.Errorf("Size(%d) = %q, want %q", tt.octets, got, tt.want)
		}
	}
}
