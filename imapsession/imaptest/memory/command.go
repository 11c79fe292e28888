package memory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxLine is how long a command may be without its literals, in octets: a set of some 100,000 UIDs.
const maxLine = 1 << 20

// maxNonSync is the longest literal a client may send unasked (LITERAL-, RFC 7888).
const maxNonSync = 4096

// command is what the client asks. Literals are put back in place as tokens.
type command struct {
	tag  string
	name string // upper case; without "UID ", which uid tells
	uid  bool
	args []token
}

type tokenKind int

const (
	atom tokenKind = iota
	text           // quoted string or literal
	list
)

type token struct {
	kind tokenKind
	str  string
	data []byte // a literal's content; str is empty then
	list []token
}

// String is the value of an astring: atom, quoted string or literal.
func (t token) String() string {
	if t.data != nil {
		return string(t.data)
	}
	return t.str
}

// is tells whether t is the atom name, in any case.
func (t token) is(name string) bool { return t.kind == atom && strings.EqualFold(t.str, name) }

// arg is the i-th argument's value, "" when there is none.
func (c *command) arg(i int) string {
	if i < len(c.args) {
		return c.args[i].String()
	}
	return ""
}

var (
	errSyntax  = errors.New("syntax error")
	errTooLong = errors.New("line too long")
)

// tooBigError refuses a literal before it is sent.
type tooBigError struct{ tag string }

func (e *tooBigError) Error() string { return "literal too big" }

// readCommand reads one command with its literals, asking for those through more. A command that cannot
// be parsed comes with its tag and errSyntax: the connection can go on.
func readCommand(r *bufio.Reader, maxLiteral int64, more func() error) (*command, error) {
	var line []byte
	var literals [][]byte
	for {
		part, err := readLine(r, maxLine-len(line))
		if err != nil {
			return nil, err
		}
		line = append(line, part...)
		size, sync, ok := literalSize(part)
		if !ok {
			break
		}
		if size > maxLiteral || !sync && size > maxNonSync {
			if !sync {
				return nil, errTooLong // what follows cannot be told from commands
			}
			tag, _, _ := strings.Cut(string(line), " ")
			return nil, &tooBigError{tag}
		}
		if sync {
			if err := more(); err != nil {
				return nil, err
			}
		}
		data := make([]byte, size)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, err
		}
		literals = append(literals, data)
		line = append(line, 0)
	}
	return parseCommand(string(line), literals)
}

// readLine reads a line without its end. A NUL, which marks literals in what parseCommand gets, is refused.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, errTooLong
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(line, 0) >= 0 {
			return nil, errTooLong
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
	}
}

// literalSize reads {12}, {12+} and {12-} at the end of a line.
func literalSize(line []byte) (size int64, sync, ok bool) {
	i := bytes.LastIndexByte(line, '{')
	if i < 0 || !bytes.HasSuffix(line, []byte("}")) {
		return 0, false, false
	}
	digits := string(line[i+1 : len(line)-1])
	trimmed := strings.TrimRight(digits, "+-")
	n, err := strconv.ParseUint(trimmed, 10, 62)
	if err != nil || len(digits)-len(trimmed) > 1 {
		return 0, false, false
	}
	return int64(n), digits == trimmed, true
}

func parseCommand(line string, literals [][]byte) (*command, error) {
	c := &command{}
	var rest string
	c.tag, rest, _ = strings.Cut(line, " ")
	name, rest, _ := strings.Cut(rest, " ")
	c.name = strings.ToUpper(name)
	if c.name == "UID" {
		c.uid = true
		name, rest, _ = strings.Cut(rest, " ")
		c.name = strings.ToUpper(name)
	}
	if c.tag == "" || strings.ContainsAny(c.tag, "(){%*\"\\+") {
		return &command{tag: "*"}, errSyntax
	}
	l := lexer{rest: rest, literals: literals}
	args, err := l.tokens(0)
	if err == nil && l.rest != "" {
		err = fmt.Errorf("%w: %q", errSyntax, l.rest)
	}
	c.args = args
	return c, err
}

type lexer struct {
	rest     string
	literals [][]byte
}

const maxNesting = 100

// tokens reads up to the end, or the ")" that ends a list, which it takes too.
func (l *lexer) tokens(depth int) ([]token, error) {
	if depth > maxNesting {
		return nil, errSyntax
	}
	var out []token
	for l.rest != "" {
		switch l.rest[0] {
		case ' ':
			l.rest = l.rest[1:]
		case ')':
			if depth == 0 {
				return out, errSyntax
			}
			l.rest = l.rest[1:]
			return out, nil
		case '(':
			l.rest = l.rest[1:]
			inner, err := l.tokens(depth + 1)
			if err != nil {
				return out, err
			}
			out = append(out, token{kind: list, list: inner})
		case '"':
			s, err := l.quoted()
			if err != nil {
				return out, err
			}
			out = append(out, token{kind: text, str: s})
		default:
			out = append(out, l.word())
		}
	}
	if depth > 0 {
		return out, errSyntax
	}
	return out, nil
}

func (l *lexer) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(l.rest); i++ {
		switch c := l.rest[i]; c {
		case '"':
			l.rest = l.rest[i+1:]
			return b.String(), nil
		case '\\':
			i++
			if i == len(l.rest) {
				return "", errSyntax
			}
			b.WriteByte(l.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", errSyntax
}

// word reads an atom, or the literal that its marker stands for. What is in brackets belongs to the atom with
// spaces, lists and quotes: BODY[HEADER.FIELDS ("From")].
func (l *lexer) word() token {
	end, brackets, quoted := 0, 0, false
	for ; end < len(l.rest); end++ {
		c := l.rest[end]
		if c == '"' && brackets > 0 {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '[' {
			brackets++
		} else if c == ']' && brackets > 0 {
			brackets--
		}
		if brackets == 0 && (c == ' ' || c == '(' || c == ')') {
			break
		}
	}
	word := l.rest[:end]
	l.rest = l.rest[end:]
	if strings.HasSuffix(word, "}\x00") && len(l.literals) > 0 {
		t := token{kind: text, data: l.literals[0]}
		l.literals = l.literals[1:]
		return t
	}
	return token{kind: atom, str: word}
}

// quote prints a string as IMAP wants it: quoted when it can be, else as a literal.
func quote(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return "{" + strconv.Itoa(len(s)) + "}\r\n" + s
		}
	}
	if !strings.ContainsAny(s, `"\`) {
		return `"` + s + `"`
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// nstring is quote, with NIL for the empty string.
func nstring(s string) string {
	if s == "" {
		return "NIL"
	}
	return quote(s)
}
