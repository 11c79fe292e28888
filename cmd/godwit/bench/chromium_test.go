package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	devpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"godwit/imapsession/imaptest/seed"
	"godwit/web/browsertest"
)

// BenchmarkChromium measures what a person sees.
func BenchmarkChromium(b *testing.B) {
	chromium := browsertest.Start(b)
	r := keptRig(b)
	for b.Loop() {
	}
	inChromium(r, chromium, b, reporter{b}, 5, 20)
}

// traffic is what came over the network while something was done, by kind.
type traffic struct {
	mu       sync.Mutex
	kinds    map[network.RequestID]network.ResourceType
	requests int
	octets   map[network.ResourceType]float64
	last     time.Time
}

func (n *traffic) listen(event any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		n.kinds[e.RequestID] = e.Type
		n.last = time.Now()
	case *network.EventResponseReceived:
		if !e.Response.FromDiskCache && !e.Response.FromPrefetchCache {
			n.requests++
		}
		n.last = time.Now()
	case *network.EventRequestServedFromCache: // from memory; no EventResponseReceived of the network follows
		n.requests--
	case *network.EventLoadingFinished:
		n.octets[n.kinds[e.RequestID]] += e.EncodedDataLength
		n.last = time.Now()
	}
}

func (n *traffic) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kinds, n.octets, n.requests, n.last = map[network.RequestID]network.ResourceType{}, map[network.ResourceType]float64{}, 0, time.Now()
}

