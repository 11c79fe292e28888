package cards

import (
	"strconv"
	"strings"
	"time"

	"godwit/web/mailhtml"
)

const (
	maxEvents    = 50
	maxAttendees = 100
)

// Method is what a calendar object asks for (RFC 5546).
type Method string

const (
	MethodPublish Method = "publish" // for your information
	MethodRequest Method = "request" // an invitation, or a change of one
	MethodCancel  Method = "cancel"
	MethodReply   Method = "reply" // an attendee answers
	MethodCounter Method = "counter"
	MethodOther   Method = "other"
)

// Calendar is what a text/calendar part says.
type Calendar struct {
	Method Method
	Events []Event // in the order of the file; at most maxEvents
	More   int     // events beyond those
}

// Event is one VEVENT.
type Event struct {
	UID         string
	Sequence    int // grows with each change by the organiser
	Title       string
	Location    string
	Description string // lines of plain text
	Link        string // http or https, "" when there is none that may be followed
	LinkHost    string // where Link leads, to be shown with it

	// Start and End are in the reader's zone; End is zero when unknown. For an all-day event they are midnights in that zone, and End is the first
	// day after; LastDay gives the last one.
	Start, End time.Time
	AllDay     bool
	Floating   bool   // the event has no zone: the clock time wherever one is
	Zone       string // the sender's name for the zone the times were given in, "" for UTC and floating times
	Guessed    bool   // that zone is unknown here: its times were taken as the reader's own

	Recurrence Recurrence
	Instance   time.Time // of a recurring event, the one that this is about; zero for all
	Cancelled  bool      // by METHOD or STATUS
	Tentative  bool

	Organiser     Person
	Attendees     []Person // at most maxAttendees
	MoreAttendees int
}

// LastDay is the last day of an all-day event.
func (e Event) LastDay() time.Time {
	if e.End.After(e.Start) {
		return e.End.AddDate(0, 0, -1)
	}
	return e.Start
}

// Answer is an attendee's PARTSTAT.
type Answer string

const (
	AnswerNone      Answer = "none"
	AnswerAccepted  Answer = "accepted"
	AnswerDeclined  Answer = "declined"
	AnswerTentative Answer = "tentative"
	AnswerDelegated Answer = "delegated"
)

// Person is an organiser or attendee.
type Person struct {
	Name     string // "" when only the address is known
	Address  string
	Answer   Answer
	Optional bool
	Room     bool // a room or other resource
}

// Invite reads a text/calendar part and gives its times in zone (nil: UTC). ok is false when there is no event in it.
func Invite(b []byte, zone *time.Location) (cal Calendar, ok bool) {
	if zone == nil {
		zone = time.UTC
	}
	lines := contentLines(b)
	zones := readZones(lines)
	cal.Method = MethodPublish
	var path []string // open components, outermost first
	var event []contentLine
	for _, l := range lines {
		switch l.name {
		case "BEGIN":
			if len(path) < 20 {
				path = append(path, strings.ToUpper(strings.TrimSpace(l.value)))
			}
			if is(path, "VEVENT") {
				event = nil
			}
		case "END":
			if is(path, "VEVENT") {
				if len(cal.Events) < maxEvents {
					cal.Events = append(cal.Events, readEvent(event, zones, zone))
				} else {
					cal.More++
				}
			}
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
		case "METHOD":
			if len(path) <= 1 {
				cal.Method = method(l.value)
			}
		default:
			// What stands in VALARM and the like within the event is none of it.
			if is(path, "VEVENT") {
				event = append(event, l)
			}
		}
	}
	if is(path, "VEVENT") && len(event) > 0 && len(cal.Events) < maxEvents {
		cal.Events = append(cal.Events, readEvent(event, zones, zone)) // the file was cut off
	}
	for i := range cal.Events {
		cal.Events[i].Cancelled = cal.Events[i].Cancelled || cal.Method == MethodCancel
	}
	return cal, len(cal.Events) > 0
}

// is says whether the innermost open component is that one.
func is(path []string, component string) bool {
	return len(path) > 0 && path[len(path)-1] == component
}

func method(value string) Method {
	switch m := Method(strings.ToLower(strings.TrimSpace(value))); m {
	case MethodPublish, MethodRequest, MethodCancel, MethodReply, MethodCounter:
		return m
	}
	return MethodOther
}

