package web

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"godwit/imapsession"
	"godwit/imapsession/imaptest"
)

// hostile is put into every field that a sender, or the mail server, can fill. If any of it were not escaped, an element or an attribute of the name zz would be born.
const hostile = `"'><zz zz=1>` + "`" + `<script>zz()</script><img src=x onerror=zz()>" zz="1" ' zz='1' hx-get=/zz onzz=1 javascript:zz() &lt;zz&gt; {{zz}} </title></textarea></script><zz>`

// inert fails when a page holds what the hostile text would make, or an attribute that acts whose value a mail wrote.
func (a *answer) inert() {
	a.t.Helper()
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		a.t.Fatalf("%s is %s, want a page", a.Request.URL.Path, a.Header.Get("Content-Type"))
	}
	doc, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			a.t.Errorf("%s: a comment: %.80q", a.Request.URL.Path, n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "zz" || n.Data == "script" && textOf(n) != "" {
			a.t.Errorf("%s: an element of the mail's: <%s> in <%s>", a.Request.URL.Path, n.Data, n.Parent.Data)
		}
		for _, attr := range n.Attr {
			a.inertAttribute(n, attr)
		}
	}
	for name, values := range a.Header {
		if all := strings.Join(values, " "); strings.Contains(all, "zz()") || strings.Contains(all, "<zz") || strings.Contains(all, "zz.example") {
			a.t.Errorf("%s: header %s holds what a mail wrote: %q", a.Request.URL.Path, name, values)
		}
	}
}

func (a *answer) inertAttribute(n *html.Node, attr html.Attribute) {
	a.t.Helper()
	where := fmt.Sprintf("%s: <%s %s=%.100q>", a.Request.URL.Path, n.Data, attr.Key, attr.Val)
	if strings.Contains(attr.Key, "zz") || strings.HasPrefix(attr.Key, "on") || attr.Key == "style" || attr.Key == "srcdoc" || strings.HasPrefix(attr.Key, "hx-on") {
		a.t.Error(where, "must not be")
	}
	if !strings.Contains(attr.Val, "zz") {
		return
	}
	switch attr.Key {
	case "href", "src", "action", "formaction", "hx-get", "hx-post", "data-href", "data-src":
		u, err := url.Parse(attr.Val)
		if n.Data == "a" && err == nil && u.Scheme == "https" && u.Host == "zz.example" && attribute(n, "target") == "_blank" && strings.Contains(attribute(n, "rel"), "noopener") {
			return // a link of the mail's text or of a contact
		}
		// A mailbox's name stands in addresses; what else a mail names there is a mail address.
		if err != nil || u.Scheme != "mailto" && (u.Scheme != "" || u.Host != "" || !strings.HasPrefix(attr.Val, "/")) || strings.ContainsAny(attr.Val, "\"'<> `") {
			a.t.Error(where, "leads elsewhere")
		}
	case "class", "id", "for", "name", "type", "rel", "target", "hx-target", "hx-swap", "hx-vals", "hx-headers", "hx-trigger", "hx-select", "hx-config", "sandbox", "method", "d", "viewbox":
		a.t.Error(where, "holds what a mail wrote")
	}
}

