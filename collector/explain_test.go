package collector_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
)

// kinds are two modules of one kind, of which auto takes the first, and one that needs what no device here announces.
const kinds = `
catalog:
  lab_value: {type: gauge, help: A value., labels: [thing], info: {note: text}}
  lab_more: {type: gauge, help: Another value., labels: [thing]}
modules:
  best: {provides: things, preference: 9, namespaces: {l: "urn:lab"}, reads: [{get: [/l:top]}], rows: [{path: /l:top/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value, lab_more: value}}]}
  other: {provides: things, preference: 1, namespaces: {l: "urn:lab"}, reads: [{get: [/l:other]}], rows: [{path: /l:other/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]}
  absent: {namespaces: {l: "urn:absent"}, reads: [{get: [/l:more]}], rows: [{path: /l:more/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]}
`

const refused = `<rpc-error><error-type>protocol</error-type><error-tag>unknown-element</error-tag><error-severity>error</error-severity></rpc-error>`

func TestAutoBesideNamesLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		modules string
		other   string // the reply to the module other
		want    []string
	}{
		"auto alone":                      {"[auto]", items("other", "1", "2", ""), []string{"lab_value note= thing=1", "lab_more thing=1"}},
		"another module of the same kind": {"[auto, other]", items("other", "1", "2", ""), []string{"lab_value note= thing=1", "lab_more thing=1"}},
		"it is empty":                     {"[auto, other]", "<data/>", []string{"lab_value note= thing=1", "lab_more thing=1"}},
		"it fails":                        {"[other, auto]", refused, []string{"lab_value note= thing=1", "lab_more thing=1"}},
		"it has more things":              {"[other, auto]", items("other", "2", "2", ""), []string{"lab_value note= thing=1", "lab_value note= thing=2", "lab_more thing=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, _ := simulate(t, "defaults: {modules: "+c.modules+"}"+kinds, 1, func(int) *client {
					return &client{answer: func(rpc string) (string, time.Duration) {
						if strings.Contains(rpc, "<other") {
							return c.other, time.Second
						}
						return items("top", "1", "2", ""), time.Second
					}}
				})
				for range 20 {
					got := samples(e.Targets()[0].Scrape(within(t, 10*time.Second), nil).Families)
					var values []string
					for name := range got {
						if strings.HasPrefix(name, "lab_") {
							values = append(values, name)
						}
					}
					slices.Sort(values)
					slices.Sort(c.want)
					if !slices.Equal(values, c.want) {
						t.Fatalf("%v, want %v", values, c.want)
					}
					time.Sleep(30 * time.Second)
				}
			})
		})
	}
}

func TestNamedModuleThatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reply := shared[string]{value: refused}
		e, _ := simulate(t, "defaults: {modules: [auto, absent]}"+kinds, 1, func(int) *client {
			return &client{answer: func(rpc string) (string, time.Duration) {
				if strings.Contains(rpc, "<more") {
					return reply.get(), time.Second
				}
				return items("top", "1", "2", ""), time.Second
			}}
		})
		target := e.Targets()[0]
		s := target.Scrape(within(t, 10*time.Second), nil)
		want := "module absent: the device does not announce urn:absent; take the module out of those of the target (the device answered with an error: unknown-element)"
		if s.Err == nil || s.Err.Error() != want {
			t.Errorf("the error is %v, want %s", s.Err, want)
		}
		reply.set("<data/>")
		time.Sleep(time.Minute)
		target.Scrape(within(t, 10*time.Second), nil)
		for _, m := range target.Status().Modules {
			if want := m.Name == "absent"; want != (m.Note == "the device does not announce urn:absent, so the module gives nothing") {
				t.Errorf("module %s: note %q", m.Name, m.Note)
			}
		}
	})
}

