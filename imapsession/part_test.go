package imapsession

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"godwit/imapsession/imaptest"
)

// randomOctets are the same at each call with the same arguments.
func randomOctets(n int, seed uint64) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(seed, seed))
	for i := 0; i < n; i += 8 {
		x := rng.Uint64()
		for j := i; j < min(n, i+8); j++ {
			b[j] = byte(x)
			x >>= 8
		}
	}
	return b
}

// base64Lined is b in lines of width characters.
func base64Lined(b []byte, width int) string {
	encoded := base64.StdEncoding.EncodeToString(b)
	var out strings.Builder
	out.Grow(len(encoded) + len(encoded)/width*2 + 2)
	for len(encoded) > width {
		out.WriteString(encoded[:width])
		out.WriteString("\r\n")
		encoded = encoded[width:]
	}
	out.WriteString(encoded)
	return out.String()
}

// withAttachment is a message whose part 2 has the given body.
func withAttachment(encoding, body string) []byte {
	return crlf("From: a@corpus.invalid", "Subject: file", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=bound", "",
		"--bound", "Content-Type: text/plain", "", "see below",
		"--bound", "Content-Type: application/octet-stream; name=file.bin", "Content-Disposition: attachment; filename=file.bin",
		"Content-Transfer-Encoding: "+encoding, "", body,
		"--bound--")
}

func TestPartsComeWhole(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		text := strings.Repeat("Zeilen mit =C3=BC und Text, die weich=\r\n umbrochen sind.\r\n", 4000)
		for _, tt := range []struct {
			name, encoding, body string
			want                 []byte
			sized                bool
		}{
			{"empty", "7bit", "", nil, true},
			{"small base64", "base64", base64Lined([]byte("hello"), 76), []byte("hello"), true},
			{"small QP", "quoted-printable", "gr=C3=BC=C3=9Fe=\r\n.", []byte("grüße."), true},
			{"base64", "base64", base64Lined(randomOctets(3<<20+1, 1), 76), randomOctets(3<<20+1, 1), true},
			{"base64, no padding", "base64", base64Lined(randomOctets(300_000, 2), 76), randomOctets(300_000, 2), true},
			{"base64, last line full", "base64", base64Lined(randomOctets(57*4000, 3), 76), randomOctets(57*4000, 3), true},
			{"base64, lines of 60", "base64", base64Lined(randomOctets(200_001, 4), 60), randomOctets(200_001, 4), true},
			{"base64, blank lines behind", "base64", base64Lined(randomOctets(200_002, 5), 72) + "\r\n\r\n", randomOctets(200_002, 5), true},
			{"base64, two streams", "base64", base64Lined(randomOctets(100_000, 6), 76) + "\r\n" + base64Lined(randomOctets(100_000, 7), 76),
				append(randomOctets(100_000, 6), randomOctets(100_000, 7)...), false},
			{"base64, lines of 75", "base64", base64Lined(randomOctets(200_000, 8), 75), randomOctets(200_000, 8), false},
			{"QP", "quoted-printable", text, []byte(strings.ReplaceAll(strings.ReplaceAll(text, "=\r\n", ""), "=C3=BC", "ü")), false},
			{"8bit", "8bit", strings.Repeat("eine Zeile\r\n", 20_000), []byte(strings.Repeat("eine Zeile\r\n", 20_000)), true},
		} {
			t.Run(tt.name, func(t *testing.T) {
				ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment(tt.encoding, tt.body)))}
				for _, withSize := range []bool{false, true} {
					s.read = newReadMemory()
					r, err := s.Part(t.Context(), ref, "2")
					if err != nil {
						t.Fatal(err)
					}
					if withSize {
						if size, exact := r.Size(); exact != tt.sized || exact && size != int64(len(tt.want)) {
							t.Errorf("Size = %d, %v, want %d, %v", size, exact, len(tt.want), tt.sized)
						}
					}
					got, err := io.ReadAll(onlyReader{r})
					if err != nil || !bytes.Equal(got, tt.want) {
						t.Errorf("withSize %v: read %d octets, %v, want %d (first difference at %d)", withSize, len(got), err, len(tt.want), difference(got, tt.want))
					}
					if err := r.Close(); err != nil {
						t.Error(err)
					}
					if r.Ref.UIDValidity == 0 || r.Part.Filename != "file.bin" {
						t.Errorf("Ref %v, name %q", r.Ref, r.Part.Filename)
					}
				}
			})
		}
	})
}

