package replay

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The states of a connection (RFC 3501 section 3).
const (
	stPre = iota
	stAuth
	stSel
)

// sess is one connection.
type sess struct {
	sv      *Server
	s       *Script
	id      int
	nc      net.Conn
	br      *bufio.Reader
	wmu     sync.Mutex
	state   int
	secure  bool
	mb      *Mailbox
	ro      bool
	view    []*Msg
	seq     int
	chunk   int
	utf8    bool
	closing bool

	holding bool   // guarded by wmu, like kept
	kept    []byte // written while the state was held
}

// request is one command, taken apart.
type request struct {
	cmd  *command
	name string // upper case, without UID
	rest string // its arguments as they were sent
	args []tok
	uid  bool // after UID
}

func (r *request) arg(i int) string {
	if i < len(r.args) {
		return r.args[i].s
	}
	return ""
}

// errClosed ends a connection.
var errClosed = errors.New("closed by script")

// write sends b, or keeps it while the server's state is held: a client that
// does not read must not stop the others.
func (c *sess) write(b string) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.sv.log(c.id, "S", "%s", strings.TrimRight(b, "\r\n"))
	if c.holding {
		c.kept = append(c.kept, b...)
		return
	}
	c.send(b)
}

// send puts b on the wire, in small pieces where the script wants it. c.wmu is held.
func (c *sess) send(b string) {
	for c.chunk > 0 && len(b) > c.chunk {
		io.WriteString(c.nc, b[:c.chunk])
		b = b[c.chunk:]
		time.Sleep(time.Millisecond)
	}
	io.WriteString(c.nc, b)
}

// hold takes the server's mailboxes for this connection alone; release gives
// them back and sends what was written meanwhile.
func (c *sess) hold() {
	c.sv.state.Lock()
	c.wmu.Lock()
	c.holding = true
	c.wmu.Unlock()
}

func (c *sess) release() {
	c.wmu.Lock()
	kept := string(c.kept)
	c.kept, c.holding = nil, false
	c.sv.state.Unlock()
	c.send(kept)
	c.wmu.Unlock()
}

func (c *sess) line(f string, a ...any) { c.write(fmt.Sprintf(f, a...) + "\r\n") }

func (c *sess) bad(f string, a ...any) { c.sv.log(c.id, "violation", f, a...) }

// caps is what the server offers at this moment.
func (c *sess) caps() string {
	c.sv.mu.Lock()
	defer c.sv.mu.Unlock()
	if c.state == stPre && !c.s.Preauth {
		if c.secure && c.s.CapsTLS != "" {
			return c.s.CapsTLS
		}
		if c.s.CapsPre != "" && !(c.secure && c.s.TLS == "starttls") {
			return c.s.CapsPre
		}
		if c.s.CapsPre != "" {
			return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(c.s.CapsPre, "STARTTLS", ""), "LOGINDISABLED", ""))
		}
	}
	return c.s.Caps
}

func (c *sess) has(k string) bool {
	for _, f := range strings.Fields(c.caps()) {
		if strings.EqualFold(f, k) {
			return true
		}
	}
	return false
}

// need notes a violation unless one of caps is offered.
func (c *sess) need(what string, caps ...string) bool {
	for _, k := range caps {
		if c.has(k) {
			return true
		}
	}
	c.bad("used %s, which this server does not announce (%s)", what, strings.Join(caps, "/"))
	return false
}

// command is one command as it came.
type command struct {
	tag, text string // text: the command without the tag, literals as {n}
	lits      [][]byte
}

