package replay

import (
	"strings"
	"sync"
	"time"
)

// idle answers IDLE.
func (c *sess) idle(r *request) (string, error) {
	if !c.need("IDLE", "IDLE", "IMAP4rev2") {
		return "BAD unknown command", nil
	}
	c.hold()
	c.sync(true)
	c.line("+ idling")
	c.release()
	done := make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	for _, rule := range c.s.Idle {
		running.Go(func() { c.later(rule, done) })
	}
	l, err := c.br.ReadString('\n')
	close(done)
	if err != nil {
		return "", err
	}
	c.sv.log(c.id, "C", "%s", strings.TrimSpace(l))
	if !strings.EqualFold(strings.TrimSpace(l), "DONE") {
		c.bad("IDLE ended with %q", l)
		return "BAD expected DONE", nil
	}
	return "OK IDLE completed", nil
}

// later plays a rule when its time has come, unless IDLE ends before.
func (c *sess) later(rule *Rule, done chan struct{}) {
	select {
	case <-done:
		return
	case <-time.After(rule.After):
	}
	c.sv.mu.Lock()
	due := rule.Times == 0 || rule.Used < rule.Times
	rule.Used++
	c.sv.mu.Unlock()
	if due {
		c.run(rule, nil, nil)
	}
}

// sync tells the client of changes in the selected mailbox.
func (c *sess) sync(expunge bool) {
	if c.mb == nil || c.state != stSel {
		return
	}
	now := c.mb.visible()
	in := map[*Msg]bool{}
	for _, x := range now {
		in[x] = true
	}
	if expunge {
		for i := len(c.view) - 1; i >= 0; i-- {
			if !in[c.view[i]] {
				c.line("* %d EXPUNGE", i+1)
				c.view = append(c.view[:i:i], c.view[i+1:]...)
			}
		}
	}
	have := map[*Msg]bool{}
	for _, x := range c.view {
		have[x] = true
	}
	n := len(c.view)
	for _, x := range now {
		if !have[x] {
			c.view = append(c.view, x)
		}
	}
	if len(c.view) != n {
		c.line("* %d EXISTS", len(c.view))
	}
}
