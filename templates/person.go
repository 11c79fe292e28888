package templates

import (
	"hash/fnv"
	"strings"
	"unicode"

	"godwit/imapsession/rfc822"
)

// PeopleOf makes people from addresses. me says which are the reader's own; nil knows none. No address at all gives one unknown person when must is set.
func PeopleOf(addresses []rfc822.Address, me func(addr string) bool, must bool) []Person {
	var people []Person
	for _, a := range addresses {
		if a.Addr == "" && a.Name == "" {
			if a.Group != "" { // an empty group: "undisclosed recipients:;"
				people = append(people, Person{Name: a.Group, Avatar: AvatarOf(a.Group, "")})
			}
			continue
		}
		p := Person{Name: a.Name, Addr: a.Addr, Avatar: AvatarOf(a.Name, a.Addr), Me: me != nil && me(a.Addr)}
		if claimed := addressIn(a.Name); claimed != "" && !strings.EqualFold(claimed, a.Addr) {
			p.Warn = "The name looks like another address than the one the message came from."
		}
		people = append(people, p)
	}
	if len(people) == 0 && must {
		people = []Person{{Name: "(unknown sender)", Avatar: AvatarOf("", "")}}
	}
	return people
}

// addressIn gives what looks like an address within a name, else "".
func addressIn(name string) string {
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>()"'`, r) }) {
		if local, domain, ok := strings.Cut(word, "@"); ok && local != "" && strings.Contains(domain, ".") {
			return word
		}
	}
	return ""
}

// Display is the name, or the address where there is none.
func (p Person) Display() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Addr
}

// short is how a summary of recipients calls the person.
func (p Person) short() string {
	if p.Me {
		return "me"
	}
	return p.Display()
}

// AvatarOf gives the letters and the hue for a person: the first letters of the first and last word of the name, or of the address; the hue
// always from the address, so that a person keeps it under any name.
func AvatarOf(name, addr string) Avatar {
	key := strings.ToLower(addr)
	if key == "" {
		key = name
	}
	return Avatar{Text: initials(name, addr), Hue: hue(key)}
}

func initials(name, addr string) string {
	if name == "" || addressIn(name) != "" {
		name, _, _ = strings.Cut(addr, "@")
		name = strings.NewReplacer(".", " ", "_", " ", "-", " ").Replace(name)
	}
	var words []string
	for _, w := range strings.Fields(name) {
		if r := firstLetter(w); r != "" {
			words = append(words, r)
		}
	}
	switch len(words) {
	case 0:
		return "?"
	case 1:
		return words[0]
	}
	first, last := words[0], words[len(words)-1]
	if wide(first) { // one Han character, kana or hangul syllable fills the circle
		return first
	}
	return first + last
}

func firstLetter(word string) string {
	for _, r := range word {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return ""
}

func wide(s string) bool {
	for _, r := range s {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
	}
	return false
}

// hue spreads keys over the eight hues of the stylesheet.
func hue(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32()%8) + 1
}

// recipients sums up to whom a message went: "to me, Tomasz Wrona, 3 more".
func (m Message) recipients() string {
	all := append(append(append([]Person(nil), m.To...), m.Cc...), m.Bcc...)
	if len(all) == 0 {
		return "to undisclosed recipients"
	}
	const shown = 3
	var names []string
	for i, p := range all {
		if i == shown {
			names = append(names, Count(len(all)-shown)+" more")
			break
		}
		names = append(names, p.short())
	}
	return "to " + strings.Join(names, ", ")
}
