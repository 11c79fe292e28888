package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/imapsession/imaptest"
	"godwit/web/browsertest"
)

// TestEachWallAlone reads the mails whose text attacks once without the sanitiser and once without Content-Security-Policy and sandbox: scripts and loads
// have to get through both, so each has to be enough.
//
//	sec_nosanitise  the mail's own HTML lies in the frame. What is shown: a hole in the sanitiser runs nothing and requests nothing, since sandbox and policy stop it.
//	sec_nocsp       no answer has a policy, no frame a sandbox. What is shown: the sanitiser alone leaves nothing that could run, load or leave; a hole
//	                in a browser's sandbox, or a browser without one, changes nothing.
func TestEachWallAlone(t *testing.T) {
	discard := listenDiscard(t)
	t.Cleanup(func() { discard.check(t) })
	for _, tag := range []string{"sec_nosanitise", "sec_nocsp"} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			netlog := filepath.Join(t.TempDir(), "netlog.json")
			b := startLogging(t, netlog)
			server := imaptest.Dovecot(t)
			user := server.User(t)
			var mails []*specimen
			for _, m := range corpus(t, "hostile") {
				if class, _, _ := strings.Cut(m.Class, "."); attacksText[class] && m.LimitMS == 0 {
					m.Actions = slices.DeleteFunc(m.Actions, func(a string) bool { return a != "hover" && a != "keys" && a != "print" })
					mails = append(mails, m)
				}
			}
			mails = upload(t, server, user, mails)
			walls := wholeWall
			if tag == "sec_nosanitise" {
				walls = policyAlone
			}
			r := newReader(t, b, startBefore(t, server, user, buildWith(t, tag)), walls)
			r.checkWall(mails[0], tag)
			for _, m := range mails {
				r.read(m)
			}
			r.report(len(mails))
			b.Close()
			r.checkNetLog(netlog)
		})
	}
}

// checkWall makes sure that the program under test lacks the wall it is to lack.
func (r *reader) checkWall(m *specimen, tag string) {
	r.Helper()
	r.open(m, fmt.Sprintf("/m/INBOX/%d", m.uid))
	facts := browsertest.Eval[string](r.tab, `(async f => {
		const answer = await fetch(f.src), text = await answer.text();
		return [answer.headers.has("content-security-policy"), !f.hasAttribute("sandbox"), text.includes("<script")].join(" ");
	})(document.querySelector("iframe[data-fit]"))`)
	want := map[string]string{"sec_nosanitise": "true false true", "sec_nocsp": "false true false"}[tag]
	if facts != want {
		r.Fatalf("built with %s: policy, no sandbox, mail's own scripts = %s, want %s", tag, facts, want)
	}
	r.tab.Events()
}

// buildWith builds the program with a tag and returns where it is.
func buildWith(t *testing.T, tag string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "godwit-"+tag)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", tag, "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build -tags %s: %v\n%s", tag, err, out)
	}
	return path
}

// startBefore is serveBefore for a program that was built apart.
func startBefore(t *testing.T, server *imaptest.Server, user, path string) program {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, server.Roots, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "serve", "--listen", "127.0.0.1:0", "--imap", "imaps://"+server.Address(server.TLSPort), "--ca-file", ca, "--data-dir", t.TempDir())
	var stdout, stderr output
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, rest, ok := strings.Cut(stdout.String(), "http://"); ok {
			address, _, _ := strings.Cut(rest, "/")
			return program{origin: "http://" + address, log: &stderr}.as(user, imaptest.Password)
		}
	}
	t.Fatalf("%s printed no address: %s", path, stderr.String())
	return program{}
}
