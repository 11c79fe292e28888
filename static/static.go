// Package static holds the files that a browser gets as they are: styles, scripts, icons, the brand, vendored libraries.
//
// They are embedded, and every address carries a hash of all of them together (urls.Base.Static), so an answer may be cached for ever
// and a relative import between two scripts, or a url() in a stylesheet, stays within one release.
package static

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"godwit/web/urls"
)

// Files are the embedded files by their path, "css/app.css".
//
//go:embed brand css icons js vendor
var Files embed.FS

// CacheControl is for every answer that Lookup allowed.
const CacheControl = "public, max-age=31536000, immutable"

// minGzip is the smallest file worth compressing, in octets: below it the header of gzip eats the gain.
const minGzip = 256

// File is one file, ready to be sent.
type File struct {
	Name string
	Type string // Content-Type, never guessed from content
	ETag string // strong, quoted
	Body []byte
	Gzip []byte // Body compressed, nil when that does not make it smaller; its ETag is ETag all the same, so Vary on Accept-Encoding
}

// types are the only kinds of file there may be; a test fails on another.
var types = map[string]string{
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".mjs":         "text/javascript; charset=utf-8",
	".json":        "application/json",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".webmanifest": "application/manifest+json",
	".wasm":        "application/wasm",
	".bcmap":       "application/octet-stream",
	".pfb":         "application/octet-stream",
	".ttf":         "font/ttf",
	".icc":         "application/vnd.iccprofile",
	".md":          "text/markdown; charset=utf-8",
	".txt":         "text/plain; charset=utf-8",
}

// all is read and hashed once; compressing waits until a file is first asked for.
var all = sync.OnceValue(load)

type release struct {
	hash  string
	files map[string]func() File
}

func load() release {
	r := release{files: map[string]func() File{}}
	sum := sha256.New()
	// read is called again for a file that is asked for: most never are, and need not lie in memory beside the binary.
	add := func(name string, read func() ([]byte, error)) error {
		body, err := read()
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%d %s %d ", len(name), name, len(body))
		sum.Write(body)
		if kind, ok := types[path.Ext(name)]; ok {
			r.files[name] = sync.OnceValue(func() File {
				body, _ := read() // it was read a moment ago, from the binary itself
				return prepare(name, kind, body)
			})
		}
		return nil
	}
	err := fs.WalkDir(Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Dir(name) == "js/app" {
			return nil // served as part of the bundle
		}
		return add(name, func() ([]byte, error) { return Files.ReadFile(name) })
	})
	if err == nil {
		err = add(bundleName, script)
	}
	if err != nil {
		// The files are part of the binary: there is no way to fail but a broken build.
		panic(fmt.Sprintf("embedded static files: %v", err))
	}
	r.hash = base64.RawURLEncoding.EncodeToString(sum.Sum(nil))[:12]
	return r
}

// script is what every page loads: htmx and then our own, in one file, since a first view has six requests to spend.
func script() ([]byte, error) {
	htmx, err := Files.ReadFile("vendor/htmx/htmx.min.js")
	if err != nil {
		return nil, err
	}
	own, err := bundle(Files)
	return slices.Concat(htmx, []byte(";\n"), own), err
}

func prepare(name, kind string, body []byte) File {
	sum := sha256.Sum256(body)
	f := File{Name: name, Type: kind, Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	if len(body) < minGzip || strings.HasPrefix(kind, "image/png") {
		return f
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid constant
	w.Write(body)                                         // a bytes.Buffer takes all
	w.Close()
	if b.Len() < len(body) {
		f.Gzip = b.Bytes()
	}
	return f
}

// Hash is the release's part of every address: it changes when any file does.
func Hash() string { return all().hash }

// URL is the address of a file by its path. It panics on a name that is not there: a page with a dead script must not pass its test.
func URL(ctx context.Context, name string) string {
	if _, ok := all().files[name]; !ok {
		panic("static file " + name + " does not exist")
	}
	return urls.From(ctx).Static(Hash(), name)
}

// Has tells whether the file is there.
func Has(name string) bool {
	_, ok := all().files[name]
	return ok
}

// Lookup finds what an address names. ok is false for an unknown file, and for another release's hash: answering that with today's content
// under an immutable address would mix two releases in a cache.
func Lookup(hash, name string) (f File, ok bool) {
	r := all()
	get, ok := r.files[name]
	if !ok || hash != r.hash {
		return File{}, false
	}
	return get(), true
}
