package imapsession

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseSection(t *testing.T) {
	for _, tt := range []struct {
		in   string
		path []int // nil: ErrNoPart
	}{
		{"1", []int{1}},
		{"1.2.30", []int{1, 2, 30}},
		{"", nil}, {"0", nil}, {"01", nil}, {"1.", nil}, {".1", nil}, {"1..2", nil}, {"-1", nil}, {"+1", nil}, {"1.a", nil},
		{"4294967296", nil}, {"1.HEADER", nil}, {"1 2", nil}, {"1]", nil},
		{strings.Repeat("1.", maxSectionDepth) + "1", nil},
	} {
		got, err := ParseSection(tt.in)
		if tt.path == nil {
			if !errors.Is(err, ErrNoPart) {
				t.Errorf("ParseSection(%.20q) = %q, %v, want ErrNoPart", tt.in, got, err)
			}
			continue
		}
		if err != nil || !slices.Equal(got.Path(), tt.path) {
			t.Errorf("ParseSection(%q) = %v, %v, want %v", tt.in, got.Path(), err, tt.path)
		}
		built := Section("")
		for _, n := range tt.path {
			if built.Child(n).parent() != built {
				t.Errorf("%q.Child(%d).parent() = %q", built, n, built.Child(n).parent())
			}
			built = built.Child(n)
		}
		if built != got {
			t.Errorf("built %q, want %q", built, got)
		}
	}
}
