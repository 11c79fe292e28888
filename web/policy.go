//go:build !sec_nocsp

package web

// policed is false only under the build tag sec_nocsp: the acceptance run that shows the sanitiser alone to be wall enough. Such a program sends no
// Content-Security-Policy with anything, and its frames have no sandbox.
const policed = true
