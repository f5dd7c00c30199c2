package decode_test

import (
	"errors"
	"fmt"
	"testing"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

func TestReplyErrorIsOneLine(t *testing.T) {
	all := netconf.RPCErrors{
		{Tag: netconf.ErrTag("access-denied"), Path: "/a/b", Message: "no\n  right"},
		{Message: "card 3 is gone"},
		{Tag: netconf.ErrTag("too-big")},
		{},
	}
	err := fmt.Errorf("module m: %w", decode.ReplyError(all))
	const want = "module m: the device answered with an error: access-denied: /a/b: no right; card 3 is gone; too-big; an rpc-error that says nothing"
	if err.Error() != want {
		t.Errorf("the error is\n%s\nwant\n%s", err, want)
	}
	var got netconf.RPCErrors
	if !errors.As(err, &got) || len(got) != len(all) {
		t.Errorf("it wraps %v", got)
	}
}
