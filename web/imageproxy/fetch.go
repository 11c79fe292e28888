package imageproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // sizes of the formats that are passed on are read by their own decoders
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	_ "golang.org/x/image/webp"
)

const (
	maxRedirects = 3
	maxHeader    = 16 << 10
	userAgent    = "Mozilla/5.0 (compatible; Godwit image proxy)"
)

var (
	errTooLarge = errors.New("image too large")
	errNoImage  = errors.New("not an image")
)

// picture is an image that passed.
type picture struct {
	kind string // its media type, by its first bytes
	data []byte
}

// fetcher gets images from the internet.
type fetcher struct {
	client *http.Client
	limits Limits
}

// newFetcher makes one whose connections go only where allow says. resolver nil is the system's.
func newFetcher(limits Limits, allow func(netip.AddrPort) bool, resolver *net.Resolver) *fetcher {
	dialer := &net.Dialer{Timeout: limits.Timeout, Resolver: resolver, KeepAlive: -1,
		// Control sees the address that is about to be connected to, after all names were resolved.
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !allow(to) {
				return fmt.Errorf("%w: %s", errRefused, address)
			}
			return nil
		}}
	transport := &http.Transport{
		Proxy:                  nil, // a proxy of the environment would connect where it likes
		DialContext:            dialer.DialContext,
		DisableCompression:     true, // images are compressed; what came otherwise could be a bomb
		TLSHandshakeTimeout:    limits.Timeout,
		ResponseHeaderTimeout:  limits.Timeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        15 * time.Second,
		ForceAttemptHTTP2:      true,
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("%w: more than %d redirects", errRefused, maxRedirects)
		}
		r.Header.Del("Referer")
		return checkURL(r.URL)
	}}
	return &fetcher{client, limits}
}

func (f *fetcher) close() { f.client.CloseIdleConnections() }

// get fetches one image. It takes no longer than Limits.Timeout, redirects and all.
func (f *fetcher) get(ctx context.Context, address string) (picture, error) {
	u, err := parseURL(address)
	if err != nil {
		return picture{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.limits.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return picture{}, fmt.Errorf("image request: %w", err)
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Accept", "image/webp,image/png,image/jpeg,image/gif")
	resp, err := f.client.Do(r)
	if err != nil {
		return picture{}, fmt.Errorf("image: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return picture{}, fmt.Errorf("image: status %d", resp.StatusCode)
	}
	if resp.ContentLength > f.limits.Bytes {
		return picture{}, fmt.Errorf("%w: %d bytes", errTooLarge, resp.ContentLength)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, f.limits.Bytes+1))
	if err != nil {
		return picture{}, fmt.Errorf("image: %w", err)
	}
	if int64(len(data)) > f.limits.Bytes {
		return picture{}, fmt.Errorf("%w: more than %d bytes", errTooLarge, f.limits.Bytes)
	}
	return f.check(data)
}

// check tells the format by the first bytes and reads the size in pixels from the header; nothing is decoded.
func (f *fetcher) check(data []byte) (picture, error) {
	kind := sniff(data)
	if kind == "" {
		return picture{}, errNoImage
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return picture{}, fmt.Errorf("%w: %s: %w", errNoImage, kind, err)
	}
	if int64(config.Width)*int64(config.Height) > f.limits.Pixels {
		return picture{}, fmt.Errorf("%w: %d x %d pixels", errTooLarge, config.Width, config.Height)
	}
	return picture{kind, data}, nil
}

// sniff gives the media type of a raster image that browsers show, "" for all else; SVG is a document and no image here.
func sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return "image/gif"
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}
