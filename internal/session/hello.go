package session

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"nemith.io/netconf"
)

const (
	// xmlDeclaration opens every message: CSR1000V ignores a hello without it.
	xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

	// clientHello has its elements in the default namespace: Brocade refuses prefixes.
	clientHello = xmlDeclaration + `<hello xmlns="` + netconf.NetconfNamespace + `"><capabilities>` +
		`<capability>` + netconf.CapNetConf10 + `</capability>` +
		`<capability>` + netconf.CapNetConf11 + `</capability></capabilities></hello>`

	maxHello = 1 << 20 // bytes; hellos of 80 KB are common on large routers
)

// Hello is what a device announced when the session opened (RFC 6241 section 8.1).
type Hello struct {
	Capabilities []string // white space trimmed, in the device's order
	SessionID    string   // as sent; some devices send none
}

func (h Hello) chunked() bool { return slices.Contains(h.Capabilities, netconf.CapNetConf11) }

// plainHello is the hello that the library reads. The library requires a session-id, which not all devices send, and takes the
// framing from it.
func plainHello(chunked bool) string {
	hello := clientHello
	if !chunked {
		hello = strings.Replace(hello, `<capability>`+netconf.CapNetConf11+`</capability>`, "", 1)
	}
	return strings.Replace(hello, `</hello>`, `<session-id>1</session-id></hello>`, 1)
}

// exchangeHellos sends our hello at once, because some servers wait for it, and reads the device's.
func exchangeHellos(t *transport) (Hello, error) {
	sent := make(chan error, 1)
	go func() { sent <- writeFrame(t.out, []byte(clientHello), false) }()
	raw, err := readHello(t)
	if err == nil {
		err = <-sent
		if err == nil {
			return parseHello(raw)
		}
	} else {
		t.fail(err)
		<-sent
		err = t.cause() // if the deadline closed the stream, that
	}
	if raw = bytes.TrimSpace(raw); len(raw) > 0 {
		err = fmt.Errorf("%w (the device sent %s)", err, excerpt(raw))
	}
	return Hello{}, err
}

// readHello returns the bytes of the device's hello from its root element on. With an error, it returns what the device sent
// instead.
func readHello(t *transport) ([]byte, error) {
	for range maxIgnored {
		message := &frame{in: t.in}
		head, tag, err := readRoot(message)
		switch {
		case err == io.EOF && len(bytes.TrimSpace(head)) == 0:
			continue // an empty message
		case bytes.HasPrefix(bytes.TrimSpace(head), []byte("#")):
			return head, errors.New("the device frames its hello in chunks, which RFC 6242 section 4.1 forbids")
		case err == io.EOF, err == nil && tag.local != "hello":
			return head, errors.New("expected a NETCONF hello")
		case err != nil:
			return head, err
		}
		rest, err := io.ReadAll(io.LimitReader(message, maxHello+1))
		raw := append(head[tag.offset:], rest...)
		if err == nil && len(raw) > maxHello {
			err = fmt.Errorf("the device's hello is larger than %d bytes", maxHello)
		}
		return raw, err
	}
	return nil, errors.New("expected a NETCONF hello, got only empty messages")
}

// parseHello finds capabilities and session-id in any namespace and at any depth. The bytes begin with the root element, without
// the XML declaration: its encoding does not matter, because capabilities are ASCII.
func parseHello(raw []byte) (Hello, error) {
	decoder := xml.NewDecoder(bytes.NewReader(sanitize(raw)))
	decoder.Strict = false
	var hello Hello
	var text strings.Builder
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return Hello{}, fmt.Errorf("the device's hello cannot be read: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			text.Reset()
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			depth--
			value := strings.TrimSpace(text.String())
			text.Reset()
			switch {
			case token.Name.Local == "capability" && value != "":
				hello.Capabilities = append(hello.Capabilities, value)
			case token.Name.Local == "session-id" && value != "":
				hello.SessionID = value
			}
		}
		if depth == 0 {
			break
		}
	}
	if len(hello.Capabilities) == 0 {
		return Hello{}, errors.New("the device's hello announces no capability")
	}
	return hello, nil
}

// sanitize replaces what encoding/xml refuses: octets that are not UTF-8 and characters that XML 1.0 forbids.
func sanitize(raw []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return ' '
		}
		return r // an invalid octet comes as U+FFFD
	}, raw)
}
