package imageproxy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Limits bound what one image and one reader may cost. Zero fields take the values of DefaultLimits.
type Limits struct {
	Timeout    time.Duration // of one image, redirects and all
	Bytes      int64         // of one image
	Pixels     int64         // of one image
	CacheBytes int64         // of all cached images
	CacheAge   time.Duration // how long an image is kept
	PerReader  int           // images of one session on their way at once
	Total      int           // images on their way at once
	Rate       float64       // fetches per second of one session, after Burst
	Burst      int
	Failure    time.Duration // failures are answered after a whole multiple of it, so that their time doesn't tell what failed; negative: at once
}

// DefaultLimits suit newsletters: a hundred images at once are common, megabytes are not.
var DefaultLimits = Limits{Timeout: 5 * time.Second, Bytes: 5 << 20, Pixels: 40_000_000, CacheBytes: 64 << 20, CacheAge: time.Hour, PerReader: 6, Total: 48, Rate: 1, Burst: 120,
	Failure: 250 * time.Millisecond}

const (
	maxReaders  = 10_000           // sessions whose rates are remembered
	maxEntries  = 20_000           // of the cache, failures included
	failureAge  = time.Minute      // how long a failure is remembered
	browserAge  = 24 * time.Hour   // how long a browser may keep an image
	maxWaitSlot = 20 * time.Second // for a turn
)

// Outcome is how a request ended, for logs and counters.
type Outcome string

const (
	Loaded   Outcome = "loaded"
	Cached   Outcome = "cached"
	Refused  Outcome = "refused"   // the address may not be fetched
	TooLarge Outcome = "too large" // in bytes or pixels
	NotImage Outcome = "not an image"
	Limited  Outcome = "limited" // the session asked for too much
	Failed   Outcome = "failed"  // the other side
	Expired  Outcome = "expired" // the token isn't one, or no longer
)

// Proxy serves remote images. It is safe for concurrent use.
type Proxy struct {
	*Signer
	limits Limits
	fetch  *fetcher
	total  chan struct{}

	mu      sync.Mutex
	cache   *simplelru.LRU[[sha256.Size]byte, entry]
	held    int64 // bytes in cache
	readers *simplelru.LRU[string, *reader]
}

// entry is what is remembered of an address; a failure has no data.
type entry struct {
	picture
	outcome Outcome
	until   time.Time
}

// reader is one session's share.
type reader struct {
	slots chan struct{}
	rate  *rate.Limiter
}

// New makes a proxy. secret is the server's, for the tokens; now is the clock.
func New(secret []byte, limits Limits, now func() time.Time) (*Proxy, error) {
	return newProxy(secret, limits, now, public, nil)
}

func newProxy(secret []byte, limits Limits, now func() time.Time, allow func(netip.AddrPort) bool, resolver *net.Resolver) (*Proxy, error) {
	signer, err := NewSigner(secret, now)
	if err != nil {
		return nil, err
	}
	limits = limits.filled()
	p := &Proxy{Signer: signer, limits: limits, fetch: newFetcher(limits, allow, resolver), total: make(chan struct{}, limits.Total)}
	if p.cache, err = simplelru.NewLRU(maxEntries, func(_ [sha256.Size]byte, e entry) { p.held -= int64(len(e.data)) }); err != nil {
		return nil, fmt.Errorf("image cache: %w", err)
	}
	if p.readers, err = simplelru.NewLRU[string, *reader](maxReaders, nil); err != nil {
		return nil, fmt.Errorf("image cache: %w", err)
	}
	return p, nil
}

