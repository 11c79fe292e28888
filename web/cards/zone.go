package cards

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // invitations name zones of all the world; a static image has no zone files

	"godwit/web/mailhtml"
)

// when is a time as a calendar gave it.
type when struct {
	at       time.Time
	date     bool // a day without time
	floating bool
	zone     string
	guessed  bool
}

// zones are the VTIMEZONEs of a file by TZID.
type zones map[string]*vtimezone

// vtimezone is what a file says about a zone, for those that neither the zone database nor our table of Exchange's names knows.
type vtimezone struct {
	location string // X-LIC-LOCATION
	rules    []zoneRule
}

// zoneRule is a STANDARD or DAYLIGHT component that comes each year, or once.
type zoneRule struct {
	start  time.Time // local, written as UTC
	offset int       // seconds east of UTC, from then on
	month  time.Month
	day    time.Weekday
	nth    int // which of the month, -1 the last; 0: only once, at start
}

func readZones(lines []contentLine) zones {
	z := zones{}
	var zone *vtimezone
	var rule *zoneRule
	id := ""
	for _, l := range lines {
		switch value := strings.ToUpper(strings.TrimSpace(l.value)); {
		case l.name == "BEGIN" && value == "VTIMEZONE":
			zone, rule, id = &vtimezone{}, nil, ""
		case zone == nil:
		case l.name == "END" && value == "VTIMEZONE":
			if id != "" && len(z) < 50 {
				z[id] = zone
			}
			zone = nil
		case l.name == "TZID":
			id = l.value
		case l.name == "X-LIC-LOCATION":
			zone.location = l.value
		case l.name == "BEGIN" && len(zone.rules) < 200:
			zone.rules = append(zone.rules, zoneRule{})
			rule = &zone.rules[len(zone.rules)-1]
		case l.name == "END":
			rule = nil
		case rule == nil:
		case l.name == "DTSTART":
			rule.start, _ = time.Parse("20060102T150405", strings.TrimSuffix(value, "Z"))
		case l.name == "TZOFFSETTO":
			rule.offset = utcOffset(value)
		case l.name == "RRULE":
			r := readRecurrence(l.value, time.UTC)
			if r.Unit == "year" && r.Every == 1 && len(r.Months) == 1 && len(r.Weekdays) == 1 && r.Weekdays[0].Nth != 0 {
				rule.month, rule.day, rule.nth = r.Months[0], r.Weekdays[0].Day, r.Weekdays[0].Nth
			}
		}
	}
	return z
}

// utcOffset reads "+0130" or "-053000" as seconds.
func utcOffset(s string) int {
	if len(s) < 5 || s[0] != '+' && s[0] != '-' {
		return 0
	}
	hours, err1 := strconv.Atoi(s[1:3])
	minutes, err2 := strconv.Atoi(s[3:5])
	if err1 != nil || err2 != nil || hours > 15 || minutes > 59 {
		return 0
	}
	seconds := hours*3600 + minutes*60
	if s[0] == '-' {
		return -seconds
	}
	return seconds
}

// offset gives the zone's offset at a local time: that of the rule which began last.
func (v *vtimezone) offset(local time.Time) (seconds int, ok bool) {
	var latest time.Time
	for _, r := range v.rules {
		for _, year := range []int{local.Year() - 1, local.Year()} {
			onset := r.start
			if r.nth != 0 {
				onset = r.inYear(year)
			}
			if onset.Before(r.start) || onset.After(local) || ok && !onset.After(latest) {
				continue
			}
			latest, seconds, ok = onset, r.offset, true
		}
	}
	if !ok && len(v.rules) > 0 {
		return v.rules[0].offset, true
	}
	return seconds, ok
}

