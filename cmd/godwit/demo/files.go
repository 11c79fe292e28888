package demo

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
)

// file is something to attach. A nil make is the large recording, which large.go computes as it is read.
type file struct {
	mediaType string
	make      func() []byte
}

func init() {
	for name, f := range files {
		if f.make != nil {
			f.make = sync.OnceValue(f.make)
			files[name] = f
		}
	}
}

// files by name. Each is made once, when the first letter asks for it.
var files = map[string]file{
	"transects-2026-v4.pdf":       {"application/pdf", transectsPDF},
	"bridge-permit.pdf":           {"application/pdf", permitPDF},
	"invoice-2026-1187.pdf":       {"application/pdf", invoicePDF},
	"minutes-october.pdf":         {"application/pdf", minutesPDF},
	"تقرير الربع الثالث.pdf":      {"application/pdf", quarterPDF},
	"ticket-kelling-halt.pdf":     {"application/pdf", ticketPDF},
	"tide-table-october.xlsx":     {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", tideWorkbook},
	"counts-october.csv":          {"text/csv; charset=utf-8", countsCSV},
	"Zähltage Übersicht.csv":      {"text/csv; charset=utf-8", countsCSV},
	"field-notes.txt":             {"text/plain; charset=utf-8", fieldNotes},
	"north-groyne.jpg":            {"image/jpeg", func() []byte { return jpegOf(shore(dusk, 1)) }},
	"sluice-gate.jpg":             {"image/jpeg", func() []byte { return jpegOf(shore(noon, 4)) }},
	"干潟-01.jpg":                   {"image/jpeg", func() []byte { return jpegOf(shore(dawn, 2)) }},
	"干潟-02.jpg":                   {"image/jpeg", func() []byte { return jpegOf(shore(noon, 3)) }},
	"干潟-03.jpg":                   {"image/jpeg", func() []byte { return jpegOf(shore(dusk, 5)) }},
	"sketch-one.png":              {"image/png", func() []byte { return pngOf(flock(paper, 1)) }},
	"sketch-two.png":              {"image/png", func() []byte { return pngOf(flock(ink, 2)) }},
	"sketch-three.png":            {"image/png", func() []byte { return pngOf(flock(sand, 3)) }},
	"roost.png":                   {"image/png", func() []byte { return pngOf(flock(dusk, 7)) }},
	"chart.png":                   {"image/png", func() []byte { return pngOf(chart()) }},
	"banner.png":                  {"image/png", func() []byte { return pngOf(banner()) }},
	"curlew-call.wav":             {"audio/wav", curlewCall},
	"dusk-roost-full-evening.wav": {"audio/wav", nil},
	"turnstones.mp4":              {"video/mp4", turnstones},
	"hide-camera.zip":             {"application/zip", hideCamera},
	"nikhil-deshmukh.vcf":         {"text/vcard; charset=utf-8", nikhilCard},
	"species-codes.txt":           {"text/plain", speciesCodes},
	"winmail.dat":                 {"application/ms-tnef; name=\"winmail.dat\"", winmail},
}

func lookup(name string) (file, error) {
	f, ok := files[name]
	if !ok {
		return f, fmt.Errorf("there is no file %q", name)
	}
	return f, nil
}

// species of the count with the numbers of five transects.
var species = []struct {
	code, name string
	counts     [5]int
}{
	{"OYC", "Eurasian oystercatcher", [5]int{412, 388, 127, 540, 96}},
	{"CUR", "Eurasian curlew", [5]int{88, 61, 140, 72, 33}},
	{"BTG", "Bar-tailed godwit", [5]int{230, 415, 302, 118, 57}},
	{"KNO", "Red knot", [5]int{1850, 0, 960, 2210, 0}},
	{"DUN", "Dunlin", [5]int{2400, 1985, 770, 3120, 415}},
	{"GRP", "Grey plover", [5]int{64, 40, 92, 51, 18}},
	{"RED", "Common redshank", [5]int{175, 220, 86, 133, 64}},
	{"TUR", "Ruddy turnstone", [5]int{28, 12, 9, 47, 61}},
	{"SAN", "Sanderling", [5]int{310, 95, 0, 180, 22}},
}

func countsCSV() []byte {
	var b bytes.Buffer
	b.WriteString("code,species,T1,T2,T3,T4,T5,total\n")
	for _, s := range species {
		total := 0
		fmt.Fprintf(&b, "%s,%s", s.code, s.name)
		for _, n := range s.counts {
			fmt.Fprintf(&b, ",%d", n)
			total += n
		}
		fmt.Fprintf(&b, ",%d\n", total)
	}
	return b.Bytes()
}

func speciesCodes() []byte {
	var b bytes.Buffer
	for _, s := range species {
		fmt.Fprintf(&b, "%s  %s\n", s.code, s.name)
	}
	return b.Bytes()
}

func fieldNotes() []byte {
	return []byte(`North line, low water 09:52, wind NW 4, light rain until half past eight.

08:40  sluice gate. Godwits on the near bank, about 120, feeding along the edge.
09:05  T4. Knots arrive in one cloud from the south. First estimate 2,000, second 2,210.
09:30  T7/8. A merlin goes through; everything up, everything down again after two minutes.
10:10  the hide. Turnstones under the groyne, 47, as every year.

Ring read: yellow over green, left leg, AH7. Café Sluice had soup.
`)
}

func nikhilCard() []byte {
	return []byte("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Nikhil Deshmukh\r\nN:Deshmukh;Nikhil;;;\r\nORG:Tidewater Trust\r\n" +
		"TITLE:Systems and boats\r\nEMAIL;TYPE=work:nikhil@tidewater.example\r\nTEL;TYPE=cell;VALUE=uri:tel:+44-1632-960-118\r\n" +
		"ADR;TYPE=work:;;The Old Lifeboat Station;Kelling Quay;;KQ1 2AB;\r\nURL:https://tidewater.example/\r\n" +
		"NOTE:Call before ten or after the tide.\r\nEND:VCARD\r\n")
}

// hideCamera is a zip of two pictures, a table and a note.
func hideCamera() []byte {
	return zipOf([]zipEntry{
		{"hide-camera/0715.jpg", jpegOf(shore(noon, 4))},
		{"hide-camera/1830.jpg", jpegOf(shore(dusk, 1))},
		{"hide-camera/counts.csv", countsCSV()},
		{"hide-camera/READ ME.txt", []byte("Pictures of the hide camera, times in UTC.\n")},
	})
}

type zipEntry struct {
	name string
	data []byte
}

func zipOf(entries []zipEntry) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		// Errors cannot happen: the writer is memory, the names are ours.
		f, _ := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: time.Date(2026, 10, 18, 12, 0, 0, 0, time.UTC)})
		f.Write(e.data)
	}
	w.Close()
	return b.Bytes()
}

