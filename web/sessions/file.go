package sessions

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// fileName is the database inside the data directory.
const fileName = "sessions.db"

// lockWait is how long OpenFile waits for another process to let go of the data directory: a
// restart may overlap with the drain of the process before it.
const lockWait = 10 * time.Second

var (
	entryBucket = []byte("entries") // ID -> entry
	ownerBucket = []byte("owners")  // Owner + ID -> nothing
)

// File is a Backend in one bbolt database, which survives restarts.
type File struct{ db *bbolt.DB }

// ErrInUse says that another process holds a data directory.
var ErrInUse = errors.New("another process uses it")

// OpenFile opens or makes the database in dir, which is made when missing (0700). It fails with ErrInUse
// when another process holds it and does not let go of it within lockWait.
func OpenFile(dir string) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	path := filepath.Join(dir, fileName)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("session store %s: %w", path, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("session store %s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{entryBucket, ownerBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("session store %s: %w", path, err)
	}
	return &File{db: db}, nil
}

func (f *File) Get(_ context.Context, id ID) (Entry, error) {
	var e Entry
	err := f.db.View(func(tx *bbolt.Tx) (err error) {
		e, err = load(tx, id)
		return err
	})
	return e, err
}

func (f *File) Put(_ context.Context, e Entry, old ID) error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		if old != (ID{}) {
			if err := remove(tx, old); err != nil {
				return err
			}
		}
		return save(tx, e)
	})
}

func (f *File) Replace(_ context.Context, id ID, record []byte) error {
	return f.change(id, func(e *Entry) { e.Record = record })
}

func (f *File) Touch(_ context.Context, id ID, seen time.Time) error {
	return f.change(id, func(e *Entry) { e.Seen = seen })
}

// change runs in a Batch: touches of many sessions share one write to the disk.
func (f *File) change(id ID, edit func(*Entry)) error {
	return f.db.Batch(func(tx *bbolt.Tx) error {
		e, err := load(tx, id)
		if err != nil {
			return err
		}
		edit(&e)
		return save(tx, e)
	})
}

func (f *File) Delete(_ context.Context, id ID) error {
	return f.db.Update(func(tx *bbolt.Tx) error { return remove(tx, id) })
}

func (f *File) List(_ context.Context, owner Owner) ([]Entry, error) {
	var list []Entry
	err := f.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(ownerBucket).Cursor()
		for k, _ := c.Seek(owner[:]); bytes.HasPrefix(k, owner[:]); k, _ = c.Next() {
			e, err := load(tx, ID(k[len(owner):]))
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

func (f *File) Sweep(_ context.Context, created, seen time.Time) (int, error) {
	var dead []ID
	err := f.db.Update(func(tx *bbolt.Tx) error {
		dead = nil
		err := tx.Bucket(entryBucket).ForEach(func(k, v []byte) error {
			e, err := decode(ID(k), v)
			// An entry that can't be read serves nobody.
			if err != nil || e.Created.Before(created) || e.Seen.Before(seen) {
				dead = append(dead, ID(k))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, id := range dead {
			if err := remove(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return len(dead), err
}

// Ready fails once the database was closed.
func (f *File) Ready(context.Context) error {
	return f.db.View(func(*bbolt.Tx) error { return nil })
}

func (f *File) Close() error { return f.db.Close() }

func load(tx *bbolt.Tx, id ID) (Entry, error) {
	v := tx.Bucket(entryBucket).Get(id[:])
	if v == nil {
		return Entry{}, ErrNoEntry
	}
	return decode(id, v)
}

func save(tx *bbolt.Tx, e Entry) error {
	if err := tx.Bucket(entryBucket).Put(e.ID[:], encode(e)); err != nil {
		return err
	}
	return tx.Bucket(ownerBucket).Put(append(e.Owner[:], e.ID[:]...), nil)
}

func remove(tx *bbolt.Tx, id ID) error {
	v := tx.Bucket(entryBucket).Get(id[:])
	if v == nil {
		return nil
	}
	if len(v) >= len(Owner{}) {
		if err := tx.Bucket(ownerBucket).Delete(append(bytes.Clone(v[:len(Owner{})]), id[:]...)); err != nil {
			return err
		}
	}
	return tx.Bucket(entryBucket).Delete(id[:])
}

// encode writes owner, created, seen, length of the label, label, record.
func encode(e Entry) []byte {
	b := append([]byte(nil), e.Owner[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Created.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seen.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Label)))
	b = append(b, e.Label...)
	return append(b, e.Record...)
}

// decode copies all it keeps: bbolt's values end with their transaction.
func decode(id ID, v []byte) (Entry, error) {
	e := Entry{ID: id}
	const fixed = len(Owner{}) + 8 + 8 + 4
	if len(v) < fixed {
		return Entry{}, fmt.Errorf("session record of %d octets: %w", len(v), ErrNoEntry)
	}
	copy(e.Owner[:], v)
	v = v[len(Owner{}):]
	e.Created = time.Unix(int64(binary.BigEndian.Uint64(v)), 0)
	e.Seen = time.Unix(int64(binary.BigEndian.Uint64(v[8:])), 0)
	label := binary.BigEndian.Uint32(v[16:])
	v = v[20:]
	if uint64(label) > uint64(len(v)) {
		return Entry{}, fmt.Errorf("session record with a label of %d octets: %w", label, ErrNoEntry)
	}
	e.Label = bytes.Clone(v[:label])
	e.Record = bytes.Clone(v[label:])
	return e, nil
}