// onlyReader hides WriteTo and Seek.
type onlyReader struct{ io.Reader }

func difference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func TestWholeMessageIsAsSent(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		sent := withAttachment("base64", base64Lined(randomOctets(500_000, 9), 76))
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", sent))}
		r, err := s.Part(t.Context(), ref, "")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if size, exact := r.Size(); !exact || size != int64(len(sent)) {
			t.Errorf("Size = %d, %v, want %d", size, exact, len(sent))
		}
		var got bytes.Buffer
		if n, err := io.Copy(&got, r); err != nil || n != int64(len(sent)) || !bytes.Equal(got.Bytes(), sent) {
			t.Errorf("copied %d octets, %v, want %d", n, err, len(sent))
		}
	})
}

func TestSeek(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		content := randomOctets(2_000_003, 10)
		for _, tt := range []struct{ encoding, body string }{
			{"base64", base64Lined(content, 76)},
			{"8bit", ""},
		} {
			want := content
			if tt.body == "" {
				tt.body = strings.Repeat("0123456789 abcdefghijklmnopq\r\n", 60_000)
				want = []byte(tt.body)
			}
			ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment(tt.encoding, tt.body)))}
			r, err := s.Part(t.Context(), ref, "2")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if end, err := r.Seek(0, io.SeekEnd); err != nil || end != int64(len(want)) {
				t.Fatalf("%s: Seek to the end = %d, %v, want %d", tt.encoding, end, err, len(want))
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%s: read at the end = %d, %v, want EOF", tt.encoding, n, err)
			}
			rng := rand.New(rand.NewPCG(3, 4))
			for _, at := range []int{0, 1, 56, 57, 58, 49150, 1 << 20, len(want) - 1, len(want) - 70_000, rng.IntN(len(want)), rng.IntN(len(want)), 5, 6} {
				if _, err := r.Seek(int64(at), io.SeekStart); err != nil {
					t.Fatal(err)
				}
				p := make([]byte, min(1000+rng.IntN(200_000), len(want)-at))
				if n, err := io.ReadFull(r, p); err != nil || !bytes.Equal(p[:n], want[at:at+len(p)]) {
					t.Errorf("%s: at %d: read %d, %v; first difference %d", tt.encoding, at, n, err, difference(p[:n], want[at:]))
				}
			}
			// To the end from somewhere: the count must agree.
			if _, err := r.Seek(1_000_000, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(onlyReader{r}); err != nil || !bytes.Equal(rest, want[1_000_000:]) {
				t.Errorf("%s: the rest = %d octets, %v, want %d", tt.encoding, len(rest), err, len(want)-1_000_000)
			}
			if _, err := r.Seek(-1, io.SeekStart); err == nil {
				t.Errorf("%s: Seek(-1) is no error", tt.encoding)
			}
		}
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment("quoted-printable", strings.Repeat("zeile=3D\r\n", 20_000))))}
		r, err := s.Part(t.Context(), ref, "2")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := r.Seek(1, io.SeekStart); !errors.Is(err, ErrUnsupported) {
			t.Errorf("Seek in quoted-printable = %v, want ErrUnsupported", err)
		}
	})
}

// TestIrregularBase64BreaksItsPromise: lines that are regular at both ends but not between them give a size
// that is wrong. The download ends in an error, and the next one makes no promise.
func TestIrregularBase64BreaksItsPromise(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		a, b := randomOctets(57*3000, 11), randomOctets(57*3000, 12)
		body := base64Lined(a, 76) + "\r\n" + base64Lined([]byte("odd one"), 76) + "\r\n" + base64Lined(b, 76)
		want := append(append(bytes.Clone(a), "odd one"...), b...)
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment("base64", body)))}
		// Lines that are shifted as a whole are seen at the end already; make the end fit.
		shift := len(base64Lined([]byte("odd one"), 76)) + 2
		body = base64Lined(a, 76) + "\r\n" + base64Lined([]byte("odd one"), 76) + "\r\n" + strings.Repeat(" ", 78-shift-2) + "\r\n" + base64Lined(b, 76)
		ref.UID = UID(srv.Append(t, user, "INBOX", withAttachment("base64", body)))
		r, err := s.Part(t.Context(), ref, "2")
		if err != nil {
			t.Fatal(err)
		}
		if _, exact := r.Size(); !exact {
			t.Fatal("the ends look irregular: the test is wrong")
		}
		got, err := io.ReadAll(onlyReader{r})
		if err == nil {
			t.Errorf("read %d octets without an error", len(got))
		}
		if !bytes.HasPrefix(want, got) {
			t.Errorf("what came before the error is wrong at %d", difference(got, want))
		}
		r.Close()
		r, err = s.Part(t.Context(), ref, "2")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, exact := r.Size(); exact {
			t.Error("the second try promises a size again")
		}
		if got, err = io.ReadAll(onlyReader{r}); err != nil || !bytes.Equal(got, want) {
			t.Errorf("second try: %d octets, %v, want %d", len(got), err, len(want))
		}
	})
}

