package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"godwit/imapsession"
)

// runServe serves the configured mail servers until ctx ends.
func runServe(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	config, rest, err := loadConfig("serve", args, getenv, stderr, nil)
	if err != nil {
		return asUsage(err)
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
	return serve(ctx, config, nil, newLogger(config, stderr), func(url string) {
		fmt.Fprintf(stdout, "godwit serves %s\n", url)
	})
}

// asUsage marks a configuration error, but leaves a request for help alone.
func asUsage(err error) error {
	return usageError{err}
}

// addRoots puts the certificate authorities of CAFile into every configured server.
func addRoots(c *Config) error {
	if c.CAFile == "" {
		return nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return usageError{fmt.Errorf("GODWIT_CA_FILE: %w", err)}
	}
	c.IMAP.RootsPEM, c.Submission.RootsPEM = pem, pem
	for domain, up := range c.Upstreams {
		up.IMAP.RootsPEM, up.Submission.RootsPEM = pem, pem
		c.Upstreams[domain] = up
	}
	return nil
}

// upstreamOf gives the mail server of a user by the domain of the name.
func (c *Config) upstreamOf(user string) (imapsession.Server, error) {
	_, domain, _ := strings.Cut(user, "@")
	if up, ok := c.Upstreams[strings.ToLower(domain)]; ok {
		return up.IMAP, nil
	}
	if c.IMAP.Host == "" {
		return imapsession.Server{}, fmt.Errorf("no mail server for the domain %q: %w", domain, imapsession.ErrAuth)
	}
	return c.IMAP, nil
}
