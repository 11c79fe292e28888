//go:build !race

package demo

// raceDetector says that times mean nothing.
const raceDetector = false
