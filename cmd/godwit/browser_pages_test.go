package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/cmd/godwit/demo"
	"godwit/web/browsertest"
)

// sight is a page of the demo: an address; the message with subject in the list that is there, or a page under its address; the file of it with that name; and
// what to click on there and what is then to be true.
type sight struct {
	name, path, subject, under, file string
	click, then                      string
}

// framesFitted waits for the frames of mails.
const framesFitted = `[...document.querySelectorAll("iframe[data-fit]")].every(f => f.classList.contains("fitted"))`

var sights = []sight{
	{name: "inbox", path: "/m/INBOX"},
	{name: "older", path: "/m/INBOX", click: `#list a[rel=next]`, then: `document.querySelector("#list a[rel=prev]")`},
	{name: "sort-menu", path: "/m/INBOX", click: `#list details.menu:nth-of-type(1) summary`, then: `document.querySelector("#list details.menu[open] .pop")`},
	{name: "view-menu", path: "/m/INBOX", click: `#list details.menu:nth-of-type(2) summary`, then: `document.querySelector("#list details.menu[open] .pop")`},
	{name: "account-menu", path: "/m/INBOX", click: `details.account summary`, then: `document.querySelector("details.account[open]")`},
	{name: "drawer", path: "/m/INBOX#folders"},
	{name: "drafts", path: "/m/Drafts"},
	{name: "sent", path: "/m/Sent"},
	{name: "empty-filter", path: "/m/Trash?f=flagged"},
	{name: "text", path: "/m/INBOX", subject: "Transect map"},
	{name: "reply-and-files", path: "/m/INBOX", subject: "Re: Transect map"},
	{name: "columns", path: "/m/INBOX", subject: "Re: Volunteer rota"},
	{name: "quotes", path: "/m/INBOX", subject: "Re: Budget draft"},
	{name: "chips-and-star", path: "/m/INBOX", subject: "Bridge permit"},
	{name: "details", path: "/m/INBOX", subject: "Re: Mail migration", click: `.msg-to summary`, then: `document.querySelector(".msg-to[open]")`},
	{name: "more-menu", path: "/m/INBOX", subject: "Transect map", click: `#reader details.menu summary`, then: `document.querySelector("#reader details.menu[open] .pop")`},
	{name: "html", path: "/m/Newsletters", subject: "Issue 212"},
	{name: "html-old", path: "/m/Newsletters", subject: "Autumn"},
	{name: "html-as-text", path: "/m/Newsletters", subject: "Issue 212", click: `#reader a[aria-label="Show as plain text"]`, then: `document.querySelector("#reader .prose")`},
	{name: "invite", path: "/m/INBOX", subject: "Mail migration: cutover checklist", then: `document.querySelector("#reader .invite")`},
	{name: "bounce", path: "/m/INBOX", subject: "Undelivered Mail", then: `document.querySelector("#reader .bounce")`},
	{name: "digest", path: "/m/INBOX", subject: "[wader-watchers] Digest", click: `#reader a.embedded-head`, then: `document.querySelector("#reader .embedded details[open] .msg")`},
	{name: "forwarded", path: "/m/INBOX", subject: "Fwd: Minutes", click: `#reader a.embedded-head`, then: `document.querySelector("#reader .embedded details[open] .att")`},
	{name: "inline-images", path: "/m/INBOX", subject: "Sketches for the visitor centre"},
	{name: "signed", path: "/m/INBOX", subject: "Joint count agreement, signed"},
	{name: "winmail", path: "/m/INBOX", subject: "Key for the harbour gate"},
	{name: "uuencode", path: "/m/INBOX", subject: "The codes, the old way"},
	{name: "japanese", path: "/m/INBOX", subject: "干潟"},
	{name: "russian", path: "/m/INBOX", subject: "Кольца"},
	{name: "arabic", path: "/m/INBOX", subject: "تقرير"},
	{name: "forty-megabytes", path: "/m/INBOX", subject: "The whole evening"},
	{name: "junk", path: "/m/Junk", subject: "URGENT"},
	{name: "see-image", path: "/m/INBOX", subject: "干潟", file: "干潟-01.jpg"},
	{name: "see-pdf", path: "/m/INBOX", subject: "Bridge permit", file: "bridge-permit.pdf", then: `document.querySelectorAll("#pdf canvas.drawn").length > 0 && document.getElementById("pdf-status").textContent === "3 pages"`},
	{name: "see-audio", path: "/m/INBOX", subject: "One curlew", file: "curlew-call.wav", then: `document.querySelector("audio").readyState > 0`},
	{name: "see-video", path: "/m/INBOX", subject: "Film from the hide", file: "turnstones.mp4", then: `document.querySelector("video").readyState > 0 || document.querySelector("video").error`},
	{name: "see-text", path: "/m/INBOX", subject: "Joint count agreement, signed", file: "counts-october.csv", then: `document.querySelector("pre.source").textContent.includes(",")`},
	{name: "headers", path: "/m/INBOX", subject: "Re: Transect map", under: "/headers"},
	{name: "source", path: "/m/INBOX", subject: "Re: Transect map", under: "/source"},
	{name: "print", path: "/m/INBOX", subject: "Re: Transect map", under: "/print"},
	{name: "settings", path: "/settings"},
	{name: "shortcuts", path: "/shortcuts"},
	{name: "no-such-mailbox", path: "/m/Nowhere"},
	{name: "no-such-message", path: "/m/INBOX/4000000000"},
	{name: "no-such-part", path: "/m/INBOX/1/part/9.9/preview"},
	{name: "no-such-page", path: "/nowhere"},
}

