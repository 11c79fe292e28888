//go:build !sec_nocsp

package templates

// frameSandbox is what a mail's frame may: be measured by our page (allow-same-origin), and open links in new windows. Never scripts. See web/mailhtml/doc.go.
const frameSandbox = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
