package imapsession

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode"
)

// What a server may say before sign-in. A greeting is a line; a capability list
// of the chattiest server known here has 1,200 octets.
const (
	maxDialogueLine = 16 << 10 // octets
	maxDialogueTalk = 64 << 10 // octets of untagged chatter in one answer
)

var errTooMuch = errors.New("the server sent more than a sign-in can need")

// dialogue is the conversation up to the end of the sign-in, which Godwit holds
// itself: nothing but it decides what is sent before TLS, nothing is pipelined
// (Courier loses what comes in one packet behind LOGIN), and every response code
// reaches the user. go-imap takes over the authenticated connection.
//
// Each answer as a whole has to come within wait, so that neither an endless
// greeting nor one octet a second holds it longer.
type dialogue struct {
	nc     net.Conn
	r      *bufio.Reader
	wait   time.Duration
	trace  func(line string) // may be nil
	n      int               // of the last tag
	caps   []string          // as the server listed them last; nil when not since the last change of state
	bye    *status           // the last untagged BYE
	alerts []string
}

// status is a line that says how something went (RFC 9051 section 7.1).
type status struct {
	kind string // "OK", "NO", "BAD", "BYE" or "PREAUTH"; "+" for a continuation request
	code string // response code, upper case, without arguments
	args string // of the response code
	text string // control characters removed; of a continuation request, as sent
}

func newDialogue(nc net.Conn, wait time.Duration, trace func(string)) *dialogue {
	return &dialogue{nc: nc, r: bufio.NewReaderSize(nc, maxDialogueLine), wait: wait, trace: trace}
}

// greeting reads the server's first line.
func (d *dialogue) greeting() (status, error) {
	d.nc.SetDeadline(time.Now().Add(d.wait))
	line, err := d.line()
	if err != nil {
		return status{}, fmt.Errorf("greeting: %w", err)
	}
	rest, ok := strings.CutPrefix(line, "* ")
	st, known := parseStatus(rest)
	if !ok || !known || st.kind == "NO" || st.kind == "BAD" {
		return status{}, fmt.Errorf("greeting: %.80q is not IMAP's", line)
	}
	d.note(st)
	return st, nil
}

// command sends a command and reads up to its tagged answer or, where a
// continuation is awaited, up to that. secret is sent behind line but not traced.
func (d *dialogue) command(line, secret string) (status, error) {
	d.n++
	d.tell(fmt.Sprintf("G%d %s", d.n, line), secret)
	if err := d.send(fmt.Sprintf("G%d %s%s", d.n, line, secret)); err != nil {
		return status{}, err
	}
	return d.answer()
}

// more answers a continuation request.
func (d *dialogue) more(secret string) (status, error) {
	d.tell("", secret)
	if err := d.send(secret); err != nil {
		return status{}, err
	}
	return d.answer()
}

func (d *dialogue) send(line string) error {
	d.nc.SetDeadline(time.Now().Add(d.wait))
	_, err := io.WriteString(d.nc, line+"\r\n")
	return err
}

func (d *dialogue) tell(line, secret string) {
	if d.trace == nil {
		return
	}
	if secret != "" {
		line += "[credentials]"
	}
	d.trace("C: " + line)
}

// answer reads up to the tagged completion or a continuation request. A BYE ends it too,
// when the server closes behind it.
func (d *dialogue) answer() (status, error) {
	tag := fmt.Sprintf("G%d ", d.n)
	for talk := 0; talk < maxDialogueTalk; {
		line, err := d.line()
		if err != nil && d.bye != nil {
			return *d.bye, nil
		}
		if err != nil {
			return status{}, err
		}
		talk += len(line) + 2
		switch rest, tagged := strings.CutPrefix(line, tag); {
		case tagged:
			st, known := parseStatus(rest)
			if !known || st.kind == "BYE" || st.kind == "PREAUTH" {
				return status{}, fmt.Errorf("%.80q does not complete a command", line)
			}
			d.note(st)
			return st, nil
		case line == "+" || strings.HasPrefix(line, "+ "):
			return status{kind: "+", text: strings.TrimPrefix(line[1:], " ")}, nil
		case strings.HasPrefix(line, "* "):
			d.untagged(line[2:])
		case strings.TrimSpace(line) == "":
			// QUIRK: some servers put a blank line between responses.
		default:
			return status{}, fmt.Errorf("%.80q is no answer to %q", line, strings.TrimSpace(tag))
		}
	}
	return status{}, errTooMuch
}

func (d *dialogue) untagged(line string) {
	if fields := strings.Fields(line); len(fields) > 0 && strings.EqualFold(fields[0], "CAPABILITY") {
		d.caps = fields[1:]
		return
	}
	if st, known := parseStatus(line); known {
		d.note(st)
	}
}

