package demo

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// pdfPage draws on one A4 page; coordinates are points from the lower left corner.
type pdfPage struct{ bytes.Buffer }

func (p *pdfPage) text(x, y, size float64, font, s string) {
	escaped := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s)
	fmt.Fprintf(p, "BT /%s %g Tf %g %g Td (%s) Tj ET\n", font, size, x, y, escaped)
}

func (p *pdfPage) paragraph(x, y float64, lines ...string) {
	for i, l := range lines {
		p.text(x, y-float64(i)*16, 11, "F1", l)
	}
}

func (p *pdfPage) line(x0, y0, x1, y1 float64) { fmt.Fprintf(p, "%g %g m %g %g l S\n", x0, y0, x1, y1) }

func (p *pdfPage) colour(r, g, b float64) {
	fmt.Fprintf(p, "%g %g %g rg %g %g %g RG\n", r, g, b, r, g, b)
}

// table prints rows, the first as heads, with the columns' left edges at xs.
func (p *pdfPage) table(y float64, xs []float64, rows [][]string) {
	for i, row := range rows {
		font := "F1"
		if i == 0 {
			font = "F2"
			p.line(xs[0], y-5, 540, y-5)
		}
		for j, cell := range row {
			p.text(xs[j], y-float64(i)*20, 11, font, cell)
		}
	}
}

