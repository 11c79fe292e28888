package mailhtml

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// show sanitises and gives body and report.
func show(t testing.TB, in string, opts Options) (body string, r Report) {
	t.Helper()
	all, r := whole(t, in, opts)
	_, body, _ = strings.Cut(all, "<body")
	_, body, _ = strings.Cut(body, ">")
	return strings.TrimSuffix(body, "</body></html>"), r
}

func whole(t testing.TB, in string, opts Options) (string, Report) {
	t.Helper()
	if !sanitising {
		t.Skip("built with sec_nosanitise")
	}
	var out strings.Builder
	r, err := Document(&out, strings.NewReader(in), opts)
	if err != nil {
		t.Fatalf("Document(%.60q): %v", in, err)
	}
	return out.String(), r
}

// ownStyle is the second <style> element: what was kept of the mail's.
func ownStyle(all string) string {
	parts := strings.Split(all, "<style>")
	if len(parts) < 3 {
		return ""
	}
	css, _, _ := strings.Cut(parts[2], "</style>")
	return css
}

func TestElements(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"text", "a < b & c", "a &lt; b &amp; c"},
		{"inline", "<p>a <b>b</b> <i>c</i>", "<p>a <b>b</b> <i>c</i></p>"},
		{"paragraphs close", "<p>a<p>b<div>c", "<p>a</p><p>b</p><div>c</div>"},
		{"formatting goes on in the next paragraph", "<p><b>a<p>b</b>c", "<p><b>a</b></p><p><b>b</b>c</p>"},
		{"misnested inline", "<b>1<i>2</b>3</i>4", "<b>1<i>2</i></b><i>3</i>4"},
		{"misnested block", "<b>1<p>2</b>3</p>", "<b>1</b><p><b>2</b>3</p>"},
		{"misnested block around nothing", "<a href='https://a.example/'><div>x</a>y</div>z",
			`<div><a href="https://a.example/" target="_blank" rel="noopener noreferrer nofollow ugc" referrerpolicy="no-referrer" title="https://a.example/">x</a>y</div>z`},
		{"links don't nest", "<a name=x>1<a name=y>2</a>3", "<a>1</a><a>2</a>3"},
		{"list", "<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"},
		{"list start", "<ol start=3 type=a reversed onclick=x><li value=7>a</ol>", `<ol start="3" type="a" reversed=""><li value="7">a</li></ol>`},
		{"definitions", "<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"},
		{"headings", "<h1>a<h2>b</h1>c", "<h1>a</h1><h2>b</h2>c"},
		{"table filled in", "<table><td>a<td>b<tr><td>c</table>d", "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>d"},
		{"text within table", "<table>x<tr><td>a</table>", "<table><tbody><tr><td>x</td></tr><tr><td>a</td></tr></tbody></table>"},
		{"nothing of importance within table", "<table><center><tr><td>a</td></tr></center></table>", "<table><tbody><tr><td>a</td></tr></tbody></table>"},
		{"form within table", "<table><form action=x><tr><td>a</table>", "<table><tbody><tr><td>a</td></tr></tbody></table>"},
		{"cells outside", "<td>a</td><tr>b", "ab"},
		{"table ends paragraph", "<p>a<table><tr><td><p>b</table>c", "<p>a</p><table><tbody><tr><td><p>b</p></td></tr></tbody></table>c"},
		{"columns", "<table><col width=10><col span=2 width=20%><tr><th colspan=2 nowrap>a</table>",
			`<table><colgroup><col width="10"><col span="2" width="20%"></colgroup><tbody><tr><th colspan="2" nowrap="">a</th></tr></tbody></table>`},
		{"bold across cells", "<table><tr><td><b>a<td>b</table>", "<table><tbody><tr><td><b>a</b></td><td>b</td></tr></tbody></table>"},
		{"pre", "<pre>\n\na  b</pre>", "<pre>\n\na  b</pre>"},
		{"aliases", "<details open ontoggle=x><summary>s</summary>b</details><nobr>n</nobr><menu><li>m</menu>",
			`<div><div>s</div>b</div><span style="white-space:nowrap">n</span><ul><li>m</li></ul>`},
		{"unknown elements vanish", "<o:p>a</o:p><blink>b</blink><form><label>c</label><button formaction=x>d</button></form>", "abcd"},
		{"script", "a<script>alert(1)</script>b<style>p{}</style>c<noscript><p>x</noscript>d", "abcd"},
		{"script in script", "<scr<script></script>ipt>x", "ipt&gt;x"},
		{"svg", "a<svg onload=x><script>1</script><text>t</text></svg>b", "ab"},
		{"svg never closed", "a<svg><g>b", "ab"},
		{"svg left by HTML", "a<svg><g><p>b</svg>c", "a<p>bc</p>"},
		{"svg with HTML in it", "a<svg><foreignObject><p>x</p></foreignObject></svg>b", "ab"},
		{"math", "<math><mtext><table><mglyph><style><img src=x onerror=y></style></math>b", "b"},
		{"media", "<video src=x><p>no video</p></video><audio></audio>b", "b"},
		{"comments", "a<!-- b -->c<!--[if mso]>d<![endif]-->e<![CDATA[f]]>g<?php h ?>i", "acegi"},
		{"downlevel-revealed", "<![if !mso]>a<![endif]>b", "ab"},
		{"attributes", `<p onclick=x data-y=z hx-get=/ id=i name=n title="t<b>" dir=RTL lang=de align=center style="color:red">a`,
			`<p title="t&lt;b&gt;" dir="rtl" lang="de" align="center" style="color:red">a</p>`},
		{"attribute breakout", "<p title='\"><img src=x onerror=y>'>a", `<p title="&#34;&gt;&lt;img src=x onerror=y&gt;">a</p>`},
		{"font", `<font color=#CC0000 face="Arial, x';}" size=+2>a</font>`, `<font color="#cc0000" face="&#39;Arial&#39;,&#39;x&#39;" size="+2">a</font>`},
		{"controls", "a\x00b\x1bc\x7fd\u0085e&#0;&#7;f", "abcde\ufffdf"},
		{"deep", strings.Repeat("<div>", 300) + "a" + strings.Repeat("</div>", 300) + "b", strings.Repeat("<div>", 100) + "a" + strings.Repeat("</div>", 100) + "b"},
		{"anchors", `<a href="#x">go</a><p id=x>here<p id=y>there`, `<a href="#i-1">go</a><p id="i-1">here</p><p>there</p>`},
		{"dead anchor", `<a href="#x">go</a>`, `<a>go</a>`},
		{"select", "a<select><option>x</select>b", "ab"},
		{"br", "a<br clear=all>b</br>c</p>d", `a<br clear="all">b<br>c<p></p>d`},
	} {
		body, _ := show(t, tt.in, Options{})
		if body != tt.want {
			t.Errorf("%s: Document(%.200q)\n  = %.400s\nwant %.400s", tt.name, tt.in, body, tt.want)
		}
	}
}

