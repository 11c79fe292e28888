package imapsession

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// pool lends connections, each to one borrower at a time: lent and idle ones together
// are never more than max. Who waits is served in the order of asking.
//
// It has one timer for what lies idle too long; close waits for it and for everything it started.
type pool struct {
	dial      func(ctx context.Context) (*conn, error)
	max       int
	idleAfter time.Duration

	life context.Context // ends with close
	end  context.CancelFunc

	mu       sync.Mutex
	idle     []*conn // the one used last is the last
	lent     map[*conn]bool
	dialing  int
	queue    []*waiter
	limit    int       // what the server turned out to allow, 0 when not known; see yield
	until    time.Time // when limit is forgotten
	closed   bool
	farewell context.Context // of close: how long goodbyes may take
	empty    chan struct{}   // closed when closed and nothing is lent or dialled
	reaper   *time.Timer
	chores   sync.WaitGroup // goodbyes under way
}

// waiter is served by being given a connection, or nil for leave to dial one.
type waiter struct {
	mailbox string
	served  chan struct{}
	conn    *conn
	err     error
}

func newPool(dial func(ctx context.Context) (*conn, error), max int, idleAfter time.Duration) *pool {
	p := &pool{dial: dial, max: max, idleAfter: idleAfter, lent: make(map[*conn]bool), empty: make(chan struct{})}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// get returns a connection for a borrower who wants mailbox, which is not yet selected, and
// whether it was used before.
func (p *pool) get(ctx context.Context, mailbox string) (c *conn, reused bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return nil, false, errClosed
	case len(p.queue) > 0: // nobody overtakes
	default:
		if c := p.pick(mailbox); c != nil {
			p.lent[c] = true
			p.mu.Unlock()
			return c, true, nil
		}
		if p.room() {
			p.dialing++
			p.mu.Unlock()
			return p.fill(ctx, mailbox)
		}
	}
	w := &waiter{mailbox: mailbox, served: make(chan struct{})}
	p.queue = append(p.queue, w)
	p.mu.Unlock()
	return p.await(ctx, w)
}

func (p *pool) await(ctx context.Context, w *waiter) (*conn, bool, error) {
	select {
	case <-w.served:
	case <-ctx.Done():
		p.mu.Lock()
		if i := slices.Index(p.queue, w); i >= 0 {
			p.queue = slices.Delete(p.queue, i, i+1)
			p.mu.Unlock()
			return nil, false, ctx.Err()
		}
		p.mu.Unlock()
		// Served in the same moment: pass it on.
		<-w.served
		switch {
		case w.conn != nil:
			p.put(w.conn)
		case w.err == nil:
			p.release()
		}
		return nil, false, ctx.Err()
	}
	if w.conn != nil || w.err != nil {
		return w.conn, true, w.err
	}
	return p.fill(ctx, w.mailbox)
}

// fill dials; the caller has counted it in dialing.
func (p *pool) fill(ctx context.Context, mailbox string) (*conn, bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	c, err := p.dial(ctx)
	if err == nil {
		p.mu.Lock()
		p.dialing--
		p.lent[c] = true
		p.mu.Unlock()
		return c, false, nil
	}
	switch {
	case p.life.Err() != nil:
		err = errClosed
	case ctx.Err() == nil:
		if c, w := p.yield(mailbox, err); c != nil {
			return c, true, nil
		} else if w != nil {
			return p.await(ctx, w)
		}
	}
	p.release()
	return nil, false, err
}

// How long fewer connections than max are used after one more did not come about.
const (
	limitHolds   = 5 * time.Minute  // the server said no
	troubleHolds = 30 * time.Second // it was not reached, or said that it has trouble
)

// limitHeld is how long to refrain from dialling after err. Servers that have enough of a user say so in many
// ways, some by refusing a password that they took a moment ago; asking again and again may lock the user out.
func limitHeld(err error) time.Duration {
	var failed *LoginError
	if errors.As(err, &failed) {
		switch failed.Reason {
		case LoginUnreachable, LoginUnavailable, LoginBye:
			return troubleHolds
		}
	}
	return limitHolds
}

// yield gives up dialling, whatever the reason, when there are other connections to make do with: an idle one is
// returned, else a place in front of the queue, also when others are just being dialled; neither when there are none.
func (p *pool) yield(mailbox string, err error) (*conn, *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil
	}
	if c := p.pick(mailbox); c != nil {
		p.dialing--
		p.lent[c] = true
		return c, nil
	}
	others := len(p.lent) + p.dialing - 1
	if others == 0 {
		return nil, nil
	}
	p.dialing--
	p.limit, p.until = others, time.Now().Add(limitHeld(err))
	w := &waiter{mailbox: mailbox, served: make(chan struct{})}
	p.queue = slices.Insert(p.queue, 0, w)
	return nil, w
}

// warm dials the first connection and leaves it idle.
func (p *pool) warm(ctx context.Context) error {
	c, _, err := p.get(ctx, "")
	if err != nil {
		return err
	}
	p.put(c)
	return nil
}