// settle waits until nothing came for a while: what a page asks for after it was painted counts too.
func (n *traffic) settle() {
	for {
		n.mu.Lock()
		quiet := time.Since(n.last)
		n.mu.Unlock()
		if quiet > 500*time.Millisecond {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (n *traffic) kB(kinds ...network.ResourceType) (sum float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for kind, octets := range n.octets {
		for _, k := range kinds {
			if kind == k {
				sum += octets / 1000
			}
		}
		if len(kinds) == 0 {
			sum += octets / 1000
		}
	}
	return sum
}

// watchList notes, within the page, when the first row can be seen.
const watchList = `if (window.top === window) {
	const look = () => {
		const row = document.querySelector("#list .row");
		if (row && row.offsetHeight > 0) window.listSeen = performance.now();
		else requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
}`

// watchBody notes, within the page, how long after the mouse went down the body of another message can be seen.
const watchBody = `new Promise((found) => {
	const before = document.querySelector("#reader").dataset.path;
	window.bodySeen = 0;
	addEventListener("mousedown", () => {
		const start = performance.now();
		const look = () => {
			const reader = document.querySelector("#reader");
			const text = reader.querySelector(".txt"), frame = reader.querySelector("iframe.fitted");
			const body = text ?? frame?.contentDocument?.body;
			if (reader.dataset.path && reader.dataset.path !== before && body?.offsetHeight > 0 && body.textContent.trim()) window.bodySeen = performance.now() - start;
			else requestAnimationFrame(look);
		};
		requestAnimationFrame(look);
	}, { capture: true, once: true });
	found(true);
})`

func inChromium(r *rig, chromium *browsertest.Browser, t testing.TB, rep reporter, loads, clicks int) {
	w := r.start(t)
	tab := chromium.Open(t, w.origin, browsertest.View{Width: 1366, Height: 900})
	call(t, tab, devpage.AddScriptToEvaluateOnNewDocument, devpage.AddScriptToEvaluateOnNewDocumentParams{Source: watchList})
	var net traffic
	net.forget()
	if err := chromedp.Listen(tab.Context(), net.listen); err != nil {
		t.Fatal(err)
	}
	tab.SignIn(seed.Big, password)
	tab.Wait(`window.listSeen > 0`)
	net.settle()

	type view struct{ total, requests, script, style, seen samples }
	var cold, warm view
	load := func(v *view) {
		tab.Goto("/shortcuts") // a page of the origin: the next is a full load, not a reload
		net.settle()
		if v == &cold {
			call(t, tab, network.ClearBrowserCache, cdp.Empty{})
		}
		net.forget()
		tab.Goto("/m/INBOX")
		tab.Wait(`window.listSeen > 0`)
		net.settle()
		v.total = append(v.total, net.kB())
		v.requests = append(v.requests, float64(net.requests))
		v.script = append(v.script, net.kB(network.ResourceTypeScript))
		v.style = append(v.style, net.kB(network.ResourceTypeStylesheet))
		v.seen = append(v.seen, browsertest.Eval[float64](tab, `window.listSeen`))
	}
	for range loads {
		load(&cold)
		load(&warm)
	}
	// All kinds of nodes, text too, as the browser's own count has them, but without those of pages left behind.
	nodes := browsertest.Eval[float64](tab, `(() => {
		const walker = document.createTreeWalker(document);
		let n = 1;
		while (walker.nextNode()) n++;
		return n;
	})()`)
	figure(rep, "first view cold", cold.total.at(.5), "kB", 80, atMost)
	figure(rep, "  requests", cold.requests.at(.5), "requests", 6, atMost)
	figure(rep, "  of that JavaScript", cold.script.at(.5), "kB of script", 35, atMost)
	figure(rep, "  of that CSS", cold.style.at(.5), "kB of style", 20, atMost)
	figure(rep, "first view warm", warm.total.at(.5), "kB warm", 12, atMost)
	figure(rep, "list visible cold", cold.seen.at(.5), "ms cold", 90, atMost)
	figure(rep, "list visible warm", warm.seen.at(.5), "ms warm", 70, atMost)
	figure(rep, "DOM nodes of the list page", nodes, "nodes", 2500, atMost)

	first := clickRows(t, tab, &net, clicks, 0)
	figure(rep, "click to body visible, p50", first.at(.5), "ms click p50", 50, atMost)
	figure(rep, "click to body visible, p95", first.at(.95), "ms click p95", 90, atMost)
	tab.Goto("/m/INBOX")
	rested := clickRows(t, tab, &net, clicks, 300*time.Millisecond)
	figure(rep, "click to body visible, prefetched, p50", rested.at(.5), "ms prefetched", 20, atMost)
}

// clickRows opens messages one after the other and gives the time from the press of the mouse to the body, in ms. With rest
// the pointer stays on the row for that long before it clicks, and the message is fetched ahead; else it comes from elsewhere in the
// moment of the click. Every second row is taken, so that nothing opened before made the next one known.
func clickRows(t testing.TB, tab *browsertest.Tab, net *traffic, clicks int, rest time.Duration) samples {
	var all samples
	mouse := func(kind input.DispatchMouseEventType, x, y float64) {
		p := input.DispatchMouseEventParams{Type: kind, X: x, Y: y}
		if kind != input.DispatchMouseEventTypeMouseMoved {
			p.Button, p.ClickCount = input.MouseButtonLeft, 1
		}
		call(t, tab, input.DispatchMouseEvent, p)
	}
	for i := range clicks {
		at := browsertest.Eval[[]float64](tab, fmt.Sprintf(`(() => {
			const row = document.querySelectorAll("#list .row")[%d];
			row.scrollIntoView({ block: "center" });
			const r = row.getBoundingClientRect();
			return [r.x + r.width / 2, r.y + r.height * 0.4];
		})()`, 2*i+1))
		net.settle()
		browsertest.Eval[bool](tab, watchBody)
		if rest > 0 {
			mouse(input.DispatchMouseEventTypeMouseMoved, at[0], at[1])
			time.Sleep(rest)
			net.settle()
		}
		mouse(input.DispatchMouseEventTypeMousePressed, at[0], at[1])
		mouse(input.DispatchMouseEventTypeMouseReleased, at[0], at[1])
		tab.Wait(`window.bodySeen > 0`)
		all = append(all, browsertest.Eval[float64](tab, `window.bodySeen`))
		if !browsertest.Eval[bool](tab, `document.querySelectorAll("#list .row").length === 50`) {
			t.Fatal("the list is gone after a click")
		}
		mouse(input.DispatchMouseEventTypeMouseMoved, 5, 5)
	}
	return all
}

// call sends a command to the tab.
func call[P, R any](t testing.TB, tab *browsertest.Tab, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Call(tab.Context(), command, params)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
