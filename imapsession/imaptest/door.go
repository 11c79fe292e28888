package imaptest

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// A door is a loopback port that leads to a server's address, and can be shut. Both directions are
// copied by the kernel (splice), so that it costs a benchmark next to nothing.
type door struct {
	to   string
	port int // chosen by the first start, kept by later ones

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool // both ends of all that is open
	done     sync.WaitGroup
}

func (d *door) start() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", d.port))
	if err != nil {
		return err
	}
	d.listener = l
	d.port = l.Addr().(*net.TCPAddr).Port
	d.done.Go(func() { d.accept(l) })
	return nil
}

func (d *door) accept(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", d.to)
		if err != nil {
			in.Close()
			continue
		}
		if !d.add(l, in, out) {
			continue
		}
		d.done.Go(func() { d.copy(in, out) })
		d.done.Go(func() { d.copy(out, in) })
	}
}

// add registers a pair, unless the door was shut meanwhile.
func (d *door) add(l net.Listener, in, out net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != l {
		in.Close()
		out.Close()
		return false
	}
	d.conns[in], d.conns[out] = true, true
	return true
}

// copy carries one direction; its end is passed on as a half-close, its failure closes both.
func (d *door) copy(from, to net.Conn) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.(*net.TCPConn).CloseWrite()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// The second direction to end closes both; the first leaves its mark.
	if err != nil || !d.conns[from] {
		from.Close()
		to.Close()
		delete(d.conns, from)
		delete(d.conns, to)
		return
	}
	d.conns[to] = false
}

func (d *door) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		c.Close()
	}
	clear(d.conns)
}

func (d *door) stop() {
	d.mu.Lock()
	if d.listener != nil {
		d.listener.Close()
		d.listener = nil
	}
	d.mu.Unlock()
	d.kill()
	d.done.Wait()
}

func (d *door) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.conns) / 2
}