// note keeps what a status line brings along besides its outcome.
func (d *dialogue) note(st status) {
	switch {
	case st.code == "CAPABILITY":
		d.caps = strings.Fields(st.args)
	case st.code == "ALERT" && st.text != "":
		d.alerts = append(d.alerts, st.text)
	}
	if st.kind == "BYE" {
		d.bye = &st
	}
}

// line reads one line without its end.
func (d *dialogue) line() (string, error) {
	b, err := d.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errTooMuch
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
	line := strings.TrimRight(string(b), "\r\n")
	if d.trace != nil {
		d.trace("S: " + printable(line))
	}
	return line, nil
}

// capabilities asks for them unless the server has told since the last change of state.
func (d *dialogue) capabilities() ([]string, error) {
	if d.caps != nil {
		return d.caps, nil
	}
	st, err := d.command("CAPABILITY", "")
	if err != nil {
		return nil, fmt.Errorf("capabilities: %w", err)
	}
	if st.kind != "OK" {
		return nil, fmt.Errorf("capabilities: the server said %s %s", st.kind, st.text)
	}
	if d.caps == nil {
		d.caps = []string{}
	}
	return d.caps, nil
}

// startTLS goes over to TLS (RFC 9051 section 6.2.1). Everything heard before is forgotten,
// and anything that came behind the server's OK, which an attacker in the middle may have
// put there to be taken for the server's protected words, ends the connection.
func (d *dialogue) startTLS(ctx context.Context, config *tls.Config) error {
	st, err := d.command("STARTTLS", "")
	if err != nil {
		return err
	}
	if st.kind != "OK" {
		return fmt.Errorf("STARTTLS: %w", errNotOffered)
	}
	if d.r.Buffered() > 0 {
		return fmt.Errorf("STARTTLS: %d octets came before TLS began: %w", d.r.Buffered(), errInjected)
	}
	tc := tls.Client(d.nc, config)
	if err := handshake(ctx, tc, d.wait); err != nil {
		return err
	}
	*d = dialogue{nc: tc, r: bufio.NewReaderSize(tc, maxDialogueLine), wait: d.wait, trace: d.trace, n: d.n}
	return nil
}

var (
	errNotOffered = errors.New("the server does not offer TLS")
	errInjected   = errors.New("somebody speaks for the server")
	errPreauth    = errors.New("the server takes everyone for signed in, so that a password means nothing")
)

func handshake(ctx context.Context, tc *tls.Conn, wait time.Duration) error {
	tc.SetDeadline(time.Now().Add(wait))
	err := tc.HandshakeContext(ctx)
	var record tls.RecordHeaderError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &record):
		return fmt.Errorf("TLS: %w: the server speaks without TLS on this port; imap:// begins so and goes over with STARTTLS", err)
	}
	return fmt.Errorf("TLS: %w", err)
}

// rest is the connection with what was read ahead put back in front.
func (d *dialogue) rest() (net.Conn, []byte) {
	d.nc.SetDeadline(time.Time{})
	ahead, _ := d.r.Peek(d.r.Buffered())
	return d.nc, ahead
}

// has tells whether the capabilities heard last name one of names.
func (d *dialogue) has(names ...string) bool {
	for _, c := range d.caps {
		for _, name := range names {
			if strings.EqualFold(c, name) {
				return true
			}
		}
	}
	return false
}

// parseStatus reads "OK [CODE args] text". The text may be missing, as some servers have it.
func parseStatus(s string) (st status, known bool) {
	kind, rest, _ := strings.Cut(s, " ")
	st.kind = strings.ToUpper(kind)
	switch st.kind {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
	default:
		return status{}, false
	}
	if strings.HasPrefix(rest, "[") {
		if code, text, found := strings.Cut(rest[1:], "]"); found {
			code, args, _ := strings.Cut(code, " ")
			st.code, st.args, rest = strings.ToUpper(code), args, strings.TrimPrefix(text, " ")
		}
	}
	st.text = printable(rest)
	return st, true
}

// maxServerWords bounds what of a server's text is shown to a person.
const maxServerWords = 400 // characters

// printable makes a server's words fit for a page and a log line: valid UTF-8 of bounded
// length without control or invisible direction characters.
func printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == unicode.ReplacementChar:
			return '?'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(clean); len(runes) > maxServerWords {
		clean = string(runes[:maxServerWords]) + "…"
	}
	return strings.TrimSpace(clean)
}

func encodeSASL(b []byte) string {
	if len(b) == 0 {
		return "=" // RFC 4959 section 3: an empty initial response
	}
	return base64.StdEncoding.EncodeToString(b)
}
