package memory

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// idleTimeout ends a connection that asks nothing (RFC 3501 section 5.4 wants 30 minutes at least).
const idleTimeout = 35 * time.Minute

// greetTimeout ends a connection whose TLS handshake comes to nothing.
const greetTimeout = 30 * time.Second

// session is one connection. All of it is touched by its own goroutine only; IDLE's second one has it while the first waits.
type session struct {
	server  *Server
	nc      net.Conn
	r       *bufio.Reader
	w       *bufio.Writer
	protect protection
	secure  bool // TLS is on
	bye     bool // end after this command

	user      *User // nil before the login
	condstore bool  // the client knows of MODSEQ

	selection
}

func newSession(s *Server, nc net.Conn, p protection) *session {
	c := &session{server: s, protect: p}
	if p == implicitTLS {
		nc, c.secure = tls.Server(nc, s.opts.TLS), true
	}
	c.use(nc)
	c.changed = make(chan struct{}, 1)
	return c
}

func (c *session) use(nc net.Conn) {
	c.nc = nc
	c.r = bufio.NewReaderSize(nc, 16<<10)
	c.w = bufio.NewWriterSize(nc, 64<<10)
}

// run serves the connection until it ends.
func (c *session) run() {
	defer c.unselect()
	c.nc.SetDeadline(time.Now().Add(greetTimeout))
	c.line("* OK [CAPABILITY %s] %s", c.capabilities(), c.server.opts.Banner)
	if err := c.w.Flush(); err != nil {
		return
	}
	c.nc.SetDeadline(time.Time{})
	for !c.bye {
		// What was pipelined is answered in one go.
		if c.r.Buffered() == 0 {
			if err := c.w.Flush(); err != nil {
				return
			}
		}
		if err := c.step(); err != nil {
			if errors.Is(err, errTooLong) {
				c.line("* BYE %s", err)
				c.w.Flush()
			}
			return
		}
	}
	c.w.Flush()
}

// step reads and answers one command. An error ends the connection.
func (c *session) step() error {
	c.nc.SetReadDeadline(time.Now().Add(idleTimeout))
	cmd, err := readCommand(c.r, c.server.opts.MaxMessage, func() error {
		c.line("+ send it")
		return c.w.Flush()
	})
	var tooBig *tooBigError
	switch {
	case errors.As(err, &tooBig):
		c.line("%s NO [TOOBIG] at most %d octets", tooBig.tag, c.server.opts.MaxMessage)
		return nil
	case errors.Is(err, errSyntax):
		c.line("%s BAD %v", cmd.tag, err)
		return nil
	case err != nil:
		return err
	}
	reply, err := c.answer(cmd)
	if err != nil {
		return err
	}
	if reply != "" {
		c.line("%s %s", cmd.tag, reply)
	}
	return nil
}

// state is what must be reached before a command is allowed.
type state int

const (
	anyState state = iota
	authenticated
	selected
)

type handler struct {
	state state
	// run returns the tagged reply without its tag, "" when it has sent it itself. An error ends the connection.
	run func(c *session, cmd *command) (string, error)
}

// plain makes a handler of a function that cannot end the connection.
func plain(run func(c *session, cmd *command) string) func(*session, *command) (string, error) {
	return func(c *session, cmd *command) (string, error) { return run(c, cmd), nil }
}

var handlers map[string]handler

