package module_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// TestLongLabels holds that a value label of more than 1 KiB is cut, and that a row with a longer key is left out.
func TestLongLabels(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows:
  - path: /a:one
    key: [name]
    labels: {thing: name, text: text}
    metrics: {lab_value: v, lab_info: name}
    rows: [{path: part, labels: {part: id, note: note}, metrics: {lab_pair_info: id}}]`)
	fits, long := strings.Repeat("ü", 512), strings.Repeat("ü", 513)
	cut := strings.Repeat("ü", 510) + "…"
	r := read(t, m, envelope(fmt.Sprintf(
		`<one xmlns="urn:a"><name>x</name><text>%[1]s</text><v>1</v></one><one xmlns="urn:a"><name>%[2]s</name><v>2</v></one>`+
			`<one xmlns="urn:a"><name>%[1]s</name><text>%[2]s</text><part><id>1</id><note>%[2]s</note></part><part><id>%[2]s</id></part></one>`, fits, long)))
	wantLines(t, r, `lab_value{thing="x"} 1`, `lab_info{text="`+fits+`",thing="x"} 1`,
		`lab_info{text="`+cut+`",thing="`+fits+`"} 1`, `lab_pair_info{note="`+cut+`",part="1",thing="`+fits+`"} 1`)
	wantSkipped(t, r, map[string]int{decode.SkippedLimit: 2, decode.SkippedCut: 2})
	want := []decode.TooLong{
		{Path: "/a:one", Label: "thing", Rows: 1}, {Path: "/a:one", Label: "text", Cut: true, Rows: 1},
		{Path: "/a:one/part", Label: "note", Cut: true, Rows: 1}, {Path: "/a:one/part", Label: "part", Rows: 1},
	}
	if diff := cmp.Diff(want, r.TooLong); diff != "" {
		t.Errorf("too long (-want +got):\n%s", diff)
	}
}

// manyThings is a reply with n entries of one leaf.
func manyThings(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<one xmlns="urn:a"><name>thing-%d</name><v>1</v><text>text %d</text></one>`, i, i)
	}
	return envelope(b.String())
}

// TestHold holds that a read asks for memory before it takes it, that what it asks for is about what it takes, and that it ends
// wherever it is refused, with nothing left in its Cache.
func TestHold(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:one, key: [name], labels: {thing: name, text: text}, metrics: {lab_value: v, lab_total: v, lab_info: name}}]`)
	reply := manyThings(20_000)
	var asked int64
	read := func(cache *decode.Cache, most int64) (decode.Result, error) {
		asked = 0
		table := m.Table(decode.Limits{ReplyBytes: 1 << 30, Samples: 1 << 20, Hold: func(bytes int64) error {
			if bytes > most {
				return errors.New("refused")
			}
			asked = bytes
			return nil
		}})
		if _, err := table.Decode(strings.NewReader(reply)); err != nil {
			return decode.Result{}, err
		}
		r := table.Result(cache, now, false)
		return r, table.Err()
	}
	kept := decode.NewCache(nil)
	before := heap()
	r, err := read(kept, 1<<40)
	if err != nil || r.Samples != 60_000 {
		t.Fatalf("%d samples, %v", r.Samples, err)
	}
	peak := asked
	took := heap() - before
	if counted := kept.Size() + r.Size(); took > counted*3/2 || counted > took*3/2 {
		t.Errorf("cache and samples take %d KiB, counted are %d KiB", took>>10, counted>>10)
	}
	if peak < kept.Size()+r.Size() {
		t.Errorf("the read asked for %d KiB, less than what it left", peak>>10)
	}
	for most := int64(0); most < peak; most += peak / 20 {
		cache := decode.NewCache(nil)
		if r, err := read(cache, most); err == nil || r.Samples > 0 || cache.Size() > 1<<20 {
			t.Errorf("with %d KiB: %d samples, %v, and %d KiB are remembered", most>>10, r.Samples, err, cache.Size()>>10)
		}
	}
	runtime.KeepAlive(r)
}

// TestMadeUpNames holds that a device that makes up new names in each read, and fails another read, does not fill the memory.
func TestMadeUpNames(t *testing.T) {
	target := target{t, lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:one, key: [name], labels: {thing: name}, metrics: {lab_value: v}}]`), decode.NewCache(nil)}
	const rows = 20_000
	var first int64
	for read := range 20 {
		var b strings.Builder
		for i := range rows {
			fmt.Fprintf(&b, `<one xmlns="urn:a"><name>%d-%d</name><v>1</v></one>`, read, i)
		}
		if r := target.read(now, true, b.String()); r.Samples != rows {
			t.Fatalf("%d samples", r.Samples)
		}
		if read == 0 {
			first = target.cache.Size()
		}
		if size := target.cache.Size(); size > 4*first {
			t.Fatalf("after %d reads %d KiB are remembered, after one %d", read+1, size>>10, first>>10)
		}
	}
	if target.read(now, false, ""); target.cache.Size() > 1<<20 {
		t.Errorf("the names are gone and %d KiB are remembered", target.cache.Size()>>10)
	}
}