func TestStyle(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"color: Red", "color:red"},
		{"margin:0 auto; padding:12px 24px", "margin:0 auto;padding:12px 24px"},
		{"margin:-5px", ""},
		{"text-indent:-18.0pt;margin-left:36.0pt", "text-indent:-18pt;margin-left:36pt"},
		{"margin:5000px", ""},
		{"width:600px!important", "width:600px!important"},
		{"width: 100% ! important", "width:100%!important"},
		{"width:100vh;height:100vh", ""},
		{"width:calc(100% - 20px)", "width:calc(100% - 20px)"},
		{"width:calc(100% - var(--x))", ""},
		{"font:700 24px/30px Georgia,\"Times New Roman\",serif", "font-weight:700;font-size:24px;line-height:30px;font-family:'Georgia','Times New Roman',serif"},
		{"font-family:Segoe UI, x\"y", "font-family:'Segoe UI','xy'"},
		{"font-family:'\\22 onmouseover=1'", ""},
		{"border:1px solid rgb(204, 204,204)", "border:1px solid rgb(204,204,204)"},
		{"border-left:solid windowtext 1.0pt", "border-left:solid currentcolor 1pt"},
		{"background:#fff", ""}, // of paper: left out
		{"background:#fed url(http://x.example/a.png) no-repeat", "background-color:#fed;background-repeat:no-repeat"},
		{"background:linear-gradient(#fff,#000), #123", "background-color:#123"},
		{"background:url(javascript:alert(1))", ""},
		{"background-image:url(http://x.example/a.png)", ""},
		{"background:u\\rl(http://x.example/a.png)", ""},
		{"background-image:image-set('http://x.example/1' 1x)", ""},
		{"list-style:url(http://x.example/a)", ""},
		{"color:expression(alert(1))", ""},
		{"position:fixed;top:0;left:0;z-index:9", ""},
		{"position:/**/fixed", ""},
		{"content:'x';filter:blur(1px);transform:none;animation:x 1s;cursor:url(x),auto;behavior:url(x);-moz-binding:url(x)", ""},
		{"--x:url(http://x.example/a);color:var(--x,url(b))", ""},
		{"display:none;max-height:0;overflow:hidden", "display:none;max-height:0;overflow:hidden"},
		{"display:grid", ""},
		{"COLOR:#FF00aa;;color", "color:#ff00aa"},
		{"color:rgb(1,2", ""},
		{"color:red}*{color:blue", ""},
		{"color:hsl(120deg 50% 50% / 0.5)", "color:hsl(120deg 50% 50%/0.5)"},
		{"line-height:1.5;opacity:2;opacity:.5", "line-height:1.5;opacity:0.5"},
		{"border-radius:4px / 2px", "border-radius:4px/ 2px"},
		{"word-wrap:break-word", "overflow-wrap:break-word"},
		{"mso-line-height-rule:exactly;line-height:20px", "line-height:20px"},
		{"color:#000000;background:white", ""},
		{"width:1e9px;height:1e-9px", "height:0px"},
	} {
		body, _ := show(t, "<p style=\""+html.EscapeString(tt.in)+"\">x", Options{})
		want := "<p>x</p>"
		if tt.want != "" {
			want = "<p style=\"" + strings.NewReplacer("'", "&#39;").Replace(tt.want) + "\">x</p>"
		}
		if body != want {
			t.Errorf("style %q\n  = %s\nwant %s", tt.in, body, want)
		}
	}
}

