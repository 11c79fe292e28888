// What happens is told to people who don't see it happen: one polite and one
// assertive live region stand in every page.

/** Says text through the polite region; saying the same again is heard again. */
function announce(text) {
  say("status", text);
}

/** Says text at once: for what went wrong. */
function alarm(text) {
  say("alert", text);
}

function say(id, text) {
  const region = document.getElementById(id);
  if (!region) return;
  region.textContent = "";
  // A region that is emptied and filled in one go counts as unchanged.
  setTimeout(() => { region.textContent = text; }, 50);
}
