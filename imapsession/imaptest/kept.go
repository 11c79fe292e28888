package imaptest

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Kept is a Dovecot of its own over mail that outlives the test, for benchmarks: reached directly, without the ports
// that Server puts before it, and without quotas, which cost a look at every mailbox.
type Kept struct {
	Address string // IMAP; a login without TLS is accepted
	PID     int    // Dovecot's first process; the others are its children
}

// DovecotOver starts a Dovecot whose users' mail is below dir, which is made when missing. It ends with the test binary.
func DovecotOver(t testing.TB, dir string) Kept {
	t.Helper()
	path, err := dovecotPath()
	if errors.Is(err, errNoDovecot) {
		Missing(t, "dovecot", err)
	}
	d, err := retryDovecot(path, dovecot{Mail: dir})
	if err != nil {
		t.Fatalf("dovecot over %s: %v", dir, err)
	}
	pid, err := os.ReadFile(filepath.Join(d.Dir, "run", "master.pid"))
	if err != nil {
		t.Fatalf("dovecot over %s: %v", dir, err)
	}
	k := Kept{Address: d.at("127.0.0.1", d.Port)}
	if k.PID, err = strconv.Atoi(strings.TrimSpace(string(pid))); err != nil {
		t.Fatalf("dovecot over %s: its pid: %v", dir, err)
	}
	return k
}
