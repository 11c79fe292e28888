package main

import (
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"godwit/cmd/godwit/demo"
	"godwit/imapsession/imaptest"
	"godwit/imapsession/imaptest/replay"
)

// TestMain makes this binary godwit too, for scripts and for tests that need processes of their own.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "godwit" {
		tellSkips()
	}
	testscript.Main(m, map[string]func(){"godwit": main})
}

// TestScripts runs testdata/script: what a person types, and what they read then.
//
// Beside testscript's own commands there are:
//
//	mailserver memory|dovecot|demo    a mail server; $IMAPS $IMAP $STARTTLS $SMTPS $SMTP are its URLs, $CA its
//	mailserver FILE.imap              authority, $MAILUSER and $MAILPASS who may sign in. FILE: a transcript of
//	                                  testdata/imap-quirks, or of the script's own
//	exits CODE COMMAND...             runs the command, which has to end with that code
//	freeport NAME                     $NAME is an address of loopback that nobody listens on
//	await URL                         waits until URL answers
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values["test"] = env.T().(testing.TB)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"mailserver": scriptMailServer,
			"exits":      scriptExits,
			"freeport":   scriptFreePort,
			"await":      scriptAwait,
		},
	})
}

func scriptMailServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mailserver memory|dovecot|demo|FILE.imap")
	}
	t := ts.Value("test").(testing.TB)
	var roots []byte
	switch args[0] {
	case "memory", "dovecot":
		server := imaptest.Memory
		if args[0] == "dovecot" {
			server = imaptest.Dovecot
		}
		s := server(t)
		roots = s.Roots
		ts.Setenv("IMAPS", "imaps://"+s.Address(s.TLSPort))
		ts.Setenv("IMAP", "imap://"+s.Address(s.Port))
		ts.Setenv("STARTTLS", "imap://"+s.Address(s.StartTLSPort))
		ts.Setenv("STARTTLSPORT", strconv.Itoa(s.StartTLSPort))
		ts.Setenv("SMTPS", "smtps://"+s.Address(s.SubmissionTLSPort))
		ts.Setenv("SMTP", "smtp://"+s.Address(s.SubmissionPort))
		ts.Setenv("MAILUSER", s.User(t))
		ts.Setenv("MAILPASS", imaptest.Password)
	case "demo":
		s, err := demo.Start(t.Context())
		ts.Check(err)
		ts.Defer(s.Close)
		roots = s.RootsPEM
		ts.Setenv("IMAPS", "imaps://"+s.IMAP)
		ts.Setenv("SMTP", "smtp://"+s.Submission)
		ts.Setenv("MAILUSER", demo.User)
		ts.Setenv("MAILPASS", demo.Password)
	default:
		file := ts.MkAbs(args[0])
		if _, err := os.Stat(file); err != nil {
			file = filepath.Join("../../testdata/imap-quirks", args[0])
		}
		s := replay.Start(t, file)
		roots = s.Roots
		urls := map[string][2]string{"none": {"IMAP", "imap://"}, "starttls": {"STARTTLS", "imap://"}, "implicit": {"IMAPS", "imaps://"}}
		ts.Setenv(urls[s.TLS][0], urls[s.TLS][1]+s.Addr)
		ts.Setenv("MAILUSER", s.User)
		ts.Setenv("MAILPASS", s.Pass)
	}
	ca := ts.MkAbs("mailserver-ca.pem")
	ts.Check(os.WriteFile(ca, roots, 0o600))
	ts.Setenv("CA", ca)
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%s ended with %d, want %s; it said: %s", args[1], code, args[0], ts.ReadFile("stderr"))
	}
}

func scriptFreePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport NAME")
	}
	ts.Setenv(args[0], freeAddress(ts.Value("test").(testing.TB)))
}

// freeAddress is an address of loopback that nobody listened on a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await URL")
	}
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var r *http.Response
		if r, err = http.Get(args[0]); err == nil {
			r.Body.Close()
			return
		}
	}
	ts.Fatalf("%s does not answer: %v", args[0], err)
}

// secretHex is a server key for tests.
var secretHex = hex.EncodeToString([]byte(strings.Repeat("k", 32)))
