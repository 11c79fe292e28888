package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"godwit/imapsession/imaptest/seed"
)

// action is one row of the table: how the floor does it, how Godwit does, and what Godwit may take, in ms.
type action struct {
	name   string
	floor  func(i int) time.Duration
	godwit func(i int) time.Duration
	bar    func(floor float64) float64
}

func plus(ms float64) func(float64) float64 { return func(floor float64) float64 { return floor + ms } }

func times(factor float64) func(float64) float64 {
	return func(floor float64) float64 { return floor * factor }
}

func ofPage(floor float64) float64 { return max(1.5*floor, floor+2) }

// reading lists the actions of one person who reads.
func (r *rig) reading(t testing.TB) []action {
	w := r.start(t)
	in, special := r.dial(t, seed.Big), r.dial(t, seed.Big)
	exists := in.open("INBOX")
	special.open("Special")
	b := newBrowser(t, w.origin)
	b.signIn(seed.Big)
	rows := min(50, exists)
	wholePage := []want{{"row-link", rows}, {"<html", 1}, {`class="folder`, 10}}

	return []action{
		{"sign in",
			func(int) time.Duration {
				var c *raw
				took := timed(func() {
					var err error
					if c, err = r.tryDial(t, seed.Big); err != nil {
						t.Fatal(err)
					}
				})
				c.nc.Close()
				return took
			},
			func(int) time.Duration { return newBrowser(t, w.origin).signIn(seed.Big) },
			plus(4)},
		{"folders with counts asked anew",
			func(int) time.Duration {
				return timed(func() { in.do(`LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))`) })
			},
			func(int) time.Duration {
				return b.get("/folders", tree, want{`class="folder`, r.plan.Count(200, 12) - 2})
			},
			plus(1.5)},
		{"newest 50, whole page",
			func(int) time.Duration {
				return timed(func() { in.do("NOOP", fmt.Sprintf("FETCH %d:%d %s", exists-rows+1, exists, pageItems)) })
			},
			func(int) time.Duration { return b.get("/m/INBOX", page, wholePage...) },
			ofPage},
		{"a page anywhere",
			func(i int) time.Duration {
				low := anywhere(exists, i)
				return timed(func() { in.do(fmt.Sprintf("FETCH %d:%d %s", low, low+rows-1, pageItems)) })
			},
			func(i int) time.Duration {
				return b.get(fmt.Sprintf("/m/INBOX?before=%d", anywhere(exists, i)+rows), page, wholePage...)
			},
			ofPage},
		{"sorted by date, first time",
			func(int) time.Duration { return timed(func() { rawSorted(in) }) },
			func(int) time.Duration {
				fresh := newBrowser(t, w.origin)
				fresh.signIn(seed.Big)
				fresh.get("/m/INBOX", page)
				return fresh.get("/m/INBOX?sort=date", list, want{"row-link", rows})
			},
			times(1.1)},
		{"sorted by date, again",
			func(int) time.Duration { return timed(func() { rawSorted(in) }) },
			func(int) time.Duration { return b.get("/m/INBOX?sort=date", page, wholePage...) },
			func(float64) float64 { return 10 }},
		{"open a plain message",
			func(i int) time.Duration { return timed(func() { in.message(pick(r.mail.plain, i), "1") }) },
			func(i int) time.Duration {
				uid := pick(r.mail.plain, i)
				return b.get(fmt.Sprintf("/m/INBOX/%d", uid), reader, want{fmt.Sprintf("This is number %d.", uid-1), 1})
			},
			plus(1.5)},
		{"open an HTML message, body included",
			func(i int) time.Duration { return timed(func() { in.message(pick(r.mail.html, i), "2") }) },
			func(i int) time.Duration {
				path := fmt.Sprintf("/m/INBOX/%d", pick(r.mail.html, i))
				return b.get(path, reader, want{"/part/2/html", 1}) + b.get(path+"/part/2/html", page, want{"<td", 20})
			},
			plus(6)},
		{"open the message of 200 parts",
			func(int) time.Duration {
				var shown []string
				for part := range 200 {
					if part%4 != 3 {
						shown = append(shown, fmt.Sprint(part+1))
					}
				}
				return timed(func() { special.message(2, shown...) })
			},
			func(int) time.Duration {
				return b.get("/m/Special/2", reader, want{`class="txt`, 75}, want{"Part 0.", 1})
			},
			plus(5)},
	}
}

// anywhere is the first of 50 numbers; twenty places, spread over the mailbox.
func anywhere(exists, i int) int { return 1 + (i%20)*(exists-100)/20 }

