package main

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// certificateAge is how long a certificate is used before its file is looked at again.
const certificateAge = time.Minute

// certificate is the server's own, read again when its file has changed: certificates are
// renewed every few weeks, and that should sign nobody out.
type certificate struct {
	certFile, keyFile string

	mu      sync.Mutex
	pair    *tls.Certificate
	changed time.Time // modification of certFile when pair was read
	looked  time.Time
}

func (c *certificate) load() error {
	info, err := os.Stat(c.certFile)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.pair, c.changed, c.looked = &pair, info.ModTime(), time.Now()
	return nil
}

// get is tls.Config's GetCertificate. While the files are being replaced the old pair serves on.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) > certificateAge {
		c.looked = now
		if info, err := os.Stat(c.certFile); err == nil && !info.ModTime().Equal(c.changed) {
			_ = c.load() // the key may not be there yet; the next look will find both
		}
	}
	return c.pair, nil
}
