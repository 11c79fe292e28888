package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/imapsession"
	"godwit/web/sessions"
)

// Config is everything a person can set. Every field stands in the table settings
// below, from which flags, environment, file, help and the README's table are made.
type Config struct {
	Listen         string
	IMAP           imapsession.Server // zero when only Upstreams are given
	Submission     imapsession.Server
	Upstreams      map[string]Upstream // by mail domain, lower case
	Plaintext      bool                // imap:// and smtp:// go without TLS
	CAFile         string              // PEM certificate authorities for the mail servers
	TLSCert        string
	TLSKey         string
	TrustedProxies []netip.Prefix
	BasePath       string // "" or "/mail"
	Origin         string // "https://mail.example.org"; "" derives it from each request
	DataDir        string
	Secret         string // as sessions.ParseMasterKey reads it; "" keeps one in DataDir
	SessionIdle    time.Duration
	SessionMax     time.Duration
	Connections    int
	Drain          time.Duration
	LogFormat      string
	LogLevel       slog.Level
	Trace          string // file for the redacted protocol trace; "" for none

	places map[string]string // where each setting's value came from, by its key
}

// wrong is the error of a setting whose value turned out to be of no use.
func (c *Config) wrong(key string, err error) error {
	for _, s := range settings {
		if s.key == key {
			return usageError{&settingError{s, c.places[key], err}}
		}
	}
	panic("no setting " + key)
}

// Upstream is where the mail of one domain is.
type Upstream struct {
	IMAP       imapsession.Server
	Submission imapsession.Server // zero when none was given
}

// setting is one line of the configuration: GODWIT_LISTEN in the environment and
// the file, --listen on the command line.
type setting struct {
	key      string // without GODWIT_
	value    string // default
	expected string // what a value looks like, for help and errors
	help     string
	secret   bool // may come from the file that KEY_FILE names, and is never printed
	boolean  bool
	set      func(c *Config, v string) error
}

func (s setting) env() string  { return "GODWIT_" + s.key }
func (s setting) flag() string { return strings.ReplaceAll(strings.ToLower(s.key), "_", "-") }

