package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"godwit/imapsession"
	"godwit/web"
	"godwit/web/sessions"
	"godwit/web/urls"
)

// runServe serves the configured mail servers until ctx ends.
func runServe(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	config, err := loadUpstreams("serve", args, getenv, stderr, nil)
	if err != nil {
		return err
	}
	return serve(ctx, config, nil, newLogger(config, stderr), func(url string) {
		fmt.Fprintf(stdout, "godwit serves %s at %s\n", config.upstreamNames(), url)
	})
}

// loadUpstreams is loadConfig for a command that needs a mail server and takes nothing but flags.
func loadUpstreams(name string, args []string, getenv func(string) string, stderr io.Writer, more func(*flag.FlagSet)) (*Config, error) {
	config, rest, err := loadConfig(name, args, getenv, stderr, more)
	if err != nil {
		return nil, usageError{err}
	}
	if len(rest) > 0 {
		return nil, usageError{fmt.Errorf("%q is not expected; settings are flags", rest[0])}
	}
	if config.IMAP.Host == "" && len(config.Upstreams) == 0 {
		return nil, usageError{errors.New("no mail server is set; expected GODWIT_IMAP=imaps://host, or GODWIT_UPSTREAMS")}
	}
	return config, config.addRoots()
}

// addRoots puts the certificate authorities of CAFile into every configured server.
func (c *Config) addRoots() error {
	if c.CAFile == "" {
		return nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s holds no certificate", c.CAFile)
	}
	if err != nil {
		return c.wrong("CA_FILE", err)
	}
	c.IMAP.RootsPEM, c.Submission.RootsPEM = pem, pem
	for domain, up := range c.Upstreams {
		up.IMAP.RootsPEM, up.Submission.RootsPEM = pem, pem
		c.Upstreams[domain] = up
	}
	return nil
}

// gcPercent is how much the heap may grow between two collections. The heap is small and mostly what sessions keep, so that collecting
// more often than by default (100) costs little: with 50 people at once 1 % of the CPU, for a seventh of the memory.
const gcPercent = 60

// upstreamNames lists the mail servers for a person.
func (c *Config) upstreamNames() string {
	var names []string
	if c.IMAP.Host != "" {
		names = append(names, c.IMAP.Address())
	}
	for _, domain := range slices.Sorted(maps.Keys(c.Upstreams)) {
		names = append(names, c.Upstreams[domain].IMAP.Address()+" for "+domain)
	}
	return strings.Join(names, ", ")
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

// logoutWait limits what is done after requests were drained: signing out from the mail servers.
const logoutWait = 3 * time.Second

// serve builds everything from the configuration, serves until ctx ends, then takes it down in reverse: no new requests,
// those under way get Drain to finish, the mail servers are told LOGOUT. ready is called with the address people use.
func serve(ctx context.Context, config *Config, demo *web.Demo, log *slog.Logger, ready func(url string)) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	trace, closeTrace, err := openTrace(config)
	if err != nil {
		return err
	}
	defer closeTrace()
	listener, scheme, err := listen(config)
	if err != nil {
		return err
	}
	defer listener.Close()
	store, closeStore, err := openSessions(config)
	if err != nil {
		return err
	}
	defer closeStore()

	app, err := web.New(web.Options{
		MailServer:     config.upstreamOf,
		ServerName:     config.IMAP.Host,
		Plain:          config.IMAP.Host != "" && demo == nil, // with Upstreams alone, the domain says where the mail is
		Sessions:       store,
		Mail:           &imapsession.Options{MaxConns: config.Connections, Log: log, Trace: trace},
		Base:           urls.Base(config.BasePath),
		Origin:         config.Origin,
		TrustedProxies: config.TrustedProxies,
		Demo:           demo,
		Log:            log,
	})
	if err != nil {
		return err
	}

	server := &http.Server{
		Handler:           app.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// No WriteTimeout: parts stream for as long as the browser takes; each write has a deadline of its own in web.
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	ready(address(config, scheme, listener.Addr()))

	select {
	case err = <-served:
	case <-ctx.Done():
		log.Info("stopping", "drain", config.Drain.String())
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), config.Drain)
	defer cancel()
	if shutdownErr := server.Shutdown(drain); shutdownErr != nil {
		log.Warn("requests were cut after the drain time", "err", shutdownErr)
		server.Close()
	}
	logout, cancelLogout := context.WithTimeout(context.WithoutCancel(ctx), logoutWait)
	defer cancelLogout()
	if closeErr := app.Close(logout); closeErr != nil {
		log.Warn("closing", "err", closeErr)
	}
	log.Info("stopped")
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// listen opens the socket, with TLS when a certificate is configured.
func listen(config *Config) (net.Listener, string, error) {
	var secured *tls.Config
	if config.TLSCert != "" {
		certificate := &certificate{certFile: config.TLSCert, keyFile: config.TLSKey}
		if err := certificate.load(); err != nil {
			return nil, "", config.wrong("TLS_CERT", fmt.Errorf("%w (with GODWIT_TLS_KEY %s)", err, config.TLSKey))
		}
		secured = &tls.Config{GetCertificate: certificate.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}
	listener, err := net.Listen("tcp", config.Listen)
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("GODWIT_LISTEN (from %s): %w", config.places["LISTEN"], err)
	case secured != nil:
		return tls.NewListener(listener, secured), "https", nil
	}
	return listener, "http", nil
}

// address is what a person types: the configured origin, else where the socket is.
func address(config *Config, scheme string, at net.Addr) string {
	origin := config.Origin
	if origin == "" {
		host, port, _ := net.SplitHostPort(at.String())
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			host = "localhost"
		}
		origin = scheme + "://" + net.JoinHostPort(host, port)
	}
	return origin + config.BasePath + "/"
}

// openSessions opens the store of signed-in sessions: in DataDir, or in memory when that is "".
func openSessions(config *Config) (*sessions.Store, func() error, error) {
	options := sessions.Options{Idle: config.SessionIdle, Absolute: config.SessionMax, Path: config.BasePath + "/"}
	closeStore := func() error { return nil }
	if config.DataDir == "" {
		options.Backend = sessions.NewMemory()
	} else {
		file, err := sessions.OpenFile(config.DataDir)
		switch {
		case errors.Is(err, sessions.ErrInUse):
			return nil, nil, fmt.Errorf("GODWIT_DATA_DIR (from %s): %w; each godwit needs a folder of its own", config.places["DATA_DIR"], err)
		case err != nil:
			return nil, nil, config.wrong("DATA_DIR", err)
		}
		options.Backend, closeStore = file, file.Close
	}
	key, err := masterKey(config)
	if err != nil {
		closeStore()
		return nil, nil, err
	}
	options.Master = key
	return sessions.New(options), closeStore, nil
}

// masterKey is the configured one, else the one kept in DataDir, else a new one.
func masterKey(config *Config) (sessions.MasterKey, error) {
	switch {
	case config.Secret != "":
		return sessions.ParseMasterKey(config.Secret)
	case config.DataDir != "":
		key, err := sessions.LoadMasterKey(config.DataDir)
		if err != nil {
			return key, config.wrong("DATA_DIR", err)
		}
		return key, nil
	}
	return sessions.NewMasterKey(), nil
}
