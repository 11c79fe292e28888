package imapsession

import "context"

// FeatureState is how much of a feature a server lets a person have.
type FeatureState string

const (
	FeatureFull     FeatureState = "full"
	FeatureDegraded FeatureState = "degraded" // it works, with a loss that Effect names
	FeatureMissing  FeatureState = "missing"
)

// Feature is something Godwit does, as this server lets it.
type Feature struct {
	Name      string // for a person: "Sorting"
	State     FeatureState
	Extension string // what the server would need to offer, by its capability names
	Effect    string // what a person gains, or loses without
}

// Features tells what this account's server lets Godwit do, for a person to read, the reading of mail first.
func (s *Session) Features(ctx context.Context) ([]Feature, error) {
	can, err := s.features(ctx)
	if err != nil {
		return nil, err
	}
	return can.report(), nil
}

func (f features) report() []Feature {
	list := make([]Feature, 0, len(featureTable))
	for _, row := range featureTable {
		state, effect := FeatureFull, row.with
		if !row.full(f) {
			state, effect = FeatureMissing, row.without
			if row.partly != nil && row.partly(f) {
				state = FeatureDegraded
			}
		}
		list = append(list, Feature{Name: row.name, State: state, Extension: row.extension, Effect: effect})
	}
	return list
}

// always marks a feature that works without its extension, only less well.
func always(features) bool { return true }

var featureTable = []struct {
	name, extension string
	full            func(features) bool
	partly          func(features) bool // nil: never
	with, without   string
}{
	{
		"Folders with their counts", "LIST-EXTENDED, LIST-STATUS",
		func(f features) bool { return f.listExtended && f.listStatus }, always,
		"All folders and their unread counts come with one question.",
		"Folders are counted one by one, which is slower; beyond 500 folders the rest shows no counts.",
	},
	{
		"Special folders", "SPECIAL-USE",
		func(f features) bool { return f.specialUse }, always,
		"The server says which folders are Sent, Drafts, Archive, Junk and Trash.",
		"Sent, Drafts, Archive, Junk and Trash are found by their usual names in many languages.",
	},
	{
		"Shared folders", "NAMESPACE",
		func(f features) bool { return f.namespace }, nil,
		"Folders of other people and public ones are found and shown apart.",
		"Folders of other people are not found, or not told apart from one's own.",
	},
	{
		"Sharing folders with others", "ACL",
		func(f features) bool { return f.acl }, nil,
		"What one may do in a shared folder is known before, and own folders can be shared.",
		"Own folders cannot be shared, and what one may not do in others' shows only in the attempt.",
	},
	{
		"Folder sizes", "STATUS=SIZE",
		func(f features) bool { return f.statusSize }, nil,
		"The size of each folder is shown.",
		"The size of a folder is not shown.",
	},
	{
		"Storage limit", "QUOTA",
		func(f features) bool { return f.quota }, nil,
		"A bar shows how full the account is, and warns before it is full.",
		"How full the account is shows only when the server refuses mail.",
	},
	{
		"Sorting", "SORT, SORT=DISPLAY",
		func(f features) bool { return f.sort && f.sortDisplay },
		func(f features) bool { return f.sort },
		"Lists can be sorted by date, sender, subject and size.",
		"Without SORT lists come in the order of arrival alone; without SORT=DISPLAY senders are sorted by address.",
	},
	{
		"Conversations", "THREAD=REFS or THREAD=REFERENCES",
		func(f features) bool { return f.thread == "REFS" || f.thread == "REFERENCES" }, always,
		"The server groups mail into conversations.",
		"Godwit groups mail into conversations itself, for the page shown.",
	},
	{
		"Preview line", "PREVIEW",
		func(f features) bool { return f.preview }, always,
		"The server gives the first words of each message.",
		"Godwit cuts the preview from the beginning of each text, a moment after the list is shown.",
	},
	{
		"Search", "ESEARCH",
		func(f features) bool { return f.esearch }, always,
		"The server answers a search with counts and ranges.",
		"Each search answers with all its hits at once, which is slower in large folders.",
	},
	{
		"Search in all folders", "MULTISEARCH",
		func(f features) bool { return f.multiSearch }, always,
		"One question searches all folders.",
		"Folders are searched one after the other, several at a time.",
	},
	{
		"Search for similar words", "SEARCH=FUZZY",
		func(f features) bool { return f.fuzzy }, nil,
		"A search also finds other forms of a word.",
		"A search finds words as they are typed.",
	},
	{
		"Moving mail", "MOVE",
		func(f features) bool { return f.move }, always,
		"Mail moves in one step.",
		"Mail is copied, and deleted when the copy is safe.",
	},
	{
		"Deleting for good", "UIDPLUS",
		func(f features) bool { return f.uidPlus }, always,
		"Exactly the chosen messages are removed.",
		"Deleted mail is marked and hidden; it takes up room until another program removes it.",
	},
	{
		"Changes of other devices", "CONDSTORE, QRESYNC",
		func(f features) bool { return f.condStore && f.qresync },
		always,
		"Only what changed since the last look is asked for, and no change of another device is overwritten.",
		"The visible part of a list is read again to find changes, and of two changes at once the later wins.",
	},
	{
		"Live changes in the open folder", "IDLE",
		func(f features) bool { return f.idle || f.notify }, always,
		"New mail appears at once.",
		"New mail appears when Godwit asks for it, every so often.",
	},
	{
		"Live changes in all folders", "NOTIFY",
		func(f features) bool { return f.notify }, always,
		"Counts of all folders change at once.",
		"Counts of folders that are not open change when Godwit asks for them, every so often.",
	},
	{
		"Lasting identities", "OBJECTID",
		func(f features) bool { return f.objectID || f.gmail }, always,
		"A message keeps its identity when it is moved, and a folder when it is renamed.",
		"A bookmark of a message ends when it is moved.",
	},
	{
		"Saving drafts", "REPLACE, CATENATE",
		func(f features) bool { return f.replace && f.catenate }, always,
		"A draft is replaced in one step, and its attachments are not sent again.",
		"Without REPLACE a draft is saved anew and the old one removed; without CATENATE attachments travel again.",
	},
	{
		"Sending without a second upload", "URLAUTH, CATENATE (and BURL of the submission server)",
		func(f features) bool { return f.urlAuth && f.catenate }, always,
		"A message goes out from the mail server itself.",
		"A message travels twice: once to be sent, once into Sent.",
	},
	{
		"Size limit known before", "APPENDLIMIT",
		func(f features) bool { return f.appendLimit }, nil,
		"What is too large to be saved is said before it is uploaded.",
		"What is too large to be saved shows only when the server refuses it.",
	},
	{
		"Special folders made by Godwit", "CREATE-SPECIAL-USE",
		func(f features) bool { return f.createUse }, always,
		"A missing Sent, Drafts or Trash is made so that other programs know it too.",
		"A missing Sent, Drafts or Trash is made under its usual name.",
	},
}