// finder knows the addresses of messages by the beginning of their subjects, so that a list is asked for once.
type finder map[string]string

func (f finder) address(tab *browsertest.Tab, list, subject string) string {
	key := list + " " + subject
	if f[key] == "" {
		tab.Goto(list)
		f[key] = browsertest.Eval[string](tab, subjectLink(subject)+`.getAttribute("href")`)
	}
	return f[key]
}

// show goes to the page and waits until nothing more is to come.
func (s sight) show(tab *browsertest.Tab, find finder) {
	if s.subject == "" {
		tab.Goto(s.path)
	} else {
		address, _, _ := strings.Cut(find.address(tab, s.path, s.subject), "?")
		tab.Goto(address + s.under)
		tab.Wait(framesFitted)
	}
	if s.file != "" {
		tab.Goto(browsertest.Eval[string](tab, fmt.Sprintf(`[...document.querySelectorAll("#reader .att a")].find(a => a.closest(".att").textContent.replace(/\s+/g, "").includes(%q)).getAttribute("href")`, s.file)))
	}
	if s.click != "" {
		browsertest.Eval[bool](tab, fmt.Sprintf(`(document.querySelector(%q).click(), true)`, s.click))
	}
	if s.then != "" {
		tab.Wait(s.then)
	}
	tab.Wait(`document.readyState === "complete" && !document.querySelector(".busy") && [...document.images].every(i => i.complete || i.loading === "lazy")`)
	time.Sleep(50 * time.Millisecond) // preview lines come after the load
}

// tooWide names what is wider than the window, and what a person can't get at because it lies beyond its edge.
const tooWide = `(() => {
	const wide = document.documentElement.scrollWidth - innerWidth;
	const out = wide > 0 ? ["the page by " + wide + " px"] : [];
	const clips = e => { for (let p = e.parentElement; p; p = p.parentElement) if (/auto|scroll|hidden|clip/.test(getComputedStyle(p).overflowX) && !p.matches(".app, .panes, .page, .reader, .list, #reader > .scroll, #list > .scroll")) return true; return false };
	for (const e of document.querySelectorAll("#list *, #reader *, main *, .appbar *, .tabbar *")) {
		const box = e.getBoundingClientRect();
		if (box.width && box.height && (box.right > innerWidth + 1 || box.left < -1) && e.checkVisibility() && !e.closest(".vh, .nav, .skip, svg, .splitter") && !clips(e)) out.push(e.tagName + "." + e.className + " to " + Math.round(box.right));
	}
	return out.slice(0, 3).join(", ");
})()`

