package imapsession

import (
	"context"
	"sync"
	"time"
)

// Table keeps the live Sessions of a process by a key of the caller's, and closes those unused for a while.
// NewTable starts one goroutine, which CloseAll ends.
type Table struct {
	idle time.Duration
	stop chan struct{}
	done chan struct{}

	mu       sync.Mutex
	sessions map[string]*seat
	closed   bool
}

// seat is a Session in the Table.
type seat struct {
	session *Session
	touched time.Time // by Get or Add
}

// lastUse counts what the session did by itself too: a long download asks the Table only once.
func (s *seat) lastUse() time.Time {
	if used := s.session.lastUse(); used.After(s.touched) {
		return used
	}
	return s.touched
}

// maxGoodbye bounds how long closing one Session may take.
const maxGoodbye = 3 * time.Second

// NewTable returns an empty Table that closes Sessions unused for longer than idle; 0 is 30 minutes.
func NewTable(idle time.Duration) *Table {
	if idle <= 0 {
		idle = 30 * time.Minute
	}
	t := &Table{idle: idle, stop: make(chan struct{}), done: make(chan struct{}), sessions: make(map[string]*seat)}
	go t.expire()
	return t
}

// Get returns the Session at key and counts as a use of it.
func (t *Table) Get(key string) (*Session, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.sessions[key]
	if !ok {
		return nil, false
	}
	s.touched = time.Now()
	return s.session, true
}

// Add keeps s at key, unless two raced and another is there already: then s is closed. It returns
// the one that is kept. After CloseAll it closes s and returns it all the same.
func (t *Table) Add(key string, s *Session) *Session {
	t.mu.Lock()
	kept, taken := t.sessions[key]
	switch {
	case t.closed:
		kept = &seat{session: s}
	case taken:
		kept.touched = time.Now()
	default:
		t.sessions[key] = &seat{session: s, touched: time.Now()}
		t.mu.Unlock()
		return s
	}
	t.mu.Unlock()
	if t.isClosed() || kept.session != s {
		bye(context.Background(), s)
	}
	return kept.session
}

func (t *Table) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// Remove takes the Session at key out and closes it.
func (t *Table) Remove(ctx context.Context, key string) {
	t.mu.Lock()
	s, ok := t.sessions[key]
	delete(t.sessions, key)
	t.mu.Unlock()
	if ok {
		bye(ctx, s.session)
	}
}

// CloseAll closes all Sessions at once, waiting at most until ctx ends, and ends the Table.
func (t *Table) CloseAll(ctx context.Context) {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.stop)
	}
	all := t.sessions
	t.sessions = make(map[string]*seat)
	t.mu.Unlock()
	select {
	case <-t.done:
	case <-ctx.Done():
	}
	var goodbyes sync.WaitGroup
	for _, s := range all {
		goodbyes.Go(func() { bye(ctx, s.session) })
	}
	goodbyes.Wait()
}

// Len tells how many Sessions there are.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.sessions)
}

func (t *Table) expire() {
	defer close(t.done)
	ticker := time.NewTicker(max(t.idle/8, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-t.stop:
			return
		case now := <-ticker.C:
			t.sweep(now)
		}
	}
}

// sweep closes what nobody used. Under the lock it is only taken out, so that Get never waits.
func (t *Table) sweep(now time.Time) {
	var old []*Session
	t.mu.Lock()
	for key, s := range t.sessions {
		if now.Sub(s.lastUse()) > t.idle {
			old = append(old, s.session)
			delete(t.sessions, key)
		}
	}
	t.mu.Unlock()
	var goodbyes sync.WaitGroup
	for _, s := range old {
		goodbyes.Go(func() { bye(context.Background(), s) })
	}
	goodbyes.Wait()
}

func bye(ctx context.Context, s *Session) {
	ctx, cancel := context.WithTimeout(ctx, maxGoodbye)
	defer cancel()
	s.Close(ctx)
}
