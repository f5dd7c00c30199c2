package main

import (
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkDecode
BenchmarkDecode/ours
BenchmarkDecode/ours-2         	     100	  10000000 ns/op	   9000000 cpu-ns/op	         0.04 allocs/sample	 4152315 B/op	     757 allocs/op
BenchmarkDecode/ours-2         	     100	  30000000 ns/op	  12000000 cpu-ns/op	         0.06 allocs/sample	 4152315 B/op	     757 allocs/op
BenchmarkDecode/ours-2         	     100	  11000000 ns/op	  10000000 cpu-ns/op	         0.04 allocs/sample	 4152315 B/op	     757 allocs/op
BenchmarkDecode/textbook-2     	      10	 130000000 ns/op	 120000000 cpu-ns/op	        25.61 allocs/sample	21531490 B/op	  486571 allocs/op
BenchmarkProbe/interfaces=1000-2 	 60	  20000000 ns/op	  15000000 cpu-ns/op	  20000000 idle-B	  30000000 peak-B	     19033 samples	   3000000 wire-cpu-ns/op	  10000000 wire-ns/op
BenchmarkProbe/interfaces=10-2   	 60	   2000000 ns/op	   1500000 cpu-ns/op	  20000000 idle-B	  20000000 peak-B	     223 samples
BenchmarkPeers/exporter-2      	      10	  30142425 ns/op	  24088083 cpu-ns/op	     19033 samples
=== RUN   BenchmarkPeers/script
BenchmarkPeers/script
    bench_peers_test.go:45: python3-ncclient is not installed
--- SKIP: BenchmarkPeers/script
    bench_peers_test.go:45: python3-ncclient is not installed
--- SKIP: BenchmarkLogin
    device_test.go:39: netconfd is not installed
PASS
`

func TestTable(t *testing.T) {
	r := results{}
	r.parse(printed)
	var table strings.Builder
	writeTable(&table, r)
	for _, want := range []string{
		"CPU | 10.0 ms | `encoding/xml` into structs, `NewConstMetric`, `Gather` | 120 ms | 1/12.0 | 1/10 | reached |",
		"allocations per sample | 0.04 | the same | 25.6 | 1/640.2 | under 0.05 | reached |",
		"| 2. `/probe`, 1,000 interfaces: wall | 20.0 ms | reading the same replies off SSH | 10.0 ms | 2.00 | within 3 | reached |",
		"| 2. the same: CPU of the reader | 15.0 ms | the same | 3.00 ms | 5.00 |  |  |",
		"| a login for each read |  |  | 1/10 | netconfd is not installed |",
		"| a script with ncclient and prometheus_client |  |  | 1/10 | python3-ncclient is not installed |",
		"| snmp_exporter, of net-snmp's agent |  |  | 1/10 | not measured |",
		"| 1000 | 15.0 µs | 3.00 µs | 20.0 ms | 10.0 kB |",
		"| 10 | 150 µs |  | 2.00 ms |  |",
		"| 100 |  |  |  |  |",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %s in\n%s", want, table.String())
		}
	}
}
