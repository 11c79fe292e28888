package rfc822

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseHeader(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     Header
		rest     string // what is left from the body offset on
	}{
		{"plain", "From: a\r\nTo: b\r\n\r\nbody", Header{{"From", "a"}, {"To", "b"}}, "body"},
		{"LF", "From: a\nTo: b\n\nbody", Header{{"From", "a"}, {"To", "b"}}, "body"},
		{"CR CR LF", "From: a\r\r\nTo: b\r\r\n\r\r\nbody", Header{{"From", "a"}, {"To", "b"}}, "body"},
		{"CR alone", "From: a\rTo: b\r\rbody", Header{{"From", "a"}, {"To", "b"}}, "body"},
		{"no end", "From: a\nTo: b", Header{{"From", "a"}, {"To", "b"}}, ""},
		{"no body", "From: a\n\n", Header{{"From", "a"}}, ""},
		{"folded", "Subject: one\r\n two\r\n\tthree\r\nTo: b\r\n\r\n", Header{{"Subject", "one two\tthree"}, {"To", "b"}}, ""},
		{"blank before the colon", "Subject : x\n\n", Header{{"Subject", "x"}}, ""},
		{"empty value", "Subject:\nTo:b\n\n", Header{{"Subject", ""}, {"To", "b"}}, ""},
		{"duplicates", "To: a\nTo: b\n\n", Header{{"To", "a"}, {"To", "b"}}, ""},
		{"mbox line", "From ann@example.org Tue Nov  3 09:30:00 2026\nSubject: x\n\n", Header{{"Subject", "x"}}, ""},
		{"quoted mbox line inside", "Subject: x\n>From ann@example.org\nTo: b\n\n", Header{{"Subject", "x"}, {"To", "b"}}, ""},
		{"byte order mark", "\ufeffSubject: x\n\n", Header{{"Subject", "x"}}, ""},
		{"leading continuation", " rest of a field\nSubject: x\n\nbody", Header{{"Subject", "x"}}, "body"},
		{"line without a colon", "Subject: x\njunk here\nTo: b\n\nbody", Header{{"Subject", "x"}, {"To", "b"}}, "body"},
		{"text instead of the empty line", "Subject: x\njunk here\nmore\n\nbody", Header{{"Subject", "x"}}, "junk here\nmore\n\nbody"},
		{"junk first", "X\n\x01\nSubject: x\n\nbody", Header{{"Subject", "x"}}, "body"},
		{"no header", "Dear all,\nnote: this is text.\n\nbody", nil, "Dear all,\nnote: this is text.\n\nbody"},
		{"empty line first", "\nbody", nil, "body"},
		{"boundary without an empty line", "Content-Type: multipart/mixed; boundary=b\n--b\nSubject: x\n\n", Header{{"Content-Type", "multipart/mixed; boundary=b"}}, "--b\nSubject: x\n\n"},
		{"NUL and CR inside", "Subject: a\x00b\rc\n\n", Header{{"Subject", "ab c"}}, ""},
		{"8-bit", "Subject: caf\xe9\n\n", Header{{"Subject", "caf\xe9"}}, ""},
		{"empty", "", nil, ""},
	} {
		h, body := ParseHeader([]byte(tt.in))
		if !slices.Equal(h, tt.want) || tt.in[body:] != tt.rest {
			t.Errorf("%s: ParseHeader(%q) = %q, body %q, want %q, %q", tt.name, tt.in, h, tt.in[body:], tt.want, tt.rest)
		}
	}
}

