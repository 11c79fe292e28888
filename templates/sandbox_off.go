//go:build sec_nocsp

package templates

import "github.com/a-h/templ"

// frameSandbox is none: the acceptance run that shows the sanitiser alone to be wall enough.
var frameSandbox templ.Attributes
