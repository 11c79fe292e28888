package cards

import (
	"strings"

	"godwit/web/mailhtml"
)

const maxRecipients = 100

// Delivery is a delivery status report (RFC 3464): a bounce, a delay, or the confirmation of a delivery.
type Delivery struct {
	Reporter   string // the mail server that reports
	Recipients []Recipient
	More       int // recipients beyond maxRecipients
}

// Action is what became of a mail for one recipient.
type Action string

const (
	ActionFailed    Action = "failed"
	ActionDelayed   Action = "delayed" // the server goes on trying
	ActionDelivered Action = "delivered"
	ActionRelayed   Action = "relayed"  // to a server that sends no reports
	ActionExpanded  Action = "expanded" // to the members of a list
)

// Recipient is the fate of a mail for one address.
type Recipient struct {
	Address    string
	Original   string // as the sender wrote it, "" when the same
	Action     Action
	Status     string // "5.1.1", "" when none was given (RFC 3463)
	Words      string // what Status means, in plain English
	Diagnostic string // what the refusing server said
	Server     string // that server
	RetryUntil string // as the report writes it, for ActionDelayed
}

// Failed says whether the mail won't arrive.
func (r Recipient) Failed() bool { return r.Action == ActionFailed }

// DeliveryStatus reads a message/delivery-status part. ok is false when it tells of no recipient.
func DeliveryStatus(b []byte) (d Delivery, ok bool) {
	groups := fieldGroups(b)
	for i, g := range groups {
		if i == 0 {
			d.Reporter = typed(g["reporting-mta"])
		}
		address := typed(g["final-recipient"])
		original := typed(g["original-recipient"])
		if address == "" {
			address, original = original, ""
		}
		if address == "" && g["action"] == "" {
			continue
		}
		if len(d.Recipients) >= maxRecipients {
			d.More++
			continue
		}
		r := Recipient{Address: address, Status: statusCode(g["status"]), Diagnostic: typedText(g["diagnostic-code"]), Server: typed(g["remote-mta"]),
			RetryUntil: mailhtml.OneLine(g["will-retry-until"], 100)}
		if !strings.EqualFold(original, address) {
			r.Original = original
		}
		if r.Status == "" {
			r.Status = codeWithin(r.Diagnostic)
		}
		r.Action = action(g["action"], r.Status)
		r.Words = statusWords(r.Status, r.Action)
		d.Recipients = append(d.Recipients, r)
	}
	return d, len(d.Recipients) > 0
}

// Receipt is a message disposition notification (RFC 8098): what someone did with a mail of ours.
type Receipt struct {
	Recipient string // who reports
	Kind      string // "displayed", "deleted", "dispatched", "processed", "denied", "failed", or another word of the sender's program
	Automatic bool   // sent without a person's doing
	Program   string // the reporting program
	MessageID string // of the mail, without <>
	Error     string
}

// Disposition reads a message/disposition-notification part. ok is false when it doesn't say what happened.
func Disposition(b []byte) (r Receipt, ok bool) {
	fields := map[string]string{}
	for _, g := range fieldGroups(b) {
		for k, v := range g {
			if fields[k] == "" {
				fields[k] = v
			}
		}
	}
	mode, kind, found := strings.Cut(fields["disposition"], ";")
	if !found {
		kind = mode
	}
	kind, modifier, _ := strings.Cut(strings.TrimSpace(kind), "/")
	r = Receipt{
		Recipient: typed(fields["final-recipient"]),
		Kind:      strings.ToLower(mailhtml.OneLine(kind, 40)),
		Automatic: strings.Contains(strings.ToLower(mode), "automatic-action"),
		Program:   mailhtml.OneLine(strings.ReplaceAll(fields["reporting-ua"], ";", " "), maxName),
		MessageID: strings.Trim(mailhtml.OneLine(fields["original-message-id"], 500), "<> "),
		Error:     mailhtml.OneLine(fields["error"]+fields["failure"], 500),
	}
	if r.Error == "" && strings.EqualFold(modifier, "error") {
		r.Error = "error"
	}
	return r, r.Kind != ""
}

// fieldGroups reads groups of header fields with blank lines between, names in lower case. The first of a name in its group counts.
func fieldGroups(b []byte) []map[string]string {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(b[:min(len(b), maxInput)]))
	var groups []map[string]string
	group := map[string]string{}
	last := ""
	flush := func() {
		if len(group) > 0 && len(groups) < 10_000 {
			groups = append(groups, group)
			group = map[string]string{}
		}
		last = ""
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			flush()
		case line[0] == ' ' || line[0] == '\t':
			if last != "" && len(group[last]) < maxText {
				group[last] += " " + strings.TrimSpace(line)
			}
		default:
			name, value, found := strings.Cut(line, ":")
			name = strings.ToLower(strings.TrimSpace(name))
			if last = ""; found && len(group) < 50 && len(name) < 80 {
				if _, have := group[name]; !have {
					group[name] = strings.TrimSpace(value[:min(len(value), maxText)])
					last = name
				}
			}
		}
	}
	flush()
	return groups
}

