// Back and forward: htmx asks for the page again; the list keeps its place.

const places = new Map(); // list's address -> how far it was scrolled

function wireHistory() {
  document.addEventListener("scroll", (event) => {
    const list = event.target.closest?.("#list");
    if (list?.dataset.address) places.set(list.dataset.address, event.target.scrollTop);
  }, true);
  // Only what differs is asked for: nothing, the message, or list and message.
  document.addEventListener("htmx:before:history:restore", (event) => {
    const reader = document.getElementById("reader");
    const list = document.getElementById("list");
    if (!reader || !list) return;
    event.preventDefault();
    const path = event.detail.path;
    if (reader.dataset.path && list.dataset.address === path) closeReader();
    else if (isInList(path, list.dataset)) htmx.ajax("GET", path, { target: "#reader", swap: "outerHTML" });
    else htmx.ajax("GET", path, { target: "#main", swap: "outerHTML", select: "#main" }).then(restored);
  });
}

/** Tells whether path is a message opened from the list that is shown: the same mailbox and query. */
function isInList(path, list) {
  const [name, query = ""] = path.split("?");
  const [, shown = ""] = list.address.split("?");
  return query === shown && name.startsWith(`${list.path}/`) && /^\d+$/.test(name.slice(list.path.length + 1));
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
