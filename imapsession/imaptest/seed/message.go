package seed

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
)

// Message is one to store.
type Message struct {
	Date  time.Time
	Flags string // `\Seen \Flagged`
	Raw   []byte // valid until the next one is made
}

// writer makes the messages of one mailbox, in order.
type writer struct {
	*source
	user     string
	attached float64 // share of messages with attachments
	earlier  []heads // up to 60 that may be answered
}

// heads is what an answer needs of the message before it.
type heads struct {
	id, subject string
	references  []string
}

// ordinary writes message n of a mailbox: prose, three in ten with a newsletter as the HTML alternative.
func (w *writer) ordinary(b *bytes.Buffer, n int, date time.Time) {
	h := heads{id: fmt.Sprintf("<%s.%d.%08x@%s>", w.user, n, w.r.Uint32(), domains[w.r.IntN(len(domains))])}
	switch {
	case len(w.earlier) > 0 && w.chance(0.4):
		q := w.earlier[w.r.IntN(len(w.earlier))]
		h.references = append(append(h.references, q.references[max(0, len(q.references)-9):]...), q.id)
		h.subject = "Re: " + strings.TrimPrefix(q.subject, "Re: ")
	case w.chance(0.18):
		h.subject = fmt.Sprintf(subjects[w.r.IntN(len(subjects))], w.phrase(2))
	default:
		h.subject = w.phrase(3 + w.r.IntN(6))
	}
	if n%1000 == 500 {
		h.subject += " zebrafish" // for searches: one in a thousand
	}
	w.header(b, n, date, h)
	attached := w.chance(w.attached)
	if attached {
		b.WriteString("Content-Type: multipart/mixed; boundary=\"=_mix_0\"\r\n\r\n--=_mix_0\r\n")
	}
	w.body(b, n, len(h.references) > 0)
	if attached {
		w.attachments(b, n)
	}
	w.earlier = append(w.earlier[max(0, len(w.earlier)-59):], h)
}

