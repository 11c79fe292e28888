package rfc822

import (
	"strconv"
	"strings"
	"time"
)

// ParseDate reads a Date value and keeps its zone: RFC 5322 with its obsolete forms, ISO 8601, the form of C's ctime, and what senders make
// of them (no or a wrong day of the week, no seconds, two-digit years, comments, "3-Nov-2026", AM and PM). A zone that is missing or unknown
// counts as UTC, a missing time as midnight. Month names other than English are not understood.
func ParseDate(s string) (t time.Time, ok bool) {
	if len(s) > 500 {
		s = s[:500]
	}
	s = strings.TrimSpace(dropComments(s))
	d := date{day: -1, month: -1, year: -1, hour: -1}
	if iso := d.iso(s); !iso && !d.words(s) {
		return time.Time{}, false
	}
	return d.time()
}

// date is a date being read; -1 is "not seen".
type date struct {
	year, month, day int
	hour, min, sec   int
	nsec             int
	offset           int // seconds east of UTC
	zoned, pm, am    bool
	yearDigits       int
}

func (d *date) time() (time.Time, bool) {
	if d.day < 1 || d.month < 1 || d.year < 0 {
		return time.Time{}, false
	}
	switch {
	case d.yearDigits <= 2 && d.year < 50:
		d.year += 2000
	case d.yearDigits <= 3:
		d.year += 1900
	}
	if d.hour < 0 {
		d.hour = 0
	}
	if d.pm && d.hour < 12 {
		d.hour += 12
	} else if d.am && d.hour == 12 {
		d.hour = 0
	}
	if d.sec == 60 { // a leap second
		d.sec = 59
	}
	if d.year < 1900 || d.year > 9999 || d.month > 12 || d.hour > 23 || d.min > 59 || d.sec > 59 {
		return time.Time{}, false
	}
	zone := time.UTC
	if d.offset != 0 {
		zone = time.FixedZone("", d.offset)
	}
	t := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.min, d.sec, d.nsec, zone)
	return t, t.Day() == d.day // the 31st of a month of 30 days is no date
}

// iso reads "2026-11-03T09:30:00.5+01:00" and its shorter forms.
func (d *date) iso(s string) bool {
	if len(s) < 10 || s[4] != '-' && s[4] != '/' || s[7] != s[4] {
		return false
	}
	var ok [3]bool
	d.year, ok[0] = digits(s[:4])
	d.month, ok[1] = digits(s[5:7])
	d.day, ok[2] = digits(s[8:10])
	if !ok[0] || !ok[1] || !ok[2] {
		return false
	}
	d.yearDigits = 4
	rest := strings.TrimLeft(s[10:], "Tt ")
	clock := rest
	if i := strings.IndexAny(rest, "+-Zz "); i >= 0 {
		clock = rest[:i]
		d.zone(strings.TrimSpace(rest[i:]))
	}
	return clock == "" || d.clock(clock)
}

// words reads the other forms, whose parts can be told from each other by their look.
func (d *date) words(s string) bool {
	var numbers []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == ',' || r == 0xa0 }) {
		switch {
		case d.hour < 0 && strings.Contains(w, ":") && d.clock(w):
		case d.month < 0 && strings.Count(w, "-") == 2 && w[0] != '-': // 3-Nov-2026
			p := strings.Split(w, "-")
			if m := monthNumber(p[1]); m > 0 {
				d.month = m
				numbers = append(numbers, p[0], p[2])
			}
		case w[0] == '+' || w[0] == '-':
			d.zone(w)
		case w[0] >= '0' && w[0] <= '9':
			numbers = append(numbers, w)
		case d.month < 0 && monthNumber(w) > 0:
			d.month = monthNumber(w)
		case strings.EqualFold(w, "am"):
			d.am = true
		case strings.EqualFold(w, "pm"):
			d.pm = true
		case d.hour >= 0:
			d.zone(w)
		}
	}
	return d.month > 0 && d.numbers(numbers)
}

