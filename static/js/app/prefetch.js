// A message is fetched when the pointer rests on its row or the focus comes next to it, so
// that opening it takes no time. What is fetched so is kept for a minute, in memory alone, and
// marks nothing as read: that is said to the server when the message is really opened.

const prefetched = new Map(); // address -> {answer: Promise<Response>, at: number}
const PREFETCH_KEPT = 60_000; // ms
const PREFETCH_MOST = 12;
const PREFETCH_REST = 65; // ms the pointer must rest

function prefetch(link) {
  const address = link?.getAttribute("href");
  if (!address || link.hasAttribute("aria-current") || navigator.connection?.saveData) return;
  const known = prefetched.get(address);
  if (known && Date.now() - known.at < PREFETCH_KEPT) return;
  const answer = fetch(address, {
    headers: {
      "HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#reader",
      "Godwit-Prefetch": "1", "Accept": "text/html",
    },
    credentials: "same-origin", mode: "same-origin",
  }).then(async (response) => {
    if (!response.ok || response.redirected) throw new Error(`prefetch: ${response.status}`);
    return { text: await response.text(), headers: response.headers };
  });
  answer.catch(() => prefetched.delete(address));
  prefetched.set(address, { answer, at: Date.now() });
  if (prefetched.size > PREFETCH_MOST) prefetched.delete(prefetched.keys().next().value);
}

/** Lets htmx have the prefetched answer in place of asking again. */
function usePrefetched(ctx) {
  const address = ctx.request.action;
  const known = prefetched.get(address);
  if (ctx.request.method !== "GET" || !known || ctx.target?.id !== "reader") return;
  prefetched.delete(address);
  if (Date.now() - known.at >= PREFETCH_KEPT) return;
  ctx.fetch = (url, request) => known.answer.then(
    (kept) => {
      ctx.prefetched = true;
      return new Response(kept.text, { status: 200, headers: kept.headers });
    },
    () => window.fetch(url, request),
  );
}

function prefetchOnRest() {
  let timer = 0;
  document.addEventListener("pointerover", (event) => {
    const link = event.target.closest?.("#list .row-link");
    clearTimeout(timer);
    if (link && event.pointerType === "mouse") timer = setTimeout(() => prefetch(link), PREFETCH_REST);
  });
}
