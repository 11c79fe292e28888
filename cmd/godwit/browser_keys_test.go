package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"godwit/cmd/godwit/demo"
	"godwit/web/browsertest"
)

// What the page is like, as expressions.
const (
	nothingOpen  = `!document.getElementById("reader").dataset.path && location.pathname === document.getElementById("list").dataset.path`
	dialogOpen   = `document.querySelector("dialog[open]")`
	menuOpen     = `document.querySelector("#reader details.menu[open]")`
	subjectFocus = `document.activeElement === document.querySelector("#reader h1")`
)

func rowFocus(n int) string {
	return fmt.Sprintf(`document.activeElement === document.querySelectorAll("#list .row-link")[%d]`, n)
}

func rowOpen(n int) string {
	return fmt.Sprintf(`(row => row.classList.contains("open") && row.querySelector(".row-subject").textContent === document.querySelector("#reader h1")?.textContent
		&& location.pathname === row.querySelector(".row-link").pathname)(document.querySelectorAll("#list .row")[%d])`, n)
}

func listShown(address string) string {
	return fmt.Sprintf(`document.getElementById("list")?.dataset.address === %q && location.pathname + location.search === %q && document.readyState === "complete"`, address, address)
}

// TestBrowserKeyboard presses each key that the shortcuts page names, one after another, and looks at what it did and where the focus is.
func TestBrowserKeyboard(t *testing.T) {
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password)
	tab := browsertest.Start(t).Open(t, p.origin, browsertest.Desktop)
	tab.SignIn(p.user, p.password)
	tab.Wait(listShown("/m/INBOX"))
	for _, step := range []struct{ name, keys, then string }{
		{"j goes to the first row", "j", rowFocus(0)},
		{"j goes down", "j", rowFocus(1)},
		{"k goes up", "k", rowFocus(0)},
		{"arrow down", kb.ArrowDown, rowFocus(1)},
		{"arrow up", kb.ArrowUp, rowFocus(0)},
		{"End", kb.End, rowFocus(49)},
		{"Home", kb.Home, rowFocus(0)},
		{"o opens and goes to the subject", "o", rowOpen(0) + ` && ` + subjectFocus},
		{"j walks on, in the list", "j", rowOpen(1) + ` && ` + rowFocus(1)},
		{"k walks back", "k", rowOpen(0) + ` && ` + rowFocus(0)},
		{"Escape closes, back to the row", kb.Escape, nothingOpen + ` && ` + rowFocus(0)},
		{"Enter opens", kb.Enter, rowOpen(0) + ` && ` + subjectFocus},
		{". opens the menu and goes there", ".", menuOpen + ` && document.activeElement.matches("#reader details.menu summary")`},
		{"Escape closes the menu alone", kb.Escape, `!` + menuOpen + ` && ` + rowOpen(0)},
		{"u closes", "u", nothingOpen + ` && ` + rowFocus(0)},
		{"u checks for mail and stays in the row", "u", nothingOpen + ` && ` + rowFocus(0)},
		{"? shows the keys", "?", dialogOpen + ` && document.activeElement.closest("dialog")`},
		{"j does nothing below a dialog", "j", dialogOpen},
		{"Escape closes the dialog, back to the row", kb.Escape, `!` + dialogOpen + ` && ` + rowFocus(0)},
		{"g t", "gt", listShown("/m/Sent") + ` && document.activeElement.id === "list"`},
		{"g d", "gd", listShown("/m/Drafts")},
		{"g a", "ga", listShown("/m/Archive")},
		{"g s", "gs", listShown("/m/INBOX?f=flagged")},
		{"g i", "gi", listShown("/m/INBOX")},
		{"F6 goes from the list to the reader", "j" + kb.F6, `document.activeElement.closest("#reader")`},
		{"F6 goes on to the folders", kb.F6, `document.activeElement.matches("#folders a[aria-current]")`},
		{"` goes on to the list", "`", `document.activeElement.closest("#list")`},
		{"\\ hides the folders", `\`, `!document.getElementById("folders").checkVisibility()`},
		{"w puts the reader below", "w", `document.documentElement.dataset.panes === "below"`},
	} {
		tab.Press(step.keys)
		t.Log(step.name)
		tab.Wait(step.then)
	}
	tab.Load(reload())
	tab.Wait(`document.documentElement.dataset.panes === "below" && !document.getElementById("folders").checkVisibility()`)
	for _, step := range []struct{ name, keys, then string }{
		{"\\ shows the folders", `\`, `document.getElementById("folders").checkVisibility()`},
		{"a message below", "jo", rowOpen(0)},
		{"w puts the reader away; what is read keeps the focus", "w", `!document.getElementById("list").checkVisibility() && ` + subjectFocus},
		{"Escape goes back to the list", kb.Escape, `document.getElementById("list").checkVisibility() && !document.getElementById("reader").checkVisibility() && ` + rowFocus(0)},
		{"o opens in its place", "o", rowOpen(0) + ` && !document.getElementById("list").checkVisibility() && ` + subjectFocus},
		{"w puts the reader beside", "w", `document.documentElement.dataset.panes === "right" && document.getElementById("list").checkVisibility()`},
		{"g , goes to the settings", "g,", `location.pathname === "/settings" && document.readyState === "complete"`},
	} {
		tab.Press(step.keys)
		t.Log(step.name)
		tab.Wait(step.then)
	}
}

// TestBrowserKeysWithinMail shows that keys reach the page out of a mail's frame, and that Space pages through the mail and then goes on.
func TestBrowserKeysWithinMail(t *testing.T) {
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password)
	tab := browsertest.Start(t).Open(t, p.origin, browsertest.Desktop)
	tab.SignIn(p.user, p.password)
	tab.Goto("/m/Newsletters")
	tab.Press("jo")
	tab.Wait(rowOpen(0) + ` && document.querySelector("#reader iframe.fitted")`)
	const scrolled = `document.querySelector("#reader .scroll").scrollTop`
	tab.Press(" ")
	tab.Wait(scrolled + ` > 300`)
	tab.Run(pressShift(" "))
	tab.Wait(scrolled + ` === 0`)
	browsertest.Eval[int](tab, `(document.querySelector("#reader iframe").contentWindow.focus(), 0)`)
	tab.Press("j")
	tab.Wait(rowOpen(1))
	const atEnd = `(s => s.scrollTop + s.clientHeight >= s.scrollHeight - 1)(document.querySelector("#reader .scroll"))`
	for range 40 {
		if browsertest.Eval[bool](tab, atEnd) {
			break
		}
		tab.Press(" ")
		tab.Wait(rowOpen(1))
	}
	tab.Press(" ")
	tab.Wait(rowOpen(2))
}

// TestBrowserPhoneKeepsItsPlace goes from a list to a message and back, by the link and by history, and through the drawer to another folder.
func TestBrowserPhoneKeepsItsPlace(t *testing.T) {
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password)
	tab := browsertest.Start(t).Open(t, p.origin, browsertest.Phone)
	tab.SignIn(p.user, p.password)
	tab.Wait(listShown("/m/INBOX"))
	const place = `document.querySelector("#list .scroll").scrollTop`
	browsertest.Eval[int](tab, `(`+place+` = 1200, 0)`)
	open := func() {
		t.Helper()
		path := browsertest.Eval[string](tab, `[...document.querySelectorAll("#list .row-link")].find(a => a.getBoundingClientRect().top > 300).pathname`)
		browsertest.Eval[int](tab, fmt.Sprintf(`(document.querySelector("#list .row-link[href='%s']").click(), 0)`, path))
		tab.Wait(fmt.Sprintf(`location.pathname === %q && document.getElementById("reader").checkVisibility() && !document.getElementById("list").checkVisibility() && `, path) + subjectFocus)
	}
	for _, way := range []struct{ name, back string }{
		{"the link", `(document.querySelector("#reader [data-back]").click(), 0)`},
		{"history", `(history.back(), 0)`},
	} {
		open()
		browsertest.Eval[int](tab, way.back)
		tab.Wait(listShown("/m/INBOX") + ` && document.getElementById("list").checkVisibility() && !document.getElementById("reader").checkVisibility()`)
		if at := browsertest.Eval[int](tab, place); at != 1200 {
			t.Errorf("back by %s: the list is at %d, want 1200", way.name, at)
		}
	}
	browsertest.Eval[int](tab, `(`+place+` = 1e6, 0)`)
	if !browsertest.Eval[bool](tab, `document.querySelector("#list .pager").getBoundingClientRect().bottom <= document.querySelector(".tabbar").getBoundingClientRect().top`) {
		t.Error("the bar at the bottom covers the end of the list")
	}
	const drawer = `document.getElementById("folders").checkVisibility({visibilityProperty: true})`
	tab.Click(`.tabbar a[href="#folders"]`)
	tab.Wait(drawer)
	tab.Click(`#folders a.folder[title="Newsletters"]`)
	tab.Wait(listShown("/m/Newsletters") + ` && !` + drawer)
}
