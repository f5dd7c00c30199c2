package session

import (
	"bufio"
	"io"
)

const (
	smallBuffer = 4 << 10  // octets of the buffer that each open session keeps
	largeBuffer = 64 << 10 // octets of the buffer that it uses for the rest of a message that is longer than that
)

// input buffers what a device sends: little while the session is idle, much inside a large message. Each read of an SSH
// channel may cost a message to the device, which then may send more (RFC 4254 section 5.2).
type input struct {
	*bufio.Reader
	small *bufio.Reader
}

func newInput(r io.Reader) *input {
	in := bufio.NewReaderSize(r, smallBuffer)
	return &input{in, in}
}

// grow switches to a large buffer. It is called inside a large message.
func (i *input) grow() {
	if i.Reader == i.small {
		i.Reader = bufio.NewReaderSize(i.small, largeBuffer)
	}
}

// shrink goes back to the small buffer as soon as the large one is empty. It is called between messages and in small ones, before
// a read that may wait for the device.
func (i *input) shrink() {
	if i.Reader != i.small && i.Buffered() == 0 {
		i.Reader = i.small
	}
}