// tideWorkbook is the smallest workbook that spreadsheet programs open.
func tideWorkbook() []byte {
	var rows strings.Builder
	for i, row := range [][]string{
		{"Day", "High", "m", "Low", "m"}, {"17", "03:12", "4.9", "09:24", "0.8"}, {"18", "03:51", "5.1", "10:03", "0.6"},
		{"19", "04:30", "5.2", "10:41", "0.5"}, {"20", "05:10", "5.2", "11:20", "0.6"}, {"21", "05:52", "5.0", "12:01", "0.8"},
	} {
		fmt.Fprintf(&rows, `<row r="%d">`, i+1)
		for j, cell := range row {
			fmt.Fprintf(&rows, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+j, i+1, cell)
		}
		rows.WriteString(`</row>`)
	}
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	const rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	const pack = "http://schemas.openxmlformats.org/package/2006/"
	const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	return zipOf([]zipEntry{
		{"[Content_Types].xml", []byte(head + `<Types xmlns="` + pack + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + kind + `sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + kind + `worksheet+xml"/></Types>`)},
		{"_rels/.rels", []byte(head + `<Relationships xmlns="` + pack + `relationships"><Relationship Id="r1" Type="` + rels + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`)},
		{"xl/workbook.xml", []byte(head + `<workbook xmlns="` + main + `" xmlns:r="` + rels + `"><sheets><sheet name="October" sheetId="1" r:id="r1"/></sheets></workbook>`)},
		{"xl/_rels/workbook.xml.rels", []byte(head + `<Relationships xmlns="` + pack + `relationships"><Relationship Id="r1" Type="` + rels + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`)},
		{"xl/worksheets/sheet1.xml", []byte(head + `<worksheet xmlns="` + main + `"><sheetData>` + rows.String() + `</sheetData></worksheet>`)},
	})
}
