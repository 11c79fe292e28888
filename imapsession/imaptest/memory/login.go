package memory

import (
	"crypto/tls"
	"encoding/base64"
	"strings"
)

func (c *session) loginDisabled() bool { return c.protect == startTLSFirst && !c.secure }

func (c *session) startTLS(cmd *command) (string, error) {
	if c.secure || c.server.opts.TLS == nil || c.user != nil {
		return "BAD no STARTTLS now", nil
	}
	if c.r.Buffered() > 0 {
		// Sent before TLS, it must never count as said under TLS (CVE-2011-0411 and its kin).
		return "BAD nothing may follow STARTTLS", nil
	}
	c.line("%s OK begin TLS", cmd.tag)
	if err := c.w.Flush(); err != nil {
		return "", err
	}
	upgraded := tls.Server(c.nc, c.server.opts.TLS)
	if err := upgraded.Handshake(); err != nil {
		return "", err
	}
	c.secure = true
	c.use(upgraded)
	return "", nil
}

func (c *session) login(cmd *command) string {
	if refusal := c.refuseLogin(); refusal != "" {
		return refusal
	}
	if len(cmd.args) != 2 {
		return "BAD LOGIN takes a name and a password"
	}
	return c.signIn(cmd.arg(0), cmd.arg(1))
}

func (c *session) refuseLogin() string {
	switch {
	case c.user != nil:
		return "BAD already signed in"
	case c.loginDisabled():
		return "NO [PRIVACYREQUIRED] STARTTLS first"
	}
	return ""
}

func (c *session) signIn(user, password string) string {
	if !c.server.opts.Password(user, password) {
		return "NO [AUTHENTICATIONFAILED] wrong name or password"
	}
	c.user = c.server.User(user)
	return "OK [CAPABILITY " + c.capabilities() + "] signed in"
}

func (c *session) authenticate(cmd *command) (string, error) {
	if refusal := c.refuseLogin(); refusal != "" {
		return refusal, nil
	}
	var initial []byte
	if len(cmd.args) > 1 && cmd.arg(1) != "=" {
		var err error
		if initial, err = base64.StdEncoding.DecodeString(cmd.arg(1)); err != nil {
			return "BAD that is no base64", nil
		}
	}
	given := len(cmd.args) > 1
	switch strings.ToUpper(cmd.arg(0)) {
	case "PLAIN":
		if !given {
			var reply string
			var err error
			if initial, reply, err = c.challenge(""); reply != "" || err != nil {
				return reply, err
			}
		}
		fields := strings.Split(string(initial), "\x00")
		if len(fields) != 3 {
			return "BAD PLAIN wants three fields", nil
		}
		return c.signIn(fields[1], fields[2]), nil
	case "LOGIN":
		user := initial
		if !given {
			var reply string
			var err error
			if user, reply, err = c.challenge("Username:"); reply != "" || err != nil {
				return reply, err
			}
		}
		password, reply, err := c.challenge("Password:")
		if reply != "" || err != nil {
			return reply, err
		}
		return c.signIn(string(user), string(password)), nil
	}
	return "NO [CANNOT] no such mechanism", nil
}

// challenge asks one thing of SASL. A reply that is not "" ends the command.
func (c *session) challenge(question string) (answer []byte, reply string, err error) {
	c.line("+ %s", base64.StdEncoding.EncodeToString([]byte(question)))
	if err := c.w.Flush(); err != nil {
		return nil, "", err
	}
	line, err := readLine(c.r, maxLine)
	if err != nil {
		return nil, "", err
	}
	if string(line) == "*" {
		return nil, "BAD cancelled", nil
	}
	answer, err = base64.StdEncoding.DecodeString(string(line))
	if err != nil {
		return nil, "BAD that is no base64", nil
	}
	return answer, "", nil
}
