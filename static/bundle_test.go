package static

import (
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBundleJoinsAllAndStartsLast(t *testing.T) {
	files := fstest.MapFS{
		"js/app/start.js": {Data: []byte("go();\n")},
		"js/app/zone.js":  {Data: []byte("// why\nfunction go() { return \"// kept\"; }\n\n/** what */\n")},
		"js/pdf.js":       {Data: []byte("other();\n")},
	}
	got, err := bundle(files)
	want := "(() => {\n\"use strict\";\nfunction go() { return \"// kept\"; }\ngo();\n})();\n"
	if err != nil || string(got) != want {
		t.Errorf("bundle = %q, %v, want %q", got, err, want)
	}
}

func TestBundleIsAScript(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the bundle's syntax is checked in the browser tests alone")
	}
	script, err := bundle(Files)
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command(node, "--check", "-")
	check.Stdin = strings.NewReader(string(script))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("node --check: %v\n%s", err, out)
	}
}
