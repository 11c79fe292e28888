package imapsession

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// fetched is what a FETCH told of one message.
type fetched struct {
	seq      uint32
	uid      UID
	flags    []string
	received time.Time
	size     int64
	body     imap.BodyStructure // nil when it did not come or could not be read
	header   []byte             // HEADER or HEADER.FIELDS; nil when it did not come
	content  []byte             // BODY[section], nil when it did not come
	items    itemSet            // what came
	into     []byte             // see fetching
	sections map[string][]byte  // see fetching
	known    *Summary           // the row, without flags, when it was kept from before; see rows.go
}

// itemSet says which items an answer held. go-imap matches answers to commands
// by UID or number alone, so that an unsolicited FETCH can be taken for the
// answer: whoever needs an item must look here.
type itemSet uint8

const (
	hasUID itemSet = 1 << iota
	hasFlags
	hasReceived
	hasSize
	hasStructure
	hasHeader
	hasContent
)

func (f *fetched) has(items itemSet) bool { return f.items&items == items }

// fetching is a FETCH in flight whose answers are gathered as they come. They
// must be: go-imap's reader stands still while one command's answers are not
// taken, and Dovecot answers pipelined commands in any order.
type fetching struct {
	done chan struct{}
	rows []*fetched
	into []byte // where content is read to; nil makes room for it
	// sections, when not nil, receives the content of each section, by its path, in place of a row's content.
	sections map[string][]byte
	err      error
}

// ask sends a FETCH and gathers its answers in a goroutine that ends with the
// command or the connection. The borrower must wait for it before the loan ends,
// whatever else goes wrong. Literals are buffered: ask for bounded ones.
func (c *conn) ask(set imap.NumSet, options *imap.FetchOptions) *fetching {
	f := &fetching{done: make(chan struct{})}
	cmd := c.fetch(set, options)
	go func() {
		defer close(f.done)
		f.err = gather(cmd, f)
	}()
	return f
}

// askOne asks for one message and sees that all of needs comes: what is missing is asked
// for again, since an unsolicited FETCH can take an answer's place. On a connection
// that has not heard of new messages for a while the message may be one of them.
// into, when not nil, receives the content. ErrNoMessage.
func (c *conn) askOne(uid UID, options *imap.FetchOptions, needs itemSet, into []byte) (*fetched, error) {
	if uid == 0 {
		return nil, ErrNoMessage
	}
	for try := 0; ; try++ {
		f := &fetching{into: into}
		err := gather(c.fetch(uidsOf([]UID{uid}), options), f)
		if err != nil && !isTagged(err) {
			return nil, err
		}
		met := false
		for _, row := range f.rows {
			if row.uid != uid {
				continue
			}
			met = true
			if row.has(needs) {
				return row, nil
			}
		}
		switch {
		case err != nil:
			return nil, err
		case !c.fresh:
			if err := c.refresh(); err != nil {
				return nil, err
			}
		case !met:
			return nil, ErrNoMessage
		case try >= maxTries:
			return nil, fmt.Errorf("the server left out what it was asked for: %w", ErrUnavailable)
		}
	}
}

// errCutLiteral is of a literal that ended before its announced size: the connection was lost.
var errCutLiteral = fmt.Errorf("the connection was lost within an answer: %w", ErrUnavailable)

func gather(cmd *pendingFetch, f *fetching) error {
	for data := cmd.Next(); data != nil; data = cmd.Next() {
		row := &fetched{seq: data.SeqNum, into: f.into, sections: f.sections}
		for item := data.Next(); item != nil; item = data.Next() {
			if err := row.take(item); err != nil {
				cmd.cut.Store(errors.Is(err, errCutLiteral))
				cmd.Close()
				return err
			}
		}
		f.rows = append(f.rows, row)
	}
	return cmd.Close()
}

// wait returns the answers in the order they came.
func (f *fetching) wait() ([]*fetched, error) {
	<-f.done
	return f.rows, f.err
}

func (f *fetched) take(item imapclient.FetchItemData) error {
	switch item := item.(type) {
	case imapclient.FetchItemDataUID:
		f.uid = item.UID
		f.items |= hasUID
	case imapclient.FetchItemDataFlags:
		f.flags = make([]string, 0, len(item.Flags))
		for _, flag := range item.Flags {
			f.flags = append(f.flags, string(flag))
		}
		f.items |= hasFlags
	case imapclient.FetchItemDataInternalDate:
		f.received = item.Time
		f.items |= hasReceived
	case imapclient.FetchItemDataRFC822Size:
		f.size = item.Size
		f.items |= hasSize
	case imapclient.FetchItemDataBodyStructure:
		if f.body = usableStructure(item.BodyStructure); f.body != nil {
			f.items |= hasStructure
		}
	case imapclient.FetchItemDataBodySection:
		return f.takeSection(item)
	}
	return nil
}

func (f *fetched) takeSection(item imapclient.FetchItemDataBodySection) error {
	if item.Section.Specifier == imap.PartSpecifierHeader {
		header, err := beginning(item.Literal, maxHeader)
		f.header = header
		f.items |= hasHeader
		return err
	}
	content, err := literal(item.Literal, f.into)
	if err != nil {
		return err
	}
	if f.sections != nil && content != nil {
		f.sections[fmt.Sprint(item.Section.Part)] = content
		return nil
	}
	f.content = content
	f.items |= hasContent
	return nil
}

// beginning reads up to limit octets of a literal and drops the rest: one endless References must not
// cost the list that it stands in. NIL gives nil.
func beginning(r imap.LiteralReader, limit int64) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	b := make([]byte, min(r.Size(), limit))
	n, err := io.ReadFull(r, b)
	if err == nil {
		_, err = io.CopyN(io.Discard, r, r.Size()-int64(n))
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errCutLiteral, err)
	}
	return b[:n], err
}

// literal reads a bounded literal whole, to into when there is room; NIL gives nil.
func literal(r imap.LiteralReader, into []byte) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	size := r.Size()
	switch {
	case into != nil && size > int64(len(into)), size > maxBuffered:
		return nil, fmt.Errorf("the server sent %d octets unasked: %w", size, ErrTooLarge)
	case into == nil:
		into = make([]byte, size)
	}
	n, err := io.ReadFull(r, into[:size])
	if err != nil {
		err = fmt.Errorf("%w: %w", errCutLiteral, err)
	}
	return into[:n], err
}

// maxBuffered is the most that fetch takes of one literal; no caller asks for
// more, but a server can send it.
const maxBuffered = 4 << 20 // octets

// exists is how many messages the selected mailbox has as far as the server told.
func (c *conn) exists() uint32 {
	if box := c.Client.Mailbox(); box != nil {
		return box.NumMessages
	}
	return 0
}

// isTagged tells a NO or BAD, after which the connection is sound.
func isTagged(err error) bool {
	var refused *imap.Error
	return errors.As(err, &refused)
}

// uidsOf makes a set of UIDs; it must not be empty, since go-imap closes the
// connection over an empty one.
func uidsOf(uids []UID) imap.UIDSet {
	var set imap.UIDSet
	sorted := slices.Clone(uids)
	slices.Sort(sorted)
	set.AddNum(sorted...)
	return set
}

func sequence(low, high uint32) imap.SeqSet {
	var set imap.SeqSet
	set.AddRange(low, high)
	return set
}