func TestPartErrors(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", plainMail(1)))}
		m, err := s.Message(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		stale := m.Ref
		stale.UIDValidity++
		for _, tt := range []struct {
			ref     Ref
			section Section
			want    error
		}{
			{ref, "2", ErrNoPart},
			{ref, "1.1", ErrNoPart},
			{m.Ref, "7.3.1", ErrNoPart},
			{Ref{Mailbox: "INBOX", UID: 99}, "1", ErrNoMessage},
			{Ref{Mailbox: "INBOX", UID: 0}, "1", ErrNoMessage},
			{Ref{Mailbox: "INBOX", UID: 99}, "", ErrNoMessage},
			{stale, "1", ErrStale},
			{Ref{Mailbox: "none", UID: 1}, "1", ErrNoMailbox},
		} {
			if _, err := s.Part(t.Context(), tt.ref, tt.section); !errors.Is(err, tt.want) {
				t.Errorf("Part(%v, %q) = %v, want %v", tt.ref, tt.section, err, tt.want)
			}
		}
		if _, err := s.Message(t.Context(), Ref{Mailbox: "INBOX", UID: 99}); !errors.Is(err, ErrNoMessage) {
			t.Errorf("Message(99) = %v, want ErrNoMessage", err)
		}
		if _, err := s.Message(t.Context(), stale); !errors.Is(err, ErrStale) {
			t.Errorf("Message(stale) = %v, want ErrStale", err)
		}
	})
}

// TestVanishedInMidStream: the message goes while it is read. That is an error, never an end.
func TestVanishedInMidStream(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		content := randomOctets(8<<20, 13)
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment("base64", base64Lined(content, 76))))}
		r, err := s.Part(t.Context(), ref, "2")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		expunge(t, srv, user, "INBOX", ref.UID)
		if _, err := s.Page(t.Context(), "INBOX", PageSpec{}); err != nil { // the connection hears of it
			t.Fatal(err)
		}
		got, err := io.ReadAll(onlyReader{r})
		if err == nil && !bytes.Equal(got, content) {
			t.Errorf("%d octets of %d and no error", len(got), len(content))
		}
		if srv.Name == "dovecot" && err == nil {
			t.Log("Dovecot served the expunged message to its end")
		}
	})
}

func TestCutConnectionInMidStream(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		content := randomOctets(6<<20, 14)
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment("base64", base64Lined(content, 76))))}
		r, err := s.Part(t.Context(), ref, "2")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.CopyN(io.Discard, r, 1000); err != nil {
			t.Fatal(err)
		}
		srv.Stop()
		got, err := io.ReadAll(onlyReader{r})
		if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("read on with %v after %d octets, want an error", err, len(got))
		}
		if err := srv.Restart(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCancelFreesAtOnce(t *testing.T) {
	srv := imaptest.Memory(t)
	user := srv.User(t)
	ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment("base64", base64Lined(randomOctets(8<<20, 15), 76))))}
	s := openSession(t, srv, user)
	if _, err := s.Message(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	quiet := goleak.IgnoreCurrent()
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := s.Part(ctx, ref, "2")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, r, 50_000); err != nil {
			t.Fatal(err)
		}
		cancel()
		start := time.Now()
		_, err = io.Copy(io.Discard, r)
		r.Close()
		if took := time.Since(start); took > 200*time.Millisecond {
			t.Errorf("it took %v to end after the cancel", took)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the cancel: %v, want context.Canceled", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	ignoreServer := goleak.IgnoreAnyFunction("github.com/emersion/go-imap/v2/imapserver.(*Conn).serve")
	goleak.VerifyNone(t, quiet, ignoreServer, goleak.IgnoreAnyFunction("godwit/imapsession/imaptest.(*door).pass"), goleak.IgnoreAnyFunction("io.copyBuffer"))
}