var settings = []setting{
	{key: "LISTEN", value: "127.0.0.1:8080", expected: "host:port, port 0 for any free one", help: "address to serve on",
		set: func(c *Config, v string) error {
			_, port, err := net.SplitHostPort(v)
			if err != nil {
				return err
			}
			if _, err := strconv.ParseUint(port, 10, 16); err != nil {
				return fmt.Errorf("port %q", port)
			}
			c.Listen = v
			return nil
		}},
	{key: "IMAP", expected: "imaps://host[:993], or imap://host[:143] for STARTTLS", help: "mail server of everyone who is not in GODWIT_UPSTREAMS",
		set: func(c *Config, v string) (err error) { c.IMAP, err = upstreamServer(c, v, "imap"); return err }},
	{key: "SUBMISSION", expected: "smtps://host[:465], or smtp://host[:587] for STARTTLS", help: "submission server that goes with GODWIT_IMAP",
		set: func(c *Config, v string) (err error) { c.Submission, err = upstreamServer(c, v, "smtp"); return err }},
	{key: "UPSTREAMS", expected: "domain imap-url [submission-url]; domain imap-url ...", help: "servers by the mail domain of the user name",
		set: setUpstreams},
	{key: "INSECURE_PLAINTEXT", value: "false", boolean: true, expected: "true or false", help: "speak to imap:// and smtp:// servers without TLS: passwords and mail cross the network readable",
		set: func(c *Config, v string) (err error) { c.Plaintext, err = strconv.ParseBool(v); return err }},
	{key: "CA_FILE", expected: "path of a PEM file", help: "certificate authorities for the mail servers, in place of the system's",
		set: func(c *Config, v string) error { return readable(v, &c.CAFile) }},
	{key: "TLS_CERT", expected: "path of a PEM file", help: "certificate to serve HTTPS with; without it, put a proxy in front",
		set: func(c *Config, v string) error { return readable(v, &c.TLSCert) }},
	{key: "TLS_KEY", expected: "path of a PEM file", help: "private key of GODWIT_TLS_CERT",
		set: func(c *Config, v string) error { return readable(v, &c.TLSKey) }},
	{key: "TRUSTED_PROXIES", expected: "addresses or ranges with commas, 10.0.0.0/8,::1", help: "who may say X-Forwarded-For and X-Forwarded-Proto; ignored from anyone else",
		set: setTrustedProxies},
	{key: "BASE_PATH", expected: "a path like /mail", help: "path the application is mounted under",
		set: setBasePath},
	{key: "ORIGIN", expected: "https://mail.example.org", help: "address people use; taken from each request when not set",
		set: setOrigin},
	{key: "DATA_DIR", value: "godwit-data", expected: "a folder that can be written", help: "sessions and the server's key; only sealed credentials are kept, no mail",
		set: func(c *Config, v string) error { c.DataDir = filepath.Clean(v); return nil }},
	{key: "SECRET", secret: true, expected: "32 random octets as 64 hexadecimal digits or in base64", help: "the server's key; made and kept in the data folder when not set",
		set: func(c *Config, v string) error {
			c.Secret = v
			_, err := sessions.ParseMasterKey(v)
			return err
		}},
	{key: "SESSION_IDLE", value: "12h", expected: "a duration like 12h", help: "a sign-in that was not used for this long ends",
		set: func(c *Config, v string) error { return positive(v, &c.SessionIdle) }},
	{key: "SESSION_MAX", value: "720h", expected: "a duration like 720h", help: "a sign-in ends after this in any case",
		set: func(c *Config, v string) error { return positive(v, &c.SessionMax) }},
	{key: "CONNECTIONS", value: "3", expected: "a number from 1 to 20", help: "connections to the mail server per account at most",
		set: func(c *Config, v string) error {
			n, err := strconv.Atoi(v)
			if err == nil && (n < 1 || n > 20) {
				err = fmt.Errorf("%d is out of range", n)
			}
			c.Connections = n
			return err
		}},
	{key: "DRAIN", value: "15s", expected: "a duration like 15s", help: "how long requests under way may go on after SIGTERM",
		set: func(c *Config, v string) error { return positive(v, &c.Drain) }},
	{key: "LOG_FORMAT", value: "text", expected: "text or json", help: "form of the log on standard error",
		set: func(c *Config, v string) error {
			if v != "text" && v != "json" {
				return errors.New("no such format")
			}
			c.LogFormat = v
			return nil
		}},
	{key: "LOG_LEVEL", value: "info", expected: "debug, info, warn or error", help: "least grave line that is logged",
		set: func(c *Config, v string) error { return c.LogLevel.UnmarshalText([]byte(v)) }},
	{key: "TRACE", expected: "path of a file", help: "the dialogue with the mail servers goes here, without credentials and mail content",
		set: func(c *Config, v string) error { c.Trace = v; return nil }},
}

// settingError names the setting, where its value came from, and what was expected.
type settingError struct {
	setting setting
	place   string
	err     error
}

func (e *settingError) Error() string {
	return fmt.Sprintf("%s (from %s): %v; expected %s", e.setting.env(), e.place, e.err, e.setting.expected)
}

func (e *settingError) Unwrap() error { return e.err }

