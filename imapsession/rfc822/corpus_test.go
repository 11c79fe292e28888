package rfc822

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// corpusRoot is the project's own copy of the mails; the mails of other projects stand beside the repository where they are at hand.
const (
	corpusRoot = "../../testdata/corpus"
	realRoot   = "../../../shared/corpus/real"
)

func required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("GODWIT_REQUIRE"), ","), what)
}

// missing skips the test, or fails it where GODWIT_REQUIRE names what is missing.
func missing(t *testing.T, what, why string) {
	t.Helper()
	if required(what) {
		t.Fatalf("%s is required: %s", what, why)
	}
	t.Skipf("no %s: %s", what, why)
}

// corpusMails returns the mails under root by their path.
func corpusMails(t testing.TB, root string) map[string][]byte {
	t.Helper()
	mails := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".eml" {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		mails[filepath.ToSlash(name)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

func realMails(t *testing.T) map[string][]byte {
	t.Helper()
	if _, err := os.Stat(realRoot); err != nil {
		missing(t, "corpus", "the mails of other projects are not at ../shared/corpus/real")
	}
	return corpusMails(t, realRoot)
}

func parseBytes(t testing.TB, b []byte) *Entity {
	t.Helper()
	root, err := Parse(bytes.NewReader(b), int64(len(b)), Limits{})
	if err != nil {
		t.Fatalf("Parse = %v", err)
	}
	return root
}

// checkTree fails on a tree whose offsets do not nest or whose fields are not filled.
func checkTree(t *testing.T, name string, root *Entity, size int64) {
	t.Helper()
	var check func(e *Entity, from, to int64)
	check = func(e *Entity, from, to int64) {
		if e.HeaderStart < from || e.BodyStart < e.HeaderStart || e.BodyEnd < e.BodyStart || e.BodyEnd > to {
			t.Errorf("%s: %s at %d, %d, %d does not lie in %d, %d", name, e.Type, e.HeaderStart, e.BodyStart, e.BodyEnd, from, to)
		}
		if strings.Count(e.Type, "/") != 1 || e.Type != strings.ToLower(e.Type) || e.Encoding == "" || e.Params == nil {
			t.Errorf("%s: type %q, encoding %q, params %v", name, e.Type, e.Encoding, e.Params)
		}
		if n := e.Filename(); n != SafeName(n) {
			t.Errorf("%s: file name %q is not safe", name, n)
		}
		at := e.BodyStart
		for _, c := range e.Children {
			check(c, at, e.BodyEnd)
			at = c.BodyEnd
		}
	}
	check(root, 0, size)
}

// TestCorpora reads every mail with everything in the package, and none takes long or breaks a rule that holds for all.
func TestCorpora(t *testing.T) {
	for name, mail := range corpusMails(t, corpusRoot) {
		readAll(t, name, mail)
	}
	if _, err := os.Stat(realRoot); err == nil {
		for name, mail := range realMails(t) {
			readAll(t, name, mail)
		}
	} else {
		t.Run("real", func(t *testing.T) { realMails(t) })
	}
}

func readAll(t *testing.T, name string, mail []byte) {
	t.Helper()
	if d := cpuTime(t, func() { readWhole(t, name, mail) }); d > slowdown*3*time.Second {
		t.Errorf("%s took %v", name, d)
	}
}

func readWhole(t *testing.T, name string, mail []byte) {
	t.Helper()
	root := parseBytes(t, mail)
	checkTree(t, name, root, int64(len(mail)))
	root.Walk(func(section string, e *Entity) bool {
		for _, f := range e.Header {
			checkClean(t, name, e.Header.Text(f.Name))
			for _, a := range e.Header.Addresses(f.Name) {
				checkClean(t, name, a.Name, a.Addr, a.Group, a.Domain(), FormatAddress(a))
			}
			e.Header.MessageIDs(f.Name)
			ParseDate(f.Value)
			if len(e.Header) > 300 {
				break
			}
		}
		if len(e.Children) > 0 {
			return true
		}
		body, err := io.ReadAll(io.LimitReader(e.Body(bytes.NewReader(mail)), 1<<20))
		if err != nil {
			t.Errorf("%s section %s: %v", name, section, err)
		}
		if e.Class() == "text" {
			text := DecodeText(body, e.Params["charset"], e.Type == "text/html")
			checkClean(t, name, PreviewText(text, e.Type == "text/html", 140))
			if strings.ContainsRune(text, 0) || strings.ToValidUTF8(text, "") != text {
				t.Errorf("%s section %s: text holds NUL or is not UTF-8", name, section)
			}
		}
		return true
	})
}

// checkClean fails on display text that is not what CleanText promises.
func checkClean(t *testing.T, name string, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if CleanText(s) != s {
			t.Errorf("%s: display text %.200q is not clean: want %.200q", name, s, CleanText(s))
		}
	}
}

// TestCorpusNames compares with the names that index.json says must be listed.
func TestCorpusNames(t *testing.T) {
	b, err := os.ReadFile(corpusRoot + "/benign/index.json")
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Mails []struct {
			File        string
			Attachments []struct {
				Name, Type string
				Size       int64
			}
		}
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, m := range index.Mails {
		mail, err := os.ReadFile(corpusRoot + "/benign/" + m.File)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range m.Attachments {
			e := findNamed(parseBytes(t, mail), want.Name)
			if e == nil {
				t.Errorf("%s: no part is named %q", m.File, want.Name)
				continue
			}
			n, _ := io.Copy(io.Discard, e.Body(bytes.NewReader(mail)))
			if want.Type != "" && e.Type != want.Type || want.Size != 0 && n != want.Size {
				t.Errorf("%s: %q is %s of %d octets, want %s of %d", m.File, want.Name, e.Type, n, want.Type, want.Size)
			}
			checked++
		}
	}
	if checked < 7 {
		t.Errorf("index.json named only %d attachments", checked)
	}
}

// findNamed finds the part with that name. A forwarded message without one is named after its subject.
func findNamed(root *Entity, name string) (found *Entity) {
	root.Walk(func(_ string, e *Entity) bool {
		n := e.Filename()
		if n == "" && e.Type == "message/rfc822" && len(e.Children) == 1 {
			n = e.Children[0].Header.Text("Subject") + ".eml"
		}
		if n == name && found == nil {
			found = e
		}
		return true
	})
	return found
}

// pythonLeaves prints, for each mail named on standard input, its leaves as JSON: type, file name, decoded octets in hexadecimal.
const pythonLeaves = `
import email, email.policy, json, sys
def leaves(m):
    if m.get_content_maintype() == "message" and m.get_content_type() not in ("message/rfc822", "message/global", "message/news"):
        yield {"Type": m.get_content_type()}
    elif m.is_multipart() and encoded(m):
        yield {"Type": m.get_content_type()}
    elif m.is_multipart():
        for p in m.get_payload(): yield from leaves(p)
    else:
        body = m.get_payload(decode=True)
        yield {"Type": m.get_content_type(), "Body": "x" + (body or b"").hex()}
def encoded(m):
    return m.get_content_maintype() == "message" and str(m.get("Content-Transfer-Encoding", "")).strip().lower() in ("base64", "quoted-printable")
for name in sys.stdin.read().split("\n"):
    if not name: continue
    with open(name, "rb") as f: m = email.message_from_binary_file(f)
    subject = m.get("Message-ID", "")
    print(json.dumps({"File": name, "Leaves": list(leaves(m)), "ID": str(subject), "Defects": [type(d).__name__ for p in m.walk() for d in p.defects]}))
`

type pythonMail struct {
	File    string
	ID      string
	Leaves  []pythonLeaf
	Defects []string
}

type pythonLeaf struct{ Type, Body string }

// askPython returns what Python's email package finds in the mails under root.
func askPython(t *testing.T, root string, names []string) []pythonMail {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		missing(t, "python", "python3 is not installed")
	}
	var in strings.Builder
	for _, name := range names {
		fmt.Fprintln(&in, filepath.Join(root, filepath.FromSlash(name)))
	}
	cmd := exec.Command(python, "-c", pythonLeaves)
	cmd.Stdin = strings.NewReader(in.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v", err)
	}
	var mails []pythonMail
	for line := range bytes.Lines(out) {
		var m pythonMail
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("python3 wrote %.100q: %v", line, err)
		}
		mails = append(mails, m)
	}
	if len(mails) != len(names) {
		t.Fatalf("python3 read %d of %d mails", len(mails), len(names))
	}
	return mails
}

