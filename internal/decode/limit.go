package decode

import (
	"errors"
	"io"
)

// Limits bound the memory that one read of a module may take.
type Limits struct {
	ReplyBytes int64 // of one reply
	Samples    int   // of the module, and as many rows
	// Hold is told how many bytes of memory the read of the module is going to take in all, before it takes them: by the table, by
	// the samples, and by what the Cache keeps more than before. An error ends the read. It may be nil.
	Hold func(bytes int64) error
}

// maxLabel is how long the value of a label may be, in octets. Each series has all its labels, so that one name of 64 KiB makes
// an answer of a megabyte. A value label is cut; a row with a longer key is left out, since cutting would merge rows.
const maxLabel = 1 << 10

// cutMark ends a value label that was cut.
const cutMark = "…"

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
