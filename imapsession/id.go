package imapsession

import (
	"context"
	"strings"

	"godwit/imapsession/wire"
)

// Field is one thing a server tells of itself (RFC 2971), such as name and version.
type Field struct{ Key, Value string }

// identify tells the server who we are where it wants to know, and keeps its answer. Some (Coremail,
// behind NetEase's services) let nobody select a mailbox before. go-imap's own ID
// command loses the connection to a NIL value.
func (s *Session) identify(ctx context.Context, c *conn) error {
	if !c.can.id {
		return nil
	}
	fields, err := c.identify(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.serverID = fields
	s.mu.Unlock()
	return nil
}

func (c *conn) identify(ctx context.Context) ([]Field, error) {
	answer, err := c.wire.Command(ctx, "ID", []any{[]any{"name", "Godwit"}}, named("ID"))
	if err != nil {
		return nil, err
	}
	for _, r := range answer.Untagged {
		if len(r.Fields) > 0 {
			return idFields(r.Fields[0]), nil
		}
	}
	return nil, nil
}

// maxIDFields bounds what a server can tell of itself; RFC 2971 section 3.3 says 30.
const maxIDFields = 30

// idFields reads the list of keys and values, leaving out what has no value.
func idFields(list any) []Field {
	pairs, _ := list.([]any)
	var fields []Field
	for i := 0; i+1 < len(pairs) && len(fields) < maxIDFields; i += 2 {
		key, _ := pairs[i].(string)
		value, _ := pairs[i+1].(string)
		if key, value = printable(key), printable(value); key != "" && value != "" {
			fields = append(fields, Field{key, value})
		}
	}
	return fields
}

// named wants the untagged responses of these names.
func named(names ...string) func(wire.Response) bool {
	return func(r wire.Response) bool {
		for _, name := range names {
			if strings.EqualFold(r.Name, name) {
				return true
			}
		}
		return false
	}
}