// numbers tells day and year apart: the year has four digits or comes second.
func (d *date) numbers(numbers []string) bool {
	for _, n := range numbers {
		if d.hour < 0 && strings.Count(n, ".") >= 1 && d.clock(strings.ReplaceAll(n, ".", ":")) {
			continue
		}
		plain := strings.TrimRight(n, "stndrh.") // 3rd
		v, ok := digits(plain)
		switch {
		case !ok:
		case d.day < 0 && len(plain) <= 2:
			d.day = v
		case d.year < 0:
			d.year, d.yearDigits = v, len(plain)
		case d.day < 0:
			return false
		}
	}
	return d.day > 0 && d.year >= 0
}

// clock reads "9:30", "09:30:00", "09:30:00.123" and one with AM or PM behind it.
func (d *date) clock(s string) bool {
	low := strings.ToLower(s)
	if strings.HasSuffix(low, "am") || strings.HasSuffix(low, "pm") {
		d.am, d.pm = low[len(low)-2] == 'a', low[len(low)-2] == 'p'
		s = s[:len(s)-2]
	}
	// A zone may stick to the time: 09:30:00+0100.
	if i := strings.IndexAny(s, "+-Z"); i > 3 {
		d.zone(s[i:])
		s = s[:i]
	}
	s, fraction, _ := strings.Cut(s, ".")
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return false
	}
	hour, ok1 := digits(parts[0])
	minute, ok2 := digits(parts[1])
	second, ok3 := 0, true
	if len(parts) == 3 {
		second, ok3 = digits(parts[2])
	}
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 {
		return false
	}
	d.hour, d.min, d.sec = hour, minute, second
	if n, err := strconv.ParseFloat("0."+fraction, 64); err == nil && fraction != "" {
		d.nsec = int(n * 1e9)
	}
	return true
}

// zone takes the first zone that is given: an offset, a name, or both as in "GMT+0100".
func (d *date) zone(s string) {
	if d.zoned || s == "" {
		return
	}
	name := strings.ToUpper(s)
	if i := strings.IndexAny(name, "+-"); i > 0 && (name[:i] == "GMT" || name[:i] == "UTC" || name[:i] == "UT") {
		name = name[i:]
	}
	if name[0] == '+' || name[0] == '-' {
		d.numericZone(name)
		return
	}
	if hours, ok := zoneHours[name]; ok {
		d.offset, d.zoned = int(hours*3600), true
	}
}

func (d *date) numericZone(s string) {
	n := strings.ReplaceAll(s[1:], ":", "")
	if len(n) == 1 || len(n) == 3 {
		n = "0" + n
	}
	if len(n) == 2 {
		n += "00"
	}
	v, ok := digits(n)
	if !ok || len(n) != 4 || v/100 > 23 || v%100 > 59 {
		return
	}
	d.offset, d.zoned = v/100*3600+v%100*60, true
	if s[0] == '-' {
		d.offset = -d.offset
	}
}

// zoneHours are the zone names of RFC 5322 section 4.3 and the others in use, in hours east of UTC. Where a name has several meanings the one with
// the most people is taken. Military letters mean nothing (same section), nor does any other name.
var zoneHours = map[string]float64{
	"UT": 0, "GMT": 0, "UTC": 0, "Z": 0, "WET": 0,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "AST": -4, "ADT": -3,
	"NST": -3.5, "NDT": -2.5, "BRT": -3, "ART": -3,
	"BST": 1, "WEST": 1, "CET": 1, "MET": 1, "MEZ": 1, "CEST": 2, "MEST": 2, "MESZ": 2, "EET": 2, "SAST": 2, "EEST": 3, "MSK": 3, "MSD": 4,
	"IST": 5.5, "PKT": 5, "ICT": 7, "WIB": 7, "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}

var monthNames = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// monthNumber reads an English month name or its first three letters, 0 for anything else.
func monthNumber(s string) int {
	s = strings.TrimSuffix(s, ".")
	if len(s) < 3 {
		return 0
	}
	for i, name := range monthNames {
		if strings.EqualFold(s, name) || strings.EqualFold(s, name[:3]) {
			return i + 1
		}
	}
	if strings.EqualFold(s, "sept") {
		return 9
	}
	return 0
}

// digits reads a short decimal number.
func digits(s string) (int, bool) {
	if s == "" || len(s) > 4 {
		return 0, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}
