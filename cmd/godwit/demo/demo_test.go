package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/mail"
	"net/smtp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"go.uber.org/goleak"
)

func start(t *testing.T) *Demo {
	t.Helper()
	d, err := Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func (d *Demo) tlsConfig() *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(d.RootsPEM)
	return &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

func signIn(t *testing.T, d *Demo) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialTLS(d.IMAP, &imapclient.Options{TLSConfig: d.tlsConfig()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(d.User, d.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStartIsQuickAndSmall(t *testing.T) {
	begin, cpuBefore := time.Now(), cpuTime(t)
	start(t)
	took, cpu := time.Since(begin), cpuTime(t)-cpuBefore
	t.Logf("Start took %v, of that on the processor %v", took, cpu)
	// On a machine that others load only its own time counts.
	if took > 2*time.Second && cpu > time.Second && !raceDetector {
		t.Errorf("Start took %v, %v on the processor, want 2 s at most", took, cpu)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if m.HeapInuse > 64<<20 {
		t.Errorf("heap in use after Start = %d MiB, want 64 at most", m.HeapInuse>>20)
	}
}

func TestMailboxes(t *testing.T) {
	d := start(t)
	c := signIn(t, d)
	list, err := c.List("", "*", &imap.ListOptions{ReturnSpecialUse: true, ReturnStatus: &imap.StatusOptions{NumMessages: true, NumUnseen: true}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	total, uses := uint32(0), map[imap.MailboxAttr]string{}
	counts := map[string]uint32{}
	for _, l := range list {
		total += *l.Status.NumMessages
		counts[l.Mailbox] = *l.Status.NumMessages
		for _, a := range l.Attrs {
			uses[a] = l.Mailbox
		}
		if l.Mailbox == "INBOX" && *l.Status.NumUnseen != 12 {
			t.Errorf("unseen in INBOX = %d, want 12", *l.Status.NumUnseen)
		}
	}
	if total < 80 || len(list) < 10 || counts["INBOX"] <= 50 {
		t.Errorf("%d messages in %d mailboxes, %d in INBOX, want 80 in 10, more than 50", total, len(list), counts["INBOX"])
	}
	for _, use := range []imap.MailboxAttr{imap.MailboxAttrDrafts, imap.MailboxAttrSent, imap.MailboxAttrJunk, imap.MailboxAttrTrash, imap.MailboxAttrArchive} {
		if counts[uses[use]] == 0 {
			t.Errorf("mailbox for %s is %q with %d messages, want some", use, uses[use], counts[uses[use]])
		}
	}
	for _, name := range []string{"Surveys/2026/October", "Wattenmeer Büsum"} {
		if counts[name] == 0 {
			t.Errorf("%s has no messages", name)
		}
	}
}

// every calls f with each message and its flags.
func every(t *testing.T, f func(mailbox string, flags []imap.Flag, raw []byte)) {
	t.Helper()
	c := signIn(t, start(t))
	list, err := c.List("", "*", nil).Collect()
	if err != nil {
		t.Fatal(err)
	}
	section := &imap.FetchItemBodySection{Peek: true}
	for _, l := range list {
		if _, err := c.Select(l.Mailbox, nil).Wait(); err != nil {
			t.Fatal(err)
		}
		messages, err := c.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{Flags: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
		if err != nil {
			t.Fatalf("%s: %v", l.Mailbox, err)
		}
		for _, m := range messages {
			f(l.Mailbox, m.Flags, m.FindBodySection(section))
		}
	}
}

func TestEveryMessageIsSoundMIME(t *testing.T) {
	features := map[string]int{}
	see := func(feature string, is bool) {
		if is {
			features[feature]++
		}
	}
	ids := map[string]bool{}
	threads := 0
	every(t, func(mailbox string, flags []imap.Flag, raw []byte) {
		plain, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v in %.200q", mailbox, err, raw)
		}
		subject := plain.Header.Get("Subject")
		name := mailbox + ": " + subject
		for i, line := range bytes.SplitAfter(raw, []byte("\n")) {
			if len(line) > 1000 || len(line) > 1 && !bytes.HasSuffix(line, []byte("\r\n")) && i < bytes.Count(raw, []byte("\n")) {
				t.Errorf("%s: line %d is %d octets long and ends in %.2q", name, i+1, len(line), line[max(0, len(line)-2):])
			}
		}
		if _, err := plain.Header.Date(); err != nil {
			t.Errorf("%s: Date: %v", name, err)
		}
		if _, err := plain.Header.AddressList("From"); err != nil {
			t.Errorf("%s: From: %v", name, err)
		}
		id := plain.Header.Get("Message-ID")
		if ids[id] {
			t.Errorf("%s: Message-ID %s is taken", name, id)
		}
		ids[id] = true
		if plain.Header.Get("References") != "" {
			threads++
		}
		see("list", plain.Header.Get("List-Id") != "")
		see("one-click", plain.Header.Get("List-Unsubscribe-Post") != "")
		for _, f := range flags {
			see(string(f), true)
		}
		e, err := message.Read(bytes.NewReader(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		err = e.Walk(func(path []int, part *message.Entity, err error) error {
			if err != nil {
				return fmt.Errorf("part %v: %w", path, err)
			}
			return checkPart(t, name, part, see)
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	if threads < 15 {
		t.Errorf("%d messages have References, want 15", threads)
	}
	for _, want := range []string{
		"multipart/alternative", "multipart/related", "multipart/mixed", "multipart/report", "multipart/digest", "multipart/signed",
		"text/plain", "text/html", "text/calendar", "text/vcard", "text/csv", "message/rfc822", "message/delivery-status",
		"image/png", "image/jpeg", "application/pdf", "audio/wav", "video/mp4", "application/zip", "application/ms-tnef", "application/pkcs7-signature",
		"flowed", "iso-2022-jp", "koi8-r", "iso-8859-1", "emoji", "rtl", "remote image", "cid image", "quoted reply", "uuencode", "40 MB",
		"filename not ASCII", "list", "one-click", "$label1", "Survey", `\Flagged`, `\Answered`, `\Draft`, "$Forwarded", "$Junk",
	} {
		if features[want] == 0 {
			t.Errorf("no message has %s; there is %v", want, features)
		}
	}
}

func checkPart(t *testing.T, name string, part *message.Entity, see func(string, bool)) error {
	mediaType, params, err := part.Header.ContentType()
	if err != nil {
		return err
	}
	see(mediaType, true)
	see(params["charset"], true)
	see("flowed", params["format"] == "flowed")
	if strings.HasPrefix(mediaType, "multipart/") {
		return nil
	}
	content, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	_, disposition, _ := part.Header.ContentDisposition()
	see("filename not ASCII", strings.ContainsFunc(disposition["filename"], func(r rune) bool { return r > 127 }))
	text := string(content)
	switch mediaType {
	case "text/plain":
		see("emoji", strings.Contains(text, "🐟"))
		see("quoted reply", strings.Contains(text, "\n> "))
		see("uuencode", strings.Contains(text, "\nbegin 644 "))
	case "text/html":
		see("rtl", strings.Contains(text, `dir="rtl"`))
		see("remote image", strings.Contains(text, `<img src="https://`))
		see("cid image", strings.Contains(text, `src="cid:`))
	case "image/png", "image/jpeg":
		if _, _, err := image.Decode(bytes.NewReader(content)); err != nil {
			t.Errorf("%s: %s: %v", name, mediaType, err)
		}
	case "application/pdf":
		if n := bytes.Count(content, []byte("/Type /Page ")); n < 2 || n > 3 {
			t.Errorf("%s: PDF of %d pages, want 2 or 3", name, n)
		}
		checkPDF(t, name, content)
	case "video/mp4":
		checkFilm(t, name, content)
	case "application/ms-tnef":
		if !bytes.Contains(content, []byte("Gate key form.pdf\x00")) || !bytes.Contains(content, []byte("%PDF-1.4")) {
			t.Errorf("%s: winmail.dat holds no form", name)
		}
	case "audio/wav":
		see("40 MB", len(content) == recordingSize)
		if !bytes.HasPrefix(content, []byte("RIFF")) {
			t.Errorf("%s: sound begins with %.8q", name, content)
		}
	case "message/rfc822":
		if _, err := mail.ReadMessage(bytes.NewReader(content)); err != nil {
			t.Errorf("%s: enclosed: %v", name, err)
		}
	}
	return nil
}

// checkPDF looks whether the table of objects points at them.
func checkPDF(t *testing.T, name string, content []byte) {
	t.Helper()
	var start int
	tail := content[bytes.LastIndex(content, []byte("startxref")):]
	if _, err := fmt.Sscanf(string(tail), "startxref\n%d\n", &start); err != nil || !bytes.HasPrefix(content[start:], []byte("xref\n0 ")) {
		t.Errorf("%s: PDF says its table is at %d, %v", name, start, err)
		return
	}
	lines := strings.Split(string(content[start:]), "\n")
	for i, line := range lines[3:] {
		var offset int
		if !strings.HasSuffix(line, " n ") {
			break
		}
		fmt.Sscanf(line, "%d", &offset)
		if want := fmt.Sprintf("%d 0 obj\n", i+1); !bytes.HasPrefix(content[offset:], []byte(want)) {
			t.Errorf("%s: PDF object %d is not at %d", name, i+1, offset)
		}
	}
}

// checkFilm looks whether the boxes fill the file and the first picture is where the index says.
func checkFilm(t *testing.T, name string, content []byte) {
	t.Helper()
	var kinds []string
	for rest := content; len(rest) >= 8; {
		n := int(binary.BigEndian.Uint32(rest))
		if n < 8 || n > len(rest) {
			t.Errorf("%s: MP4 box of %d octets with %d left", name, n, len(rest))
			return
		}
		kinds = append(kinds, string(rest[4:8]))
		rest = rest[n:]
	}
	if want := []string{"ftyp", "moov", "mdat"}; !slices.Equal(kinds, want) {
		t.Errorf("%s: MP4 boxes = %v, want %v", name, kinds, want)
	}
	index := bytes.Index(content, []byte("stco"))
	offset := binary.BigEndian.Uint32(content[index+12:])
	if content[offset+4] != 0x65 {
		t.Errorf("%s: no picture at %d", name, offset)
	}
}

func TestTodayAndYesterday(t *testing.T) {
	now := time.Date(2026, 3, 1, 14, 0, 0, 0, time.FixedZone("", 7200))
	letters, err := readLetters(now)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[int]int{}
	for i, l := range letters {
		if l.date.After(now) {
			t.Errorf("%s: %v is yet to come", l.place, l.date)
		}
		if i > 0 && l.date.Before(letters[i-1].date) {
			t.Errorf("%s is out of order", l.place)
		}
		if l.mailbox == "INBOX" {
			groups[int(now.YearDay())-l.date.YearDay()]++
		}
	}
	if groups[0] < 5 || groups[1] < 5 || groups[5] < 3 {
		t.Errorf("INBOX by age in days = %v, want 5 of today, 5 of yesterday, 3 of five days ago", groups)
	}
}

func TestLargeMessageReadsAlikeFromAnyOffset(t *testing.T) {
	m := newLargeMessage([]byte("head\r\n\r\n" + largeMarker + "tail"))
	whole := make([]byte, m.Size())
	if n, err := m.ReadAt(whole, 0); int64(n) != m.Size() || err != nil && err != io.EOF {
		t.Fatalf("ReadAt = %d, %v, want %d", n, err, m.Size())
	}
	encoded := whole[len("head\r\n\r\n") : len(whole)-len("tail")]
	recording, err := base64.StdEncoding.DecodeString(string(encoded))
	if err != nil || len(recording) != recordingSize {
		t.Fatalf("recording = %d octets, %v, want %d", len(recording), err, recordingSize)
	}
	for _, off := range []int64{0, 5, 8, 9, 83, 84, 86, 87, 100000, m.Size() - 5, m.Size() - 1} {
		got := make([]byte, 1000)
		n, err := m.ReadAt(got, off)
		want := whole[off:min(m.Size(), off+1000)]
		if !bytes.Equal(got[:n], want) || n < 1000 && err != io.EOF {
			t.Errorf("ReadAt(%d) = %d octets, %v, or other ones than before", off, n, err)
		}
	}
}

func TestLargePartInPieces(t *testing.T) {
	c := signIn(t, start(t))
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	found, err := c.Search(&imap.SearchCriteria{Larger: 40 << 20}, nil).Wait()
	if err != nil || len(found.AllSeqNums()) != 1 {
		t.Fatalf("SEARCH LARGER = %v, %v, want one", found, err)
	}
	runtime.GC() // what other tests have left is not this one's
	begin := time.Now()
	length := base64Length(recordingSize)
	var peak uint64
	for off := int64(0); off < length; off += 256 << 10 {
		item := &imap.FetchItemBodySection{Part: []int{2}, Peek: true, Partial: &imap.SectionPartial{Offset: off, Size: 256 << 10}}
		got, err := c.Fetch(imap.SeqSetNum(found.AllSeqNums()[0]), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{item}}).Collect()
		if err != nil {
			t.Fatal(err)
		}
		if n := int64(len(got[0].FindBodySection(item))); n != min(256<<10, length-off) && n != min(256<<10, length-off)-2 {
			t.Fatalf("piece at %d has %d octets", off, n)
		}
		if off%(8<<20) == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}
	}
	t.Logf("%d MB in pieces of 256 KiB over TLS: %v, heap in use at most %d MiB", length>>20, time.Since(begin), peak>>20)
	if peak > 120<<20 {
		t.Errorf("heap in use while reading = %d MiB, want 120 at most", peak>>20)
	}
}

func TestSubmissionArrives(t *testing.T) {
	d := start(t)
	c, err := smtp.Dial(d.Submission)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	auth := smtp.PlainAuth("", d.User, d.Password, "127.0.0.1")
	if err := c.StartTLS(d.tlsConfig()); err != nil {
		t.Fatal(err)
	}
	if err := c.Mail(d.User); err == nil {
		t.Error("MAIL without AUTH was accepted")
	}
	if err := c.Auth(auth); err != nil {
		t.Fatal(err)
	}
	if err := c.Mail(d.User); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{d.User, "ines@kelling-reserve.example"} {
		if err := c.Rcpt(to); err != nil {
			t.Fatal(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "Subject: to myself\r\n\r\nhello\r\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	in := signIn(t, d)
	if _, err := in.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	found, err := in.Search(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "to myself"}}}, nil).Wait()
	if err != nil || !slices.Equal(found.AllSeqNums(), []uint32{in.Mailbox().NumMessages}) {
		t.Errorf("SEARCH = %v, %v, want the last message", found, err)
	}
}

func TestClosedLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(context.Background())
	d, err := Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := imapclient.DialTLS(d.IMAP, &imapclient.Options{TLSConfig: d.tlsConfig()})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-c.Closed()
	c.Close()
	d.Close()
}

func TestFlow(t *testing.T) {
	long := strings.Repeat("word ", 30)
	got := flow(long + "\n\n-- \n> " + long + "\n")
	var joined string
	for line := range strings.Lines(got) {
		if len(line) > 74 {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
		joined += line
	}
	if !strings.Contains(joined, "\n-- \n") || !strings.Contains(joined, "word \nword") || !strings.Contains(joined, "\n> word") {
		t.Errorf("flow = %q, want soft breaks, the signature's mark, and quotes", got)
	}
}