// pdf writes a document of pages: Helvetica, Helvetica bold, no compression, so that a text search finds its words.
func pdf(title string, pages ...*pdfPage) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(offsets)}, args...)...)
	}
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 6+2*i))
	}
	object("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
	object("<< /Title (%s) /Producer (Godwit demo) >>", title)
	for i, p := range pages {
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>", 7+2*i)
		object("<< /Length %d >>\nstream\n%s\nendstream", p.Len(), p.String())
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

func titled(title, sub string) *pdfPage {
	p := &pdfPage{}
	p.colour(0.12, 0.35, 0.42)
	p.text(56, 772, 22, "F2", title)
	p.colour(0.4, 0.4, 0.4)
	p.text(56, 750, 11, "F1", sub)
	p.line(56, 738, 540, 738)
	p.colour(0.1, 0.1, 0.1)
	return p
}

// transectsPDF is three pages: a map, the list of lines, notes for the day.
func transectsPDF() []byte {
	m := titled("Transects 2026, version 4", "Kelling Reserve, north flats. Drawn over the new LIDAR tiles.")
	m.colour(0.75, 0.87, 0.9)
	fmt.Fprintf(m, "56 120 484 560 re f\n")
	m.colour(0.87, 0.82, 0.68)
	fmt.Fprintf(m, "56 120 m 56 420 l\n")
	for x := 56.0; x <= 540; x += 22 {
		fmt.Fprintf(m, "%g %g l\n", x, 420+70*math.Sin(x/90)+30*math.Cos(x/37))
	}
	fmt.Fprintf(m, "540 120 l f\n")
	m.colour(0.75, 0.3, 0.15)
	fmt.Fprintf(m, "1.6 w [6 3] 0 d\n")
	for i := range 8 {
		x := 90 + float64(i)*60
		m.line(x, 300-float64(i%3)*40, x+24, 560+float64(i%2)*36)
		m.text(x+20, 574+float64(i%2)*36, 11, "F2", fmt.Sprintf("T%d", i+1))
	}
	list := titled("The lines", "Start is the landward end. Distances along the flat at low water.")
	rows := [][]string{{"Line", "Start", "Length", "Change since version 3"}}
	for i, r := range [][]string{{"sluice gate", "820 m", "none"}, {"sluice gate", "640 m", "none"}, {"second stile", "710 m", "none"}, {"second stile", "690 m", "60 m seaward, clear of the channel"},
		{"wreck post", "550 m", "none"}, {"wreck post", "730 m", "none"}, {"north hide", "880 m", "merged with T8"}, {"north hide", "-", "merged into T7"}} {
		rows = append(rows, append([]string{fmt.Sprintf("T%d", i+1)}, r...))
	}
	list.table(700, []float64{56, 110, 220, 300}, rows)
	notes := titled("On the day", "Meet at the sluice gate, 06:40. Low water 09:52.")
	notes.paragraph(56, 700, "1. Nobody walks alone beyond the wreck post.", "2. Turn back when the water reaches the second row of posts.",
		"3. Count flocks twice and write both numbers down.", "4. Codes are on the back of the counting sheet.", "", "Radio: channel 8. Tomasz has the spare battery.",
		"The hide at the north groyne stays closed until the 26th.")
	return pdf("Transects 2026", m, list, notes)
}

func permitPDF() []byte {
	a := titled("Harbour office: foot bridge permit", "Application HB-2026-0417")
	a.paragraph(56, 700, "The revised drawing of 9 October is accepted with these conditions:", "", "- the hand rail is continued to the quay wall;", "- work ends before the first spring tide of November;",
		"- the fairway light stays in sight at all times.")
	b := titled("Drawing", "Elevation, not to scale")
	b.line(80, 400, 500, 400)
	for x := 80.0; x <= 500; x += 35 {
		b.line(x, 400, x, 450)
		b.line(x, 450, min(500, x+35), 400)
	}
	b.line(80, 450, 500, 450)
	c := titled("Signature", "Page 3, to be signed by the applicant and returned by Friday")
	c.line(56, 600, 300, 600)
	c.text(56, 584, 10, "F1", "Place, date")
	c.line(320, 600, 540, 600)
	c.text(320, 584, 10, "F1", "For the Tidewater Trust")
	return pdf("Foot bridge permit", a, b, c)
}

func invoicePDF() []byte {
	p := titled("Invoice 2026-1187", "Northline Hosting, Quay Road 4, Kelling Quay")
	p.table(690, []float64{56, 340, 420, 490}, [][]string{{"Item", "Months", "Each", "Sum"}, {"Virtual server, small", "1", "14.00", "14.00"},
		{"Mailboxes, 12", "1", "1.20", "14.40"}, {"Backup, 200 GB", "1", "6.00", "6.00"}, {"", "", "VAT 20 %", "6.88"}, {"", "", "Total", "41.28"}})
	q := titled("Terms", "Invoice 2026-1187, page 2")
	q.paragraph(56, 700, "The sum will be collected by direct debit on the 28th.", "Questions: billing@northline-hosting.example")
	return pdf("Invoice 2026-1187", p, q)
}

func minutesPDF() []byte {
	p := titled("Minutes of the trustees", "Old Lifeboat Station, October meeting")
	p.paragraph(56, 700, "Present: P. Kone (chair), M. Lindqvist, S. Keane, P. Raman. Apologies: N. Deshmukh.", "", "1. Minutes of September approved.", "2. Accounts: see the treasurer's table.",
		"3. The foot bridge: permit received, works in the week of the neap tide.", "4. October count: 14 volunteers, all lines covered.")
	q := titled("Minutes, continued", "Items 5 to 7")
	q.paragraph(56, 700, "5. Visitor centre wall: the trustees prefer the second sketch.", "6. Van: hired for both weekends (changed from one).", "7. Next meeting on the first Thursday of December.", "", "Signed: P. Kone")
	return pdf("Minutes", p, q)
}

func quarterPDF() []byte {
	p := titled("Third quarter report", "Gulf of Birds programme, summary in English")
	rows := [][]string{{"Site", "Visits", "Birds counted", "Species"}, {"Ras al Ghuraf", "12", "18,420", "41"}, {"Khor Salim", "9", "7,310", "36"}, {"Jazirat an Nawras", "4", "22,905", "28"}}
	p.table(690, []float64{56, 220, 300, 430}, rows)
	q := titled("What is next", "October to December")
	q.paragraph(56, 700, "Two more visits to Khor Salim, a training day with the rangers,", "and the joint count with Kelling Reserve.")
	return pdf("Third quarter report", p, q)
}

func ticketPDF() []byte {
	p := titled("Kelling Quay to Kelling Halt", "Coastline Rail, day return, 2 adults, 1 dog")
	p.text(56, 690, 14, "F2", "Reference CR 7K4 M9Q")
	for i := range 21 {
		for j := range 21 {
			if (i*7+j*5+i*j)%3 == 0 {
				fmt.Fprintf(p, "%d %d 8 8 re f\n", 56+i*8, 480+j*8)
			}
		}
	}
	q := titled("Conditions", "Valid on any train of the day")
	q.paragraph(56, 700, "Bicycles travel free outside the summer season.")
	return pdf("Ticket", p, q)
}
