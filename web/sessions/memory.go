package sessions

import (
	"bytes"
	"context"
	"sync"
	"time"
)

// Memory is a Backend that a restart empties.
type Memory struct {
	mu      sync.Mutex
	entries map[ID]Entry
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{entries: map[ID]Entry{}} }

func (m *Memory) Get(_ context.Context, id ID) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[id]
	if !ok {
		return Entry{}, ErrNoEntry
	}
	return e.clone(), nil
}

func (m *Memory) Put(_ context.Context, e Entry, old ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, old)
	m.entries[e.ID] = e.clone()
	return nil
}

func (m *Memory) Replace(_ context.Context, id ID, record []byte) error {
	return m.change(id, func(e *Entry) { e.Record = bytes.Clone(record) })
}

func (m *Memory) Touch(_ context.Context, id ID, seen time.Time) error {
	return m.change(id, func(e *Entry) { e.Seen = seen })
}

func (m *Memory) change(id ID, f func(*Entry)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[id]
	if !ok {
		return ErrNoEntry
	}
	f(&e)
	m.entries[id] = e
	return nil
}

func (m *Memory) Delete(_ context.Context, id ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, id)
	return nil
}

func (m *Memory) List(_ context.Context, owner Owner) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Entry
	for _, e := range m.entries {
		if e.Owner == owner {
			list = append(list, e.clone())
		}
	}
	return list, nil
}

func (m *Memory) Sweep(_ context.Context, created, seen time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for id, e := range m.entries {
		if e.Created.Before(created) || e.Seen.Before(seen) {
			delete(m.entries, id)
			n++
		}
	}
	return n, nil
}

func (m *Memory) Ready(context.Context) error { return nil }

func (m *Memory) Close() error { return nil }

func (e Entry) clone() Entry {
	e.Label, e.Record = bytes.Clone(e.Label), bytes.Clone(e.Record)
	return e
}
