// Package mailhtml turns the HTML and plain text of mail into what is safe to show.
//
// # Two walls
//
// Document is the first: it reads the mail's tokens once, builds a new tree from lists of what is allowed (elements, attributes, CSS properties with
// typed values, link schemes) and prints that tree with a writer of its own. Nothing is copied because it looks harmless, and nothing edits the output.
// The only addresses ever printed are links of http, https, mailto and tel, and images that the application itself serves: remote content isn't
// filtered out, there is no way to say it. The tree is built by the rules of the HTML parser for what may stand where, so a browser that reads
// the document sees the tree that was printed (a property the tests check with another parser); there is no text that is markup in a second reading.
//
// The frame is the second. The document is a response of its own, shown by
//
//	<iframe sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox" src="...">
//
// and its Content-Security-Policy (CSP) repeats that sandbox, so that it holds when the address is opened by itself.
//
// # Same origin without scripts
//
// The frame keeps its origin, and no script can run in it: the sandbox lacks allow-scripts, and the policy says script-src 'none'; either is enough.
// The page around it may therefore read the document's height from outside and fit the frame to it, set data-theme on its root element, and
// send keys on; embedded images are authorised by the cookie as any other. The other way, an opaque origin with one script of ours in it, needs
// allow-scripts and a nonce: then a mail that could guess or learn the nonce could run scripts, script would be off by one switch rather than two, and
// images would need tokens in their addresses. What same origin costs is that allow-scripts must never be added to this sandbox, since both together
// undo it; TestCSP holds that. A frame that isn't fitted (no script in the page) scrolls by itself.
//
// # CSS
//
// Rules and style attributes are read with a lexer after CSS Syntax 3, checked value by value and printed anew. Escapes, functions but colours and
// arithmetic, custom properties, generated content, positioning and pseudo-classes have no printed form. Our own rules stand in a cascade layer:
// defaults there yield to the mail, and what is marked important there can't be overruled by it.
//
// # Colours
//
// Most mail says "black on white" somewhere. When a document has no other colours, those are left out and it takes the reader's theme; else it is shown
// as sent, on white.
package mailhtml
