package module_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// TestDevicesDoNotSpoilEachOther has replies read by the table that read one of another device, which declared other things under
// the same names.
func TestDevicesDoNotSpoilEachOther(t *testing.T) {
	reply := func(attributes, data string) string {
		return "<rpc-reply " + attributes + "><data " + data + "><if:interfaces-state><if:interface><if:name>a</if:name>" +
			"<if:oper-status>up</if:oper-status></if:interface></if:interfaces-state></data></rpc-reply>"
	}
	const uri = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
	good := []string{
		reply(`message-id="1" xmlns:if="`+uri+`" xmlns:b="v"`, ""),
		reply(`message-id="1"`, `xmlns:b="v" xmlns:if="`+uri+`"`),
		reply(`message-id="1" xmlns:if="urn:other"`, `xmlns:if="`+uri+`"`),
		reply(`xmlns:if="`+uri+`"`, ""),
	}
	bad := []string{
		reply(`message-id="1" xmlns:if="urn:other" xmlns:b="v"`, ""),
		reply(`message-id="1" xmlns:if"`+uri+`"xmlns:b="v"`, ""),
		reply(`message-id="1"`, `xmlns:b='v" xmlns:if="`+uri+`'`),
		reply(`message-id="1" xmlns:if="`+uri+`" xmlns:b="v"`, `xmlns:if="urn:other"`),
		reply("", ""),
	}
	for _, b := range bad {
		shared := load(t)["ietf-interfaces"]
		_, _ = readFrom(shared, b)
		for i, g := range good {
			want, _ := readFrom(load(t)["ietf-interfaces"], g)
			got, err := readFrom(shared, g)
			if diff := cmp.Diff(lines(want), lines(got)); diff != "" || err != nil || len(lines(got)) == 0 {
				t.Errorf("reply %d after %s: %v %s", i, b, err, diff)
			}
		}
	}
}

func readFrom(m *module.Module, reply string) (decode.Result, error) {
	table := m.Table(decode.Limits{ReplyBytes: 64 << 20, Samples: 100_000})
	defer table.Release()
	_, err := table.Decode(strings.NewReader(reply))
	return table.Result(decode.NewCache(nil), now, false), err
}

// TestStatesAreBounded reads replies that try to fill memory with tags, white space and namespaces that never come again.
func TestStatesAreBounded(t *testing.T) {
	long := strings.Repeat("u", 1<<20)
	for name, tc := range map[string]struct {
		count int
		make  func(i int) string
	}{
		"names":       {200_000, func(i int) string { return fmt.Sprintf("<x%d/>", i) }},
		"leaves":      {100_000, func(i int) string { return "<name" + spaces(i) + ">x</name>" }},
		"white space": {100_000, func(i int) string { return spaces(i) + "<name>x</name>" }},
		"namespaces":  {40, func(i int) string { return fmt.Sprintf("<x xmlns='%d%s'/>", i, long[20:]) }},
	} {
		t.Run(name, func(t *testing.T) {
			m := load(t)["ietf-interfaces"]
			before := heap()
			var reply strings.Builder
			reply.WriteString(`<rpc-reply><data><interfaces-state xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface>`)
			for i := range tc.count {
				reply.WriteString(tc.make(i))
			}
			reply.WriteString("</interface></interfaces-state></data></rpc-reply>")
			if _, err := readFrom(m, reply.String()); err != nil {
				t.Fatal(err)
			}
			if kept := heap() - before; kept > 8<<20 {
				t.Errorf("%d MiB are kept", kept>>20)
			}
			runtime.KeepAlive(m)
		})
	}
}

// spaces is white space that is another for each number below 2^20.
func spaces(i int) string {
	var b strings.Builder
	for range 20 {
		b.WriteByte(" \n"[i&1])
		i >>= 1
	}
	return b.String()
}

func heap() int64 {
	for range 3 { // pools are empty after two
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