func TestStyleSheet(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"type", "p{color:red}", ".gw p{color:red}\n"},
		{"body", "body{color:red}html{color:blue}", ".gw body{color:red}\n.gw{color:blue}\n"},
		{"class", ".k, .k b > i, .unused{color:red}", ".gw .m-1,.gw .m-1 b>i{color:red}\n"},
		{"id", "#top p{color:red}", ".gw #i-1 p{color:red}\n"},
		{"link", "a:link{color:red}a:hover{color:blue}", ".gw a{color:red}\n"},
		{"media", "@media only screen and (max-width:600px){.k{width:100%!important}p{color:red}}", "@media only screen and (max-width:600px){\n.gw .m-1{width:100%!important}\n.gw p{color:red}\n}\n"},
		{"unknown media", "@media (hover){p{color:red}}@media speech{p{color:red}}", ""},
		{"dark", "@media (prefers-color-scheme:dark){p{color:red}}", "@media (prefers-color-scheme:dark){\n.gw p{color:red}\n}\n"},
		{"at-rules", "@import 'http://x.example/';@font-face{src:url(x)}@charset 'utf-8';p{color:red}", ".gw p{color:red}\n"},
		{"attribute selectors", "p[x^='a']{color:red}[x]{color:red}p{color:blue}", ".gw p{color:blue}\n"},
		{"bad selector costs itself", "p::before,p{color:red}", ".gw p{color:red}\n"},
		{"Word's comments", "<!-- p{color:red} -->", ".gw p{color:red}\n"},
		{"unclosed", "p{color:red;@media x{b{color:blue}}", ".gw p{color:red}\n"},
		{"string holds braces", "a{content:'\n}*{opacity:0.1!important}", ".gw *{opacity:0.1!important}\n"},
		{"root class", ".gw p{color:red}html p{color:blue}", ".gw p{color:red}\n.gw p{color:blue}\n"},
		{"escape in selector", ".\\6b{color:red}", ""},
		{"keyframes", "@keyframes x{from{color:red}}p{animation:x 1s;color:blue}", ".gw p{color:blue}\n"},
		{"nothing ends the element", "p{font-family:'</style><img src=x onerror=y>'}", ""},
	} {
		all, _ := whole(t, "<style>"+tt.in+"</style><p class=k id=top>x<a href=https://a.example/><b><i>y", Options{})
		if got := ownStyle(all); got != tt.want {
			t.Errorf("%s: %q\n  = %q\nwant %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestLinks(t *testing.T) {
	for _, tt := range []struct{ in, text, href, chip string }{
		{"https://shop.example/a?b=1&c=2", "Buy", "https://shop.example/a?b=1&c=2", ""},
		{" HTTPS://Shop.Example/Ä b\"<>", "Buy", "https://shop.example/%C3%84%20b%22%3C%3E", ""},
		{"http://evil.example/login", "https://bank.example/login", "http://evil.example/login", "evil.example"},
		{"http://www.shop.com/", "shop.com", "http://www.shop.com/", ""},
		{"http://www.shop.com/", "bank.com", "http://www.shop.com/", "www.shop.com"},
		{"http://www.shop.com/", "see bank.com for more", "http://www.shop.com/", ""},
		{"http://www.shop.com/", "see www.bank.com for more", "http://www.shop.com/", "www.shop.com"},
		{"http://www.shop.com/", "ann@bank.com", "http://www.shop.com/", ""},
		{"http://a.co.uk/", "http://b.co.uk", "http://a.co.uk/", "a.co.uk"},
		{"https://bank.example@evil.example/", "bank", "https://evil.example/", "evil.example"},
		{"https://bank.example%2f@evil.example", "x", "https://evil.example", "evil.example"},
		{"https://xn--pple-43d.com/", "apple.com", "https://xn--pple-43d.com/", "xn--pple-43d.com"},
		{"https://bаnk.example/", "bank.example", "https://xn--bnk-6cd.example/", "xn--bnk-6cd.example"},
		{"https://müller.example/", "Müller", "https://xn--mller-kva.example/", ""},
		{"https://例え.example/", "例え", "https://xn--r8jz45g.example/", ""},
		{"http://192.0.2.1/", "x", "http://192.0.2.1/", "192.0.2.1"},
		{"http://3221225985/", "x", "http://3221225985/", "3221225985"},
		{"http://[::1]:8080/", "x", "http://[::1]:8080/", "[::1]:8080"},
		{"http://a.example:8080/", "x", "http://a.example:8080/", "a.example:8080"},
		{"http://a.example:80/", "x", "http://a.example/", ""},
		{"https://a.example/\u202egpj.exe", "x", "https://a.example/%E2%80%AEgpj.exe", ""},
		{"//a.example/x", "x", "https://a.example/x", ""},
		{"www.a.example/x", "x", "http://www.a.example/x", ""},
		{"ht\ntps://a.exam\tple/x", "x", "https://a.example/x", ""},
		{"mailto:a@a.example?subject=s&bcc=b@a.example&attach=/etc/passwd&In-Reply-To=x", "x", "mailto:a@a.example?subject=s&bcc=b@a.example", ""},
		{"mailto:a@a.example%0d%0aBcc:%20b@a.example?body=l1%0d%0al2", "x", "mailto:a@a.exampleBcc%3A%20b@a.example?body=l1%0D%0Al2", ""},
		{"tel:+1 555-0100;phone-context=x", "x", "tel:+15550100", ""},
		{"javascript:alert(1)", "x", "", ""},
		{" \x01java\tscript:alert(1)", "x", "", ""},
		{"data:text/html,x", "x", "", ""},
		{"vbscript:x", "x", "", ""},
		{"file:///etc/passwd", "x", "", ""},
		{"http:\\\\evil.example", "x", "", ""},
		{"https:evil.example", "x", "", ""},
		{"http://", "x", "", ""},
		{"http://a b.example/", "x", "", ""},
		{"/logout", "x", "", ""},
		{"?x", "x", "", ""},
	} {
		body, r := show(t, `<a href="`+html.EscapeString(tt.in)+`">`+tt.text+"</a>", Options{})
		want := "<a>" + tt.text + "</a>"
		mismatched := 0
		if tt.href != "" {
			e := strings.NewReplacer("&", "&amp;").Replace(tt.href)
			want = `<a href="` + e + `" target="_blank" rel="noopener noreferrer nofollow ugc" referrerpolicy="no-referrer"`
			if strings.HasPrefix(tt.href, "http") {
				want += ` title="` + e + `"`
			}
			want += ">" + tt.text + "</a>"
		}
		if tt.chip != "" {
			want += `<span class="gw-chip">[` + tt.chip + "]</span>"
			mismatched = 1
		}
		if body != want || r.Mismatched != mismatched {
			t.Errorf("link %q %q\n  = %s (%d)\nwant %s (%d)", tt.in, tt.text, body, r.Mismatched, want, mismatched)
		}
	}
	body, _ := show(t, `<a href="mailto:a@a.example">x</a>`, Options{Mailto: func(m string) string { return "/compose?to=" + m }})
	if want := `href="/compose?to=mailto:a@a.example"`; !strings.Contains(body, want) {
		t.Errorf("mailto: %s, want %s in it", body, want)
	}
	body, _ = show(t, `<base href="https://a.example/n/1.html?x"><a href="2.html">x</a><a href="/3">y</a><img src=p.png>`, Options{Remote: proxy})
	for _, want := range []string{`href="https://a.example/n/2.html"`, `href="https://a.example/3"`, `src="/img/https://a.example/n/p.png"`} {
		if !strings.Contains(body, want) {
			t.Errorf("base: %s, want %s in it", body, want)
		}
	}
}

func proxy(u string) (string, bool) { return "/img/" + u, true }

func TestImages(t *testing.T) {
	cid := func(id string) (string, bool) { return "/part/" + id, id == "logo@x" || id == "pics/logo.png" }
	const gif = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
	for _, tt := range []struct {
		name, in        string
		remote          bool
		want            string
		blocked, loaded int
	}{
		{"remote blocked", `<img src="http://a.example/x.png" width=120 height=40 alt="Logo">`, false,
			`<span style="width:120px;height:40px" class="gw-img">Logo</span>`, 1, 0},
		{"remote shown", `<img src="http://a.example/x.png" width=120 height=40 alt="Logo" onerror=x>`, true,
			`<img src="/img/http://a.example/x.png" alt="Logo" width="120" height="40" loading="lazy" decoding="async" referrerpolicy="no-referrer">`, 0, 1},
		{"responsive", `<img src=http://a.example/x width=600 height=200 style="width:100%;height:auto;display:block;max-width:600px">`, false,
			`<span style="aspect-ratio:600 / 200;display:block;width:100%;max-width:600px" class="gw-img"></span>`, 1, 0},
		{"pixel", `<img src=http://a.example/o.gif width=1 height=1>`, false, "", 1, 0},
		{"pixel by style", `<img src=http://a.example/o.gif style="width:1px;height:1px">`, false, "", 1, 0},
		{"pixel after consent", `<img src=http://a.example/o.gif width=1 height=1>`, true, "", 0, 0},
		{"spacer", `<img src=http://a.example/o.gif width=1 height=20>`, false, `<span style="width:1px;height:20px" class="gw-gap"></span>`, 1, 0},
		{"srcset alone", `<img srcset=",,, http://a.example/1 1x, http://a.example/2 2x">`, true,
			`<img src="/img/http://a.example/1" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer">`, 0, 1},
		{"the same twice", `<img src=http://a.example/x><img src=http://a.example/x>`, false,
			`<span class="gw-gap"></span><span class="gw-gap"></span>`, 1, 0},
		{"embedded", `<img src="cid:logo@x" alt=L>`, false, `<img src="/part/logo@x" alt="L" loading="lazy" decoding="async" referrerpolicy="no-referrer">`, 0, 0},
		{"embedded, escaped", `<img src="CID:logo%40x" alt=L>`, false, `<img src="/part/logo@x" alt="L" loading="lazy" decoding="async" referrerpolicy="no-referrer">`, 0, 0},
		{"embedded, unknown", `<img src="cid:nothing" alt=L>`, false, `<span class="gw-img">L</span>`, 0, 0},
		{"content-location", `<img src="pics/logo.png" alt=L>`, false, `<img src="/part/pics/logo.png" alt="L" loading="lazy" decoding="async" referrerpolicy="no-referrer">`, 0, 0},
		{"data", `<img src="` + gif + `">`, false, `<img src="` + gif + `" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer">`, 0, 0},
		{"data svg", `<img src="data:image/svg+xml;base64,PHN2Zz4=" alt=L>`, false, `<span class="gw-img">L</span>`, 0, 0},
		{"data that isn't what it says", `<img src="data:image/png;base64,PHN2Zz4=" alt=L>`, false, `<span class="gw-img">L</span>`, 0, 0},
		{"relative", `<img src="/logout" alt=L>`, false, `<span class="gw-img">L</span>`, 0, 0},
		{"javascript", `<img src="javascript:x" alt=L>`, true, `<span class="gw-img">L</span>`, 0, 0},
		{"backgrounds", `<table background=http://a.example/1><tr><td style="background:url('http://a.example/2')" background=http://a.example/1>x</table>`, false,
			"<table><tbody><tr><td>x</td></tr></tbody></table>", 2, 0},
		{"backgrounds shown", `<p style="background:#123 url('http://a.example/2') no-repeat">x`, true,
			`<p style="background-color:#123;background-image:url(&#39;/img/http://a.example/2&#39;);background-repeat:no-repeat">x</p>`, 0, 1},
		{"other loads", `<video src=http://a.example/1 poster=http://a.example/2><source src=http://a.example/3></video><input type=image src=http://a.example/4>` +
			`<iframe src=//a.example/5></iframe><object data=http://a.example/6></object><embed src=http://a.example/7><svg><image xlink:href=http://a.example/8></svg><bgsound src=http://a.example/9>`, false, "", 9, 0},
	} {
		opts := Options{CID: cid}
		if tt.remote {
			opts.Remote = proxy
		}
		body, r := show(t, tt.in, opts)
		if body != tt.want || r.Blocked != tt.blocked || r.Remote != tt.loaded {
			t.Errorf("%s: %s\n  = %s, blocked %d, remote %d\nwant %s, blocked %d, remote %d", tt.name, tt.in, body, r.Blocked, r.Remote, tt.want, tt.blocked, tt.loaded)
		}
	}
}

func TestColours(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want bool
	}{
		{"<p>plain", false},
		{"<p style='color:black;background:#fff'>Outlook", false},
		{"<body bgcolor=white text=#000000><font color=black>x", false},
		{"<div style='color:rgb(34,34,34)'>Gmail", false},
		{"<blockquote style='border-left:1px solid rgb(204,204,204)'>x", false},
		{"<p style='color:red'>x", true},
		{"<table bgcolor=#f4f4f4><tr><td>x</table>", true},
		{"<style>body{background:#f2f4f6}</style>x", true},
		{"<font color=#336699>x", true},
	} {
		all, r := whole(t, tt.in, Options{})
		if r.Colours != tt.want || strings.Contains(all, `class="gw gw-plain"`) == tt.want {
			t.Errorf("Colours of %s = %v, want %v", tt.in, r.Colours, tt.want)
		}
	}
	all, _ := whole(t, "<p style='color:#000;margin:0'>x", Options{Theme: ThemeDark})
	if want := `<html class="gw gw-plain" data-theme="dark">`; !strings.Contains(all, want) || !strings.Contains(all, `<p style="margin:0">x</p>`) {
		t.Errorf("dark: %s, want %s and no black ink", all, want)
	}
}

func TestDocumentShell(t *testing.T) {
	all, r := whole(t, `<html lang=de dir=ltr><head><title>T</title></head><body class=b style="padding:10px" bgcolor=#eeeeee onload=x><style>.b{color:#111}</style>Text here`, Options{})
	for _, want := range []string{"<!DOCTYPE html>\n<html class=\"gw\" lang=\"de\" dir=\"ltr\"><head><meta charset=\"utf-8\">",
		`<body style="background-color:#eeeeee;padding:10px" class="m-1">Text here</body></html>`} {
		if !strings.Contains(all, want) {
			t.Errorf("document lacks %s:\n%s", want, all)
		}
	}
	if r.Text != "Text here" || r.Height < 20 || r.Height > 200 {
		t.Errorf("report = %+v", r)
	}
}

func TestCSP(t *testing.T) {
	csp := CSP("https://mail.example")
	for _, want := range []string{"sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox;", "default-src 'none'", "script-src 'none'",
		"img-src https://mail.example data:;", "style-src 'unsafe-inline'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("CSP = %s, want %s in it", csp, want)
		}
	}
	// The frame keeps its origin: with scripts it could take its own sandbox off.
	for _, bad := range []string{"allow-scripts", "allow-top-navigation", "allow-forms", "allow-modals", "unsafe-eval"} {
		if strings.Contains(csp, bad) {
			t.Errorf("CSP = %s, must never have %s", csp, bad)
		}
	}
	for _, origin := range []string{"", "https://x; script-src *", "*", "https://*.example"} {
		if got := CSP(origin); !strings.Contains(got, "img-src 'self' data:;") {
			t.Errorf("CSP(%q) = %s", origin, got)
		}
	}
}

