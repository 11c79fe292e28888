package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the settings table of the README")

// settingsTable is the README's table, made from settings.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | what it does | expected | default |\n|---|---|---|---|\n")
	for _, s := range settings {
		help := s.help
		if s.secret {
			help += "; `" + s.env() + "_FILE` names a file that holds it"
		}
		value := s.value
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.env(), help, s.expected, value)
	}
	return b.String()
}

func TestReadmeTellsOfEverySetting(t *testing.T) {
	const path, begin, end = "../../README.md", "config.go -->\n", "<!-- /settings -->"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md has no place %q ... %q for the table", begin, end)
	}
	want := before + begin + settingsTable() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(readme) != want {
		t.Error("the README's table of settings is not that of config.go; run go test ./cmd/godwit -run Readme -update")
	}
}

// TestReadmeLeadsSomewhere finds each file and folder that the README names.
func TestReadmeLeadsSomewhere(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range regexp.MustCompile(`(?:\(|`+"`"+`|bash |\./)((?:cmd|web|imapsession|templates|static|testdata)[\w./-]*)`).FindAllStringSubmatch(string(readme), -1) {
		found++
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Errorf("README.md names %s, which is not there", m[1])
		}
	}
	if found < 10 {
		t.Errorf("%d names were found in README.md, want at least 10", found)
	}
}
