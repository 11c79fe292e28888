package imapsession

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"godwit/imapsession/imaptest"
)

func TestChooseFeatures(t *testing.T) {
	for _, tt := range []struct {
		caps string
		want features
	}{
		{"IMAP4rev1", features{}},
		{"IMAP4rev1 move UidPlus", features{move: true, uidPlus: true}},
		{"IMAP4rev1 QRESYNC", features{qresync: true, condStore: true}},
		{"IMAP4rev1 APPENDLIMIT=35651584 QUOTA=RES-STORAGE", features{appendLimit: true, quota: true}},
		{"IMAP4rev1 THREAD=ORDEREDSUBJECT THREAD=REFERENCES", features{thread: "REFERENCES"}},
		{"IMAP4rev1 THREAD=REFERENCES THREAD=REFS", features{thread: "REFS"}},
		{"IMAP4rev1 LITERAL+", features{literalPlus: true, literalMinus: true}},
		{"IMAP4rev2", features{rev2: true, namespace: true, unselect: true, uidPlus: true, esearch: true, enable: true, idle: true,
			saslIR: true, listExtended: true, listStatus: true, move: true, literalMinus: true, statusSize: true, children: true}},
	} {
		if got := chooseFeatures(strings.Fields(tt.caps)); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("chooseFeatures(%q) = %+v, want %+v", tt.caps, got, tt.want)
		}
	}
}

func TestClientCaps(t *testing.T) {
	for _, tt := range []struct{ caps, want string }{
		{"", "IMAP4rev1"},
		{"IMAP4 IMAP4rev1 idle", "IMAP4rev1 IDLE IMAP4"},
		{"IMAP4rev1 UTF8=ACCEPT X(Y %bad", "IMAP4rev1"},
		{"IMAP4rev1 IMAP4rev2", "IMAP4rev1 CHILDREN ENABLE ESEARCH IDLE LIST-EXTENDED LIST-STATUS LITERAL- MOVE NAMESPACE SASL-IR SEARCHRES STATUS=SIZE UIDPLUS UNSELECT"},
	} {
		if got := strings.Join(clientCaps(strings.Fields(tt.caps)), " "); got != tt.want {
			t.Errorf("clientCaps(%q) = %q, want %q", tt.caps, got, tt.want)
		}
	}
}

func TestReport(t *testing.T) {
	all := chooseFeatures(strings.Fields("IMAP4rev2 SPECIAL-USE CREATE-SPECIAL-USE ACL QUOTA SORT SORT=DISPLAY THREAD=REFS PREVIEW MULTISEARCH SEARCH=FUZZY QRESYNC NOTIFY OBJECTID REPLACE CATENATE URLAUTH APPENDLIMIT"))
	for _, f := range all.report() {
		if f.State != FeatureFull {
			t.Errorf("%s is %s where everything is offered", f.Name, f.State)
		}
	}
	states := make(map[string]FeatureState)
	for _, f := range (features{}).report() {
		states[f.Name] = f.State
		if f.State == FeatureFull || f.Effect == "" || f.Extension == "" {
			t.Errorf("%+v where nothing is offered", f)
		}
	}
	for name, want := range map[string]FeatureState{"Sorting": FeatureMissing, "Conversations": FeatureDegraded, "Moving mail": FeatureDegraded, "Storage limit": FeatureMissing} {
		if states[name] != want {
			t.Errorf("%s is %q where nothing is offered, want %q", name, states[name], want)
		}
	}
}

func TestFeatures(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		s := signedIn(t, srv, srv.User(t), nil)
		list, err := s.Features(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Sorting", "Moving mail", "Live changes in the open folder", "Special folders"} {
			i := slices.IndexFunc(list, func(f Feature) bool { return f.Name == name })
			if i < 0 || list[i].State != FeatureFull {
				t.Errorf("%s is not full: %+v", name, list)
			}
		}
	})
}

func TestQuota(t *testing.T) {
	imaptest.Each(t, func(t *testing.T, srv *imaptest.Server) {
		user := srv.User(t)
		srv.Append(t, user, "INBOX", []byte(strings.Repeat("x", 4096)))
		s := signedIn(t, srv, user, nil)
		used, limit, ok, err := s.Quota(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ok && (used < 4096 || limit <= used) || !ok && srv.Name == "memory" {
			t.Errorf("Quota() = %d, %d, %v", used, limit, ok)
		}
	})
}

func TestQuotaOfManyRoots(t *testing.T) {
	for _, tt := range []struct {
		answer      string
		used, limit int64
		ok          bool
	}{
		{`* QUOTAROOT INBOX "" x` + "\n" + `* QUOTA "" (STORAGE 10 100)` + "\n" + `* QUOTA x (MESSAGE 1 2 STORAGE 90 100)` + "\n$ OK", 90 << 10, 100 << 10, true},
		{`* QUOTAROOT INBOX` + "\n$ OK", 0, 0, false},
		{`* QUOTA "" (MESSAGE 1 2)` + "\n$ OK", 0, 0, false},
		{`* QUOTA "" (STORAGE 1 0)` + "\n$ OK", 0, 0, false},
		{`* QUOTA "" (STORAGE -5 99999999999999999999999999)` + "\n$ OK", 0, 1<<63 - 1024, true},
		{`* QUOTA ""` + "\n$ NO", 0, 0, false},
	} {
		_, s := listServer(t, "IMAP4rev1 QUOTA", map[string]string{"GETQUOTAROOT": tt.answer})
		used, limit, ok, err := s.Quota(t.Context())
		if err != nil || used != tt.used || limit != tt.limit || ok != tt.ok {
			t.Errorf("Quota() after %q = %d, %d, %v, %v, want %d, %d, %v", tt.answer, used, limit, ok, err, tt.used, tt.limit, tt.ok)
		}
	}
}