// TestBrowserPagesAreClean looks at every kind of page, large and small, light and dark: no error or warning on the console, no violation of the policy, no request
// to elsewhere, none of axe's rules broken, nothing beyond the window's edge.
func TestBrowserPagesAreClean(t *testing.T) {
	b := browsertest.Start(t)
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password)
	find := finder{}
	for _, look := range []struct {
		name        string
		light, dark browsertest.View
	}{
		{"desktop", browsertest.Desktop, browsertest.DesktopDark},
		{"phone", browsertest.Phone, browsertest.PhoneDark},
	} {
		t.Run(look.name, func(t *testing.T) {
			tab := b.Open(t, p.origin, look.light)
			tab.Expect("status of 404") // the browser reports the pages that are not there
			inspect := func(name string) {
				t.Helper()
				if wide := browsertest.Eval[string](tab, tooWide); wide != "" {
					t.Errorf("%s: beyond the window: %s", name, wide)
				}
				tab.Screenshot(look.name + "-" + name)
				var but []string
				if strings.HasSuffix(name, "-menu") {
					but = []string{"target-size"} // what lies below an open menu is covered by it
				}
				tab.Axe(name, but...)
				tab.Turn(look.dark)
				tab.Screenshot(look.name + "-" + name + "-dark")
				tab.Axe(name+" in the dark", but...)
				tab.Turn(look.light)
				for _, e := range tab.Events() {
					t.Errorf("%s: %s: %s", name, e.Kind, e.Text)
				}
			}
			tab.Goto("/login")
			inspect("login")
			tab.Expect("status of 401")
			browsertest.Eval[int](tab, `(document.querySelector("[name=password]").value = "wrong", document.querySelector("form").requestSubmit(), 0)`)
			tab.Wait(`document.querySelector("#problem") && document.activeElement.id === "problem"`)
			inspect("login-refused")
			tab.SignIn(p.user, p.password)
			for _, s := range sights {
				s.show(tab, find)
				inspect(s.name)
			}
		})
	}
}

// TestBrowserLooks looks at a few pages in the other windows and settings that people have.
func TestBrowserLooks(t *testing.T) {
	b := browsertest.Start(t)
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password)
	find := finder{}
	some := map[string]bool{"inbox": true, "view-menu": true, "reply-and-files": true, "columns": true, "html": true, "html-old": true, "arabic": true,
		"digest": true, "see-pdf": true, "settings": true, "shortcuts": true, "no-such-message": true}
	for _, look := range []struct {
		name     string
		view     browsertest.View
		settings string // as a form
	}{
		{"tablet", browsertest.Tablet, ""},
		{"zoomed", browsertest.View{Width: 720, Height: 450}, ""},
		{"narrowest", browsertest.View{Width: 320, Height: 640, Touch: true}, ""},
		{"compact", browsertest.Desktop, "density=compact&lines=0"},
		{"below", browsertest.Desktop, "panes=below&lines=2"},
		{"off-dark", browsertest.DesktopDark, "panes=off"},
		{"forced-colours", browsertest.View{Width: 1440, Height: 900, Forced: true}, ""},
	} {
		t.Run(look.name, func(t *testing.T) {
			tab := b.Open(t, p.origin, look.view)
			tab.Expect("status of 404")
			tab.SignIn(p.user, p.password)
			if look.settings != "" {
				browsertest.Eval[int](tab, fmt.Sprintf(`fetch("/settings", {method: "POST", redirect: "manual", body: new URLSearchParams(%q + "&csrf=" + document.body.dataset.csrf)}).then(r => r.status)`, look.settings))
			}
			for _, s := range sights {
				if !some[s.name] {
					continue
				}
				s.show(tab, find)
				if wide := browsertest.Eval[string](tab, tooWide); wide != "" {
					t.Errorf("%s: beyond the window: %s", s.name, wide)
				}
				tab.Screenshot(look.name + "-" + s.name)
				if s.name == "inbox" || s.name == "reply-and-files" {
					tab.Axe(s.name)
				}
			}
		})
	}
}

// TestBrowserWideMailFits opens a mail that was laid out for 600 pixels on a phone: it is drawn smaller, all of it within the window.
func TestBrowserWideMailFits(t *testing.T) {
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password)
	tab := browsertest.Start(t).Open(t, p.origin, browsertest.Phone)
	tab.SignIn(p.user, p.password)
	tab.Goto(finder{}.address(tab, "/m/Newsletters", "Autumn"))
	tab.Wait(framesFitted)
	const frame = `document.querySelector("#reader iframe")`
	if !browsertest.Eval[bool](tab, `((f, r) => r.scrollWidth <= r.clientWidth + 1 && f.contentDocument.querySelector("table").getBoundingClientRect().right <= f.clientWidth + 1
		&& Math.abs(f.clientHeight - f.contentDocument.body.getBoundingClientRect().bottom) < 8)(`+frame+`, `+frame+`.contentDocument.documentElement)`) {
		t.Error("the mail is wider than the window, or its frame is not as high as it is drawn")
	}
}
