package imapsession

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"godwit/imapsession/imaptest"
)

// asleep is a session that never connects.
func asleep() *Session {
	return Resume(nil, Account{Server: Server{Host: "127.0.0.1", Port: 1, Security: TLS}, User: "alice"})
}

// isClosed tells a closed session from one that merely has no server.
func isClosed(s *Session) bool {
	return errors.Is(s.with(context.Background(), lease{}, func(*conn) error { return nil }), errClosed)
}

func TestTable(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	table := NewTable(0)
	if _, ok := table.Get("k"); ok {
		t.Error("Get finds something in an empty Table")
	}
	first, second := asleep(), asleep()
	if got := table.Add("k", first); got != first {
		t.Error("Add does not return what it keeps")
	}
	if got := table.Add("k", second); got != first || !isClosed(second) || isClosed(first) {
		t.Error("of two that raced the second is not the closed one")
	}
	if got := table.Add("k", first); got != first || isClosed(first) {
		t.Error("Add twice closes the session")
	}
	if got, ok := table.Get("k"); !ok || got != first || table.Len() != 1 {
		t.Errorf("Get = %p, %v, Len = %d, want %p, true, 1", got, ok, table.Len(), first)
	}
	table.Remove(t.Context(), "k")
	table.Remove(t.Context(), "k")
	if _, ok := table.Get("k"); ok || !isClosed(first) {
		t.Error("Remove leaves the session in or open")
	}
	last := table.Add("l", asleep())
	table.CloseAll(t.Context())
	table.CloseAll(t.Context())
	if !isClosed(last) || table.Len() != 0 {
		t.Error("CloseAll leaves a session")
	}
	if late := asleep(); table.Add("m", late) != late || !isClosed(late) || table.Len() != 0 {
		t.Error("Add after CloseAll leaves a session open")
	}
}

func TestTableExpires(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	table := NewTable(80 * time.Millisecond)
	defer table.CloseAll(t.Context())
	touched, working, idle := asleep(), asleep(), asleep()
	table.Add("touched", touched)
	table.Add("working", working)
	table.Add("idle", idle)
	for began := time.Now(); time.Since(began) < 250*time.Millisecond; time.Sleep(10 * time.Millisecond) {
		table.Get("touched")
		working.touch() // as a download does, chunk by chunk
	}
	if _, ok := table.Get("idle"); ok || !isClosed(idle) {
		t.Error("the idle one is still there")
	}
	for key, s := range map[string]*Session{"touched": touched, "working": working} {
		if _, ok := table.Get(key); !ok || isClosed(s) {
			t.Errorf("the %s one is gone", key)
		}
	}
}

func TestTableIsSafeForMany(t *testing.T) {
	srv := imaptest.Memory(t)
	user := srv.User(t)
	table := NewTable(10 * time.Millisecond)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				key := fmt.Sprint((i + j) % 3)
				s, ok := table.Get(key)
				if !ok {
					s = table.Add(key, Resume(nil, Account{Server: plainly(srv), User: user, Secret: imaptest.Password}))
				}
				err := s.with(t.Context(), lease{mailbox: "INBOX"}, func(*conn) error { return nil })
				if err != nil && !errors.Is(err, errClosed) {
					t.Error(err)
				}
				if j%7 == 0 {
					table.Remove(t.Context(), key)
				}
			}
		})
	}
	all.Wait()
	table.CloseAll(t.Context())
	for deadline := time.Now().Add(3 * time.Second); srv.Connections() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", srv.Connections())
		}
	}
}
