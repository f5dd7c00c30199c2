package collector_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// interfaces is a reply with an interface of each name, with its description.
func interfaces(named ...string) string {
	text := `<data><interfaces xmlns="urn:lab">`
	for i := 0; i < len(named); i += 2 {
		text += "<interface><name>" + named[i] + "</name><description>" + named[i+1] + "</description><kind>" + named[i][:2] + "</kind><in>7</in>" +
			"<unit><id>0</id></unit></interface>"
	}
	return text + "</interfaces></data>"
}

const interfaceModule = `
catalog:
  lab_info: {type: gauge, help: About an interface., labels: [interface], info: {description: text, if_type: identity, speed: text}, decode: one}
  lab_bytes_total: {type: counter, help: Bytes., labels: [interface]}
  lab_unit: {type: gauge, help: About a unit., labels: [interface, unit], decode: one}
  lab_other: {type: gauge, help: About the device., labels: [], decode: one}
modules:
  it:
    namespaces: {l: "urn:lab"}
    reads: [{get: [/l:interfaces]}]
    rows:
      - path: /l:interfaces
        metrics: {lab_other: {leaf: ., decode: presence}}
      - path: /l:interfaces/interface
        key: [name]
        labels: {interface: name, description: description, if_type: kind}
        metrics: {lab_info: name, lab_bytes_total: in}
        rows: [{path: unit, key: [id], labels: {unit: id}, metrics: {lab_unit: id}}]
`

// labSeries scrapes a target and gives the series of the lab's metrics.
func labSeries(t *testing.T, scraped map[string]float64) (names []string) {
	t.Helper()
	for name := range scraped {
		if strings.HasPrefix(name, "lab_") || strings.HasPrefix(name, "netconf_module_filtered_rows") {
			names = append(names, fmt.Sprint(name, " ", scraped[name]))
		}
	}
	slices.Sort(names)
	return names
}

