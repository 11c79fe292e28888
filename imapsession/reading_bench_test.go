package imapsession

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"godwit/imapsession/imaptest"
)

// The benchmarks stand beside the floor: a client that does the least an IMAP
// server can be asked for the same thing. Both go through the test's port.

func BenchmarkPage(b *testing.B) {
	srv := imaptest.Dovecot(b)
	user := srv.User(b)
	seed(b, srv, user, 3000)
	b.Run("raw", func(b *testing.B) {
		raw := dialRaw(b, srv, user)
		command := "FETCH 2951:3000 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (" + strings.Join(summaryFields, " ") + ")] BODYSTRUCTURE)"
		raw.command(b, command)
		for b.Loop() {
			raw.command(b, command)
		}
	})
	for _, bm := range []struct {
		name string
		spec PageSpec
	}{
		{"newest", PageSpec{}},
		{"before", PageSpec{Before: 1500}},
		{"date", PageSpec{Order: OrderDate}},
		{"unread", PageSpec{Filter: FilterUnread}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			s := openSession(b, srv, user)
			for range 2 {
				if _, err := s.Page(b.Context(), "INBOX", bm.spec); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, err := s.Page(b.Context(), "INBOX", bm.spec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMessage(b *testing.B) {
	srv := imaptest.Dovecot(b)
	user := srv.User(b)
	seed(b, srv, user, 10)
	b.Run("raw", func(b *testing.B) {
		raw := dialRaw(b, srv, user)
		for b.Loop() {
			raw.command(b, "UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE BODY.PEEK[HEADER]<0.262144>)")
		}
	})
	b.Run("session", func(b *testing.B) {
		s := openSession(b, srv, user)
		for b.Loop() {
			if _, err := s.Message(b.Context(), Ref{Mailbox: "INBOX", UID: 5}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDownload reads a part of 100 MiB.
func BenchmarkDownload(b *testing.B) {
	const size = 100 << 20
	srv := imaptest.Dovecot(b)
	user := srv.User(b)
	srv.Append(b, user, "INBOX", withAttachment("base64", base64Lined(randomOctets(size, 1), 76)))
	b.Run("raw", func(b *testing.B) {
		raw := dialRaw(b, srv, user)
		b.SetBytes(size)
		for b.Loop() {
			raw.command(b, "UID FETCH 1 (BODY.PEEK[2])")
		}
	})
	s := openSession(b, srv, user)
	for _, sized := range []bool{false, true} {
		b.Run(fmt.Sprintf("sized=%v", sized), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				r, err := s.Part(b.Context(), Ref{Mailbox: "INBOX", UID: 1}, "2")
				if err != nil {
					b.Fatal(err)
				}
				if sized {
					if n, exact := r.Size(); !exact || n != size {
						b.Fatalf("Size = %d, %v", n, exact)
					}
				}
				if n, err := io.Copy(io.Discard, onlyReader{r}); err != nil || n != size {
					b.Fatalf("%d octets, %v", n, err)
				}
				r.Close()
			}
		})
	}
}

// seed fills INBOX with small messages over one connection.
func seed(b *testing.B, srv *imaptest.Server, user string, n int) {
	b.Helper()
	c := srv.Client(b, user)
	var inFlight []*imapclient.AppendCommand
	for i := range n {
		m := plainMail(i)
		cmd := c.Append("INBOX", int64(len(m)), &imap.AppendOptions{})
		if _, err := cmd.Write(m); err != nil {
			b.Fatal(err)
		}
		if err := cmd.Close(); err != nil {
			b.Fatal(err)
		}
		inFlight = append(inFlight, cmd)
	}
	for _, cmd := range inFlight {
		if _, err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// rawClient speaks IMAP and throws the answers away.
type rawClient struct {
	nc  net.Conn
	r   *bufio.Reader
	buf []byte
}

func dialRaw(b *testing.B, srv *imaptest.Server, user string) *rawClient {
	b.Helper()
	nc, err := net.Dial("tcp", srv.Address(srv.Port))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { nc.Close() })
	raw := &rawClient{nc: nc, r: bufio.NewReaderSize(nc, 64<<10), buf: make([]byte, 256<<10)}
	if _, err := raw.r.ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	raw.command(b, fmt.Sprintf("LOGIN %q %q", user, imaptest.Password))
	raw.command(b, "SELECT INBOX")
	return raw
}

func (raw *rawClient) command(b *testing.B, line string) {
	fmt.Fprintf(raw.nc, "x %s\r\n", line)
	for {
		answer, err := raw.r.ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		if strings.HasPrefix(answer, "x ") {
			if !strings.HasPrefix(answer, "x OK") {
				b.Fatalf("%s: %s", line, answer)
			}
			return
		}
		var size int64
		if i := strings.LastIndexByte(answer, '{'); i >= 0 {
			if _, err := fmt.Sscanf(answer[i:], "{%d}\r\n", &size); err == nil {
				if _, err := io.CopyBuffer(io.Discard, onlyReader{io.LimitReader(raw.r, size)}, raw.buf); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
