// Package imaptest gives tests mail servers to talk to.
//
// Memory is the server of package memory, new for each test. Dovecot is a private Dovecot process, one for
// the whole test binary, which ends when the binary does, however it ends. Each runs a test on both.
// All of them take any user with the password "pass"; a test that asks User for its own
// name shares no mail with other tests. Beside IMAP each has a submission server that keeps what it
// was given and delivers it to the same users.
//
// Every Server value has ports of its own, even when the process behind it is shared, so that
// Kill, Stop and Restart harm one test alone.
//
// The servers' goroutines end with the test. A test that looks for leaks itself passes goleak.IgnoreCurrent, taken
// after the server was asked for.
//
// The package must not import imapsession, whose own tests use it.
package imaptest
