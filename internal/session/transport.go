package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"nemith.io/netconf"
)

const (
	// maxRoot is the most octets up to the end of a root element's start tag.
	maxRoot = 16 << 10
	// maxIgnored and maxIgnoredBytes limit the messages between two replies that answer no request (empty ones,
	// notifications, late replies). Without a limit, a device that sends only those would block a read for ever.
	maxIgnored      = 1000
	maxIgnoredBytes = 16 << 20
	// minFirstRequest is the least octets of the first rpc of a session, twice what netconfd (yuma123 2.13) reads at once.
	//
	// A netconfd that is busy finds our hello and our first rpc in one read. It handles the hello, keeps the rest for later, and looks
	// at it when more arrives: after a whole rpc, never. Of an rpc that is longer than one read, more always arrives.
	minFirstRequest = 2048
)

// transport is the transport.Transport of the library's Session. The library expects well-formed NETCONF. The transport makes
// that of what devices send:
//
//   - The hellos are exchanged beforehand (exchangeHellos); the library's own hello is discarded, and the
//     library reads a made-up one.
//   - A reply begins with a synthetic <rpc-reply> that names the request it answers, because the library wants to see the
//     whole start tag in the first Read, in the base namespace, with its message-id. The device's octets follow untouched.
//   - Messages that answer no request are skipped: notifications, echoes of the request, late or repeated hellos.
type transport struct {
	in      *input
	out     io.Writer
	traffic *traffic

	chunked      bool // set before the library's loops start
	helloRead    bool // the library has read its hello
	helloWritten bool // the library has written its hello
	requested    bool // the first rpc has been written

	ignored      int
	ignoredBytes int64

	mu          sync.Mutex
	outstanding []string // message-ids as written, the oldest first
	err         error    // why the transport is closed
	closeStream func()
	closed      chan struct{}
}

// newTransport returns a transport without streams; attach sets them. closeStream ends their pending reads and writes and is
// called once.
func newTransport(closeStream func()) *transport {
	return &transport{closeStream: closeStream, closed: make(chan struct{}), traffic: &traffic{}}
}

func (t *transport) attach(in io.Reader, out io.Writer) {
	t.in = newInput(watchedReader{in, t.traffic})
	t.out = out
}

// Upgrade switches to chunked framing; the library calls it when both hellos announce base:1.1. Without this method the
// library would keep the framing of base:1.0.
func (t *transport) Upgrade() { t.chunked = true }

// Close closes the stream if it is open.
func (t *transport) Close() error {
	t.fail(errors.New("the session is closed"))
	return nil
}

// fail closes the stream and keeps the first error given.
func (t *transport) fail(err error) {
	t.mu.Lock()
	first := t.err == nil
	if first {
		t.err = err
	}
	t.mu.Unlock()
	if first {
		t.closeStream()
		close(t.closed)
	}
}

// cause returns why the transport is closed, or nil while it is open.
func (t *transport) cause() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// MsgWriter returns a writer of one message, which is sent when it is closed.
func (t *transport) MsgWriter() (io.WriteCloser, error) {
	if err := t.cause(); err != nil {
		return nil, err
	}
	if !t.helloWritten {
		t.helloWritten = true
		return discard{}, nil
	}
	message := &request{transport: t}
	message.WriteString(xmlDeclaration)
	return message, nil
}

// discard is the writer of the library's own hello.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// request collects an rpc and sends it in one write.
type request struct {
	bytes.Buffer
	transport *transport
}

func (r *request) Close() error {
	t := r.transport
	if !t.requested {
		t.requested = true
		r.pad(minFirstRequest)
	}
	if tag, ok, err := findRoot(r.Bytes()); ok && err == nil {
		t.mu.Lock()
		t.outstanding = append(t.outstanding, tag.messageID)
		t.mu.Unlock()
	}
	if err := writeFrame(t.out, r.Bytes(), t.chunked); err != nil {
		t.fail(fmt.Errorf("%w: %w", errSend, err))
		return t.cause()
	}
	return nil
}

// pad makes the rpc at least size octets long, by white space before its end tag.
func (r *request) pad(size int) {
	text := r.Bytes()
	end := bytes.LastIndex(text, []byte("</"))
	if end < 0 || len(text) >= size {
		return
	}
	space := bytes.Repeat([]byte(" "), size-len(text))
	padded := slices.Concat(text[:end], space, text[end:])
	r.Reset()
	r.Write(padded)
}

