//go:build !sec_nocsp

package templates

import "github.com/a-h/templ"

// frameSandbox is what a mail's frame may: be measured by our page (allow-same-origin), and open links in new windows. Never scripts. See web/mailhtml/doc.go.
var frameSandbox = templ.Attributes{"sandbox": "allow-same-origin allow-popups allow-popups-to-escape-sandbox"}
