package imaptest

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"godwit/imapsession/imaptest/selfsigned"
	"godwit/imapsession/imaptest/smtpsink"
)

// errNoDovecot says that this machine has none, as opposed to one that does not start.
var errNoDovecot = errors.New("dovecot is not installed (Debian: dovecot-imapd)")

// dovecotProcess is the one that all tests of the binary share; it starts with the first that asks.
var dovecotProcess = sync.OnceValues(startDovecot)

// Dovecot returns the binary's private Dovecot through ports that are the test's own. Without Dovecot on
// the machine the test ends as Missing says.
func Dovecot(t testing.TB) *Server {
	t.Helper()
	process, err := dovecotProcess()
	if errors.Is(err, errNoDovecot) {
		Missing(t, "dovecot", err)
	}
	if err != nil {
		t.Fatalf("dovecot: %v", err)
	}
	s := &Server{Name: "dovecot", Roots: process.pair.RootsPEM}
	submission, submissionTLS := s.openSink(t, process.pair)
	s.open(t, process.at("127.0.0.1", process.Port), process.at("127.0.0.1", process.TLSPort),
		process.at("127.0.0.2", process.Port), submission, submissionTLS)
	return s
}

// openSink starts the submission server of a test and returns its two addresses.
func (s *Server) openSink(t testing.TB, pair *selfsigned.Pair) (startTLS, implicit string) {
	t.Helper()
	s.Sink = smtpsink.New(smtpsink.Options{
		Password: func(_, password string) bool { return password == Password },
		TLS:      pair.TLS,
		Deliver:  s.deliver,
		Keep:     true,
	})
	t.Cleanup(s.Sink.Close)
	return listen(t, s.Sink.ServeStartTLS), listen(t, s.Sink.ServeTLS)
}

// dovecot is a running Dovecot and what its configuration was made from.
type dovecot struct {
	Dir, Mail     string
	Port, TLSPort int
	UID, GID      int
	Root          bool // whether we are root; else all of Dovecot runs as us
	User, Group   string
	SpecialUse    []string
	Quota         bool

	pair *selfsigned.Pair
}

func (d *dovecot) at(host string, port int) string {
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// mailOwner owns the mail when we are root; Dovecot refuses to serve mail as root.
const mailOwner = 5000

//go:embed dovecot.conf.tmpl
var dovecotConf string

func startDovecot() (*dovecot, error) {
	path, err := dovecotPath()
	if err != nil {
		return nil, err
	}
	return retryDovecot(path, dovecot{Quota: true})
}

// retryDovecot starts one with the settings given: a chosen port may be taken by another before Dovecot has it.
func retryDovecot(path string, settings dovecot) (d *dovecot, err error) {
	for range 3 {
		if d, err = tryDovecot(path, settings); err == nil {
			return d, nil
		}
	}
	return nil, err
}

func dovecotPath() (string, error) {
	for _, p := range []string{"dovecot", "/usr/sbin/dovecot", "/usr/local/sbin/dovecot"} {
		if found, err := exec.LookPath(p); err == nil {
			return found, nil
		}
	}
	return "", errNoDovecot
}

func tryDovecot(path string, settings dovecot) (*dovecot, error) {
	d := &settings
	d.SpecialUse = []string{"Drafts", "Sent", "Trash", "Junk", "Archive"}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	if err := d.run(path); err != nil {
		os.RemoveAll(d.Dir)
		return nil, err
	}
	return d, d.wait()
}

// prepare makes the directory with certificate, key and configuration.
func (d *dovecot) prepare() error {
	dir, err := os.MkdirTemp("", "godwit-dovecot-")
	if err != nil {
		return err
	}
	d.Dir = dir
	if d.Mail == "" {
		d.Mail = filepath.Join(dir, "mail")
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the mail's owner must get through
		return err
	}
	if d.Port, d.TLSPort, err = freePorts(); err != nil {
		return err
	}
	if err := d.chooseUser(); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Mail, 0o700); err != nil {
		return err
	}
	if d.Root {
		if err := os.Chown(d.Mail, d.UID, d.GID); err != nil {
			return err
		}
	}
	if d.pair, err = selfsigned.New(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), d.pair.CertPEM, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), d.pair.KeyPEM, 0o600); err != nil {
		return err
	}
	var conf strings.Builder
	if err := template.Must(template.New("dovecot").Parse(dovecotConf)).Execute(&conf, d); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "dovecot.conf"), []byte(conf.String()), 0o644)
}

func (d *dovecot) chooseUser() error {
	if os.Geteuid() == 0 {
		d.Root, d.UID, d.GID = true, mailOwner, mailOwner
		return nil
	}
	d.UID, d.GID = os.Geteuid(), os.Getegid()
	u, err := user.Current()
	if err != nil {
		return err
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return err
	}
	d.User, d.Group = u.Username, g.Name
	return nil
}

// freePorts finds two ports that are free on both loopback addresses that the configuration uses.
func freePorts() (a, b int, err error) {
	var ports []int
	for len(ports) < 2 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, err
		}
		defer first.Close()
		port := first.Addr().(*net.TCPAddr).Port
		second, err := net.Listen("tcp", fmt.Sprintf("127.0.0.2:%d", port))
		if err != nil {
			continue
		}
		defer second.Close()
		ports = append(ports, port)
	}
	return ports[0], ports[1], nil
}

// keeper runs Dovecot until its standard input ends, then cleans up. The other end of that pipe is held by
// this process alone, so the end of the tests, by whatever cause, is the end of Dovecot.
const keeper = `
trap '' INT HUP
"$1" -F -c "$2/dovecot.conf" </dev/null &
read -r _
kill $! 2>/dev/null
wait
rm -rf "$2"
`

// held keeps the write end of the pipe reachable: a finalizer that closed it would end Dovecot.
var held []*os.File

func (d *dovecot) run(path string) error {
	r, w, err := os.Pipe() // close-on-exec: no other child inherits it
	if err != nil {
		return err
	}
	defer r.Close()
	out, err := os.Create(filepath.Join(d.Dir, "start.log"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", path, d.Dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, out, out
	// Its own process group: an interrupt at the terminal is not to race with the cleaning up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return err
	}
	held = append(held, w)
	return cmd.Process.Release()
}

// wait returns when Dovecot greets, or the reason why it does not.
func (d *dovecot) wait() error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if greets(d.at("127.0.0.2", d.Port)) && greets(d.at("127.0.0.1", d.Port)) {
			return nil
		}
	}
	start, _ := os.ReadFile(filepath.Join(d.Dir, "start.log"))
	log, _ := os.ReadFile(filepath.Join(d.Dir, "dovecot.log"))
	return fmt.Errorf("it did not greet within 10 s: %s%s", start, log)
}

func greets(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	greeting := make([]byte, 4)
	n, _ := c.Read(greeting)
	return string(greeting[:n]) == "* OK"
}
