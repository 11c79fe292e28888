package demo

import (
	"bufio"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed mail/*.txt
var scripts embed.FS

// letter is one message as mail/*.txt tells it:
//
//	@ INBOX, 3h, unread Survey
//	id: transects-2
//	re: transects-1
//	From: ines
//	To: me, tomasz
//	Subject: Transect map
//	attach: map.pdf, north-groyne.jpg
//
//	The text.
//	--- html
//	<p>The same as HTML.
//
// The "@" line has the mailbox, the age ("25m", "3h", or "4d 09:42" for a time of day four days ago), and flags: "unread", "flagged",
// "answered", "forwarded", "draft", or keywords as they are. Names in lower case direct the builder (build.go), others are header fields.
// Persons of people.go may be called by their short names. Bodies are text/template.
type letter struct {
	mailbox string
	date    time.Time
	flags   []string

	directives map[string]string // id, re, attach, ...
	header     []field           // in the order written
	bodies     []body            // text first, as a rule
	place      string            // file and line, for errors
}

type field struct{ name, value string }

type body struct {
	kind string // "text", "html", "calendar"
	text string
}

// readLetters reads all scripts, oldest letter first.
func readLetters(now time.Time) ([]*letter, error) {
	names, err := fs.Glob(scripts, "mail/*.txt")
	if err != nil {
		return nil, err
	}
	var all []*letter
	for _, name := range names {
		letters, err := readScript(name, now)
		if err != nil {
			return nil, err
		}
		all = append(all, letters...)
	}
	slices.SortStableFunc(all, func(a, b *letter) int { return a.date.Compare(b.date) })
	return all, nil
}

func readScript(name string, now time.Time) ([]*letter, error) {
	file, err := scripts.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var letters []*letter
	var l *letter
	inHeader := false
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		place := fmt.Sprintf("%s:%d", name, n)
		switch {
		case strings.HasPrefix(line, "@ "):
			if l, err = newLetter(line[2:], now); err != nil {
				return nil, fmt.Errorf("%s: %w", place, err)
			}
			l.place, inHeader = place, true
			letters = append(letters, l)
		case l == nil: // what stands before the first letter is for those who read the file
		case strings.HasPrefix(line, "--- "):
			inHeader = false
			l.bodies = append(l.bodies, body{kind: line[4:]})
		case inHeader && line == "":
			inHeader = false
			l.bodies = []body{{kind: "text"}}
		case inHeader:
			key, value, ok := strings.Cut(line, ": ")
			if !ok {
				return nil, fmt.Errorf("%s: %q is no header", place, line)
			}
			l.set(key, value)
		default:
			b := &l.bodies[len(l.bodies)-1]
			b.text += line + "\n"
		}
	}
	for _, l := range letters {
		if err := l.fill(now); err != nil {
			return nil, fmt.Errorf("%s: %w", l.place, err)
		}
	}
	return letters, lines.Err()
}

func newLetter(line string, now time.Time) (*letter, error) {
	parts := strings.Split(line, ", ")
	if len(parts) < 2 {
		return nil, fmt.Errorf("%q has no mailbox and age", line)
	}
	l := &letter{mailbox: parts[0], directives: map[string]string{}}
	var err error
	if l.date, err = ago(now, parts[1]); err != nil {
		return nil, err
	}
	l.flags = []string{`\Seen`}
	if len(parts) > 2 {
		for _, f := range strings.Fields(parts[2]) {
			l.flag(f)
		}
	}
	return l, nil
}

var flagNames = map[string]string{
	"flagged": `\Flagged`, "answered": `\Answered`, "draft": `\Draft`, "forwarded": "$Forwarded",
}

func (l *letter) flag(name string) {
	switch {
	case name == "unread":
		l.flags = l.flags[1:]
	case flagNames[name] != "":
		l.flags = append(l.flags, flagNames[name])
	default:
		l.flags = append(l.flags, name)
	}
}

// ago reads "25m", "3h", and "4d 09:42", the time of day four days before now.
func ago(now time.Time, age string) (time.Time, error) {
	age, clock, hasClock := strings.Cut(age, " ")
	n, err := strconv.Atoi(age[:len(age)-1])
	if err != nil {
		return now, fmt.Errorf("age %q: %w", age, err)
	}
	switch age[len(age)-1] {
	case 'm':
		return now.Add(-time.Duration(n) * time.Minute), nil
	case 'h':
		return now.Add(-time.Duration(n) * time.Hour), nil
	case 'd':
		day := now.AddDate(0, 0, -n)
		var at time.Time
		if hasClock {
			if at, err = time.Parse("15:04", clock); err != nil {
				return now, fmt.Errorf("age %q: %w", age, err)
			}
		}
		return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, day.Location()), nil
	}
	return now, fmt.Errorf("age %q ends with neither m, h nor d", age)
}

func (l *letter) set(key, value string) {
	if key[0] >= 'a' && key[0] <= 'z' {
		l.directives[key] = value
		return
	}
	switch key {
	case "From", "To", "Cc", "Bcc", "Reply-To":
		value = expandPeople(value)
	}
	l.header = append(l.header, field{key, value})
}

func (l *letter) get(name string) string {
	for _, f := range l.header {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// fill runs the templates in bodies and header values. "day" gives a date a number of days from now in a layout
// of package time; "ics" a time in the form of iCalendar.
func (l *letter) fill(now time.Time) error {
	functions := template.FuncMap{
		"day": func(days int, layout string) string { return now.AddDate(0, 0, days).Format(layout) },
		"ics": func(days int, clock string) (string, error) {
			t, err := ago(now, fmt.Sprintf("%dd %s", -days, clock))
			return t.UTC().Format("20060102T150405Z"), err
		},
	}
	run := func(text *string) error {
		if !strings.Contains(*text, "{{") {
			return nil
		}
		t, err := template.New("").Funcs(functions).Parse(*text)
		if err != nil {
			return err
		}
		var b strings.Builder
		err = t.Execute(&b, nil)
		*text = b.String()
		return err
	}
	for i := range l.bodies {
		if err := run(&l.bodies[i].text); err != nil {
			return err
		}
		l.bodies[i].text = strings.TrimRight(l.bodies[i].text, "\n") + "\n"
	}
	for i := range l.header {
		if err := run(&l.header[i].value); err != nil {
			return err
		}
	}
	return nil
}
