package web

import (
	"strconv"
	"strings"
)

// rangeVerdict is what a Range header comes to.
type rangeVerdict int

const (
	rangeNone    rangeVerdict = iota // send the whole
	rangeOne                         // send one range
	rangeOutside                     // 416
)

// parseRange reads a Range header (RFC 9110 section 14.2) against content of size octets. Several ranges, another unit, and what does not parse are answered with the
// whole, as the RFC allows.
func parseRange(header string, size int64) (start, length int64, verdict rangeVerdict) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return 0, 0, rangeNone
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return 0, 0, rangeNone
	}
	if first == "" {
		return suffixRange(last, size)
	}
	start, ok = rangeNumber(first)
	if !ok {
		return 0, 0, rangeNone
	}
	end := size - 1
	if last != "" {
		if end, ok = rangeNumber(last); !ok || end < start {
			return 0, 0, rangeNone
		}
		end = min(end, size-1)
	}
	if start >= size {
		return 0, 0, rangeOutside
	}
	return start, end - start + 1, rangeOne
}

// suffixRange is "-500": the last 500 octets.
func suffixRange(last string, size int64) (start, length int64, verdict rangeVerdict) {
	n, ok := rangeNumber(last)
	if !ok {
		return 0, 0, rangeNone
	}
	if n == 0 || size == 0 {
		return 0, 0, rangeOutside
	}
	n = min(n, size)
	return size - n, n, rangeOne
}

func rangeNumber(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// etagMatches tells whether an If-None-Match header holds etag; the comparison is weak (RFC 9110 section 13.1.2).
func etagMatches(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for candidate := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(candidate), "W/") == etag {
			return true
		}
	}
	return false
}
