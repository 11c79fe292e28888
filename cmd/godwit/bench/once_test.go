package bench

import (
	"testing"
	"time"

	"godwit/imapsession/imaptest"
	"godwit/imapsession/imaptest/seed"
	"godwit/web/browsertest"
)

// TestEachActionOnce does what the benchmarks do, once each and on little mail: they look at what they are answered, so
// that a figure is never that of an error page.
func TestEachActionOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the benchmarks' actions")
	}
	plan := seed.Plan{Scale: 0.01, Password: password}
	dovecot := imaptest.DovecotOver(t, "")
	if err := seed.Fill(dovecot.Address, plan); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, dovecot, plan)
	none := reporter{}
	once := func() func() bool {
		left := 2
		return func() bool { left--; return left >= 0 }
	}
	before := len(table)
	t.Run("reading", func(t *testing.T) {
		for _, a := range r.reading(t) {
			f, g := duel(once(), a.floor, a.godwit)
			report(none, a.name, f, g, a.bar(f.at(.5)))
		}
	})
	t.Run("attachment", func(t *testing.T) { attachments(r, t, none, once()) })
	t.Run("download", func(t *testing.T) { download(r, t, none, once()) })
	t.Run("idle", func(t *testing.T) { idle(r, t, none, 100*time.Millisecond) })
	t.Run("fifty", func(t *testing.T) { fifty(r, t, none, 3, 1, 300*time.Millisecond) })
	t.Run("chromium", func(t *testing.T) { inChromium(r, browsertest.Start(t), t, none, 1, 2) })
	for _, l := range table[before:] {
		if l.figure == "" || l.name == "" {
			t.Errorf("a line of the table is empty: %+v", l)
		}
	}
	// What was measured on little mail, once, stands for nothing.
	table = table[:before]
}
