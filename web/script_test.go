package web

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"godwit/imapsession"
)

// playLogin is an IMAP server that answers each sign-in with reply.
func playLogin(t *testing.T, reply string) imapsession.Server {
	return playLoginFunc(t, func() string { return reply })
}

func playLoginFunc(t *testing.T, reply func() string) imapsession.Server {
	return play(t, func(tag, command string, say func(string, ...any)) bool {
		switch {
		case strings.HasPrefix(command, "LOGIN"), strings.HasPrefix(command, "AUTHENTICATE"):
			say("%s %s", tag, reply())
		default:
			return false
		}
		return true
	})
}

// play is an IMAP server on loopback, without TLS. answer gets each command first; what it leaves alone gets a plain OK.
func play(t *testing.T, answer func(tag, command string, say func(format string, args ...any)) bool) imapsession.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go playTo(conn, answer)
		}
	}()
	return imapsession.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: imapsession.Plaintext}
}

func playTo(conn net.Conn, answer func(tag, command string, say func(format string, args ...any)) bool) {
	defer conn.Close()
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		command = strings.ToUpper(command)
		switch {
		case answer(tag, command, say):
		case strings.HasPrefix(command, "CAPABILITY"):
			say("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN")
			say("%s OK done", tag)
		case strings.HasPrefix(command, "LOGOUT"):
			say("* BYE bye")
			say("%s OK bye", tag)
			return
		default:
			say("%s OK done", tag)
		}
	}
}
