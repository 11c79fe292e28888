package wire

import (
	"net"
	"time"
)

// SetDeadline does nothing: see SetReadDeadline.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing. imapclient sets one absolute deadline for a
// whole literal, which would cut off a slow reader of ours, and none at all
// while it waits for the first octet of an answer, so that a dead peer would
// never be noticed. Conn keeps time itself: see arm.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: each write to the socket has its own.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// waiting reports whether the server owes us something: the greeting, or the
// completion of a command other than an IDLE that it has accepted. c.mu is held.
func (c *Conn) waiting() bool {
	if !c.greeted || len(c.calls) > 0 {
		return true
	}
	for _, f := range c.flights {
		if !f.quiet {
			return true
		}
	}
	return false
}

// arm gives the socket's next or pending read its time: Options.Wait from now
// while the server owes us something, else none. It is called before each read
// of the socket, so that data which trickles in never trips it and a literal
// that our own reader leaves lying does not either; and after each write, since
// by then a read without a deadline is usually pending. c.mu is held.
func (c *Conn) arm() {
	switch {
	case len(c.injected) > 0 && c.greeted: // Options.Greeting is taken before the first read
		c.Conn.SetReadDeadline(time.Unix(1, 0)) // wake a pending read: there is something to give
	case c.waiting():
		c.Conn.SetReadDeadline(time.Now().Add(c.opts.Wait))
	default:
		c.Conn.SetReadDeadline(time.Time{})
	}
}

// writeChunk is what one write deadline covers: a server that takes in less
// than this in Options.Wait is as good as dead.
const writeChunk = 64 << 10

// writeSocket writes b, sliding both deadlines per chunk: while a long literal
// goes out the server has nothing to say.
func (c *Conn) writeSocket(b []byte) error {
	for len(b) > 0 {
		chunk := b[:min(len(b), writeChunk)]
		c.mu.Lock()
		if c.fault != nil {
			defer c.mu.Unlock()
			return c.fault
		}
		c.Conn.SetWriteDeadline(time.Now().Add(c.opts.Wait))
		c.arm()
		c.mu.Unlock()
		if _, err := c.Conn.Write(chunk); err != nil {
			return c.fail(err)
		}
		b = b[len(chunk):]
	}
	return nil
}

// keepAlive asks the kernel to notice a peer that is gone while no command is
// in flight: after about two minutes.
func keepAlive(nc net.Conn) {
	if inner, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = inner.NetConn()
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4})
	}
}
