package wire

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// benchServer answers every command with reply.
func benchServer(b *testing.B, laid bool, reply func(w *bufio.Writer)) *imapclient.Client {
	b.Helper()
	nc, peer := loopback(b)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer peer.Close()
		io.WriteString(peer, preauth)
		br, bw := bufio.NewReader(peer), bufio.NewWriterSize(peer, 1<<18)
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				return
			}
			tag, _, _ := strings.Cut(line, " ")
			reply(bw)
			fmt.Fprintf(bw, "%s OK done\r\n", tag)
			if bw.Flush() != nil {
				return
			}
		}
	}()
	if laid {
		nc = New(nc, Options{})
	}
	cl := imapclient.New(nc, nil)
	b.Cleanup(func() { nc.Close(); cl.Close(); <-done })
	if err := cl.WaitGreeting(); err != nil {
		b.Fatal(err)
	}
	return cl
}

func bothWays(b *testing.B, f func(b *testing.B, laid bool)) {
	b.Run("plain", func(b *testing.B) { f(b, false) })
	b.Run("wire", func(b *testing.B) { f(b, true) })
}

const benchHeader = "From: =?utf-8?q?J=C3=B6rg?= Muster <joerg.muster@news.example.org>\r\nTo: Alice <alice@mail.example.org>\r\nSubject: Re: what we said about the plans for the summer, and more\r\nDate: Wed, 17 Jul 2024 02:44:25 -0700\r\nMessage-ID: <20240717024425.12345@mail.example.org>\r\nReferences: <1@mail.example.org> <2@mail.example.org>\r\n\r\n"

// BenchmarkPage is a list page: the rows of FETCH as the session asks for them.
func BenchmarkPage(b *testing.B) {
	const rows = 50
	page := func(w *bufio.Writer) {
		for i := range rows {
			fmt.Fprintf(w, "* %d FETCH (UID %d FLAGS (\\Seen $Forwarded) INTERNALDATE \"17-Jul-2024 02:44:25 -0700\" RFC822.SIZE 51234 BODYSTRUCTURE ((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 1234 40 NIL NIL NIL NIL)(\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 12345 240 NIL NIL NIL NIL) \"alternative\" (\"boundary\" \"=_0123456789abcdef\") NIL NIL NIL) BODY[HEADER.FIELDS (FROM TO SUBJECT DATE MESSAGE-ID REFERENCES)] {%d}\r\n%s)\r\n",
				1000+i, 5000+i, len(benchHeader), benchHeader)
		}
	}
	opts := &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
		BodySection: []*imap.FetchItemBodySection{{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"From", "To", "Subject", "Date", "Message-Id", "References"}, Peek: true}}}
	var set imap.SeqSet
	set.AddRange(1000, 1000+rows-1)
	bothWays(b, func(b *testing.B, laid bool) {
		cl := benchServer(b, laid, page)
		b.ReportAllocs()
		for b.Loop() {
			msgs, err := cl.Fetch(set, opts).Collect()
			if err != nil || len(msgs) != rows {
				b.Fatalf("%d rows, %v", len(msgs), err)
			}
		}
	})
}

// BenchmarkBody is a body literal of 100 MiB.
func BenchmarkBody(b *testing.B) {
	const size = 100 << 20
	chunk := make([]byte, 1<<18)
	reply := func(w *bufio.Writer) {
		fmt.Fprintf(w, "* 1 FETCH (UID 5 BODY[] {%d}\r\n", size)
		for sent := 0; sent < size; sent += len(chunk) {
			w.Write(chunk)
		}
		w.WriteString(")\r\n")
	}
	bothWays(b, func(b *testing.B, laid bool) {
		cl := benchServer(b, laid, reply)
		b.SetBytes(size)
		b.ReportAllocs()
		buf := make([]byte, 1<<18)
		for b.Loop() {
			cmd := cl.Fetch(imap.UIDSetNum(5), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}})
			msg := cmd.Next()
			for item := msg.Next(); item != nil; item = msg.Next() {
				if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
					n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body.Literal, buf)
					if n != size || err != nil {
						b.Fatal(n, err)
					}
				}
			}
			if err := cmd.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRecognise is what the scan of a list page costs by itself.
func BenchmarkRecognise(b *testing.B) {
	var page strings.Builder
	w := bufio.NewWriter(&page)
	for range 50 {
		fmt.Fprintf(w, "* 1 FETCH (UID 5 FLAGS (\\Seen) INTERNALDATE \"17-Jul-2024 02:44:25 -0700\" RFC822.SIZE 51234 BODYSTRUCTURE ((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 1234 40 NIL NIL NIL NIL)(\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 12345 240 NIL NIL NIL NIL) \"alternative\" (\"boundary\" \"=_0123456789abcdef\") NIL NIL NIL) BODY[HEADER.FIELDS (FROM TO)] {%d}\r\n%s)\r\n", len(benchHeader), benchHeader)
	}
	w.Flush()
	var nc net.Conn
	b.SetBytes(int64(page.Len()))
	for b.Loop() {
		nc = New(&tape{r: strings.NewReader(page.String())}, Options{})
		if n, _ := io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{nc}); n != int64(page.Len()) {
			b.Fatal(n)
		}
	}
}