func TestUpWithoutData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reply := shared[string]{value: "<data/>"}
		e, _ := simulate(t, "defaults: {modules: [top]}"+labModules, 1, func(int) *client {
			return &client{answer: func(string) (string, time.Duration) { return reply.get(), time.Second }}
		})
		target := e.Targets()[0]
		s := target.Scrape(within(t, 10*time.Second), nil)
		for _, note := range []string{s.Note, target.Status().Note} {
			for _, want := range []string{"target t0: it is up, but no reply has data", "NACM, RFC 8341", `user "u"`, "probe --explain t0"} {
				if !strings.Contains(note, want) {
					t.Errorf("the note has no %q: %s", want, note)
				}
			}
		}
		if !s.Up || s.Err != nil {
			t.Errorf("up %v, error %v", s.Up, s.Err)
		}
		for name, text := range map[string]string{"data": items("top", "1", "2", ""), "an error": refused} {
			reply.set(text)
			time.Sleep(time.Minute)
			if s := target.Scrape(within(t, 10*time.Second), nil); s.Note != "" || target.Status().Note != "" {
				t.Errorf("with %s: %s", name, s.Note)
			}
		}
	})
}

// TestExplainReads asks for explanations of a module that is read each time, and of one that is served again for an hour.
func TestExplainReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := simulate(t, "defaults: {modules: [top, other]}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(string) time.Duration { return time.Second })}
		})
		target := e.Targets()[0]
		explained := func() (names []string) {
			time.Sleep(10 * time.Second)
			for _, e := range target.Scrape(within(t, 5*time.Second), nil).Explanations {
				if slices.Contains(e.Lines, "rows /l:"+e.Module+"/item: 1 element") {
					names = append(names, e.Module)
				} else if e.Lines != nil {
					t.Errorf("module %s: %q", e.Module, e.Lines)
				}
			}
			return names
		}
		if got := explained(); got != nil {
			t.Errorf("before anybody asked, %v explain themselves", got)
		}
		for range 20 {
			target.Explain()
			if got := explained(); !slices.Equal(got, []string{"top"}) {
				t.Errorf("%v explain themselves, want top", got)
			}
		}
		time.Sleep(time.Hour)
		target.Explain()
		if got := explained(); !slices.Equal(got, []string{"top", "other"}) && !slices.Equal(got, []string{"other", "top"}) {
			t.Errorf("%v explain themselves, want both", got)
		}
		time.Sleep(time.Hour)
		if got := explained(); got != nil {
			t.Errorf("an hour later %v explain themselves", got)
		}
	})
}

// TestAccessDenied has two reads of a module refused alike, and one in another way.
func TestAccessDenied(t *testing.T) {
	const module = `
catalog: {lab_value: {type: gauge, help: A value., labels: [thing]}}
modules:
  it:
    namespaces: {l: "urn:lab"}
    reads: [{get: ["/l:top/list/{name,value}"]}, {get: [/l:other]}, {rpc: <get-more xmlns="urn:lab"/>}]
    rows: [{path: [/l:top/list/item, /l:other/item], key: [name], labels: {thing: name}, metrics: {lab_value: value}}]
`
	synctest.Test(t, func(t *testing.T) {
		e, _ := simulate(t, "defaults: {modules: [it]}"+module, 1, func(int) *client {
			return &client{answer: func(rpc string) (string, time.Duration) {
				if strings.Contains(rpc, "get-more") {
					return refused, time.Second
				}
				return strings.Replace(refused, "unknown-element", "access-denied", 1), time.Second
			}}
		})
		s := e.Targets()[0].Scrape(within(t, 10*time.Second), nil)
		want := "module it: the device answered with an error: access-denied (asked for /l:top/list and /l:other); let the user read it on the device " +
			"(access control, NACM, RFC 8341); the device answered with an error: unknown-element (asked for <get-more>)"
		if s.Err == nil || s.Err.Error() != want || s.Reason != collector.ReasonRPC {
			t.Errorf("the error is %v (%s), want %s", s.Err, s.Reason, want)
		}
	})
}
