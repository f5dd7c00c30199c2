package corpus_test

import (
	"html"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/corpus"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// framings are the ways in which each recording is sent.
var framings = map[string]func(message string) string{
	"base:1.0": func(message string) string { return message + netconftest.EOM },
	"base:1.1": func(message string) string { return netconftest.Chunks(message, 1024) },
}

// TestReplay has devices send recorded replies over SSH, and compares the samples of a scrape. The devices announce what the module
// needs. They are read by auto if auto can find the module and the module gives samples.
func TestReplay(t *testing.T) {
	cases, modules, harness := corpus.Cases(t), load(t), newHarness()
	for name, c := range cases {
		var replies []string
		for _, file := range c.Replies {
			replies = append(replies, corpus.Recording(t, file))
		}
		m := modules[c.Module]
		if m.compiled == nil || len(replies) > len(m.compiled.Requests) {
			t.Fatalf("%s: there is no module %s with %d reads", name, c.Module, len(replies))
		}
		for framing, frame := range framings {
			capabilities := m.capabilities(framing)
			device, read := yang.NewDevice(capabilities, nil), c.Module
			if fits, _ := m.compiled.Fits(device); fits && !c.Empty() {
				read = config.Auto
			}
			harness.add(t, name+"/"+framing, read, func(p *netconftest.Peer) {
				p.Greet(hello(capabilities))
				for {
					rpc, id, ok := p.Request()
					if !ok {
						return
					}
					reply := p.Frame(netconftest.OKReply(id))
					for i, recorded := range replies {
						if strings.Contains(rpc, m.compiled.Requests[i].XML(device, false)) {
							reply = frame(answering(rpc, id, recorded))
						}
					}
					if !p.Send(reply) || strings.Contains(rpc, "close-session") {
						return
					}
				}
			})
		}
	}
	harness.serve(t, vendors)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		for framing := range framings {
			t.Run(name+"/"+framing, func(t *testing.T) {
				c := cases[name]
				before := time.Now()
				if before.Before(c.Present()) {
					t.Skipf("this machine's clock is behind the recording's, %s", c.Present())
				}
				a := harness.probe(t, name+"/"+framing)
				a.compare(t, &c, before.Sub(c.Present()), time.Since(before))
			})
		}
	}
}

// shipped is a built-in module, as configuration and compiled.
type shipped struct {
	source   *config.Module
	compiled *module.Module
}

// vendors has modules that the program does not ship.
const vendors = "vendors.yml"

func load(t *testing.T) map[string]shipped {
	t.Helper()
	cfg, err := config.Load([]string{vendors})
	if err != nil {
		t.Fatal(err)
	}
	library, err := cfg.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := module.Compile(library)
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]shipped{}
	for name, source := range library.Modules {
		modules[name] = shipped{source, compiled[name]}
	}
	return modules
}

// capabilities are those of a device that has a framing and what a module needs.
func (m shipped) capabilities(framing string) []string {
	all := []string{"urn:ietf:params:netconf:" + framing}
	for prefix, uri := range m.source.Namespaces {
		all = append(all, strings.ReplaceAll(uri, "*", "1")+"?module="+prefix+"&revision=2999-12-31")
	}
	for _, needed := range m.source.Requires {
		if needed == ":nmda" {
			needed = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
		}
		all = append(all, strings.ReplaceAll(needed, "*", "1"))
	}
	return all
}

func hello(capabilities []string) string {
	var list strings.Builder
	for _, c := range capabilities {
		list.WriteString("<capability>" + html.EscapeString(c) + "</capability>")
	}
	return `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` + list.String() + `</capabilities><session-id>7</session-id></hello>`
}

var (
	envelope  = regexp.MustCompile(`<(\w+:)?rpc-reply\b[^>]*>`)
	messageID = regexp.MustCompile(`(message-id\s*=\s*)("[^"]*"|'[^']*')`)
	dataReads = regexp.MustCompile(`<get(-config|-data)?[\s>]`)
)

// answering makes a reply of a recording. It sets the message-id, unless the device sends none, and adds the elements around the data
// that some recordings lack.
func answering(rpc, id, recorded string) string {
	if tag := envelope.FindString(recorded); tag != "" {
		return strings.Replace(recorded, tag, messageID.ReplaceAllString(tag, `${1}"`+id+`"`), 1)
	}
	if dataReads.MatchString(rpc) && !strings.HasPrefix(strings.TrimSpace(recorded), "<data") {
		recorded = "<data>" + recorded + "</data>"
	}
	return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `">` + recorded + `</rpc-reply>`
}

// answer has the samples of a probe.
type answer struct {
	samples map[string]float64 // by series
	counts  map[string]int     // how many series a metric has
}

// compare compares the answer with the case. The time of the read differs from the case's.
func (a *answer) compare(t *testing.T, c *corpus.Case, later, took time.Duration) {
	t.Helper()
	own := func(name string, labels string) float64 { return a.samples[name+`{module="`+c.Module+`"`+labels+`}`] }
	if up, success := a.samples["netconf_up{}"], own("netconf_module_success", ""); up != 1 || c.Fails == (success == 1) {
		t.Errorf("up %v, success %v; the replies report an error: %v", up, success, c.Fails)
	}
	for _, line := range c.Want {
		at := strings.LastIndex(line, " ")
		key := line[:at]
		want, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := a.samples[key]
		// Devices tell times as dates or as so long ago, and the latter pass with the clock.
		passed := got - want - later.Seconds()
		switch {
		case !ok:
			t.Errorf("no %s; there are:\n%s", key, strings.Join(a.like(key), "\n"))
		case strings.Contains(key, "_timestamp_seconds{") && passed > -1 && passed < took.Seconds()+1:
		case got != want && !(math.IsNaN(got) && math.IsNaN(want)):
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	for metric, want := range c.Counts {
		if got := a.counts[metric]; got != want {
			t.Errorf("%s has %d series, want %d", metric, got, want)
		}
	}
	for metric, want := range c.Sums {
		if got := a.sum(metric); math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s comes to %v, want %v", metric, got, want)
		}
	}
	for _, reason := range decode.SkippedReasons() {
		if got := own("netconf_module_skipped_values", `,reason="`+reason+`"`); got != float64(c.Skipped[reason]) {
			t.Errorf("%v values skipped as %s, want %d", got, reason, c.Skipped[reason])
		}
	}
	if got := own("netconf_module_samples", ""); c.Empty() != (got == 0) {
		t.Errorf("%v samples", got)
	}
}

// sum adds up all samples of a metric.
func (a *answer) sum(metric string) (sum float64) {
	for series, value := range a.samples {
		if strings.HasPrefix(series, metric+"{") {
			sum += value
		}
	}
	return sum
}

// like gives the series of the same metric.
func (a *answer) like(key string) []string {
	name, _, _ := strings.Cut(key, "{")
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a.samples)), func(s string) bool { return !strings.HasPrefix(s, name+"{") })
}

// TestStatus checks the status of each module: supported are those that TestReplay shows to read replies of real devices.
func TestStatus(t *testing.T) {
	library, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[string]bool{}
	for _, c := range corpus.Cases(t) {
		if len(c.Want) > 0 && !c.Partial {
			recorded[c.Module] = true
		}
	}
	for name, m := range library.Modules {
		if supported := m.Status == "supported"; supported != recorded[name] {
			t.Errorf("module %s says status: %s; real devices' replies to it in cases/*.yml: %v", name, m.Status, recorded[name])
		}
	}
}
