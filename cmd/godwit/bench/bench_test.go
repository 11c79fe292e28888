package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"godwit/imapsession/imaptest"
	"godwit/imapsession/imaptest/seed"
)

func TestMain(m *testing.M) {
	code := m.Run()
	printTable()
	if binaryDir != "" {
		os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

// line is one row of the table that is printed in the end.
type line struct {
	name, figure, floor, ratio, bar string
	verdict                         string // "held", "missed" or "" where no bar is set
}

var table []line

func printTable() {
	if len(table) == 0 {
		return
	}
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tgodwit\tfloor\tratio\tbar\t")
	count, bars := 0, 0
	for _, l := range table {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.name, l.figure, l.floor, l.ratio, l.bar, l.verdict)
		if l.verdict != "" {
			bars++
		}
		if l.verdict == held {
			count++
		}
	}
	w.Flush()
	fmt.Printf("%d of %d bars held\n", count, bars)
}

const held, missed = "held", "MISSED"

func verdict(ok bool) string {
	if ok {
		return held
	}
	return missed
}

// scale is the environment's BENCH_SCALE, 1 without it.
func scale(t testing.TB) float64 {
	v := os.Getenv("BENCH_SCALE")
	if v == "" {
		return 1
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f <= 0 || f > 1 {
		t.Fatalf("BENCH_SCALE=%s; expected a number above 0, up to 1", v)
	}
	return f
}

const password = "pass"

// rig is the mail server with its mail, and what is known of it.
type rig struct {
	dovecot imaptest.Kept
	plan    seed.Plan
	mail    *inventory
}

var shared *rig

// keptRig is the rig of all benchmarks; its mail stays for the next run.
func keptRig(b *testing.B) *rig {
	b.Helper()
	if shared != nil {
		return shared
	}
	plan := seed.Plan{Scale: scale(b), Password: password, Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	root := os.Getenv("GODWIT_BENCH_DIR")
	if root == "" {
		root = filepath.Join(os.TempDir(), "godwit-bench")
	}
	dir := filepath.Join(root, fmt.Sprintf("seed%d-scale%v", seed.Version, plan.Scale))
	mark := filepath.Join(dir, "complete")
	_, err := os.Stat(mark)
	seeded := err == nil
	if !seeded {
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	dovecot := imaptest.DovecotOver(b, filepath.Join(dir, "mail"))
	if !seeded {
		fmt.Printf("seeding %s, once; it takes minutes and 10 GB at full scale\n", dir)
		if err := seed.Fill(dovecot.Address, plan); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	shared = newRig(b, dovecot, plan)
	return shared
}

func newRig(t testing.TB, dovecot imaptest.Kept, plan seed.Plan) *rig {
	t.Helper()
	r := &rig{dovecot: dovecot, plan: plan}
	r.mail = r.takeStock(t, seed.Big)
	return r
}

// samples are durations in milliseconds.
type samples []float64

func (s *samples) add(d time.Duration) { *s = append(*s, float64(d.Nanoseconds())/1e6) }

func (s samples) at(p float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[int(p*float64(len(sorted)-1)+0.5)]
}

// duel runs floor and godwit in turns, changing who is first, and returns what each took. Each gives the time that counts.
func duel(loop func() bool, floor, godwit func(i int) time.Duration) (f, g samples) {
	for i := 0; loop(); i++ {
		if i%2 == 0 {
			f.add(floor(i))
			g.add(godwit(i))
		} else {
			g.add(godwit(i))
			f.add(floor(i))
		}
	}
	return f, g
}

// timed is how long f takes.
func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// enough keeps a benchmark of few and slow turns from standing on one of them.
const enough = 5

// report adds a comparison to the table; bar is the most that the median may be, in ms. The p95 may be twice the floor's and 5 ms.
func report(b reporter, name string, f, g samples, bar float64) {
	barP95 := 2*f.at(.95) + 5
	ratio := "-"
	if f.at(.5) > 0 {
		ratio = fmt.Sprintf("%.2f", g.at(.5)/f.at(.5))
	}
	ok := g.at(.5) <= bar && (g.at(.95) <= barP95 || len(g) < enough)
	table = append(table, line{name,
		fmt.Sprintf("%.2f ms, p95 %.2f", g.at(.5), g.at(.95)), fmt.Sprintf("%.2f ms, p95 %.2f", f.at(.5), f.at(.95)), ratio,
		fmt.Sprintf("%.2f ms, p95 %.2f", bar, barP95), verdict(ok)})
	b.metric(g.at(.5), "godwit-ms")
	b.metric(f.at(.5), "floor-ms")
	b.metric(bar, "bar-ms")
}

// figure adds a line of one number; better tells which side of the bar is the good one.
func figure(b reporter, name string, value float64, unit string, bar float64, good func(value, bar float64) bool) {
	l := line{name: name, figure: fmt.Sprintf("%.4g %s", value, unit), floor: "", bar: "", ratio: ""}
	if good != nil {
		l.bar, l.verdict = fmt.Sprintf("%.4g %s", bar, unit), verdict(good(value, bar))
	}
	table = append(table, l)
	b.metric(value, strings.ReplaceAll(unit, " ", "-"))
}

func atMost(value, bar float64) bool { return value <= bar }

// reporter is a benchmark, or the test that runs each action once.
type reporter struct{ b *testing.B }

func (r reporter) metric(value float64, unit string) {
	if r.b != nil {
		r.b.ReportMetric(value, unit)
	}
}
