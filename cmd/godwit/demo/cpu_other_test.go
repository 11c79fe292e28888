//go:build !unix

package demo

import (
	"testing"
	"time"
)

var started = time.Now()

// cpuTime is the time that has passed, for want of a better clock.
func cpuTime(*testing.T) time.Duration { return time.Since(started) }
