// The frame that holds a mail's HTML. The mail can run nothing (no allow-scripts, no
// script-src); it is of our origin, so that this page can measure it and hear its keys.
// See web/mailhtml/doc.go for why that is the safer of the two ways.

/** Fits every frame in root to its content, now and whenever that changes. */
function fitFrames(root) {
  for (const frame of root.querySelectorAll("iframe[data-fit]")) {
    if (frame.dataset.fitted) continue;
    frame.dataset.fitted = "yes";
    frame.addEventListener("load", () => dress(frame));
    // The load event may have passed before this script ran.
    if (documentOf(frame)?.readyState === "complete") dress(frame);
  }
}

function documentOf(frame) {
  try {
    const inner = frame.contentDocument;
    return inner && inner.URL !== "about:blank" ? inner : null;
  } catch {
    return null; // an error page of the browser's is another origin
  }
}

const SMALLEST = 0.5; // of the size it was written in, at which text of 15 px can still be read

function dress(frame) {
  const inner = documentOf(frame);
  if (!inner?.body) return;
  const theme = document.documentElement.dataset.theme;
  if (theme === "dark" || theme === "light") inner.documentElement.dataset.theme = theme;
  inner.addEventListener("keydown", (event) => onKey(event));
  const root = inner.documentElement;
  let width = 0;
  let zoom = 1;
  // A mail that was laid out for a wider window is drawn smaller, as far as it stays readable; what is wider still scrolls.
  const shrink = () => {
    width = frame.clientWidth;
    root.style.zoom = "";
    zoom = Math.max(SMALLEST, Math.floor(1000 * root.clientWidth / root.scrollWidth) / 1000);
    if (zoom < 1) root.style.zoom = String(zoom);
  };
  const fit = () => {
    if (frame.clientWidth !== width) shrink();
    // The content's own height: the root element is never lower than the frame itself.
    const height = Math.ceil(Math.max(inner.body.scrollHeight * zoom, inner.body.getBoundingClientRect().bottom));
    const wanted = `${Math.min(Math.max(height, 24), 200000)}px`;
    if (frame.style.height !== wanted) frame.style.height = wanted;
    const wide = root.scrollWidth > root.clientWidth + 1;
    frame.classList.toggle("wide", wide);
  };
  fit();
  // Observed from the frame's own realm, so that it ends with the frame.
  new inner.defaultView.ResizeObserver(fit).observe(inner.body);
  for (const image of inner.images) {
    image.addEventListener("load", () => {
      width = 0; // a picture may be wider than its place was
      fit();
    });
  }
  frame.classList.add("fitted");
}
