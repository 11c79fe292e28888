package templates

import (
	"context"
	"strconv"

	"github.com/a-h/templ"

	"godwit/imapsession"
	"godwit/static"
	"godwit/web/urls"
)

// htmxConfig: no injected style (the stylesheet has its own signs of a request), only our own server, and an answer with nothing but
// out-of-band regions leaves the target alone. htmx 4 keeps no copies of pages in storage.
const htmxConfig = `{"includeIndicatorCSS":false,"mode":"same-origin","defaultTimeout":35000,"noSwap":[204,304],"transitions":false,"implicitInheritance":false,"allowEmptySwapAfterOOB":false}`

func sprite(ctx context.Context) string { return static.URL(ctx, "icons/icons.svg") }

func documentTitle(title string) string {
	if title == "" {
		return "godwit"
	}
	return title + " · godwit"
}

func (f Frame) lang() string {
	if f.Lang == "" {
		return "en"
	}
	return f.Lang
}

func (f Frame) dir() string {
	if f.Dir == "" {
		return "ltr"
	}
	return f.Dir
}

func (f Frame) here(ctx context.Context) string {
	if f.Here == "" {
		return urls.From(ctx).Home()
	}
	return f.Here
}

// attributes are those of the root element, by which the stylesheet draws.
func (l Look) attributes() templ.Attributes {
	a := templ.Attributes{"data-theme": string(l.theme()), "data-density": string(l.density()), "data-panes": string(l.panes()), "data-lines": strconv.Itoa(min(max(l.Lines, 0), 2))}
	if l.ListW >= 18 && l.ListW <= 44 {
		a["data-list-w"] = strconv.Itoa(l.ListW / 2 * 2)
	}
	if l.NoNav {
		a["data-folders"] = "off"
	}
	if l.NoKeys {
		a["data-keys"] = "off"
	}
	return a
}

func (l Look) theme() Theme {
	switch l.Theme {
	case ThemeLight, ThemeDark:
		return l.Theme
	}
	return ThemeAuto
}

func (l Look) density() Density {
	if l.Density == Compact {
		return Compact
	}
	return Comfortable
}

func (l Look) panes() Panes {
	switch l.Panes {
	case PaneBelow, PaneOff:
		return l.Panes
	}
	return PaneRight
}

func (s Status) text() string {
	if s.Text == "" {
		return "Up to date"
	}
	return s.Text
}

func (n Notice) kind() NoticeKind {
	switch n.Kind {
	case NoticeGood, NoticeWarn, NoticeBad:
		return n.Kind
	}
	return NoticeInfo
}

func (n Notice) icon() string {
	switch n.kind() {
	case NoticeGood:
		return "circle-check"
	case NoticeWarn:
		return "triangle-alert"
	case NoticeBad:
		return "circle-alert"
	}
	return "info"
}

// role makes failures heard at once and the rest in turn.
func (n Notice) role() string {
	if n.kind() == NoticeBad {
		return "alert"
	}
	return "status"
}

func hueClass(hue int) string {
	if hue < 1 || hue > 8 {
		return "h8"
	}
	return "h" + strconv.Itoa(hue)
}

// shortCount is for badges: three signs at most.
func shortCount(n uint32) string {
	if n > 999 {
		return "1k+"
	}
	return strconv.FormatUint(uint64(n), 10)
}

func uidText(u imapsession.UID) string { return strconv.FormatUint(uint64(u), 10) }