func rawSorted(c *raw) {
	set := ""
	for _, r := range c.do("UID SORT RETURN (PARTIAL 1:50) (REVERSE DATE) UTF-8 ALL") {
		if _, rest, ok := strings.Cut(r.line, "(1:50 "); ok {
			set = strings.TrimRight(rest, ")")
		}
	}
	if set == "" {
		c.t.Fatal("floor: SORT gave no page")
	}
	c.do("UID FETCH " + set + " " + pageItems)
}

func BenchmarkReading(b *testing.B) {
	r := keptRig(b)
	for _, a := range r.reading(b) {
		b.Run(strings.ReplaceAll(a.name, " ", "-"), func(b *testing.B) {
			for i := range 3 { // both know the mailbox
				a.floor(i)
				a.godwit(i)
			}
			f, g := duel(b.Loop, a.floor, a.godwit)
			report(reporter{b}, a.name, f, g, a.bar(f.at(.5)))
		})
	}
}

// BenchmarkAttachment reads attachments of 50 kB to 5 MB; each takes another time to decode, which is added to its bar.
func BenchmarkAttachment(b *testing.B) {
	attachments(keptRig(b), b, reporter{b}, b.Loop)
}

func attachments(r *rig, t testing.TB, rep reporter, loop func() bool) {
	w := r.start(t)
	c := r.dial(t, seed.Big)
	c.open("INBOX")
	b := newBrowser(t, w.origin)
	b.signIn(seed.Big)
	var decoding, over samples
	command := func(i int) string { return fmt.Sprintf("UID FETCH %d (BODY.PEEK[2])", pick(r.mail.file, i)) }
	for i := range min(3, len(r.mail.file)) {
		c.stream(command(i))
		b.download(fmt.Sprintf("/m/INBOX/%d/part/2", pick(r.mail.file, i)))
	}
	f, g := duel(loop,
		func(i int) time.Duration { return timed(func() { c.stream(command(i)) }) },
		func(i int) time.Duration {
			uid := pick(r.mail.file, i)
			n, took := b.download(fmt.Sprintf("/m/INBOX/%d/part/2", uid))
			if encoded := r.mail.size[uid]; n != encoded/78*57 {
				t.Fatalf("attachment of %d has %d octets, want %d", uid, n, encoded/78*57)
			}
			return took
		})
	for i := range f {
		d := c.decodingTime(command(i))
		decoding.add(d)
		over = append(over, g[i]-f[i]-float64(d.Nanoseconds())/1e6)
	}
	// Messages differ in size, so that the bar is on what each turn took over the floor and its own decoding.
	table = append(table, line{"attachment of 50 kB to 5 MB", fmt.Sprintf("%.2f ms, p95 %.2f", g.at(.5), g.at(.95)),
		fmt.Sprintf("%.2f ms, p95 %.2f, decoding %.2f", f.at(.5), f.at(.95), decoding.at(.5)), fmt.Sprintf("%.2f", g.at(.5)/f.at(.5)),
		fmt.Sprintf("1.5 ms over floor and decoding: %.2f", over.at(.5)), verdict(over.at(.5) <= 1.5)})
	rep.metric(over.at(.5), "over-ms")
}

// BenchmarkDownload reads 100 MiB.
func BenchmarkDownload(b *testing.B) {
	download(keptRig(b), b, reporter{b}, b.Loop)
}

func download(r *rig, t testing.TB, rep reporter, loop func() bool) {
	w := r.start(t)
	c := r.dial(t, seed.Big)
	c.open("Special")
	b := newBrowser(t, w.origin)
	b.signIn(seed.Big)
	b.get("/m/INBOX", page)
	b.get("/m/Special/1", reader)
	time.Sleep(time.Second)
	idle := w.resident(t)
	w.forgetPeak(t)
	size := float64(r.plan.Attachment())
	f, g := duel(loop,
		func(int) time.Duration { return timed(func() { c.stream("UID FETCH 1 (BODY.PEEK[2])") }) },
		func(int) time.Duration {
			n, took := b.download("/m/Special/1/part/2")
			if float64(n) < size || float64(n) > size+57 {
				t.Fatalf("%d octets, want %.0f", n, size)
			}
			return took
		})
	speed := func(s samples) float64 { return size / 1e3 / s.at(.5) }
	// The bar was set where the floor read 908 MB/s.
	table = append(table, line{"attachment of 100 MiB", fmt.Sprintf("%.0f MB/s", speed(g)), fmt.Sprintf("%.0f MB/s undecoded", speed(f)),
		fmt.Sprintf("%.2f", speed(g)/speed(f)), fmt.Sprintf("400 MB/s where the floor is 908: %.0f here", speed(f)*400/908), verdict(speed(g) >= min(400, speed(f)*400/908))})
	rep.metric(speed(g), "MB/s")
	figure(rep, "  most memory over idle", w.peak(t)-idle, "MiB", 4, atMost)
}
