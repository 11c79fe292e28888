package mailhtml

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestRandomSoup holds the same promises as FuzzDocument on tag soup, which a fuzzer of bytes rarely gets to write.
func TestRandomSoup(t *testing.T) {
	var pieces []string
	for name, el := range elements {
		pieces = append(pieces, "<"+name+">", "</"+name+">")
		if el.kind > kindVanish {
			pieces = append(pieces, "<"+name+">", "</"+name+">", "<"+name+" class=k style='color:red;width:5px' align=center>")
		}
	}
	for _, name := range []string{"table", "tr", "td", "tbody", "p", "div", "b", "a", "i", "li", "font", "span"} {
		for range 8 {
			pieces = append(pieces, "<"+name+">", "</"+name+">")
		}
	}
	pieces = append(pieces, "x", " y ", "\n", "x", "<a href=http://a.example/>", "<a href='#t'>", "<p id=t>", "<!-- c -->", "<![CDATA[", "<style>.k{color:red}p>b,.k i{margin:1px}</style>",
		"<img src=http://a.example/i.png width=5 height=50%>", "<form>", "<o:p>", "<v:x>", "<body class=k>", "<html>", "<head>", "<frame>", "&lt;b&gt;", "<", "</", "<input>", "<b a='", "'>", "\x00")
	seed := uint64(1)
	r := rand.New(rand.NewPCG(seed, 2))
	for i := range 8000 {
		var in strings.Builder
		for range 3 + r.IntN(40) {
			in.WriteString(pieces[r.IntN(len(pieces))])
		}
		if !t.Run(fmt.Sprint(i), func(t *testing.T) { checkBothWays(t, in.String()) }) {
			return
		}
	}
}
