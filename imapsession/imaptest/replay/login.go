package replay

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"strings"
)

// capability answers CAPABILITY.
func (c *sess) capability(r *request) (string, error) {
	c.line("* CAPABILITY %s", c.caps())
	return "OK CAPABILITY completed", nil
}

// noop answers NOOP and CHECK.
func (c *sess) noop(r *request) (string, error) {
	c.sync(true)
	return "OK " + r.name + " completed", nil
}

// logout answers LOGOUT.
func (c *sess) logout(r *request) (string, error) {
	c.line("* BYE bye")
	c.line("%s OK LOGOUT completed", r.cmd.tag)
	c.closing = true
	return "", nil
}

// identify answers ID.
func (c *sess) identify(r *request) (string, error) {
	if !c.need("ID", "ID") {
		return "BAD unknown command", nil
	}
	c.line("* ID NIL")
	return "OK ID completed", nil
}

// starttls answers STARTTLS and begins TLS.
func (c *sess) starttls(r *request) (string, error) {
	if c.s.TLS != "starttls" || c.secure {
		return "BAD no STARTTLS here", nil
	}
	if c.br.Buffered() > 0 {
		c.bad("bytes pipelined behind STARTTLS")
	}
	c.line("%s OK begin TLS", r.cmd.tag)
	c.nc = tls.Server(c.nc, c.sv.tls)
	c.br = bufio.NewReaderSize(c.nc, 1<<16)
	c.secure = true
	return "", nil
}

// login answers LOGIN and AUTHENTICATE.
func (c *sess) login(r *request) (string, error) {
	if c.state != stPre {
		c.bad("%s when logged in", r.name)
		return "BAD already authenticated", nil
	}
	u, p := r.arg(0), r.arg(1)
	if c.has("LOGINDISABLED") && !c.secure {
		c.bad("%s although LOGINDISABLED is announced", r.name)
		return "NO [PRIVACYREQUIRED] no plaintext login here", nil
	}
	if r.name == "AUTHENTICATE" {
		m := strings.ToUpper(r.arg(0))
		if !c.need("AUTHENTICATE "+m, "AUTH="+m) || m != "PLAIN" && m != "LOGIN" {
			return "NO [CANNOT] unsupported mechanism", nil
		}
		ask := func(challenge string) (string, error) {
			c.line("+ %s", challenge)
			l, err := c.br.ReadString('\n')
			if err != nil {
				return "", err
			}
			b, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(l))
			return string(b), nil
		}
		if m == "LOGIN" {
			var err error
			if u, err = ask("VXNlcm5hbWU6"); err != nil {
				return "", err
			}
			if p, err = ask("UGFzc3dvcmQ6"); err != nil {
				return "", err
			}
		} else {
			ir := r.arg(1)
			var dec string
			if ir == "" {
				var err error
				if dec, err = ask(""); err != nil {
					return "", err
				}
			} else {
				c.need("an initial response", "SASL-IR")
				b, _ := base64.StdEncoding.DecodeString(ir)
				dec = string(b)
			}
			f := strings.Split(dec, "\x00")
			if len(f) == 3 {
				u, p = f[1], f[2]
			}
		}
	}
	if u != c.s.User || p != c.s.Pass {
		return "NO [AUTHENTICATIONFAILED] invalid credentials", nil
	}
	c.state = stAuth
	if c.s.CapsInLogin {
		return "OK [CAPABILITY " + c.caps() + "] logged in", nil
	}
	return "OK logged in", nil
}