// TestQuick feeds what is built to be slow. Four seconds are far more than any needs, and far less than what a quadratic step would take.
func TestQuick(t *testing.T) {
	attrs := &strings.Builder{}
	for i := range 100_000 {
		fmt.Fprintf(attrs, " a%d=b", i)
	}
	bold := &strings.Builder{}
	for i := range 400 {
		fmt.Fprintf(bold, "<b class=c%d>", i)
	}
	for name, in := range map[string]string{
		"nested":         strings.Repeat("<div>", 200_000),
		"nested inline":  strings.Repeat("<b><i>", 150_000),
		"formats":        bold.String() + strings.Repeat("<p>a", 200_000),
		"misnested":      strings.Repeat("<b><p>", 20_000) + strings.Repeat("</b>x", 50_000),
		"misnested 2":    strings.Repeat("<b><i><u><a href=x><div>x</b></a></u>", 25_000),
		"tables":         strings.Repeat("<table>", 140_000),
		"cells":          strings.Repeat("<table><td>", 90_000),
		"fostered":       strings.Repeat("<table><tr>x", 80_000),
		"attributes":     "<p" + attrs.String() + ">x",
		"angle brackets": strings.Repeat("<", 1<<20),
		"end tags":       strings.Repeat("</p>", 1<<18),
		"svg":            strings.Repeat("<svg>", 200_000),
		"drops":          strings.Repeat("<object><map><select></", 40_000),
		"entities":       strings.Repeat("&amp;", 200_000),
		"unknown tags":   strings.Repeat("a</x>", 200_000),
		"comments":       strings.Repeat("<!--", 200_000),
		"css braces":     "<style>" + strings.Repeat("{", 1<<20),
		"css brackets":   "<style>" + strings.Repeat("a{b:(", 200_000),
		"css commas":     "<style>" + strings.Repeat("a,", 1<<19) + "{color:red}",
		"css selectors":  "<style>" + strings.Repeat("a a a a a a{color:red}", 40_000) + "</style>",
		"css comments":   "<style>" + strings.Repeat("/*", 1<<19),
		"css strings":    "<style>" + strings.Repeat("a{b:'", 1<<17),
		"css urls":       "<style>" + strings.Repeat("p{background:url(http://a.example/", 30_000),
		"styles":         strings.Repeat("<p style='color:red;width:1px'>", 30_000),
		"links":          strings.Repeat("<a href=http://a.example/>http://b.example/</a>", 20_000),
		"open links":     "<a href=http://a.example>" + strings.Repeat("<div>www.b.example ", 50_000),
		"images":         strings.Repeat("<img src=http://a.example/x srcset=,,,,>", 25_000),
		"srcset":         "<img srcset='" + strings.Repeat(",", 1<<19) + "'>",
		"classes":        strings.Repeat("<p class='a b c d e f g'>", 40_000),
		"long text":      strings.Repeat("a", 1<<20),
		"spares":         strings.Repeat("<table><tr><center><b><table>", 30_000),
	} {
		start := time.Now()
		if _, err := Document(io.Discard, strings.NewReader(in), Options{Remote: proxy}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("%s took %v for %d bytes, want less than 4s", name, took, len(in))
		} else {
			t.Logf("%s: %v", name, took.Round(time.Millisecond))
		}
	}
}

