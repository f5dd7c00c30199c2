package simulator

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"time"
)

// Namespaces and capabilities of the protocol.
const (
	nsBase       = "urn:ietf:params:xml:ns:netconf:base:1.0"
	nsNMDA       = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
	nsDatastores = "urn:ietf:params:xml:ns:yang:ietf-datastores"
	nsLibrary    = "urn:ietf:params:xml:ns:yang:ietf-yang-library"
	nsInterfaces = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
	nsTypes      = "urn:ietf:params:xml:ns:yang:iana-if-type"

	capabilityBase10 = "urn:ietf:params:netconf:base:1.0"
	capabilityBase11 = "urn:ietf:params:netconf:base:1.1"
)

// reply is the memory for one reply, from the fleet's pool.
type reply struct{ message, framed []byte }

// serveSession serves NETCONF on a channel until one side ends it.
func serveSession(ctx context.Context, d *Device, channel io.ReadWriteCloser) {
	defer channel.Close()
	hello := appendHello(nil, d, d.sessionIDs.Add(1))
	if _, err := channel.Write(appendMessage(nil, hello, false, 0)); err != nil {
		return
	}
	in := bufio.NewReaderSize(channel, 1024)
	message, err := readMessage(in, false)
	if err != nil {
		return
	}
	answer, err := parse(message)
	if err != nil || answer.name.Local != "hello" {
		return
	}
	d.sessions.Add(1)
	defer d.sessions.Add(-1) // before the channel is closed, so that a client that sees the end finds it counted
	chunked := !d.fleet.config.Base10 && answer.announces(capabilityBase11)
	for done := false; !done; {
		if message, err = readMessage(in, chunked); err != nil {
			return
		}
		if err := sleep(ctx, time.Duration(d.replyDelay.Load())); err != nil {
			return
		}
		r := d.fleet.replies.Get().(*reply)
		r.message, done = d.answer(r.message[:0], message, d.fleet.now())
		r.framed = appendMessage(r.framed[:0], r.message, chunked, d.fleet.config.ChunkSize)
		_, err := channel.Write(r.framed)
		d.fleet.replies.Put(r)
		if err != nil {
			return
		}
	}
}

func appendHello(b []byte, d *Device, id int64) []byte {
	b = append(b, `<?xml version="1.0" encoding="UTF-8"?><hello xmlns="`+nsBase+`"><capabilities>`...)
	for _, capability := range d.capabilities() {
		b = append(b, "<capability>"...)
		b = appendEscaped(b, []byte(capability))
		b = append(b, "</capability>"...)
	}
	b = append(b, "</capabilities><session-id>"...)
	b = strconv.AppendInt(b, id, 10)
	return append(b, "</session-id></hello>"...)
}

func (d *Device) capabilities() []string {
	list := []string{capabilityBase10}
	if !d.fleet.config.Base10 {
		list = append(list, capabilityBase11)
	}
	if d.content != nil {
		list = append(list, d.content.Capabilities()...)
	}
	return append(list, d.library.capabilities...)
}
