package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"godwit/imapsession"
	"godwit/imapsession/submission"
)

// checkTimeout bounds the look at one server.
const checkTimeout = time.Minute

// runCheck looks at the configured servers and tells a person what it found; the first step that fails is its error.
func runCheck(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	var user string
	config, rest, err := loadConfig("check", args, getenv, stderr, func(flags *flag.FlagSet) {
		flags.StringVar(&user, "user", "", "sign in as this user, to see what the server offers then")
	})
	if err != nil {
		return usageError{err}
	}
	if len(rest) > 0 {
		return usageError{fmt.Errorf("%q is not expected; settings are flags", rest[0])}
	}
	if config.IMAP.Host == "" && len(config.Upstreams) == 0 {
		return usageError{errors.New("no mail server is set; expected GODWIT_IMAP=imaps://host, or GODWIT_UPSTREAMS")}
	}
	if err := addRoots(config); err != nil {
		return err
	}
	trace, closeTrace, err := openTrace(config.Trace)
	if err != nil {
		return err
	}
	defer closeTrace()

	c := &check{out: stdout, options: &imapsession.Options{MaxConns: config.Connections, Trace: trace}}
	if user == "" {
		return c.servers(ctx, config)
	}
	password, err := checkPassword(getenv, stdin, stderr)
	if err != nil {
		return err
	}
	return c.user(ctx, config, user, password)
}

// checkPassword is taken from the environment, or read as a line of standard input.
func checkPassword(getenv func(string) string, stdin io.Reader, stderr io.Writer) (imapsession.Secret, error) {
	if v := getenv("GODWIT_CHECK_PASSWORD"); v != "" {
		return imapsession.Secret(v), nil
	}
	if path := getenv("GODWIT_CHECK_PASSWORD_FILE"); path != "" {
		v, err := readSecret(path)
		if err != nil {
			return "", usageError{fmt.Errorf("GODWIT_CHECK_PASSWORD_FILE: %w; expected the path of a file", err)}
		}
		return imapsession.Secret(v), nil
	}
	fmt.Fprintln(stderr, "password (one line on standard input):")
	line, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && line == "" {
		return "", usageError{errors.New("no password; expected GODWIT_CHECK_PASSWORD, GODWIT_CHECK_PASSWORD_FILE or a line on standard input")}
	}
	return imapsession.Secret(strings.TrimRight(line, "\r\n")), nil
}

// check prints what it finds as it goes.
type check struct {
	out     io.Writer
	options *imapsession.Options
}

func (c *check) heading(format string, args ...any) { fmt.Fprintf(c.out, "\n"+format+"\n", args...) }

// line prints a label and what belongs to it, long lists wrapped beneath.
func (c *check) line(label, value string) {
	const width = 80
	at := 0
	fmt.Fprintf(c.out, "  %-14s", label)
	for word := range strings.FieldsSeq(value) {
		if at > 0 && at+1+len(word) > width {
			fmt.Fprintf(c.out, "\n  %-14s", "")
			at = 0
		}
		fmt.Fprint(c.out, " ", word)
		at += 1 + len(word)
	}
	fmt.Fprintln(c.out)
}

// servers looks at every configured server without signing in.
func (c *check) servers(ctx context.Context, config *Config) error {
	if config.IMAP.Host != "" {
		if err := c.upstream(ctx, Upstream{config.IMAP, config.Submission}, nil); err != nil {
			return err
		}
	}
	for _, domain := range slices.Sorted(maps.Keys(config.Upstreams)) {
		c.heading("Domain %s", domain)
		if err := c.upstream(ctx, config.Upstreams[domain], nil); err != nil {
			return fmt.Errorf("domain %s: %w", domain, err)
		}
	}
	fmt.Fprintln(c.out, "\nEverything answered. With --user, what the server offers after signing in is told too.")
	return nil
}

// user signs in and looks at what that user has.
func (c *check) user(ctx context.Context, config *Config, name string, password imapsession.Secret) error {
	server, err := config.upstreamOf(name)
	if err != nil {
		return err
	}
	up := Upstream{IMAP: server, Submission: config.Submission}
	_, domain, _ := strings.Cut(name, "@")
	if of, ok := config.Upstreams[strings.ToLower(domain)]; ok {
		up = of
	}
	if err := c.upstream(ctx, up, &imapsession.Account{Server: server, User: name, Secret: password}); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "\nEverything answered.")
	return nil
}

