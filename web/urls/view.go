package urls

import (
	"net/url"

	"godwit/imapsession"
)

// View says how a message's page shows it this once, beside what the person's settings say.
type View struct {
	Remote string // remote images, through our proxy: the consent that the page gave, "" for none
	Body   string // "text" or "html"; "" is the person's own choice
}

// MessageView is MessageIn, shown in another way.
func (b Base) MessageView(ref imapsession.Ref, l List, v View) string {
	q := l.values()
	v.put(q)
	return withQuery(b.Message(ref), q)
}

// ParseView reads a message page's query; what it can't read is ignored.
func ParseView(q url.Values) View {
	v := View{Remote: q.Get("remote")}
	switch body := q.Get("body"); body {
	case "text", "html":
		v.Body = body
	}
	return v
}

// PartMessageView is PartMessage, shown in another way.
func (b Base) PartMessageView(ref imapsession.Ref, s imapsession.Section, v View) string {
	q := url.Values{}
	v.put(q)
	return b.versioned(ref, "/part/"+string(s)+"/message", q)
}

func (v View) put(q url.Values) {
	if v.Remote != "" {
		q.Set("remote", v.Remote)
	}
	if v.Body != "" {
		q.Set("body", v.Body)
	}
}
