package session

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

// The fuzz targets are inside the package: outside, each input would need a login.

// FuzzFrame reads any bytes as messages in both framings: it ends and returns no more than was sent. A message
// that writeFrame wrote is read unchanged.
func FuzzFrame(f *testing.F) {
	for _, raw := range []string{
		"<rpc-reply message-id='1'/>]]>]]>", "\n#4\n<rpc\n#18\n-reply><a/></rpc-re\n#4\nply>\n##\n", "\n\n#1\na\n##\n#3\nbcd\n##\n",
		"\n#4294967295\nx", "\n#0\n", "]]>]]>]]>]]>", "a]]>]]", "\r\n#0000000001\r\na\n##\n", "<?xml version='1.0'?><!-- > --><a:rpc-reply b='\">'>]]>]]>",
	} {
		f.Add([]byte(raw), true)
		f.Add([]byte(raw), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, chunked bool) {
		in := newInput(bytes.NewReader(raw))
		total := 0
		for messages := 0; ; messages++ {
			message, err := io.ReadAll(&frame{in: in, chunked: chunked})
			total += len(message)
			if err != nil {
				break
			}
			if messages > len(raw) {
				t.Fatal("messages without end")
			}
		}
		if total > len(raw) {
			t.Errorf("%d octets were made of %d", total, len(raw))
		}
		var framed bytes.Buffer
		if len(raw) == 0 && chunked || !chunked && bytes.Contains(append(raw, endOfMessage...)[:len(raw)+len(endOfMessage)-1], []byte(endOfMessage)) {
			return // cannot be framed
		}
		if err := writeFrame(&framed, raw, chunked); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(&frame{in: newInput(&framed), chunked: chunked}); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%q came back as %q, %v", raw, got, err)
		}
	})
}

// FuzzReplies reads any bytes as what a device sends after an rpc: reading ends, with or without an error.
func FuzzReplies(f *testing.F) {
	for _, raw := range []string{
		`<rpc-reply message-id="1"><data/></rpc-reply>]]>]]>`, `<!-- x --><nc:rpc-reply nc:message-id='1'/>]]>]]>`, `<notification/>]]>]]><rpc-reply/>]]>]]>`,
		"\n#12\n<rpc-reply/>\n##\n", `<!DOCTYPE a>`, `<rpc-reply message-id=1>]]>]]>`, `<rpc-reply a b="c>d" message-id="2"/>]]>]]>`, "<a\xff>]]>]]>",
	} {
		f.Add([]byte(raw), true)
		f.Add([]byte(raw), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, chunked bool) {
		tr := newTransport(func() {})
		tr.attach(bytes.NewReader(raw), io.Discard)
		tr.chunked, tr.helloRead = chunked, true
		for range len(raw) + 1 {
			tr.outstanding = append(tr.outstanding[:0], "1")
			reply, err := tr.MsgReader()
			if err != nil {
				if tr.cause() == nil {
					t.Error("the transport is open after an error")
				}
				return
			}
			text, err := io.ReadAll(reply)
			if !strings.HasPrefix(string(text), envelope("1")) || len(text) > len(raw)+len(envelope("1")) {
				t.Errorf("a reply reads %q, %v", text, err)
			}
		}
		t.Error("replies without end")
	})
}

// FuzzHello reads any bytes as a device's hello.
func FuzzHello(f *testing.F) {
	for _, raw := range []string{
		clientHello, plainHello(true), `<nc:hello><nc:capability> urn:a </nc:capability></nc:hello>`, "\ufeff<?xml version='1.0' encoding='ISO-8859-1'?><hello><capability>\xfc&\x08</capability></hello>",
		"<!-- a --><hello><capabilities><capability>a</capability><session-id>1</session-id></capabilities></hello>", "<hello/>", "\n#5\n<hell", "<hello><a></b></hello>",
	} {
		f.Add([]byte(raw + endOfMessage))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tr := newTransport(func() {})
		tr.attach(bytes.NewReader(raw), io.Discard)
		hello, err := exchangeHellos(tr)
		if (err == nil) != (len(hello.Capabilities) > 0) {
			t.Errorf("%+v, %v", hello, err)
		}
		if slices.ContainsFunc(hello.Capabilities, func(c string) bool { return c == "" || strings.TrimSpace(c) != c }) {
			t.Errorf("capabilities %q", hello.Capabilities)
		}
	})
}