// typed takes "rfc822;" or "dns;" off a value that stands in one line.
func typed(value string) string {
	if kind, rest, found := strings.Cut(value, ";"); found && !strings.ContainsAny(kind, "@ ") {
		value = rest
	}
	return strings.Trim(mailhtml.OneLine(value, maxName), "<>")
}

// typedText is typed for a diagnostic, which is longer.
func typedText(value string) string {
	if kind, rest, found := strings.Cut(value, ";"); found && !strings.Contains(strings.TrimSpace(kind), " ") {
		value = rest
	}
	return mailhtml.OneLine(value, 2000)
}

// statusCode reads "5.1.1 (user unknown)".
func statusCode(value string) string {
	value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
	parts := strings.Split(value, ".")
	if len(parts) != 3 || len(value) > 11 || value[0] != '2' && value[0] != '4' && value[0] != '5' {
		return ""
	}
	for _, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return value
}

// codeWithin finds an enhanced status code in a server's words.
func codeWithin(diagnostic string) string {
	for i, word := range strings.Fields(diagnostic) {
		if code := statusCode(strings.Trim(word, "#()[]:,")); code != "" {
			return code
		}
		if i > 20 {
			break
		}
	}
	return ""
}

func action(value, status string) Action {
	value, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(value)), " ")
	switch a := Action(value); a {
	case ActionFailed, ActionDelayed, ActionDelivered, ActionRelayed, ActionExpanded:
		return a
	}
	switch {
	case strings.HasPrefix(status, "2"):
		return ActionDelivered
	case strings.HasPrefix(status, "4"):
		return ActionDelayed
	}
	return ActionFailed
}

// statusWords says what an enhanced status code means (RFC 3463 and its registry). The detail is looked up first, then its subject.
func statusWords(status string, a Action) string {
	_, detail, found := strings.Cut(status, ".")
	if found {
		if words := statusDetails[detail]; words != "" {
			return words
		}
		subject, _, _ := strings.Cut(detail, ".")
		if words := statusSubjects[subject]; words != "" {
			return words
		}
	}
	switch a {
	case ActionDelayed:
		return "The mail couldn't be delivered yet."
	case ActionDelivered, ActionRelayed, ActionExpanded:
		return "The mail was passed on."
	}
	return "The mail couldn't be delivered."
}

var statusDetails = map[string]string{
	"0.0":  "", // "other": says nothing
	"1.0":  "There is something wrong with the address.",
	"1.1":  "There is no such address at the recipient's mail server.",
	"1.2":  "The recipient's mail domain doesn't exist or takes no mail.",
	"1.3":  "The address isn't written correctly.",
	"1.4":  "The address fits several recipients.",
	"1.5":  "The address is valid.",
	"1.6":  "The recipient has moved and left no new address.",
	"1.7":  "Your own address isn't written correctly.",
	"1.8":  "Your own mail domain wasn't found by the recipient's server.",
	"1.10": "The recipient's domain accepts no mail.",
	"2.0":  "There is something wrong with the recipient's mailbox.",
	"2.1":  "The recipient's mailbox is switched off and takes no mail.",
	"2.2":  "The recipient's mailbox is full.",
	"2.3":  "The mail is larger than the recipient may receive.",
	"2.4":  "The mailing list couldn't be expanded.",
	"3.1":  "The recipient's mail server has no space left.",
	"3.2":  "The recipient's mail server takes no mail at the moment.",
	"3.4":  "The mail is too large for the recipient's server.",
	"4.1":  "The recipient's mail server doesn't answer.",
	"4.2":  "The connection to the recipient's mail server broke.",
	"4.3":  "The name of the recipient's mail server couldn't be looked up.",
	"4.4":  "No mail server is known for the recipient's domain.",
	"4.5":  "The recipient's mail server is too busy.",
	"4.6":  "The mail went in a circle between servers.",
	"4.7":  "The mail couldn't be delivered within the time allowed.",
	"5.2":  "The recipient's mail server didn't understand a command.",
	"5.3":  "The mail has too many recipients.",
	"6.0":  "The recipient's server can't handle the kind of content.",
	"7.0":  "The recipient's server refused the mail by its rules.",
	"7.1":  "The recipient's server refused the mail by its rules.",
	"7.2":  "You may not write to this mailing list.",
	"7.23": "The recipient's server couldn't confirm that you may send from your domain (SPF).",
	"7.25": "The name of the sending server couldn't be confirmed.",
	"7.26": "The recipient's server couldn't confirm who sent the mail (SPF, DKIM or DMARC).",
	"7.27": "Your own mail domain takes no mail, so answers couldn't reach you.",
}

var statusSubjects = map[string]string{
	"1": "There is something wrong with the address.",
	"2": "There is something wrong with the recipient's mailbox.",
	"3": "There is something wrong with the recipient's mail system.",
	"4": "The recipient's mail server couldn't be reached.",
	"5": "The mail servers didn't understand each other.",
	"6": "The recipient's server can't handle the content of the mail.",
	"7": "The recipient's server refused the mail by its rules.",
}
