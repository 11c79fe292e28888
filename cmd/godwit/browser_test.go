package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/cmd/godwit/demo"
	"godwit/imapsession/imaptest"
	"godwit/web/browsertest"
)

// program is the true program, started in this process by its command line.
type program struct {
	origin         string
	user, password string
	log            *output // what it writes to standard error
}

// as is the program with someone to sign in as.
func (p program) as(user, password string) program {
	p.user, p.password = user, password
	return p
}

// output collects what the program prints and lets a test wait for it.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs godwit with args until the test ends; its origin is what it printed.
func start(t testing.TB, env map[string]string, args ...string) program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr output
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, args, func(k string) string { return env[k] }, strings.NewReader(""), &stdout, &stderr)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("godwit %q ended with %d: %s", args, code, stderr.String())
		}
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, rest, ok := strings.Cut(stdout.String(), "http://"); ok {
			address, _, _ := strings.Cut(rest, "/")
			return program{origin: "http://" + address, log: &stderr}
		}
		select {
		case code := <-done:
			done <- code
			t.Fatalf("godwit %q ended with %d: %s", args, code, stderr.String())
		default:
		}
	}
	t.Fatalf("godwit %q printed no address: %s %s", args, stdout.String(), stderr.String())
	return program{}
}

// eachProgram runs the test over the demo and over "serve" in front of Dovecot, which holds the same sample mail.
func eachProgram(t *testing.T, test func(t *testing.T, p program)) {
	t.Run("demo", func(t *testing.T) {
		test(t, start(t, nil, "demo", "--listen", "127.0.0.1:0").as(demo.User, demo.Password))
	})
	t.Run("dovecot", func(t *testing.T) {
		server := imaptest.Dovecot(t)
		user := server.User(t)
		copySample(t, server, user)
		test(t, serveBefore(t, server, user))
	})
}

// serveBefore starts "serve" in front of a test server.
func serveBefore(t testing.TB, server *imaptest.Server, user string) program {
	t.Helper()
	return serveAt(t, server, t.TempDir(), "127.0.0.1:0").as(user, imaptest.Password)
}

// serveAt does so at an address, with the sessions kept in data.
func serveAt(t testing.TB, server *imaptest.Server, data, address string) program {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, server.Roots, 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, map[string]string{"GODWIT_CA_FILE": ca}, "serve", "--listen", address,
		"--imap", "imaps://"+server.Address(server.TLSPort), "--data-dir", data)
}

// copySample copies the demo's mail into a user's mailboxes on another server, by IMAP.
func copySample(t testing.TB, server *imaptest.Server, user string) {
	t.Helper()
	sample, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer sample.Close()
	from, err := imapclient.DialTLS(sample.IMAP, &imapclient.Options{TLSConfig: rootsConfig(t, sample.RootsPEM)})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if err := from.Login(demo.User, demo.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	mailboxes, err := from.List("", "*", nil).Collect()
	if err != nil {
		t.Fatal(err)
	}
	to := server.Client(t, user)
	for _, m := range mailboxes {
		// Those with a role are there already; the answer does not matter, a missing one shows below.
		_ = to.Create(m.Mailbox, nil).Wait()
		_ = to.Subscribe(m.Mailbox).Wait()
		if _, err := from.Select(m.Mailbox, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
			continue // \Noselect
		}
		copyMailbox(t, from, server, user, m.Mailbox)
	}
}

func copyMailbox(t testing.TB, from *imapclient.Client, server *imaptest.Server, user, mailbox string) {
	t.Helper()
	all := imap.SeqSet{{Start: 1, Stop: 0}}
	sizes, err := from.Fetch(all, &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	if err != nil {
		return // an empty mailbox
	}
	for _, m := range sizes {
		if m.RFC822Size > 4<<20 {
			continue // the 40 MB attachment is tested elsewhere
		}
		messages, err := from.Fetch(imap.UIDSetNum(m.UID), &imap.FetchOptions{
			UID: true, Flags: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}},
		}).Collect()
		if err != nil || len(messages) != 1 || len(messages[0].BodySection) != 1 {
			t.Fatalf("sample message %s/%d: %v", mailbox, m.UID, err)
		}
		var flags []string
		for _, f := range messages[0].Flags {
			if f != `\Recent` {
				flags = append(flags, string(f))
			}
		}
		server.AppendAt(t, user, mailbox, messages[0].InternalDate, messages[0].BodySection[0].Bytes, flags...)
	}
}

// subjectLink finds the row of the first message whose subject begins so.
func subjectLink(part string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#list .row")].find(r => r.querySelector(".row-subject").textContent.startsWith(%q))?.querySelector(".row-link")`, part)
}

