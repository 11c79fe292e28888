package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// newLogger logs to w as the configuration says.
func newLogger(c *Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// openTrace gives the function that writes the redacted protocol dialogue to the
// file GODWIT_TRACE names, nil when it names none, and what closes the file.
func openTrace(config *Config) (trace func(user, line string), closeFile func() error, err error) {
	if config.Trace == "" {
		return nil, func() error { return nil }, nil
	}
	file, err := os.OpenFile(config.Trace, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, config.wrong("TRACE", err)
	}
	var mu sync.Mutex
	return func(user, line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(file, "%s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), user, line)
	}, file.Close, nil
}
