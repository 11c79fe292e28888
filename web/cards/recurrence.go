package cards

import (
	"fmt"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// Recurrence is how an event comes again. The zero value doesn't.
type Recurrence struct {
	Every    int    // 1: each Unit, 2: every other one ...; 0: the event is single
	Unit     string // "day", "week", "month", "year", "hour"
	Weekdays []Weekday
	Days     []int // of the month; -1 is its last
	Months   []time.Month
	Count    int       // times in all; 0: not limited so
	Until    time.Time // the last possible day, in the reader's zone; zero: not limited so
	Odd      bool      // there is more to the rule than the fields can say
}

// Weekday is a day of the week, the Nth of its month (-1: the last) unless Nth is 0.
type Weekday struct {
	Day time.Weekday
	Nth int
}

// readRecurrence reads an RRULE. One that can't be read is odd and nothing else is said of it.
func readRecurrence(value string, zone *time.Location) Recurrence {
	value = strings.ToUpper(strings.TrimSpace(value))
	if value == "" {
		return Recurrence{}
	}
	odd := Recurrence{Every: 1, Odd: true}
	if len(value) > 500 {
		return odd
	}
	rule, err := rrule.StrToROption(value)
	if err != nil {
		return odd
	}
	r := Recurrence{Every: min(max(rule.Interval, 1), 1000), Count: min(max(rule.Count, 0), 100_000)}
	switch rule.Freq {
	case rrule.YEARLY:
		r.Unit = "year"
	case rrule.MONTHLY:
		r.Unit = "month"
	case rrule.WEEKLY:
		r.Unit = "week"
	case rrule.DAILY:
		r.Unit = "day"
	case rrule.HOURLY:
		r.Unit = "hour"
	default:
		return odd
	}
	if !rule.Until.IsZero() {
		r.Until = rule.Until.In(zone)
		_, until, _ := strings.Cut(value, "UNTIL=")
		if until, _, _ = strings.Cut(until, ";"); len(until) == len("20060102") || strings.HasSuffix(until, "T000000Z") {
			// A day, not a time: the same one everywhere.
			y, m, d := rule.Until.Date()
			r.Until = time.Date(y, m, d, 0, 0, 0, 0, zone)
		}
	}
	setpos := 0
	if len(rule.Bysetpos) == 1 {
		setpos = rule.Bysetpos[0]
	}
	for _, d := range rule.Byweekday {
		w := Weekday{Day: time.Weekday((d.Day() + 1) % 7), Nth: d.N()}
		if len(rule.Byweekday) == 1 && w.Nth == 0 && setpos != 0 {
			w.Nth, setpos = setpos, 0 // "BYDAY=TU;BYSETPOS=2" is how Outlook says 2TU
		}
		r.Weekdays = append(r.Weekdays, w)
	}
	r.Days = rule.Bymonthday
	for _, m := range rule.Bymonth {
		if m >= 1 && m <= 12 {
			r.Months = append(r.Months, time.Month(m))
		}
	}
	r.Odd = setpos != 0 || len(rule.Bysetpos) > 1 || len(rule.Byyearday)+len(rule.Byweekno)+len(rule.Byhour)+len(rule.Byminute)+len(rule.Bysecond)+len(rule.Byeaster) > 0
	return r
}

// Words says it in English: "every 2 weeks on Monday and Friday, 10 times". "" for a single event.
func (r Recurrence) Words() string {
	if r.Every == 0 {
		return ""
	}
	if r.Unit == "" {
		return "repeats by a rule of its own"
	}
	var out strings.Builder
	if r.Every == 1 {
		out.WriteString("every " + r.Unit)
	} else {
		fmt.Fprintf(&out, "every %d %ss", r.Every, r.Unit)
	}
	if len(r.Months) > 0 {
		var names []string
		for _, m := range r.Months {
			names = append(names, m.String())
		}
		out.WriteString(" in " + list(names))
	}
	if len(r.Days) > 0 {
		var names []string
		for _, d := range r.Days {
			switch {
			case d == -1:
				names = append(names, "the last day")
			case d < 0:
				names = append(names, fmt.Sprintf("the %s day before the end", ordinal(-d-1)))
			default:
				names = append(names, "the "+ordinal(d))
			}
		}
		out.WriteString(" on " + list(names))
	}
	if len(r.Weekdays) > 0 {
		var names []string
		for _, w := range r.Weekdays {
			switch {
			case w.Nth == 0:
				names = append(names, w.Day.String())
			case w.Nth == -1:
				names = append(names, "the last "+w.Day.String())
			case w.Nth < 0:
				names = append(names, fmt.Sprintf("the %s to last %s", ordinal(-w.Nth), w.Day))
			default:
				names = append(names, fmt.Sprintf("the %s %s", ordinal(w.Nth), w.Day))
			}
		}
		out.WriteString(" on " + list(names))
	}
	if r.Odd {
		out.WriteString(", with exceptions")
	}
	switch {
	case r.Count > 0:
		fmt.Fprintf(&out, ", %d times", r.Count)
	case !r.Until.IsZero():
		out.WriteString(", until " + r.Until.Format("2 January 2006"))
	}
	return out.String()
}

func list(items []string) string {
	if len(items) > 12 {
		items = append(items[:11:11], "others")
	}
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n, suffix)
}