func TestTruncated(t *testing.T) {
	_, r := show(t, "<p>"+strings.Repeat("word ", 1<<18), Options{})
	if !r.Truncated {
		t.Error("1.3 MB: Truncated = false")
	}
	if _, r = show(t, "<p>short", Options{}); r.Truncated {
		t.Error("short: Truncated = true")
	}
	long := strings.Repeat("ä", 1<<19) + "ä"
	if text, cut := clean([]byte("x" + long)); !cut || strings.ContainsRune(string(text), '\ufffd') {
		t.Errorf("clean cut a character in two: ends with %q", text[len(text)-4:])
	}
}

func TestReportText(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"<p>a <b>b</b>c</p><p>d", "a bc d"},
		{"&lt;<a href=mailto:x@a.example>x@a.example</a>&gt; wrote:<br>Hi", "<x@a.example> wrote: Hi"},
		{"<div style='display:none'>hidden</div>seen \n <i>now</i> ", "seen now"},
		{"a<b> b</b>", "a b"},
		{strings.Repeat("ä", 300), strings.Repeat("ä", 200)},
	} {
		if _, r := show(t, tt.in, Options{}); r.Text != tt.want {
			t.Errorf("Report.Text of %.80q = %q, want %q", tt.in, r.Text, tt.want)
		}
	}
}
