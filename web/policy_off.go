//go:build sec_nocsp

package web

const policed = false
