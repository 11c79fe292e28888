package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what "go list -json" tells of a package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports", "godwit/...")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestLayers keeps the architecture: who may import whom.
func TestLayers(t *testing.T) {
	within := func(p string, roots ...string) bool {
		return slices.ContainsFunc(roots, func(r string) bool { return p == r || strings.HasPrefix(p, r+"/") })
	}
	leaves := []string{"godwit/imapsession/wire", "godwit/imapsession/rfc822", "godwit/imapsession/tnef", "godwit/imapsession/submission",
		"godwit/web/mailhtml", "godwit/web/imageproxy", "godwit/web/sessions"}
	for _, p := range listPackages(t) {
		for _, i := range p.Imports {
			switch {
			case within(p.ImportPath, "godwit/imapsession") && !within(p.ImportPath, "godwit/imapsession/imaptest") &&
				within(i, "net/http", "github.com/labstack/echo", "github.com/a-h/templ", "godwit/web", "godwit/templates"):
				t.Errorf("%s imports %s: imapsession knows no HTTP and no HTML", p.ImportPath, i)
			case slices.Contains(leaves, p.ImportPath) && within(i, "godwit"):
				t.Errorf("%s imports %s: it is a leaf", p.ImportPath, i)
			case within(i, "github.com/labstack/echo") && p.ImportPath != "godwit/web":
				t.Errorf("%s imports %s: echo is known to web alone", p.ImportPath, i)
			case within(i, "github.com/emersion/go-imap/v2/imapclient") && !within(p.ImportPath, "godwit/imapsession"):
				t.Errorf("%s imports %s: only imapsession speaks IMAP", p.ImportPath, i)
			case within(i, "github.com/a-h/templ") && p.ImportPath != "godwit/templates" && p.ImportPath != "godwit/web":
				t.Errorf("%s imports %s: markup is made in templates", p.ImportPath, i)
			case p.ImportPath == "godwit/web/cards" && within(i, "godwit") && i != "godwit/web/mailhtml":
				t.Errorf("%s imports %s: it knows mail content alone", p.ImportPath, i)
			case within(i, "godwit/web/browsertest"):
				t.Errorf("%s imports %s: it is for tests", p.ImportPath, i)
			case within(i, "godwit/imapsession/imaptest") && !within(p.ImportPath, "godwit/imapsession/imaptest", "godwit/cmd"):
				t.Errorf("%s imports %s: it is for tests and the demo", p.ImportPath, i)
			case p.ImportPath == "godwit/templates" && within(i, "net/http", "database/sql", "os"):
				t.Errorf("%s imports %s: templates draw, they do no I/O", p.ImportPath, i)
			}
		}
	}
}

// TestEnvironmentIsReadInCmdAlone finds os.Getenv and os.LookupEnv outside cmd and tests.
func TestEnvironmentIsReadInCmdAlone(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, dir := range []string{"imapsession", "web", "templates", "static"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "imaptest" || d.Name() == "browsertest") { // of tests
				return filepath.SkipDir
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			source, err := os.ReadFile(path)
			if strings.Contains(string(source), "os.Getenv(") || strings.Contains(string(source), "os.LookupEnv(") {
				t.Errorf("%s reads the environment; settings come from cmd", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
