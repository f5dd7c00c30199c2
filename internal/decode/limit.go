package decode

import (
	"errors"
	"io"
)

// ErrTooLarge is returned for a reply of more than Limits.ReplyBytes.
var ErrTooLarge = errors.New("the reply is larger than max_reply_bytes; raise it, or ask for less")

// BoundedReader reads at most Left bytes. Unlike io.LimitedReader it fails with ErrTooLarge if there are more.
type BoundedReader struct {
	R    io.Reader
	Left int64
}

// Read implements io.Reader.
func (b *BoundedReader) Read(p []byte) (int, error) {
	n, err := b.R.Read(p)
	if b.Left -= int64(n); b.Left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
