package collector_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/network"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// transports are the ways to one and the same simulated device.
var transports = map[string]struct {
	simulator.Config
	// lacks are devices that cannot be read that way, and why.
	lacks map[string]string
	// through is what more the configuration says of the way.
	through func(testing.TB) string
}{
	"tls":                     {simulator.Config{Transport: simulator.TransportTLS}, nil, nil},
	"restconf":                {simulator.Config{Transport: simulator.TransportRESTCONF}, noYANG, nil},
	"restconf without fields": {simulator.Config{Transport: simulator.TransportRESTCONF, NoFields: true}, noYANG, nil},
	"call home":               {simulator.Config{CallHome: "127.93.7.2:4334"}, nil, nil},
	"proxy": {simulator.Config{}, nil, func(t testing.TB) string {
		return "defaults: {proxy_url: 'socks5://" + netconftest.StartProxy(t).Address + "'}\n"
	}},
	"jump host": {simulator.Config{}, nil, func(t testing.TB) string {
		jump := netconftest.StartJump(t)
		return fmt.Sprintf("jump_hosts: {bastion: {address: %q, auth: jump}}\ndefaults: {proxy_jump: bastion}\nauths:\n    jump: {username: %s, password: %s, host_key_fingerprints: [%q]}\n",
			jump.Address, netconftest.User, netconftest.Password, ssh.FingerprintSHA256(jump.Key))
	}},
}

// noYANG are devices whose operations belong to no YANG module, which RESTCONF would name them by.
var noYANG = map[string]string{"core-2": "which its user has to have the right to read"}

// TestSameSeriesOverAllTransports: whichever way a device is reached, the same modules give the same series of it, with the same values.
// All devices of the simulated network are read, at the same simulated time, by all modules that fit them.
func TestSameSeriesOverAllTransports(t *testing.T) {
	want := readNetwork(t, simulator.Config{}, nil)
	for name, way := range transports {
		t.Run(name, func(t *testing.T) {
			got := readNetwork(t, way.Config, way.through)
			for device, samples := range want {
				if why := way.lacks[device]; why != "" {
					if len(got[device]) == 0 || !strings.Contains(got[device][0], why) {
						t.Errorf("%s: want the error that %s, got %v", device, why, got[device])
					}
					continue
				}
				for _, sample := range missing(samples, got[device]) {
					t.Errorf("%s: over SSH alone: %s", device, sample)
				}
				for _, sample := range missing(got[device], samples) {
					t.Errorf("%s: over %s alone: %s", device, name, sample)
				}
			}
		})
	}
}

// readNetwork returns the samples of each device, without those that tell of the exporter or of the session.
func readNetwork(t *testing.T, way simulator.Config, through func(testing.TB) string) map[string][]string {
	t.Helper()
	way.Now = func() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }
	way = withFiles(t, way)
	scenario, err := network.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := network.Start(scenario, way)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	e := exporterOf(t, fleet.Fleet, way, through)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	devices := map[string][]string{}
	for _, target := range e.Targets() {
		found, err := target.Discover(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var modules []string
		for _, fit := range found.Modules {
			if fit.Fits {
				modules = append(modules, fit.Name)
			}
		}
		if len(modules) == 0 {
			modules = []string{config.Auto}
		}
		scrape := target.Scrape(ctx, modules)
		var out bytes.Buffer
		if scrape.Err != nil {
			out.WriteString(" " + scrape.Err.Error() + "\n")
		}
		for _, family := range scrape.Families {
			if _, err := expfmt.MetricFamilyToText(&out, family); err != nil {
				t.Fatal(err)
			}
		}
		var samples []string
		for line := range strings.SplitSeq(out.String(), "\n") {
			if line != "" && !strings.HasPrefix(line, "#") && !tellsOfTheRead(line) {
				samples = append(samples, line)
			}
		}
		slices.Sort(samples)
		devices[target.Name()] = samples
	}
	return devices
}

// withFiles names files for the certificates, where the way needs them.
func withFiles(t testing.TB, way simulator.Config) simulator.Config {
	if way.Transport == simulator.TransportTLS {
		folder := t.TempDir()
		way.CAFile, way.CertFile, way.KeyFile = filepath.Join(folder, "ca.pem"), filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	}
	return way
}

// exporterOf is an exporter with all devices of a fleet as targets.
func exporterOf(t testing.TB, fleet *simulator.Fleet, way simulator.Config, through func(testing.TB) string) *collector.Exporter {
	t.Helper()
	certificate, key, err := fleet.ClientPEM()
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{way.CAFile: fleet.CertificatePEM(), way.CertFile: certificate, way.KeyFile: key} {
		if file == "" {
			continue
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := fleet.ConfigYAML("simulated")
	if err != nil {
		t.Fatal(err)
	}
	if through != nil {
		more, auths, _ := strings.Cut(through(t), "auths:\n")
		text = []byte(strings.Replace(string(text), "auths:\n", "auths:\n"+auths, 1) + more)
	}
	c, err := config.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	e, err := collector.New(c, collector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	for _, target := range e.Targets() {
		if called := target.Called(); called != nil {
			<-called
		}
	}
	return e
}

// missing are the samples that another way does not give.
func missing(samples, among []string) (not []string) {
	for _, sample := range samples {
		if !slices.ContainsFunc(among, func(other string) bool { return sameSample(sample, other) }) {
			not = append(not, sample)
		}
	}
	return not
}

// sameSample reports whether two samples are the same. Some devices tell ages, of which times become that differ by the moment of the read.
func sameSample(a, b string) bool {
	if a == b {
		return true
	}
	seriesA, valueA := cutValue(a)
	seriesB, valueB := cutValue(b)
	return seriesA == seriesB && strings.Contains(seriesA, "_timestamp_seconds") && math.Abs(valueA-valueB) < 600
}

func cutValue(sample string) (series string, value float64) {
	at := strings.LastIndexByte(sample, ' ')
	value, _ = strconv.ParseFloat(sample[at+1:], 64)
	return sample[:max(at, 0)], value
}

// tellsOfTheRead reports whether a sample is about the read and the sessions, and not about the device.
func tellsOfTheRead(sample string) bool {
	for _, name := range []string{"netconf_scrape_", "netconf_read_", "netconf_session_", "netconf_module_last_read", "netconf_module_duration", "netconf_module_reply_bytes", "netconf_target_",
		"netconf_server_", "netconf_tls_"} {
		if strings.HasPrefix(sample, name) {
			return true
		}
	}
	return false
}

// BenchmarkTransports reads a device with 1,000 interfaces. The simulated device is part of the cost.
func BenchmarkTransports(b *testing.B) {
	ways := map[string]simulator.Config{"ssh": {}}
	for name, way := range transports {
		if way.through == nil && way.CallHome == "" { // which are SSH, once there is a session
			ways[name] = way.Config
		}
	}
	for name, way := range ways {
		b.Run(name, func(b *testing.B) {
			way = withFiles(b, way)
			way.Interfaces = 1000
			fleet, err := simulator.Start(way)
			if err != nil {
				b.Fatal(err)
			}
			defer fleet.Close()
			e := exporterOf(b, fleet, way, nil)
			target := e.Targets()[0]
			b.ReportAllocs()
			for b.Loop() {
				if scrape := target.Scrape(b.Context(), nil); scrape.Err != nil {
					b.Fatal(scrape.Err)
				}
			}
		})
	}
}
