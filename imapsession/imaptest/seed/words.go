package seed

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"mime"
	"strings"
	"sync"
)

var (
	words = strings.Fields(`account agenda analysis annual answer april archive area attached august backup balance
 because before billing board branch bridge budget build calendar call careful case change chart check city client cloud
 code coffee comment company concert conference contract copy cost council course customer daily data deadline december
 decision delivery design detail device document draft early east email energy engineer estimate evening event example
 expense export family february figure file final finance first floor follow friday garden general group guide harbour
 health holiday hotel house idea import invoice issue january journey july june kitchen language later launch letter
 library licence list local machine manager march market material matter meeting member memory message minutes monday
 month morning network next north note notice november number october offer office online open order paper partner past
 patch payment people phone plan policy present price print problem process product project proposal quarter question
 quick rate reading ready receipt record release reminder rent reply report request result review river room sample
 saturday school season second section security september server service session share ship signal site south staff
 stage station status storage street student subject summary sunday supply support system table team term test thanks
 thread thursday ticket time today tomorrow total track training travel tuesday update user vacation value version
 video visit warehouse water website wednesday week weekend west winter window work workshop year yesterday`)
	firsts   = strings.Fields("Anna Ben Carla David Eva Farid Greta Hugo Ines Jonas Klara Liam Mina Noah Olga Paul Quentin Rosa Samir Tara Ulf Vera Wanda Xenia Yusuf Zoë Jürgen Łukasz Søren Renée")
	lasts    = strings.Fields("Ashby Berger Conti Dubois Eriksen Fischer Garcia Hansen Ivanova Jansen Keller Lindqvist Müller Novak Okafor Petit Quist Rossi Schmidt Tanaka Umarov Varga Weiss Young Zhang Peña Öztürk Brønsted")
	domains  = strings.Fields("example.com example.org example.net corp.example lists.example")
	subjects = []string{"Grüße aus Köln – %s", "Réunion reportée : %s", "Отчёт за квартал: %s", "会議の議事録 %s", "회의 일정 안내 %s", "تقرير %s الشهري",
		"Faktura č. %s – splatnost", "¿Puedes revisar %s?", "🎉 %s – nu verkrijgbaar", "Πρόσκληση: %s", "הזמנה ל%s", "Ödeme onayı %s"}
	closings = []string{"Sehr geehrte Damen und Herren, die Prüfung der Unterlagen wäre möglich.", "Voilà les détails demandés, à très bientôt.",
		"Добрый день, высылаю отчёт за прошедший период.", "お世話になっております。資料をお送りします。", "안녕하세요, 자료를 보내드립니다.",
		"مرحبا، أرسل لكم التقرير المطلوب.", "Merhaba, ekte faturayı bulabilirsiniz."}
)

// source draws what messages are made of.
type source struct{ r *rand.Rand }

func newSource(a, b uint64) *source { return &source{rand.New(rand.NewPCG(a, b))} }

func (s *source) chance(p float64) bool { return s.r.Float64() < p }
func (s *source) word() string          { return words[s.r.IntN(len(words))] }

func (s *source) phrase(n int) string {
	drawn := make([]string, n)
	for i := range drawn {
		drawn[i] = s.word()
	}
	return strings.Join(drawn, " ")
}

// sentences writes about n octets of prose in lines of up to 72.
func (s *source) sentences(b *bytes.Buffer, n int) {
	for start, column := b.Len(), 0; b.Len()-start < n; {
		w := s.word()
		if column+len(w) > 70 {
			b.WriteString("\r\n")
			column = 0
		}
		b.WriteString(w)
		b.WriteByte(" ."[b2i(s.chance(0.08))])
		column += len(w) + 1
	}
	b.WriteString("\r\n")
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mailbox is a name and address as a header has them.
func (s *source) mailbox() string {
	name := firsts[s.r.IntN(len(firsts))] + " " + lasts[s.r.IntN(len(lasts))]
	return fmt.Sprintf("%s <p%04d@%s>", mime.QEncoding.Encode("utf-8", name), s.r.IntN(3000), domains[s.r.IntN(len(domains))])
}

// noise is 6 MiB of random octets in base64, lines of 76.
var noise = sync.OnceValue(func() []byte {
	raw := make([]byte, 6<<20)
	rand.NewChaCha8([32]byte{7}).Read(raw)
	encoded := base64.StdEncoding.EncodeToString(raw)
	var b bytes.Buffer
	for ; len(encoded) >= 76; encoded = encoded[76:] {
		b.WriteString(encoded[:76])
		b.WriteString("\r\n")
	}
	return b.Bytes()
})

const noiseLine = 78 // octets, CRLF included

// encoded is a base64 body of about n decoded octets, at most 5 MiB.
func (s *source) encoded(n int) []byte {
	lines := n / 57
	at := s.r.IntN(len(noise())/noiseLine - lines)
	return noise()[at*noiseLine : (at+lines)*noiseLine]
}

// newsletters are 64 of 20 to 80 kB.
var newsletters = sync.OnceValue(func() [][]byte {
	s := newSource(11, 13)
	all := make([][]byte, 64)
	for i := range all {
		all[i] = s.newsletter(20_000 + s.r.IntN(60_000))
	}
	return all
})

// newsletter is the HTML of bulk mail: tables within tables, a style on each element, all in ASCII.
func (s *source) newsletter(size int) []byte {
	const cell = "padding:12px;font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:20px;color:#333333;"
	var b bytes.Buffer
	b.WriteString("<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\r\n" +
		"<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"><title>News</title>\r\n" +
		"<style type=\"text/css\">\r\nbody{margin:0;padding:0;background:#f4f4f4}\r\ntable{border-collapse:collapse}\r\n" +
		"@media only screen and (max-width:600px){.col{width:100%!important;display:block}}\r\n.btn a{color:#fff;background:#2266cc;padding:10px 18px}\r\n</style></head>\r\n" +
		"<body bgcolor=\"#f4f4f4\">\r\n<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td align=\"center\">\r\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "<table width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"width:600px;background-color:#ffffff;margin:0 auto;\"><tr>\r\n"+
			"<td class=\"col\" width=\"200\" valign=\"top\" style=\"%s\"><a href=\"https://click.news.example/t/%08x?u=%d&amp;m=%d\" target=\"_blank\">"+
			"<img src=\"https://img.news.example/%06x.png\" width=\"176\" height=\"120\" alt=\"%s\" border=\"0\" style=\"display:block;border:0;\"></a></td>\r\n"+
			"<td class=\"col\" width=\"400\" valign=\"top\" style=\"%s\">\r\n<h2 style=\"margin:0 0 8px 0;font-size:18px;color:#111111;\">%s</h2>\r\n",
			cell, s.r.Uint32(), i, i*7, s.r.IntN(1<<24), s.word(), cell, s.phrase(5))
		for range 3 + s.r.IntN(5) {
			fmt.Fprintf(&b, "<p style=\"margin:0 0 10px 0;\">%s.\r\n%s <b>%s</b> &ndash; %s.</p>\r\n", s.phrase(9), s.phrase(9), s.word(), s.phrase(8))
		}
		fmt.Fprintf(&b, "<div class=\"btn\"><a href=\"https://shop.example/%s\" style=\"color:#ffffff;text-decoration:none;\">%s</a></div></td></tr></table>\r\n", s.word(), s.phrase(2))
	}
	b.WriteString("</td></tr></table>\r\n<img src=\"https://open.news.example/o.gif\" width=\"1\" height=\"1\">\r\n</body></html>\r\n")
	return b.Bytes()
}
