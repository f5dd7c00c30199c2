package module

import (
	"encoding/xml"
	"errors"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// continuation is the operation for the next part of a reply: text, the value of an attribute of the last part, text.
type continuation struct{ before, attribute, after string }

func newContinuation(operation string) (*continuation, error) {
	before, rest, open := strings.Cut(strings.TrimSpace(operation), "{")
	attribute, after, closed := strings.Cut(rest, "}")
	if !open || !closed || !isName(attribute) || strings.ContainsAny(after, "{}") {
		return nil, errors.New(`next needs the name of one attribute of <rpc-reply> in braces: <get-next set-id="{set-id}"/>`)
	}
	return &continuation{before, attribute, after}, CheckReadOnly(before + "1" + after)
}

// Next returns the operation for the part after a reply; false if the reply was the last part.
func (r *Request) Next(reply decode.Reply) (operation string, more bool) {
	if r.next == nil {
		return "", false
	}
	value, more := reply.Attributes[r.next.attribute]
	if !more {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.next.before)
	xml.EscapeText(&b, []byte(value)) //nolint:errcheck // a strings.Builder cannot fail
	b.WriteString(r.next.after)
	return b.String(), true
}
