package faults

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

const (
	netPassword = netconftest.Password
	eom         = netconftest.EOM
)

func faults() []fault {
	return slices.Concat(connecting(), greeting(), framing(), replying(), taking(), living(), overTLS(), overRESTCONF(), callingHome(), throughProxies(), throughJumpHost())
}

// failed is the outcome for a target that is not reached.
func failed(reason, says string) outcome {
	return outcome{reason: reason, says: says, dials: dials{reason: 2}}
}

// tcp has the device serve connections otherwise.
func tcp(serve func(net.Conn)) func(*harness) {
	return func(s *harness) { s.change(func(d *netconftest.Device) { d.TCP = serve }) }
}

// silent serves a connection without a word.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// sending serves a connection by saying something, and then nothing.
func sending(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		silent(conn)
	}
}

// connecting are the faults up to the login.
func connecting() []fault {
	return []fault{
		{name: "refused", begin: down, want: failed("refused", "connection refused")},
		{name: "silent after TCP", begin: tcp(silent), silent: true, want: failed("timeout", "no SSH banner in time")},
		{name: "silent after the SSH banner", begin: tcp(sending("SSH-2.0-x\r\n")), silent: true, want: failed("timeout", "did not finish the SSH key exchange in time")},
		{name: "closed before the SSH banner", begin: tcp(func(net.Conn) {}), want: failed("refused", "before it sent an SSH banner")},
		{name: "another server", begin: tcp(sending("HTTP/1.1 400 Bad Request\r\n\r\n")), silent: true, want: failed("no_netconf", "is not an SSH server")},
		{name: "login refused", begin: func(s *harness) {
			s.write("password", "not-it")
			s.restore = append(s.restore, func() { s.write("password", netPassword) })
			s.device.Drop()
		}, want: outcome{reason: "auth", then: "backoff", says: "login refused", dials: dials{"auth": 1}}},
		{name: "closed after the password", settings: patient, begin: refusing(func(d *netconftest.Device) {
			d.Config.MaxAuthTries = 1
		}), want: outcome{reason: "auth", then: "backoff", says: "ended the connection at login", dials: dials{"auth": 1}}},
		{name: "refused after the login's time", settings: impatient, silent: true, begin: refusing(func(d *netconftest.Device) {
			d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
				time.Sleep(5 * time.Second)
				return nil, netconftest.ErrWrong
			}
		}), want: outcome{reason: "timeout", then: "backoff", says: "did not answer the login in time", dials: dials{"timeout": 1}}},
		{name: "a prompt that repeats", settings: patient, begin: refusing(func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				for i := range 20 {
					if _, err := ask("", "", []string{fmt.Sprintf("Password (attempt %d):", i+1)}, []bool{false}); err != nil {
						return nil, err
					}
				}
				return nil, netconftest.ErrWrong
			}
		}), want: outcome{reason: "auth", then: "backoff", says: "login refused", dials: dials{"auth": 1}}},
		{name: "wrong host key", begin: func(s *harness) {
			s.trust("known_hosts", netconftest.NewKey(s.t, "ed25519").PublicKey())
			s.restore = append(s.restore, func() { s.trust("known_hosts", s.device.Key) })
			s.device.Drop()
		}, want: failed("host_key", "is not the one at")},
		{name: "changed host key", begin: func(s *harness) {
			s.change(func(d *netconftest.Device) { d.Config = d.NewConfig(netconftest.NewKey(s.t, "ed25519")) })
		}, want: failed("host_key", "the device was replaced, or someone is in between")},
		{name: "no netconf subsystem", begin: func(s *harness) {
			s.device.Refusals.Store(1000)
			s.restore = append(s.restore, func() { s.device.Refusals.Store(0) })
			s.device.Drop()
		}, want: failed("no_netconf", "there is no netconf subsystem")},
		{name: "name resolution fails", host: "fails.faults.test", begin: func(s *harness) {
			names.set("fails.faults.test", "")
			s.restore = append(s.restore, func() { names.set("fails.faults.test", "127.0.0.1") })
			s.device.Drop()
		}, want: failed("dns", "no such host")},
		{name: "name moves", host: "moves.faults.test", begin: func(s *harness) {
			if err := s.device.Move("127.0.0.2"); err != nil {
				s.t.Fatal(err)
			}
			names.set("moves.faults.test", "127.0.0.2")
		}, want: reopened},
		{name: "no file descriptors", alone: true, begin: func(s *harness) {
			s.device.Drop()
			for eventually(func() bool { return s.device.Connections() == 0 }) {
				break
			}
			var limit syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
				s.t.Fatal(err)
			}
			none := limit
			none.Cur = 1
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
				s.t.Fatal(err)
			}
			s.restore = append(s.restore, func() {
				if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
					s.t.Fatal(err)
				}
			})
		}, want: outcome{reason: "queue", says: "raise the limit of open files"}},
	}
}

