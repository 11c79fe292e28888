package imaptest

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const sample = "From: Ines <ines@kelling-reserve.example>\r\nSubject: Count\r\n\r\nTwelve knots.\r\n"

func TestServerPorts(t *testing.T) {
	Each(t, func(t *testing.T, srv *Server) {
		user := srv.User(t)
		options := &imapclient.Options{TLSConfig: srv.TLSConfig()}

		plain := srv.Client(t, user)
		if caps := plain.Caps(); !caps.Has(imap.CapIdle) || !caps.Has(imap.CapSpecialUse) {
			t.Errorf("caps = %v, want IDLE and SPECIAL-USE among them", caps)
		}
		implicit, err := imapclient.DialTLS(srv.Address(srv.TLSPort), options)
		if err != nil {
			t.Fatal(err)
		}
		defer implicit.Close()
		if err := implicit.Login(user, Password).Wait(); err != nil {
			t.Errorf("login over TLS: %v", err)
		}
		if err := implicit.Login(user, "wrong").Wait(); err == nil {
			t.Error("a second login was accepted")
		}

		bare, err := imapclient.DialInsecure(srv.Address(srv.StartTLSPort), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer bare.Close()
		if err := bare.WaitGreeting(); err != nil {
			t.Fatal(err)
		}
		if caps := bare.Caps(); !caps.Has(imap.CapLoginDisabled) || !caps.Has(imap.CapStartTLS) {
			t.Errorf("caps before STARTTLS = %v, want LOGINDISABLED and STARTTLS", caps)
		}
		if err := bare.Login(user, Password).Wait(); err == nil {
			t.Error("login without TLS on the STARTTLS port was accepted")
		}
		upgraded, err := imapclient.DialStartTLS(srv.Address(srv.StartTLSPort), options)
		if err != nil {
			t.Fatal(err)
		}
		defer upgraded.Close()
		if err := upgraded.Login(user, Password).Wait(); err != nil {
			t.Errorf("login after STARTTLS: %v", err)
		}
		wrong, err := imapclient.DialInsecure(srv.Address(srv.Port), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer wrong.Close()
		if err := wrong.Login(user, "wrong").Wait(); err == nil {
			t.Error("a wrong password was accepted")
		}
	})
}

func TestServerMail(t *testing.T) {
	Each(t, func(t *testing.T, srv *Server) {
		user := srv.User(t)
		srv.Create(t, user, "Surveys", "Surveys/2026", "Entwürfe & more")
		if uid := srv.Append(t, user, "Surveys/2026", []byte(sample), `\Seen`, "Survey"); uid != 1 {
			t.Errorf("Append = UID %d, want 1", uid)
		}
		c := srv.Client(t, user)
		list, err := c.List("", "*", &imap.ListOptions{ReturnSpecialUse: true, ReturnSubscribed: true}).Collect()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, l := range list {
			names = append(names, l.Mailbox)
			if l.Mailbox == "Sent" && !slices.Contains(l.Attrs, imap.MailboxAttrSent) {
				t.Errorf("attributes of Sent = %v, want %v among them", l.Attrs, imap.MailboxAttrSent)
			}
		}
		for _, want := range []string{"INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive", "Surveys", "Surveys/2026", "Entwürfe & more"} {
			if !slices.Contains(names, want) {
				t.Errorf("LIST = %q, want %q among them", names, want)
			}
		}
		data, err := c.Select("Surveys/2026", nil).Wait()
		if err != nil || data.NumMessages != 1 {
			t.Fatalf("SELECT = %+v, %v, want 1 message", data, err)
		}
		section := &imap.FetchItemBodySection{Peek: true}
		got, err := c.Fetch(imap.UIDSetNum(1), &imap.FetchOptions{Flags: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
		if err != nil || len(got) != 1 {
			t.Fatalf("FETCH = %v, %v", got, err)
		}
		if body := got[0].FindBodySection(section); string(body) != sample {
			t.Errorf("BODY[] = %q, want %q", body, sample)
		}
		if !slices.Contains(got[0].Flags, "Survey") || !slices.Contains(got[0].Flags, imap.FlagSeen) {
			t.Errorf("flags = %v, want Survey and \\Seen", got[0].Flags)
		}
	})
}

func TestServerKillStopRestart(t *testing.T) {
	Each(t, func(t *testing.T, srv *Server) {
		user := srv.User(t)
		c := srv.Client(t, user)
		srv.Kill()
		select {
		case <-c.Closed():
		case <-time.After(5 * time.Second):
			t.Fatal("a killed connection is still open")
		}
		srv.Client(t, user)
		srv.Append(t, user, "INBOX", []byte(sample))
		srv.Stop()
		if n := srv.Connections(); n != 0 {
			t.Errorf("Connections after Stop = %d, want 0", n)
		}
		if _, err := srv.dial(user); err == nil {
			t.Error("a stopped server took a connection")
		}
		if err := srv.Restart(); err != nil {
			t.Fatal(err)
		}
		if uid := srv.Append(t, user, "INBOX", []byte(sample)); uid != 2 {
			t.Errorf("Append after Restart = UID %d, want 2", uid)
		}
	})
}

func TestServerSubmission(t *testing.T) {
	Each(t, func(t *testing.T, srv *Server) {
		from, to := srv.User(t), srv.User(t)
		c, err := smtp.Dial(srv.Address(srv.SubmissionPort))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Mail(from); err == nil {
			t.Fatal("MAIL without AUTH was accepted")
		}
		auth := smtp.PlainAuth("", from, Password, srv.Host)
		c2, err := smtp.Dial(srv.Address(srv.SubmissionPort))
		if err != nil {
			t.Fatal(err)
		}
		defer c2.Close()
		submit(t, c2, srv.TLSConfig(), auth, from, to)

		nc, err := tls.Dial("tcp", srv.Address(srv.SubmissionTLSPort), srv.TLSConfig())
		if err != nil {
			t.Fatal(err)
		}
		c3, err := smtp.NewClient(nc, srv.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer c3.Close()
		submit(t, c3, nil, auth, from, to)

		if got := srv.Sink.Mails(); len(got) != 2 || got[0].User != from || got[0].To[0] != to || !bytes.Contains(got[0].Data, []byte("Twelve knots.")) {
			t.Errorf("Mails = %+v, want two from %s", got, from)
		}
		data, err := srv.Client(t, to).Status("INBOX", &imap.StatusOptions{NumMessages: true}).Wait()
		if err != nil || *data.NumMessages != 2 {
			t.Errorf("STATUS of %s = %+v, %v, want 2 messages", to, data, err)
		}
	})
}

func submit(t *testing.T, c *smtp.Client, startTLS *tls.Config, auth smtp.Auth, from, to string) {
	t.Helper()
	step := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	if startTLS != nil {
		step("STARTTLS", c.StartTLS(startTLS))
	}
	step("AUTH", c.Auth(auth))
	step("MAIL", c.Mail(from))
	step("RCPT", c.Rcpt(to))
	step("RCPT", c.Rcpt("someone@elsewhere.example"))
	w, err := c.Data()
	step("DATA", err)
	_, err = io.Copy(w, strings.NewReader(sample))
	step("DATA", err)
	step("DATA", w.Close())
	step("QUIT", c.Quit())
}