func (c *check) upstream(ctx context.Context, up Upstream, account *imapsession.Account) error {
	c.heading("IMAP %s (%s)", up.IMAP.Address(), up.IMAP.Security)
	within, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := imapsession.Inspect(within, c.options, up.IMAP, account)
	c.imap(found)
	if err != nil {
		return fmt.Errorf("IMAP %s: %w", up.IMAP.Address(), err)
	}
	if up.Submission.Host == "" {
		c.heading("No submission server is set: mail can be read, not sent.")
		return nil
	}
	c.heading("Submission %s (%s)", up.Submission.Address(), up.Submission.Security)
	if err := c.submission(ctx, up.Submission); err != nil {
		return fmt.Errorf("submission %s: %w", up.Submission.Address(), err)
	}
	return nil
}

// imap prints what an inspection found, as far as it came.
func (c *check) imap(found *imapsession.Inspection) {
	for _, step := range found.Steps {
		fmt.Fprintf(c.out, "  ok  %s\n", step)
	}
	if found.TLS != nil {
		c.tls(found.TLS)
	}
	if found.Greeting != "" {
		c.line("greeting", found.Greeting)
	}
	if len(found.CapsBefore) > 0 {
		c.line("before sign-in", strings.Join(found.CapsBefore, " "))
	}
	if len(found.CapsAfter) > 0 {
		c.line("after sign-in", strings.Join(found.CapsAfter, " "))
	}
	for _, f := range found.ID {
		c.line("id "+f.Key, f.Value)
	}
	for _, n := range found.Namespaces {
		c.line("namespace", fmt.Sprintf("%s, prefix %q, delimiter %q", n.Kind, n.Prefix, n.Delim))
	}
	c.mailboxes(found.Mailboxes)
	c.features(found.Features)
}

func (c *check) tls(info *imapsession.TLSInfo) {
	if info.Version != "" {
		c.line("TLS", info.Version+" "+info.Cipher)
	}
	c.line("certificate", fmt.Sprintf("%s, issued by %s, for %s", info.Subject, info.Issuer, strings.Join(info.Names, " ")))
	c.line("valid", fmt.Sprintf("%s to %s", info.Begins.Format(time.DateOnly), info.Expires.Format(time.DateOnly)))
}

func (c *check) mailboxes(mailboxes []imapsession.Mailbox) {
	if len(mailboxes) == 0 {
		return
	}
	c.line("mailboxes", fmt.Sprint(len(mailboxes)))
	missing := []imapsession.Role{imapsession.RoleDrafts, imapsession.RoleSent, imapsession.RoleArchive, imapsession.RoleJunk, imapsession.RoleTrash}
	for _, m := range mailboxes {
		if m.Role != imapsession.RoleNone {
			c.line("  "+string(m.Role), m.Name)
			missing = slices.DeleteFunc(missing, func(r imapsession.Role) bool { return r == m.Role })
		}
	}
	for _, role := range missing {
		c.line("  "+string(role), "none found")
	}
}

// features prints a line for each, those that lack something with what would bring it.
func (c *check) features(features []imapsession.Feature) {
	if len(features) == 0 {
		return
	}
	c.heading("What people will have")
	for _, state := range []imapsession.FeatureState{imapsession.FeatureFull, imapsession.FeatureDegraded, imapsession.FeatureMissing} {
		for _, f := range features {
			if f.State != state {
				continue
			}
			fmt.Fprintf(c.out, "  %-9s %s: %s", f.State, f.Name, f.Effect)
			if f.State != imapsession.FeatureFull {
				fmt.Fprintf(c.out, " Wanted: %s.", f.Extension)
			}
			fmt.Fprintln(c.out)
		}
	}
}

func (c *check) submission(ctx context.Context, server imapsession.Server) error {
	config, err := server.TLSConfig()
	if err != nil {
		return err
	}
	found, err := submission.Inspect(ctx, submission.Server{
		Address: server.Address(), Security: submission.Security(server.Security), TLS: config,
	})
	if err != nil {
		return err
	}
	if found.TLS != nil {
		c.tls(imapsession.DescribeTLS(*found.TLS))
	}
	for _, e := range found.Extensions {
		c.line("offers", e.Name+" "+e.Params)
	}
	for _, name := range slices.Sorted(maps.Keys(submissionLosses)) {
		if !slices.ContainsFunc(found.Extensions, func(e submission.Extension) bool { return e.Name == name }) {
			c.line("lacks", name+": "+submissionLosses[name])
		}
	}
	return nil
}

// submissionLosses says what each missing extension costs.
var submissionLosses = map[string]string{
	"SMTPUTF8":      "no mail to addresses with letters beyond ASCII before the @",
	"DSN":           "no delivery reports on request",
	"BURL":          "a message travels once to submission and once to Sent",
	"FUTURERELEASE": "no sending later",
	"SIZE":          "a message that is too large is refused only after it was sent",
}