// read reads one command, literals included.
func (c *sess) read() (*command, error) {
	var cmd command
	var b strings.Builder
	for first := true; ; first = false {
		l, err := c.br.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(l, "\r\n") {
			c.bad("a line ends with a bare LF")
		}
		l = strings.TrimRight(l, "\r\n")
		if first {
			cmd.tag, l, _ = strings.Cut(l, " ")
		}
		m := litRe.FindStringSubmatch(l)
		if m == nil {
			b.WriteString(l)
			break
		}
		n, _ := strconv.Atoi(m[2])
		plus := m[3] != ""
		if plus && m[3] == "+" && !c.has("LITERAL+") && !(c.has("LITERAL-") && n <= 4096) && !(c.has("IMAP4rev2") && n <= 4096) {
			c.bad("non-synchronising literal {%d+} without LITERAL+", n)
		}
		if m[1] == "~" && !c.has("BINARY") && !c.utf8 {
			c.bad("literal8 without BINARY")
		}
		if n > 64<<20 {
			c.line("%s BAD literal too large", cmd.tag)
			return nil, errClosed
		}
		if !plus {
			// a rule may refuse the literal before it is sent
			b.WriteString(l)
			cmd.text = b.String()
			if r, g := c.match("prelit", cmd.text+"<literal>"); r != nil {
				c.sv.log(c.id, "C", "%s %s", cmd.tag, cmd.text)
				return nil, c.run(r, &cmd, g)
			}
			c.line("%s", c.s.Continuation)
		} else {
			b.WriteString(l)
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(c.br, data); err != nil {
			return nil, err
		}
		cmd.lits = append(cmd.lits, data)
	}
	cmd.text = b.String()
	for i := 0; i < len(cmd.text); i++ {
		if cmd.text[i] >= 0x80 && !c.utf8 && !c.has("IMAP4rev2") {
			c.bad("raw 8-bit bytes in a command: %.80q", cmd.text)
			break
		}
	}
	return &cmd, nil
}

var litRe = regexp.MustCompile(`(~?)\{(\d+)(\+|-)?\}$`)

// conn talks to one client until it goes, or the script says so.
func (sv *Server) conn(nc net.Conn, id int) {
	c := &sess{sv: sv, s: sv.S, id: id, nc: nc}
	defer func() { c.nc.Close() }()
	if sv.S.TLS == "implicit" {
		c.nc = tls.Server(nc, sv.tls)
		c.secure = true
	}
	c.br = bufio.NewReaderSize(c.nc, 1<<16)
	if c.s.Preauth {
		c.state = stAuth
	}
	sv.track(nc, true)
	defer sv.track(nc, false)
	g := c.s.Greeting
	if g == "" {
		g = "* OK [CAPABILITY " + c.caps() + "] ready"
	}
	c.line("%s", g)
	if strings.HasPrefix(strings.ToUpper(g), "* BYE") {
		return
	}
	for {
		cmd, err := c.read()
		if err != nil {
			if !errors.Is(err, errClosed) {
				sv.log(id, "C", "(end: %v)", err)
			}
			return
		}
		if cmd == nil { // a rule answered before the literal came
			continue
		}
		show := cmd.text
		if strings.HasPrefix(strings.ToUpper(show), "LOGIN ") {
			show = "LOGIN (hidden)"
		}
		sv.log(id, "C", "%s %s", cmd.tag, show)
		if err := c.handle(cmd); err != nil {
			return
		}
		if c.closing {
			return
		}
	}
}

// handle answers one command: by a rule, or built in with what rules put before it and before its completion.
func (c *sess) handle(cmd *command) error {
	if r, g := c.match("on", cmd.text); r != nil {
		if err := c.run(r, cmd, g); !errors.Is(err, errDefault) {
			return err
		}
	} else if c.s.Strict {
		c.sv.log(c.id, "unscripted", "%s", cmd.text)
		c.line("%s BAD not in the script", cmd.tag)
		return nil
	}
	if r, g := c.match("before", cmd.text); r != nil {
		if err := c.run(r, cmd, g); err != nil && !errors.Is(err, errDefault) {
			return err
		}
	}
	res, err := c.builtin(newRequest(cmd))
	if err != nil {
		return err
	}
	if res == "" {
		return nil
	}
	if r, g := c.match("tail", cmd.text); r != nil {
		if err := c.run(r, cmd, g); err != nil && !errors.Is(err, errDefault) {
			return err
		}
	}
	c.line("%s %s", cmd.tag, res)
	return nil
}
