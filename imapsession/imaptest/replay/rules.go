package replay

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// match finds the rule that answers a command, and what its groups matched. Of
// the strict sequence only the next rule counts.
func (c *sess) match(kind, text string) (*Rule, []string) {
	c.sv.mu.Lock()
	defer c.sv.mu.Unlock()
	if kind == "on" {
		n := 0
		for _, r := range c.s.Rules {
			if r.Kind != "seq" {
				continue
			}
			if n == c.seq {
				if g := r.Re.FindStringSubmatch(text); g != nil {
					c.seq++
					r.Used++
					return r, g
				}
				break
			}
			n++
		}
	}
	for _, r := range c.s.Rules {
		if r.Kind != kind || (r.Times > 0 && r.Used >= r.Times) {
			continue
		}
		if g := r.Re.FindStringSubmatch(text); g != nil {
			r.Used++
			return r, g
		}
	}
	return nil, nil
}

// expand fills in $TAG, $1 to $9, %(hex octets) and {@data}.
func (c *sess) expand(s string, tag string, g []string) string {
	s = unescape(s)
	s = strings.ReplaceAll(s, "$TAG", tag)
	for i := min(9, len(g)-1); i >= 1; i-- {
		s = strings.ReplaceAll(s, "$"+strconv.Itoa(i), g[i])
	}
	return dataRe.ReplaceAllStringFunc(s, func(m string) string {
		n := strings.Trim(strings.TrimPrefix(m, "~"), "{@}")
		d := c.s.Data[n]
		pre := ""
		if m[0] == '~' {
			pre = "~"
		}
		return fmt.Sprintf("%s{%d}\r\n%s", pre, len(d), d)
	})
}

var dataRe = regexp.MustCompile(`~?\{@[A-Za-z0-9_.-]+\}`)

// errDefault says that the built-in server is to answer.
var errDefault = errors.New("default")

// run plays a rule's steps. errDefault: go on with the built-in answer.
func (c *sess) run(r *Rule, cmd *command, g []string) error {
	tag := "*"
	if cmd != nil {
		tag = cmd.tag
	}
	c.sv.log(c.id, "rule", "%s: %s", r.Kind, r.Src)
	for _, st := range r.Steps {
		if st.Kind == "S" {
			c.write(c.expand(st.Text, tag, g) + "\r\n")
			continue
		}
		if err := c.act(st.Text, tag, g); err != nil {
			return err
		}
	}
	return nil
}

// act does what an X line says.
func (c *sess) act(text, tag string, g []string) error {
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "":
		return nil
	case "default":
		return errDefault
	case "close":
		c.nc.Close()
		return errClosed
	case "reset":
		if t, ok := c.nc.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
		c.nc.Close()
		return errClosed
	case "hang":
		<-c.sv.ended
		return errClosed
	case "sleep":
		d, err := time.ParseDuration(rest)
		if err != nil {
			c.bad("script: %v", err)
		}
		select {
		case <-time.After(d):
		case <-c.sv.ended:
		}
		return nil
	case "raw": // no line end
		c.write(c.expand(rest, tag, g))
		return nil
	case "file": // a recorded answer; A######## stands for the tag
		c.recorded(rest, tag)
		return nil
	case "drain":
		c.drain()
		return nil
	}
	act := changes[word]
	if act == nil {
		c.bad("script: unknown action %q", text)
		return nil
	}
	c.hold()
	defer c.release()
	act(c, strings.Fields(rest+" - -"))
	return nil
}

// drain loses what the client had pipelined.
func (c *sess) drain() {
	c.nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	n, _ := io.Copy(io.Discard, c.br)
	c.nc.SetReadDeadline(time.Time{})
	c.br.Reset(c.nc)
	if n > 0 {
		c.bad("%d bytes pipelined behind a command that changes the state were lost", n)
	}
}

func (c *sess) recorded(file, tag string) {
	b, err := os.ReadFile(filepath.Join(filepath.Dir(c.s.File), file))
	if err != nil {
		c.bad("script: %v", err)
		return
	}
	c.write(strings.ReplaceAll(string(crlf(b)), "A########", tag))
}

// changes are the actions that change what the server holds. Each gets the
// words behind its own, two at least.
var changes = map[string]func(c *sess, f []string){
	"chunk": func(c *sess, f []string) { c.chunk, _ = strconv.Atoi(f[0]) },
	"auth":  func(c *sess, f []string) { c.state = stAuth },
	"state-selected": func(c *sess, f []string) { // as if INBOX were open
		if c.mb = c.s.find("INBOX"); c.mb != nil {
			c.view, c.state = c.mb.visible(), stSel
		}
	},
	"caps": func(c *sess, f []string) {
		c.sv.mu.Lock()
		c.s.Caps = strings.Join(f[:len(f)-2], " ")
		c.sv.mu.Unlock()
	},
	"uidvalidity": func(c *sess, f []string) {
		if m := c.s.find(f[0]); m != nil {
			m.UIDValidity = number(f[1])
		}
	},
	"renumber": func(c *sess, f []string) {
		m := c.s.find(f[0])
		if m == nil {
			return
		}
		for _, x := range m.Msgs {
			x.UID += number(f[1])
		}
		m.UIDNext += number(f[1])
	},
	"show": func(c *sess, f []string) { // a hidden message arrives
		for _, m := range c.s.Mailboxes {
			for _, x := range m.Msgs {
				x.Hidden = x.Hidden && x.Name != f[0]
			}
		}
		c.sync(true)
	},
	"expunge": func(c *sess, f []string) {
		if m := c.s.find(f[0]); m != nil {
			m.Msgs = slices.DeleteFunc(slices.Clone(m.Msgs), func(x *Msg) bool { return x.UID == number(f[1]) })
		}
	},
	"remove": func(c *sess, f []string) {
		c.s.Mailboxes = slices.DeleteFunc(slices.Clone(c.s.Mailboxes), func(m *Mailbox) bool { return m.Name == f[0] })
	},
}

func number(s string) uint32 {
	n, _ := strconv.ParseUint(s, 10, 32)
	return uint32(n)
}
