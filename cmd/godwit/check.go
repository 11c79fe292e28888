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
	"unicode"
	"unicode/utf8"

	"godwit/imapsession"
	"godwit/imapsession/submission"
)

// checkTimeout bounds the look at one server.
const checkTimeout = time.Minute

// runCheck looks at the configured servers and tells a person what it found; the first step that fails is its error.
func runCheck(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	var user string
	config, err := loadUpstreams("check", args, getenv, stderr, func(flags *flag.FlagSet) {
		flags.StringVar(&user, "user", "", "sign in as this user, to see what the server offers then")
	})
	if err != nil {
		return err
	}
	trace, closeTrace, err := openTrace(config)
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

func (c *check) heading(format string, args ...any) {
	fmt.Fprintf(c.out, "\n"+format+"\n", args...)
}

// line prints a label and what belongs to it, long texts wrapped beneath.
func (c *check) line(label, value string) {
	c.wrapped(fmt.Sprintf("  %-14s ", label), value)
}

// checkWidth is how many columns are written.
const checkWidth = 96

// wrapped prints text behind head, what does not fit on further lines below it. Servers' words may
// hold anything: what could move the cursor does not reach the terminal.
func (c *check) wrapped(head, text string) {
	indent := utf8.RuneCountInString(head)
	at := indent
	fmt.Fprint(c.out, head)
	for i, word := range strings.Fields(strings.Map(visible, text)) {
		width := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+width > checkWidth:
			fmt.Fprintf(c.out, "\n%*s", indent, "")
			at = indent
		default:
			fmt.Fprint(c.out, " ")
			at++
		}
		fmt.Fprint(c.out, word)
		at += width
	}
	fmt.Fprintln(c.out)
}

func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
		return '?'
	}
	return r
}

