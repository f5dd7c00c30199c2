package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// readReply sends one rpc and streams its reply into the table, all parts of it where the device sends it in parts. A
// get-data that the device does not support becomes a get, for as long as the session lasts. received is called with the size of each piece.
func (r *reading) readReply(ctx context.Context, d *device, request *module.Request, table *decode.Table, received func(int)) (size int64, err error) {
	operation := request.XML(d.Device, d.noGetData)
	for more := operation != ""; more; {
		var reply decode.Reply
		err := r.rpc(ctx, operation, received, func(from io.Reader) (err error) {
			reply, err = table.Decode(from)
			return err
		})
		size += reply.Bytes
		if err != nil {
			return size, err
		}
		if len(reply.Errors) == 0 {
			if operation, more = request.Next(reply); more && size > int64(*r.settings.config.MaxReplyBytes) {
				return size, fmt.Errorf("all parts of the reply together: %w", decode.ErrTooLarge)
			}
			continue
		}
		if d.noGetData || !request.IsGetData() || !slices.ContainsFunc(reply.Errors, unsupported) {
			return size, decode.ReplyError(reply.Errors)
		}
		d.noGetData = true
		operation = request.XML(d.Device, true)
	}
	return size, nil
}

// unsupported reports whether a server that announces NMDA says by an error that it has no get-data (clixon, yuma123).
func unsupported(e netconf.RPCError) bool {
	switch e.Tag {
	case netconf.ErrOperationNotSupported, netconf.ErrUnknownNamespace, netconf.ErrUnknownElement:
		return true
	}
	return false
}

// rpc sends one operation and notes whether the device answered at all, and how the time was spent. A reply that is broken, or
// too large, is an answer too, unless the session was lost in it.
func (r *reading) rpc(ctx context.Context, operation string, received func(int), read func(io.Reader) error) error {
	var decoding time.Duration
	var broken bool
	began := time.Now()
	err := r.target.client.RPC(ctx, r.trace, operation, func(from io.Reader) error {
		began = time.Now()
		reply := &replyReader{r: from, use: r.use, received: received}
		r.use.reply = 0
		err := read(reply)
		decoding = time.Since(began) - reply.waited
		broken = err != nil && reply.bytes > 0 && (reply.err == nil || isBroken(reply.err))
		return err
	})
	if decoding > 0 {
		r.trace.AddWithin("rpc", "decode", began, decoding, "while reading the reply")
	}
	if err == nil || broken {
		r.alive, r.answered = true, true
		r.Answered()
	}
	return err
}

// isBroken reports whether a client has found by itself what is wrong with a reply that came.
func isBroken(err error) bool {
	var syntax *xmlscan.SyntaxError
	return errors.Is(err, decode.ErrTooLarge) || errors.Is(err, xmlscan.ErrTruncated) || errors.As(err, &syntax)
}

// replyReader measures how long was spent waiting for bytes, and keeps the error that broke a reply off.
type replyReader struct {
	r        io.Reader
	use      *memoryUse
	received func(int) // nil: nobody
	waited   time.Duration
	bytes    int
	err      error
}

func (r *replyReader) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := r.r.Read(p)
	r.waited += time.Since(began)
	r.bytes += n
	if r.received != nil {
		r.received(n)
	}
	if err != nil && err != io.EOF {
		r.err = err
	}
	if refused := r.use.received(n); refused != nil {
		return 0, refused
	}
	return n, err
}
