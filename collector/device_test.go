package collector_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// lab is a catalogue entry and a module for the devices below; extra goes into the module's only read.
const lab = `
catalog: {lab_value: {type: gauge, help: A value., labels: [thing], info: {note: text}}}
modules:
  lab:
    provides: %s
    namespaces: {l: "urn:lab"}
    reads: [{get: [/l:top], next: "<get-next set-id=\"{set-id}\"/>"}]
    rows: [{path: /l:top/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]
  more:
    namespaces: {l: "urn:lab"}
    reads: [{get: [/l:more]}]
    rows: [{path: /l:more/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]
`

// scripted starts a device that answers each rpc as answer says, and an exporter that reads it.
func scripted(t *testing.T, hello, config string, answer func(rpc string) (attributes, data string)) *collector.Target {
	t.Helper()
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Chunked = strings.Contains(hello, "base:1.1")
		p.Greet(hello)
		p.Answer(func(rpc, id string) string {
			attributes, data := answer(rpc)
			return fmt.Sprintf(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="%s"%s>%s</rpc-reply>`, id, attributes, data)
		})
	})
	return start(t, load(t, deviceConfig(device)+config)).Targets()[0]
}

func deviceConfig(d *netconftest.Device) string {
	return fmt.Sprintf("auths: {lab: {username: %s, password: %s, host_key_fingerprints: [%q]}}\n"+
		"targets: [{name: device, address: %q, auth: lab}]\n", netconftest.User, netconftest.Password, ssh.FingerprintSHA256(d.Key), d.Address)
}

func announce(capabilities ...string) string {
	list := "<capability>urn:ietf:params:netconf:base:1.0</capability>"
	for _, c := range capabilities {
		list += "<capability>" + c + "</capability>"
	}
	return `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` + list + `</capabilities><session-id>7</session-id></hello>`
}

func items(container string, list ...string) string {
	var b strings.Builder
	for i := 0; i < len(list); i += 3 {
		fmt.Fprintf(&b, "<item><name>%s</name><value>%s</value><note>%s</note></item>", list[i], list[i+1], list[i+2])
	}
	return "<data><" + container + ` xmlns="urn:lab">` + b.String() + "</" + container + "></data>"
}

func TestReplyInPartsIsReadToItsEnd(t *testing.T) {
	target := scripted(t, announce("urn:lab"), "defaults: {modules: [lab]}"+fmt.Sprintf(lab, "things"), func(rpc string) (string, string) {
		switch {
		case strings.Contains(rpc, `set-id="&quot;2"`), strings.Contains(rpc, `set-id="&#34;2"`):
			return "", items("top", "c", "3", "")
		case strings.Contains(rpc, "set-id"):
			return ` set-id="&quot;2"`, items("top", "b", "2", "")
		}
		return ` set-id="1"`, items("top", "a", "1", "")
	})
	got := samples(target.Scrape(within(t, 10*time.Second), nil).Families)
	if got["lab_value note= thing=a"] != 1 || got["lab_value note= thing=b"] != 2 || got["lab_value note= thing=c"] != 3 || got["netconf_module_success module=lab"] != 1 {
		t.Errorf("parts are missing: %v", got)
	}
}

func TestPartThatIsRefusedIsSeen(t *testing.T) {
	target := scripted(t, announce("urn:lab"), "defaults: {modules: [lab]}"+fmt.Sprintf(lab, "things"), func(rpc string) (string, string) {
		if strings.Contains(rpc, "set-id") {
			return "", "<rpc-error><error-severity>error</error-severity><error-message>too late</error-message></rpc-error>"
		}
		return ` set-id="1"`, items("top", "a", "1", "")
	})
	s := target.Scrape(within(t, 10*time.Second), nil)
	got := samples(s.Families)
	if got["netconf_module_success module=lab"] != 0 || got["netconf_up"] != 1 || s.Err == nil || !strings.Contains(s.Err.Error(), "too late") {
		t.Errorf("a reply that was cut says success %v, error %v", got["netconf_module_success module=lab"], s.Err)
	}
}

func TestErrorsOfAModuleAreOneLine(t *testing.T) {
	config := strings.Replace(fmt.Sprintf(lab, "things"), "reads: [{get: [/l:more]}]", "reads: [{get: [/l:more]}, {get: [/l:even/more]}]", 1)
	target := scripted(t, announce("urn:lab"), "defaults: {modules: [more]}"+config, func(string) (string, string) {
		return "", "<rpc-error><error-severity>error</error-severity><error-message>not\nnow</error-message></rpc-error>"
	})
	err := target.Scrape(within(t, 10*time.Second), nil).Err
	if err == nil || strings.Count(err.Error(), "not now") != 1 || !strings.Contains(err.Error(), "/l:more and /l:even") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %q, want what both reads said, once and on one line", err)
	}
}

func TestSeriesOfTwoModulesAreMerged(t *testing.T) {
	target := scripted(t, announce("urn:lab"), "defaults: {modules: [lab, more]}"+fmt.Sprintf(lab, "things"), func(rpc string) (string, string) {
		if strings.Contains(rpc, "<more") {
			return "", items("more", "a", "7", "from more", "b", "8", "")
		}
		return "", items("top", "a", "1", "")
	})
	got := samples(target.Scrape(within(t, 10*time.Second), nil).Families)
	if got["lab_value note=from more thing=a"] != 1 || got["lab_value note= thing=b"] != 8 {
		t.Errorf("merged series: %v", got)
	}
}

func TestProviderWithoutRowsYields(t *testing.T) {
	var rpcs atomic.Int32
	config := fmt.Sprintf(lab, "interfaces") + `
  best:
    provides: interfaces
    preference: 1000
    namespaces: {l: "urn:lab"}
    reads: [{get: [/l:best]}]
    rows: [{path: /l:best/item, key: [name], labels: {thing: name}, metrics: {lab_value: value}}]
`
	target := scripted(t, announce("urn:lab"), strings.Replace(config, "  more:\n", "  more:\n    requires: [\"urn:other\"]\n", 1), func(rpc string) (string, string) {
		if strings.Contains(rpc, "<best") {
			rpcs.Add(1)
			return "", "<data/>"
		}
		return "", items("top", "a", "1", "")
	})
	for range 3 {
		got := samples(target.Scrape(within(t, 10*time.Second), nil).Families)
		if got["lab_value note= thing=a"] != 1 || got["netconf_module_success module=lab"] != 1 {
			t.Errorf("the second provider gives %v", got)
		}
		if _, there := got["netconf_module_success module=best"]; there {
			t.Error("the provider that gave no rows is shown")
		}
	}
	if n := rpcs.Load(); n != 1 {
		t.Errorf("the provider without rows was asked %d times, want 1", n)
	}
}

// TestOptionalRequestIsRefused holds that a device may lack what an optional request asks for: that fails nothing, and the request is
// not repeated all the time. Any other request that is refused fails its module.
func TestOptionalRequestIsRefused(t *testing.T) {
	const config = `
catalog:
  lab_value: {type: gauge, help: "A number.", labels: [thing]}
modules:
  lab:
    namespaces: {l: "urn:lab"}
    reads: [{get: [/l:top]}, {rpc: <get-more/>, optional: OPTIONAL}]
    rows: [{path: [/l:top/item, /l:more/item], key: [name], labels: {thing: name}, metrics: {lab_value: value}}]
`
	for optional, success := range map[string]float64{"true": 1, "false": 0} {
		var asked atomic.Int32
		target := scripted(t, announce("urn:lab"), strings.Replace(config, "OPTIONAL", optional, 1), func(rpc string) (string, string) {
			if strings.Contains(rpc, "get-more") {
				asked.Add(1)
				return "", "<rpc-error><error-tag>operation-failed</error-tag><error-severity>error</error-severity></rpc-error>"
			}
			return "", `<data><top xmlns="urn:lab"><item><name>a</name><value>1</value></item></top></data>`
		})
		for range 20 {
			got := samples(target.Scrape(within(t, 10*time.Second), []string{"lab"}).Families)
			if got["netconf_module_success module=lab"] != success || success == 1 && got["lab_value thing=a"] != 1 {
				t.Errorf("optional: %s gives %v", optional, got)
			}
		}
		if n := asked.Load(); (n == 1) != (success == 1) {
			t.Errorf("optional: %s was asked %d times", optional, n)
		}
	}
}

func TestGetDataFallsBackToGet(t *testing.T) {
	var refused atomic.Int32
	target := scripted(t, announce("urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2018-02-20",
		"urn:ietf:params:xml:ns:yang:ietf-netconf-nmda?module=ietf-netconf-nmda"), "", func(rpc string) (string, string) {
		if strings.Contains(rpc, "get-data") {
			refused.Add(1)
			return "", "<rpc-error><error-tag>operation-not-supported</error-tag><error-severity>error</error-severity></rpc-error>"
		}
		return "", `<data><interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface><name>a</name><oper-status>up</oper-status></interface></interfaces></data>`
	})
	for range 2 {
		got := samples(target.Scrape(within(t, 10*time.Second), []string{"ietf-interfaces-nmda"}).Families)
		if got["netconf_interface_oper_status interface=a"] != 1 || got["netconf_module_success module=ietf-interfaces-nmda"] != 1 {
			t.Errorf("after the fall-back: %v", got)
		}
	}
	if n := refused.Load(); n != 1 {
		t.Errorf("get-data was tried %d times, want 1", n)
	}
}

func TestDeviceWithoutAnyModelSaysSo(t *testing.T) {
	target := scripted(t, announce(), "", func(string) (string, string) { return "", "<data/>" })
	s := target.Scrape(within(t, 10*time.Second), nil)
	if got := samples(s.Families); got["netconf_up"] != 1 || got["netconf_module_success module=auto"] != 0 || s.Err == nil {
		t.Errorf("up %v, error %v", got["netconf_up"], s.Err)
	}
}
