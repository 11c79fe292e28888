// Package rfc822 reads messages as they are found rather than as they should be.
//
// It knows header fields (RFC 5322), encoded words and parameters (RFC 2047, RFC 2231), transfer encodings and the MIME tree (RFC 2045, RFC
// 2046), character sets, uuencoded files and the preview line. Nothing here fails on odd input: a broken field yields what can be read of it, an
// unknown charset is guessed, a cut base64 stream gives the bytes that arrived. All of it runs in linear time and within stated limits, holds no
// goroutine and does no input or output but through the readers it is given. Values are safe for concurrent reading.
//
// Whatever leaves as text for people (Header.Text, Address.Name, Filename, PreviewText) is valid UTF-8 on one line without control characters,
// bidirectional overrides and invisible characters, so that a sender can't make a name, an address or an extension look like another.
package rfc822