func (l Limits) filled() Limits {
	d := DefaultLimits
	fill(&l.Timeout, d.Timeout)
	fill(&l.Bytes, d.Bytes)
	fill(&l.Pixels, d.Pixels)
	fill(&l.CacheBytes, d.CacheBytes)
	fill(&l.CacheAge, d.CacheAge)
	fill(&l.PerReader, d.PerReader)
	fill(&l.Total, d.Total)
	fill(&l.Rate, d.Rate)
	fill(&l.Burst, d.Burst)
	fill(&l.Failure, d.Failure)
	return l
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Close drops idle connections and the cache. Requests under way end by themselves.
func (p *Proxy) Close() {
	p.fetch.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cache.Purge()
}

// Serve answers a GET for the image that token stands for in that session; web's handler has checked the session. It blocks until the image is here,
// for some seconds at most. A token that isn't this session's is 403; every other failure is a transparent pixel.
func (p *Proxy) Serve(w http.ResponseWriter, r *http.Request, session, token string) Outcome {
	start := time.Now()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return Refused
	}
	address, err := p.Open(session, token)
	if err != nil {
		http.Error(w, "this address of an image is no longer valid", http.StatusForbidden)
		return Expired
	}
	pic, outcome := p.image(r.Context(), session, address)
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	if outcome != Loaded && outcome != Cached {
		p.settle(r.Context(), start)
		pic = pixel
		h.Set("Cache-Control", "no-store")
	} else {
		h.Set("Cache-Control", "private, immutable, max-age="+strconv.Itoa(int(browserAge/time.Second)))
	}
	h.Set("Content-Type", pic.kind)
	h.Set("Content-Length", strconv.Itoa(len(pic.data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(pic.data) // the browser went away: nothing to be done
	}
	return outcome
}

// settle waits until the time since start is a whole multiple of Limits.Failure.
func (p *Proxy) settle(ctx context.Context, start time.Time) {
	if p.limits.Failure <= 0 {
		return
	}
	timer := time.NewTimer(p.limits.Failure - time.Since(start)%p.limits.Failure)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// pixel is what stands for an image that can't be had: a transparent GIF of one pixel.
var pixel = picture{"image/gif", []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")}

// image gives the picture from the cache or the internet.
func (p *Proxy) image(ctx context.Context, session, address string) (picture, Outcome) {
	// Cached for the session alone: whether another reader has seen an image is theirs to know.
	key := sha256.Sum256([]byte(strconv.Itoa(len(session)) + ":" + session + address))
	if e, ok := p.cached(key); ok {
		if e.outcome == Loaded {
			return e.picture, Cached
		}
		return picture{}, e.outcome
	}
	done, ok := p.turn(ctx, session)
	if !ok {
		return picture{}, Limited
	}
	defer done()
	if e, ok := p.cached(key); ok && e.outcome == Loaded {
		return e.picture, Cached // fetched while this one waited
	}
	pic, err := p.fetch.get(ctx, address)
	outcome := outcomeOf(err)
	if ctx.Err() == nil { // a browser that went away says nothing about the image
		p.keep(key, entry{picture: pic, outcome: outcome})
	}
	return pic, outcome
}

func outcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Loaded
	case errors.Is(err, errRefused):
		return Refused
	case errors.Is(err, errTooLarge):
		return TooLarge
	case errors.Is(err, errNoImage):
		return NotImage
	}
	return Failed
}

func (p *Proxy) cached(key [sha256.Size]byte) (entry, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.cache.Get(key)
	if ok && !p.now().Before(e.until) {
		p.cache.Remove(key)
		return entry{}, false
	}
	return e, ok
}

func (p *Proxy) keep(key [sha256.Size]byte, e entry) {
	e.until = p.now().Add(p.limits.CacheAge)
	if e.outcome != Loaded {
		e.until, e.picture = p.now().Add(failureAge), picture{}
	}
	size := int64(len(e.data))
	if size > p.limits.CacheBytes {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cache.Remove(key)
	p.held += size
	p.cache.Add(key, e)
	for p.held > p.limits.CacheBytes {
		p.cache.RemoveOldest()
	}
}

// turn waits for the session's and the proxy's turn. The caller gives it back with done.
func (p *Proxy) turn(ctx context.Context, session string) (done func(), ok bool) {
	p.mu.Lock()
	one, found := p.readers.Get(session)
	if !found {
		one = &reader{make(chan struct{}, p.limits.PerReader), rate.NewLimiter(rate.Limit(p.limits.Rate), p.limits.Burst)}
		p.readers.Add(session, one)
	}
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, maxWaitSlot)
	defer cancel()
	select {
	case one.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false
	}
	if one.rate.Wait(ctx) != nil {
		<-one.slots
		return nil, false
	}
	select {
	case p.total <- struct{}{}:
	case <-ctx.Done():
		<-one.slots
		return nil, false
	}
	return func() { <-p.total; <-one.slots }, true
}
