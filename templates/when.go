package templates

import (
	"fmt"
	"time"
)

// Clock is what times are shown by: the moment the page is made, and the reader's zone.
type Clock struct {
	Now  time.Time
	Zone *time.Location // nil is UTC
}

// Moment is a point in time, ready for a <time> element. The zero value shows nothing.
type Moment struct {
	Short   string // "09:42", "Mon 18:20", "Fri 16", "2 Oct", "2025-11-03"
	Long    string // "Today 09:42", "Thu 15 Oct, 16:05"
	Full    string // for a title: "Tuesday 20 October 2026, 09:42 CEST"
	Machine string // for datetime, RFC 3339
}

// IsZero tells a time that is not known.
func (m Moment) IsZero() bool { return m.Machine == "" }

// Moment shows t in the reader's zone; a zero t is the zero Moment.
func (c Clock) Moment(t time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	t = t.In(c.zone())
	return Moment{Short: c.short(t), Long: c.long(t), Full: t.Format("Monday 2 January 2006, 15:04 MST"), Machine: t.Format(time.RFC3339)}
}

// short is as long as a row has room for: the nearer, the more exact.
func (c Clock) short(t time.Time) string {
	switch days := c.daysAgo(t); {
	case days == 0:
		return t.Format("15:04")
	case days == 1:
		return t.Format("Mon 15:04")
	case days > 1 && days < 14:
		return t.Format("Mon 2")
	case t.Year() == c.Now.In(c.zone()).Year():
		return t.Format("2 Jan")
	default:
		return t.Format("2006-01-02")
	}
}

func (c Clock) long(t time.Time) string {
	switch days := c.daysAgo(t); {
	case days == 0:
		return "Today " + t.Format("15:04")
	case days == 1:
		return "Yesterday " + t.Format("15:04")
	case t.Year() == c.Now.In(c.zone()).Year():
		return t.Format("Mon 2 Jan, 15:04")
	default:
		return t.Format("2 Jan 2006, 15:04")
	}
}

// Day is the heading of the run of rows that t belongs to: "Today", "Yesterday", "This week", "Last week", "October", "October 2025".
// Weeks begin on Monday (ISO 8601).
func (c Clock) Day(t time.Time) string {
	if t.IsZero() {
		return "Undated"
	}
	now := c.Now.In(c.zone())
	t = t.In(c.zone())
	days := c.daysAgo(t)
	sinceMonday := (int(now.Weekday()) + 6) % 7
	switch {
	case days < 0:
		return "Ahead of today"
	case days == 0:
		return "Today"
	case days == 1:
		return "Yesterday"
	case days <= sinceMonday:
		return "This week"
	case days <= sinceMonday+7:
		return "Last week"
	case t.Year() == now.Year():
		return t.Format("January")
	default:
		return t.Format("January 2006")
	}
}

// daysAgo counts midnights of the reader's zone between t and now; negative for the future. Days of 23 and 25 hours count as one.
func (c Clock) daysAgo(t time.Time) int {
	return dayNumber(c.Now.In(c.zone())) - dayNumber(t.In(c.zone()))
}

func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

func (c Clock) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// SentZone is the sender's offset, "+09:00", when their clock stood elsewhere than the reader's at that time; else "".
func (c Clock) SentZone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	_, theirs := t.Zone()
	_, ours := t.In(c.zone()).Zone()
	if theirs == ours {
		return ""
	}
	return t.Format("-07:00")
}

// Span is a time from start to end, as an event has it: "Thu 22 Oct 2026, 19:00–20:30". A zero end, or one before start, shows the start alone.
// allDay leaves the clock out; end is then the day after the last (RFC 5545).
func (c Clock) Span(start, end time.Time, allDay bool) string {
	const day = "Mon 2 Jan 2006"
	if allDay {
		last := end.AddDate(0, 0, -1)
		if end.IsZero() || !last.After(start) {
			return start.Format(day) + ", all day"
		}
		return start.Format(day) + " – " + last.Format(day)
	}
	start, end = start.In(c.zone()), end.In(c.zone())
	switch {
	case !end.After(start):
		return start.Format(day + ", 15:04")
	case dayNumber(start) == dayNumber(end):
		return start.Format(day+", 15:04") + "–" + end.Format("15:04")
	default:
		return start.Format(day+", 15:04") + " – " + end.Format(day+", 15:04")
	}
}

// Count writes n with a comma every three digits: "2,481".
func Count[T ~int | ~int64 | ~uint32](n T) string {
	s := fmt.Sprintf("%d", n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Plural gives "1 message", "2,481 messages".
func Plural[T ~int | ~int64 | ~uint32](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Size writes octets the way file managers do, in powers of 1000: "812 B", "48 kB", "2.4 MB".
func Size(octets int64) string {
	if octets < 0 {
		return ""
	}
	if octets < 1000 {
		return fmt.Sprintf("%d B", octets)
	}
	value, units := float64(octets), []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	for i, unit := range units {
		value /= 1000
		if value < 999.5 || i == len(units)-1 {
			if value < 9.95 && unit != "kB" {
				return fmt.Sprintf("%.1f %s", value, unit)
			}
			return fmt.Sprintf("%.0f %s", value, unit)
		}
	}
	return ""
}
