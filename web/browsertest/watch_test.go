package browsertest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestWatchIsAwake shows that scripts of a mail are noticed in every kind of frame, and that what the policy stopped is no request.
func TestWatchIsAwake(t *testing.T) {
	pages := map[string]string{
		"/":        `<!doctype html><title>x</title><iframe src="/inner"></iframe><iframe srcdoc="<script>parent.__pwned='srcdoc'</script>"></iframe>`,
		"/inner":   `<!doctype html><script>window.__pwned = "inner"</script><iframe src="about:blank"></iframe>`,
		"/away":    `<!doctype html><iframe src="data:text/html,x"></iframe>`,
		"/stopped": `<!doctype html><img src="http://127.0.0.1:9/stopped">`,
		"/sent":    `<!doctype html><img src="http://127.0.0.1:9/sent">`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stopped" {
			w.Header().Set("Content-Security-Policy", "img-src 'none'")
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(pages[r.URL.Path]))
	}))
	defer server.Close()
	tab := Start(t).Open(t, server.URL, Desktop)
	tab.Watch()
	tab.Expect("favicon")
	for _, tt := range []struct {
		path, kind, never string
		count             int
	}{
		{"/", "pwned", "request", 2},
		{"/away", "navigation", "pwned", 1},
		{"/stopped", "csp", "request", 1},
		{"/sent", "request", "csp", 1},
	} {
		tab.Visit(tt.path)
		got := map[string]int{}
		for deadline := time.Now().Add(Patience); got[tt.kind] < tt.count && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			for _, e := range tab.Events() {
				got[e.Kind]++
			}
		}
		if got[tt.kind] < tt.count || got[tt.never] > 0 {
			t.Errorf("%s: %v, want %d of %q and none of %q", tt.path, got, tt.count, tt.kind, tt.never)
		}
	}
	tab.Events() // what came late is not this test's fault
}
