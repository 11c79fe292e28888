// Package templates draws every page, as templ components over typed props. It does no I/O and asks nothing: props are ready for display, and the
// builders beside them (RowOf, GroupRows, NavOf, PeopleOf, AvatarOf, ChipsOf, KindOf, Clock) make them from the data types of imapsession.
//
// # Regions
//
// A region is an exported component whose root has a fixed id; a page is the frame around regions, and a request of htmx gets the region alone.
//
//	Main     #main     list and reader; data-title is the document's title
//	Nav      #folders  folder tree; a drawer below 1200 px, opened by #folders in the address
//	List     #list     data-path, data-address (with the query), data-said (for the live region); rows are #m-UID, preview lines #p-UID
//	Reader   #reader   data-path, data-uid, data-v of the open message, absent when none; data-seen posts "seen" after a prefetched answer
//	Notices  #notices  banners
//
// Nav, List and Reader take OOB to go beside another region; NoticesOOB, SessionEnded (#dialogs), Previews and RowOOB always go so. DocumentTitle
// in front of a fragment sets the tab's title. Errors go into ListProps.Error or ReaderProps.Error, or as ErrorRegion or ErrorPage.
//
// A folder link targets #list: its answer is List with Reader{OOB: true} (empty), DocumentTitle, and mostly Nav. A row link targets #reader: its
// answer is Reader with DocumentTitle, and Nav when counts changed. The refresh, filter, sort and page links are like folder links.
//
// # What scripts find
//
//	body         data-view (list, message, page), data-base, data-settings, data-csrf
//	html         data-theme, data-density, data-panes, data-lines, data-list-w, data-folders=off, data-keys=off
//	details.menu menus, closed by Esc and by a click elsewhere
//	data-key     the key of a control, "?" or "g-i"; data-key-hidden lets it work while the control is not shown
//	data-splits  on the splitter: the id of the pane it resizes; data-default in px
//	data-fit     a frame that is to be as high as its document
//	#offline     a hidden banner with [data-reason]
//	#status      polite live region; #alert assertive; #toasts; #dialogs
//	dialog[data-modal], [data-close], form[data-signin]
//	template#no-message  what an empty reader holds
//	#pdf         data-src, data-library, data-worker; #pdf-status
//
// # Forms
//
// Every posting form has the hidden field csrf (WithFormToken). Sign-in: username, password, next. Settings: any of theme, density, panes, lines, body,
// zone, keys, folders, listW; what is absent stays as it is; back is the path to return to. Sign-out and "everywhere" have no fields.
//
// # Rules
//
// No inline style or script, no templ.Raw, nothing of htmx that needs eval; hx-* stands on links and forms that work without it, with the same
// address. Text that came by mail has dir="auto" or stands in bdi. A test keeps these.
package templates
