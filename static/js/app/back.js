// Back and forward: htmx asks for the page again; the list keeps its place.

const places = new Map(); // list's address -> how far it was scrolled

function wireHistory() {
  document.addEventListener("scroll", (event) => {
    const list = event.target.closest?.("#list");
    if (list?.dataset.address) places.set(list.dataset.address, event.target.scrollTop);
  }, true);
  document.addEventListener("htmx:before:history:restore", (event) => {
    // The three panes are one region; only what differs is asked for.
    const reader = document.getElementById("reader");
    const list = document.getElementById("list");
    if (!reader || !list) return;
    event.preventDefault();
    const path = event.detail.path;
    const onlyReader = reader.dataset.path && list.dataset.address === path;
    if (onlyReader) closeReader();
    else htmx.ajax("GET", path, { target: "#main", swap: "innerMorph", select: "#main" }).then(() => restored());
  });
}

// Going back from a message to the list it was opened from needs no request.
function closeReader() {
  const was = openRow();
  const reader = document.getElementById("reader");
  const none = document.getElementById("no-message");
  reader.removeAttribute("data-path");
  reader.replaceChildren(...(none ? [none.content.cloneNode(true)] : []));
  document.body.dataset.view = "list";
  markOpen("");
  linkOf(was)?.focus({ preventScroll: true });
}

function restored() {
  const list = document.getElementById("list");
  const reader = document.getElementById("reader");
  document.body.dataset.view = reader?.dataset.path ? "message" : "list";
  document.title = document.querySelector("#main")?.dataset.title || document.title;
  const scroller = list?.querySelector(".scroll");
  if (scroller && places.has(list.dataset.address)) scroller.scrollTop = places.get(list.dataset.address);
  fitFrames(document);
}