func readEvent(lines []contentLine, zones zones, zone *time.Location) Event {
	var e Event
	var duration time.Duration
	var ends bool
	for _, l := range lines {
		switch l.name {
		case "UID":
			e.UID = name(l.value)
		case "SEQUENCE":
			e.Sequence, _ = strconv.Atoi(strings.TrimSpace(l.value))
		case "SUMMARY":
			e.Title = name(l.value)
		case "LOCATION":
			e.Location = mailhtml.OneLine(unescape(l.value), 500)
		case "DESCRIPTION":
			e.Description = text(l.value)
		case "URL", "CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL":
			if href, host, ok := mailhtml.Link(l.value); ok && host != "" && e.Link == "" {
				e.Link, e.LinkHost = href, host
			}
		case "DTSTART":
			if w, ok := zones.read(l, zone); ok {
				e.Start, e.AllDay, e.Floating, e.Zone, e.Guessed = w.at, w.date, w.floating, w.zone, w.guessed
			}
		case "DTEND":
			if w, ok := zones.read(l, zone); ok {
				e.End, ends = w.at, true
			}
		case "DURATION":
			duration = parseDuration(l.value)
		case "RECURRENCE-ID":
			if w, ok := zones.read(l, zone); ok {
				e.Instance = w.at
			}
		case "RRULE":
			e.Recurrence = readRecurrence(l.value, zone)
		case "STATUS":
			e.Cancelled = strings.EqualFold(l.value, "CANCELLED")
			e.Tentative = strings.EqualFold(l.value, "TENTATIVE")
		case "ORGANIZER":
			e.Organiser = readPerson(l)
		case "ATTENDEE":
			if len(e.Attendees) < maxAttendees {
				e.Attendees = append(e.Attendees, readPerson(l))
			} else {
				e.MoreAttendees++
			}
		}
	}
	if !ends && !e.Start.IsZero() {
		switch {
		case duration > 0 && e.AllDay:
			e.End = e.Start.AddDate(0, 0, int(duration/(24*time.Hour)))
		case duration > 0:
			e.End = e.Start.Add(duration)
		case e.AllDay:
			e.End = e.Start.AddDate(0, 0, 1)
		}
	}
	if e.End.Before(e.Start) {
		e.End = time.Time{}
	}
	return e
}

func readPerson(l contentLine) Person {
	p := Person{Name: mailhtml.OneLine(l.params["CN"], maxName), Answer: AnswerNone}
	address := l.value
	if len(address) > 7 && strings.EqualFold(address[:7], "mailto:") {
		address = address[7:]
	}
	p.Address = mailhtml.OneLine(address, maxName)
	if p.Name == p.Address {
		p.Name = ""
	}
	switch a := Answer(strings.ToLower(l.params["PARTSTAT"])); a {
	case AnswerAccepted, AnswerDeclined, AnswerTentative, AnswerDelegated:
		p.Answer = a
	}
	p.Optional = strings.EqualFold(l.params["ROLE"], "OPT-PARTICIPANT")
	switch strings.ToUpper(l.params["CUTYPE"]) {
	case "ROOM", "RESOURCE":
		p.Room = true
	}
	return p
}

// parseDuration reads "P1DT2H30M" and its like (RFC 5545 section 3.3.6); 0 for what isn't one, is negative or is longer than a year.
func parseDuration(value string) time.Duration {
	value, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(strings.TrimPrefix(value, "+"))), "P")
	if !ok {
		return 0
	}
	var total time.Duration
	n := 0
	for _, r := range value {
		unit := time.Duration(0)
		switch r {
		case 'T':
			continue
		case 'W':
			unit = 7 * 24 * time.Hour
		case 'D':
			unit = 24 * time.Hour
		case 'H':
			unit = time.Hour
		case 'M':
			unit = time.Minute
		case 'S':
			unit = time.Second
		default:
			if r < '0' || r > '9' || n > 1e6 {
				return 0
			}
			n = n*10 + int(r-'0')
			continue
		}
		total += time.Duration(min(n, 366*24*60)) * unit
		n = 0
		if total > 366*24*time.Hour {
			return 0
		}
	}
	return total
}
