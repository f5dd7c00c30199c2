package session

import "io"

// stream is what a session runs on once the device is logged in to: a channel of an SSH connection, or a TLS connection. Whether the
// connection below it was dialled or accepted makes no difference.
type stream interface {
	// start asks for NETCONF where it has to be asked for. Nothing else is called before, but close.
	start() error
	io.Reader
	io.Writer
	// close ends it, with reads and writes under way. It is called once.
	close()
	// connection is what its octets arrive on.
	connection() *connection
	// complaint is what the device wrote beside the session; "" for nothing. It may wait until a stream has ended that does so.
	complaint() string
}

// pinger is a stream that can ask the device for a sign of life.
type pinger interface {
	ping() // returns with the answer, or when the stream ends
}
