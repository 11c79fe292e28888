package static

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"godwit/web/urls"
)

func TestEveryFileHasAType(t *testing.T) {
	err := fs.WalkDir(Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), "LICENSE") {
			return err
		}
		if _, ok := types[path.Ext(name)]; !ok {
			t.Errorf("%s has no Content-Type: add its extension to types, or leave the file out", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		name, hash, file string
		want             bool
	}{
		{"stylesheet", Hash(), "css/app.css", true},
		{"bundle", Hash(), "js/app.js", true},
		{"another release", "AAAAAAAAAAAA", "css/app.css", false},
		{"no such file", Hash(), "css/none.css", false},
		{"way out", Hash(), "../static.go", false},
		{"source of the bundle", Hash(), "js/app/start.js", false},
		{"folder", Hash(), "css", false},
	} {
		if f, ok := Lookup(tt.hash, tt.file); ok != tt.want || ok && len(f.Body) == 0 {
			t.Errorf("%s: Lookup(%q, %q) = %d octets, %t, want %t", tt.name, tt.hash, tt.file, len(f.Body), ok, tt.want)
		}
	}
}

func TestGzipIsTheSameContent(t *testing.T) {
	f, ok := Lookup(Hash(), "css/app.css")
	if !ok || f.Gzip == nil {
		t.Fatalf("Lookup(css/app.css) = gzip of %d octets, %t, want some", len(f.Gzip), ok)
	}
	r, err := gzip.NewReader(bytes.NewReader(f.Gzip))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, f.Body) {
		t.Errorf("gunzip = %d octets, %v, want the %d of the file", len(got), err, len(f.Body))
	}
}

// TestBudgets holds the numbers of the design: octets after gzip.
func TestBudgets(t *testing.T) {
	for _, tt := range []struct {
		name   string
		budget int
		files  []string
	}{
		{"stylesheet", 20_000, []string{"css/app.css"}},
		{"scripts of the inbox", 30_000, []string{"js/app.js"}},
		{"icons", 6_000, []string{"icons/icons.svg"}},
	} {
		total := 0
		for _, name := range tt.files {
			f, ok := Lookup(Hash(), name)
			if !ok {
				t.Errorf("%s: %s is missing", tt.name, name)
				continue
			}
			total += len(f.Gzip)
		}
		if total > tt.budget {
			t.Errorf("%s: %d octets, want at most %d", tt.name, total, tt.budget)
		}
		t.Logf("%s: %d octets of %d", tt.name, total, tt.budget)
	}
}

func TestScriptHoldsHTMXAndOurs(t *testing.T) {
	f, ok := Lookup(Hash(), "js/app.js")
	if !ok || !bytes.HasPrefix(f.Body, []byte("var htmx=")) || !bytes.Contains(f.Body, []byte("wireSwaps();")) {
		t.Errorf("js/app.js = %.40q ..., %t, want htmx and then our own", f.Body, ok)
	}
}

func TestURLKnowsBaseAndHash(t *testing.T) {
	ctx := urls.With(context.Background(), "/mail")
	if got, want := URL(ctx, "css/app.css"), "/mail/static/"+Hash()+"/css/app.css"; got != want {
		t.Errorf("URL(css/app.css) = %s, want %s", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("URL of a file that is not there did not panic")
		}
	}()
	URL(ctx, "css/none.css")
}

func TestManifestNamesFilesThatExist(t *testing.T) {
	var m struct {
		StartURL string `json:"start_url"`
		Icons    []struct{ Src string }
	}
	if err := json.Unmarshal(Manifest("/mail"), &m); err != nil {
		t.Fatal(err)
	}
	if m.StartURL != "/mail/" || len(m.Icons) == 0 {
		t.Errorf("Manifest = start %q, %d icons, want /mail/ and some", m.StartURL, len(m.Icons))
	}
	for _, icon := range m.Icons {
		name := strings.TrimPrefix(icon.Src, "/mail/static/"+Hash()+"/")
		if !Has(name) {
			t.Errorf("icon %s does not exist", icon.Src)
		}
	}
}

// TestVendoredFilesAreWhatTheTableSays compares each line of VENDORED.md with its file, and looks for files without a line.
func TestVendoredFilesAreWhatTheTableSays(t *testing.T) {
	table, err := os.ReadFile("vendor/VENDORED.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .* \\| `([0-9a-f]{64})` \\|$")
	listed := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(table), -1) {
		name, want := "vendor/"+m[1], m[2]
		listed[name] = true
		body, err := vendored(name)
		if err != nil {
			t.Errorf("VENDORED.md lists %s: %v", name, err)
			continue
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != want {
			t.Errorf("SHA-256 of %s = %x, want %s", name, sum, want)
		}
	}
	err = fs.WalkDir(Files, "vendor", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) != ".md" && !strings.HasPrefix(path.Base(name), "LICENSE") && !listed[name] && !listed[path.Dir(name)+"/"] {
			t.Errorf("%s has no line in VENDORED.md", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// vendored is a file, or those of a folder ("name/") one after another.
func vendored(name string) ([]byte, error) {
	folder, ok := strings.CutSuffix(name, "/")
	if !ok {
		return Files.ReadFile(name)
	}
	entries, err := Files.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, e := range entries {
		body, err := Files.ReadFile(folder + "/" + e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, body...)
	}
	return all, nil
}

func TestSpriteHasUniqueSymbols(t *testing.T) {
	sprite, err := Files.ReadFile("icons/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`<symbol id="([^"]+)"`).FindAllSubmatch(sprite, -1) {
		if id := string(m[1]); seen[id] {
			t.Errorf("symbol %s is there twice", id)
		} else {
			seen[id] = true
		}
	}
	if len(seen) == 0 {
		t.Error("the sprite has no symbols")
	}
}