// TestMemoryOfALargePart streams 50 MiB and watches the heap.
func TestMemoryOfALargePart(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	srv := imaptest.Dovecot(t)
	user := srv.User(t)
	sum := func() [32]byte {
		content := randomOctets(50<<20, 16)
		srv.Append(t, user, "INBOX", withAttachment("base64", base64Lined(content, 76)))
		return sha256.Sum256(content)
	}()
	s := openSession(t, srv, user)
	if _, err := s.Page(t.Context(), "INBOX", PageSpec{}); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := s.Part(t.Context(), Ref{Mailbox: "INBOX", UID: 1}, "2")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	hash := sha256.New()
	peak, count := uint64(0), 0
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		hash.Write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if count++; count%16 == 0 {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse)
		}
	}
	if got := [32]byte(hash.Sum(nil)); got != sum {
		t.Error("the content is not what was sent")
	}
	if grown := int64(peak) - int64(before.HeapInuse); grown > 4<<20 {
		t.Errorf("the heap grew by %d KiB, want at most 4096", grown>>10)
	} else {
		t.Logf("the heap grew by %d KiB at most", grown>>10)
	}
}

// TestPartWhileAnotherTabLists: a slow reader of a part keeps nobody waiting.
// Everything that a browser asks for at once, over one connection and over three: nothing waits for what waits for it.
func TestEverythingAtOnce(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		for _, conns := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d connections", conns), func(t *testing.T) {
				user := srv.User(t)
				inner := crlf("Subject: inner", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=i", "", "--i", "", "text", "--i", "Content-Type: text/html", "", "html", "--i--")
				content := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
				srv.Append(t, user, "INBOX", crlf("Subject: all", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", "",
					"--b", "", "hello", "--b", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64", "", base64Lined(content, 76),
					"--b", "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", base64Lined(inner, 76), "--b--"))
				srv.Append(t, user, "INBOX", plainMail(2))
				defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
				s, err := Login(t.Context(), &Options{MaxConns: conns}, Account{Server: plainly(srv), User: user, Secret: imaptest.Password})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close(context.Background())
				page, err := s.Page(t.Context(), "INBOX", PageSpec{})
				if err != nil {
					t.Fatal(err)
				}
				ref := page.Summaries[1].Ref
				read := func(section Section, want []byte) error {
					r, err := s.Part(t.Context(), ref, section)
					if err != nil {
						return err
					}
					defer r.Close()
					r.Size()
					if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
						return fmt.Errorf("part %s: %d octets, %v, want %d", section, len(got), err, len(want))
					}
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				jobs := []func() error{
					func() error { _, err := s.Page(ctx, "INBOX", PageSpec{}); return err },
					func() error { _, err := s.Page(ctx, "Sent", PageSpec{}); return err },
					func() error { _, err := s.Message(ctx, ref); return err },
					func() error { _, err := s.Embedded(ctx, ref, "3"); return err },
					func() error { _, err := s.Previews(ctx, "INBOX", ref.UIDValidity, uidsOn(page)); return err },
					func() error { _, err := s.Mailboxes(ctx, 0); return err },
					func() error { _, err := s.Neighbours(ctx, ref); return err },
					func() error { return s.MarkSeen(ctx, ref) },
					func() error { return read("1", []byte("hello")) },
					func() error { return read("2", content) },
					func() error { return read("2", content) },
					func() error { return read("2", content) },
					func() error { return read("3.1", []byte("text")) },
				}
				var all sync.WaitGroup
				for range 3 {
					for i, job := range jobs {
						all.Go(func() {
							if err := job(); err != nil {
								t.Errorf("job %d: %v", i, err)
							}
						})
					}
				}
				all.Wait()
			})
		}
	})
}

func TestPartWhileAnotherTabLists(t *testing.T) {
	eachSession(t, func(t *testing.T, srv *imaptest.Server, user string, s *Session) {
		ref := Ref{Mailbox: "INBOX", UID: UID(srv.Append(t, user, "INBOX", withAttachment("base64", base64Lined(randomOctets(4<<20, 17), 76))))}
		var readers []*PartReader
		for range 10 { // more than there are connections
			r, err := s.Part(t.Context(), ref, "2")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := io.CopyN(io.Discard, r, 1); err != nil {
				t.Fatal(err)
			}
			readers = append(readers, r)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := s.Page(ctx, "INBOX", PageSpec{}); err != nil {
			t.Errorf("Page beside %d readers: %v", len(readers), err)
		}
	})
}
