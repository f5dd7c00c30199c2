package module_test

import (
	"bytes"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

var fuzzLimits = decode.Limits{ReplyBytes: 1 << 20, Samples: 100}

// FuzzReply decodes any bytes by any module: the result can be served, and is the same if the bytes come one by one. One input goes
// through one module, which pick chooses: with all of them each input would take a tenth of a second.
func FuzzReply(f *testing.F) {
	modules := load(f, "../corpus/vendors.yml")
	names := slices.Sorted(maps.Keys(modules))
	files, err := filepath.Glob("testdata/modules/*/*/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		reply, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		name := strings.Split(filepath.ToSlash(file), "/")[2]
		f.Add(reply, uint16(slices.Index(names, name)))
	}
	interfaces := uint16(slices.Index(names, "ietf-interfaces"))
	f.Add([]byte(envelope(`<interfaces-state xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface><name>x</name><speed>1</speed><statistics><in-octets>1</in-octets></statistics></interface></interfaces-state>`)), interfaces)
	f.Add([]byte(`<rpc-reply><rpc-error><error-tag>in-use</error-tag></rpc-error></rpc-reply>`), interfaces)
	f.Fuzz(func(t *testing.T, reply []byte, pick uint16) {
		name := names[int(pick)%len(names)]
		m := modules[name]
		cache, slow := decode.NewCache(nil), decode.NewCache(nil)
		for _, incomplete := range []bool{false, true} {
			got := fuzzRead(m, cache, incomplete, reply)
			checkResult(t, name, got)
			octets := fuzzRead(m, slow, incomplete, reply, iotest.OneByteReader)
			if diff := cmp.Diff(lines(octets), lines(got)) + cmp.Diff(octets.Skipped, got.Skipped); diff != "" {
				t.Errorf("module %s: octet by octet (-) and at once (+): %s", name, diff)
			}
		}
	})
}

func fuzzRead(m *module.Module, cache *decode.Cache, incomplete bool, reply []byte, through ...func(io.Reader) io.Reader) decode.Result {
	table := m.Table(fuzzLimits)
	defer table.Release()
	for range 2 {
		var from io.Reader = bytes.NewReader(reply)
		for _, wrap := range through {
			from = wrap(from)
		}
		if _, err := table.Decode(from); err != nil {
			break // a reply need not be XML
		}
	}
	return table.Result(cache, now, incomplete)
}

// checkResult fails where a result could not be served as metrics.
func checkResult(t *testing.T, name string, r decode.Result) {
	t.Helper()
	if r.Samples > fuzzLimits.Samples {
		t.Errorf("module %s: %d samples, of at most %d", name, r.Samples, fuzzLimits.Samples)
	}
	for _, family := range r.Families {
		series := map[string]bool{}
		for _, s := range family.Samples {
			var key strings.Builder
			last := ""
			for _, p := range s.Labels.Pairs {
				if p.GetName() <= last || !utf8.ValidString(p.GetValue()) {
					t.Errorf("module %s: %s has the labels %v", name, family.Metric.Name, s.Labels.Pairs)
				}
				last = p.GetName()
				key.WriteString(p.GetValue() + "\xff")
			}
			if series[key.String()] {
				t.Errorf("module %s: %s has the labels %v twice", name, family.Metric.Name, s.Labels.Pairs)
			}
			series[key.String()] = true
			if math.IsNaN(s.Value) || math.IsInf(s.Value, 1) || s.Start != nil && !s.Start.IsValid() {
				t.Errorf("module %s: %s is %f since %v", name, family.Metric.Name, s.Value, s.Start)
			}
		}
	}
}

// FuzzModule compiles any YAML as a module: it is refused, or it asks for what is XML and takes a reply.
func FuzzModule(f *testing.F) {
	library, err := config.BuiltinDefinitions()
	if err != nil {
		f.Fatal(err)
	}
	for _, m := range library.Modules {
		text, err := yaml.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, []byte(envelope(one)))
	}
	for _, text := range []string{infoModule, plainModule} {
		f.Add([]byte(text), []byte(envelope(one+two+three)))
	}
	var lab struct{ Catalog map[string]*config.Metric }
	strict(f, catalog, &lab)
	f.Fuzz(func(t *testing.T, text, reply []byte) {
		var source config.Module
		if yaml.Unmarshal(text, &source) != nil {
			return
		}
		modules, err := module.Compile(&config.Definitions{Catalog: lab.Catalog, Modules: map[string]*config.Module{"m": &source}})
		if err != nil {
			return
		}
		m, device := modules["m"], yang.NewDevice([]string{"urn:a?module=a"}, nil)
		m.Fits(device)
		for i := range m.Requests {
			for _, asGet := range []bool{false, true} {
				operation := m.Requests[i].XML(device, asGet)
				var s xmlscan.Scanner
				s.Reset(strings.NewReader(operation))
				for err == nil {
					_, err = s.Next()
				}
				if err != io.EOF {
					t.Errorf("the operation %q is not XML: %v", operation, err)
				}
				err = nil
			}
		}
		cache := decode.NewCache(nil)
		for _, incomplete := range []bool{false, true} {
			checkResult(t, "m", fuzzRead(m, cache, incomplete, reply))
		}
	})
}