// MsgReader returns the next reply to an outstanding request. It closes the transport before it returns an error: the library's
// receive loop then ends, and a request that is registered meanwhile fails when it is written.
func (t *transport) MsgReader() (io.ReadCloser, error) {
	if !t.helloRead {
		t.helloRead = true
		return io.NopCloser(strings.NewReader(plainHello(t.chunked))), nil
	}
	var next *reply
	err := guard(func() (err error) { next, err = t.nextReply(); return err })
	if err != nil {
		t.fail(err)
		return nil, err
	}
	return next, nil
}

func (t *transport) nextReply() (*reply, error) {
	for {
		message := &frame{in: t.in, chunked: t.chunked}
		head, tag, err := readRoot(message)
		if err != nil && err != io.EOF {
			return nil, err
		}
		if err == io.EOF && bytes.Contains(head, []byte("rpc-reply")) { // it ends inside the start tag; decoding it gives the error
			tag.local = "rpc-reply"
		}
		if tag.local == "rpc-reply" {
			if id, ok := t.matchRequest(tag.messageID); ok {
				t.ignored, t.ignoredBytes = 0, 0
				t.traffic.use(len(head))
				start := envelope(id)
				return &reply{transport: t, frame: message, head: append([]byte(start), head...), envelope: len(start)}, nil
			}
		}
		rest, err := io.Copy(io.Discard, io.LimitReader(message, maxIgnoredBytes+1))
		if err != nil {
			return nil, err
		}
		t.ignored++
		t.ignoredBytes += int64(len(head)) + rest
		if t.ignored > maxIgnored || t.ignoredBytes > maxIgnoredBytes {
			return nil, fmt.Errorf("the device sent %d messages (%d bytes) that answer nothing, the last of them <%s>",
				t.ignored, t.ignoredBytes, tag.local)
		}
	}
}

// matchRequest removes the request that a reply answers from the outstanding ones: the one with the reply's message-id, or the
// oldest if the reply has none (IOS-XE 17.15, clixon, and most servers in reply to a malformed message).
func (t *transport) matchRequest(messageID string) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, id := range t.outstanding {
		if messageID == "" || messageID == id {
			t.outstanding = append(t.outstanding[:i], t.outstanding[i+1:]...)
			return id, true
		}
	}
	return "", false
}

// readRoot reads a message up to the end of its root element's start tag, which may arrive in single octets. It returns all
// that it read, and io.EOF for a message without an element.
func readRoot(message io.Reader) (head []byte, tag root, err error) {
	head = make([]byte, 0, 512)
	for {
		n, err := message.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		tag, ok, tagErr := findRoot(head)
		switch {
		case tagErr != nil:
			return head, root{}, tagErr
		case ok:
			return head, tag, nil
		case err != nil:
			return head, root{}, err
		case len(head) >= maxRoot:
			return head, root{}, fmt.Errorf("no element within the first %d bytes of a message: %s", maxRoot, excerpt(head))
		case len(head) == cap(head):
			head = append(head, 0)[:len(head)]
		}
	}
}

// envelope is the start tag that the library reads before each reply.
func envelope(messageID string) string {
	return `<rpc-reply xmlns="` + netconf.NetconfNamespace + `" message-id="` + messageID + `">`
}

// reply reads one reply: the envelope, what readRoot has read, and the rest of the frame.
type reply struct {
	transport *transport
	frame     *frame
	head      []byte
	envelope  int // octets of the envelope still to be read
	closed    bool
}

func (r *reply) Read(p []byte) (int, error) {
	if r.envelope > 0 { // alone: the library parses what its first Read returns
		n := copy(p, r.head[:r.envelope])
		r.head, r.envelope = r.head[n:], r.envelope-n
		return n, nil
	}
	if len(r.head) > 0 {
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	if err := r.transport.cause(); err != nil {
		return 0, err // do not read on: buffers may hold megabytes of it
	}
	n, err := r.frame.Read(p)
	r.transport.traffic.use(n)
	if err != nil && err != io.EOF {
		r.transport.fail(err)
		err = r.transport.cause() // a stream that we closed gives no other error than that
	}
	return n, err
}

// Close reads to the end of the reply, where the next one begins. The library calls it twice.
func (r *reply) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.head, r.envelope = nil, 0
	_, err := io.Copy(io.Discard, r)
	return err
}

// excerpt quotes the beginning of what a device sent, for error messages.
func excerpt(b []byte) string {
	const most = 200
	b = bytes.TrimSpace(b)
	if len(b) > most {
		return fmt.Sprintf("%q...", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
