package imapsession

import (
	"fmt"
	"strconv"
	"strings"
)

// Section is a part's path as IMAP writes it, "1.2" (RFC 9051 section 6.4.5.1).
// The zero value is the whole message.
type Section string

// maxSectionDepth bounds what a URL may ask for; real mail nests less than ten deep.
const maxSectionDepth = 64

// ParseSection checks s and returns it as a Section. Anything but dot-separated
// positive numbers without leading zeros is ErrNoPart.
func ParseSection(s string) (Section, error) {
	numbers := strings.Split(s, ".")
	if len(numbers) > maxSectionDepth {
		return "", fmt.Errorf("section %.40q is nested too deep: %w", s, ErrNoPart)
	}
	for _, n := range numbers {
		i, err := strconv.ParseUint(n, 10, 31)
		if err != nil || i == 0 || strconv.FormatUint(i, 10) != n {
			return "", fmt.Errorf("section %.40q: %w", s, ErrNoPart)
		}
	}
	return Section(s), nil
}

// Path gives the numbers of the path, none for the whole message. It must have
// come from ParseSection or Child.
func (s Section) Path() []int {
	if s == "" {
		return nil
	}
	var path []int
	for n := range strings.SplitSeq(string(s), ".") {
		i, _ := strconv.Atoi(n)
		path = append(path, i)
	}
	return path
}

// Child gives the path of the nth part inside s; parts count from 1.
func (s Section) Child(n int) Section {
	if s == "" {
		return Section(strconv.Itoa(n))
	}
	return s + Section("."+strconv.Itoa(n))
}

// parent is the section around s, "" at the top.
func (s Section) parent() Section {
	i := strings.LastIndexByte(string(s), '.')
	if i < 0 {
		return ""
	}
	return s[:i]
}
