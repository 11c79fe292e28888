//go:build !race

package rfc822

const slowdown = 1
