package simulator

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	endOfMessage = "]]>]]>" // RFC 6242 section 4.3
	endOfChunks  = "\n##\n" // RFC 6242 section 4.2
	maxRequest   = 1 << 20  // octets of one request that are read
)

var errTooLong = errors.New("request too long")

// readMessage reads one message in the given framing.
func readMessage(r *bufio.Reader, chunked bool) ([]byte, error) {
	if chunked {
		return readChunks(r)
	}
	var message []byte
	for len(message) <= maxRequest {
		part, err := r.ReadSlice('>')
		message = append(message, part...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if bytes.HasSuffix(message, []byte(endOfMessage)) {
			return message[:len(message)-len(endOfMessage)], nil
		}
	}
	return nil, errTooLong
}

func readChunks(r *bufio.Reader) ([]byte, error) {
	var message []byte
	for {
		if newline, err := r.ReadByte(); err != nil || newline != '\n' {
			return nil, framingError("a line feed", newline, err)
		}
		if hash, err := r.ReadByte(); err != nil || hash != '#' {
			return nil, framingError("#", hash, err)
		}
		header, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		text := strings.TrimSuffix(string(header), "\n")
		if text == "#" && len(message) > 0 {
			return message, nil
		}
		size, err := strconv.ParseUint(text, 10, 32)
		if err != nil || size == 0 || text[0] < '1' {
			return nil, fmt.Errorf("bad chunk size %q", text)
		}
		if uint64(len(message))+size > maxRequest {
			return nil, errTooLong
		}
		start := len(message)
		message = append(message, make([]byte, size)...)
		if _, err := io.ReadFull(r, message[start:]); err != nil {
			return nil, err
		}
	}
}

func framingError(want string, got byte, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("chunk framing: %q instead of %s", got, want)
}

// appendMessage appends a message in the given framing; chunkSize 0 is one chunk.
func appendMessage(b, message []byte, chunked bool, chunkSize int) []byte {
	if !chunked {
		return append(append(b, message...), endOfMessage...)
	}
	if chunkSize == 0 {
		chunkSize = len(message)
	}
	for len(message) > 0 {
		chunk := message[:min(chunkSize, len(message))]
		message = message[len(chunk):]
		b = append(b, "\n#"...)
		b = strconv.AppendInt(b, int64(len(chunk)), 10)
		b = append(b, '\n')
		b = append(b, chunk...)
	}
	return append(b, endOfChunks...)
}