func TestBrowserReading(t *testing.T) {
	b := browsertest.Start(t)
	eachProgram(t, func(t *testing.T, p program) {
		tab := b.Open(t, p.origin, browsertest.Desktop)
		tab.SignIn(p.user, p.password)
		tab.Wait(`location.pathname === "/m/INBOX" && document.querySelectorAll("#list .row").length === 50`)
		tab.Wait(`[...document.querySelectorAll("#list .row-snip")].filter(s => s.textContent).length > 40`)

		t.Run("a row opens beside the list, which stays", func(t *testing.T) {
			browsertest.Eval[bool](tab, `(document.getElementById("rows").kept = true)`)
			tab.Run(chromedp.Click(chromedp.CSS("#list .row:nth-of-type(4) .row-link")))
			tab.Wait(`document.querySelector("#reader h1")`)
			tab.Wait(`/^\/m\/INBOX\/\d+$/.test(location.pathname)`)
			if !browsertest.Eval[bool](tab, `document.getElementById("rows").kept === true`) {
				t.Error("the list was drawn anew")
			}
			if got := browsertest.Eval[string](tab, `document.querySelector("#list .row.open .row-subject").textContent`); got != browsertest.Eval[string](tab, `document.querySelector("#reader h1").textContent`) {
				t.Errorf("open row is %q, not the message read", got)
			}
			tab.Wait(`!document.querySelector("#list .row.open").classList.contains("unread")`)
		})
		t.Run("back and forward", func(t *testing.T) {
			path := browsertest.Eval[string](tab, `location.pathname`)
			browsertest.Eval[int](tab, `(history.back(), 0)`)
			tab.Wait(`location.pathname === "/m/INBOX" && !document.querySelector("#reader").dataset.path`)
			browsertest.Eval[int](tab, `(history.forward(), 0)`)
			tab.Wait(fmt.Sprintf(`location.pathname === %q && document.querySelector("#reader").dataset.path === %q`, path, path))
			if !browsertest.Eval[bool](tab, `document.querySelectorAll("#list .row").length === 50`) {
				t.Error("the list is gone after going forward")
			}
		})
		t.Run("keys", func(t *testing.T) {
			browsertest.Eval[int](tab, `(document.querySelector("#list .row .row-link").focus(), 0)`)
			first := browsertest.Eval[string](tab, `document.activeElement.getAttribute("href")`)
			tab.Press("j")
			tab.Wait(fmt.Sprintf(`document.activeElement.matches(".row-link") && document.activeElement.getAttribute("href") !== %q`, first))
			tab.Press("k")
			tab.Wait(fmt.Sprintf(`document.activeElement.getAttribute("href") === %q`, first))
			tab.Press("o")
			tab.Wait(fmt.Sprintf(`document.querySelector("#reader").dataset.path === new URL(%q, location).pathname`, first))
			tab.Press("?")
			tab.Wait(`document.querySelector("dialog[open]")`)
			tab.Press("\x1b")
			tab.Wait(`!document.querySelector("dialog[open]")`)
			tab.Press("g")
			tab.Press("t")
			tab.Wait(`document.querySelector("#list").dataset.path === "/m/Sent"`)
			tab.Press("g")
			tab.Press("i")
			tab.Wait(`document.querySelector("#list").dataset.path === "/m/INBOX"`)
		})
		t.Run("older page and back", func(t *testing.T) {
			tab.Click(`#list a[rel=next]`)
			tab.Wait(`location.search.includes("before=") && document.querySelector("#list a[rel=prev]")`)
			tab.Click(`#list a[rel=prev]`)
			tab.Wait(`document.querySelectorAll("#list .row").length === 50`)
		})
		t.Run("an HTML message is fitted and can run nothing", func(t *testing.T) {
			tab.Goto("/m/Newsletters")
			tab.Wait(subjectLink("Issue 212"))
			browsertest.Eval[int](tab, `(`+subjectLink("Issue 212")+`.click(), 0)`)
			tab.Wait(`document.querySelector("#reader iframe.fitted")`)
			tab.Wait(`(f => Math.abs(f.getBoundingClientRect().height - f.contentDocument.body.scrollHeight) < 40)(document.querySelector("#reader iframe.fitted"))`)
			if got := browsertest.Eval[string](tab, `document.querySelector("#reader iframe").getAttribute("sandbox")`); strings.Contains(got, "allow-scripts") {
				t.Errorf("sandbox = %q", got)
			}
			tab.Wait(`document.querySelector("#reader .strip")?.textContent.includes("blocked")`)
		})
		t.Run("sign out", func(t *testing.T) {
			browsertest.Eval[int](tab, `(document.querySelector("details.account").open = true, 0)`)
			tab.Load(chromedp.Click(chromedp.CSS(`form[action="/logout"] button`)))
			tab.Wait(`location.pathname === "/login"`)
			tab.Goto("/m/INBOX")
			tab.Wait(`location.pathname === "/login"`)
		})
	})
}

func TestBrowserWithoutScript(t *testing.T) {
	b := browsertest.Start(t)
	eachProgram(t, func(t *testing.T, p program) {
		view := browsertest.Desktop
		view.NoScript = true
		tab := b.Open(t, p.origin, view)
		tab.SignIn(p.user, p.password)
		// The heading of the page is the folder's name, and the subject once a message is open.
		tab.WaitHTML("#list h1", "Inbox")
		subject := tab.HTMLText("#list .row .row-subject")
		tab.Click("#list .row .row-link")
		tab.WaitHTML("#reader h1", subject)
		tab.WaitHTML("#list h2", "Inbox")
		tab.Click(`#folders a.folder[title="Sent"]`)
		tab.WaitHTML("#list h1", "Sent")
		tab.Goto("/settings")
		tab.Goto("/shortcuts")
		tab.Screenshot("shortcuts-noscript")
	})
}
