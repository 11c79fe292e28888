// Package bench measures the true program against the floor: a client that asks the mail server for the least that the
// same action needs, over a connection that is signed in and has the mailbox open. Both take turns in the same run, so that
// what else the machine does hits them alike; figures are worth their ratio, not their milliseconds.
//
// "bash testdata/bench.sh" runs it and prints the table. Bars that depend on how fast the machine is are scaled by what the
// floor takes here against what it took where the bar was set.
package bench
