package main

import (
	"context"
	"fmt"
	"io"

	"godwit/cmd/godwit/demo"
	"godwit/imapsession"
	"godwit/web"
)

// runDemo starts mail servers with sample mail in this process, and serves them as any other server.
func runDemo(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	config, rest, err := loadConfig("demo", args, getenv, stderr, nil)
	if err != nil {
		return usageError{err}
	}
	if len(rest) > 0 {
		return usageError{fmt.Errorf("%q is not expected; settings are flags", rest[0])}
	}
	// They outlive ctx: requests under way are to finish, and the sessions to be signed out.
	servers, err := demo.Start(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("sample servers: %w", err)
	}
	defer servers.Close()

	// Whatever is configured for a real server must not reach the demo, nor the demo a real one.
	config.Upstreams, config.DataDir, config.Secret = nil, "", ""
	if config.IMAP, err = imapsession.ParseServer("imaps://"+servers.IMAP, false); err != nil {
		return err
	}
	if config.Submission, err = imapsession.ParseServer("smtp://"+servers.Submission, false); err != nil {
		return err
	}
	config.IMAP.RootsPEM, config.Submission.RootsPEM = servers.RootsPEM, servers.RootsPEM

	sample := &web.Demo{Username: demo.User, Password: demo.Password}
	return serve(ctx, config, sample, newLogger(config, stderr), func(url string) {
		fmt.Fprintf(stdout, "Godwit demo: %s  user %s  password %s  (Ctrl+C ends it)\n", url, demo.User, demo.Password)
	})
}
