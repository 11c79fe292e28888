package replay

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// reading is a transcript file being read.
type reading struct {
	file  string
	lines []string
	at    int // the line being read
	s     *Script
	rule  *Rule    // S and X lines belong to it
	mbox  *Mailbox // message lines do
	msg   *Msg     // envelope, structure, size, attr and always lines do
}

// Parse reads a transcript file. The error names file and line.
func Parse(file string) (*Script, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &Script{File: file, User: "alice", Pass: "pass", TLS: "none", Caps: "IMAP4rev1", Delim: "/", Continuation: "+ go on", Data: map[string][]byte{}}
	r := &reading{file: file, lines: strings.Split(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), s: s}
	for ; r.at < len(r.lines); r.at++ {
		line := r.lines[r.at]
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		begun := r.at
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, begun+1, err)
		}
	}
	if s.Title == "" || len(s.Expect) == 0 {
		return nil, fmt.Errorf("%s: a title and something to expect are needed", file)
	}
	return s, nil
}

func (r *reading) line(line string) error {
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return fmt.Errorf("no colon in %q", line)
	}
	value = strings.TrimPrefix(value, " ")
	if r.setting(key, value) {
		return nil
	}
	switch key {
	case "mailbox":
		return r.mailbox(value)
	case "message":
		return r.message(value)
	case "envelope", "structure", "size", "always", "attr":
		return r.detail(key, unescape(value))
	case "data":
		name, body, err := r.heredoc(value)
		r.s.Data[name] = body
		return err
	case "gen":
		name, size, _ := strings.Cut(value, " ")
		n, err := strconv.Atoi(size)
		r.s.Data[name] = genMessage(name, n)
		return err
	case "on", "before", "tail", "C", "idle":
		return r.newRule(key, value)
	case "S", "X":
		if r.rule == nil {
			return fmt.Errorf("%s outside a rule", key)
		}
		r.rule.Steps = append(r.rule.Steps, Step{key, value})
		return nil
	}
	return fmt.Errorf("unknown key %q", key)
}

// setting takes the keys that say something of the server as a whole.
func (r *reading) setting(key, value string) bool {
	s := r.s
	switch key {
	case "title":
		s.Title = value
	case "quirk":
		s.Quirk = append(s.Quirk, value)
	case "expect":
		s.Expect = append(s.Expect, value)
	case "source":
		s.Source = append(s.Source, value)
	case "user":
		s.User, s.Pass, _ = strings.Cut(value, " ")
	case "tls":
		s.TLS = value
	case "greeting":
		s.Greeting = unescape(value)
		s.Preauth = strings.HasPrefix(strings.ToUpper(value), "* PREAUTH")
	case "caps-pre":
		s.CapsPre = value
	case "caps-tls":
		s.CapsTLS = value
	case "caps":
		s.Caps = value
	case "caps-in-login":
		s.CapsInLogin = value == "yes"
	case "fetch-order":
		s.Reverse = value == "reverse"
	case "strict":
		s.Strict = value == "yes"
	case "delim":
		s.Delim = value
	case "namespace":
		s.Namespace = value
	case "continuation":
		s.Continuation = unescape(value)
	default:
		return false
	}
	return true
}

// heredoc reads "head <<EOF" and the lines up to EOF, which become CRLF lines.
func (r *reading) heredoc(value string) (head string, body []byte, err error) {
	head, mark, ok := strings.Cut(value, "<<")
	if !ok {
		return value, nil, nil
	}
	mark = strings.TrimSpace(mark)
	var b strings.Builder
	for r.at++; r.at < len(r.lines); r.at++ {
		if r.lines[r.at] == mark {
			return strings.TrimSpace(head), []byte(unescape(b.String())), nil
		}
		b.WriteString(r.lines[r.at] + "\r\n")
	}
	return "", nil, fmt.Errorf("no line %s", mark)
}

func (r *reading) mailbox(value string) error {
	words, err := fields(value)
	if err != nil || len(words) == 0 {
		return fmt.Errorf("a mailbox without a name (%v)", err)
	}
	m := &Mailbox{Name: unescape(words[0]), UIDValidity: 1700000000}
	for _, option := range words[1:] {
		k, v, _ := strings.Cut(option, "=")
		switch k {
		case "attrs":
			m.Attrs = strings.ReplaceAll(v, ",", " ")
			attrs := strings.ToLower(v)
			m.NoSelect = strings.Contains(attrs, `\noselect`) || strings.Contains(attrs, `\nonexistent`)
		case "wire":
			m.Wire = unescape(v)
		case "uidvalidity":
			m.UIDValidity = number(v)
		case "uidnext":
			m.UIDNext = number(v)
		case "readonly":
			m.ReadOnly = true
		case "norecent":
			m.NoRecent = true
		case "uidnotsticky":
			m.NotSticky = true
		case "nopermflags":
			m.NoPerm = true
		default:
			return fmt.Errorf("mailbox option %q", option)
		}
	}
	r.s.Mailboxes = append(r.s.Mailboxes, m)
	r.mbox, r.rule = m, nil
	return nil
}

