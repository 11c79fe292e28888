package seed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Version changes when the same Plan gives other mail.
const Version = 1

// The users with much mail.
const (
	Big = "big"
	Mid = "mid"
)

// User is the name of one of the many, from 1.
func User(n int) string { return fmt.Sprintf("u%03d", n) }

// Plan says how much is stored.
type Plan struct {
	Scale    float64 // of all counts and of the large attachment; 1 is the whole
	Password string
	Log      func(format string, args ...any) // what was done; nil for silence
}

// Count is n to the plan's scale, at least floor.
func (p Plan) Count(n, floor int) int { return max(floor, int(float64(n)*p.Scale)) }

// Attachment is the size of Special's first attachment, in octets, less than a line above.
func (p Plan) Attachment() int { return p.Count(100<<20, 1<<20) }

// Users is how many there are beside Big and Mid.
func (p Plan) Users() int { return p.Count(500, 4) }

// now is when the mail ends.
var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.FixedZone("", 3600))

const year = 365 * 24 * time.Hour

var roles = []string{"Drafts", "Sent", "Trash", "Junk", "Archive"}

// Fill stores the plan's mail on the IMAP server at address, whose users must have none. It takes minutes at full scale.
func Fill(address string, p Plan) error {
	if p.Log == nil {
		p.Log = func(string, ...any) {}
	}
	var g errgroup.Group
	g.Go(func() error {
		if err := p.rich(address, Big, p.Count(100_000, 300), p.Count(200, 12)); err != nil {
			return err
		}
		return p.rich(address, Mid, p.Count(10_000, 300), p.Count(20, 12))
	})
	g.Go(func() error {
		for i := 1; i <= p.Users(); i++ {
			if err := p.poor(address, User(i)); err != nil {
				return err
			}
		}
		p.Log("%d users done", p.Users())
		return nil
	})
	return g.Wait()
}

// rich is a user with a large INBOX, Special, and mailboxes in a tree.
func (p Plan) rich(address, user string, inbox, mailboxes int) error {
	c, err := dial(address, user, p.Password)
	if err != nil {
		return err
	}
	defer c.nc.Close()
	start := time.Now()
	err = c.create("Special", func(store func(Message) error) error { return special(user, p.Attachment(), store) })
	if err != nil {
		return err
	}
	if err := c.fill("INBOX", inbox, 8*year, 0.012); err != nil {
		return err
	}
	for _, role := range roles {
		if err := c.fill(role, p.Count(400, 20), 2*year, 0.012); err != nil {
			return err
		}
	}
	tops := []string{"Projects", "Lists", "Clients", "Entw&APw-rfe", "&MMYwuTDI-", "Travel", "Finance", "Family"}
	for i := range mailboxes - len(roles) - 2 {
		name := tops[i%len(tops)]
		if i >= len(tops) {
			name += fmt.Sprintf("/%s-%02d", words[i*7%len(words)], i)
		}
		if err := c.fill(name, p.Count(20+i%10*5, 2), year, 0.012); err != nil {
			return err
		}
	}
	p.Log("%s done in %v", user, time.Since(start).Round(time.Second))
	return nil
}

// poor is one of the many.
func (p Plan) poor(address, user string) error {
	c, err := dial(address, user, p.Password)
	if err != nil {
		return err
	}
	defer c.nc.Close()
	for _, role := range roles {
		if err := c.create(role, nil); err != nil {
			return err
		}
	}
	return c.fill("INBOX", p.Count(200, 60), year, 0.01)
}

// fill makes a mailbox of n ordinary messages over a span of time.
func (c *conn) fill(mailbox string, n int, span time.Duration, attached float64) error {
	place := fnv.New64a()
	fmt.Fprintf(place, "%s/%s", c.user, mailbox)
	w := &writer{source: newSource(place.Sum64(), 1), user: c.user, attached: attached}
	return c.create(mailbox, func(store func(Message) error) error {
		var b bytes.Buffer
		for i := range n {
			date := now.Add(-time.Duration(float64(span) * float64(n-1-i) / float64(n)))
			b.Reset()
			w.ordinary(&b, i, date)
			if err := store(Message{Date: date, Flags: w.flags(n-i < 500), Raw: b.Bytes()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// conn stores messages; it reads no more of the answers than whether all went well.
type conn struct {
	nc   net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	user string
	tag  int
}

func dial(address, user, password string) (*conn, error) {
	nc, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	c := &conn{nc: nc, r: bufio.NewReader(nc), w: bufio.NewWriterSize(nc, 256<<10), user: user}
	if _, err = c.r.ReadString('\n'); err == nil { // the greeting
		err = c.command("LOGIN %s %s", user, password)
	}
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("sign in %s: %w", user, err)
	}
	return c, nil
}

func (c *conn) command(format string, args ...any) error {
	c.tag++
	fmt.Fprintf(c.w, "s%d "+format+"\r\n", append([]any{c.tag}, args...)...)
	return c.finish()
}

// errExists is the answer to creating what is there.
var errExists = errors.New("it exists")

// finish sends what was written and waits for the end of the command.
func (c *conn) finish() error {
	if err := c.w.Flush(); err != nil {
		return err
	}
	tag := fmt.Sprintf("s%d ", c.tag)
	for {
		line, err := c.r.ReadString('\n')
		switch {
		case err != nil:
			return err
		case !strings.HasPrefix(line, tag):
		case strings.HasPrefix(line, tag+"OK"):
			return nil
		case strings.Contains(line, "[ALREADYEXISTS]"):
			return errExists
		default:
			return errors.New(strings.TrimSpace(line))
		}
	}
}

// batch is how many octets go into one command: Dovecot commits once a command.
const batch = 16 << 20

// create makes and subscribes to a mailbox and stores what messages gives, in order.
func (c *conn) create(mailbox string, messages func(store func(Message) error) error) error {
	err := c.command("CREATE %q", mailbox)
	if err == nil || errors.Is(err, errExists) {
		err = c.command("SUBSCRIBE %q", mailbox)
	}
	if err != nil {
		return fmt.Errorf("mailbox %s of %s: %w", mailbox, c.user, err)
	}
	if messages == nil {
		return nil
	}
	size := 0 // of the command being written; 0 before the first message
	end := func() error {
		if size == 0 {
			return nil
		}
		size = 0
		c.w.WriteString("\r\n")
		return c.finish()
	}
	err = messages(func(m Message) error {
		if size == 0 {
			c.tag++
			fmt.Fprintf(c.w, "s%d APPEND %q", c.tag, mailbox)
		}
		fmt.Fprintf(c.w, " (%s) \"%s\" {%d+}\r\n", m.Flags, m.Date.Format("_2-Jan-2006 15:04:05 -0700"), len(m.Raw))
		if _, err := c.w.Write(m.Raw); err != nil {
			return err
		}
		if size += len(m.Raw); size < batch {
			return nil
		}
		return end()
	})
	if err == nil {
		err = end()
	}
	if err != nil {
		return fmt.Errorf("messages of %s of %s: %w", mailbox, c.user, err)
	}
	return nil
}
