package replay

import "strings"

// answer is a command's built-in answer: it writes the untagged responses and
// returns the completion, "" when it has been written already. An error ends
// the connection.
type answer func(*sess, *request) (string, error)

// The answers by the state a command needs. Those that wait for the client
// take the server's state themselves.
var (
	anyState = map[string]answer{
		"CAPABILITY": (*sess).capability, "NOOP": (*sess).noop, "CHECK": (*sess).noop, "LOGOUT": (*sess).logout, "ID": (*sess).identify,
	}
	waiting = map[string]answer{
		"STARTTLS": (*sess).starttls, "LOGIN": (*sess).login, "AUTHENTICATE": (*sess).login,
	}
	authenticated = map[string]answer{
		"ENABLE": (*sess).enable, "NAMESPACE": (*sess).namespaces, "LIST": (*sess).list, "LSUB": (*sess).list, "XLIST": (*sess).list,
		"STATUS": (*sess).statusOf, "SELECT": (*sess).selectMailbox, "EXAMINE": (*sess).selectMailbox, "CREATE": (*sess).create,
		"DELETE": (*sess).remove, "RENAME": (*sess).rename, "SUBSCRIBE": (*sess).subscribe, "UNSUBSCRIBE": (*sess).subscribe,
		"GETQUOTAROOT": (*sess).quota, "GETQUOTA": (*sess).quota, "APPEND": (*sess).append,
	}
	selected = map[string]answer{
		"CLOSE": (*sess).leave, "UNSELECT": (*sess).leave, "EXPUNGE": (*sess).expungeDeleted, "COPY": (*sess).copy, "MOVE": (*sess).copy,
		"STORE": (*sess).store, "SEARCH": (*sess).searchCommand, "SORT": (*sess).searchCommand, "THREAD": (*sess).searchCommand,
		"FETCH": (*sess).fetchCommand,
	}
)

func newRequest(cmd *command) *request {
	r := &request{cmd: cmd}
	r.name, r.rest, _ = strings.Cut(cmd.text, " ")
	if strings.EqualFold(r.name, "UID") {
		r.uid = true
		r.name, r.rest, _ = strings.Cut(r.rest, " ")
	}
	r.name = strings.ToUpper(r.name)
	r.args = tokens(r.rest, cmd.lits)
	return r
}

// builtin answers what the script leaves to it.
func (c *sess) builtin(r *request) (string, error) {
	if f := waiting[r.name]; f != nil {
		return f(c, r)
	}
	if r.name == "IDLE" && c.state >= stAuth {
		return c.idle(r)
	}
	c.hold()
	defer c.release()
	if f := anyState[r.name]; f != nil {
		return f(c, r)
	}
	if c.state < stAuth {
		c.bad("%s in the wrong state", r.name)
		return "BAD log in first", nil
	}
	if f := authenticated[r.name]; f != nil {
		return f(c, r)
	}
	f := selected[r.name]
	if f == nil {
		c.sv.log(c.id, "unscripted", "%s", r.cmd.text)
		return "BAD unknown command", nil
	}
	if c.state < stSel {
		c.bad("%s in the wrong state", r.name)
		return "BAD select a mailbox first", nil
	}
	return f(c, r)
}

func (c *sess) fetchCommand(r *request) (string, error) { return c.fetch(r.rest, r.uid, r.cmd) }

func (c *sess) subscribe(r *request) (string, error) { return "OK " + r.name + " completed", nil }
