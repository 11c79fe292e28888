// What happens around htmx's swaps: focus goes where the reading goes, the list shows
// what is open, a prefetched message is marked as read.

function wireSwaps() {
  document.addEventListener("htmx:config:request", (event) => {
    const ctx = event.detail.ctx;
    const tree = document.getElementById("folders")?.dataset.state;
    if (tree) ctx.request.headers["Godwit-Nav"] = tree;
    usePrefetched(ctx);
  });
  document.addEventListener("htmx:before:request", (event) => {
    const ctx = event.detail.ctx;
    lastRequest = ctx;
    supersede(ctx);
    busy(ctx, true);
  });
  document.addEventListener("htmx:before:response", (event) => {
    if (event.detail.ctx.superseded) event.preventDefault();
  });
  document.addEventListener("htmx:after:request", (event) => aimAgain(event.detail.ctx));
  document.addEventListener("htmx:finally:request", (event) => busy(event.detail.ctx, false));
  document.addEventListener("htmx:before:swap", () => { focusedRow = document.activeElement?.closest?.("#list .row")?.id || ""; });
  document.addEventListener("htmx:after:swap", (event) => afterSwap(event.detail.ctx));
  document.addEventListener("htmx:error", (event) => {
    // fetch itself failed: no answer came, so there is nothing to swap.
    const reason = event.detail.error?.name === "AbortError" ? "The answer took too long." : "The server can't be reached.";
    showOffline(reason);
  });
}

const underWay = new Map(); // id of a region -> htmx's context of the request that will fill it

/** Of two requests for the same region only the later counts, whichever is answered first. */
function supersede(ctx) {
  const id = ctx.target?.id;
  if (!id) return;
  const earlier = underWay.get(id);
  if (earlier && earlier !== ctx) {
    earlier.superseded = true;
    earlier.request.abort?.();
  }
  underWay.set(id, ctx);
}

/** The region may have been replaced since the request was made: the answer belongs to the one that stands there now. */
function aimAgain(ctx) {
  if (ctx.target?.id && !ctx.target.isConnected) ctx.target = document.getElementById(ctx.target.id) || ctx.target;
}

/** The thin line on a pane's edge while a request is under way. */
function busy(ctx, on) {
  // The target may be gone when the request is over: what was marked is kept.
  if (on) ctx.pane = ctx.target?.closest?.("#list, #reader") || ctx.target;
  ctx.pane?.classList?.toggle("busy", on);
  if (on) ctx.pane?.setAttribute?.("aria-busy", "true");
  else ctx.pane?.removeAttribute?.("aria-busy");
}

function afterSwap(ctx) {
  const counted = document.getElementById("sum-unread")?.dataset.nav;
  if (counted) document.getElementById("folders").dataset.state = counted;
  fitFrames(document);
  showDialogs();
  hideOffline();
  const target = ctx.target?.id;
  if (target === "reader") openedMessage(ctx);
  if (target === "list") openedList(ctx);
}

let focusedRow = ""; // id of the row that had the focus when the list was last replaced

/** A new list takes the focus where the old one had it: in the same row, else where a turned page begins, else in the list itself. */
function focusList(ctx) {
  if (document.activeElement && document.activeElement !== document.body) return;
  const row = focusedRow && document.getElementById(focusedRow);
  const turned = ctx.sourceElement?.matches?.("a[rel=next]") ? rows()[0] : ctx.sourceElement?.matches?.("a[rel=prev]") ? rows().at(-1) : null;
  if (turned || row) focusRow(turned || row);
  else document.getElementById("list")?.focus({ preventScroll: true });
}

function openedMessage(ctx) {
  const reader = document.getElementById("reader");
  if (!reader) return;
  const path = reader.dataset.path;
  // What went wrong with a message stands in its place, on phones too.
  document.body.dataset.view = path || reader.querySelector("[role=alert]") ? "message" : "list";
  if (path) {
    const row = rows().find((r) => linkOf(r) && new URL(linkOf(r).href, location.href).pathname === path);
    markOpen(path);
    markRead(row);
    if (ctx.prefetched) tellSeen(reader);
  } else {
    markOpen("");
  }
  // The focus goes to what was opened, but for a pointer and for walking keys, which stay in the list while that is seen.
  const inRow = document.activeElement?.closest?.("#list .row");
  const stays = inRow?.checkVisibility() && (walking || ctx.sourceEvent?.detail > 0);
  walking = false;
  if (!stays) reader.querySelector("h1[tabindex]")?.focus({ preventScroll: true });
  reader.querySelector(".scroll")?.scrollTo({ top: 0 });
}

function openedList(ctx) {
  const list = document.getElementById("list");
  const back = Boolean(ctx.sourceElement?.matches?.("[data-back]"));
  document.body.dataset.view = "list"; // what is not shown can't be scrolled
  const place = (back && places.get(list.dataset.address)) || 0;
  if (back || ctx.sourceElement?.matches?.("#folders a")) putMessageAway(back);
  document.querySelector("#list .scroll")?.scrollTo({ top: place });
  for (const link of document.querySelectorAll("#folders a.folder")) {
    const here = new URL(link.href, location.href).pathname === list.dataset.path;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  closeDrawer();
  if (list.dataset.said) announce(list.dataset.said);
  if (!back) focusList(ctx);
}

// The drawer is open while it is the target of an address, and a pushed address does not change the target: it takes a step to another fragment.
function closeDrawer() {
  if (!document.querySelector("#folders:target")) return;
  const { state } = history;
  const address = location.pathname + location.search;
  location.replace("#main");
  history.replaceState(state, "", address);
}

// The address is that of a list now, so no message is open; after "back" its row has the focus.
function putMessageAway(back) {
  const path = document.getElementById("reader")?.dataset.path;
  if (!path) return;
  closeReader();
  if (back) linkOf(rows().find((row) => new URL(linkOf(row).href, location.href).pathname === path))?.focus({ preventScroll: true });
}

// A message that came out of the prefetch was not marked as read by its fetching.
function tellSeen(reader) {
  const { seen, uid, v } = reader.dataset;
  if (!seen) return;
  fetch(seen, {
    method: "POST", credentials: "same-origin", headers: { "HX-Request": "true" },
    body: new URLSearchParams({ action: "seen", uid, v, csrf: document.body.dataset.csrf || "" }),
  }).catch(() => {}); // the next real opening says it again
}

function showOffline(reason) {
  const banner = document.getElementById("offline");
  if (!banner) return;
  banner.querySelector("[data-reason]").textContent = reason;
  banner.hidden = false;
  alarm(reason);
}

function hideOffline() {
  const banner = document.getElementById("offline");
  if (banner) banner.hidden = true;
}
