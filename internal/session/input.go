package session

import (
	"bufio"
	"io"
	"sync"
)

const (
	narrow = 4 << 10  // octets of the buffer that each open session keeps
	wide   = 64 << 10 // of the one that it has for the rest of a message that is longer than that
)

// input buffers what a device sends: little while the session is idle, much inside a large message. Each read of an SSH
// channel may cost a message to the device, which then may send more (RFC 4254 section 5.2).
type input struct {
	*bufio.Reader
	narrow *bufio.Reader
}

var wideReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, wide) }}

func newInput(r io.Reader) *input {
	in := bufio.NewReaderSize(r, narrow)
	return &input{in, in}
}

// widen is called inside a large message.
func (i *input) widen() {
	if i.Reader == i.narrow {
		i.Reader = wideReaders.Get().(*bufio.Reader)
		i.Reader.Reset(i.narrow)
	}
}

// settle is called between messages and in small ones, before waiting for the device. What came already keeps the wide buffer
// until it is read.
func (i *input) settle() {
	if i.Reader != i.narrow && i.Buffered() == 0 {
		i.Reader.Reset(nil)
		wideReaders.Put(i.Reader)
		i.Reader = i.narrow
	}
}
