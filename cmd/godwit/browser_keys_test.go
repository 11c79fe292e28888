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