// TestAgainstPython compares leaves and their octets with Python's email package, whose word counts for well-formed mail. Where
// the two differ on purpose, pythonDiffers says why.
func TestAgainstPython(t *testing.T) {
	t.Run("benign", func(t *testing.T) { comparePython(t, corpusRoot+"/benign", corpusMails(t, corpusRoot+"/benign")) })
	t.Run("real", func(t *testing.T) { comparePython(t, realRoot, realMails(t)) })
}

func comparePython(t *testing.T, root string, mails map[string][]byte) {
	var names []string
	for name := range mails {
		names = append(names, name)
	}
	slices.Sort(names)
	compared, broken := 0, 0
	for i, python := range askPython(t, root, names) {
		name := names[i]
		why, excepted := pythonDiffers[name]
		defect := slices.IndexFunc(python.Defects, func(d string) bool { return pythonDefects[d] != "" })
		diff := diffPython(mails[name], parseBytes(t, mails[name]), python)
		switch {
		case diff != "" && defect >= 0:
			broken++
		case diff != "" && !excepted:
			t.Errorf("%s: %s (python: %v)", name, diff, python.Defects)
		case diff == "" && excepted:
			t.Errorf("%s: agrees with python; the exception (%s) is stale", name, why)
		}
		compared++
	}
	t.Logf("%d mails compared; %d broken ones differ for the reasons in pythonDefects", compared, broken)
}