func (r *reading) message(value string) error {
	if r.mbox == nil {
		return fmt.Errorf("a message before any mailbox")
	}
	head, body, err := r.heredoc(value)
	if err != nil {
		return err
	}
	words, err := fields(head)
	if err != nil {
		return err
	}
	m := &Msg{Flags: map[string]bool{}, Raw: body, Date: "17-Jul-2024 02:44:25 -0700", Attr: map[string]string{}}
	for _, option := range words {
		if err := r.messageOption(m, option); err != nil {
			return err
		}
	}
	if m.UID == 0 {
		m.UID = max(r.mbox.UIDNext, 1)
	}
	if r.mbox.UIDNext <= m.UID && m.UID != 1<<32-1 {
		r.mbox.UIDNext = m.UID + 1
	}
	r.mbox.Msgs = append(r.mbox.Msgs, m)
	r.msg, r.rule = m, nil
	return nil
}

func (r *reading) messageOption(m *Msg, option string) error {
	k, v, _ := strings.Cut(option, "=")
	switch k {
	case "uid":
		m.UID = number(v)
	case "flags":
		for f := range strings.SplitSeq(v, ",") {
			m.Flags[f] = true
		}
	case "date":
		m.Date = v
	case "name":
		m.Name = v
	case "hidden":
		m.Hidden = true
	case "file":
		b, err := os.ReadFile(filepath.Join(filepath.Dir(r.file), v))
		m.Raw = crlf(b)
		return err
	case "data":
		m.Raw = r.s.Data[v]
	default:
		return fmt.Errorf("message option %q", option)
	}
	return nil
}

// detail takes a line about the message above it.
func (r *reading) detail(key, value string) error {
	if r.msg == nil {
		return fmt.Errorf("%s before any message", key)
	}
	switch key {
	case "envelope":
		r.msg.Envelope = value
	case "structure":
		r.msg.Structure = value
	case "size":
		r.msg.Size = value
	case "always":
		r.msg.Always = value
	case "attr":
		name, v, _ := strings.Cut(value, " ")
		r.msg.Attr[strings.ToUpper(name)] = v
	}
	return nil
}

func (r *reading) newRule(key, value string) error {
	rule := &Rule{Kind: key, Src: value}
	r.rule = rule
	pattern, err := rule.options(value)
	if err != nil {
		return err
	}
	switch {
	case key == "idle":
		r.s.Idle = append(r.s.Idle, rule)
		return nil
	case key == "C":
		rule.Kind = "seq"
	case key == "on" && strings.Contains(pattern, "<literal>"):
		rule.Kind = "prelit"
	}
	rule.Re, err = regexp.Compile(`(?is)^(?:` + pattern + `)$`)
	r.s.Rules = append(r.s.Rules, rule)
	return err
}

// options cuts times= and after= off the end and returns what stands before.
func (rule *Rule) options(value string) (string, error) {
	for {
		i := strings.LastIndexByte(value, ' ')
		last := value[i+1:]
		var err error
		if v, ok := strings.CutPrefix(last, "times="); ok {
			rule.Times, err = strconv.Atoi(v)
		} else if v, ok := strings.CutPrefix(last, "after="); ok {
			rule.After, err = time.ParseDuration(v)
		} else {
			return value, nil
		}
		if err != nil {
			return "", err
		}
		value = strings.TrimSpace(value[:max(i, 0)])
	}
}

var hexEsc = regexp.MustCompile(`%\(([0-9a-fA-F ]+)\)`)

// unescape fills in %(hex octets).
func unescape(s string) string {
	return hexEsc.ReplaceAllStringFunc(s, func(m string) string {
		b, err := hex.DecodeString(strings.ReplaceAll(m[2:len(m)-1], " ", ""))
		if err != nil {
			return m
		}
		return string(b)
	})
}

// crlf makes every line end CRLF.
func crlf(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}

// fields splits on spaces outside double quotes; key="a b" keeps its value unquoted.
func fields(s string) ([]string, error) {
	var out []string
	var cur strings.Builder
	in, has := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"':
			in = !in
			has = true
		case c == ' ' && !in:
			if has || cur.Len() > 0 {
				out = append(out, cur.String())
				cur.Reset()
				has = false
			}
		default:
			cur.WriteByte(c)
		}
	}
	if in {
		return nil, fmt.Errorf("open quote in %q", s)
	}
	if has || cur.Len() > 0 {
		out = append(out, cur.String())
	}
	return out, nil
}

// genMessage is a text message of about n octets.
func genMessage(name string, n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Gen <gen@example.org>\r\nTo: alice@example.org\r\nSubject: %s (%d bytes)\r\nDate: Wed, 17 Jul 2024 02:44:25 -0700\r\nMessage-ID: <%s@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", name, n, name)
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%08d the quick brown fox jumps over the lazy dog and back again, twice.\r\n", i)
	}
	return b.Bytes()
}
