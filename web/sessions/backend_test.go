package sessions

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// backends are all that the conformance suite runs on.
var backends = map[string]func(t *testing.T) Backend{
	"memory": func(*testing.T) Backend { return NewMemory() },
	"file": func(t *testing.T) Backend {
		f, err := OpenFile(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	},
}

// eachBackend runs a fact about Backends on every one of them.
func eachBackend(t *testing.T, f func(t *testing.T, b Backend)) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

var day = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

func entry(id, owner byte) Entry {
	return Entry{ID: ID{id}, Owner: Owner{owner}, Created: day, Seen: day.Add(time.Hour), Label: []byte{id, 1}, Record: []byte{id, 2, 3}}
}

func mustPut(t *testing.T, b Backend, entries ...Entry) {
	t.Helper()
	for _, e := range entries {
		if err := b.Put(t.Context(), e, ID{}); err != nil {
			t.Fatal(err)
		}
	}
}

func same(a, b Entry) bool {
	return a.ID == b.ID && a.Owner == b.Owner && a.Created.Equal(b.Created) && a.Seen.Equal(b.Seen) &&
		bytes.Equal(a.Label, b.Label) && bytes.Equal(a.Record, b.Record)
}

func TestBackendReturnsWhatWasPut(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		want := entry(1, 1)
		mustPut(t, b, want)
		got, err := b.Get(t.Context(), want.ID)
		if err != nil || !same(got, want) {
			t.Errorf("Get = %+v, %v, want %+v", got, err, want)
		}
		got.Record[0] = 99
		if again, _ := b.Get(t.Context(), want.ID); !same(again, want) {
			t.Error("changing what Get returned changed what is stored")
		}
		if err := b.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v, want nil", err)
		}
	})
}

func TestBackendMissingEntry(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		ctx := t.Context()
		if _, err := b.Get(ctx, ID{9}); !errors.Is(err, ErrNoEntry) {
			t.Errorf("Get = %v, want ErrNoEntry", err)
		}
		if err := b.Touch(ctx, ID{9}, day); !errors.Is(err, ErrNoEntry) {
			t.Errorf("Touch = %v, want ErrNoEntry", err)
		}
		if err := b.Replace(ctx, ID{9}, nil); !errors.Is(err, ErrNoEntry) {
			t.Errorf("Replace = %v, want ErrNoEntry", err)
		}
		if err := b.Delete(ctx, ID{9}); err != nil {
			t.Errorf("Delete = %v, want nil", err)
		}
		if list, err := b.List(ctx, Owner{9}); err != nil || len(list) != 0 {
			t.Errorf("List = %v, %v, want none", list, err)
		}
	})
}

func TestBackendPutReplacesOld(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		mustPut(t, b, entry(1, 1))
		if err := b.Put(t.Context(), entry(2, 1), ID{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Get(t.Context(), ID{1}); !errors.Is(err, ErrNoEntry) {
			t.Errorf("the replaced entry: %v, want ErrNoEntry", err)
		}
		if list, _ := b.List(t.Context(), Owner{1}); len(list) != 1 || list[0].ID != (ID{2}) {
			t.Errorf("List = %v, want the new entry alone", list)
		}
	})
}

func TestBackendChanges(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		ctx := t.Context()
		want := entry(1, 1)
		mustPut(t, b, want, entry(2, 1))
		want.Seen, want.Record = day.Add(2*time.Hour), []byte("other")
		if err := b.Touch(ctx, want.ID, want.Seen); err != nil {
			t.Fatal(err)
		}
		if err := b.Replace(ctx, want.ID, want.Record); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Get(ctx, want.ID); err != nil || !same(got, want) {
			t.Errorf("Get = %+v, %v, want %+v", got, err, want)
		}
		if got, err := b.Get(ctx, ID{2}); err != nil || !same(got, entry(2, 1)) {
			t.Errorf("the other entry = %+v, %v, want it unchanged", got, err)
		}
	})
}

func TestBackendListsByOwner(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		ctx := t.Context()
		mustPut(t, b, entry(1, 1), entry(2, 1), entry(3, 2))
		if err := b.Delete(ctx, ID{2}); err != nil {
			t.Fatal(err)
		}
		for owner, want := range map[byte]byte{1: 1, 2: 3} {
			if list, err := b.List(ctx, Owner{owner}); err != nil || len(list) != 1 || !same(list[0], entry(want, owner)) {
				t.Errorf("List(%d) = %+v, %v, want entry %d", owner, list, err, want)
			}
		}
	})
}

func TestBackendSweep(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		old, unused, live := entry(1, 1), entry(2, 1), entry(3, 1)
		old.Created, unused.Seen = day.Add(-time.Second), day.Add(-time.Second)
		mustPut(t, b, old, unused, live)
		if n, err := b.Sweep(t.Context(), day, day); n != 2 || err != nil {
			t.Errorf("Sweep = %d, %v, want 2", n, err)
		}
		if list, _ := b.List(t.Context(), Owner{1}); len(list) != 1 || list[0].ID != live.ID {
			t.Errorf("left = %v, want the live one", list)
		}
	})
}

// A touch that comes after a sign-out must not bring the record back.
func TestBackendConcurrentUse(t *testing.T) {
	eachBackend(t, func(t *testing.T, b Backend) {
		ctx := t.Context()
		mustPut(t, b, entry(1, 1))
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for range 5 {
					if err := b.Touch(ctx, ID{1}, day); err != nil && !errors.Is(err, ErrNoEntry) {
						t.Errorf("Touch: %v", err)
					}
				}
			})
			wg.Go(func() {
				if i == 4 {
					if err := b.Delete(ctx, ID{1}); err != nil {
						t.Errorf("Delete: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if _, err := b.Get(ctx, ID{1}); !errors.Is(err, ErrNoEntry) {
			t.Errorf("Get after Delete = %v, want ErrNoEntry", err)
		}
	})
}

func TestFileSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, f, entry(1, 1))
	f.Close()
	if err := f.Ready(t.Context()); err == nil {
		t.Error("a closed store says it is ready")
	}
	f, err = OpenFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := f.Get(t.Context(), ID{1}); err != nil || !same(got, entry(1, 1)) {
		t.Errorf("after the restart: %+v, %v", got, err)
	}
	if info, _ := os.Stat(filepath.Join(dir, fileName)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s = %v, want 0600", fileName, info.Mode())
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(encode(entry(1, 1)))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 60))
	f.Fuzz(func(t *testing.T, v []byte) {
		e, err := decode(ID{1}, v)
		if err == nil && !bytes.Equal(encode(e), v) {
			t.Errorf("encode(decode(%x)) = %x", v, encode(e))
		}
	})
}
