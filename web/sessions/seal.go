package sessions

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// ticket is what the cookie holds.
type ticket struct {
	sid [32]byte // names the record
	key [32]byte // K: opens it
}

func newTicket() ticket {
	var t ticket
	rand.Read(t.sid[:])
	rand.Read(t.key[:])
	return t
}

// id is where the ticket's record is stored.
func (t ticket) id() ID { return sha256.Sum256(t.sid[:]) }

func (t ticket) cookie() string {
	return base64.RawURLEncoding.EncodeToString(append(t.sid[:], t.key[:]...))
}

func parseTicket(cookie string) (ticket, bool) {
	var t ticket
	if len(cookie) > 100 {
		return t, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	if err != nil || len(b) != len(t.sid)+len(t.key) {
		return t, false
	}
	copy(t.sid[:], b)
	copy(t.key[:], b[len(t.sid):])
	return t, true
}

var errSeal = errors.New("session record does not open")

// recordCipher is the cipher of one record: all three of cookie key, master key and session ID go into its key.
func recordCipher(master MasterKey, t ticket) cipher.AEAD {
	return derive(t.key[:], master[:], "godwit session record v1"+string(t.sid[:]))
}

// labelCipher seals what the list of sessions shows; it needs the master key alone.
func labelCipher(master MasterKey) cipher.AEAD {
	return derive(master[:], nil, "godwit session label v1")
}

func derive(secret, salt []byte, info string) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, secret, salt, info, chacha20poly1305.KeySize)
	if err != nil {
		panic(err) // only for a length beyond HKDF's
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err) // only for a key of the wrong length
	}
	return aead
}

func seal(aead cipher.AEAD, plain, bind []byte) []byte {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, plain, bind)
}

func open(aead cipher.AEAD, sealed, bind []byte) ([]byte, error) {
	if len(sealed) < aead.NonceSize() {
		return nil, errSeal
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], bind)
	if err != nil {
		return nil, errSeal
	}
	return plain, nil
}

// bind is the associated data of an entry's seals: its place, owner and birth.
func (e *Entry) bind() []byte {
	b := append([]byte("v1"), e.ID[:]...)
	b = append(b, e.Owner[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(e.Created.Unix()))
}

// ownerOf hashes an account's name so that a store's reader can't tell, or try, who it is. Letter case makes no owner of its own: "sign out everywhere" must reach those
// who signed in as Ada@Example.org.
func ownerOf(master MasterKey, a Account) Owner {
	mac := hmac.New(sha256.New, deriveKey(master, "godwit session owner v1"))
	mac.Write([]byte(a.Server))
	mac.Write([]byte{0})
	mac.Write([]byte(strings.ToLower(a.User)))
	return Owner(mac.Sum(nil))
}

func deriveKey(master MasterKey, info string) []byte {
	key, err := hkdf.Key(sha256.New, master[:], nil, info, sha256.Size)
	if err != nil {
		panic(err) // only for a length beyond HKDF's
	}
	return key
}