// loadConfig reads args (without the command's name), environment and the file that
// --config or GODWIT_CONFIG names; earlier wins. What is left of args is returned.
// Extra flags of a command are put on the FlagSet by more.
func loadConfig(name string, args []string, getenv func(string) string, stderr io.Writer, more func(*flag.FlagSet)) (*Config, []string, error) {
	flags := flag.NewFlagSet("godwit "+name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	given := map[string]string{}
	for _, s := range settings {
		take := func(v string) error { given[s.key] = v; return nil }
		if s.boolean {
			flags.BoolFunc(s.flag(), s.help, take)
		} else {
			flags.Func(s.flag(), s.help, take)
		}
	}
	configFile := flags.String("config", getenv("GODWIT_CONFIG"), "file of KEY=VALUE lines")
	if more != nil {
		more(flags)
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			printSettings(stderr)
			return nil, nil, err
		}
		return nil, nil, fmt.Errorf("%w; \"godwit help\" lists the flags", err)
	}
	file, err := readConfigFile(*configFile)
	if err != nil {
		return nil, nil, err
	}

	c := &Config{places: map[string]string{}}
	for _, s := range inOrder(settings) {
		value, place, err := lookup(s, given, getenv, file)
		c.places[s.key] = place
		switch {
		case err != nil:
		case value != "":
			err = s.set(c, value)
		case s.value != "":
			err = errors.New("it is empty")
		}
		if err != nil {
			return nil, nil, &settingError{s, place, err}
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return nil, nil, errors.New("GODWIT_TLS_CERT and GODWIT_TLS_KEY go together: expected both or neither")
	}
	return c, flags.Args(), nil
}

// inOrder puts INSECURE_PLAINTEXT first: the servers' URLs are read in its light.
func inOrder(all []setting) []setting {
	var first, rest []setting
	for _, s := range all {
		if s.key == "INSECURE_PLAINTEXT" {
			first = append(first, s)
		} else {
			rest = append(rest, s)
		}
	}
	return append(first, rest...)
}

// lookup finds a setting's value and says where it was: flag over environment over file over default.
func lookup(s setting, given map[string]string, getenv func(string) string, file map[string]fileValue) (value, place string, err error) {
	if v, ok := given[s.key]; ok {
		return v, "flag --" + s.flag(), nil
	}
	if v := getenv(s.env()); v != "" {
		return v, "environment", nil
	}
	if path := getenv(s.env() + "_FILE"); s.secret && path != "" {
		v, err := readSecret(path)
		return v, "environment " + s.env() + "_FILE", err
	}
	if v := file[s.env()]; v.value != "" {
		return v.value, v.place, nil
	}
	if v, ok := file[s.env()+"_FILE"]; s.secret && ok {
		secret, err := readSecret(v.value)
		return secret, v.place, err
	}
	return s.value, "default", nil
}

// fileValue is a value of the configuration file and its place, "godwit.conf line 3".
type fileValue struct{ value, place string }

// readConfigFile reads lines KEY=VALUE; empty lines and those that begin with # are passed over, and
// one pair of quotes around a value is taken off. A key that no setting has is an error: it is most likely misspelt.
func readConfigFile(path string) (map[string]fileValue, error) {
	values := map[string]fileValue{}
	if path == "" {
		return values, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("GODWIT_CONFIG: %w; expected the path of a file of KEY=VALUE lines", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		place := fmt.Sprintf("%s line %d", path, n)
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if !ok {
			return nil, fmt.Errorf("%s: %.40q has no \"=\"; expected KEY=VALUE", place, line)
		}
		if !known(key) {
			return nil, fmt.Errorf("%s: there is no setting %.60q; \"godwit help\" lists them", place, key)
		}
		values[key] = fileValue{unquote(strings.TrimSpace(value)), place}
	}
	return values, lines.Err()
}

func known(key string) bool {
	for _, s := range settings {
		if key == s.env() || s.secret && key == s.env()+"_FILE" {
			return true
		}
	}
	return false
}

func unquote(v string) string {
	if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		return v[1 : len(v)-1]
	}
	return v
}

// readSecret gives what a file holds, without the line end that editors put there.
func readSecret(path string) (string, error) {
	b, err := os.ReadFile(path)
	secret := strings.TrimSpace(string(b))
	if err == nil && secret == "" {
		err = fmt.Errorf("%s is empty", path)
	}
	return secret, err
}

// unknownSettings finds variables that look like ours and are not: most likely misspelt.
func unknownSettings(environ []string) (keys []string) {
	for _, entry := range environ {
		key, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(key, "GODWIT_") && !known(key) && !slices.Contains(otherVariables, key) && !orchestrated.MatchString(key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// otherVariables are read, and are no settings of the table.
var otherVariables = []string{"GODWIT_CONFIG", "GODWIT_CHECK_PASSWORD", "GODWIT_CHECK_PASSWORD_FILE", "GODWIT_REQUIRE", "GODWIT_CORPUS"}

// orchestrated are the variables that Kubernetes puts into each container for a service named godwit.
var orchestrated = regexp.MustCompile(`^GODWIT_(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP|SCTP).*)?)$`)

func readable(path string, into *string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	*into = path
	return f.Close()
}

func positive(v string, into *time.Duration) error {
	d, err := time.ParseDuration(v)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%v is not more than nothing", d)
	}
	*into = d
	return err
}

// upstreamServer reads a server's URL, which must be of the protocol proto (imap or smtp).
func upstreamServer(c *Config, v, proto string) (imapsession.Server, error) {
	if !strings.HasPrefix(v, proto+"://") && !strings.HasPrefix(v, proto+"s://") {
		return imapsession.Server{}, fmt.Errorf("%q is no %s address", v, proto)
	}
	return imapsession.ParseServer(v, c.Plaintext)
}

func setUpstreams(c *Config, v string) error {
	c.Upstreams = map[string]Upstream{}
	for entry := range strings.SplitSeq(v, ";") {
		fields := strings.Fields(entry)
		if len(fields) == 0 {
			continue
		}
		if len(fields) < 2 || len(fields) > 3 {
			return fmt.Errorf("entry %q has %d words", strings.TrimSpace(entry), len(fields))
		}
		domain := strings.ToLower(strings.TrimPrefix(fields[0], "@"))
		if _, twice := c.Upstreams[domain]; twice {
			return fmt.Errorf("domain %q stands there twice", domain)
		}
		var up Upstream
		var err error
		if up.IMAP, err = upstreamServer(c, fields[1], "imap"); err != nil {
			return fmt.Errorf("domain %q: %w", domain, err)
		}
		if len(fields) == 3 {
			if up.Submission, err = upstreamServer(c, fields[2], "smtp"); err != nil {
				return fmt.Errorf("domain %q: %w", domain, err)
			}
		}
		c.Upstreams[domain] = up
	}
	return nil
}

func setTrustedProxies(c *Config, v string) error {
	c.TrustedProxies = nil
	for item := range strings.SplitSeq(v, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(item)
		if addr, addrErr := netip.ParseAddr(item); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return err
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix.Masked())
	}
	return nil
}

func setBasePath(c *Config, v string) error {
	v = strings.TrimSuffix(v, "/")
	u, err := url.Parse(v)
	if err == nil && v != "" && (!strings.HasPrefix(v, "/") || strings.Contains(v, "//") || u.EscapedPath() != v || u.RawQuery != "") {
		err = fmt.Errorf("%q is no plain path", v)
	}
	c.BasePath = v
	return err
}

func setOrigin(c *Config, v string) error {
	v = strings.TrimSuffix(v, "/")
	u, err := url.Parse(v)
	if err == nil && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || v != u.Scheme+"://"+u.Host) {
		err = fmt.Errorf("%q is not scheme and host alone", v)
	}
	c.Origin = v
	return err
}

// printSettings writes the table of all settings for a person.
func printSettings(w io.Writer) {
	fmt.Fprint(w, "Settings: each a flag, a variable of the environment, or a line KEY=VALUE of the file that\n--config or GODWIT_CONFIG names; the first of these that is there wins.\n\n")
	for _, s := range settings {
		fmt.Fprintf(w, "  --%s, %s\n      %s\n      expected: %s", s.flag(), s.env(), s.help, s.expected)
		if s.value != "" {
			fmt.Fprintf(w, "; default %s", s.value)
		}
		if s.secret {
			fmt.Fprintf(w, "; %s_FILE names a file that holds it", s.env())
		}
		fmt.Fprintln(w)
	}
}
