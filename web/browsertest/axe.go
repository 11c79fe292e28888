package browsertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// axeSource is the vendored axe-core.
var axeSource = sync.OnceValues(func() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "testdata", "vendor", "axe-core", "axe.min.js"))
	return string(b), err
})

// violation is what axe says of one rule.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Axe runs axe-core (WCAG 2.2 A and AA, and best practices) over the page, mail frames left out: what a sender wrote is not ours to
// mend. Each violation fails the test, but for those of the rules in but.
func (tab *Tab) Axe(where string, but ...string) {
	tab.t.Helper()
	source, err := axeSource()
	if err != nil {
		tab.t.Fatal(err)
	}
	// The protocol's evaluate is not subject to the page's policy.
	Eval[int](tab, source+";0")
	result := Eval[string](tab, `axe.run({exclude: [["iframe"]]}, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]
	}).then(r => JSON.stringify(r.violations))`)
	var violations []violation
	if err := json.Unmarshal([]byte(result), &violations); err != nil {
		tab.t.Fatal(err)
	}
	for _, v := range violations {
		if slices.Contains(but, v.ID) {
			continue
		}
		for i, n := range v.Nodes {
			if i == 3 {
				tab.t.Errorf("%s: axe %s: and %d more", where, v.ID, len(v.Nodes)-i)
				break
			}
			tab.t.Errorf("%s: axe %s (%s): %.300s: %.300s", where, v.ID, v.Help, n.HTML, n.Summary)
		}
	}
}
