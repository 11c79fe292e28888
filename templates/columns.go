package templates

import (
	"strings"
	"unicode/utf8"

	"godwit/web/mailhtml"
)

// stretch is a run of lines that are all set in columns by spaces, and so need letters of one width, or all not.
type stretch struct {
	columns bool
	lines   []mailhtml.Line
}

// stretchesOf finds the tables in a plain text: two lines or more, one below the other, with a gap in common.
func stretchesOf(lines []mailhtml.Line) []stretch {
	gaps := make([][]int, len(lines))
	for i, line := range lines {
		gaps[i] = gapsOf(textOfLine(line))
	}
	var all []stretch
	for i, line := range lines {
		columns := i > 0 && aligned(gaps[i-1], gaps[i]) || i+1 < len(lines) && aligned(gaps[i], gaps[i+1])
		if n := len(all); n == 0 || all[n-1].columns != columns {
			all = append(all, stretch{columns: columns})
		}
		last := &all[len(all)-1]
		last.lines = append(last.lines, line)
	}
	return all
}

func textOfLine(line mailhtml.Line) string {
	var b strings.Builder
	for _, s := range line {
		b.WriteString(s.Text)
	}
	return b.String()
}

// gapsOf gives, counted in signs, where the words that follow an inner gap of two spaces or more begin, and less than zero where they end: columns may be set
// flush left or right. Some people put two spaces after each sentence: that is no gap. A tab is one.
func gapsOf(text string) []int {
	trimmed := strings.TrimLeft(text, " \t")
	at := utf8.RuneCountInString(text) - utf8.RuneCountInString(trimmed)
	gap := false
	var gaps []int
	for trimmed != "" {
		word, rest := nextWord(trimmed)
		end := at + utf8.RuneCountInString(word)
		if gap {
			gaps = append(gaps, at, -end)
		}
		trimmed = strings.TrimLeft(rest, " \t")
		space := rest[:len(rest)-len(trimmed)]
		gap = (len(space) > 1 || space == "\t") && !strings.ContainsAny(word[len(word)-1:], ".!?:")
		at = end + len(space)
	}
	return gaps
}

func nextWord(text string) (word, rest string) {
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// aligned tells whether two lines have a gap that begins or ends at the same place.
func aligned(a, b []int) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}