// adopt takes in a connection that was made elsewhere.
func (p *pool) adopt(c *conn) {
	p.mu.Lock()
	p.lent[c] = true
	p.mu.Unlock()
	p.put(c)
}

// put takes a connection back after its loan.
func (p *pool) put(c *conn) {
	c.idle = time.Now()
	p.mu.Lock()
	if !p.lent[c] {
		p.mu.Unlock()
		return
	}
	delete(p.lent, c)
	if c.broken || c.dead() {
		p.dialing++ // the place, for whoever waits
		p.mu.Unlock()
		c.discard()
		p.release()
		return
	}
	if p.closed {
		p.chores.Add(1)
		defer p.chores.Done()
		p.settle()
		farewell := p.farewell
		p.mu.Unlock()
		c.logout(farewell)
		return
	}
	defer p.mu.Unlock()
	if len(p.queue) > 0 {
		w := p.queue[0]
		p.queue = p.queue[1:]
		p.lent[c] = true
		w.conn = c
		close(w.served)
		return
	}
	p.idle = append(p.idle, c)
	p.arm()
}

// release gives back the place of a connection that did not come about or broke.
func (p *pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialing--
	if p.closed {
		p.settle()
		return
	}
	for len(p.queue) > 0 && p.room() {
		w := p.queue[0]
		p.queue = p.queue[1:]
		p.dialing++
		close(w.served)
	}
}

// room tells whether one more may be dialled. Idle ones need no counting: they are taken first.
func (p *pool) room() bool {
	most := p.max
	if p.limit > 0 && time.Now().Before(p.until) {
		most = max(1, min(most, p.limit))
	}
	return len(p.lent)+p.dialing+len(p.idle) < most
}

// pick takes the idle connection that serves mailbox best: one that has it selected,
// else one that has nothing selected, else the one whose mailbox has been left alone for longest.
func (p *pool) pick(mailbox string) *conn {
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if c.dead() {
			p.chores.Go(c.discard)
			return true
		}
		return false
	})
	if len(p.idle) == 0 {
		return nil
	}
	best := 0
	for i, c := range p.idle {
		switch {
		case mailbox != "" && c.selected(mailbox):
			best = i
		case c.mailbox == "" && !p.idle[best].selected(mailbox) && p.idle[best].mailbox != "":
			best = i
		}
	}
	c := p.idle[best]
	p.idle = slices.Delete(p.idle, best, best+1)
	return c
}

// distrust drops the idle connections, after one of them turned out dead: the others will have
// gone the same way, and finding that out can take a while for each.
func (p *pool) distrust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		p.chores.Go(c.discard)
	}
	p.idle = nil
}

// arm sets the timer for the connection that lay idle longest. The caller holds mu.
func (p *pool) arm() {
	if p.reaper != nil || len(p.idle) == 0 || p.closed {
		return
	}
	p.reaper = time.AfterFunc(time.Until(p.idle[0].idle.Add(p.idleAfter)), p.reap)
}

// reap logs out what lay idle too long.
func (p *pool) reap() {
	p.mu.Lock()
	p.reaper = nil
	if p.closed {
		p.mu.Unlock()
		return
	}
	var old []*conn
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if time.Since(c.idle) < p.idleAfter {
			return false
		}
		old = append(old, c)
		return true
	})
	p.arm()
	p.chores.Add(1)
	p.mu.Unlock()
	defer p.chores.Done()
	for _, c := range old {
		c.logout(p.life) // cut short by close
	}
}

// settle closes p.empty when the last borrower is gone. The caller holds mu.
func (p *pool) settle() {
	if len(p.lent)+p.dialing > 0 {
		return
	}
	select {
	case <-p.empty:
	default:
		close(p.empty)
	}
}

// maxCut bounds the wait for borrowers whose connections were cut off under them.
const maxCut = 100 * time.Millisecond

// close says goodbye on all connections. Those lent are waited for until ctx ends, then cut off.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed, p.farewell = true, ctx
		if p.reaper != nil {
			p.reaper.Stop()
			p.reaper = nil
		}
		for _, w := range p.queue {
			w.err = errClosed
			close(w.served)
		}
		p.queue = nil
		for _, c := range p.idle {
			p.chores.Go(func() { c.logout(ctx) })
		}
		p.idle = nil
		p.settle()
	}
	p.mu.Unlock()

	var err error
	select {
	case <-p.empty:
	case <-ctx.Done():
		err = ctx.Err()
		p.cut()
	}
	p.end()
	p.chores.Wait()
	return err
}

func (p *pool) cut() {
	p.end() // whoever dials stops
	p.mu.Lock()
	for c := range p.lent {
		c.abort()
	}
	p.mu.Unlock()
	timeout := time.NewTimer(maxCut)
	defer timeout.Stop()
	select {
	case <-p.empty:
	case <-timeout.C:
	}
}