// refusing gives the target a wrong password, and the device another way to refuse it.
func refusing(how func(*netconftest.Device)) func(*harness) {
	return func(s *harness) {
		s.write("password", "not-it")
		s.restore = append(s.restore, func() { s.write("password", netPassword) })
		s.change(func(d *netconftest.Device) {
			config := *d.Config
			d.Config = &config
			how(d)
		})
	}
}

func down(s *harness) {
	s.device.Down()
	s.restore = append(s.restore, func() {
		if err := s.device.Up(); err != nil {
			s.t.Fatal(err)
		}
	})
}

// greeting are faults of the hello.
func greeting() []fault {
	many := strings.Repeat("<capability>http://example.com/yang/"+strings.Repeat("x", 120)+"?module=x</capability>\n", 500)
	return []fault{
		{name: "silent instead of a hello", begin: follows(func(p *netconftest.Peer) { p.Wait() }),
			silent: true, want: failed("hello", "no NETCONF hello in time")},
		{name: "closed instead of a hello", begin: follows(func(*netconftest.Peer) {}), want: failed("hello", "closed the session")},
		{name: "text instead of a hello", begin: follows(func(p *netconftest.Peer) { p.Send("router1> "); p.Wait() }),
			silent: true, want: failed("hello", `"router1>"`)},
		{name: "hello without session-id", begin: greets(strings.Replace(hello, "<session-id>7</session-id>", "", 1)), want: reopened},
		{name: "hello without namespace", begin: greets("<hello><capabilities>" + capabilities + "</capabilities></hello>"), want: reopened},
		{name: "hello with comments", begin: greets("\n<!-- No zombies were killed --> <!-- user <hello> -->\n" + hello), want: reopened},
		{name: "hello with 500 capabilities", begin: greets(strings.Replace(hello, "</capabilities>", many+"</capabilities>", 1)), want: reopened},
		{name: "hello without end", begin: follows(func(p *netconftest.Peer) {
			for p.Send("<hello><capabilities>" + many) {
			}
		}), want: failed("hello", "larger than 1048576 bytes")},
	}
}

// broken is the outcome of a reply that ends its session: the second scrape opens another one.
func broken(up float64, reason, says string) outcome {
	return outcome{up: up, reason: reason, says: says, dials: dials{"ok": 1}}
}

