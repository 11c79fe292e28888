//go:build !sec_nosanitise

package mailhtml

// sanitising is false only under the build tag sec_nosanitise: the acceptance run that shows the frame alone to be wall enough.
const sanitising = true
