// Package demo is the mail world of "godwit demo": an IMAP and a submission server on loopback ports, and the mail
// of Mara Lindqvist, who organises the count of birds on a stretch of coast.
//
// The mail is written in mail/*.txt, in a form for people (script.go tells it); build.go makes real
// MIME of it; what is attached is drawn, computed and packed when the demo starts (picture.go, pdf.go, sound.go, ...). All dates are
// relative to the start, so that there is always mail of today and yesterday. People, firms
// and places are invented.
package demo
