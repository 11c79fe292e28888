package static

import (
	"bytes"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// bundleName is the script of every page: the files of js/app in one, so that a first view costs one request for them.
const bundleName = "js/app.js"

// bundle joins js/app/*.js into one strict function scope: the files see each other's functions and the page sees none. start.js, which wires
// them, comes last; the order of the others does not matter, since they only declare.
func bundle(files fs.FS) ([]byte, error) {
	names, err := fs.Glob(files, "js/app/*.js")
	if err != nil {
		return nil, err
	}
	sort.Slice(names, func(i, j int) bool {
		if last := path.Base(names[j]) == "start.js"; last || path.Base(names[i]) == "start.js" {
			return last
		}
		return names[i] < names[j]
	})
	var b bytes.Buffer
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range names {
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		b.WriteString(withoutComments(string(source)))
	}
	b.WriteString("})();\n")
	return b.Bytes(), nil
}

// withoutComments leaves out the lines that hold nothing but a comment: they are a quarter of what would be sent.
func withoutComments(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "//") || strings.HasPrefix(text, "/**") && strings.HasSuffix(text, "*/") {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}