// framing are faults and variants of the framing.
func framing() []fault {
	good := func(id string) string { return reply(id, data(state)) }
	chunked := func(size int) func(*harness) {
		return does(func(p *netconftest.Peer, id string) bool { return p.Send(netconftest.Chunks(good(id), size)) })
	}
	malformed := func(header string) fault {
		return fault{name: fmt.Sprintf("chunk header %q", header), begin: sends(header + "<rpc-reply/>\n##\n"), want: broken(0, "rpc", "chunk header")}
	}
	return []fault{
		{name: "chunks of 1", begin: chunked(1), want: served},
		{name: "chunks of 7", begin: chunked(7), want: served},
		{name: "chunks of 1024", begin: chunked(1024), want: served},
		{name: "a chunk of 4294967295", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Send("\n#4294967295\n<rpc-reply><data>") && endless(p, strings.Repeat("x", 10_000))
		}), want: broken(1, "rpc", "larger than max_reply_bytes")},
		malformed("\n#4294967296\n"), malformed("\n#0\n"), malformed("\n#-1\n"), malformed("\n#x\n"), malformed("\n#\n"), malformed("\n"),
		{name: "extra line feeds between messages", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Send("\n\r\n\n" + p.Frame(good(id)) + "\n\n")
		}), want: served},
		{name: "the XML declaration alone in the first chunk", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Send("\n#38\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + netconftest.Chunks(good(id), 100))
		}), want: served},
		{name: "half a reply, then silence", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Send("\n#1000\n" + good(id)[:200])
		}), silent: true, want: broken(0, "timeout", "not complete")},
		{name: "half a reply, then closed", begin: does(func(p *netconftest.Peer, id string) bool {
			p.Send("\n#1000\n" + good(id)[:200])
			return false
		}), want: broken(0, "rpc", "in the middle of a message")},
		{name: "silence instead of a reply", begin: does(func(*netconftest.Peer, string) bool { return true }), silent: true, want: broken(0, "timeout", "no answer to the rpc")},
		{name: "one byte each 100 ms", begin: does(func(p *netconftest.Peer, id string) bool {
			for _, b := range []byte(p.Frame(good(id))) {
				if !p.Send(string(b)) {
					return false
				}
				time.Sleep(100 * time.Millisecond)
			}
			return true
		}), silent: true, want: broken(0, "timeout", "no answer to the rpc")}, // no complete start tag
		{name: "a reply that never ends", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Send("\n#11\n<rpc-reply>") && endless(p, "\n#10000\n"+strings.Repeat("x", 10_000))
		}), want: broken(1, "rpc", "larger than max_reply_bytes")},
		{name: "wrong message-id", begin: does(func(p *netconftest.Peer, _ string) bool { return p.Reply(good("99999")) }),
			silent: true, want: broken(0, "timeout", "no answer to the rpc")},
		{name: "no message-id", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Reply(strings.Replace(good(id), ` message-id="`+id+`"`, "", 1))
		}), want: served},
		{name: "repeated message-id", begin: does(func(p *netconftest.Peer, id string) bool {
			sent := p.Reply(good(id))
			return p.Reply(good(id)) && sent
		}), want: served},
		{name: "out-of-order replies", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Reply(reply("4711", data(""))) && p.Reply(reply("0", "<ok/>")) && p.Reply(good(id))
		}), want: served},
		{name: "notifications between request and reply", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Reply(`<notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"><eventTime>2024-01-01T00:00:00Z</eventTime></notification>`) &&
				p.Reply(good(id))
		}), want: served},
	}
}

// endless sends until the client closes the session.
func endless(p *netconftest.Peer, text string) bool {
	for p.Send(text) {
	}
	return false
}

// replying are faults and variants of the reply's content.
func replying() []fault {
	rpcError := func(severity string) string {
		return "<rpc-error><error-type>application</error-type><error-tag>operation-failed</error-tag><error-severity>" + severity +
			"</error-severity><error-message>the line card is away</error-message></rpc-error>"
	}
	refused := outcome{up: 1, session: 1, reason: "rpc", says: "the line card is away"}
	good := data(state)
	return []fault{
		{name: "rpc-error alone", begin: says(rpcError("error")), want: refused},
		{name: "rpc-error with data", begin: says(good + rpcError("error")), want: refused.with(func(o *outcome) { o.rows = 3 })},
		{name: "rpc-error nested", begin: says("<data><results>" + rpcError("error") + "</results></data>"), want: refused},
		{name: "warnings alone", begin: says(rpcError("warning")), want: served.with(func(o *outcome) { o.rows = 0 })},
		{name: "warnings with data", begin: says(rpcError("warning") + good), want: served},
		{name: "no data", begin: says("<data/>"), want: served.with(func(o *outcome) { o.rows = 0 })},
		{name: "not well-formed XML", begin: says("<data><interfaces-state></data>"), want: broken(1, "rpc", "not well-formed XML at byte")},
		{name: "not XML", begin: says("% Invalid input detected < at '^' marker."), want: broken(1, "rpc", "not well-formed XML at byte")},
		{name: "cut off inside an intact frame", begin: sendsMessage(reply("%s", good)[:300]), want: broken(1, "rpc", "ends before its root element")},
		{name: "cut off inside its start tag", begin: sendsMessage(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="%s`),
			want: broken(1, "rpc", "ends before its root element")},
		{name: "unbound prefixes", begin: says(strings.NewReplacer("<data>", "<nc:data>", "</data>", "</nc:data>").Replace(good)), want: served},
		{name: "ISO-8859-1", begin: sendsMessage(`<?xml version="1.0" encoding="ISO-8859-1"?>` + reply("%s", list("\xfcber"))), want: served.with(func(o *outcome) { o.rows = 1 })},
		{name: "invalid UTF-8", begin: says(list("\xfc", "b\xcd\xcd", "c")), want: served},
		{name: "control characters", begin: says(list("a\x08", "b&#8;", "c\x00")), want: served},
		{name: "a document type", begin: sendsMessage(`<!DOCTYPE rpc-reply SYSTEM "file:///etc/passwd">` + reply("%s", good)), want: broken(0, "rpc", "document type")},
		{name: "an entity bomb", begin: sendsMessage(`<!DOCTYPE x [<!ENTITY a "` + strings.Repeat("a", 1000) + `"><!ENTITY b "` + strings.Repeat("&a;", 1000) + `">]>` +
			reply("%s", list("&b;"))), want: broken(0, "rpc", "document type")},
		{name: "an unknown entity", begin: says(list("a&nbsp;b")), want: served.with(func(o *outcome) { o.rows = 1 })},
		{name: "nested 10,000 deep", begin: says("<data>" + strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000) + "</data>"),
			want: broken(1, "rpc", "nested more than 512 deep")},
		{name: "a tag of 2 MiB", begin: says(`<data a="` + strings.Repeat("x", 2<<20) + `"/>`), want: broken(1, "rpc", "a tag of more than 1 MiB")},
		{name: "a text node of 50 MB", alone: true, settings: "timeout: 38s, max_reply_bytes: 64MiB",
			begin: does(func(p *netconftest.Peer, id string) bool {
				return p.Reply(reply(id, list("eth0", strings.Repeat("x", 50_000_000), "eth2")))
			}), want: served.with(func(o *outcome) { o.rows, o.skipped = 2, skipped{"limit": 1} })},
		{name: "1,000,000 rows", alone: true, shared: true, settings: "timeout: 38s, max_reply_bytes: 128MiB, max_samples: 10000",
			begin: func(s *harness) {
				names := make([]string, 1_000_000)
				for i := range names {
					names[i] = fmt.Sprint(i)
				}
				says(strings.ReplaceAll(list(names...), "<oper-status>up</oper-status>", ""))(s)
			}, // the description of one more comes in the second reply
			want: served.with(func(o *outcome) { o.rows, o.skipped = 0, skipped{"limit": 990_001} })},
		{name: "duplicate rows", begin: says(list("eth0", "eth1", "eth0", "eth2", "eth0")),
			want: served.with(func(o *outcome) { o.skipped = skipped{"duplicate": 2} })},
	}
}

