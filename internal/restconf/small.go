package restconf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// maxSmall is how many octets of an answer are kept as a whole.
const maxSmall = 1 << 20

// smallAnswer is an answer that is kept.
type smallAnswer struct {
	*answer
	text []byte
}

// small sends a request for something small. The device has the time for a hello to answer it.
func (c *Client) small(ctx context.Context, trace *session.Trace, r request) (*smallAnswer, error) {
	if r.within = "hello"; r.login {
		r.within = "auth"
	}
	within, cancel := context.WithTimeout(ctx, c.timeouts().Hello)
	defer cancel()
	a, err := c.send(within, trace, r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(a, maxSmall+1))
	if err == nil && len(text) > maxSmall {
		err = fmt.Errorf("it has more than %d bytes", maxSmall)
	}
	a.end(err)
	if err != nil {
		if within.Err() != nil {
			return nil, session.Failed(session.ReasonTimeout, "%s: the answer to GET %s was not complete in time: %w", c.hostPort, r, within.Err())
		}
		return nil, session.Failed(session.ReasonHello, "%w", a.broken(err))
	}
	return &smallAnswer{a, text}, nil
}

// leaf is the text of the answer's one element.
func (a *smallAnswer) leaf() (string, error) {
	all, err := a.leaves("")
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// leaves are the texts of all elements without children of a name, or of any name if that is "".
func (a *smallAnswer) leaves(name string) (all []string, err error) {
	a.plain = bytes.NewReader(a.text)
	if err := a.checkXML(); err != nil {
		return nil, session.Failed(session.ReasonHello, "%w", err)
	}
	var s xmlscan.Scanner
	s.ResetBytes(a.text)
	var text []byte
	for {
		kind, err := s.Next()
		switch {
		case err == io.EOF, errors.Is(err, xmlscan.ErrTruncated) && len(bytes.TrimSpace(a.text)) == 0:
			return all, nil
		case err != nil:
			return nil, session.Failed(session.ReasonHello, "%w", a.broken(err))
		}
		switch kind {
		case xmlscan.Start:
			text = text[:0]
		case xmlscan.Text:
			text = s.AppendText(text)
		case xmlscan.End:
			if value := string(bytes.TrimSpace(text)); value != "" && (name == "" || string(xmlscan.Local(s.Name())) == name) {
				all = append(all, value)
			}
			text = text[:0]
		}
	}
}
