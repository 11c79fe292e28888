package imapsession

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"godwit/imapsession/wire"
)

// Quota tells how much of the account's storage is used and how much there may be, in octets (RFC 9208,
// GETQUOTAROOT INBOX). With several limits it is the one that will be met first. ok is false when
// the server keeps none or tells none.
func (s *Session) Quota(ctx context.Context) (used, limit int64, ok bool, err error) {
	err = s.with(ctx, lease{}, func(c *conn) error {
		used, limit, ok = 0, 0, false
		if !c.can.quota {
			return nil
		}
		// Past go-imap, which loses the connection to numbers beyond 64 bits.
		answer, err := c.wire.Command(ctx, "GETQUOTAROOT", []any{wire.Mailbox("INBOX")}, named("QUOTA", "QUOTAROOT"))
		if err != nil {
			return err
		}
		for _, r := range answer.Untagged {
			u, l, found := storage(r)
			if found && (!ok || float64(u)/float64(l) > float64(used)/float64(limit)) {
				used, limit, ok = u, l, true
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, false, fmt.Errorf("quota: %w", err)
	}
	return used, limit, ok, nil
}

// storage reads the STORAGE resource, in units of 1024 octets, of QUOTA root (name usage limit ...).
func storage(r wire.Response) (used, limit int64, ok bool) {
	if r.Name != "QUOTA" || len(r.Fields) < 2 {
		return 0, 0, false
	}
	resources, _ := r.Fields[len(r.Fields)-1].([]any)
	for i := 0; i+2 < len(resources); i += 3 {
		if name, _ := resources[i].(string); !strings.EqualFold(name, "STORAGE") {
			continue
		}
		used, limit := kibibytes(resources[i+1]), kibibytes(resources[i+2])
		return used, limit, limit > 0
	}
	return 0, 0, false
}

// kibibytes gives octets; what is no number or too large for one is taken as far as it goes.
func kibibytes(v any) int64 {
	s, _ := v.(string)
	n, err := strconv.ParseInt(s, 10, 64)
	if n < 0 || err != nil && n == 0 {
		return 0
	}
	return min(n, math.MaxInt64/1024) * 1024
}
