package imaptest

import (
	"net"
	"sync"
	"testing"

	"godwit/imapsession/imaptest/memory"
	"godwit/imapsession/imaptest/selfsigned"
)

// memoryPair is made once: keys cost time, and no test minds sharing one.
var memoryPair = sync.OnceValues(func() (*selfsigned.Pair, error) { return selfsigned.New() })

// Memory returns a new in-memory server, which ends with the test.
func Memory(t testing.TB) *Server {
	t.Helper()
	pair, err := memoryPair()
	if err != nil {
		t.Fatalf("memory: %v", err)
	}
	m := memory.New(memory.Options{
		Password: func(_, password string) bool { return password == Password },
		TLS:      pair.TLS,
		Quota:    15 << 30,
	})
	t.Cleanup(m.Close)
	s := &Server{Name: "memory", Roots: pair.RootsPEM}
	submission, submissionTLS := s.openSink(t, pair)
	s.open(t, listen(t, m.ServePlain), listen(t, m.ServeTLS), listen(t, m.ServeStartTLS), submission, submissionTLS)
	return s
}

// listen serves a free loopback port and returns its address.
func listen(t testing.TB, serve func(net.Listener)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(l)
	return l.Addr().String()
}
