package rfc822

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

func encode(t *testing.T, label, text string) []byte {
	t.Helper()
	e, err := htmlindex.Get(label)
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%s can't hold %q: %v", label, text, err)
	}
	return b
}

func TestDecodeText(t *testing.T) {
	for _, tt := range []struct{ name, in, label, want string }{
		{"utf-8", "café", "utf-8", "café"},
		{"label in quotes", "caf\xe9", `"ISO-8859-1"`, "café"},
		{"label in apostrophes", "café", "'utf-8'", "café"},
		{"latin1 is windows-1252", "\x80 \x93a\x94", "latin1", "€ “a”"},
		{"utf8mb4", "café", "utf8mb4", "café"},
		{"ansi_x3.4-1968", "abc", "ANSI_X3.4-1968", "abc"},
		{"x- label", "caf\xe9", "x-iso-8859-1", "café"},
		{"cp1252", "\x80", "CP1252", "€"},
		{"win-1251", "\xcf", "win-1251", "П"},
		{"iso8859_2", "\xb3", "ISO8859_2", "ł"},
		{"cp932", "\x93\xfa\x96\x7b", "cp932", "日本"},
		{"windows-31j", "\x93\xfa\x96\x7b", "Windows-31J", "日本"},
		{"ks_c_5601", "\xc7\xd1\xb1\xdb", "ks_c_5601-1987", "한글"},
		{"gb2312 is gb18030", "\xd6\xd0\xb9\xfa", "gb2312", "中国"},
		{"iso-8859-8-i", "\xf9\xec\xe5\xed", "iso-8859-8-i", "שלום"},
		{"tis-620", "\xa1", "tis-620", "ก"},
		{"cp437", "\x82", "cp437", "é"},
		{"utf-7", "Hi +2D3cqQ- +AGE-b+- +ZeVnLIqe-.", "unicode-1-1-utf-7", "Hi 💩 ab+ 日本語."},
		{"utf-7, broken", "+\xff +2D0- +AGE", "utf-7", "\ufffd \ufffd a"},
		{"iso-2022-jp", "\x1b$BF|K\\8l\x1b(B!", "ISO-2022-JP", "日本語!"},
		{"iso-2022-kr", "\x1b$)C\x0eGQ1[\x0f!", "iso-2022-kr", "한글!"},
		{"hz", "~{VPNDJ}~}", "hz-gb-2312", "中文数"},
		{"utf-16 with a mark", "\xff\xfea\x00\xe9\x00", "utf-16", "aé"},
		{"utf-16 big endian without one", "\x00a\x00b\x00c", "utf-16", "abc"},
		{"utf-16le", "a\x00b\x00", "utf-16le", "ab"},
		{"mark wins over the label", "\xef\xbb\xbfcafé", "iso-8859-1", "café"},
		{"says ascii, is utf-8", "café", "us-ascii", "café"},
		{"says ascii, is windows-1252", "caf\xe9 \x93x\x94", "us-ascii", "café “x”"},
		{"says utf-8, is windows-1252", "caf\xe9 noir", "utf-8", "café noir"},
		{"says latin1, is utf-8", "café", "iso-8859-1", "café"},
		{"one damaged place in utf-8", strings.Repeat("ééé ", 20) + "\xff", "utf-8", strings.Repeat("ééé ", 20) + "\ufffd"},
		{"cut utf-8", "ééé\xc3", "utf-8", "ééé\ufffd"},
		{"no label", "caf\xe9", "", "café"},
		{"unknown label", "caf\xe9", "x-unheard-of", "café"},
		{"no label, koi8-r", string(encode(t, "koi8-r", "Съешь же ещё этих мягких французских булок")), "", "Съешь же ещё этих мягких французских булок"},
		{"no label, windows-1251", string(encode(t, "windows-1251", "Съешь же ещё этих мягких французских булок")), "utf-8", "Съешь же ещё этих мягких французских булок"},
		{"no label, iso-8859-5", string(encode(t, "iso-8859-5", "Съешь же ещё этих мягких французских булок")), "", "Съешь же ещё этих мягких французских булок"},
		{"no label, shift_jis", string(encode(t, "shift_jis", "お世話になっております。会議の件です。")), "", "お世話になっております。会議の件です。"},
		{"no label, euc-jp", string(encode(t, "euc-jp", "お世話になっております。会議の件です。")), "", "お世話になっております。会議の件です。"},
		{"no label, gb18030", string(encode(t, "gb18030", "您好,我们已经收到您的订单,请尽快付款。")), "", "您好,我们已经收到您的订单,请尽快付款。"},
		{"no label, big5", string(encode(t, "big5", "您好,我們已經收到您的訂單,請儘快付款。")), "", "您好,我們已經收到您的訂單,請儘快付款。"},
		{"no label, euc-kr", string(encode(t, "euc-kr", "안녕하세요. 회의 일정을 알려 드립니다.")), "", "안녕하세요. 회의 일정을 알려 드립니다."},
		{"no label, German", "Gr\xfc\xdfe aus K\xf6ln, \xc4u\xdferst sch\xf6n", "", "Grüße aus Köln, Äußerst schön"},
		{"no label, French", "\xc0 bient\xf4t \xe0 l'\xe9t\xe9 o\xf9 c'est no\xebl", "", "À bientôt à l'été où c'est noël"},
		{"says iso-2022-jp, is utf-8", "日本", "iso-2022-jp", "日本"},
		{"NUL", "a\x00b", "utf-8", "ab"},
		{"overlong is no markup", "\xc0\xbcscript\xc0\xbe", "utf-8", "À¼scriptÀ¾"},
		{"empty", "", "", ""},
	} {
		if got := DecodeText([]byte(tt.in), tt.label, false); got != tt.want {
			t.Errorf("%s: DecodeText(%.60q, %q) = %q, want %q", tt.name, tt.in, tt.label, got, tt.want)
		}
	}
}

