// Command godwit is a webmail: "godwit demo" shows it, "godwit serve" puts it in
// front of an IMAP server, "godwit check" tells why that server does not work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it was asked rightly and did not work
	exitUsage  = 2 // a wrong command, flag or setting
)

// usageError is an error of whoever called the program.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

const help = `Godwit, a webmail in front of any IMAP server.

  godwit demo                try it: servers and sample mail inside this process
  godwit serve               serve the mail server that GODWIT_IMAP names
  godwit check [--user U]    look at the configured servers and say what works;
                             the password comes from GODWIT_CHECK_PASSWORD, from the
                             file GODWIT_CHECK_PASSWORD_FILE, or standard input
  godwit healthcheck         exit 0 when a running "serve" answers (for containers)
  godwit version
  godwit help

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// From the first signal on the next has its usual effect: it ends the process at once.
	context.AfterFunc(ctx, stop)
	for _, key := range unknownSettings(os.Environ()) {
		fmt.Fprintf(os.Stderr, "godwit: %s in the environment is no setting; \"godwit help\" lists them\n", key)
	}
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// run carries out one command and returns the exit code. It ends when ctx does.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	command := "help"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	err := dispatch(ctx, command, args, getenv, stdin, stdout, stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	fmt.Fprintf(stderr, "godwit %.40s: %v\n", command, err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func dispatch(ctx context.Context, command string, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	switch command {
	case "demo":
		return runDemo(ctx, args, getenv, stdout, stderr)
	case "serve":
		return runServe(ctx, args, getenv, stdout, stderr)
	case "check":
		return runCheck(ctx, args, getenv, stdin, stdout, stderr)
	case "healthcheck":
		return runHealthcheck(ctx, args, getenv, stderr)
	case "version", "--version":
		fmt.Fprintln(stdout, version())
		return nil
	case "help", "--help", "-h":
		io.WriteString(stdout, help)
		printSettings(stdout)
		return nil
	}
	return usageError{fmt.Errorf("there is no such command; expected demo, serve, check, healthcheck, version or help")}
}

// release is set by the linker: -X main.release=1.2.3.
var release = "dev"

func version() string {
	text := "godwit " + release
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				text += " " + s.Value
			}
		}
		text += " " + info.GoVersion
	}
	return text
}
