package generate_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/generate"
)

// fakeDevice answers <get-schema> from a folder, and the list of its schemas and its data from texts.
type fakeDevice struct {
	dir     string
	cdata   bool
	schemas string // "" is an rpc-error
	data    string
	empty   []string // modules for which it answers with an empty schema, as netconfd does now and then
	asked   []string
}

const (
	refusal = `<rpc-error><error-type>application</error-type><error-tag>operation-failed</error-tag><error-severity>error</error-severity></rpc-error>`
	answer  = `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">%s</rpc-reply>`
)

var requested = regexp.MustCompile(`<identifier>(.*)</identifier>(?:<version>(.*)</version>)?`)

func (d *fakeDevice) RPC(_ context.Context, operation string, read func(io.Reader) error) error {
	content := refusal
	match := requested.FindStringSubmatch(operation)
	switch {
	case match != nil:
		d.asked = append(d.asked, strings.TrimSuffix(match[1]+"@"+match[2], "@"))
		files, _ := filepath.Glob(filepath.Join(d.dir, match[1]+"*.yang"))
		if slices.Contains(d.empty, match[1]) {
			content = `<data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"/>`
		}
		for _, file := range files {
			text, _ := os.ReadFile(file)
			if name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".yang"), "@"); name != match[1] {
				continue
			}
			content = `<data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring">` + html.EscapeString(string(text)) + `</data>`
			if d.cdata {
				content = `<ncm:data xmlns:ncm="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"><![CDATA[` + string(text) + `]]></ncm:data>`
			}
		}
	case strings.Contains(operation, "<schemas/>"):
		if d.schemas != "" {
			content = `<data><netconf-state xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"><schemas>` + d.schemas + `</schemas></netconf-state></data>`
		}
	case d.data != "":
		content = "<data>" + d.data + "</data>"
	}
	return read(strings.NewReader(fmt.Sprintf(answer, content)))
}

func (d *fakeDevice) PathOperation(context.Context, string) (string, error) { return "<get/>", nil }

var deviceModels = map[string]string{
	"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring": "ietf-netconf-monitoring",
	"urn:example:rack": "example-rack", "urn:example:rack-more": "example-rack-more", "urn:example:types": "example-types",
}

// TestTheYANGOfADevice holds that a device's own YANG gives what files give: escaped or as CDATA, whether the device lists its
// schemas or not, submodules and what augments the path included.
func TestTheYANGOfADevice(t *testing.T) {
	const listed = `<schema><identifier>example-rack</identifier><version>2024-06-01</version></schema>
		<schema><identifier>example-rack-parts</identifier><version>2024-06-01</version></schema>
		<schema><identifier>example-rack-more</identifier><version/></schema>
		<schema><identifier>example-types</identifier><version>2020-01-01</version></schema>
		<schema><identifier>example-types</identifier><version>2024-05-01</version></schema>`
	want, err := os.ReadFile("testdata/rack.yml")
	if err != nil {
		t.Fatal(err)
	}
	reply := `<rack xmlns="urn:example:rack"><shelf><name>x</name><state><m:dust xmlns:m="urn:example:rack-more">1</m:dust></state></shelf></rack>`
	for name, tc := range map[string]struct {
		device *fakeDevice
		asked  []string
	}{
		"escaped, listed": {&fakeDevice{schemas: listed, data: reply}, []string{"example-rack@2024-06-01", "example-types@2024-05-01", "example-rack-parts@2024-06-01", "example-rack-more"}},
		"CDATA, no list":  {&fakeDevice{cdata: true, data: reply}, []string{"example-rack", "example-types@2024-05-01", "example-rack-parts", "example-rack-more"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.device.dir = "testdata/yang"
			source, err := generate.OpenDevice(t.Context(), tc.device, deviceModels, nil, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			text, err := generate.Generate(t.Context(), generate.Options{Source: source, Paths: []string{"/example-rack:rack"}, Descriptions: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(text)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.asked, tc.device.asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDevicesThatDoNotGive holds what is said where a device lacks the operation, or a module that another one imports.
func TestDevicesThatDoNotGive(t *testing.T) {
	_, err := generate.OpenDevice(t.Context(), &fakeDevice{}, map[string]string{"urn:m": "m"}, nil, 1<<20)
	if err == nil || !strings.Contains(err.Error(), "ietf-netconf-monitoring") || !strings.Contains(err.Error(), "--yang-dir") {
		t.Errorf("the error is %v; want one with ietf-netconf-monitoring and --yang-dir", err)
	}
	device := &fakeDevice{dir: write(t, map[string]string{"m.yang": model("  import n { prefix n; }\n" + good)})}
	open := func(limit int64) *generate.Device {
		source, err := generate.OpenDevice(t.Context(), device, deviceModels, nil, limit)
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	options := generate.Options{Source: open(1 << 20), Paths: []string{"/m:top"}}
	if _, err := generate.Generate(t.Context(), options); err == nil || !strings.Contains(err.Error(), "n (needed by m)") {
		t.Errorf("the error is %v; want one with n (needed by m)", err)
	}
	more := dirs(t, write(t, map[string]string{"n.yang": "module n { namespace \"urn:n\"; prefix n; }"}))
	options.Source = generate.Sources{open(1 << 20), more}
	if _, err := generate.Generate(t.Context(), options); err != nil {
		t.Errorf("with a folder that has what the device lacks: %v", err)
	}
	device.data = strings.Repeat("<x/>", 1000)
	options.Source = open(2000)
	if _, err := generate.Generate(t.Context(), options); err == nil || !strings.Contains(err.Error(), "max_reply_bytes") {
		t.Errorf("the error is %v; want one with max_reply_bytes", err)
	}
	device.data = ""
	options.Paths = []string{"/nothing:top"}
	if _, err := generate.Generate(t.Context(), options); !errors.Is(err, generate.ErrNoModule) {
		t.Errorf("the error is %v; want that there is no such module", err)
	}
}

// TestAnEmptySchema holds that the base modules need not come from the device, and what is said of another one that it gives empty.
func TestAnEmptySchema(t *testing.T) {
	device := &fakeDevice{
		dir: write(t, map[string]string{"m.yang": model("  import ietf-yang-types { prefix y; }\n  import ietf-inet-types { prefix i; }\n" +
			"  container top { config false; leaf a { type y:counter32; } leaf b { type i:host; } }")}),
		empty: []string{"ietf-yang-types", "n"},
	}
	source, err := generate.OpenDevice(t.Context(), device, deviceModels, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	text, err := generate.Generate(t.Context(), generate.Options{Source: source, Paths: []string{"/m:top"}})
	if err != nil || !strings.Contains(string(text), "m_top_a_total: a\n") {
		t.Errorf("error %v, want none and the counter of a in\n%s", err, text)
	}
	device.dir = write(t, map[string]string{"m.yang": model("  import n { prefix n; }\n" + good)})
	const want = "n (needed by m): the device does not return it: <get-schema> of n gives an empty text; take the vendor's YANG files"
	if _, err := generate.Generate(t.Context(), generate.Options{Source: source, Paths: []string{"/m:top"}}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v; want one with %s", err, want)
	}
}