func (w *writer) header(b *bytes.Buffer, n int, date time.Time, h heads) {
	when := date.Format(time.RFC1123Z)
	fmt.Fprintf(b, "Return-Path: <p%04d@example.net>\r\nDelivered-To: %s@rig.example\r\n"+
		"Received: from mx%d.example.net (mx%d.example.net [192.0.2.%d])\r\n\tby mail.rig.example with ESMTPS id %08x\r\n\tfor <%s@rig.example>; %s\r\n",
		n%3000, w.user, n%4, n%4, n%250, w.r.Uint32(), w.user, when)
	if w.chance(0.6) {
		line := noise()[n%1000*noiseLine:]
		fmt.Fprintf(b, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s1;\r\n\th=from:to:subject:date; bh=%s;\r\n\tb=%s\r\n", line[:44], line[:76])
	}
	fmt.Fprintf(b, "From: %s\r\nTo: %s@rig.example", w.mailbox(), w.user)
	for range w.r.IntN(4) {
		fmt.Fprintf(b, ",\r\n\t%s", w.mailbox())
	}
	b.WriteString("\r\n")
	if w.chance(0.2) {
		fmt.Fprintf(b, "Cc: %s\r\n", w.mailbox())
	}
	subject := mime.QEncoding.Encode("utf-8", h.subject)
	if subject != h.subject && w.chance(0.5) {
		subject = mime.BEncoding.Encode("utf-8", h.subject)
	}
	fmt.Fprintf(b, "Subject: %s\r\nDate: %s\r\nMessage-ID: %s\r\n", strings.ReplaceAll(subject, "?= =?", "?=\r\n =?"), when, h.id)
	if len(h.references) > 0 {
		fmt.Fprintf(b, "In-Reply-To: %s\r\nReferences: %s\r\n", h.references[len(h.references)-1], strings.Join(h.references, "\r\n\t"))
	}
	b.WriteString("MIME-Version: 1.0\r\nX-Mailer: rigmail 1.0\r\n")
	if w.chance(0.15) {
		fmt.Fprintf(b, "List-Id: <%s.lists.example>\r\nList-Unsubscribe: <https://lists.example/u/%d>\r\n", words[n%40], n)
	}
}

// body is the text, in one of three ways.
func (w *writer) body(b *bytes.Buffer, n int, answers bool) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "This is number %d.\r\n", n)
	w.sentences(&text, 300+int(math.Pow(w.r.Float64(), 3)*6000))
	if w.chance(0.3) {
		text.WriteString(closings[w.r.IntN(len(closings))] + "\r\n")
	}
	if answers {
		text.WriteString("\r\n> " + strings.ReplaceAll(w.phrase(30), " note ", "\r\n> ") + "\r\n")
	}
	if n%2000 == 777 {
		text.WriteString("\r\nThe word quetzalcoatl is only in few bodies.\r\n")
	}
	switch {
	case w.chance(0.3):
		b.WriteString("Content-Type: multipart/alternative; boundary=\"=_alt_0\"\r\n\r\n--=_alt_0\r\n" +
			"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		quoted := quotedprintable.NewWriter(b)
		quoted.Write(text.Bytes()) // a bytes.Buffer takes all
		quoted.Close()
		b.WriteString("\r\n--=_alt_0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n")
		b.Write(newsletters()[w.r.IntN(len(newsletters()))])
		b.WriteString("\r\n--=_alt_0--\r\n")
	case w.chance(0.3):
		b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		encoded := base64.StdEncoding.EncodeToString(text.Bytes())
		for ; len(encoded) > 76; encoded = encoded[76:] {
			b.WriteString(encoded[:76] + "\r\n")
		}
		b.WriteString(encoded + "\r\n")
	default:
		b.WriteString("Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
		b.Write(text.Bytes())
	}
}

// attachments are one or two of 50 kB to 5 MB, more small than large, and the end of the message.
func (w *writer) attachments(b *bytes.Buffer, n int) {
	for range 1 + w.r.IntN(2) {
		u := w.r.Float64()
		size := int(50e3 * math.Pow(100, u*u))
		extension, mediaType := "pdf", "application/pdf"
		if w.chance(0.4) {
			extension, mediaType = "bin", "application/octet-stream"
		}
		name := fmt.Sprintf("%s-%d.%s", w.word(), n, extension)
		fmt.Fprintf(b, "\r\n--=_mix_0\r\nContent-Type: %s; name=%q\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=%q\r\n\r\n", mediaType, name, name)
		b.Write(w.encoded(size))
	}
	b.WriteString("\r\n--=_mix_0--\r\n")
}

// flags are drawn: of the last messages a quarter is unread, of older ones hardly any.
func (w *writer) flags(recent bool) string {
	seen := 0.97
	if recent {
		seen = 0.75
	}
	var flags []string
	for _, f := range []struct {
		p    float64
		name string
	}{{seen, `\Seen`}, {0.03, `\Flagged`}, {0.12, `\Answered`}, {0.02, "$Forwarded"}, {0.02, "$Label1"}} {
		if w.chance(f.p) {
			flags = append(flags, f.name)
		}
	}
	return strings.Join(flags, " ")
}

// special makes the five messages of Special; attachment is the size of the first's, in octets.
func special(user string, attachment int, store func(Message) error) error {
	s := newSource(5, 5)
	var b bytes.Buffer
	start := func(n int, subject string) {
		b.Reset()
		fmt.Fprintf(&b, "From: Rig <rig@example.com>\r\nTo: %s@rig.example\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <special.%d.%s@example.com>\r\nMIME-Version: 1.0\r\n",
			user, subject, specialDate(n).Format(time.RFC1123Z), n, user)
	}
	for n, write := range []func(){
		func() {
			start(1, "special: 100 MiB attachment")
			b.WriteString("Content-Type: multipart/mixed; boundary=x0\r\n\r\n--x0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe attachment is 100 MiB.\r\n\r\n" +
				"--x0\r\nContent-Type: application/octet-stream; name=\"big.bin\"\r\nContent-Disposition: attachment; filename=\"big.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
			for lines := attachment/57 + 1; lines > 0; {
				some := noise()[:min(lines*noiseLine, len(noise()))]
				b.Write(some)
				lines -= len(some) / noiseLine
			}
			b.WriteString("\r\n--x0--\r\n")
		},
		func() {
			start(2, "special: 200 parts")
			b.WriteString("Content-Type: multipart/mixed; boundary=x0\r\n\r\n")
			for i := range 200 {
				if i%4 == 3 {
					fmt.Fprintf(&b, "--x0\r\nContent-Type: application/octet-stream; name=\"p%03d.bin\"\r\nContent-Disposition: attachment; filename=\"p%03d.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n", i, i, s.encoded(3000))
				} else {
					fmt.Fprintf(&b, "--x0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nPart %d. %s\r\n\r\n", i, s.phrase(40))
				}
			}
			b.WriteString("--x0--\r\n")
		},
		func() {
			start(3, "special: 80 kB newsletter")
			b.WriteString("Content-Type: text/html; charset=utf-8\r\n\r\n")
			b.Write(s.newsletter(80_000))
		},
		func() {
			start(4, "special: nested 20 deep")
			for i := range 20 {
				fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=n%02d\r\n\r\n--n%02d\r\n", i, i)
			}
			b.WriteString("Content-Type: text/plain; charset=utf-8\r\n\r\ndeep text\r\n\r\n")
			for i := 19; i >= 0; i-- {
				fmt.Fprintf(&b, "--n%02d--\r\n\r\n", i)
			}
		},
		func() {
			start(5, "special: inline image")
			b.WriteString("Content-Type: multipart/related; boundary=r0\r\n\r\n--r0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>See <img src=\"cid:a@rig\"></p>\r\n\r\n" +
				"--r0\r\nContent-Type: image/png\r\nContent-ID: <a@rig>\r\nContent-Disposition: inline; filename=\"a.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
				"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\r\n\r\n--r0--\r\n")
		},
	} {
		write()
		if err := store(Message{Date: specialDate(n + 1), Flags: `\Seen`, Raw: b.Bytes()}); err != nil {
			return err
		}
	}
	return nil
}

func specialDate(n int) time.Time {
	return time.Date(2026, 10, 1, 9, n, 0, 0, time.UTC)
}
