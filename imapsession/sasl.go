package imapsession

import (
	"fmt"
	"strings"
)

// mechanism is a SASL mechanism (RFC 4422) as far as a password goes.
type mechanism struct {
	name    string
	initial string   // what goes first: with the command under SASL-IR, else to the first empty challenge
	replies []string // to the challenges after that, in order
}

// plain is RFC 4616: UTF-8 in one message, no authorization identity.
func plain(user string, secret Secret) mechanism {
	return mechanism{name: "PLAIN", initial: "\x00" + user + "\x00" + string(secret)}
}

// loginMechanism is the never standardised AUTH=LOGIN, for servers that offer
// neither PLAIN nor the LOGIN command. It asks for the name, then for the password, in words
// that differ from server to server; only their order counts.
func loginMechanism(user string, secret Secret) mechanism {
	return mechanism{name: "LOGIN", replies: []string{user, string(secret)}}
}

// authenticate runs a mechanism to the end (RFC 9051 section 6.2.2). started tells whether the
// server took it up, that is, whether any credentials went out.
func (d *dialogue) authenticate(m mechanism, saslIR bool) (st status, started bool, err error) {
	replies := m.replies
	if m.initial != "" {
		// Also under SASL-IR: some servers overlook what came with the command and ask again.
		replies = append([]string{m.initial}, replies...)
	}
	if m.initial != "" && saslIR {
		started = true
		st, err = d.command("AUTHENTICATE "+m.name+" ", encodeSASL([]byte(m.initial)))
	} else {
		st, err = d.command("AUTHENTICATE "+m.name, "")
	}
	for err == nil && st.kind == "+" {
		started = true
		if len(replies) == 0 {
			// Nothing is left to say: "*" gives up, and the server's NO follows (RFC 9051 section 6.2.2).
			st, err = d.more("*")
			if err == nil && st.kind == "+" {
				err = fmt.Errorf("AUTHENTICATE %s: the server does not stop asking", m.name)
			}
			return st, started, err
		}
		st, err = d.more(encodeSASL([]byte(replies[0])))
		replies = replies[1:]
	}
	return st, started, err
}

// login sends the LOGIN command (RFC 9051 section 6.2.3); what does not fit a quoted
// string goes as a literal, each waiting for the server's go-ahead, which every server understands.
func (d *dialogue) login(user string, secret Secret) (status, error) {
	pieces := []string{""}
	for _, arg := range []string{user, string(secret)} {
		last := len(pieces) - 1
		if last > 0 || pieces[last] != "" {
			pieces[last] += " "
		}
		if quotable(arg) {
			pieces[last] += `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(arg) + `"`
			continue
		}
		pieces[last] += fmt.Sprintf("{%d}", len(arg))
		pieces = append(pieces, arg)
	}
	st, err := d.command("LOGIN ", pieces[0])
	for _, piece := range pieces[1:] {
		if err != nil || st.kind != "+" {
			return st, err
		}
		st, err = d.more(piece)
	}
	if err == nil && st.kind == "+" {
		err = fmt.Errorf("LOGIN: the server does not stop asking")
	}
	return st, err
}

// quotable tells whether s can go as a quoted string to any server: printable ASCII of modest length.
func quotable(s string) bool {
	if len(s) > 512 {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
