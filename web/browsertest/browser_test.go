package browsertest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestEventsAreSeen shows that the watch is awake: each thing that must not happen is noticed when it does.
func TestEventsAreSeen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Security-Policy", "img-src 'none'")
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte(`<!doctype html><html lang=en><title>x</title><main><h1>x</h1><img src="/i.png"><a id=pop href="/pop" target=_blank>p</a>
				<script>console.error("oops"); fetch("http://127.0.0.1:9/").catch(() => {}); setTimeout(() => alert("hello"), 100)</script>`))
		}
	}))
	defer server.Close()
	tab := Start(t).Open(t, server.URL, Desktop)
	tab.Goto("/")
	tab.Click("#pop")
	missing := map[string]bool{"console": true, "csp": true, "request": true, "dialog": true, "popup": true}
	for deadline := time.Now().Add(Patience); len(missing) > 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, e := range tab.Events() {
			delete(missing, e.Kind)
		}
	}
	for kind := range missing {
		t.Errorf("nothing of kind %q was noticed", kind)
	}
	if requests, octets := tab.Traffic(); requests == 0 || octets == 0 {
		t.Errorf("Traffic() = %d, %d, want some of both", requests, octets)
	}
	time.Sleep(200 * time.Millisecond)
	tab.Events() // what came late is not this test's fault
}

func TestAxeFindsWhatIsWrong(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><html lang=en><title>x</title><main><h1>x</h1><input></main>`))
	}))
	defer server.Close()
	recorder := &recordingTB{TB: t}
	tab := Start(t).Open(t, server.URL, Phone)
	tab.Expect("favicon")
	tab.Goto("/")
	tab.t = recorder
	tab.Axe("a field without a label")
	tab.t = t
	if recorder.errors == 0 {
		t.Error("axe found nothing wrong with a field without a label")
	}
}

// recordingTB counts errors in place of failing.
type recordingTB struct {
	testing.TB
	errors int
}

func (r *recordingTB) Error(...any)          { r.errors++ }
func (r *recordingTB) Errorf(string, ...any) { r.errors++ }
