package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
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

	// Library is the device's YANG library, where the client had to read it; nil if it is to be read, or there is none.
	Library *yang.Library
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
	hello, head, err := readHello(t)
	if err == nil {
		if err = <-sent; err == nil {
			return hello, nil
		}
	} else {
		t.fail(err)
		<-sent
		err = t.cause() // if the deadline closed the stream, that
	}
	if head = bytes.TrimSpace(head); len(head) > 0 && head[0] != '#' && !bytes.ContainsRune(head, '<') {
		return Hello{}, shellError(excerpt(head), err)
	}
	if len(head) > 0 {
		err = fmt.Errorf("%w (the device sent %s)", err, excerpt(head))
	}
	return Hello{}, err
}

// readHello reads the device's hello. With an error, it returns how what the device sent begins.
func readHello(t *transport) (Hello, []byte, error) {
	for range maxIgnored {
		message := &frame{in: t.in}
		head, tag, err := readRoot(message)
		switch {
		case err == io.EOF && len(bytes.TrimSpace(head)) == 0:
			continue // an empty message
		case bytes.HasPrefix(bytes.TrimSpace(head), []byte("#")):
			return Hello{}, head, errors.New("the device frames its hello in chunks, which RFC 6242 section 4.1 forbids")
		case err == io.EOF, err == nil && tag.local != "hello":
			return Hello{}, head, errors.New("expected a NETCONF hello")
		case err != nil:
			return Hello{}, head, err
		}
		head = head[tag.offset:]
		hello, err := parseHello(&helloReader{io.MultiReader(bytes.NewReader(head), message), maxHello})
		return hello, head, err
	}
	return Hello{}, nil, errors.New("expected a NETCONF hello, got only empty messages")
}

// helloReader reads a hello that has at most a number of octets.
type helloReader struct {
	message io.Reader
	left    int
}

func (r *helloReader) Read(p []byte) (int, error) {
	n, err := r.message.Read(p)
	if r.left -= n; r.left < 0 {
		return 0, fmt.Errorf("the device's hello is larger than %d bytes", maxHello)
	}
	return n, err
}

// parseHello finds capabilities and session-id in any namespace and at any depth. What it reads begins with the root element,
// without the XML declaration: its encoding does not matter, because capabilities are ASCII. It reads to the end of the message.
func parseHello(message io.Reader) (Hello, error) {
	var scanner xmlscan.Scanner
	scanner.Reset(message)
	var hello Hello
	var text []byte
	for open := true; open; {
		kind, err := scanner.Next()
		if isSyntax(err) {
			return Hello{}, fmt.Errorf("the device's hello cannot be read: %w", err)
		}
		if err != nil {
			return Hello{}, err
		}
		switch kind {
		case xmlscan.Start:
			text = text[:0]
		case xmlscan.Text:
			text = scanner.AppendText(text)
		case xmlscan.End:
			value := string(bytes.TrimSpace(text))
			text = text[:0]
			switch local := string(xmlscan.Local(scanner.Name())); {
			case local == "capability" && value != "":
				hello.Capabilities = append(hello.Capabilities, value)
			case local == "session-id" && value != "":
				hello.SessionID = cut(value)
			}
			open = scanner.Depth() > 0
		}
	}
	if _, err := io.Copy(io.Discard, message); err != nil {
		return Hello{}, err
	}
	if len(hello.Capabilities) == 0 {
		return Hello{}, errors.New("the device's hello announces no capability")
	}
	return hello, nil
}

func isSyntax(err error) bool {
	var syntax *xmlscan.SyntaxError
	return errors.As(err, &syntax) || errors.Is(err, xmlscan.ErrTruncated)
}
