// Package rfc822 reads messages as they are found rather than as they should be.
package rfc822

import "time"

// Field is one header field, the name as sent, the value unfolded but not decoded.
type Field struct{ Name, Value string }

// Header is a message's header fields in order.
type Header []Field

// Address is a mailbox of an address list. Name is decoded, may be empty; Addr may be malformed but never holds control characters.
// A group is given as its members; an empty group as one Address with Group set and no Addr.
type Address struct {
	Name  string
	Addr  string
	Group string
}

func ParseHeader(b []byte) (h Header, body int)  { panic("rfc822") } // body: offset of the first octet after the empty line
func (h Header) Get(name string) string          { panic("rfc822") } // raw first value, "" if absent
func (h Header) All(name string) []string        { panic("rfc822") }
func (h Header) Text(name string) string         { panic("rfc822") } // RFC 2047 decoded, one line, controls and bidi overrides removed
func (h Header) Addresses(name string) []Address { panic("rfc822") } // of all fields of that name
func (h Header) Date() (t time.Time, ok bool)    { panic("rfc822") } // tolerant
func (h Header) MessageIDs(name string) []string { panic("rfc822") } // without <>
