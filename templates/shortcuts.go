package templates

type keyLine struct {
	keys    []string
	between string // "or", "then"; "" for keys that do opposite things
	does    string
}

// keySections are the keys that there are: static/js/app/keyboard.js has the same.
var keySections = []struct {
	title string
	keys  []keyLine
}{
	{"Move around", []keyLine{
		{[]string{"j", "k"}, "", "Older, newer message"},
		{[]string{"↓", "↑"}, "", "The same, in the list"},
		{[]string{"o", "↵"}, "or", "Open the message"},
		{[]string{"u", "Esc"}, "or", "Back to the list; in the list: check for new mail"},
		{[]string{"Home", "End"}, "", "First, last message of the list"},
		{[]string{"Space"}, "", "Page down, then the next message"},
		{[]string{"Shift", "Space"}, "+", "Page up"},
		{[]string{"`", "F6"}, "or", "Next pane"},
	}},
	{"Go to", []keyLine{
		{[]string{"g", "i"}, "then", "Inbox"},
		{[]string{"g", "s"}, "then", "Flagged"},
		{[]string{"g", "t"}, "then", "Sent"},
		{[]string{"g", "d"}, "then", "Drafts"},
		{[]string{"g", "a"}, "then", "Archive"},
		{[]string{"g", ","}, "then", "Settings"},
	}},
	{"Look", []keyLine{
		{[]string{"\\"}, "", "Show or hide folders"},
		{[]string{"w"}, "", "Reading pane right, below, off"},
		{[]string{"."}, "", "More for this message"},
		{[]string{"?"}, "", "This list"},
	}},
}
