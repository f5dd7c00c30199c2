package simulator_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// BenchmarkReply is a get of 1,000 interfaces over SSH, with the client's work (decryption, search for the end).
func BenchmarkReply(b *testing.B) {
	d := start(b, simulator.Config{Interfaces: 1000}).Devices()[0]
	for name, filter := range map[string]string{"all": "", "filtered": "<filter>" + stateOpen + filterOfCounters + "</interfaces-state></filter>"} {
		b.Run(name, func(b *testing.B) {
			c := dial(b, d, base11)
			request := `<rpc xmlns="` + base + `" message-id="1"><get>` + filter + `</get></rpc>`
			var octets int
			for b.Loop() {
				c.send(request)
				octets = c.discard()
			}
			b.SetBytes(int64(octets))
		})
	}
}

const filterOfCounters = "<interface><name/><oper-status/><statistics><in-octets/><out-octets/><in-errors/><out-errors/></statistics></interface>"

// BenchmarkTruth computes the numbers of 1,000 interfaces without XML.
func BenchmarkTruth(b *testing.B) {
	d := start(b, simulator.Config{Interfaces: 1000}).Devices()[0]
	b.ReportAllocs()
	for b.Loop() {
		d.Interfaces(someTime)
	}
}

// discard reads one message of one chunk without keeping it.
func (c *client) discard() int {
	var size int
	if _, err := fmt.Fscanf(c.in, "\n#%d\n", &size); err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, c.in, int64(size)+4); err != nil {
		c.t.Fatal(err)
	}
	return size
}
