package mailhtml

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const maxURL = 8 << 10 // bytes; longer links are none

// target is where a link leads, told apart as a browser would, and printed by us.
type target struct {
	href   string
	host   string // ASCII, lower case, without port; "" when the link has none (mailto, tel)
	show   string // the host as the chip shows it: with a port that isn't the usual one
	doubt  bool   // the host is to be shown whatever the text says: user info, an IP address, a port, letters that look like others
	scheme string
}

// parseLink reads the address of a link. Only http, https, mailto and tel lead anywhere; ok is false for all else, relative addresses included.
func parseLink(raw string) (t target, ok bool) {
	s := cleanURL(raw)
	if s == "" || len(s) > maxURL {
		return t, false
	}
	scheme, rest, found := strings.Cut(s, ":")
	if !found || !isScheme(scheme) {
		if strings.HasPrefix(s, "//") {
			return webLink("https", s[2:])
		}
		if len(s) > 4 && strings.EqualFold(s[:4], "www.") {
			return webLink("http", s)
		}
		return t, false
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "http", "https":
		after, ok := strings.CutPrefix(rest, "//")
		if !ok {
			return t, false
		}
		return webLink(scheme, after)
	case "mailto":
		href, ok := mailto(rest)
		return target{href: href, scheme: scheme}, ok
	case "tel":
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '+' || r == '*' || r == '#' {
				return r
			}
			return -1
		}, strings.SplitN(rest, ";", 2)[0])
		return target{href: "tel:" + strings.ReplaceAll(digits, "#", "%23"), scheme: scheme}, len(digits) > 2 && len(digits) < 30
	}
	return t, false
}

// cleanURL does what a browser does first: controls and space around the address go, and so do tab and line breaks inside it, which bulk mailers
// fold addresses with. "" when other controls or backslashes are left.
func cleanURL(raw string) string {
	s := strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' || unicode.IsSpace(r) || invisible(r) })
	if strings.ContainsAny(s, "\t\r\n") {
		s = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(s)
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f || s[i] == '\\' {
			return ""
		}
	}
	return s
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || i > 0 && (s[i] >= '0' && s[i] <= '9' || s[i] == '+' || s[i] == '-' || s[i] == '.')) {
			return false
		}
	}
	return s != "" && len(s) < 20
}

// webLink reads what follows "http://".
func webLink(scheme, rest string) (t target, ok bool) {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		// "https://bank.example@evil.example/": what stands before the @ is only there to be read.
		authority, t.doubt = authority[at+1:], true
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
	}
	host, ok = asciiHost(host)
	if !ok || len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return t, false
	}
	t.host, t.show, t.scheme = host, host, scheme
	if port != "" && !(scheme == "http" && port == "80") && !(scheme == "https" && port == "443") {
		t.show, t.doubt = host+":"+port, true
		authority = t.show
	} else {
		authority = host
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || allDigits(host) {
		t.doubt = true
	}
	t.doubt = t.doubt || confusable(host)
	t.href = scheme + "://" + authority + escapeTail(tail)
	return t, true
}

func allDigits(host string) bool {
	return strings.Trim(strings.ToLower(host), "0123456789.xabcdef") == "" && strings.IndexByte("0123456789", host[len(host)-1]) >= 0
}

// asciiHost gives the name that is looked up: lower case, in ASCII (IDNA), or an IP address.
func asciiHost(host string) (string, bool) {
	if host == "" || len(host) > 253 {
		return "", false
	}
	if strings.HasPrefix(host, "[") {
		addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return "[" + addr.WithZone("").String() + "]", err == nil && addr.Is6()
	}
	for i := 0; i < len(host); i++ {
		if host[i] >= utf8.RuneSelf {
			ascii, err := idna.Lookup.ToASCII(host)
			if err != nil {
				return "", false
			}
			host = ascii
			break
		}
	}
	host = strings.ToLower(host)
	for i := 0; i < len(host); i++ {
		c := host[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
			return "", false
		}
	}
	return host, strings.Trim(host, ".") != ""
}

// confusable says whether a host has international labels whose letters could be taken for Latin ones: any of Cyrillic, Greek and their like,
// or several scripts in one label.
func confusable(host string) bool {
	if !strings.Contains(host, "xn--") {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if !strings.HasPrefix(label, "xn--") {
			continue
		}
		text, err := idna.Punycode.ToUnicode(label)
		if err != nil {
			return true
		}
		latin, eastAsian, other := false, false, false
		for _, r := range text {
			switch {
			case r < utf8.RuneSelf:
				latin = latin || unicode.IsLetter(r)
			case unicode.Is(unicode.Latin, r) && r <= 0x17f && r != 'ı':
				latin = true
			case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
				eastAsian = true
			case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Thai, unicode.Devanagari, unicode.Bengali, unicode.Tamil):
				other = true
			default:
				return true
			}
		}
		if other && (latin || eastAsian) {
			return true
		}
	}
	return false
}

