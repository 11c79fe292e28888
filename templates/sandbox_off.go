//go:build sec_nocsp

package templates

// frameSandbox allows all: the acceptance run that shows the sanitiser alone to be wall enough.
const frameSandbox = "allow-same-origin allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads allow-top-navigation"
