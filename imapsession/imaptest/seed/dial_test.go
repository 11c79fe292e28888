package seed

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

// TestARefusedSignInIsAnError: what would be measured without a mailbox says nothing.
func TestARefusedSignInIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		io.WriteString(nc, "* OK ready\r\n")
		line, _ := bufio.NewReader(nc).ReadString('\n')
		tag, _, _ := strings.Cut(line, " ")
		io.WriteString(nc, tag+" NO wrong password\r\n")
	}()
	if c, err := dial(l.Addr().String(), "u", "wrong"); err == nil {
		c.nc.Close()
		t.Error("dial = nil, want the server's refusal")
	}
}
