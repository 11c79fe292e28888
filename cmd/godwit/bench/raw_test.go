package bench

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/imapsession/imaptest/seed"
)

// raw is a deliberately small IMAP client: the floor.
type raw struct {
	t   testing.TB
	nc  net.Conn
	r   *bufio.Reader
	tag int
}

// response is one answer: literals are cut out of its line, which keeps their {size}.
type response struct {
	line     string
	literals [][]byte
}

func (r *rig) dial(t testing.TB, user string) *raw {
	t.Helper()
	c, err := r.tryDial(t, user)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.nc.Close() })
	return c
}

func (r *rig) tryDial(t testing.TB, user string) (*raw, error) {
	nc, err := net.DialTimeout("tcp", r.dovecot.Address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	c := &raw{t: t, nc: nc, r: bufio.NewReaderSize(nc, 256<<10)}
	if _, err = c.line(); err == nil {
		_, err = c.pipeline(nil, fmt.Sprintf("LOGIN %s %s", user, password))
	}
	return c, err
}

func (c *raw) line() (string, error) {
	s, err := c.r.ReadString('\n')
	return strings.TrimRight(s, "\r\n"), err
}

// response reads one; its literals go to sink when that is not nil.
func (c *raw) response(sink io.Writer) (response, error) {
	var r response
	for {
		line, err := c.line()
		if err != nil {
			return r, err
		}
		r.line += line
		open := strings.LastIndexByte(line, '{')
		if open < 0 || !strings.HasSuffix(line, "}") {
			return r, nil
		}
		size, err := strconv.ParseInt(line[open+1:len(line)-1], 10, 64)
		if err != nil {
			return r, nil
		}
		if sink != nil {
			if _, err := io.CopyN(sink, c.r, size); err != nil {
				return r, err
			}
			continue
		}
		literal := make([]byte, size)
		if _, err := io.ReadFull(c.r, literal); err != nil {
			return r, err
		}
		r.literals = append(r.literals, literal)
	}
}

// pipeline sends commands in one write and reads until all are done. Dovecot may answer them in another order.
func (c *raw) pipeline(sink io.Writer, commands ...string) ([]response, error) {
	var out strings.Builder
	waiting := map[string]string{}
	for _, command := range commands {
		c.tag++
		tag := "r" + strconv.Itoa(c.tag)
		waiting[tag] = command
		out.WriteString(tag + " " + command + "\r\n")
	}
	c.nc.SetDeadline(time.Now().Add(3 * time.Minute))
	if _, err := io.WriteString(c.nc, out.String()); err != nil {
		return nil, err
	}
	var all []response
	for len(waiting) > 0 {
		r, err := c.response(sink)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		tag, rest, _ := strings.Cut(r.line, " ")
		if command, ok := waiting[tag]; ok {
			delete(waiting, tag)
			if !strings.HasPrefix(rest, "OK") {
				return nil, fmt.Errorf("%.80s: %.200s", command, r.line)
			}
		}
	}
	return all, nil
}

// do is pipeline for benchmarks, which end at an error.
func (c *raw) do(commands ...string) []response {
	c.t.Helper()
	all, err := c.pipeline(nil, commands...)
	if err != nil {
		c.t.Fatalf("floor: %v", err)
	}
	return all
}

func (c *raw) stream(command string) {
	c.t.Helper()
	if _, err := c.pipeline(io.Discard, command); err != nil {
		c.t.Fatalf("floor: %v", err)
	}
}

// open selects a mailbox and returns how many messages it has.
func (c *raw) open(mailbox string) int {
	c.t.Helper()
	for _, r := range c.do(fmt.Sprintf("SELECT %q", mailbox)) {
		if n, ok := strings.CutSuffix(r.line, " EXISTS"); ok {
			exists, _ := strconv.Atoi(strings.TrimPrefix(n, "* "))
			return exists
		}
	}
	c.t.Fatalf("floor: %s has no EXISTS", mailbox)
	return 0
}

const (
	pageItems = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (REFERENCES LIST-ID)])"
	headItems = "(FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])"
)

// message reads what opening it needs: head and structure, then the parts shown.
func (c *raw) message(uid int, sections ...string) {
	c.t.Helper()
	c.do(fmt.Sprintf("UID FETCH %d %s", uid, headItems))
	items := make([]string, len(sections))
	for i, s := range sections {
		items[i] = "BODY.PEEK[" + s + "]"
	}
	got := 0
	for _, r := range c.do(fmt.Sprintf("UID FETCH %d (%s)", uid, strings.Join(items, " "))) {
		got += len(r.literals)
	}
	if got < len(sections) {
		c.t.Fatalf("floor: message %d has %d of %d parts", uid, got, len(sections))
	}
}

// inventory is which messages of an INBOX are of which kind, of the newest 1,500.
type inventory struct {
	exists            int
	plain, html, file []int         // UIDs; INBOX is made so that UIDs are numbers 1 to exists
	size              map[int]int64 // of the encoded first attachment
}

func (r *rig) takeStock(t testing.TB, user string) *inventory {
	t.Helper()
	c := r.dial(t, user)
	defer c.nc.Close()
	in := &inventory{exists: c.open("INBOX"), size: map[int]int64{}}
	low := max(1, in.exists-1499)
	uid := regexp.MustCompile(`UID (\d+)`)
	octets := regexp.MustCompile(`"base64" (\d+)`)
	for _, m := range c.do(fmt.Sprintf("FETCH %d:%d (UID BODYSTRUCTURE)", low, in.exists)) {
		found := uid.FindStringSubmatch(m.line)
		if found == nil {
			continue
		}
		n, _ := strconv.Atoi(found[1])
		switch {
		case strings.Contains(m.line, `"mixed"`):
			if sizes := octets.FindAllStringSubmatch(m.line[strings.Index(m.line, `"application"`):], 1); sizes != nil {
				in.file = append(in.file, n)
				in.size[n], _ = strconv.ParseInt(sizes[0][1], 10, 64)
			}
		case strings.Contains(m.line, `"alternative"`):
			in.html = append(in.html, n)
		default:
			in.plain = append(in.plain, n)
		}
	}
	if len(in.plain) == 0 || user == seed.Big && (len(in.html) == 0 || len(in.file) == 0) {
		t.Fatalf("the newest messages of %s lack one of the kinds: %d plain, %d HTML, %d with files", user, len(in.plain), len(in.html), len(in.file))
	}
	for _, kind := range [][]int{in.plain, in.html, in.file} {
		slices.Reverse(kind)
	}
	// Opened for the first time, as most mail is that one opens: \Seen has to be set then.
	c.do(fmt.Sprintf(`STORE %d:%d -FLAGS.SILENT (\Seen)`, low, in.exists))
	return in
}

// pick gives the i-th, around and around.
func pick(uids []int, i int) int { return uids[i%len(uids)] }

// decodingTime is what it takes to decode one part held in memory, block by block, with the library's decoder.
func (c *raw) decodingTime(command string) time.Duration {
	for _, r := range c.do(command) {
		if len(r.literals) > 0 {
			lines := bytes.ReplaceAll(r.literals[0], []byte("\r\n"), nil)
			out := make([]byte, base64.StdEncoding.DecodedLen(len(lines)))
			return timed(func() {
				if _, err := base64.StdEncoding.Decode(out, lines); err != nil {
					c.t.Fatalf("floor: %v", err)
				}
			})
		}
	}
	c.t.Fatalf("floor: %s gave no part", command)
	return 0
}