func (r zoneRule) inYear(year int) time.Time {
	hour, minute, second := r.start.Clock()
	first := time.Date(year, r.month, 1, hour, minute, second, 0, time.UTC)
	if r.nth > 0 {
		days := (int(r.day)-int(first.Weekday())+7)%7 + 7*(r.nth-1)
		return first.AddDate(0, 0, days)
	}
	last := first.AddDate(0, 1, -1)
	return last.AddDate(0, 0, -((int(last.Weekday())-int(r.day)+7)%7)+7*(r.nth+1))
}

// read gives the time of a DTSTART, DTEND or the like, in the reader's zone.
func (z zones) read(l contentLine, reader *time.Location) (w when, ok bool) {
	value := strings.TrimSpace(l.value)
	switch {
	case len(value) == 8:
		t, err := time.ParseInLocation("20060102", value, reader)
		return when{at: t, date: true, floating: true}, err == nil
	case len(value) == 16 && value[15] == 'Z':
		t, err := time.Parse("20060102T150405Z", value)
		return when{at: t.In(reader)}, err == nil
	}
	local, err := time.Parse("20060102T150405", value)
	if err != nil {
		return w, false
	}
	id := l.params["TZID"]
	if id == "" {
		return when{at: in(local, reader), floating: true}, true
	}
	w.zone = mailhtml.OneLine(id, maxName)
	if location := z.location(id); location != nil {
		w.at = in(local, location).In(reader)
		return w, true
	}
	if v := z[id]; v != nil {
		if seconds, ok := v.offset(local); ok {
			w.at = local.Add(-time.Duration(seconds) * time.Second).In(reader)
			return w, true
		}
	}
	w.at, w.guessed = in(local, reader), true
	return w, true
}

// in gives the clock time of local in a zone.
func in(local time.Time, zone *time.Location) time.Time {
	year, month, day := local.Date()
	hour, minute, second := local.Clock()
	return time.Date(year, month, day, hour, minute, second, 0, zone)
}

// location finds a zone by its name in the zone database, as Exchange calls it, or by the name that a path of some program ends with
// ("/freeassociation.sourceforge.net/Europe/Berlin").
func (z zones) location(id string) *time.Location {
	names := []string{strings.TrimSpace(id)}
	if v := z[id]; v != nil && v.location != "" {
		names = append(names, v.location)
	}
	if parts := strings.Split(id, "/"); len(parts) > 3 {
		names = append(names, strings.Join(parts[len(parts)-2:], "/"), strings.Join(parts[len(parts)-3:], "/"))
	}
	for _, n := range names {
		if iana, ok := exchangeZones[strings.ToLower(strings.Trim(n, `"`))]; ok {
			n = iana
		}
		if n == "" || n == "Local" || len(n) > 64 {
			continue
		}
		if location, err := time.LoadLocation(n); err == nil {
			return location
		}
	}
	// "(UTC+01:00) Amsterdam, Berlin": Outlook's display name, right in winter only, and so of use only where the file says no more.
	if rest, ok := strings.CutPrefix(id, "(UTC"); ok && len(rest) > 6 && z[id] == nil {
		return time.FixedZone(mailhtml.OneLine(id, 60), utcOffset(strings.Replace(rest[:6], ":", "", 1)))
	}
	return nil
}

