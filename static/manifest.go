package static

import (
	"encoding/json"

	"godwit/web/urls"
)

// Manifest is the web app manifest (Content-Type "application/manifest+json") for an application mounted at base. Its icons carry the release's hash, so it is built rather than embedded.
func Manifest(base urls.Base) []byte {
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose"`
	}
	b, _ := json.Marshal(map[string]any{ // strings only: it can't fail
		"name":             "godwit",
		"short_name":       "godwit",
		"start_url":        base.Home(),
		"scope":            base.Home(),
		"display":          "standalone",
		"background_color": "#e8eff1",
		"theme_color":      "#0b5f6d",
		"icons": []icon{
			{Src: base.Static(Hash(), "brand/favicon.svg"), Sizes: "any", Type: "image/svg+xml", Purpose: "any"},
			{Src: base.Static(Hash(), "brand/icon-maskable.svg"), Sizes: "any", Type: "image/svg+xml", Purpose: "maskable"},
		},
	})
	return b
}