// escapeTail prints path, query and fragment: what isn't plain is percent-encoded, among it all that could reorder or end what is shown.
func escapeTail(tail string) string {
	plain := true
	for i := 0; i < len(tail) && plain; i++ {
		plain = plainTail(tail[i])
	}
	if plain {
		return tail
	}
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := 0; i < len(tail); i++ {
		if c := tail[i]; plainTail(c) {
			out.WriteByte(c)
		} else {
			out.WriteString("%" + hex[c>>4:c>>4+1] + hex[c&15:c&15+1])
		}
	}
	return out.String()
}

func plainTail(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte("\"'<>`{}|^\\", c) < 0
}

// mailto prints a mailto: link with nothing in it but recipients, subject and body (RFC 6068): what else a link may set is the reader's to set.
func mailto(rest string) (string, bool) {
	addresses, query, _ := strings.Cut(rest, "?")
	query, _, _ = strings.Cut(query, "#")
	to, ok := mailtoValue(addresses, false)
	if !ok {
		return "", false
	}
	var fields []string
	for field := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(field, "=")
		name = strings.ToLower(name)
		switch name {
		case "to", "cc", "bcc", "subject", "body":
		default:
			continue
		}
		if v, ok := mailtoValue(value, name == "body"); ok && v != "" && len(fields) < 20 {
			fields = append(fields, name+"="+v)
		}
	}
	if to == "" && len(fields) == 0 {
		return "", false
	}
	href := "mailto:" + to
	if len(fields) > 0 {
		href += "?" + strings.Join(fields, "&")
	}
	return href, true
}

// mailtoValue takes the line breaks out of a value (but of a body) and encodes it anew.
func mailtoValue(value string, lines bool) (string, bool) {
	value = strings.ReplaceAll(value, "&amp;", "&")
	text, err := url.PathUnescape(value)
	if err != nil || !utf8.ValidString(text) {
		return "", false
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\r' || r == '\t'):
			return r
		case r < ' ' || r == 0x7f || invisible(r):
			return -1
		}
		return r
	}, text)
	escaped := strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	return strings.NewReplacer("%40", "@", "%2C", ",").Replace(escaped), true
}

// elsewhere says whether text, shown as a link to t, names another site than t's. It looks at text that is an address, or has one with its scheme or "www.".
func elsewhere(text string, t target) bool {
	if t.host == "" {
		return false
	}
	fields := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || invisible(r) })
	for i, word := range fields {
		if i >= 40 {
			break
		}
		host, sure := namedHost(word)
		if host == "" || !sure && len(fields) > 1 {
			continue
		}
		if site(host) != site(t.host) {
			return true
		}
	}
	return false
}

// namedHost gives the host that a word of a link's text names; sure when it has a scheme or "www.".
func namedHost(word string) (host string, sure bool) {
	word = strings.TrimLeft(word, "([{<\"'«“‘")
	low := strings.ToLower(word)
	for _, scheme := range []string{"http://", "https://"} {
		if strings.HasPrefix(low, scheme) {
			word, sure = word[len(scheme):], true
			break
		}
	}
	if i := strings.IndexAny(word, "/?#:\\"); i >= 0 {
		word = word[:i]
	}
	if i := strings.LastIndexByte(word, '@'); i >= 0 {
		if !sure {
			return "", false // a mail address
		}
		word = word[i+1:]
	}
	word = strings.TrimRight(word, ".,;:!?)]}>\"'»”’…")
	sure = sure || strings.HasPrefix(low, "www.")
	if !strings.Contains(word, ".") {
		return "", false
	}
	host, ok := asciiHost(word)
	if !ok {
		return "", false
	}
	if suffix, icann := publicsuffix.PublicSuffix(host); !sure && (!icann || suffix == host) {
		return "", false
	}
	return host, sure
}

// site is the registrable domain of a host, or the host where it has none.
func site(host string) string {
	if s, err := publicsuffix.EffectiveTLDPlusOne(strings.TrimSuffix(host, ".")); err == nil {
		return s
	}
	return host
}

// invisible are the characters that show nothing and can reorder, join or hide what stands near them.
func invisible(r rune) bool {
	switch {
	case r < ' ' && r != '\t' && r != '\n' && r != '\r', r >= 0x7f && r < 0xa0:
		return true
	case r < 0x200b:
		return r == 0xad || r == 0x61c || r == 0x180e
	case r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// Link checks an address that a mail gives outside of its text (an invite's, a contact's) by the same rules as its links: href is printed by us, host is
// the ASCII name it leads to, "" for mailto and tel. ok is false for all schemes but http, https, mailto and tel.
func Link(raw string) (href, host string, ok bool) {
	t, ok := parseLink(raw)
	return t.href, t.show, ok
}

// OneLine makes text of a mail fit to stand in a line of ours: white space runs become one space, controls and what reorders or hides text go, and it is
// cut to so many bytes at a character's border.
func OneLine(text string, most int) string { return oneLine(strings.ToValidUTF8(text, "\ufffd"), most) }

// Paragraphs is OneLine for text of several lines, which keeps its line breaks.
func Paragraphs(text string, most int) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "\ufffd"))
	text = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (invisible(r) || r < ' ') {
			return -1
		}
		return r
	}, text)
	return cutText(strings.Trim(text, "\n "), most)
}
