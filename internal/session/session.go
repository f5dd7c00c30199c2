package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"nemith.io/netconf"
)

// session is one open NETCONF session. Its methods rpc and close are called one at a time: the NETCONF library has a data race
// between Close and Do.
type session struct {
	hello     Hello
	opened    time.Time
	transport *transport
	stream    stream
	netconf   *netconf.Session
	owner     atomic.Pointer[Client] // see Client.TakeOver

	replies           int          // rpcs answered so far
	keepaliveAnswered bool         // written by ping, read by drop once ping has timed out
	busy              atomic.Bool  // an rpc is in flight
	lastUse           atomic.Int64 // Unix nanoseconds of the end of the last rpc
}

// openSession starts a stream and exchanges hellos on it. If that fails, it closes the stream.
// The hello timeout covers all of it: a server at its limit of sessions may accept the login and then send nothing.
func (d *dial) openSession(ctx context.Context, on stream) (*session, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Hello)
	defer cancel()
	conn := on.connection()
	s := &session{stream: on, opened: began}
	s.transport = newTransport(on.close)
	s.transport.traffic = &conn.traffic
	conn.onFlood(s.transport.fail)
	late := func() { s.transport.fail(helloTimeout(ctx.Err())) }
	defer context.AfterFunc(ctx, late)()
	err := guard(s.negotiate)
	if err != nil {
		if ctx.Err() != nil && !errors.Is(err, ctx.Err()) && reasonOf(err) != ReasonNoNetconf {
			// The time ended as the login did, and the end of the login's context closed the connection.
			late()
			err = s.transport.cause()
		}
		s.transport.fail(err)
		err = helloError(d.hostPort, err)
		d.trace.end("hello", began, err, "")
		return nil, err
	}
	framing := "base:1.0"
	if s.hello.chunked() {
		framing = "base:1.1"
	}
	d.trace.end("hello", began, nil, fmt.Sprintf("%s, %d capabilities, session-id %s", framing, len(s.hello.Capabilities), s.hello.SessionID))
	s.lastUse.Store(time.Now().UnixNano())
	conn.traffic.begin(time.Now())
	return s, nil
}

func (s *session) negotiate() error {
	err := s.stream.start()
	if err != nil {
		return s.startError(err)
	}
	s.transport.attach(s.stream, s.stream)
	if s.hello, err = exchangeHellos(s.transport); err != nil {
		if err = s.withComplaint(err); errors.Is(err, errClosed) {
			// OpenSSH keeps what a subsystem writes to stderr to itself.
			err = fmt.Errorf("%w before its hello; its netconf subsystem may not start, see the device's log", err)
		}
		return err
	}
	// From here on the library reads the stream in the form that it expects. Its own handshake exchanges nothing with the device.
	s.transport.chunked = s.hello.chunked()
	s.netconf, err = netconf.NewSession(s.transport, netconf.WithLogger(nil), netconf.WithHelloTimeout(0))
	return err
}

// startError is why the stream did not start: the deadline, a refusal, or the device closed the connection.
func (s *session) startError(err error) error {
	if cause := s.transport.cause(); cause != nil {
		return cause
	}
	if reasonOf(err) == ReasonNoNetconf {
		return err
	}
	return s.withComplaint(fmt.Errorf("the device ended the connection after the login: %w", err))
}

// withComplaint adds what the device wrote beside the session to the error of a lost one: a subsystem that cannot start writes there.
func (s *session) withComplaint(err error) error {
	if errors.Is(err, errClosed) || errors.Is(err, errTruncated) {
		if line := s.stream.complaint(); line != "" {
			return fmt.Errorf("%w; it wrote to stderr: %q", err, line)
		}
	}
	return err
}

// rpc sends one operation and passes the reply to read. After an error the session cannot be used: the rest of this reply would
// be read as the next one.
func (s *session) rpc(ctx context.Context, operation string, read func(io.Reader) error) (got progress, err error) {
	began := time.Now()
	s.busy.Store(true)
	defer func() {
		s.lastUse.Store(time.Now().UnixNano())
		s.busy.Store(false)
	}()
	defer context.AfterFunc(ctx, func() { s.transport.fail(ctx.Err()) })()
	// The library's Do leaks its receive loop when its context ends as the reply arrives; closing the transport ends it.
	message, err := s.netconf.Do(context.Background(), netconf.NewRPC(operation))
	if err != nil {
		if cause := s.transport.cause(); cause != nil {
			err = s.withComplaint(cause)
		}
		s.transport.fail(err)
		return got, rpcError(ctx, began, got, err)
	}
	stream := &replyReader{reader: message, began: began}
	if _, err = io.CopyN(io.Discard, message, int64(len(envelope(message.MessageID())))); err == nil {
		err = guard(func() error { return read(stream) })
	}
	if err == nil {
		err = stream.err
	}
	if err != nil {
		err = s.withComplaint(err)
		s.transport.fail(err)
		message.Close() // after the transport: it reads to the end of the reply
		return stream.progress, rpcError(ctx, began, stream.progress, err)
	}
	// The reply is complete. If the end of its frame does not arrive, the transport is closed and the next rpc fails.
	message.Close()
	s.replies++
	return stream.progress, nil
}

// close sends close-session and waits for the answer until ctx ends (RFC 6241 section 7.8). Without it, devices keep the session
// for long. If the transport is closed, it returns at once. Call it for every session: it ends the library's send loop.
func (s *session) close(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { s.transport.Close() })()
	s.netconf.Close(context.Background())
}

// progress is how much of a reply has arrived.
type progress struct {
	bytes int64
	first time.Duration // from the request to the first byte
}

// replyReader counts the bytes of a reply and keeps the error that ended it, in case read does not return that error.
type replyReader struct {
	progress
	reader io.Reader
	began  time.Time
	err    error
}

func (r *replyReader) Read(p []byte) (int, error) {
	n, err := r.reader.Read(p)
	if r.bytes == 0 && n > 0 {
		r.first = time.Since(r.began)
	}
	r.bytes += int64(n)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