// sendsMessage makes the device send a complete message in a frame; %s in it is the message-id.
func sendsMessage(message string) func(*harness) {
	return does(func(p *netconftest.Peer, id string) bool { return p.Reply(strings.ReplaceAll(message, "%s", id)) })
}

// living are ways in which sessions and devices end.
func living() []fault {
	return []fault{
		{name: "session closed after each reply", begin: follows(func(p *netconftest.Peer) {
			p.Greet(hello)
			rpc, id, ok := p.Request()
			switch {
			case !ok:
			case strings.Contains(rpc, "<get>"):
				p.Reply(reply(id, data(state)))
			default:
				p.Reply(reply(id, data(descriptions)))
			}
		}), want: served.with(func(o *outcome) { o.session, o.dials = either, dials{"ok": 4} })},
		{name: "idle drop", begin: func(s *harness) { s.device.Drop() }, want: reopened},
		{name: "requests for ever after the login", begin: follows(func(p *netconftest.Peer) {
			p.Greet(hello)
			for block := make([]byte, 16<<10); ; {
				if _, _, err := p.Conn.SendRequest("x@example.com", false, block); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}), want: failed("rpc", "answers nothing: ").with(func(o *outcome) { o.dials = dials{"ok": 2} })},
		{name: "standard error for ever after the login", begin: follows(func(p *netconftest.Peer) {
			p.Greet(hello)
			for block := make([]byte, 16<<10); ; {
				if _, err := p.Stderr().Write(block); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}), want: failed("rpc", "answers nothing: ").with(func(o *outcome) { o.dials = dials{"ok": 2} })},
		{name: "reboot", settings: patient, begin: func(s *harness) {
			down(s)
			s.device.Change(func(d *netconftest.Device) {
				zero := func(p *netconftest.Peer, id string) bool {
					return p.Reply(reply(id, data(strings.NewReplacer("1000", "0", "1001", "0").Replace(state))))
				}
				d.Script = answering(hello, func() behaviour { return zero })
			})
		}, want: failed("refused", "connection refused"), after: samples{
			"netconf_interface_receive_bytes_total,interface=eth0": 0, "netconf_interface_receive_bytes_total,interface=eth1": 0,
		}},
	}
}
