// Moving in the list: one row holds the tab stop; j, k and the arrows move it.

const rows = () => [...document.querySelectorAll("#list .row")];
const linkOf = (row) => row?.querySelector(".row-link");
const openRow = () => document.querySelector("#list .row.open");

/** The row the person is at: the focused one, else the open one. */
function currentRow() {
  return document.activeElement?.closest?.("#list .row") || openRow();
}

/** Moves by step rows and focuses; opens too when a message is open beside the list. */
function moveRow(step) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(currentRow());
  const next = at < 0 ? all[step > 0 ? 0 : all.length - 1] : all[at + step];
  if (!next) {
    turnPage(step);
    return;
  }
  focusRow(next);
  if (openRow() && openRow() !== next) {
    walking = true;
    linkOf(next).click();
  }
}

let walking = false; // what is opened next was come upon in walking down the list, which the focus is not to leave

function focusRow(row) {
  const link = linkOf(row);
  if (!link) return;
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  prefetch(link);
}

/** Brings the row into view by scrolling its list alone: the page stays where it is. */
function revealRow(row, middle) {
  const scroller = row?.closest(".scroll");
  if (!scroller) return;
  const seen = scroller.getBoundingClientRect();
  if (seen.height === 0) return; // the list is not shown, and is to keep its place
  const box = row.getBoundingClientRect();
  const heading = 2 * parseFloat(getComputedStyle(document.documentElement).fontSize); // a day's, which sticks at the top
  const above = box.top - seen.top - heading;
  const below = box.bottom - seen.bottom;
  if (above >= 0 && below <= 0) return;
  if (middle) scroller.scrollTop += box.top - seen.top - (seen.height - box.height) / 2;
  else scroller.scrollTop += above < 0 ? above : below;
}

/** Follows Older or Newer at the list's ends. */
function turnPage(step) {
  document.querySelector(step > 0 ? "#list a[rel=next]" : "#list a[rel=prev]")?.click();
}

/** Marks the row of the address as the open one. */
function markOpen(path) {
  for (const row of rows()) {
    const link = linkOf(row);
    const open = link && new URL(link.href, location.href).pathname === path;
    row.classList.toggle("open", open);
    if (open) {
      link.setAttribute("aria-current", "true");
      revealRow(row);
      const next = row.nextElementSibling?.matches(".row") ? row.nextElementSibling : row.nextElementSibling?.nextElementSibling;
      prefetch(linkOf(next?.matches?.(".row") ? next : null));
    } else {
      link?.removeAttribute("aria-current");
    }
  }
}

/** A message that was just read is no longer drawn as unread. */
function markRead(row) {
  if (!row?.classList.contains("unread")) return;
  row.classList.replace("unread", "read");
  row.querySelector(".unread-word")?.remove();
}
