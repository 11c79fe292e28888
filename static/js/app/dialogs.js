// Dialogs: the shortcuts, and signing in again in place. Both come from the server as
// <dialog data-modal>; without this script they are pages.

let lastRequest = null; // htmx's context of the request that was sent last

/** Opens what a swap brought in. */
function showDialogs() {
  for (const dialog of document.querySelectorAll("dialog[data-modal]:not([open])")) {
    const opener = document.activeElement;
    const row = opener?.closest?.("#list .row")?.id;
    dialog.addEventListener("close", () => {
      dialog.remove();
      // The list may have been replaced meanwhile.
      const back = opener?.isConnected ? opener : linkOf(row ? document.getElementById(row) : null) || document.getElementById("list");
      back?.focus?.({ preventScroll: true });
    }, { once: true });
    // Who was signed in is known to this page, and no longer to the server.
    const user = dialog.querySelector("[data-signin] [name=username]");
    if (user && !user.value) user.value = document.body.dataset.user || "";
    dialog.showModal();
  }
}

function wireDialogs() {
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("dialog [data-close]")) {
      event.preventDefault();
      event.target.closest("dialog").close();
    } else if (event.target.matches?.("dialog[data-modal]") && !event.target.querySelector("form")) {
      event.target.close(); // a click on the backdrop; a form is never lost so
    }
  });
  document.addEventListener("submit", signInInPlace);
}

/** Signs in from the dialog and sends the request that found the session ended once more. */
async function signInInPlace(event) {
  const form = event.target;
  if (!form.matches("dialog form[data-signin]")) return;
  event.preventDefault();
  const refused = lastRequest;
  const note = form.querySelector("[role=alert]");
  try {
    const response = await fetch(form.action, {
      method: "POST", credentials: "same-origin", body: new URLSearchParams(new FormData(form)),
      headers: { "HX-Request": "true", "Godwit-In-Place": "1" },
    });
    if (!response.ok) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      note.textContent = page.querySelector("[role=alert]")?.textContent.trim() || "The sign-in failed.";
      note.hidden = false;
      form.elements.password.select();
      return;
    }
    form.closest("dialog").close();
    if (refused?.request?.method === "GET" && refused.target?.isConnected) {
      htmx.ajax("GET", refused.request.action, { target: refused.target, swap: refused.swap, source: refused.sourceElement?.isConnected ? refused.sourceElement : undefined });
    } else if (refused?.sourceElement?.matches?.("form")) {
      refused.sourceElement.requestSubmit();
    } else {
      location.reload();
    }
  } catch {
    note.textContent = "The server can't be reached.";
    note.hidden = false;
  }
}

/** Menus made of <details>: one open at a time, closed by Esc and by a click elsewhere. */
function wireMenus() {
  const close = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => close(event.target.closest?.("details.menu")));
  document.addEventListener("focusin", (event) => close(event.target.closest?.("details.menu")));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!menu) return;
    event.preventDefault();
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  }, true);
}
