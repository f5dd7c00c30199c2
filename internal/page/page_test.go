package page_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// client follows no redirect.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// do sends a request, with a form if there is one, and returns status, the page and where it sends to.
func do(t *testing.T, method, address string, form url.Values, header ...string) (status int, page, location string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header.Get("Location")
}

func get(t *testing.T, address string) string {
	t.Helper()
	status, page, _ := do(t, "GET", address, nil)
	if status != http.StatusOK {
		t.Errorf("%s: %d\n%s", address, status, shown(page))
	}
	return page
}

// shown returns the page's text, tags off and white space evened.
func shown(page string) string {
	page = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(html.UnescapeString(page)), " ")
}

// addByForm sends the form that adds a device and returns the task's identifier.
func addByForm(t *testing.T, base, name, address, user, password string, more ...string) string {
	t.Helper()
	form := url.Values{"name": {name}, "address": {address}, "username": {user}, "password": {password}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	status, page, location := do(t, "POST", base+"/add", form)
	id, ok := strings.CutPrefix(location, "./tasks/")
	if status != http.StatusSeeOther || !ok {
		t.Fatalf("%d to %q: %s", status, location, shown(page))
	}
	return id
}

// until waits until a task is as it should be.
func until(t *testing.T, s *apitest.Harness, id string, holds func(task.Task) bool) task.Task {
	t.Helper()
	for range 6000 {
		now, err := s.Queue.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		if holds(now) {
			return now
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited in vain")
	return task.Task{}
}

func ended(t task.Task) bool   { return t.State.Final() }
func waiting(t task.Task) bool { return t.State == task.AwaitingConfirmation }

func devices(t *testing.T, n, interfaces int) []*simulator.Device {
	t.Helper()
	fleet, err := simulator.Start(simulator.Config{Devices: n, Interfaces: interfaces})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	return fleet.Devices()
}

func TestAPersonWithoutScriptAddsLooksChangesAndRemoves(t *testing.T) {
	s, device := apitest.Start(t, apitest.Options{}), devices(t, 1, 3)[0]
	if page := shown(get(t, s.URL+"/")); !strings.Contains(page, "There are no targets yet. Add a device") {
		t.Errorf("%s", page)
	}
	if page := get(t, s.URL+"/add"); !strings.Contains(page, `name="password" type="password"`) || !strings.Contains(page, `<option value="lab">`) {
		t.Errorf("%s", page)
	}
	id := addByForm(t, s.URL, "edge/1", device.Address(), "netconf", "netconf", "labels", "site=ams, role=edge")
	until(t, s, id, waiting)
	page := get(t, s.URL+"/tasks/"+id)
	for _, want := range []string{"Is this the device's host key?", device.Fingerprint(), "nothing secret has been sent", "resolve succeeded"} {
		if !strings.Contains(shown(page), want) {
			t.Errorf("the page does not say %q: %s", want, shown(page))
		}
	}
	if status, _, location := do(t, "POST", s.URL+"/tasks/"+id+"/confirm", url.Values{"fingerprint": {device.Fingerprint()}}); status != 303 || location != "../../tasks/"+id {
		t.Errorf("%d to %s", status, location)
	}
	until(t, s, id, ended)
	done := shown(get(t, s.URL+"/tasks/"+id))
	for _, want := range []string{"Done What was found:", "3 interfaces", "Look at edge/1"} {
		if !strings.Contains(done, want) {
			t.Errorf("the page does not say %q: %s", want, done)
		}
	}
	fleet := get(t, s.URL+"/?q=edge&label=site:ams")
	if !strings.Contains(fleet, `href="targets/edge%2F1"`) || !strings.Contains(shown(fleet), "All targets") || !strings.Contains(shown(fleet), "site:ams") {
		t.Errorf("%s", shown(fleet))
	}
	one := get(t, s.URL+"/targets/edge%2F1?if=GigabitEthernet")
	if !strings.Contains(one, `href="../probe?target=edge%2f1"`) || !strings.Contains(one, `action="../targets/edge%2F1/remove"`) || !strings.Contains(one, "https://grafana.example/d/netconf-device?var-target=edge%2F1") ||
		!strings.Contains(shown(one), "added here") {
		t.Errorf("%s", one)
	}

	edit := get(t, s.URL+"/targets/edge%2F1/edit")
	if !strings.Contains(edit, `value="role=edge, site=ams"`) || !strings.Contains(html.UnescapeString(edit), device.Fingerprint()) {
		t.Errorf("%s", edit)
	}
	status, page, location := do(t, "POST", s.URL+"/targets/edge%2F1/edit", url.Values{
		"address": {device.Address()}, "username": {"netconf"}, "password": {"netconf"}, "host_key_fingerprint": {device.Fingerprint()}, "labels": {"site=fra"}})
	if status != 303 {
		t.Fatalf("%d %s", status, shown(page))
	}
	until(t, s, location[strings.LastIndex(location, "/")+1:], ended)
	if target, _ := s.Exporter.Target("edge/1"); target.Config().Labels["site"] != "fra" {
		t.Errorf("%+v", target.Config())
	}
	status, _, location = do(t, "POST", s.URL+"/targets/edge%2F1/check", url.Values{})
	if status != 303 {
		t.Errorf("%d", status)
	}
	until(t, s, location[strings.LastIndex(location, "/")+1:], ended)
	if page := shown(get(t, s.URL+"/tasks")); !strings.Contains(page, "Done 3") || !strings.Contains(page, "check edge/1") {
		t.Errorf("%s", page)
	}
	if status, _, location := do(t, "POST", s.URL+"/targets/edge%2F1/remove", url.Values{}); status != 303 || location != "../../" {
		t.Errorf("%d to %s", status, location)
	}
	if status, page, _ := do(t, "GET", s.URL+"/targets/edge%2F1", nil); status != 404 || !strings.Contains(shown(page), "no target is called") {
		t.Errorf("%d %s", status, shown(page))
	}
}

func TestWhatIsWrongIsSaidOnThePage(t *testing.T) {
	device := devices(t, 1, 3)[0]
	fixed := apitest.Base + "targets: [{name: fixed, address: '" + device.Address() + "', auth: lab}]\n"
	s := apitest.Start(t, apitest.Options{Config: fixed, Tasks: 2})
	good := url.Values{"name": {"new"}, "address": {device.Address()}, "username": {"netconf"}, "password": {"hunter2"}, "labels": {"site=ams"}}
	with := func(changes ...string) url.Values {
		form := url.Values{}
		for name, values := range good {
			form[name] = values
		}
		for i := 0; i < len(changes); i += 2 {
			form.Set(changes[i], changes[i+1])
		}
		return form
	}
	for _, test := range []struct {
		name   string
		form   url.Values
		status int
		says   string
	}{
		{"taken name", with("name", "fixed"), 409, `is called "fixed" already`},
		{"odd name", with("name", "a\nb"), 422, "cannot be seen"},
		{"no address", with("address", ""), 422, "has no address"},
		{"address", with("address", "http://x"), 422, "is not an address"},
		{"forbidden", with("address", "192.0.2.1"), 403, "outside allowed_targets under admin:"},
		{"forbidden by its auth", with("auth", "far"), 403, `allowed_targets of auth "far"`},
		{"no password", with("password", ""), 422, "the password is missing"},
		{"labels", with("labels", "ams"), 422, "write them as in site=ams"},
		{"label twice", with("labels", "a=1,a=2"), 422, "is given twice"},
		{"script", with("name", "<script>alert(1)</script>", "address", "<script>alert(2)</script>"), 422, "is not an address"},
	} {
		status, page, _ := do(t, "POST", s.URL+"/add", test.form)
		if status != test.status || !strings.Contains(shown(page), test.says) || strings.Contains(page, "hunter2") || strings.Contains(page, "<script>alert") {
			t.Errorf("%s: %d, want %d and %q\n%s", test.name, status, test.status, test.says, shown(page))
		}
		if !strings.Contains(page, `value="`+html.EscapeString(test.form.Get("username"))+`"`) {
			t.Errorf("%s: what was typed is lost", test.name)
		}
	}
	if status, page, _ := do(t, "POST", s.URL+"/add", url.Values{"name": {strings.Repeat("x", 100_000)}}); status != 413 || !strings.Contains(shown(page), "shorten it") {
		t.Errorf("a large form: %d %s", status, shown(page))
	}

	// A task that fails says why, and offers what was typed once more.
	id := addByForm(t, s.URL, "new", device.Address(), "netconf", "hunter2", "labels", "site=ams", "host_key_fingerprint", device.Fingerprint())
	until(t, s, id, ended)
	page := get(t, s.URL+"/tasks/"+id)
	if !strings.Contains(shown(page), "It did not work") || !strings.Contains(shown(page), "login refused") || !strings.Contains(page, `href="../add?again=`+id+`"`) {
		t.Errorf("%s", shown(page))
	}
	again := get(t, s.URL+"/add?again="+id)
	for _, want := range []string{`name="name" value="new"`, `value="netconf"`, `value="site=ams"`, `value="` + device.Address() + `"`} {
		if !strings.Contains(again, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	if strings.Contains(again, "hunter2") {
		t.Error("the form shows the password")
	}

	// Too many, and the same twice.
	bare := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	first := addByForm(t, s.URL, "one", bare.Address, "a", "b")
	until(t, s, first, waiting)
	status, page, _ := do(t, "POST", s.URL+"/add", with("name", "one", "address", bare.Address))
	if status != 409 || !strings.Contains(page, `href="./tasks/`+first+`"`) {
		t.Errorf("%d %s", status, shown(page))
	}
	status, page, _ = do(t, "POST", s.URL+"/tasks/"+first+"/confirm", url.Values{"fingerprint": {"SHA256:other"}})
	if status != 409 || !strings.Contains(shown(page), "the device showed the ssh-ed25519 host key") {
		t.Errorf("%d %s", status, shown(page))
	}
	addByForm(t, s.URL, "two", "127.0.0.1:1", "a", "b", "host_key_fingerprint", device.Fingerprint())
	if status, _, _ := do(t, "POST", s.URL+"/tasks/"+first+"/cancel", url.Values{}); status != 303 {
		t.Errorf("%d", status)
	}
	until(t, s, first, ended)
	if page := shown(get(t, s.URL+"/tasks/"+first)); !strings.Contains(page, "Cancelled the task was cancelled") {
		t.Errorf("%s", page)
	}
	for path, want := range map[string]int{"/tasks/nothing": 404, "/add?again=nothing": 404, "/targets/none": 404, "/targets/none/edit": 404, "/targets/fixed/edit": 409, "/nothing": 404} {
		if status, _, _ := do(t, "GET", s.URL+path, nil); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if status, page, _ := do(t, "POST", s.URL+"/targets/fixed/remove", url.Values{}); status != 409 || !strings.Contains(shown(page), "is in the configuration") {
		t.Errorf("%d %s", status, shown(page))
	}
}

func TestOthersMayNotChangeAnything(t *testing.T) {
	s := apitest.Start(t, apitest.Options{})
	for _, header := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		if status, page, _ := do(t, "POST", s.URL+"/add", url.Values{"name": {"x"}}, header...); status != 403 || !strings.Contains(shown(page), "another site") {
			t.Errorf("%v: %d %s", header, status, shown(page))
		}
	}
	off := apitest.Start(t, apitest.Options{Disabled: true})
	for _, path := range []string{"/add", "/tasks", "/tasks/x", "/targets/x/edit"} {
		if status, page, _ := do(t, "GET", off.URL+path, nil); status != 403 || !strings.Contains(shown(page), "--web.enable-admin-api") {
			t.Errorf("%s: %d %s", path, status, shown(page))
		}
	}
	if page := get(t, off.URL+"/"); strings.Contains(page, `href="./add"`) || strings.Contains(page, "Tasks") {
		t.Errorf("the page offers what is switched off: %s", shown(page))
	}
}

func TestNamesInjectNothing(t *testing.T) {
	odd := `a"b'<i>&{{.}}` + "`${x}"
	s := apitest.Start(t, apitest.Options{Config: apitest.Base + "targets: [{name: " + `"a\"b'<i>&{{.}}` + "`${x}" + `", address: 127.0.0.1:1, auth: lab, labels: {note: "<b>x</b>"}}]` + "\n"})
	for _, path := range []string{"/", "/targets/" + url.PathEscape(odd)} {
		page := get(t, s.URL+path)
		if strings.Contains(page, "<i>") || strings.Contains(page, "<b>x") || !strings.Contains(shown(page), "{{.}}") {
			t.Errorf("%s: the name breaks the page: %s", path, page)
		}
	}
}

func TestFiveThousandTargets(t *testing.T) {
	var text strings.Builder
	text.WriteString(strings.Replace(apitest.Base, "allowed_targets: [127.0.0.0/8]}\n  far", "allowed_targets: [192.0.2.0/24]}\n  far", 1) + "targets:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "  - {name: device%04d, address: '127.0.0.1:1', auth: lab, labels: {site: s%d}}\n", i, i%7)
	}
	s := apitest.Start(t, apitest.Options{Config: text.String()})
	page := get(t, s.URL+"/?sort=name&page=50")
	if !strings.Contains(shown(page), "device4999") || strings.Contains(shown(page), "device4899") || !strings.Contains(shown(page), "4,901 to 5,000") {
		t.Errorf("%s", shown(page))
	}
	if grouped := shown(get(t, s.URL+"/?sort=name&group=label:site&page=8")); !strings.Contains(grouped, "site s0") || !strings.Contains(grouped, "site s1") {
		t.Errorf("%s", grouped)
	}
	if size := len(page); size > 200_000 {
		t.Errorf("the page has %d bytes", size)
	}
}

func BenchmarkPageOf5000Targets(b *testing.B) {
	var text strings.Builder
	text.WriteString(apitest.Base + "targets:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "  - {name: device%04d, address: '127.0.0.1:1', auth: far}\n", i)
	}
	s := apitest.Start(b, apitest.Options{Config: text.String()})
	for b.Loop() {
		response, err := http.Get(s.URL + "/")
		if err != nil {
			b.Fatal(err)
		}
		n, _ := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		b.SetBytes(n)
	}
}

func TestThePageAllowsItsOwnCodeAlone(t *testing.T) {
	s := apitest.Start(t, apitest.Options{})
	response, err := http.Get(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	policy := response.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q lets in code of others", policy)
	}
}

// TestAChangeKeepsTheWay looks at the form of a target that is reached through a jump host.
func TestAChangeKeepsTheWay(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "targets"), 0o700); err != nil {
		t.Fatal(err)
	}
	stored := "targets: [{name: inner, address: 127.0.0.2, auth: lab, transport: ssh, proxy_jump: bastion}]\n"
	if err := os.WriteFile(filepath.Join(folder, "targets", "inner.yml"), []byte(stored), 0o600); err != nil {
		t.Fatal(err)
	}
	s := apitest.Start(t, apitest.Options{Folder: folder, Config: apitest.Base + "jump_hosts: {bastion: {address: '127.0.0.1:1', auth: lab}, other: {address: '127.0.0.1:1', auth: lab}}\n"})
	form := get(t, s.URL+"/targets/inner/edit")
	for _, want := range []string{"<option selected>bastion</option>", "<option>other</option>", "<option selected>ssh</option>", "<option>restconf</option>"} {
		if !strings.Contains(form, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	if strings.Contains(form, `aria-current="page"`) {
		t.Error("the form to change a target is said to be another page of the menu")
	}
	if page := shown(get(t, s.URL+"/targets/inner")); !strings.Contains(page, "Through bastion") {
		t.Error(page)
	}
}