// servers looks at every configured server without signing in; one that fails does not hide the others.
func (c *check) servers(ctx context.Context, config *Config) error {
	var failures []error
	if config.IMAP.Host != "" {
		failures = append(failures, c.upstream(ctx, Upstream{config.IMAP, config.Submission}, nil))
	}
	for _, domain := range slices.Sorted(maps.Keys(config.Upstreams)) {
		c.heading("Domain %s", domain)
		if err := c.upstream(ctx, config.Upstreams[domain], nil); err != nil {
			failures = append(failures, fmt.Errorf("domain %s: %w", domain, err))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "\nEverything answered. With --user NAME, the sign-in and what the server offers after it are looked at too.")
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
	c.heading("IMAP %s, %s", up.IMAP.Address(), protection[up.IMAP.Security])
	within, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := imapsession.Inspect(within, c.options, up.IMAP, account)
	c.imap(found, err)
	if err != nil {
		return fmt.Errorf("IMAP %s: %s", up.IMAP.Address(), cause(err))
	}
	if up.Submission.Host == "" {
		c.heading("No submission server is set (GODWIT_SUBMISSION): mail can be read, not sent.")
		return nil
	}
	c.heading("Submission %s, %s", up.Submission.Address(), protection[up.Submission.Security])
	if err := c.submission(within, up.Submission); err != nil {
		return fmt.Errorf("submission %s: %w", up.Submission.Address(), err)
	}
	return nil
}

// protection says what a server's URL stands for.
var protection = map[imapsession.Security]string{
	imapsession.TLS:       "TLS from the first byte",
	imapsession.StartTLS:  "STARTTLS before anything else",
	imapsession.Plaintext: "WITHOUT TLS: passwords and mail cross the network readable",
}

// reasons says what a failed sign-in means to an admin, and what is to be looked at.
var reasons = map[imapsession.LoginReason]string{
	imapsession.LoginRejected:     "the server does not accept this user name with this password",
	imapsession.LoginExpired:      "the password has expired",
	imapsession.LoginUnavailable:  "the server can't check passwords just now; something behind it is down",
	imapsession.LoginContactAdmin: "the server has locked this account",
	imapsession.LoginInUse:        "the account has too many connections",
	imapsession.LoginBye:          "the server hung up",
	imapsession.LoginNoTLS:        "the server offers no STARTTLS here, or someone on the way took it out; nothing was sent. For TLS from the first byte the address is imaps://",
	imapsession.LoginUntrusted:    "the server's certificate is not trusted. GODWIT_CA_FILE names authorities of your own",
	imapsession.LoginNoMechanism:  "the server takes no password here: LOGIN is disabled and AUTH=PLAIN not offered",
	imapsession.LoginUnreachable:  "no connection",
}

// cause says why an inspection stopped: the step, what it means, the server's words and the error itself.
func cause(err error) string {
	var step *imapsession.InspectError
	var login *imapsession.LoginError
	if !errors.As(err, &step) || !errors.As(err, &login) {
		return err.Error()
	}
	text := step.Step + ": " + reasons[login.Reason]
	if login.Text != "" {
		text += "; it says: " + login.Text
	}
	if login.Err != nil {
		text += " (" + login.Err.Error() + ")"
	}
	return text
}

// imap prints what an inspection found, as far as it came.
func (c *check) imap(found *imapsession.Inspection, err error) {
	if len(found.Steps) > 0 {
		c.line("worked", strings.Join(found.Steps, ", "))
	}
	var failed *imapsession.InspectError
	if errors.As(err, &failed) {
		c.line("FAILED", failed.Step)
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
	if found.CapsAfter == nil {
		return
	}
	c.line("after sign-in", strings.Join(found.CapsAfter, " "))
	var id []string
	for _, f := range found.ID {
		id = append(id, f.Key+" "+f.Value)
	}
	if id == nil {
		id = []string{"the server does not say what it is"}
	}
	c.line("server", strings.Join(id, ", "))
	for _, n := range found.Namespaces {
		c.line("namespace", fmt.Sprintf("%s, prefix %q, delimiter %q", n.Kind, n.Prefix, n.Delim))
	}
	c.mailboxes(found.Mailboxes)
	c.features(found)
}

func (c *check) tls(info *imapsession.TLSInfo) {
	if info.Version != "" {
		c.line("TLS", info.String())
	}
	c.line("certificate", fmt.Sprintf("%s, issued by %s, for %s", info.Subject, info.Issuer, strings.Join(info.Names, " ")))
	valid := fmt.Sprintf("%s to %s", info.Begins.Format(time.DateOnly), info.Expires.Format(time.DateOnly))
	switch left := -info.Expired(time.Now()); {
	case left <= 0:
		valid += ": it has EXPIRED"
	case left < expirySoon:
		valid += fmt.Sprintf(": it ends in %d days", int(left.Hours()/24))
	}
	c.line("valid", valid)
}

// expirySoon is when a certificate that nobody renews is worth a word.
const expirySoon = 21 * 24 * time.Hour

func (c *check) mailboxes(mailboxes []imapsession.Mailbox) {
	if len(mailboxes) == 0 {
		return
	}
	c.line("mailboxes", fmt.Sprintf("%d, of which:", len(mailboxes)))
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

// features prints each feature in full words, those that lack something with the extensions that would bring it.
func (c *check) features(found *imapsession.Inspection) {
	c.heading("What people can have with this server")
	for _, state := range []imapsession.FeatureState{imapsession.FeatureFull, imapsession.FeatureDegraded, imapsession.FeatureMissing} {
		for _, f := range found.Features {
			if f.State != state {
				continue
			}
			text := f.Name + ": " + f.Effect
			if state != imapsession.FeatureFull {
				text += " [" + lacking(f.Extension, found.CapsAfter) + "]"
			}
			c.wrapped(fmt.Sprintf("  %-9s ", f.State), text)
		}
	}
}

// lacking is the list of extensions without those that the server has.
func lacking(extensions string, caps []string) string {
	var missing []string
	for name := range strings.SplitSeq(extensions, ", ") {
		if !slices.Contains(caps, name) {
			missing = append(missing, name)
		}
	}
	return "would come with " + strings.Join(missing, ", ")
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
	var offers []string
	for _, e := range found.Extensions {
		offers = append(offers, strings.TrimSpace(e.Name+" "+e.Params))
	}
	c.line("offers", strings.Join(offers, ", "))
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
