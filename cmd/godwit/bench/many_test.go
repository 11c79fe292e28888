package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"godwit/imapsession/imaptest/seed"
)

// BenchmarkIdle measures what people cost who are signed in and do nothing.
func BenchmarkIdle(b *testing.B) {
	r := keptRig(b)
	for b.Loop() {
	}
	idle(r, b, reporter{b}, 5*time.Second)
}

func idle(r *rig, t testing.TB, rep reporter, rest time.Duration) {
	w := r.start(t)
	newBrowser(t, w.origin).signIn(seed.Mid)
	time.Sleep(200 * time.Millisecond)
	before := w.memory(t)
	users := r.plan.Users()
	var g errgroup.Group
	g.SetLimit(8)
	for i := range users {
		b := newBrowser(t, w.origin)
		g.Go(func() error {
			if _, err := b.trySignIn(seed.User(i + 1)); err != nil {
				return err
			}
			_, err := b.tryGet("/m/INBOX", page, want{"row-link", 50})
			b.client.CloseIdleConnections()
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	busy := w.memory(t)
	time.Sleep(rest)
	after := w.memory(t)
	name := fmt.Sprintf("memory of %d idle sessions", users)
	table = append(table, line{name: name, figure: fmt.Sprintf("%.0f MiB PSS (%.0f just after, %.0f before): %.0f kB each", after, busy, before, (after-before)*1024/float64(users))})
	rep.metric(after, "MiB")
}

// crowd is people who list and then open a text, without a pause to think.
type crowd struct {
	lists, opens samples
	perSecond    float64
	own, mail    time.Duration // CPU of an action: Godwit's and Dovecot's
	memory       float64       // MiB PSS, the most seen
}

// step does action i of a person and tells how long the list and the opening took.
type step func(i int) (list, open time.Duration, err error)

func (r *rig) crowd(t testing.TB, w *godwit, people []step, length time.Duration) crowd {
	t.Helper()
	for _, do := range people { // everyone has been here before
		if _, _, err := do(0); err != nil {
			t.Fatal(err)
		}
	}
	var c crowd
	own := func() time.Duration {
		if w == nil {
			return 0
		}
		return cpu(w.pid)
	}
	ownBefore, mailBefore, start := own(), cpu(r.dovecot.PID), time.Now()
	stop := make(chan struct{})
	var sampler sync.WaitGroup
	if w != nil {
		sampler.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(250 * time.Millisecond):
					c.memory = max(c.memory, w.memory(t))
				}
			}
		})
	}
	var g errgroup.Group
	var mu sync.Mutex
	for n, do := range people {
		g.Go(func() error {
			for i := 1; time.Since(start) < length || i < 3; i++ {
				list, open, err := do(n + i)
				if err != nil {
					return err
				}
				mu.Lock()
				c.lists.add(list)
				c.opens.add(open)
				mu.Unlock()
			}
			return nil
		})
	}
	err := g.Wait()
	took := time.Since(start)
	close(stop)
	sampler.Wait()
	if err != nil {
		t.Fatal(err)
	}
	actions := time.Duration(len(c.lists) + len(c.opens))
	c.perSecond = float64(actions) / took.Seconds()
	c.own, c.mail = (own()-ownBefore)/actions, (cpu(r.dovecot.PID)-mailBefore)/actions
	return c
}

// rawPeople and people are the same persons at the floor and in Godwit.
func (r *rig) rawPeople(t testing.TB, n int, stock []*inventory) []step {
	all := make([]step, n)
	for p := range n {
		c := r.dial(t, seed.User(p+1))
		exists := c.open("INBOX")
		all[p] = func(i int) (list, open time.Duration, err error) {
			start := time.Now()
			if _, err = c.pipeline(nil, "NOOP", fmt.Sprintf("FETCH %d:%d %s", exists-49, exists, pageItems)); err != nil {
				return
			}
			list, start = time.Since(start), time.Now()
			uid := pick(stock[p].plain, i)
			if _, err = c.pipeline(nil, fmt.Sprintf("UID FETCH %d %s", uid, headItems)); err == nil {
				_, err = c.pipeline(nil, fmt.Sprintf("UID FETCH %d (BODY.PEEK[1])", uid))
			}
			return list, time.Since(start), err
		}
	}
	return all
}

