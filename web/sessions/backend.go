package sessions

import (
	"context"
	"errors"
	"time"
)

// ID names a stored record: SHA-256 of the session ID that the cookie holds.
type ID [32]byte

// Owner groups the records of one account: a keyed hash.
type Owner [32]byte

// Entry is a record as a Backend keeps it.
type Entry struct {
	ID      ID
	Owner   Owner
	Created time.Time // whole seconds
	Seen    time.Time // last use, whole seconds
	Label   []byte    // sealed: what is shown in the list of sessions
	Record  []byte    // sealed: the accounts
}

// ErrNoEntry says that a Backend holds no entry under an ID.
var ErrNoEntry = errors.New("no such session record")

// Backend stores entries. Its methods may be called at the same time, and what one returns is the
// caller's to keep. Only Get, Replace and Touch mind a missing entry: ErrNoEntry.
type Backend interface {
	Get(ctx context.Context, id ID) (Entry, error)
	// Put adds an entry, and removes the one under old in the same step when old is not zero.
	Put(ctx context.Context, e Entry, old ID) error
	// Replace changes the sealed record of an entry that is still there.
	Replace(ctx context.Context, id ID, record []byte) error
	// Touch moves Seen of an entry that is still there.
	Touch(ctx context.Context, id ID, seen time.Time) error
	Delete(ctx context.Context, id ID) error
	// List gives the owner's entries, in no order.
	List(ctx context.Context, owner Owner) ([]Entry, error)
	// Sweep deletes the entries made before created or last seen before seen, and says how many.
	Sweep(ctx context.Context, created, seen time.Time) (int, error)
	// Ready tells why the backend can't serve now.
	Ready(ctx context.Context) error
	Close() error
}