func TestBrokenEscapesSwallowNoMarkup(t *testing.T) {
	for _, in := range []string{"\x1b$B<b>x</b>", "\x1b$BF|<\x1b(Bscript", "\x1b(Jabc", "\x1b$", "\x1b", "\x1b$BF"} {
		for _, label := range []string{"iso-2022-jp", "iso-2022-kr", "hz-gb-2312"} {
			if got := DecodeText([]byte(in), label, true); !utf8.ValidString(got) || strings.Contains(got, "\x1b$") && label == "iso-2022-jp" {
				t.Errorf("DecodeText(%q, %s) = %q", in, label, got)
			}
		}
	}
}

func TestDecodeHTMLDeclaration(t *testing.T) {
	for _, tt := range []struct{ in, label, want string }{
		{`<html><head><meta http-equiv="Content-Type" content="text/html; charset=koi8-r"></head>` + "\xf0", "", "П"},
		{`<META CHARSET='windows-1251'>` + "\xcf", "us-ascii", "П"},
		{`<meta charset=windows-1251>` + "\xcf", "utf-8", "П"},            // the label is wrong: what follows is not UTF-8
		{`<meta charset=windows-1251>` + "caf\xe9", "iso-8859-1", "café"}, // the message's word counts
		{`<meta charset=utf-16>` + "é", "", "é"},
		{`<?xml version="1.0" encoding="windows-1251"?>` + "\xcf", "", "П"},
		{`<p>charset=koi8-r</p>` + "caf\xe9", "", "café"},
		{`<meta name=x><p>charset=koi8-r` + "caf\xe9", "", "café"},
		{`<meta charset="">` + "caf\xe9", "", "café"},
	} {
		got := DecodeText([]byte(tt.in), tt.label, true)
		if !strings.HasSuffix(got, tt.want) {
			t.Errorf("DecodeText(%q, %q) = %q, want %q at its end", tt.in, tt.label, got, tt.want)
		}
	}
}

func FuzzDecodeText(f *testing.F) {
	for _, label := range []string{"", "utf-8", "utf-7", "iso-2022-jp", "iso-2022-kr", "gb18030", "utf-16", "x-\"", "big5"} {
		f.Add([]byte("a\x1b$B\xe9+AGE-\x00<meta charset=koi8-r>"), label, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, label string, isHTML bool) {
		got := DecodeText(b, label, isHTML)
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Errorf("DecodeText(%q, %q) = %q", b, label, got)
		}
	})
}
