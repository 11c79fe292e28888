// Last of the bundle: everything is wired here, once, on the document, so that what is
// swapped in needs no wiring of its own.

tellZone();
wireSwaps();
wireDialogs();
wireMenus();
wireSplitters();
wireHistory();
prefetchOnRest();
document.addEventListener("keydown", onKey);
fitFrames(document);
revealRow(openRow(), true);
showDialogs();
