// Package sessions keeps who is signed in: a gorilla/sessions Store of our own.
//
// The cookie holds two random values, a session ID and a key K. The record (accounts with
// their secrets) lies in a Backend under SHA-256(ID), sealed with XChaCha20-Poly1305 under
// HKDF(K, salt: the server's master key, info: the ID). So neither the stored records, nor a
// cookie, nor the master key alone gives a password, and deleting a record revokes it for good.
// The seal is bound (AAD) to the place it is stored under, its owner and the time it was made,
// so that no record can be passed off as another, or as younger. The cookie needs no signature:
// a made-up one opens nothing.
//
// What a person is shown of the sessions they have elsewhere (since when, which browser) can't
// be sealed with those sessions' keys. It is sealed with a key made from the master key alone,
// and holds no secret. The owner is stored as a keyed hash, so that the store doesn't tell who has
// signed in.
//
// A record ends when it was not used for Options.Idle, and in any case after Options.Absolute.
// The moment of last use is written at most every few minutes: a request need not cost a disk write.
//
// Two Backends: Memory, and File on bbolt. bbolt rather than a file per record, since the
// record and the index by owner ("sign out everywhere") must change together, and one
// transaction does that; its lock also keeps a second process away from the data directory.
// Backends know nothing of keys; another one has to pass the tests of backend_test.go.
package sessions
