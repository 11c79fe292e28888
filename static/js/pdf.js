// The preview of a PDF: drawn page by page onto canvases by the vendored pdf.js. Nothing in the
// document can run: scripting is not loaded, links and forms are not made, fonts are drawn as paths.

const box = document.getElementById("pdf");

async function show() {
  const { getDocument, GlobalWorkerOptions } = await import(box.dataset.library);
  GlobalWorkerOptions.workerSrc = box.dataset.worker;
  const beside = new URL(".", new URL(box.dataset.library, location.href)).href;
  const pdf = await getDocument({
    url: box.dataset.src, isEvalSupported: false, enableXfa: false, disableFontFace: true,
    // Fonts that every reader of PDF is to have, and the encodings of East Asia, for files that bring none.
    standardFontDataUrl: `${beside}standard_fonts/`, cMapUrl: `${beside}cmaps/`, cMapPacked: true, verbosity: 0,
    useWasm: false, stopAtErrors: false, maxImageSize: 40_000_000, canvasMaxAreaInBytes: 160_000_000,
  }).promise;
  box.dataset.pages = String(pdf.numPages);
  const status = document.getElementById("pdf-status");
  status.textContent = pdf.numPages === 1 ? "1 page" : `${pdf.numPages} pages`;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(pdf, entry.target).catch(() => entry.target.classList.add("failed"));
    }
  }, { rootMargin: "600px" });
  for (let n = 1; n <= Math.min(pdf.numPages, 500); n++) {
    const page = document.createElement("canvas");
    page.className = "pdf-page";
    page.dataset.page = String(n);
    page.setAttribute("role", "img");
    page.setAttribute("aria-label", `Page ${n} of ${pdf.numPages}`);
    box.append(page);
    seen.observe(page);
  }
}

async function draw(pdf, canvas) {
  const page = await pdf.getPage(Number(canvas.dataset.page));
  const natural = page.getViewport({ scale: 1 });
  const width = Math.min(box.clientWidth || 700, 1000);
  const viewport = page.getViewport({ scale: (width / natural.width) * Math.min(window.devicePixelRatio || 1, 2) });
  canvas.width = viewport.width;
  canvas.height = viewport.height;
  await page.render({ canvas, viewport, annotationMode: 0 }).promise;
  canvas.classList.add("drawn");
}

if (box) {
  show().catch(() => {
    box.dataset.failed = "yes";
    document.getElementById("pdf-status").textContent = "This PDF can't be shown here; download it instead.";
  });
}
