package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var binaryDir string

// binary builds the program, once.
func binary(t testing.TB) string {
	t.Helper()
	if binaryDir == "" {
		dir, err := os.MkdirTemp("", "godwit-bench-bin-")
		if err != nil {
			t.Fatal(err)
		}
		binaryDir = dir
		build := exec.Command("go", "build", "-o", dir, "godwit/cmd/godwit")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	return filepath.Join(binaryDir, "godwit")
}

// godwit is the program in a process of its own.
type godwit struct {
	origin string
	pid    int
}

// start runs the program in front of the rig's server until the test ends.
func (r *rig) start(t testing.TB) *godwit {
	t.Helper()
	command := exec.Command(binary(t), "serve", "--listen", "127.0.0.1:0", "--imap", "imap://"+r.dovecot.Address,
		"--insecure-plaintext", "--data-dir", t.TempDir())
	command.Env = slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "GODWIT_") && !strings.HasPrefix(e, "GODWIT_PPROF")
	})
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Signal(os.Interrupt)
		command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	_, origin, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if err != nil || !ok {
		t.Fatalf("godwit printed %q: %v", line, err)
	}
	return &godwit{strings.TrimSuffix(origin, "/"), command.Process.Pid}
}

// memory is the process's own memory now, in MiB: PSS, which counts what is shared in proportion.
func (g *godwit) memory(t testing.TB) float64 { return inStatus(t, g.pid, "smaps_rollup", "Pss:") }

// peak is the most that was resident since forgetPeak, in MiB.
func (g *godwit) peak(t testing.TB) float64 { return inStatus(t, g.pid, "status", "VmHWM:") }

func (g *godwit) resident(t testing.TB) float64 { return inStatus(t, g.pid, "status", "VmRSS:") }

// forgetPeak makes the kernel measure the peak anew.
func (g *godwit) forgetPeak(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", g.pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

func inStatus(t testing.TB, pid int, file, key string) float64 {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == key {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			return kib / 1024
		}
	}
	t.Fatalf("/proc/%d/%s has no %s", pid, file, key)
	return 0
}

// cpu is what a process and its children have used so far, children that ended included.
func cpu(root int) time.Duration {
	type process struct {
		parent int
		ticks  int64
	}
	all := map[int]process{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it ended
		}
		f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
		p := process{}
		p.parent, _ = strconv.Atoi(f[1])
		for _, i := range []int{11, 12, 13, 14} { // utime, stime and those of ended children
			n, _ := strconv.ParseInt(f[i], 10, 64)
			p.ticks += n
		}
		all[pid] = p
	}
	var total int64
	for pid, p := range all {
		for at := pid; at > 1; at = all[at].parent {
			if at == root {
				total += p.ticks
				break
			}
		}
	}
	return time.Duration(total) * 10 * time.Millisecond
}
