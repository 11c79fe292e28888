package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/imapsession"
)

func load(t *testing.T, args []string, env map[string]string) (*Config, error) {
	t.Helper()
	c, _, err := loadConfig("serve", args, func(k string) string { return env[k] }, io.Discard, nil)
	return c, err
}

func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagsWinOverEnvironmentOverFileOverDefault(t *testing.T) {
	file := writeFile(t, "godwit.conf", "# a comment\n\nGODWIT_LISTEN=127.0.0.1:1\nGODWIT_DRAIN = \"3s\"\nGODWIT_CONNECTIONS=4\n")
	c, err := load(t, []string{"--config", file, "--listen", "127.0.0.1:3"}, map[string]string{
		"GODWIT_LISTEN": "127.0.0.1:2", "GODWIT_CONNECTIONS": "5",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" {
		t.Errorf("Listen = %q, want the flag's", c.Listen)
	}
	if c.Connections != 5 {
		t.Errorf("Connections = %d, want the environment's 5", c.Connections)
	}
	if c.Drain != 3*time.Second {
		t.Errorf("Drain = %v, want the file's 3s", c.Drain)
	}
	if c.SessionIdle != 12*time.Hour {
		t.Errorf("SessionIdle = %v, want the default 12h", c.SessionIdle)
	}
}

func TestSecretFromFile(t *testing.T) {
	secret := writeFile(t, "secret", secretHex+"\n")
	for name, env := range map[string]map[string]string{
		"environment": {"GODWIT_SECRET_FILE": secret},
		"config file": {"GODWIT_CONFIG": writeFile(t, "godwit.conf", "GODWIT_SECRET_FILE="+secret)},
	} {
		c, err := load(t, nil, env)
		if err != nil || c.Secret != secretHex {
			t.Errorf("%s: Secret = %q, %v, want the file's content", name, c.Secret, err)
		}
	}
}

func TestUpstreams(t *testing.T) {
	c, err := load(t, nil, map[string]string{
		"GODWIT_UPSTREAMS": "Example.org imaps://imap.example.org smtps://smtp.example.org; @example.net imap://mail.example.net:1143;",
	})
	if err != nil {
		t.Fatal(err)
	}
	org, net := c.Upstreams["example.org"], c.Upstreams["example.net"]
	if org.IMAP.Host != "imap.example.org" || org.IMAP.Port != 993 || org.IMAP.Security != imapsession.TLS || org.Submission.Port != 465 {
		t.Errorf("example.org = %+v, want TLS on 993 and 465", org)
	}
	if net.IMAP.Port != 1143 || net.IMAP.Security != imapsession.StartTLS || net.Submission.Host != "" {
		t.Errorf("example.net = %+v, want STARTTLS on 1143 and no submission", net)
	}
}

func TestPlaintextOnlyWhenSaidSo(t *testing.T) {
	c, err := load(t, []string{"--insecure-plaintext", "--imap", "imap://127.0.0.1:143"}, nil)
	if err != nil || c.IMAP.Security != imapsession.Plaintext {
		t.Errorf("IMAP = %+v, %v, want plaintext", c.IMAP, err)
	}
	c, err = load(t, []string{"--imap", "imap://127.0.0.1:143"}, nil)
	if err != nil || c.IMAP.Security != imapsession.StartTLS {
		t.Errorf("IMAP = %+v, %v, want STARTTLS", c.IMAP, err)
	}
}

func TestWrongSettingIsNamedWithItsPlaceAndWhatWasExpected(t *testing.T) {
	misspelt := writeFile(t, "misspelt.conf", "GODWIT_LISTEN=:1\nGODWIT_LISTN=:2\n")
	noEquals := writeFile(t, "noequals.conf", "GODWIT_LISTEN\n")
	badDrain := writeFile(t, "drain.conf", "\nGODWIT_DRAIN=soon\n")
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		want []string
	}{
		{"flag", []string{"--listen", "8080"}, nil, []string{"GODWIT_LISTEN", "flag --listen", "expected host:port"}},
		{"port", []string{"--listen", "127.0.0.1:http"}, nil, []string{"GODWIT_LISTEN", "port"}},
		{"environment", nil, map[string]string{"GODWIT_IMAP": "mail.example.org"}, []string{"GODWIT_IMAP", "environment", "imaps://host"}},
		{"wrong protocol", nil, map[string]string{"GODWIT_IMAP": "smtps://mail.example.org"}, []string{"GODWIT_IMAP", "imaps://host"}},
		{"file line", []string{"--config", badDrain}, nil, []string{"GODWIT_DRAIN", "drain.conf line 2", "a duration"}},
		{"misspelt key", []string{"--config", misspelt}, nil, []string{"misspelt.conf line 2", "GODWIT_LISTN"}},
		{"no equals sign", []string{"--config", noEquals}, nil, []string{"noequals.conf line 1", "KEY=VALUE"}},
		{"no such file", []string{"--config", "/no/such/file"}, nil, []string{"GODWIT_CONFIG", "/no/such/file"}},
		{"upstreams", nil, map[string]string{"GODWIT_UPSTREAMS": "example.org"}, []string{"GODWIT_UPSTREAMS", "example.org", "domain imap-url"}},
		{"upstreams twice", nil, map[string]string{"GODWIT_UPSTREAMS": "a.example imaps://h; a.example imaps://h"}, []string{"twice"}},
		{"proxies", nil, map[string]string{"GODWIT_TRUSTED_PROXIES": "10.0.0.0/40"}, []string{"GODWIT_TRUSTED_PROXIES", "10.0.0.0/40"}},
		{"base path", nil, map[string]string{"GODWIT_BASE_PATH": "mail"}, []string{"GODWIT_BASE_PATH", "/mail"}},
		{"origin", nil, map[string]string{"GODWIT_ORIGIN": "https://mail.example.org/x"}, []string{"GODWIT_ORIGIN"}},
		{"certificate without key", nil, map[string]string{"GODWIT_TLS_CERT": writeFile(t, "c.pem", "x")}, []string{"GODWIT_TLS_CERT", "GODWIT_TLS_KEY"}},
		{"connections", []string{"--connections", "0"}, nil, []string{"GODWIT_CONNECTIONS", "1 to 20"}},
		{"secret file", nil, map[string]string{"GODWIT_SECRET_FILE": "/no/such/secret"}, []string{"GODWIT_SECRET", "GODWIT_SECRET_FILE"}},
	} {
		_, err := load(t, tt.args, tt.env)
		if err == nil {
			t.Errorf("%s: no error, want one with %q", tt.name, tt.want)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q, want %q in it", tt.name, err, want)
			}
		}
	}
}

func TestWrongCommandAndSettingExitWith2(t *testing.T) {
	for _, args := range [][]string{{"sreve"}, {"serve", "--listen", "nowhere"}, {"serve", "--no-such-flag"}, {"serve"}} {
		var stderr strings.Builder
		code := run(t.Context(), args, func(string) string { return "" }, strings.NewReader(""), io.Discard, &stderr)
		if code != exitUsage {
			t.Errorf("run(%q) = %d (%s), want %d", args, code, stderr.String(), exitUsage)
		}
	}
}

func TestHelpListsEverySetting(t *testing.T) {
	var stdout strings.Builder
	if code := run(t.Context(), []string{"help"}, func(string) string { return "" }, strings.NewReader(""), &stdout, io.Discard); code != exitOK {
		t.Fatalf("help exits with %d, want 0", code)
	}
	for _, s := range settings {
		if !strings.Contains(stdout.String(), s.env()) || !strings.Contains(stdout.String(), "--"+s.flag()) {
			t.Errorf("help does not tell of %s", s.env())
		}
	}
}