func (r *rig) people(t testing.TB, w *godwit, n int, stock []*inventory) []step {
	all := make([]step, n)
	for p := range n {
		b := newBrowser(t, w.origin)
		b.signIn(seed.User(p + 1))
		all[p] = func(i int) (list, open time.Duration, err error) {
			// What the answers hold is looked at in some: doing so takes from the machine that is measured.
			var rows, text []want
			uid := pick(stock[p].plain, i)
			if i%16 == 0 {
				rows, text = []want{{"row-link", 50}}, []want{{fmt.Sprintf("This is number %d.", uid-1), 1}}
			}
			if list, err = b.tryGet("/m/INBOX", page, rows...); err == nil {
				open, err = b.tryGet(fmt.Sprintf("/m/INBOX/%d", uid), reader, text...)
			}
			return list, open, err
		}
	}
	return all
}

// BenchmarkFifty is fifty people at once.
func BenchmarkFifty(b *testing.B) {
	r := keptRig(b)
	for b.Loop() {
	}
	fifty(r, b, reporter{b}, min(50, r.plan.Users()), 3, 5*time.Second)
}

// Where the bars were set, the floor did this.
const (
	floorPerSecond = 1137.0
	floorListP95   = 84.0
	floorCPU       = 0.9 // ms of Dovecot's an action
)

func fifty(r *rig, t testing.TB, rep reporter, n, rounds int, length time.Duration) {
	w := r.start(t)
	stock := make([]*inventory, n)
	for p := range n {
		stock[p] = r.takeStock(t, seed.User(p+1))
	}
	rawPeople, people := r.rawPeople(t, n, stock), r.people(t, w, n, stock)
	var fs, gs []crowd
	for range rounds {
		fs = append(fs, r.crowd(t, nil, rawPeople, length))
		gs = append(gs, r.crowd(t, w, people, length))
	}
	f, g := middle(fs), middle(gs)
	name := fmt.Sprintf("%d people", n)
	rate := f.perSecond * 700 / floorPerSecond
	table = append(table, line{name + ": actions/s", fmt.Sprintf("%.0f", g.perSecond), fmt.Sprintf("%.0f", f.perSecond), fmt.Sprintf("%.2f", g.perSecond/f.perSecond),
		fmt.Sprintf("700 where the floor is %.0f: %.0f here", floorPerSecond, rate), verdict(g.perSecond >= min(700, rate))})
	p95 := f.lists.at(.95) * 120 / floorListP95
	table = append(table, line{name + ": p95 of a list", fmt.Sprintf("%.0f ms", g.lists.at(.95)), fmt.Sprintf("%.0f ms", f.lists.at(.95)), fmt.Sprintf("%.2f", g.lists.at(.95)/f.lists.at(.95)),
		fmt.Sprintf("120 ms where the floor is %.0f: %.0f here", floorListP95, p95), verdict(g.lists.at(.95) <= max(120, p95))})
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	machine := milliseconds(f.mail) / floorCPU // how slow this one is
	table = append(table, line{name + ": CPU of an action", fmt.Sprintf("%.2f + %.2f ms of Dovecot's", milliseconds(g.own), milliseconds(g.mail)), fmt.Sprintf("0 + %.2f ms", milliseconds(f.mail)), "",
		fmt.Sprintf("1.2 + 0.9 ms where the floor is %.1f: %.2f + %.2f here", floorCPU, 1.2*machine, floorCPU*machine),
		verdict(milliseconds(g.own) <= 1.2*max(1, machine) && milliseconds(g.mail) <= floorCPU*max(1, machine)*1.1)})
	figure(rep, name+": memory", g.memory, "MiB", 60, atMost)
	rep.metric(g.perSecond, "actions/s")
}

// middle is the round with the median rate, and the most memory of all.
func middle(rounds []crowd) crowd {
	var rates samples
	memory := 0.0
	for _, c := range rounds {
		rates = append(rates, c.perSecond)
		memory = max(memory, c.memory)
	}
	for _, c := range rounds {
		if c.perSecond == rates.at(.5) {
			c.memory = memory
			return c
		}
	}
	return crowd{}
}
