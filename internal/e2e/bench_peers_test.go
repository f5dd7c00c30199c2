//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// BenchmarkPeers measures the processor time for a scrape of 1,000 interfaces: of this exporter, of snmp_exporter with net-snmp's agent,
// and of a script of forty lines.
func BenchmarkPeers(b *testing.B) {
	const interfaces = 1000
	fleet := startSimulated(b, 1, interfaces)
	scrapes := func(b *testing.B, pid int, s *scraper) {
		measure(b, subject{pid: pid, once: s.scrape})
		s.report(b)
	}
	b.Run("exporter", func(b *testing.B) {
		e := startExporter(b, fleet.config)
		scrapes(b, e.cmd.Process.Pid, e.scraper("/probe?target=sim-0001"))
	})
	b.Run("script", func(b *testing.B) {
		const python = "/usr/bin/python3" // the one whose packages Debian installs
		if exec.Command(python, "-c", "import ncclient, prometheus_client").Run() != nil {
			missing(b, "python3-ncclient and python3-prometheus-client are not installed")
		}
		_, port, _ := net.SplitHostPort(fleet.addresses[0])
		address := fmt.Sprintf("127.0.0.1:%d", freePort(b, 0))
		cmd := exec.Command(python, "testdata/script.py", port, address[len("127.0.0.1:"):])
		if _, err := cmd.StdinPipe(); err != nil {
			b.Fatal(err)
		}
		p := start(b, cmd)
		waitToListen(b, p, address)
		scrapes(b, cmd.Process.Pid, newScraper(b, address, "/metrics"))
	})
	b.Run("snmp_exporter", func(b *testing.B) {
		need(b, "snmpd", "prometheus-snmp-exporter", "ip")
		ownNetwork(b, interfaces)
		const agent, address = "127.0.0.1:1161", "127.0.0.1:9116" // the network namespace has no other programs
		dir := b.TempDir()
		file := filepath.Join(dir, "snmpd.conf")
		if err := os.WriteFile(file, []byte("rocommunity public 127.0.0.1\n"), 0o600); err != nil {
			b.Fatal(err)
		}
		cmd := exec.Command("snmpd", "-f", "-Lo", "-C", "-c", file, "udp:"+agent)
		cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "MIBS=") // without MIB files, which it does not need
		snmpd := start(b, cmd)
		waitFor(b, "snmpd", func() bool { return strings.Contains(snmpd.output.String(), "NET-SNMP version") })
		module, err := filepath.Abs("testdata/snmp.yml")
		if err != nil {
			b.Fatal(err)
		}
		p := start(b, exec.Command("prometheus-snmp-exporter", "--config.file="+module, "--web.listen-address="+address))
		waitToListen(b, p, address)
		scrapes(b, p.cmd.Process.Pid, newScraper(b, address, "/snmp?module=if_mib&target="+agent))
	})
}

// ownNetwork moves the caller's thread, and what it starts, to a new network namespace with the loopback and the given number of other
// interfaces. Thread and namespace end with the benchmark.
func ownNetwork(b *testing.B, interfaces int) {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		missing(b, fmt.Sprintf("no network namespace: %v; root has one", err))
	}
	var commands bytes.Buffer
	fmt.Fprintln(&commands, "link set lo up")
	for i := 1; i < interfaces; i += 2 {
		fmt.Fprintf(&commands, "link add v%d up type veth peer name v%d\nlink set v%d up\n", i, i+1, i+1)
	}
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = &commands
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("ip -batch: %v: %s", err, out)
	}
}

// waitToListen waits in the network namespace of the caller's thread.
func waitToListen(t testing.TB, p *process, address string) {
	t.Helper()
	waitFor(t, filepath.Base(p.cmd.Path)+" to listen", func() bool {
		if !p.running() {
			t.Fatalf("%s ended: %s", p.cmd.Path, strings.TrimSpace(p.output.String()))
		}
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}
