// Panes: going round them, hiding the folders, moving the splitters. Widths and layout are
// told to the server, which draws the next page so from the start.

function nextPane(step) {
  const panes = ["folders", "list", "reader"].map((id) => document.getElementById(id)).filter((p) => p?.checkVisibility?.() ?? p);
  if (panes.length === 0) return;
  const at = panes.findIndex((p) => p.contains(document.activeElement));
  const next = panes[(at + step + panes.length) % panes.length];
  const inside = next.id === "list" ? linkOf(openRow() || rows()[0]) : firstIn(next);
  (inside || next).focus();
}

/** Where the focus goes in a pane: to what is current, else to the heading, else to the first control that is seen. */
function firstIn(pane) {
  for (const selector of ["[aria-current]", "h1[tabindex]", "a, button"]) {
    const found = [...pane.querySelectorAll(selector)].find((e) => e.checkVisibility());
    if (found) return found;
  }
  return null;
}

/** A pane that goes takes the focus along: it goes to what is read, else to the list. */
function keepFocus() {
  const at = document.activeElement;
  if (!at || at === document.body || at.checkVisibility()) return;
  (document.querySelector("#reader h1[tabindex]") || linkOf(currentRow()) || document.getElementById("list"))?.focus({ preventScroll: true });
}

function toggleFolders() {
  const hidden = document.documentElement.dataset.folders === "off";
  setPreference("folders", hidden ? "on" : "off");
}

const PANES = ["right", "below", "off"];

function cyclePanes() {
  const now = document.documentElement.dataset.panes || "right";
  setPreference("panes", PANES[(PANES.indexOf(now) + 1) % PANES.length]);
  announce(`Reading pane: ${document.documentElement.dataset.panes}`);
}

/** Shows a preference at once and tells the server. */
function setPreference(name, value) {
  document.documentElement.dataset[name] = value;
  keepFocus();
  const address = document.body.dataset.settings;
  if (!address) return;
  fetch(address, {
    method: "POST", credentials: "same-origin", redirect: "manual",
    headers: { "HX-Request": "true" },
    body: new URLSearchParams({ [name]: value, csrf: document.body.dataset.csrf || "" }),
  }).catch(() => alarm("The setting could not be kept: the server did not answer."));
}

const STEP = 16; // px an arrow key moves a splitter

/** Lets pointer and keys move the splitter between list and reader. */
function wireSplitters() {
  document.addEventListener("pointerdown", (event) => {
    const bar = event.target.closest?.("[role=separator][data-splits]");
    if (!bar || event.button !== 0) return;
    event.preventDefault();
    bar.setPointerCapture(event.pointerId);
    const from = { x: event.clientX, width: widthOf(bar) };
    const sign = getComputedStyle(bar).direction === "rtl" ? -1 : 1;
    const move = (e) => setWidth(bar, from.width + sign * (e.clientX - from.x));
    bar.addEventListener("pointermove", move);
    bar.addEventListener("lostpointercapture", () => {
      bar.removeEventListener("pointermove", move);
      keepWidth(bar);
    }, { once: true });
  });
  document.addEventListener("dblclick", (event) => {
    const bar = event.target.closest?.("[role=separator][data-splits]");
    if (bar) {
      setWidth(bar, Number(bar.dataset.default));
      keepWidth(bar);
    }
  });
  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.("[role=separator][data-splits]");
    if (!bar) return;
    const to = {
      ArrowLeft: widthOf(bar) - STEP, ArrowRight: widthOf(bar) + STEP,
      Home: Number(bar.getAttribute("aria-valuemin")), End: Number(bar.getAttribute("aria-valuemax")),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setWidth(bar, to);
    keepWidth(bar);
  });
}

const widthOf = (bar) => document.getElementById(bar.dataset.splits).getBoundingClientRect().width;

function setWidth(bar, px) {
  const width = Math.round(Math.min(Math.max(px, Number(bar.getAttribute("aria-valuemin"))), Number(bar.getAttribute("aria-valuemax"))));
  document.documentElement.style.setProperty(`--${bar.dataset.splits}-w`, `${width}px`);
  bar.setAttribute("aria-valuenow", String(width));
}

// The server draws widths in steps of two rem, so that no page needs a style of its own.
function keepWidth(bar) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const steps = Math.round(widthOf(bar) / rem / 2) * 2;
  setPreference(`${bar.dataset.splits}W`, String(steps));
}
