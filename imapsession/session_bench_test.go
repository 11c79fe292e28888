package imapsession

import (
	"context"
	"fmt"
	"testing"

	"godwit/imapsession/imaptest"
)

func BenchmarkSignIn(b *testing.B) {
	srv := imaptest.Dovecot(b)
	user := srv.User(b)
	b.Run("raw", func(b *testing.B) {
		for b.Loop() {
			raw := dialRaw(b, srv, user)
			raw.command(b, "LOGOUT")
			raw.nc.Close()
		}
	})
	b.Run("godwit", func(b *testing.B) {
		for b.Loop() {
			s, err := Login(b.Context(), nil, Account{Server: plainly(srv), User: user, Secret: imaptest.Password})
			if err != nil {
				b.Fatal(err)
			}
			s.Close(context.Background())
		}
	})
}

func BenchmarkMailboxes(b *testing.B) {
	srv := imaptest.Dovecot(b)
	user := srv.User(b)
	for i := range 200 {
		srv.Create(b, user, fmt.Sprintf("Folder %d", i))
	}
	const list = `LIST "" "*" RETURN (SPECIAL-USE CHILDREN SUBSCRIBED STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))`
	b.Run("raw", func(b *testing.B) {
		raw := dialRaw(b, srv, user)
		raw.command(b, list)
		for b.Loop() {
			raw.command(b, list)
		}
	})
	b.Run("godwit", func(b *testing.B) {
		s, err := Login(b.Context(), nil, Account{Server: plainly(srv), User: user, Secret: imaptest.Password})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close(context.Background())
		for b.Loop() {
			if _, err := s.Mailboxes(b.Context(), 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}
