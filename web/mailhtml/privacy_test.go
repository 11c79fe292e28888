package mailhtml

import (
	"strings"
	"testing"
)

// TestLoads tries every way known by which HTML makes a browser ask for something: those of the Email Privacy Tester, and later ones. § stands for an
// address of the sender's; it may appear in the output as a link's and nowhere else.
func TestLoads(t *testing.T) {
	const address = "http://tracker.example/t"
	for _, in := range []string{
		`<img src="§">`, `<img src="#" srcset="§ 1x">`, `<img srcset=",,,,,§">`, `<input type="image" src="§">`, `<body background="§">`, `<p style="background-image:url('§')">`,
		`<p style="content:url('§')">`, `<p style="behavior:url('§') url('§')">`, `<style>@font-face{src:url('§');}</style>`, `<style>@import '§';</style>`,
		`<link rel="stylesheet" type="text/css" href="§">`, `<link rel="stylesheet" href="cid:ID">`, `<p style="background-color:expression((document.createElement('img'))['src']='§')">`,
		`<object data="cid:ID" type="image/svg+xml"><embed src="cid:ID"></object><iframe src="cid:ID">`, `<svg><image xlink:href="§"/></svg>`, `<svg><feImage href="§"/><use href="§"/></svg>`,
		`<link rel="alternate" type="application/rss+xml" href="§">`, `<link rel="search" href="§">`, `<link rel="prefetch" href="§">`, `<link rel="dns-prefetch" href="§">`,
		`<link rel=preload imagesrcset=",,§">`, `<link rel=preconnect href=§>`, `<link rel=modulepreload href=§>`, `<link rel=icon href=§>`, `<link rel=manifest href=§>`,
		`<meta http-equiv="Refresh" content="1; URL=§">`, `<meta http-equiv=Content-Security-Policy content="img-src 'none'; report-uri §">`, `<iframe src="§">`,
		`<iframe src='data:text/html,<meta http-equiv="Refresh" content="1; URL=§">'>`, `<iframe srcdoc="<img src=§>">`, `<iframe src="view-source:§">`, `<script src="§"></script>`,
		`<script type=speculationrules>{"prefetch":[{"urls":["§"]}]}</script>`, `<video autoplay src="§">`, `<video poster="§">`,
		`<video><source src="§" type='video/mp4'></video>`, `<video><track src=§></video>`, `<audio src="§" preload="metadata" autoplay>`, `<bgsound src="§" loop="1">`,
		`<object data="§" type="image/png">`, `<object><param name="movie" value="§"><embed src="§"></object>`, `<applet codebase="§" code="a.class">`, `<html manifest="§">`, `<image src="§">`,
		`<img lowsrc="§" dynsrc="§" longdesc="§" usemap="§">`, `<picture><source srcset="§"><img alt=p></picture>`, `<table background=§><tr background=§><td background=§>x`, `<base href="§/"><img src=a>`,
		`<head profile=§>`, `<!DOCTYPE html SYSTEM "§">`, `<?xml-stylesheet href="§"?>`, `<img attributionsrc=§>`, `<portal src=§></portal>`, `<fencedframe src=§></fencedframe>`,
		`<frameset><frame src=§></frameset>`, `<isindex src=§>`, `<form action=§><button formaction=§>b</button></form>`, `<menuitem icon=§>`, `<v:fill src="§" />`, `<v:imagedata src=§ />`, `<xml src=§></xml>`,
		`<math href=§><mi href=§>x</mi></math>`, `<p style="background:u\rl(§)">`, `<p style="background:\75rl(§)">`, `<p style="background:url(§">`, `<p style="background-image:image-set('§' 1x)">`,
		`<p style="background:cross-fade(url(§),url(§),50%)">`, `<p style="background:image('§')">`, `<p style="background:src('§')">`, `<p style="--x:url(§);background:var(--x,url(§))">`,
		`<p style="background:attr(title)" lang="§">`, `<style>@property --x{initial-value:url(§);syntax:'*'}</style>`, `<style>@counter-style x{symbols:url(§)}</style>`, `<style>@namespace url(§);</style>`,
		`<style>@document url(§){p{color:red}}</style>`, `<style>p:hover{background:url(§)}a:visited{background:url(§)}@media print{p{background:url(§)}}</style>`, `<style>input[value^=a]{background:url(§)}</style>`,
		`<p style="list-style-image:url(§);cursor:url(§),auto;border-image:url(§) 1;mask:url(§);filter:url(§#a);clip-path:url(§);shape-outside:url(§);fill:url(§);offset-path:url(§)">`,
		`<p style="border-image-source:url(§);-webkit-mask-image:url(§);backdrop-filter:url(§);marker:url(§)">`,
	} {
		in = strings.ReplaceAll(in, "§", address)
		all, _ := whole(t, in+"<p>rest", Options{})
		checkOutput(t, in, all)
		if body := all[strings.Index(all, "<body"):] + ownStyle(all); strings.Contains(body, "tracker.example") {
			t.Errorf("%s\n  = %s", in, body)
		}
		// Links are the one thing that may name it.
		link, _ := show(t, `<a ping="`+address+`" attributionsrc="`+address+`" href="`+address+`">x</a>`, Options{})
		if strings.Count(link, address) != 2 {
			t.Fatalf("a link = %s, want the address in href and title only", link)
		}
	}
}