func TestParseHeaderLimits(t *testing.T) {
	var many strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&many, "X-Filler-%d: x\n", i)
	}
	many.WriteString("Subject: late\nContent-Type: text/html\n\nbody")
	h, body := ParseHeader([]byte(many.String()))
	if len(h) > maxHeaderFields+maxLateFields || many.String()[body:] != "body" {
		t.Errorf("of 50,000 fields %d are kept, body %q", len(h), many.String()[body:])
	}
	if h.Get("subject") != "late" || h.Get("Content-Type") != "text/html" {
		t.Errorf("fields behind the limit: Subject %q, Content-Type %q", h.Get("Subject"), h.Get("Content-Type"))
	}
	long := "Subject: " + strings.Repeat("x", 1<<20) + "\nTo: " + strings.Repeat("ann@example.org, ", 20_000) + "\n\n"
	h, _ = ParseHeader([]byte(long))
	if n := len(h.Get("Subject")); n != maxFieldBytes {
		t.Errorf("a subject of 1 MiB is kept with %d bytes", n)
	}
	for _, a := range h.Addresses("To") {
		if a.Addr != "ann@example.org" {
			t.Fatalf("a cut list ends in %+v", a)
		}
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Hello  there ", "Hello there"},
		{"Q", "=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"},
		{"B", "=?UTF-8?B?Y2Fmw6k=?=", "café"},
		{"lower case", "=?utf-8?q?caf=c3=a9?= =?utf-8?b?w6k=?=", "caféé"},
		{"language", "=?utf-8*fr?Q?caf=C3=A9?=", "café"},
		{"beside text", "Re: =?utf-8?Q?caf=C3=A9?= now", "Re: café now"},
		{"adjacent", "=?utf-8?Q?a?=  \t =?utf-8?Q?b?=", "ab"},
		{"adjacent without a blank", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"},
		{"character split", "=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"},
		{"character split, two encodings", "=?utf-8?Q?caf=C3?= =?UTF-8?B?qQ==?=", "café"},
		{"base64 text split", "=?utf-8?B?Y2F?= =?utf-8?B?mw6k?=", "café"},
		{"no padding", "=?utf-8?B?Y2Fmw6kh?= =?utf-8?B?Y2Fmw6k?=", "café!café"},
		{"blanks inside Q", "=?utf-8?Q?caf=C3=A9 au lait?= x", "café au lait x"},
		{"blanks inside B", "=?utf-8?B?Y2Fm w6k=?=", "café"},
		{"question mark inside", "=?utf-8?Q?why?=20me?=", "why? me"},
		{"no end, B", "=?utf-8?B?Y2Fmw6k", "café"},
		{"no end, Q", "=?utf-8?Q?caf=C3=A9", "café"},
		{"unknown charset", "=?x-nope?Q?caf=E9?=", "café"},
		{"no charset", "=??Q?caf=C3=A9?=", "café"},
		{"wrong charset", "=?utf-8?Q?caf=E9_du_lait?=", "café du lait"},
		{"iso-2022-jp", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCOGwbKEI=?=", "日本語"},
		{"gb2312 with gbk inside", "=?gb2312?B?1uyf3A==?=", "朱熫"},
		{"koi8-r", "=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"broken word is text", "=?utf-8?X?abc?= =?utf-8", "=?utf-8?X?abc?= =?utf-8"},
		{"raw UTF-8", "café 🚀", "café 🚀"},
		{"raw windows-1252", "caf\xe9 \x93x\x94", "café “x”"},
		{"raw koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4, \xc4\xd2\xd5\xda\xd8\xd1 \xcd\xcf\xc9", "Привет, друзья мои"},
		{"raw shift_jis", "\x93\xfa\x96\x7b\x8c\xea\x82\xcc\x83\x81\x81\x5b\x83\x8b", "日本語のメール"},
		{"raw gb2312", "\xd6\xd0\xb9\xfa\xc8\xcb\xc3\xf1\xd2\xf8\xd0\xd0", "中国人民银行"},
		{"raw iso-2022-jp", "\x1b$BF|K\\8l\x1b(B", "日本語"},
		{"raw beside a word", "=?utf-8?Q?=C3=A9?= caf\xe9", "é café"},
		{"newline and NUL in a word", "=?utf-8?Q?a=0D=0AX-Evil:_b=00c?=", "a X-Evil: bc"},
		{"bidi override", "invoice\u202efdp.exe", "invoicefdp.exe"},
		{"zero width and tags", "p\u200bay\ufeff\U000e0041\U000e0042pal\u00ad", "paypal"},
		{"marks", "a" + strings.Repeat("\u0301", 50) + "b", "a\u0301\u0301\u0301b"},
		{"emoji with joiners", "👨\u200d👩\u200d👧 a\u200db", "👨\u200d👩\u200d👧 ab"},
		{"Persian with a non-joiner", "می\u200cخواهم", "می\u200cخواهم"},
		{"blanks of all kinds", "a\u2003\u00a0\tb\u2028c", "a b c"},
		{"empty", "", ""},
	} {
		h := Header{{"Subject", tt.in}}
		if got := h.Text("subject"); got != tt.want {
			t.Errorf("%s: Text(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestTextTakesTheMessagesCharset(t *testing.T) {
	h, _ := ParseHeader([]byte("Subject: \xcf\xf0\xe8\nContent-Type: text/plain; charset=windows-1251\n\n"))
	if got := h.Text("Subject"); got != "При" {
		t.Errorf("Text of raw windows-1251 = %q, want При", got)
	}
}

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []Address
	}{
		{"bare", "ann@example.org", []Address{{Addr: "ann@example.org"}}},
		{"name", "Ann Lee <ann@example.org>", []Address{{"Ann Lee", "ann@example.org", ""}}},
		{"quoted name", `"Lee, Ann \"Al\"" <ann@example.org>`, []Address{{`Lee, Ann "Al"`, "ann@example.org", ""}}},
		{"several", "a@x.example, B <b@x.example>,,c@x.example,", []Address{{Addr: "a@x.example"}, {"B", "b@x.example", ""}, {Addr: "c@x.example"}}},
		{"semicolons", "a@x.example; B <b@x.example>;", []Address{{Addr: "a@x.example"}, {"B", "b@x.example", ""}}},
		{"comment as name", "ann@example.org (Ann Lee)", []Address{{"Ann Lee", "ann@example.org", ""}}},
		{"comments", "(x) Ann (y(z)) <ann@example.org> (w)", []Address{{"Ann", "ann@example.org", ""}}},
		{"comment with a comma", "Ann <ann@example.org> (a, b), c@x.example", []Address{{"Ann", "ann@example.org", ""}, {Addr: "c@x.example"}}},
		{"encoded name", "=?utf-8?Q?Ren=C3=A9?= <r@example.org>", []Address{{"René", "r@example.org", ""}}},
		{"encoded name with a comma", "=?utf-8?Q?Lee,_Ann?= <ann@example.org>, b@x.example", []Address{{"Lee, Ann", "ann@example.org", ""}, {Addr: "b@x.example"}}},
		{"encoded name in quotes", `"=?utf-8?B?UmVuw6k=?=" <r@example.org>`, []Address{{"René", "r@example.org", ""}}},
		{"two words", "=?utf-8?Q?Ren=C3?= =?utf-8?Q?=A9_L?= <r@example.org>", []Address{{"René L", "r@example.org", ""}}},
		{"8-bit name", "Ren\xe9 <r@example.org>", []Address{{"René", "r@example.org", ""}}},
		{"UTF-8 address", "用户@例子.example", []Address{{Addr: "用户@例子.example"}}},
		{"no brackets", "Ann Lee ann@example.org", []Address{{"Ann Lee", "ann@example.org", ""}}},
		{"no closing bracket", "Ann <ann@example.org, b@x.example", []Address{{"Ann", "ann@example.org", ""}, {Addr: "b@x.example"}}},
		{"doubled brackets", "Ann <<ann@example.org>>", []Address{{"Ann", "ann@example.org", ""}}},
		{"bracket in bracket", "Ann <x <ann@example.org>>", []Address{{"Ann", "ann@example.org", ""}}},
		{"empty brackets", "Ann <>", []Address{{Name: "Ann"}}},
		{"bounce", "<>", nil},
		{"unclosed quote", `"Ann <ann@example.org>`, []Address{{"Ann", "ann@example.org", ""}}},
		{"unclosed quote before a name", `"Ann <ann@example.org>, "Bob" <b@x.example>`, []Address{{"Ann", "ann@example.org", ""}, {"Bob", "b@x.example", ""}}},
		{"quoted comma and bracket", `"Ann <a@x.example>, " <real@example.org>`, []Address{{"Ann <a@x.example>,", "real@example.org", ""}}},
		{"unclosed comment", "Ann (x <ann@example.org>", []Address{{"Ann (x", "ann@example.org", ""}}},
		{"route", "Ann <@relay.example,@r2.example:ann@example.org>, b@x.example", []Address{{"Ann", "ann@example.org", ""}, {Addr: "b@x.example"}}},
		{"two dots", "a..b@example.org", []Address{{Addr: "a..b@example.org"}}},
		{"dot before at", "Ann <a.@example.org>", []Address{{"Ann", "a.@example.org", ""}}},
		{"blanks around", "ann @ example . org", []Address{{Addr: "ann@example.org"}}},
		{"quoted local part", `"ann lee"@example.org`, []Address{{Addr: `"ann lee"@example.org`}}},
		{"quoted local part in brackets", `Ann <"a, b"@example.org>`, []Address{{"Ann", `"a, b"@example.org`, ""}}},
		{"domain literal", "ann@[IPv6:2001:db8::1], b@x.example;", []Address{{Addr: "ann@[IPv6:2001:db8::1]"}, {Addr: "b@x.example"}}},
		{"name only", "Ann Lee", []Address{{Name: "Ann Lee"}}},
		{"name is the address", "ann@example.org <ann@example.org>", []Address{{Addr: "ann@example.org"}}},
		{"name is another address", `"boss@bank.example" <x@evil.example>`, []Address{{"boss@bank.example", "x@evil.example", ""}}},
		{"Outlook's quotes", "'Ann' <ann@example.org>", []Address{{"Ann", "ann@example.org", ""}}},
		{"mailto", "mailto:ann@example.org", []Address{{Addr: "ann@example.org"}}},
		{"group", "Team: a@x.example, B <b@x.example>; c@x.example", []Address{{Addr: "a@x.example"}, {"B", "b@x.example", ""}, {Addr: "c@x.example"}}},
		{"empty group", "undisclosed-recipients:;", []Address{{Group: "undisclosed-recipients"}}},
		{"empty group without its end", "undisclosed-recipients:", []Address{{Group: "undisclosed-recipients"}}},
		{"group, blanks", "Undisclosed recipients: ;", []Address{{Group: "Undisclosed recipients"}}},
		{"colon in a name", "Re: Ann 10:30 <ann@example.org>", []Address{{"Re: Ann 10:30", "ann@example.org", ""}}},
		{"NUL trick", "=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5leGFtcGxl?==?utf-8?Q?=00?=@evil.example",
			[]Address{{Addr: "=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5leGFtcGxl?==?utf-8?Q?=00?=@evil.example"}}},
		{"newline trick", "=?utf-8?Q?boss=40bank.example=0A=00?= <x@evil.example>", []Address{{"boss@bank.example", "x@evil.example", ""}}},
		{"address in an encoded word", "=?utf-8?Q?Ann_<a@x.example>?=", []Address{{Name: "Ann <a@x.example>"}}},
		{"controls in the address", "<a\x00\x07\u202eb@example.org>", []Address{{Addr: "ab@example.org"}}},
		{"separators only", " , ;; ,", nil},
		{"empty", "", nil},
	} {
		if got := ParseAddresses(tt.in); !slices.Equal(got, tt.want) {
			t.Errorf("%s: ParseAddresses(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestAddressesOfAllFields(t *testing.T) {
	h := Header{{"To", "a@x.example"}, {"Cc", "c@x.example"}, {"to", "b@x.example"}}
	if got := h.Addresses("To"); len(got) != 2 || got[1].Addr != "b@x.example" {
		t.Errorf("Addresses = %v, want those of both fields", got)
	}
}

func TestAddressesInLinearTime(t *testing.T) {
	for _, unit := range []string{"Ann Lee <ann@example.org>, ", `"`, "(", "<", "[", `"a`, "(a) ", "=?", "=?utf-8?Q?x ", ":", "a:", "@", "a @ ", `<"`, `\"(`, "a;:"} {
		var list []Address
		d := cpuTime(t, func() { list = ParseAddresses(strings.Repeat(unit, 300_000/len(unit))) })
		if d > slowdown*2*time.Second {
			t.Errorf("300 kB of %q took %v for %d addresses", unit, d, len(list))
		}
	}
	if n := len(ParseAddresses(strings.Repeat("Ann Lee <ann@example.org>, ", 10_000))); n != 10_000 {
		t.Errorf("of 10,000 recipients %d are read", n)
	}
}

func TestFormatAddress(t *testing.T) {
	for _, tt := range []struct {
		in   Address
		want string
	}{
		{Address{Addr: "a@x.example"}, "a@x.example"},
		{Address{Name: "Ann", Addr: "a@x.example"}, "Ann <a@x.example>"},
		{Address{Name: `Lee, "Ann"`, Addr: "a@x.example"}, `"Lee, \"Ann\"" <a@x.example>`},
		{Address{Name: "Ann"}, "Ann"},
		{Address{Group: "Team"}, "Team:;"},
	} {
		got := FormatAddress(tt.in)
		if got != tt.want {
			t.Errorf("FormatAddress(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if back := ParseAddresses(got); len(back) != 1 || back[0] != tt.in {
			t.Errorf("ParseAddresses(%q) = %q, want %q", got, back, tt.in)
		}
	}
}

func TestDomain(t *testing.T) {
	for in, want := range map[string]string{"a@X.Example": "x.example", `"a@b"@c.example.`: "c.example", "a": "", "": ""} {
		if got := (Address{Addr: in}).Domain(); got != want {
			t.Errorf("Domain of %q = %q, want %q", in, got, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	for _, tt := range []struct{ in, want string }{ // want in RFC 3339, "" for not ok
		{"Tue, 03 Nov 2026 09:30:00 +0100", "2026-11-03T09:30:00+01:00"},
		{"3 Nov 2026 09:30 -0330", "2026-11-03T09:30:00-03:30"},
		{"Fri, 03 Nov 2026 09:30:00 +0000 (UTC)", "2026-11-03T09:30:00Z"},
		{"Tue, 3 Nov 26 09:30:00 EST", "2026-11-03T09:30:00-05:00"},
		{"Tue, 3 Nov 99 09:30:00 PDT", "1999-11-03T09:30:00-07:00"},
		{"Tue, 3 Nov 126 09:30:00 GMT", "2026-11-03T09:30:00Z"},
		{"Tue,3 Nov 2026 9:3:7 GMT", "2026-11-03T09:03:07Z"},
		{"Tue (day) , 3 (x(y)) Nov 2026 09:30:00 +0000", "2026-11-03T09:30:00Z"},
		{"3-Nov-2026 09:30:00 +0000", "2026-11-03T09:30:00Z"},
		{"Tue Nov  3 09:30:00 2026", "2026-11-03T09:30:00Z"},
		{"Tue Nov  3 09:30:00 CET 2026", "2026-11-03T09:30:00+01:00"},
		{"November 3, 2026 9:30 PM", "2026-11-03T21:30:00Z"},
		{"2026-11-03T09:30:00Z", "2026-11-03T09:30:00Z"},
		{"2026-11-03 09:30:00.25 +02:00", "2026-11-03T09:30:00.25+02:00"},
		{"2026-11-03", "2026-11-03T00:00:00Z"},
		{"Tue, 3 Nov 2026 09:30:00 GMT+0200", "2026-11-03T09:30:00+02:00"},
		{"Tue, 3 Nov 2026 09:30:00+0200", "2026-11-03T09:30:00+02:00"},
		{"Tue, 3 Nov 2026 09:30:60 +0000", "2026-11-03T09:30:59Z"},
		{"Tue, 3 Nov 2026 09:30:00 -0000", "2026-11-03T09:30:00Z"},
		{"Tue, 3 Nov 2026 09:30:00 +9999", "2026-11-03T09:30:00Z"},
		{"Tue, 3 Nov 2026 09.30.00 +0100", "2026-11-03T09:30:00+01:00"},
		{"3 Nov 2026", "2026-11-03T00:00:00Z"},
		{"Mon, 31 Nov 2026 09:30:00 +0000", ""},
		{"Tue, 3 Nov 2026 25:30:00 +0000", "2026-11-03T00:00:00Z"},
		{"mardi 3 novembre 2026 09:30", ""},
		{"Di, 03 Okt 2026 09:30:00", ""},
		{"yesterday", ""},
		{"", ""},
		{"Thu, 1 Jan 0000 00:00:00 +0000", ""},
		{strings.Repeat("(", 10_000), ""},
	} {
		got := ""
		if v, ok := ParseDate(tt.in); ok {
			got = v.Format(time.RFC3339Nano)
		}
		if got != tt.want {
			t.Errorf("ParseDate(%.80q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestDateTakesTheFieldThatReads(t *testing.T) {
	h := Header{{"Date", "junk"}, {"Date", "3 Nov 2026 09:30:00 +0100"}}
	if got, ok := h.Date(); !ok || got.Day() != 3 {
		t.Errorf("Date = %v, %v, want the second field", got, ok)
	}
	if _, ok := (Header{}).Date(); ok {
		t.Error("Date of no header is ok")
	}
}

func TestMessageIDs(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{"<a@x.example>", []string{"a@x.example"}},
		{"<a@x.example>\t<b@x.example><c@x.example>", []string{"a@x.example", "b@x.example", "c@x.example"}},
		{"a@x.example", []string{"a@x.example"}},
		{"a@x.example b@x.example", []string{"a@x.example", "b@x.example"}},
		{`"Your mail of Tuesday" (Ann) <a@x.example>`, []string{"a@x.example"}},
		{"Message from bob@x.example of today <a@x.example>", []string{"a@x.example"}},
		{"< a @x. example >", []string{"a@x.example"}},
		{"<a@x.example <b@x.example>", []string{"a@x.example", "b@x.example"}},
		{"<<a@x.example>>", []string{"a@x.example"}},
		{"<a@x.example", []string{"a@x.example"}},
		{"<no-at-sign>", []string{"no-at-sign"}},
		{"just-one", []string{"just-one"}},
		{"several words here", nil},
		{`<"a b"@x.example>`, []string{`"ab"@x.example`}},
		{"<a\x00\x01@x.example>", []string{"a@x.example"}},
		{"(comment) a@x.example (more)", []string{"a@x.example"}},
		{"<>", nil},
		{"a@x.example>b", []string{"a@x.example"}},
		{"", nil},
	} {
		if got := ParseMessageIDs(tt.in); !slices.Equal(got, tt.want) {
			t.Errorf("ParseMessageIDs(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("From: =?utf-8?Q?a?= <a@b>\r\nDate: 3 Nov 2026\r\nTo: x:;\r\n\r\nbody"))
	f.Add([]byte("\x00 \xff: (\"<[=?"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, body := ParseHeader(b)
		if body < 0 || body > len(b) {
			t.Fatalf("body offset %d of %d", body, len(b))
		}
		for _, field := range h {
			text := h.Text(field.Name)
			if CleanText(text) != text || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00") {
				t.Errorf("Text of %q = %q", field.Value, text)
			}
			for _, a := range h.Addresses(field.Name) {
				if a == (Address{}) || CleanText(a.Addr) != a.Addr || CleanText(a.Name) != a.Name {
					t.Errorf("Addresses of %q hold %q", field.Value, a)
				}
			}
			for _, id := range ParseMessageIDs(field.Value) {
				if id == "" || strings.ContainsAny(id, " \r\n<>\x00") {
					t.Errorf("MessageIDs of %q hold %q", field.Value, id)
				}
			}
			if v, ok := ParseDate(field.Value); ok && v.Year() < 1900 {
				t.Errorf("ParseDate(%q) = %v", field.Value, v)
			}
		}
	})
}

// BenchmarkRow reads what one row of a mailbox list needs.
func BenchmarkRow(b *testing.B) {
	raw := []byte("From: =?utf-8?Q?Ren=C3=A9?= <r@example.org>\r\nTo: Ann <ann@example.org>\r\nSubject: =?utf-8?B?Y2Fmw6k=?= plan for the week\r\n" +
		"Date: Tue, 03 Nov 2026 09:30:00 +0100\r\nMessage-ID: <a@x.example>\r\nReferences: <b@x.example> <c@x.example>\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		h, _ := ParseHeader(raw)
		if h.Text("Subject") == "" || len(h.Addresses("From")) != 1 || len(h.Addresses("To")) != 1 || len(h.MessageIDs("References")) != 2 {
			b.Fatal("fields are missing")
		}
		h.Date()
	}
}