// hostileMail has the text in every field and kind of part that is shown.
func hostileMail() []byte {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(hostile)
	word := "=?utf-8?Q?" + qEncoded(hostile) + "?="
	star := url.PathEscape(hostile)
	var b strings.Builder
	for _, f := range []string{
		"From: \"" + quoted + "\" <zz\"zz@zz.example>, " + word + " <\"" + quoted + "\"@zz.example>",
		"From: second " + hostile,
		"Sender: " + word + " <sender@zz.example>",
		"Reply-To: " + word + " <reply@zz.example>",
		"To: " + word + " <to@zz.example>, undisclosed " + hostile + ":;",
		"Cc: \"" + quoted + "\" <\"" + quoted + "\"@[" + hostile + "]>",
		"Bcc: " + hostile,
		"Subject: " + word + " " + hostile,
		"Date: " + hostile,
		"Message-ID: <" + hostile + ">",
		"In-Reply-To: <" + hostile + ">",
		"List-Id: " + hostile,
		"List-Unsubscribe: <javascript:zz()>, <https://zz.example/" + hostile + ">",
		"Authentication-Results: " + hostile,
		"Content-Language: " + hostile,
		"X-" + "<zz>: " + hostile,
		"<zz>: " + hostile,
		"X-Zz: " + word,
		"MIME-Version: 1.0",
		"Content-Type: multipart/mixed; boundary=cut; x=\"" + quoted + "\"",
	} {
		b.WriteString(f + "\n")
	}
	part := func(header, body string) { b.WriteString("\n--cut\n" + header + "\n\n" + body) }
	b.WriteString("\n" + hostile)
	part("Content-Type: text/plain; charset=\""+quoted+"\"\nContent-Description: "+hostile+"\nContent-ID: <"+hostile+">", hostile+"\n> "+hostile+"\nhttps://zz.example/"+hostile+"\nzz@zz.example"+hostile)
	part("Content-Type: text/plain; format=flowed; charset=utf-8", hostile+" \n"+hostile)
	part("Content-Type: image/png; name=\""+quoted+".png\"\nContent-Disposition: inline; filename=\""+quoted+".png\"\nContent-ID: <"+hostile+">", "no picture")
	part("Content-Type: text/html"+hostile+"; name="+hostile+"\nContent-Disposition: attachment; filename*=utf-8''"+star, hostile)
	part("Content-Type: application/zz\"><zz>; name=\"=?utf-8?Q?"+qEncoded(hostile)+"?=\"\nContent-Disposition: "+hostile, hostile)
	part("Content-Type: text/x-zz; name=\"source.zz\"\nContent-Disposition: attachment\nContent-Description: "+word, hostile)
	part("Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"=?utf-8?Q?"+qEncoded("\u202e"+hostile+"/../\x00zz")+"?=\"", hostile)
	part("Content-Type: text/calendar; method=\"REQUEST\"", "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:"+hostile+"\nDTSTART;TZID=\""+hostile+"\":20261122T100000\nSUMMARY:"+hostile+"\nLOCATION:"+hostile+
		"\nDESCRIPTION:"+hostile+"\nURL:javascript:zz()\nORGANIZER;CN=\""+strings.ReplaceAll(hostile, `"`, "'")+"\":mailto:"+hostile+"\nATTENDEE;PARTSTAT=ACCEPTED;CN="+hostile+":mailto:zz@zz.example\nRRULE:FREQ="+hostile+"\nSTATUS:"+hostile+"\nEND:VEVENT\nEND:VCALENDAR\n")
	part("Content-Type: text/vcard", "BEGIN:VCARD\nVERSION:3.0\nFN:"+hostile+"\nN:"+hostile+"\nORG:"+hostile+"\nTITLE:"+hostile+"\nEMAIL;TYPE="+hostile+":"+hostile+"@zz.example\nEMAIL:zz\"onzz=1@zz.example\nTEL;TYPE=\"<zz>\":+1 555"+hostile+
		"\nADR:;;"+hostile+"\nURL:javascript:zz()\nURL:https://zz.example/"+hostile+"\nBDAY:"+hostile+"\nNOTE:"+hostile+"\nPHOTO;VALUE=uri:https://zz.example/p.png\nEND:VCARD\n")
	part("Content-Type: message/delivery-status", "Reporting-MTA: dns; "+hostile+"\n\nFinal-Recipient: rfc822; "+hostile+"\nOriginal-Recipient: rfc822; "+hostile+"\nAction: failed\nStatus: 5.1.1"+hostile+"\nDiagnostic-Code: smtp; 550 "+hostile+"\nWill-Retry-Until: "+hostile+"\n")
	part("Content-Type: message/disposition-notification", "Final-Recipient: rfc822; "+hostile+"\nDisposition: "+hostile+"; "+hostile+"\n")
	part("Content-Type: message/rfc822\nContent-Description: "+hostile, "From: "+word+" <zz@zz.example>\nSubject: "+hostile+"\nDate: "+hostile+"\nContent-Type: text/plain\n\n"+hostile)
	part("Content-Type: text/plain\n", "begin 644 "+hostile+"\n#86%A\n`\nend\n")
	b.WriteString("\n--cut--\n")
	return crlf(b.String())
}

func qEncoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "=%02X", s[i])
	}
	return b.String()
}

