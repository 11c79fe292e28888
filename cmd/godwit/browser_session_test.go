package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/emersion/go-imap/v2"

	"godwit/cmd/godwit/demo"
	"godwit/imapsession/imaptest"
	"godwit/web/browsertest"
)

// reload is the browser's; Load waits until it is done.
func reload() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.Reload, page.ReloadParams{})
		return err
	})
}

func pressShift(keys string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(keys, chromedp.KeyModifiers(chromedp.ModifierShift))
}

// TestBrowserSessionEnds signs out behind a page's back: the next click asks for the password in place, and then does what it was to do, once.
func TestBrowserSessionEnds(t *testing.T) {
	p := start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password)
	tab := browsertest.Start(t).Open(t, p.origin, browsertest.Desktop)
	tab.Expect("status of 401")
	tab.SignIn(p.user, p.password)
	tab.Wait(listShown("/m/INBOX"))
	browsertest.Eval[int](tab, `(document.getElementById("rows").kept = true, document.querySelector("#list .scroll").scrollTop = 900, 0)`)
	browsertest.Eval[int](tab, `fetch("/logout", {method: "POST", body: new URLSearchParams({csrf: document.body.dataset.csrf})}).then(r => r.status)`)

	path := browsertest.Eval[string](tab, `document.querySelectorAll("#list .row-link")[16].pathname`)
	tab.Run(chromedp.Click(chromedp.CSS(fmt.Sprintf(`#list .row-link[href=%q]`, path))))
	tab.Wait(dialogOpen + ` && document.activeElement.name === "password"`)
	tab.Axe("session ended")
	tab.Screenshot("session-ended")
	if got := browsertest.Eval[string](tab, `document.querySelector("dialog [name=username]").value`); got != p.user {
		t.Errorf("the dialog names %q, want %q", got, p.user)
	}
	tab.Press("wrong\r")
	tab.Wait(`document.querySelector("dialog [role=alert]").textContent.includes("not accepted") && document.activeElement.name === "password"`)
	browsertest.Eval[int](tab, `(performance.clearResourceTimings(), 0)`)
	tab.Press(p.password + "\r")
	tab.Wait(`!` + dialogOpen + ` && document.getElementById("reader").dataset.path === ` + fmt.Sprintf("%q", path))
	if !browsertest.Eval[bool](tab, `document.getElementById("rows").kept && document.querySelector("#list .scroll").scrollTop === 900`) {
		t.Error("the list was drawn anew, or has lost its place")
	}
	if n := browsertest.Eval[int](tab, fmt.Sprintf(`performance.getEntriesByType("resource").filter(e => new URL(e.name).pathname === %q).length`, path)); n != 1 {
		t.Errorf("the message was asked for %d times, want once", n)
	}
	// The page goes on to work, with its old token too.
	tab.Press(`\`)
	tab.Wait(`!document.getElementById("folders").checkVisibility()`)
	tab.Load(reload())
	tab.Wait(`!document.getElementById("folders").checkVisibility()`)
}

// TestBrowserServerStops stops the program below an open page, and starts it again.
func TestBrowserServerStops(t *testing.T) {
	b := browsertest.Start(t)
	server := imaptest.Dovecot(t)
	user := server.User(t)
	for i := range 3 {
		server.Append(t, user, "INBOX", fmt.Appendf(nil, "From: a@sender.example\r\nSubject: number %d\r\n\r\nhello\r\n", i))
	}
	data := t.TempDir()
	var tab *browsertest.Tab
	address := "127.0.0.1:0"
	serve := func(t *testing.T) program {
		return serveAt(t, server, data, address).as(user, imaptest.Password)
	}
	t.Run("until it stops", func(sub *testing.T) {
		p := serve(sub)
		address = strings.TrimPrefix(p.origin, "http://")
		tab = b.Open(t, p.origin, browsertest.Desktop)
		tab.SignIn(p.user, p.password)
		tab.Wait(listShown("/m/INBOX"))
	})
	tab.Expect("ERR_CONNECTION_REFUSED")
	tab.Expect("Failed to fetch")
	tab.Press("jo")
	tab.Wait(`!document.getElementById("offline").hidden && document.getElementById("offline").textContent.includes("can't be reached")`)
	tab.Screenshot("offline")
	tab.Axe("offline")
	t.Run("once it is back", func(sub *testing.T) {
		serve(sub)
		tab.Press("o")
		tab.Wait(rowOpen(0) + ` && document.getElementById("offline").hidden && !` + dialogOpen)
		sub.Run("while the mail server is down", func(sub *testing.T) {
			tab.Expect("status of 502")
			tab.Wait(`performance.getEntriesByType("resource").some(e => new URL(e.name).pathname === document.querySelectorAll("#list .row-link")[1].pathname && e.responseEnd)`)
			server.Stop()
			tab.Press("j") // this one was fetched before
			tab.Wait(rowOpen(1))
			tab.Press("j")
			tab.Wait(`document.querySelector("#reader .alert") && document.querySelectorAll("#list .row").length === 3`)
			tab.Screenshot("mail-server-down-in-place")
			tab.Axe("mail server down, in place")
			tab.Goto("/m/INBOX")
			tab.Wait(`document.querySelector(".wrong h1")`)
			tab.Screenshot("mail-server-down")
			tab.Axe("mail server down")
			if err := server.Restart(); err != nil {
				sub.Fatal(err)
			}
			tab.Goto("/m/INBOX")
			tab.Wait(`document.querySelectorAll("#list .row").length === 3`)
		})
	})
}

// TestBrowserPrefetch rests the pointer on a row: its message is fetched and stays unread; opening it takes no further fetch and marks it as read, once.
func TestBrowserPrefetch(t *testing.T) {
	b := browsertest.Start(t)
	server := imaptest.Dovecot(t)
	user := server.User(t)
	for i := range 4 {
		server.Append(t, user, "INBOX", fmt.Appendf(nil, "From: a@sender.example\r\nSubject: number %d\r\n\r\nhello\r\n", i))
	}
	p := serveBefore(t, server, user)
	tab := b.Open(t, p.origin, browsertest.Desktop)
	tab.SignIn(p.user, p.password)
	tab.Wait(listShown("/m/INBOX"))
	seen := func() []imap.UID {
		t.Helper()
		c := server.Client(t, user)
		defer c.Close()
		if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
			t.Fatal(err)
		}
		found, err := c.UIDSearch(&imap.SearchCriteria{Flag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
		if err != nil {
			t.Fatal(err)
		}
		return found.AllUIDs()
	}
	asked := func(path string) int {
		return browsertest.Eval[int](tab, fmt.Sprintf(`performance.getEntriesByType("resource").filter(e => new URL(e.name).pathname === %q && e.responseEnd).length`, path))
	}
	box := browsertest.Eval[[]float64](tab, `(r => [r.left + 80, r.top + 20])(document.querySelector("#list .row-link[href='/m/INBOX/2']").getBoundingClientRect())`)
	tab.Move(box[0], box[1])
	tab.Wait(`performance.getEntriesByType("resource").some(e => new URL(e.name).pathname === "/m/INBOX/2" && e.responseEnd)`)
	time.Sleep(200 * time.Millisecond) // in which a wrong mark would be made
	if got := seen(); len(got) != 0 {
		t.Errorf("after the prefetch %v are marked as read, want none", got)
	}
	tab.ClickAt(box[0], box[1])
	tab.Wait(`document.getElementById("reader").dataset.path === "/m/INBOX/2" && !document.querySelector("#list .row.open").classList.contains("unread")`)
	for deadline := time.Now().Add(browsertest.Patience); !slices.Equal(seen(), []imap.UID{2}); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after opening, %v are marked as read, want 2 alone", seen())
		}
	}
	time.Sleep(200 * time.Millisecond)
	if got, want := [2]int{asked("/m/INBOX/2"), asked("/m/INBOX/actions")}, [2]int{1, 1}; got != want {
		t.Errorf("fetched %d times and marked %d times, want %v", got[0], got[1], want)
	}
	// The next one was fetched when this was opened, and is unread all the same.
	tab.Wait(`performance.getEntriesByType("resource").some(e => new URL(e.name).pathname === "/m/INBOX/1" && e.responseEnd)`)
	if got := seen(); !slices.Equal(got, []imap.UID{2}) {
		t.Errorf("with the next one prefetched, %v are marked as read, want 2 alone", got)
	}
}
