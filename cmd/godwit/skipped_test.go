package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tellSkips says in one line what this machine lacks for testing everything.
//
// "go test ./..." hides what a passing package prints, skips too, so that somebody could think that all
// was tested. Where it can be had (Linux), the line goes to the standard error of the go command itself.
func tellSkips() {
	missing := missingHere()
	if len(missing) == 0 {
		return
	}
	var to io.Writer = os.Stderr
	parent := fmt.Sprintf("/proc/%d", os.Getppid())
	if name, err := os.ReadFile(parent + "/comm"); err == nil && strings.TrimSpace(string(name)) == "go" {
		if f, err := os.OpenFile(parent+"/fd/2", os.O_WRONLY|os.O_APPEND, 0); err == nil {
			defer f.Close()
			to = f
		}
	}
	fmt.Fprintf(to, "godwit: tests that need %s are skipped; \"bash testdata/test.sh\" runs them all\n", strings.Join(missing, ", "))
}

// missingHere names what tests ask for and do not find.
func missingHere() (missing []string) {
	if _, err := exec.LookPath("dovecot"); err != nil {
		if _, err := os.Stat("/usr/sbin/dovecot"); err != nil {
			missing = append(missing, "dovecot")
		}
	}
	for _, program := range []string{"chromium", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	corpus := os.Getenv("GODWIT_CORPUS")
	if corpus == "" {
		corpus = "../../../shared/corpus"
	}
	if _, err := os.Stat(filepath.Join(corpus, "real")); err != nil {
		missing = append(missing, "the corpus of real mail (GODWIT_CORPUS)")
	}
	return missing
}