func init() { // not an initialiser: the handlers refer to the table by way of answer
	handlers = map[string]handler{
		"CAPABILITY":   {anyState, plain((*session).capability)},
		"NOOP":         {anyState, plain((*session).noop)},
		"LOGOUT":       {anyState, plain((*session).logout)},
		"ID":           {anyState, plain((*session).id)},
		"STARTTLS":     {anyState, (*session).startTLS},
		"LOGIN":        {anyState, plain((*session).login)},
		"AUTHENTICATE": {anyState, (*session).authenticate},

		"ENABLE":       {authenticated, plain((*session).enable)},
		"NAMESPACE":    {authenticated, plain((*session).namespace)},
		"LIST":         {authenticated, plain((*session).list)},
		"LSUB":         {authenticated, plain((*session).lsub)},
		"STATUS":       {authenticated, plain((*session).status)},
		"CREATE":       {authenticated, plain((*session).create)},
		"DELETE":       {authenticated, plain((*session).delete)},
		"RENAME":       {authenticated, plain((*session).rename)},
		"SUBSCRIBE":    {authenticated, plain((*session).subscribe)},
		"UNSUBSCRIBE":  {authenticated, plain((*session).unsubscribe)},
		"APPEND":       {authenticated, plain((*session).append)},
		"GETQUOTA":     {authenticated, plain((*session).getQuota)},
		"GETQUOTAROOT": {authenticated, plain((*session).getQuotaRoot)},
		"SELECT":       {authenticated, plain((*session).selectMailbox)},
		"EXAMINE":      {authenticated, plain((*session).selectMailbox)},
		"IDLE":         {authenticated, (*session).idle},

		"CHECK":    {selected, plain((*session).noop)},
		"CLOSE":    {selected, plain((*session).closeMailbox)},
		"UNSELECT": {selected, plain((*session).closeMailbox)},
		"EXPUNGE":  {selected, plain((*session).expunge)},
		"STORE":    {selected, plain((*session).store)},
		"COPY":     {selected, plain((*session).copy)},
		"MOVE":     {selected, plain((*session).move)},
		"SEARCH":   {selected, plain((*session).search)},
		"SORT":     {selected, plain((*session).sort)},
		"THREAD":   {selected, plain((*session).thread)},
		"FETCH":    {selected, (*session).fetch},
	}
}

// uidCommands may follow "UID".
const uidCommands = " FETCH STORE COPY MOVE SEARCH SORT THREAD EXPUNGE "

func (c *session) answer(cmd *command) (string, error) {
	h, known := handlers[cmd.name]
	switch {
	case !known || cmd.uid && !strings.Contains(uidCommands, " "+cmd.name+" "):
		return "BAD unknown command", nil
	case h.state >= authenticated && c.user == nil:
		return "BAD sign in first", nil
	case h.state == selected && c.box == nil:
		return "BAD select a mailbox first", nil
	}
	reply, err := h.run(c, cmd)
	if err == nil && c.box != nil {
		c.sync(mayExpunge(cmd))
	}
	return reply, err
}

// mayExpunge says whether EXPUNGE responses may come with a command: not while it counts by sequence numbers (RFC 3501 section 7.4.1).
func mayExpunge(cmd *command) bool {
	switch cmd.name {
	case "FETCH", "STORE", "SEARCH", "SORT", "THREAD":
		return cmd.uid
	}
	return true
}

// line sends one line; what goes wrong shows with the next Flush.
func (c *session) line(format string, args ...any) {
	fmt.Fprintf(c.w, format, args...)
	io.WriteString(c.w, "\r\n")
}

func (c *session) capability(*command) string {
	c.line("* CAPABILITY %s", c.capabilities())
	return "OK done"
}

func (c *session) capabilities() string {
	caps := "IMAP4rev1 LITERAL- SASL-IR ID ENABLE"
	if !c.secure && c.server.opts.TLS != nil && c.user == nil {
		caps += " STARTTLS"
	}
	switch {
	case c.user != nil:
		caps += " IDLE NAMESPACE UNSELECT CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE STATUS=SIZE" +
			" UIDPLUS MOVE ESEARCH WITHIN SORT SORT=DISPLAY THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS CONDSTORE PREVIEW"
		caps += fmt.Sprintf(" APPENDLIMIT=%d", c.server.opts.MaxMessage)
		if c.user.quota > 0 {
			caps += " QUOTA QUOTA=RES-STORAGE"
		}
	case c.loginDisabled():
		caps += " LOGINDISABLED"
	default:
		caps += " AUTH=PLAIN AUTH=LOGIN"
	}
	return caps
}

func (c *session) noop(*command) string { return "OK done" }

func (c *session) logout(*command) string {
	c.bye = true
	c.line("* BYE until next time")
	return "OK done"
}

func (c *session) id(*command) string {
	c.line(`* ID ("name" %s)`, quote(c.server.opts.Banner))
	return "OK done"
}

func (c *session) enable(cmd *command) string {
	enabled := ""
	for _, a := range cmd.args {
		if a.is("CONDSTORE") {
			c.condstore = true
			enabled = " CONDSTORE"
		}
	}
	c.line("* ENABLED%s", enabled)
	return "OK done"
}

func (c *session) namespace(*command) string {
	c.line(`* NAMESPACE (("" %s)) NIL NIL`, quote(delimiter))
	return "OK done"
}
