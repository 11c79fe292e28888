//go:build sec_nosanitise

package mailhtml

const sanitising = false
