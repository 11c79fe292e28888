package sessions

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MasterKey is the server's part of every key. It does not print.
type MasterKey [32]byte

func (MasterKey) String() string   { return "[master key]" }
func (MasterKey) GoString() string { return "[master key]" }

// keyName is the generated key's file inside the data directory.
const keyName = "session.key"

// NewMasterKey makes a random key.
func NewMasterKey() MasterKey {
	var k MasterKey
	rand.Read(k[:]) // never fails, see crypto/rand
	return k
}

// ParseMasterKey reads 32 octets in base64 (either alphabet, padded or not) or as 64 hexadecimal digits, with or without white space around them. The error doesn't repeat
// what was given.
func ParseMasterKey(s string) (MasterKey, error) {
	s = strings.TrimSpace(s)
	if b, err := hex.DecodeString(s); err == nil && len(b) == len(MasterKey{}) {
		return MasterKey(b), nil
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawStdEncoding.Strict().DecodeString(plain)
	if err != nil || len(b) != len(MasterKey{}) {
		return MasterKey{}, errors.New("a key is 32 octets in base64")
	}
	return MasterKey(b), nil
}

// LoadMasterKey reads the key kept in dir, or makes one there that only the owner can read. Whoever has it and
// the store still needs a cookie for each record; without it no record opens again.
func LoadMasterKey(dir string) (MasterKey, error) {
	path := filepath.Join(dir, keyName)
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		key, err := ParseMasterKey(string(b))
		if err != nil {
			return MasterKey{}, fmt.Errorf("%s: %w", path, err)
		}
		return key, nil
	case !errors.Is(err, fs.ErrNotExist):
		return MasterKey{}, fmt.Errorf("master key: %w", err)
	}
	return makeMasterKey(dir, path)
}

// makeMasterKey writes the key aside and links it into place, so that of two processes that start at
// once both end with the same whole key.
func makeMasterKey(dir, path string) (MasterKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return MasterKey{}, fmt.Errorf("data directory: %w", err)
	}
	key := NewMasterKey()
	f, err := os.CreateTemp(dir, keyName+".*") // CreateTemp makes it 0600
	if err != nil {
		return MasterKey{}, fmt.Errorf("master key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return LoadMasterKey(dir)
	}
	if err != nil {
		return MasterKey{}, fmt.Errorf("master key: %w", err)
	}
	return key, nil
}
