package main

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// rootsConfig trusts the authorities of a PEM.
func rootsConfig(t testing.TB, pem []byte) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the PEM")
	}
	return &tls.Config{RootCAs: roots}
}
