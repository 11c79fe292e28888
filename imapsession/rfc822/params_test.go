package rfc822

import (
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseMediaType(t *testing.T) {
	type params = map[string]string
	for _, tt := range []struct {
		name, in, kind string
		want           params
	}{
		{"plain", "text/plain", "text/plain", params{}},
		{"parameters", `Text/HTML; Charset=UTF-8; format="flowed"`, "text/html", params{"charset": "UTF-8", "format": "flowed"}},
		{"disposition", `attachment; filename="a b.txt"; size=12`, "attachment", params{"filename": "a b.txt", "size": "12"}},
		{"blanks around", "text/plain ; charset = utf-8 ;", "text/plain", params{"charset": "utf-8"}},
		{"blanks around the slash", "text / plain; charset=utf-8", "text/plain", params{"charset": "utf-8"}},
		{"no semicolon after the type", "text/plain charset=utf-8", "text/plain", params{"charset": "utf-8"}},
		{"no semicolon between", `text/plain; charset=utf-8 format=flowed`, "text/plain", params{"charset": "utf-8", "format": "flowed"}},
		{"no semicolon after quotes", `text/plain; charset="utf-8" format=flowed`, "text/plain", params{"charset": "utf-8", "format": "flowed"}},
		{"doubled semicolons", "text/plain;; charset=utf-8;;", "text/plain", params{"charset": "utf-8"}},
		{"unquoted blanks", "attachment; filename=my annual report.pdf; size=3", "attachment", params{"filename": "my annual report.pdf", "size": "3"}},
		{"unquoted parentheses in a name", "attachment; filename=copy (2).pdf", "attachment", params{"filename": "copy (2).pdf"}},
		{"comment", "text/plain (a comment); charset=us-ascii (plain text)", "text/plain", params{"charset": "us-ascii"}},
		{"duplicates", "text/plain; charset=a; charset=b", "text/plain", params{"charset": "a"}},
		{"junk", "text/plain; charset=utf-8; !!; =x; junk junk", "text/plain", params{"charset": "utf-8"}},
		{"quoted type", `"application/pdf"; name=x`, "application/pdf", params{"name": "x"}},
		{"no type", `charset=utf-8`, "", params{"charset": "utf-8"}},
		{"escapes", `attachment; filename="a\"b\\c.txt"`, "attachment", params{"filename": `a"b\c.txt`}},
		{"Windows path", `attachment; filename="C:\temp\file.txt"`, "attachment", params{"filename": `C:\temp\file.txt`}},
		{"quotes inside quotes", `attachment; filename="a "nice" file.txt"; size=3`, "attachment", params{"filename": `a "nice" file.txt`, "size": "3"}},
		{"semicolon inside quotes", `attachment; filename="a; size=3.txt"`, "attachment", params{"filename": `a; size=3.txt`}},
		{"unclosed quotes", `attachment; filename="a.txt; size=3`, "attachment", params{"filename": "a.txt", "size": "3"}},
		{"unclosed quotes at the end", `attachment; filename="a.txt`, "attachment", params{"filename": "a.txt"}},
		{"single quotes are text", `attachment; filename='a.txt'`, "attachment", params{"filename": "'a.txt'"}},
		{"RFC 2231", `attachment; filename*=utf-8'en'na%C3%AFve%20plan.txt`, "attachment", params{"filename": "naïve plan.txt"}},
		{"RFC 2231 in quotes", `attachment; filename*="utf-8''na%C3%AFve.txt"`, "attachment", params{"filename": "naïve.txt"}},
		{"RFC 2231 without a charset", `attachment; filename*=na%C3%AFve.txt`, "attachment", params{"filename": "naïve.txt"}},
		{"RFC 2231 without the star", `attachment; filename=utf-8''na%C3%AFve.txt`, "attachment", params{"filename": "naïve.txt"}},
		{"RFC 2231 wins", `attachment; filename="nave.txt"; filename*=utf-8''na%C3%AFve.txt`, "attachment", params{"filename": "naïve.txt"}},
		{"continuations", `attachment; filename*0="long "; filename*1="name"; filename*2=.txt`, "attachment", params{"filename": "long name.txt"}},
		{"continuations out of order", `attachment; filename*1=b; filename*2=c; filename*0=a`, "attachment", params{"filename": "abc"}},
		{"continuations with a charset", `attachment; filename*0*=utf-8''na%C3; filename*1*=%AFve; filename*2=" %41.txt"`, "attachment", params{"filename": "naïve %41.txt"}},
		{"continuations from one", `attachment; filename*1=a; filename*2=b`, "attachment", params{"filename": "ab"}},
		{"continuations with a gap", `attachment; filename*0=a; filename*2=c`, "attachment", params{"filename": "a"}},
		{"continuations of encoded words", `attachment; filename*0="=?utf-8?B?bmHDr3Zl"; filename*1="LnR4dA==?="`, "attachment", params{"filename": "naïve.txt"}},
		{"encoded word in quotes", `attachment; filename="=?utf-8?Q?na=C3=AFve.txt?="`, "attachment", params{"filename": "naïve.txt"}},
		{"encoded word without quotes", `attachment; filename==?utf-8?Q?na=C3=AFve.txt?=`, "attachment", params{"filename": "naïve.txt"}},
		{"raw UTF-8", `attachment; filename="naïve.txt"`, "attachment", params{"filename": "naïve.txt"}},
		{"raw windows-1252", "attachment; filename=\"na\xefve.txt\"", "attachment", params{"filename": "naïve.txt"}},
		{"boundary is left alone", `multipart/mixed; boundary="=?utf-8?Q?a?="`, "multipart/mixed", params{"boundary": "=?utf-8?Q?a?="}},
		{"boundary with specials", `multipart/mixed; boundary="=_a b(c):,/?"`, "multipart/mixed", params{"boundary": "=_a b(c):,/?"}},
		{"no name", "text/plain; *=0; *0*=x; =y", "text/plain", params{}},
		{"markup as the type", "text/html<script>; charset=x", "text/html", params{"charset": "x"}},
		{"control in the type", "text/\v0", "text", params{}},
		{"empty value", `attachment; filename=""; size=`, "attachment", params{"filename": "", "size": ""}},
		{"empty", "", "", params{}},
	} {
		kind, got := ParseMediaType(tt.in)
		if kind != tt.kind || !maps.Equal(got, tt.want) {
			t.Errorf("%s: ParseMediaType(%q) = %q, %q, want %q, %q", tt.name, tt.in, kind, got, tt.kind, tt.want)
		}
	}
}

func TestParseMediaTypeInLinearTime(t *testing.T) {
	for _, unit := range []string{`"`, `a="b"c;`, ";", "a=", `a="\"`, "(", "filename*1=x;", `";charset=`, " charset=x", "a b "} {
		d := cpuTime(t, func() { ParseMediaType("text/plain; a=" + strings.Repeat(unit, 64<<10/len(unit))) })
		if d > slowdown*2*time.Second {
			t.Errorf("64 kB of %q took %v", unit, d)
		}
	}
}

func TestDecodeParamsOfBodyStructure(t *testing.T) {
	got := DecodeParams(map[string]string{"filename*0*": "iso-8859-1''caf%E9", "filename*1": ".txt", "size": "3", "filename": "cafe.txt"})
	if want := map[string]string{"filename": "café.txt", "size": "3"}; !maps.Equal(got, want) {
		t.Errorf("DecodeParams = %q, want %q", got, want)
	}
	if again := DecodeParams(got); !maps.Equal(again, got) {
		t.Errorf("DecodeParams of a decoded list = %q, want %q", again, got)
	}
}

func TestFilename(t *testing.T) {
	type params = map[string]string
	for _, tt := range []struct {
		disposition, kind params
		want              string
	}{
		{params{"filename": "a.txt"}, params{"name": "b.txt"}, "a.txt"},
		{nil, params{"name": "b.txt"}, "b.txt"},
		{params{"filename": "../"}, params{"name": "=?utf-8?Q?b=C3=A9.txt?="}, "bé.txt"},
		{params{"filename*": "utf-8''..%2F..%2Fx.sh"}, nil, "x.sh"},
		{params{"name": "c.txt"}, params{"filename": "d.txt"}, "d.txt"},
		{nil, nil, ""},
	} {
		if got := Filename(tt.disposition, tt.kind); got != tt.want {
			t.Errorf("Filename(%q, %q) = %q, want %q", tt.disposition, tt.kind, got, tt.want)
		}
	}
}

func TestSafeName(t *testing.T) {
	long := strings.Repeat("é", 200)
	for in, want := range map[string]string{
		"report 2026.pdf":          "report 2026.pdf",
		"résumé 🚀.txt":             "résumé 🚀.txt",
		"re\u0301sume\u0301.txt":   "résumé.txt",
		"../../etc/passwd":         "passwd",
		`..\..\evil.exe`:           "evil.exe",
		`C:\temp\a.txt`:            "a.txt",
		"C:a.txt":                  "a.txt",
		"dir/":                     "dir",
		"a.txt:evil.exe":           "a.txt_evil.exe",
		".htaccess":                "htaccess",
		" ..a.txt. ":               "a.txt",
		"con":                      "_con",
		"Aux.txt":                  "_Aux.txt",
		"COM1.tar.gz":              "_COM1.tar.gz",
		"lpt²":                     "_lpt²",
		"com":                      "com",
		"console.txt":              "console.txt",
		"invoice\u202efdp.exe":     "invoicefdp.exe",
		"a\r\nSet-Cookie: x=1.txt": "a Set-Cookie_ x=1.txt",
		"a\x00b\u0085c\x7f.txt":    "ab c.txt",
		"zero\u200bwidth\ufeff":    "zerowidth",
		"..":                       "",
		"":                         "",
		"/ / ":                     "",
		long + ".pdf":              strings.Repeat("é", 146) + ".pdf",
		long:                       strings.Repeat("é", 150),
		"a." + long:                "a." + strings.Repeat("é", 148),
		"\xff.txt":                 "\ufffd.txt",
	} {
		got := SafeName(in)
		if got != want {
			t.Errorf("SafeName(%q) = %q, want %q", in, got, want)
		}
		if again := SafeName(got); again != got {
			t.Errorf("SafeName(%q) = %q, want it unchanged", got, again)
		}
	}
}

func FuzzFilename(f *testing.F) {
	f.Add("../a.txt")
	f.Add("con.\u202etxt")
	f.Add("=?utf-8?Q?a/b?=")
	f.Fuzz(func(t *testing.T, name string) {
		safe := SafeName(name)
		if again := SafeName(safe); again != safe {
			t.Errorf("SafeName(SafeName(%q)) = %q, first %q", name, again, safe)
		}
		if !utf8.ValidString(safe) || utf8.RuneCountInString(safe) > maxNameRunes+1 || strings.ContainsAny(safe, "/\\:\r\n\x00\u202e") || strings.HasPrefix(safe, ".") {
			t.Errorf("SafeName(%q) = %q", name, safe)
		}
	})
}

func FuzzParams(f *testing.F) {
	f.Add(`text/plain; charset="utf-8; a*0*=x'y'%41; b=(c`)
	f.Fuzz(func(t *testing.T, value string) {
		kind, params := ParseMediaType(value)
		if kind != strings.ToLower(kind) || strings.ContainsAny(kind, " \r\n;") {
			t.Errorf("ParseMediaType(%q) = %q", value, kind)
		}
		for k, v := range params {
			if k == "" || k != "boundary" && !utf8.ValidString(v) || strings.ContainsAny(k, "*= ") {
				t.Errorf("ParseMediaType(%q) holds %q = %q", value, k, v)
			}
		}
		Filename(params, params)
	})
}