// Nothing that a mail, a mailbox's name or a flag says becomes markup of ours, on any page.
func TestNothingOfMailBecomesMarkup(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, mail *imaptest.Server) {
		s := newSite(t, mail)
		user := mail.User(t)
		folder := `"'><zz zz=1> &amp; onzz=1`
		mail.Create(t, user, folder, "javascript:zz()", "%3Czz%3E", "#zz?zz=1&zz")
		if mail.Name == "memory" {
			mail.Create(t, user, "../zz", "~c zz ~t")
		}
		mail.Append(t, user, folder, hostileMail(), `\Flagged`, "$zz", "zz'onzz", "zz&lt", "$label1")
		mail.Append(t, user, folder, crlf("From: "+hostile+"\nSubject: "+hostile+"\nContent-Type: text/html\n\n<p>"+hostile))
		b := s.browser()
		b.post("/login", credentials(user, "wrong "+hostile)).status(401).inert()
		b.signIn(user)
		shown := 0
		for _, view := range []*browser{b, b.swap("list"), b.swap("reader"), b.swap("main")} {
			view.get(s.base.Mailbox(folder)).status(200).inert()
			for uid := range 2 {
				m := imapsession.Ref{Mailbox: folder, UID: imapsession.UID(uid + 1)}
				for _, path := range []string{s.base.Message(m), s.base.Message(m) + "?body=text", s.base.Message(m) + "?body=html", s.base.Headers(m), s.base.Source(m), s.base.Print(m)} {
					page := view.get(path).status(200)
					page.inert()
					if uid == 0 && path == s.base.Message(m) {
						shown = max(shown, strings.Count(html.UnescapeString(page.text()), "<zz zz=1>"))
					}
				}
				for section := range 14 {
					for _, path := range []string{s.base.PartPreview(m, imapsession.Section("").Child(section+1)), s.base.PartMessage(m, imapsession.Section("").Child(section+1))} {
						view.get(path).inert()
					}
				}
			}
			if view.htmx {
				view.get("/folders").status(200).inert()
			}
			view.get("/settings").status(200).inert()
			for _, path := range []string{"/m/" + url.PathEscape("<zz zz=1>"), "/m/%22onzz=1", "/<zz>", "/m/INBOX/<zz>", "/m/INBOX/1/part/<zz>", "/login?next=" + url.QueryEscape(hostile), "/m/INBOX?sort=" + url.QueryEscape(hostile) + "&f=%3Czz%3E", "/m/INBOX/99?" + url.QueryEscape(hostile)} {
				got := view.get(path, "X-Request-Id", "<zz>", "X-Forwarded-Host", "zz.example", "X-Forwarded-Proto", "<zz>", "X-Forwarded-For", hostile, "HX-Target", "zz#<zz>", "Accept-Language", hostile, "User-Agent", hostile)
				if got.StatusCode != 303 {
					got.inert()
				}
			}
		}
		if shown < 40 {
			t.Errorf("the message's page holds the text %d times: not all that is meant to be tried is shown", shown)
		}
	})
}

// Nor does what a mail server says.
func TestNothingOfTheServerBecomesMarkup(t *testing.T) {
	s := newSite(t, nil)
	for _, reply := range []string{"NO [AUTHENTICATIONFAILED] ", "NO [CONTACTADMIN] ", "NO [EXPIRED] ", "NO [UNAVAILABLE] ", "NO [INUSE] ", "NO [ALERT] ", "NO [<zz>] ", "BAD ", "BYE "} {
		s.server = playLogin(t, reply+hostile)
		for _, b := range []*browser{s.browser(), s.browser().swap("reader")} {
			b.post("/login", credentials("<zz>'\"zz@zz.example"+reply, "<zz>")).inert()
		}
	}
	s.server = play(t, func(tag, command string, say func(string, ...any)) bool {
		verb, _, _ := strings.Cut(command, " ")
		quoted := `"` + strings.ReplaceAll(hostile, `"`, `\"`) + `"`
		switch verb {
		case "AUTHENTICATE":
			say("* OK [ALERT] %s", hostile)
			say("%s OK [CAPABILITY IMAP4rev1 ID QUOTA X%s] in", tag, "<zz>")
		case "ID":
			say("* ID (\"name\" %s)", quoted)
			say("%s OK done", tag)
		case "LIST":
			say(`* LIST (\HasNoChildren \zz) "/" INBOX`)
			say(`* LIST (\HasNoChildren) "/" %s`, quoted)
			say(`* LIST (\Noselect) "'" %s`, quoted)
			say("%s OK done", tag)
		case "EXAMINE", "SELECT":
			if !strings.Contains(command, "INBOX") {
				say("%s NO [SERVERBUG] %s", tag, hostile)
				return true
			}
			say("* FLAGS (\\Seen zz<zz>)")
			say("* 0 EXISTS")
			say("* OK [UIDVALIDITY 1] %s", hostile)
			say("* OK [UIDNEXT 1] %s", hostile)
			say("* NO [ALERT] %s", hostile)
			say("%s OK [READ-ONLY] %s", tag, hostile)
		default:
			return false
		}
		return true
	})
	b := s.browser().signIn("ada@godwit.example")
	for _, view := range []*browser{b, b.swap("list"), b.swap("reader")} {
		for _, path := range []string{"/m/INBOX", "/m/INBOX/1", "/m/Other", "/m/" + url.PathEscape(hostile), "/settings", "/shortcuts"} {
			view.get(path).inert()
		}
	}
	if page := b.get("/m/INBOX").text(); strings.Count(html.UnescapeString(page), "<zz zz=1>") < 2 {
		t.Errorf("the inbox's page shows neither folders nor alerts: %s", page)
	}
}