func TestFilters(t *testing.T) {
	for name, c := range map[string]struct {
		filters string
		want    []string
	}{
		"none":           {"[]", []string{"lab_bytes_total interface=eth0 7", "lab_bytes_total interface=lo 7", "lab_bytes_total interface=veth1 7"}},
		"drop":           {`[{label: interface, regex: "lo|veth.*", action: drop}]`, []string{"lab_bytes_total interface=eth0 7"}},
		"anchored":       {`[{label: interface, regex: "eth", action: drop}, {label: interface, regex: "l", action: drop}]`, []string{"lab_bytes_total interface=eth0 7", "lab_bytes_total interface=lo 7", "lab_bytes_total interface=veth1 7"}},
		"keep":           {`[{label: if_type, regex: "et|lo", action: keep}]`, []string{"lab_bytes_total interface=eth0 7", "lab_bytes_total interface=lo 7"}},
		"keep, and drop": {`[{label: if_type, regex: "et|lo", action: keep}, {label: interface, regex: lo, action: drop}]`, []string{"lab_bytes_total interface=eth0 7"}},
		"another label":  {`[{label: module_name_of_none, regex: ".*", action: drop}]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == nil { // a label that no metric has
				if _, err := config.Parse([]byte(simulated("defaults: {filters: "+c.filters+"}"+interfaceModule, 1))); err == nil {
					t.Error("it is not refused")
				}
				return
			}
			synctest.Test(t, func(t *testing.T) {
				e, _ := simulate(t, "defaults: {modules: [it], filters: "+c.filters+"}"+interfaceModule, 1, func(int) *client {
					return &client{answer: func(string) (string, time.Duration) {
						return interfaces("eth0", "", "lo", "", "veth1", ""), time.Second
					}}
				})
				for range 20 {
					got := samples(e.Targets()[0].Scrape(within(t, 10*time.Second), nil).Families)
					all := labSeries(t, got)
					bytes := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.HasPrefix(s, "lab_bytes_total") })
					units := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.HasPrefix(s, "lab_unit") })
					if !slices.Equal(bytes, c.want) || len(units) != len(c.want) || got["lab_other"] != 1 {
						t.Fatalf("%v", all)
					}
					if filtered, there := got["netconf_module_filtered_rows module=it"]; there != (name != "none") || int(filtered) != 2*(3-len(c.want)) {
						t.Fatalf("%v rows are counted as filtered", filtered)
					}
					time.Sleep(30 * time.Second)
				}
			})
		})
	}
}

// TestReloadOfFilters serves no result that was filtered otherwise.
func TestReloadOfFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := func(regex string) string {
			return "defaults: {modules: [it], max_age: 1h, filters: [{label: interface, regex: " + regex + ", action: drop}]}" + interfaceModule
		}
		e, _ := simulate(t, text("lo"), 1, func(int) *client {
			return &client{answer: func(string) (string, time.Duration) { return interfaces("eth0", "", "lo", ""), time.Second }}
		})
		for i, regex := range []string{"lo", "eth0", "eth0", "lo"} {
			c, err := config.Parse([]byte(simulated(text(regex), 1)))
			if err == nil {
				err = e.Apply(c)
			}
			if err != nil {
				t.Fatal(err)
			}
			got := samples(e.Targets()[0].Scrape(within(t, 10*time.Second), nil).Families)
			if _, there := got["lab_bytes_total interface="+regex]; there || len(labSeries(t, got)) != 5 {
				t.Errorf("round %d: %v", i, labSeries(t, got))
			}
		}
	})
}

func TestDescriptionLabels(t *testing.T) {
	reply := interfaces("eth0", "[core] {C-1} to ams2", "eth1", "[edge]", "lo", "nothing", "veth1", "")
	const both = `{regex: '\[(?P<role>[a-z]+)\](?: \{(?P<circuit>[^}]+)\})?', labels: [role, circuit]}`
	for name, c := range map[string]struct {
		labels string
		want   []string
	}{
		"none": {"", []string{"lab_info description= if_type=ve interface=veth1 speed="}},
		"two": {both, []string{
			"lab_info circuit= description= if_type=ve interface=veth1 role= speed=",
			"lab_info circuit= description=[edge] if_type=et interface=eth1 role=edge speed=",
			"lab_info circuit= description=nothing if_type=lo interface=lo role= speed=",
			"lab_info circuit=C-1 description=[core] {C-1} to ams2 if_type=et interface=eth0 role=core speed=",
		}},
		"one of two": {strings.Replace(both, "[role, circuit]", "[circuit]", 1), []string{
			"lab_info circuit=C-1 description=[core] {C-1} to ams2 if_type=et interface=eth0 speed=",
		}},
		"the catalogue wins": {`{regex: '\[(?P<if_type>[a-z]+)\](?P<speed>.*)(?P<interface>)'}`, []string{
			"lab_info description=[edge] if_type=et interface=eth1 speed=",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				settings := "modules: [it]"
				if c.labels != "" {
					settings += ", description_labels: " + c.labels
				}
				e, _ := simulate(t, "defaults: {"+settings+"}"+interfaceModule, 1, func(int) *client {
					return &client{answer: func(string) (string, time.Duration) { return reply, time.Second }}
				})
				for range 20 {
					got := samples(e.Targets()[0].Scrape(within(t, 10*time.Second), nil).Families)
					for _, want := range c.want {
						if found := got[want]; found != 1 {
							t.Fatalf("no series %s in %v", want, labSeries(t, got))
						}
					}
					time.Sleep(30 * time.Second)
				}
			})
		})
	}
}

// TestModulesWithSettings reads one module seldom, and gives another less time than it needs.
func TestModulesWithSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := shared[map[string]int]{value: map[string]int{}}
		slow := shared[time.Duration]{value: time.Second}
		e, _ := simulate(t, "defaults: {modules: [top, {name: more, max_age: 5m}, {name: other, max_age: 0s, timeout: 3s}]}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(module string) time.Duration {
				asked.mu.Lock()
				defer asked.mu.Unlock()
				asked.value[module]++
				if module == "other" {
					return slow.get()
				}
				return time.Second
			})}
		})
		target := e.Targets()[0]
		scrape := func() map[string]float64 {
			defer time.Sleep(30 * time.Second)
			return samples(target.Scrape(within(t, 20*time.Second), nil).Families)
		}
		for range 20 {
			if got := scrape(); got["lab_value note= thing=more"]+got["lab_value note= thing=top"]+got["lab_value note= thing=other"] != 3 {
				t.Fatal(got)
			}
		}
		if n := asked.get(); n["top"] != 20 || n["other"] != 20 || n["more"] < 2 || n["more"] > 3 {
			t.Errorf("asked for %v", n)
		}
		slow.set(10 * time.Second) // within the target's timeout, and beyond the module's
		for range 20 {
			got := scrape()
			if got["netconf_module_success module=other"] != 0 || got["netconf_scrape_failure reason=timeout"] != 1 {
				t.Errorf("a module that takes longer than it may: %v", got)
			}
			if got["netconf_up"] != 1 || got["lab_value note= thing=top"] != 1 || got["lab_value note= thing=more"] != 1 {
				t.Fatalf("it hides other modules: %v", got)
			}
		}
		slow.set(time.Second)
		scrape()
		if got := scrape(); got["netconf_module_success module=other"] != 1 {
			t.Errorf("it does not come back: %v", got)
		}
	})
}