// exchangeZones are the names that Windows and Exchange give to zones (Unicode CLDR, windowsZones).
var exchangeZones = map[string]string{
	"utc": "UTC", "z": "UTC", "gmt": "UTC", "greenwich standard time": "Atlantic/Reykjavik", "gmt standard time": "Europe/London",
	"w. europe standard time": "Europe/Berlin", "central europe standard time": "Europe/Budapest", "romance standard time": "Europe/Paris",
	"central european standard time": "Europe/Warsaw", "w. central africa standard time": "Africa/Lagos", "gtb standard time": "Europe/Bucharest",
	"e. europe standard time": "Europe/Chisinau", "fle standard time": "Europe/Kiev", "turkey standard time": "Europe/Istanbul", "israel standard time": "Asia/Jerusalem",
	"egypt standard time": "Africa/Cairo", "middle east standard time": "Asia/Beirut", "jordan standard time": "Asia/Amman", "syria standard time": "Asia/Damascus",
	"south africa standard time": "Africa/Johannesburg", "e. africa standard time": "Africa/Nairobi", "morocco standard time": "Africa/Casablanca",
	"kaliningrad standard time": "Europe/Kaliningrad", "russian standard time": "Europe/Moscow", "belarus standard time": "Europe/Minsk", "arab standard time": "Asia/Riyadh",
	"arabic standard time": "Asia/Baghdad", "iran standard time": "Asia/Tehran", "arabian standard time": "Asia/Dubai", "azerbaijan standard time": "Asia/Baku",
	"georgian standard time": "Asia/Tbilisi", "caucasus standard time": "Asia/Yerevan", "russia time zone 3": "Europe/Samara", "afghanistan standard time": "Asia/Kabul",
	"west asia standard time": "Asia/Tashkent", "pakistan standard time": "Asia/Karachi", "ekaterinburg standard time": "Asia/Yekaterinburg",
	"india standard time": "Asia/Calcutta", "sri lanka standard time": "Asia/Colombo", "nepal standard time": "Asia/Katmandu", "central asia standard time": "Asia/Almaty",
	"bangladesh standard time": "Asia/Dhaka", "omsk standard time": "Asia/Omsk", "n. central asia standard time": "Asia/Novosibirsk", "myanmar standard time": "Asia/Rangoon",
	"se asia standard time": "Asia/Bangkok", "north asia standard time": "Asia/Krasnoyarsk", "china standard time": "Asia/Shanghai", "singapore standard time": "Asia/Singapore",
	"taipei standard time": "Asia/Taipei", "w. australia standard time": "Australia/Perth", "north asia east standard time": "Asia/Irkutsk",
	"tokyo standard time": "Asia/Tokyo", "korea standard time": "Asia/Seoul", "yakutsk standard time": "Asia/Yakutsk", "cen. australia standard time": "Australia/Adelaide",
	"aus central standard time": "Australia/Darwin", "e. australia standard time": "Australia/Brisbane", "aus eastern standard time": "Australia/Sydney",
	"tasmania standard time": "Australia/Hobart", "west pacific standard time": "Pacific/Port_Moresby", "vladivostok standard time": "Asia/Vladivostok",
	"central pacific standard time": "Pacific/Guadalcanal", "new zealand standard time": "Pacific/Auckland", "fiji standard time": "Pacific/Fiji", "tonga standard time": "Pacific/Tongatapu",
	"samoa standard time": "Pacific/Apia", "azores standard time": "Atlantic/Azores", "cape verde standard time": "Atlantic/Cape_Verde",
	"e. south america standard time": "America/Sao_Paulo", "argentina standard time": "America/Buenos_Aires", "sa eastern standard time": "America/Cayenne",
	"greenland standard time": "America/Godthab", "montevideo standard time": "America/Montevideo", "bahia standard time": "America/Bahia",
	"newfoundland standard time": "America/St_Johns", "atlantic standard time": "America/Halifax", "pacific sa standard time": "America/Santiago",
	"sa western standard time": "America/La_Paz", "venezuela standard time": "America/Caracas", "paraguay standard time": "America/Asuncion",
	"eastern standard time": "America/New_York", "us eastern standard time": "America/Indianapolis", "sa pacific standard time": "America/Bogota",
	"central standard time": "America/Chicago", "central america standard time": "America/Guatemala", "central standard time (mexico)": "America/Mexico_City",
	"canada central standard time": "America/Regina", "mountain standard time": "America/Denver", "us mountain standard time": "America/Phoenix",
	"mountain standard time (mexico)": "America/Chihuahua", "pacific standard time": "America/Los_Angeles", "pacific standard time (mexico)": "America/Tijuana",
	"alaskan standard time": "America/Anchorage", "hawaiian standard time": "Pacific/Honolulu", "dateline standard time": "Etc/GMT+12", "utc-11": "Etc/GMT+11",
}
