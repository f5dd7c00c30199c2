package simulator_test

import (
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const (
	stateOpen = `<interfaces-state xmlns="` + interfaces + `">`
	listOpen  = `<interfaces xmlns="` + interfaces + `">`
)

func TestFilter(t *testing.T) {
	get := func(filter string) string { return "<get><filter type=\"subtree\">" + filter + "</filter></get>" }
	config := func(filter string) string {
		return "<get-config><source><running/></source><filter>" + filter + "</filter></get-config>"
	}
	data := func(filter string) string {
		return `<get-data xmlns="` + nmda + `" xmlns:d="` + datastores + `"><datastore>d:operational</datastore><subtree-filter>` + filter + `</subtree-filter></get-data>`
	}
	for name, test := range map[string]struct{ form, operation, want string }{
		"leaf, the key comes along": {"state", get(stateOpen + "<interface><if-index/></interface></interfaces-state>"),
			"<data>" + stateOpen + "<interface><name>ethernet1/1</name><if-index>1</if-index></interface><interface><name>ethernet1/2</name><if-index>2</if-index></interface>" +
				"<interface><name>ethernet1/3</name><if-index>3</if-index></interface></interfaces-state></data>"},
		"content match": {"state", get(stateOpen + "<interface><name> ethernet1/2 </name><if-index/></interface></interfaces-state>"),
			"<data>" + stateOpen + "<interface><name>ethernet1/2</name><if-index>2</if-index></interface></interfaces-state></data>"},
		"two alternatives": {"state", get(stateOpen + "<interface><name>ethernet1/1</name><if-index/></interface><interface><if-index>2</if-index><admin-status/></interface></interfaces-state>"),
			"<data>" + stateOpen + "<interface><name>ethernet1/1</name><if-index>1</if-index></interface>" +
				"<interface><name>ethernet1/2</name><admin-status>up</admin-status><if-index>2</if-index></interface></interfaces-state></data>"},
		"conditions alone select the whole": {"state", config(listOpen + "<interface><name>ethernet1/1</name></interface></interfaces>"),
			"<data>" + listOpen + `<interface><name>ethernet1/1</name><description>uplink to core</description><type xmlns:ianaift="urn:ietf:params:xml:ns:yang:iana-if-type">ianaift:ethernetCsmacd</type><enabled>true</enabled></interface></interfaces></data>`},
		"text is escaped": {"state", config(listOpen + "<interface><name>ethernet1/2</name><description/></interface></interfaces>"),
			"<data>" + listOpen + "<interface><name>ethernet1/2</name><description>customer &quot;Müller &amp; Söhne&quot; &lt;b&gt;Zürich&lt;/b&gt; → 'rack 7'</description></interface></interfaces></data>"},
		"a leaf that is absent": {"state", get(stateOpen + "<interface><name>ethernet1/3</name><speed/></interface></interfaces-state>"),
			"<data>" + stateOpen + "<interface><name>ethernet1/3</name></interface></interfaces-state></data>"},
		"an absent leaf alone": {"state", get(stateOpen + "<interface><speed/></interface></interfaces-state>"), "-ethernet1/3"},
		"no such name":         {"state", get(stateOpen + "<interface><name>eth0</name></interface></interfaces-state>"), "<data></data>"},
		"no such leaf":         {"state", get(stateOpen + "<interface><colour/></interface></interfaces-state>"), "<data></data>"},
		"unknown namespace":    {"state", get(`<interfaces-state xmlns="urn:example"/>`), "<data></data>"},
		"the base namespace":   {"state", get(`<interfaces-state/>`), "<data></data>"},
		"any namespace":        {"state", get(`<interfaces-state xmlns=""><interface><name>ethernet1/1</name><if-index/></interface></interfaces-state>`), "+<if-index>1<"},
		"prefixes":             {"state", get(`<if:interfaces-state xmlns:if="` + interfaces + `"><if:interface><if:statistics><if:in-octets/></if:statistics></if:interface></if:interfaces-state>`), "+</name><statistics><in-octets>"},
		"nothing":              {"state", "<get><filter/></get>", "<data></data>"},
		"NMDA in the old form": {"nmda", get(stateOpen + "</interfaces-state>"), "<data></data>"},
		"state is not config":  {"nmda", config(listOpen + "<interface><oper-status/></interface></interfaces>"), "<data></data>"},
		"everything":           {"state", "<get/>", "+<modules-state xmlns=\"" + library + "\"><module-set-id>"},
		"modules":              {"state", get(`<modules-state xmlns="` + library + `"><module><name>ietf-interfaces</name><namespace/></module></modules-state>`), "<data><modules-state xmlns=\"" + library + "\"><module><name>ietf-interfaces</name><revision>2014-05-08</revision><namespace>" + interfaces + "</namespace></module></modules-state></data>"},
		"yang-library":         {"nmda", get(`<yang-library xmlns="` + library + `"><datastore/></yang-library>`), "<data><yang-library xmlns=\"" + library + `"><datastore><name xmlns:ds="` + datastores + `">ds:running</name><schema>complete</schema></datastore><datastore><name xmlns:ds="` + datastores + `">ds:operational</name><schema>complete</schema></datastore></yang-library></data>`},
		"NMDA's data": {"nmda", data(listOpen + "<interface><name>ethernet1/1</name><if-index/></interface></interfaces>"),
			`<data xmlns="` + nmda + `">` + listOpen + "<interface><name>ethernet1/1</name><if-index>1</if-index></interface></interfaces></data>"},
		"NMDA's modules": {"nmda", data(`<yang-library xmlns="` + library + `"/>`), "+<name>ietf-netconf-nmda</name><revision>2019-01-07</revision>"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, start(t, simulator.Config{Form: test.form, Interfaces: 3}).Devices()[0], base11)
			got := c.rpc(test.operation)
			if want, found := strings.CutPrefix(test.want, "+"); found {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %s", want, got)
				}
			} else if sans, found := strings.CutPrefix(test.want, "-"); found {
				if strings.Contains(got, sans) || got == "<data></data>" {
					t.Errorf("%s in %s", sans, got)
				}
			} else if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
