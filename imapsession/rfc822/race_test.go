//go:build race

package rfc822

// slowdown is what the race detector makes of a loop over octets.
const slowdown = 10