// diffPython says where the leaves differ first, "" when they don't.
func diffPython(mail []byte, root *Entity, python pythonMail) string {
	var ours []pythonLeaf
	root.Walk(func(_ string, e *Entity) bool {
		if len(e.Children) == 0 {
			b, _ := io.ReadAll(e.Body(bytes.NewReader(mail)))
			ours = append(ours, pythonLeaf{e.Type, string(b)})
		}
		return true
	})
	for i := range max(len(ours), len(python.Leaves)) {
		switch {
		case i >= len(ours) || i >= len(python.Leaves):
			return fmt.Sprintf("%d leaves, python %d", len(ours), len(python.Leaves))
		case ours[i].Type != python.Leaves[i].Type:
			return fmt.Sprintf("leaf %d is %s, python %s", i, ours[i].Type, python.Leaves[i].Type)
		}
		text, compare := strings.CutPrefix(python.Leaves[i].Body, "x")
		want, err := hex.DecodeString(text)
		if err != nil {
			return err.Error()
		}
		if a, b := comparable(ours[i].Body), comparable(string(want)); compare && a != b {
			n := 0
			for n < len(a) && n < len(b) && a[n] == b[n] {
				n++
			}
			return fmt.Sprintf("leaf %d (%s) has %d octets, python %d; from %d on %.60q, python %.60q", i, ours[i].Type, len(a), len(b), n, a[n:], b[n:])
		}
	}
	return ""
}

// comparable drops what the two treat differently throughout: Python reads lines with universal ends, keeps blanks at the ends of quoted-printable
// lines (RFC 2045 section 6.7 rule 3 drops them), and the last line end of a mail without a final boundary.
func comparable(s string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")) {
		b.WriteString(strings.TrimRight(line, " \t\n"))
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}

// pythonDefects are what Python finds wrong with a mail where its word does not count, and why.
var pythonDefects = map[string]string{
	"StartBoundaryNotFoundDefect":         "python leaves a multipart whose boundary is wrong as a leaf; here the boundary is found, or its body is a text",
	"NoBoundaryInMultipartDefect":         "the same, without any boundary given",
	"MissingHeaderBodySeparatorDefect":    "python ends the header at the first line without a colon; here fields after it count",
	"FirstHeaderLineIsContinuationDefect": "python takes the whole part for a header",
	"InvalidBase64LengthDefect":           "python gives base64 with an odd digit back undecoded; here all that can be decoded is",
}

// pythonDiffers are the other mails on which Python's word does not count, and why.
var pythonDiffers = map[string]string{
	"aerc/quoted-mime-type.eml":           "the type stands in quotes: python keeps them",
	"enmime/ctype-invalid-characters.eml": "a type that ends in a stray bracket: python keeps it",
	"enmime/mime-bad-content-type.eml":    "no semicolon after the type: python takes the parameters into it",
	"enmime/mime-blank-media-name.eml":    "the same",
	"cpython/msg_37.eml":                  "boundaries with nothing between: python drops these parts, IMAP servers number them",
	"mime4j/multipartemptypart.eml":       "the same",
	"flanker/torture.eml":                 "a type without a slash and with a name: text to python, a file here",
	"spamassassin/big5-base64.1.eml":      "a list's footer behind the padding: python stops there, here another stream may follow",
	"spamassassin/mime8.eml":              "the same",
}
