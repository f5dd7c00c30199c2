package module

import (
	"encoding/xml"
	"errors"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// continuation is an operation that asks for the next part of a reply: text, an attribute of the part before, text.
type continuation struct{ before, attribute, after string }

func newContinuation(operation string) (*continuation, error) {
	before, rest, open := strings.Cut(strings.TrimSpace(operation), "{")
	attribute, after, closed := strings.Cut(rest, "}")
	if !open || !closed || !isName(attribute) || strings.ContainsAny(after, "{}") {
		return nil, errors.New(`next needs the name of one attribute of <rpc-reply> in braces: <get-next set-id="{set-id}"/>`)
	}
	return &continuation{before, attribute, after}, CheckReadOnly(before + "1" + after)
}

// Next is the operation that asks for what comes after a reply; false where the reply was the last part, or all of it.
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
