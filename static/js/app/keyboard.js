// The keyboard. A control says its key in data-key ("u", "g i", "?"); pressing it is a
// click on that control, so that a key can never do what the page does not offer. What has
// no control of its own stands in the table below.

const SEQUENCE_WAIT = 1500; // ms that g waits for its second key
let pending = "";
let pendingTimer = 0;

const keys = {
  "j": () => moveRow(1),
  "k": () => moveRow(-1),
  "ArrowDown": () => inList() && moveRow(1),
  "ArrowUp": () => inList() && moveRow(-1),
  "o": () => linkOf(currentRow())?.click(),
  "Home": () => inList() && focusRow(rows()[0]),
  "End": () => inList() && focusRow(rows().at(-1)),
  " ": () => pageReader(1),
  "Shift+ ": () => pageReader(-1),
  "`": () => nextPane(1),
  "F6": () => nextPane(1),
  "Shift+F6": () => nextPane(-1),
  "\\": () => toggleFolders(),
  "w": () => cyclePanes(),
  "Escape": () => leave(),
};

const inList = () => Boolean(document.activeElement?.closest?.("#list")) || document.activeElement === document.body;

/** Keys in the page and, lent by frame.js, in a mail's frame. */
function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (document.documentElement.dataset.keys === "off" && event.key.length === 1) return;
  const key = nameOf(event);
  const sequence = pending ? `${pending} ${key}` : key;
  clearPending();
  if (control(sequence)) {
    event.preventDefault();
    press(control(sequence));
  } else if (!pending && key === "g" && sequence === key) {
    waitForSecond(key);
    event.preventDefault();
  } else if (sequence === key && keys[key]) {
    if (keys[key]() !== false) event.preventDefault();
  }
}

/** Clicks the control; a menu gets the focus too, so that Tab goes on into it. */
function press(element) {
  if (element.matches("summary")) element.focus();
  element.click();
}

// Shift is part of the name only where the key's own sign does not tell it.
function nameOf(event) {
  return event.shiftKey && (event.key.length > 1 || event.key === " ") ? `Shift+${event.key}` : event.key;
}

function isTyping(element) {
  return element.closest?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]");
}

/** The visible control that has the key; the last one, since a message's "back" (u) goes before the list's "refresh". */
function control(key) {
  for (const element of [...document.querySelectorAll(`[data-key~="${CSS.escape(key.replace(" ", "-"))}"]`)].reverse()) {
    if (element.checkVisibility?.() !== false || element.dataset.keyHidden !== undefined) return element;
  }
  return null;
}

function waitForSecond(key) {
  pending = key;
  announce("g: i inbox, s flagged, t sent, d drafts, a archive, comma settings");
  pendingTimer = setTimeout(clearPending, SEQUENCE_WAIT);
}

function clearPending() {
  pending = "";
  clearTimeout(pendingTimer);
}

/** Pages the open message; at its end goes to the next one. */
function pageReader(direction) {
  const scroller = document.querySelector("#reader .scroll, #reader.scroll");
  if (!scroller || document.activeElement?.closest?.("button, summary, a.btn, audio, video")) return false;
  const before = scroller.scrollTop;
  scroller.scrollBy({ top: direction * (scroller.clientHeight - 40), behavior: "auto" });
  if (scroller.scrollTop === before && direction > 0) moveRow(1);
}

/** Esc: out of the message, back to its list; in the list, what u does there. */
function leave() {
  const drawer = location.hash === "#folders";
  if (drawer) {
    location.hash = "#main";
    return;
  }
  const way = document.querySelector("#reader [data-back]") || control("u");
  if (!way) return false;
  way.click();
}
