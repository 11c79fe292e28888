package imageproxy

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	maxURL   = 2 << 10        // bytes of an address: longer ones are no images of a newsletter
	tokenAge = 12 * time.Hour // how long a token works at least; twice that at most
)

// ErrToken says that a token is not one of ours for this session, or no longer.
var ErrToken = errors.New("image token")

// Signer makes and reads tokens. It is safe for concurrent use.
type Signer struct {
	aead cipher.AEAD
	mac  []byte
	now  func() time.Time
}

// NewSigner derives its keys from secret, which is the server's and at least 16 bytes long. now is the clock.
func NewSigner(secret []byte, now func() time.Time) (*Signer, error) {
	if len(secret) < 16 {
		return nil, fmt.Errorf("image token secret of %d bytes, want at least 16", len(secret))
	}
	derive := func(purpose string) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write([]byte("godwit image token " + purpose))
		return h.Sum(nil)
	}
	aead, err := chacha20poly1305.NewX(derive("seal"))
	if err != nil {
		return nil, fmt.Errorf("image token: %w", err)
	}
	return &Signer{aead: aead, mac: derive("nonce"), now: now}, nil
}

// Sign gives the token of a remote address for a session. ok is false when the address is too long or could never be fetched.
func (s *Signer) Sign(session, address string) (token string, ok bool) {
	if _, err := parseURL(address); err != nil {
		return "", false
	}
	// Whole steps of tokenAge: a mail that is opened again has the same tokens.
	expiry := s.now().Truncate(tokenAge).Add(2 * tokenAge).Unix()
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(address)), uint64(expiry))
	plain = append(plain, address...)
	// The nonce depends on all that is sealed, so it never stands for two texts.
	h := hmac.New(sha256.New, s.mac)
	fmt.Fprintf(h, "%d:%s", len(session), session)
	h.Write(plain)
	nonce := h.Sum(nil)[:s.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(session))), true
}

// Open gives the address that a token of this session stands for. Errors are ErrToken.
func (s *Signer) Open(session, token string) (address string, err error) {
	if len(token) > 2*maxURL {
		return "", fmt.Errorf("%w: %d bytes", ErrToken, len(token))
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < s.aead.NonceSize() {
		return "", fmt.Errorf("%w: not one", ErrToken)
	}
	plain, err := s.aead.Open(nil, b[:s.aead.NonceSize()], b[s.aead.NonceSize():], []byte(session))
	if err != nil || len(plain) < 8 {
		return "", fmt.Errorf("%w: not of this session", ErrToken)
	}
	if expiry := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0); !s.now().Before(expiry) {
		return "", fmt.Errorf("%w: expired", ErrToken)
	}
	return string(plain[8:]), nil
}
