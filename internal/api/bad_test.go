package api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/smallfs"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// wants fails the test unless an answer has a status and says something.
func (a answer) wants(t *testing.T, what string, status int, says string) {
	t.Helper()
	if a.status != status || !strings.Contains(string(a.body), says) || strings.Contains(string(a.body), "hunter2") {
		t.Errorf("%s: %d %s; want %d and %q", what, a.status, a.body, status, says)
	}
}

func TestBadTargetsAreRefused(t *testing.T) {
	s, device := newHarness(t, apitest.Options{}), simulated(t)
	s.added(t, own(device, "taken"))
	good := own(device, "new").with(fields{"password": "hunter2"})
	for _, test := range []struct {
		name   string
		body   any
		status int
		says   string
	}{
		{"no JSON", `{"name": hunter2`, 400, ""},
		{"no body", nil, 400, ""},
		{"an array", `["hunter2"]`, 422, "expected object"},
		{"unknown field", good.with(fields{"passwd": "hunter2"}), 422, `"detail":"body.passwd: unexpected property; /api/v1/openapi.json says`},
		{"wrong type", good.with(fields{"password": fields{"hunter2": 1}}), 422, "body.password"},
		{"no name", good.with(fields{"name": nil}), 422, "name"},
		{"empty name", good.with(fields{"name": ""}), 422, "the name is empty"},
		{"odd name", good.with(fields{"name": "a\nb"}), 422, "cannot be seen"},
		{"dots", good.with(fields{"name": ".."}), 422, "stands for a folder"},
		{"slash", good.with(fields{"name": "/"}), 422, "stands for a folder"},
		{"taken name", good.with(fields{"name": "taken"}), 409, "is called \\\"taken\\\" already"},
		{"no address", good.with(fields{"address": ""}), 422, "has no address"},
		{"URL", good.with(fields{"address": "http://127.0.0.1/"}), 422, "is not an address"},
		{"forbidden address", good.with(fields{"address": "192.0.2.1"}), 403, "outside allowed_targets under admin:"},
		{"forbidden IPv6 form", good.with(fields{"address": "[::ffff:192.0.2.1]:830"}), 403, "outside allowed_targets"},
		{"forbidden by its auth", good.with(fields{"auth": "far", "username": nil, "password": nil}), 403, "auth \\\"far\\\""},
		{"unknown auth", good.with(fields{"auth": "lap", "username": nil, "password": nil}), 422, "is not under auths"},
		{"stored auth", good.with(fields{"auth": "stored:taken", "username": nil, "password": nil}), 422, "is not under auths"},
		{"both", good.with(fields{"auth": "lab"}), 422, "keep one of them"},
		{"no credentials", good.with(fields{"username": nil, "password": nil}), 422, "nothing to log in with"},
		{"no password", good.with(fields{"password": nil}), 422, "the password is missing"},
		{"module", good.with(fields{"modules": []string{"nothing"}}), 422, "module \\\"nothing\\\" is not known"},
		{"label", good.with(fields{"labels": fields{"job": "x"}}), 422, "is set by Prometheus"},
		{"label value", good.with(fields{"labels": fields{"site": "a\nb"}}), 422, "control characters"},
		{"fingerprint", good.with(fields{"host_key_fingerprint": "MD5:00"}), 422, "is not of the form SHA256:"},
		{"transport", good.with(fields{"transport": "telnet"}), 422, "transport"},
		{"jump host", good.with(fields{"proxy_jump": "nowhere"}), 422, "proxy_jump"},
	} {
		s.do(t, "POST", "/targets", test.body).wants(t, test.name, test.status, test.says)
	}
	s.do(t, "POST", "/targets", "hunter2", "Content-Type", "application/xml").wants(t, "XML", 415, "")
	if tasks := decodeAs[api.Tasks](t, s.do(t, "GET", "/tasks", nil)); tasks.Total != 1 {
		t.Errorf("refused targets leave tasks: %+v", tasks)
	}
}

// endless is a body of 1 GB.
type endless struct{ left atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	left := e.left.Load()
	if left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), int(left))
	copy(p, bytes.Repeat([]byte("x"), n))
	e.left.Add(int64(-n))
	return n, nil
}

func TestABodyOf1GB(t *testing.T) {
	s := newHarness(t, apitest.Options{})
	body := &endless{}
	body.left.Store(1 << 30)
	response, err := http.Post(s.URL+"/api/v1/targets", "application/json", io.MultiReader(strings.NewReader(`{"name":"`), body))
	if err == nil {
		defer response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s", response.Status)
		}
	} // else the server hung up
	if read := 1<<30 - body.left.Load(); read > 64<<20 {
		t.Errorf("%d bytes were taken", read)
	}
	s.do(t, "POST", "/targets", `{"name":"`+strings.Repeat("x", 100_000)+`"}`).wants(t, "100 kB", 413, "the body has more than 64 kB")
}

// unfinished sends the beginning of a body, and the rest never.
func (s *harness) unfinished(t *testing.T, method, path string) {
	t.Helper()
	rest, hang := io.Pipe()
	defer hang.Close()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/api/v1"+path, io.MultiReader(strings.NewReader(`{"name":`), rest))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content := make([]byte, 1000)
	n, _ := response.Body.Read(content)
	response.Body = io.NopCloser(bytes.NewReader(content[:n]))
	s.validate(t, request, response, content[:n])
	answer{response.StatusCode, response.Header, content[:n]}.wants(t, method+" "+path, 408, "the body did not arrive in time")
}

// unfinishedHarness answers when a body does not arrive.
func unfinishedHarness(t *testing.T) *harness {
	s := newHarness(t, apitest.Options{Patience: 200 * time.Millisecond})
	s.unfinished(t, "POST", "/targets")
	s.unfinished(t, "PUT", "/targets/one")
	s.unfinished(t, "POST", "/tasks/one/confirm")
	return s
}

func TestFailuresOfTasks(t *testing.T) {
	s, device := newHarness(t, apitest.Options{}), simulated(t)
	bare := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	other := ssh.FingerprintSHA256(netconftest.NewKey(t, "ed25519").PublicKey())
	for _, test := range []struct {
		name   string
		target fields
		step   string
		says   string
	}{
		{"unresolvable", own(device, "a").with(fields{"address": "nothing.invalid"}), "resolve", "check the target's address and the resolver"},
		{"unreachable", own(device, "a").with(fields{"address": "127.0.0.1:1"}), "connect", "connection refused"},
		{"another host key", own(device, "a").with(fields{"host_key_fingerprint": other}), "host_key", "is not one of host_key_fingerprints"},
		{"refused login", own(device, "a").with(fields{"password": "hunter2"}), "login", "login refused"},
		{"no models", fields{"name": "a", "address": bare.Address, "username": netconftest.User, "password": netconftest.Password,
			"host_key_fingerprint": ssh.FingerprintSHA256(bare.Key)}, "modules", "no module fits"},
	} {
		submitted := s.do(t, "POST", "/targets", test.target)
		submitted.wants(t, test.name, 202, "")
		failed := s.follow(t, decodeAs[task.Task](t, submitted).ID)
		i := slices.IndexFunc(failed.Steps, func(step task.Step) bool { return step.State == task.StepFailed })
		if failed.State != task.Failed || i < 0 || failed.Steps[i].Name != test.step || !strings.Contains(failed.Steps[i].Error, test.says) || strings.Contains(failed.Error, "hunter2") {
			t.Errorf("%s: %+v", test.name, failed)
		}
	}
}

// TestEveryDocumentedAnswer makes the API give each answer that its document names, for each operation, and validates it. The
// answers of a fault of the program are left out.
func TestEveryDocumentedAnswer(t *testing.T) {
	device, silent := simulated(t), simulated(t)
	silent.SetSilent(true)
	configured := strings.Replace(base, "admin:", "targets:\n  - {name: fixed, address: '"+device.Address()+"', auth: lab}\n"+
		"  - {name: silent, address: '"+silent.Address()+"', auth: lab}\n  - {name: gone, address: '127.0.0.1:1', auth: lab}\nadmin:", 1)
	s := newHarness(t, apitest.Options{Config: configured, Tasks: 3})
	bare := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	waiting := func(name string) fields { // until somebody confirms its key
		return fields{"name": name, "address": bare.Address, "username": "a", "password": "b"}
	}

	// What reads.
	for _, path := range []string{"/targets", "/auths", "/callers", "/targets/fixed", "/tasks"} {
		s.do(t, "GET", path, nil).wants(t, path, 200, "")
	}
	s.do(t, "GET", "/targets?limit=x", nil).wants(t, "limit", 422, "")
	s.do(t, "GET", "/targets?sort=mood", nil).wants(t, "sort", 422, "")
	s.do(t, "GET", "/targets?state=good", nil).wants(t, "state", 422, "")
	s.do(t, "GET", "/tasks?state=good", nil).wants(t, "state", 422, "")
	long := strings.Repeat("x", 1001)
	s.do(t, "GET", "/targets/nobody", nil).wants(t, "target", 404, "no target is called \\\"nobody\\\"")
	s.do(t, "GET", "/targets/"+long, nil).wants(t, "long", 422, "")
	for _, what := range []string{"interfaces", "neighbors", "hardware", "bgp"} {
		s.do(t, "GET", "/targets/fixed/"+what, nil).wants(t, what, 200, "")
		s.do(t, "GET", "/targets/nobody/"+what, nil).wants(t, what, 404, "")
		s.do(t, "GET", "/targets/fixed/"+what+"?timeout=soon", nil).wants(t, what, 422, "timeout is not a time")
		s.do(t, "GET", "/targets/gone/"+what, nil).wants(t, what, 502, "connection refused")
		s.do(t, "GET", "/targets/silent/"+what+"?timeout=0.2", nil).wants(t, what, 504, "")
	}

	// What changes.
	s.added(t, own(device, "one"))
	s.do(t, "POST", "/targets", "{").wants(t, "add", 400, "")
	s.do(t, "POST", "/targets", own(device, "one")).wants(t, "add", 409, "")
	s.do(t, "POST", "/targets", strings.Repeat(" ", 100_000)+"{}").wants(t, "add", 413, "")
	s.do(t, "POST", "/targets", "x", "Content-Type", "text/xml").wants(t, "add", 415, "")
	s.do(t, "POST", "/targets", "{}").wants(t, "add", 422, "")
	replaced := s.do(t, "PUT", "/targets/one", own(device, "one"))
	replaced.wants(t, "replace", 202, "")
	s.follow(t, decodeAs[task.Task](t, replaced).ID)
	s.do(t, "PUT", "/targets/one", "{").wants(t, "replace", 400, "")
	s.do(t, "PUT", "/targets/two", own(device, "two")).wants(t, "replace", 404, "")
	s.do(t, "PUT", "/targets/fixed", own(device, "fixed")).wants(t, "replace", 409, "is in the configuration")
	s.do(t, "PUT", "/targets/one", strings.Repeat(" ", 100_000)+"{}").wants(t, "replace", 413, "")
	s.do(t, "PUT", "/targets/one", "x", "Content-Type", "text/xml").wants(t, "replace", 415, "")
	s.do(t, "PUT", "/targets/one", own(device, "two")).wants(t, "replace", 422, "a target keeps its name")
	s.do(t, "DELETE", "/targets/fixed", nil).wants(t, "remove", 409, "is in the configuration")
	s.do(t, "DELETE", "/targets/nobody", nil).wants(t, "remove", 404, "")
	s.do(t, "DELETE", "/targets/"+long, nil).wants(t, "remove", 422, "")
	s.do(t, "POST", "/targets/nobody/check", nil).wants(t, "check", 404, "")
	s.do(t, "POST", "/targets/"+long+"/check", nil).wants(t, "check", 422, "")
	checked := s.do(t, "POST", "/targets/one/check", nil)
	checked.wants(t, "check", 202, "")
	ended := s.follow(t, decodeAs[task.Task](t, checked).ID)
	slow := s.do(t, "POST", "/targets/silent/check", nil)
	slow.wants(t, "check", 202, "")
	s.do(t, "POST", "/targets/silent/check", nil).wants(t, "check", 409, "")
	s.do(t, "DELETE", "/tasks/"+decodeAs[task.Task](t, slow).ID, nil).wants(t, "cancel", 204, "")
	s.follow(t, decodeAs[task.Task](t, slow).ID)

	// Tasks.
	submitted := s.do(t, "POST", "/targets", waiting("new"))
	submitted.wants(t, "add", 202, "")
	first := s.follow(t, decodeAs[task.Task](t, submitted).ID)
	duplicate := s.do(t, "POST", "/targets", waiting("new"))
	duplicate.wants(t, "the same twice", 409, "is at work on the same device")
	if duplicate.header.Get("Location") != "/api/v1/tasks/"+first.ID {
		t.Errorf("the task's address is %q", duplicate.header.Get("Location"))
	}
	_, port, _ := strings.Cut(bare.Address, ":")
	s.do(t, "POST", "/targets", waiting("other").with(fields{"address": "[::ffff:127.0.0.1]:" + port})).wants(t, "the same in other words", 409, "is at work on the same device")
	s.do(t, "GET", "/tasks/"+first.ID, nil).wants(t, "task", 200, "awaiting_confirmation")
	s.do(t, "GET", "/tasks/nothing", nil).wants(t, "task", 404, "")
	s.do(t, "GET", "/tasks/"+long, nil).wants(t, "task", 422, "")
	confirm := "/tasks/" + first.ID + "/confirm"
	s.do(t, "POST", confirm, "{").wants(t, "confirm", 400, "")
	s.do(t, "POST", "/tasks/nothing/confirm", fields{"fingerprint": "x"}).wants(t, "confirm", 404, "")
	s.do(t, "POST", confirm, fields{"fingerprint": "SHA256:x"}).wants(t, "confirm", 409, "the device showed the ssh-ed25519 host key "+first.Fingerprint)
	s.do(t, "POST", "/tasks/"+ended.ID+"/confirm", fields{"fingerprint": "x"}).wants(t, "confirm", 409, "has ended already")
	s.do(t, "POST", confirm, strings.Repeat(" ", 100_000)+"{}").wants(t, "confirm", 413, "")
	s.do(t, "POST", confirm, "x", "Content-Type", "text/xml").wants(t, "confirm", 415, "")
	s.do(t, "POST", confirm, "{}").wants(t, "confirm", 422, "")
	s.do(t, "GET", "/tasks/nothing/events", nil).wants(t, "events", 404, "")
	s.do(t, "GET", "/tasks/"+long+"/events", nil).wants(t, "events", 422, "")
	stream := s.do(t, "GET", "/tasks/"+ended.ID+"/events", nil)
	stream.wants(t, "events", 200, "event: task\n")
	ids := regexp.MustCompile(`(?m)^id: (\d+)$`).FindAllStringSubmatch(string(stream.body), -1)
	s.do(t, "GET", "/tasks/"+ended.ID+"/events", nil, "Last-Event-ID", ids[len(ids)-1][1]).wants(t, "events", 204, "")
	s.do(t, "GET", "/targets/nobody/events", nil).wants(t, "events", 404, "")
	s.do(t, "GET", "/targets/"+long+"/events", nil).wants(t, "events", 422, "")
	s.do(t, "GET", "/events", nil, "Last-Event-ID", long).wants(t, "events", 422, "")

	// Three tasks are the most.
	for i := range 2 {
		other := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
		s.do(t, "POST", "/targets", waiting(fmt.Sprint("new", i)).with(fields{"address": other.Address})).wants(t, "add", 202, "")
	}
	full := s.do(t, "POST", "/targets", waiting("new9").with(fields{"address": "127.0.0.1:9"}))
	full.wants(t, "one too many", 429, "as many tasks as are allowed")
	if full.header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	s.do(t, "PUT", "/targets/one", own(device, "one")).wants(t, "one too many", 429, "")
	s.do(t, "POST", "/targets/gone/check", nil).wants(t, "one too many", 429, "")
	s.do(t, "POST", confirm, fields{"fingerprint": first.Fingerprint}).wants(t, "confirm", 200, "")
	s.follow(t, first.ID)
	for _, one := range decodeAs[api.Tasks](t, s.do(t, "GET", "/tasks?state=awaiting_confirmation&state=running", nil)).Tasks {
		s.do(t, "DELETE", "/tasks/"+one.ID, nil).wants(t, "cancel", 204, "")
	}
	s.do(t, "DELETE", "/tasks/nothing", nil).wants(t, "cancel", 404, "")
	s.do(t, "DELETE", "/tasks/"+ended.ID, nil).wants(t, "cancel", 409, "has ended already")
	s.do(t, "DELETE", "/tasks/"+long, nil).wants(t, "cancel", 422, "")
	s.do(t, "DELETE", "/targets/one", nil).wants(t, "remove", 204, "")

	seen := s.checked
	for _, other := range []*harness{closedHarness(t, device.Address()), fullHarness(t, own(device, "one")), brokenHarness(t, own(device, "one")), unfinishedHarness(t)} {
		for answer, n := range other.checked {
			seen[answer] += n
		}
	}
	wantAllAnswers(t, s, seen)
}

// closedHarness answers while nothing may be changed.
func closedHarness(t *testing.T, address string) *harness {
	s := newHarness(t, apitest.Options{Disabled: true})
	for _, one := range [][2]string{{"POST", "/targets"}, {"PUT", "/targets/one"}, {"DELETE", "/targets/one"}, {"POST", "/targets/one/check"}, {"GET", "/tasks"},
		{"GET", "/tasks/one"}, {"POST", "/tasks/one/confirm"}, {"DELETE", "/tasks/one"}, {"GET", "/tasks/one/events"}} {
		body := any(nil)
		if one[0] != "GET" && one[0] != "DELETE" {
			body = fields{"name": "one", "address": address}
		}
		s.do(t, one[0], one[1], body).wants(t, one[0]+" "+one[1], 403, "--web.enable-admin-api")
	}
	return s
}

// fullHarness answers when its disk is full.
func fullHarness(t *testing.T, target fields) *harness {
	folder := smallfs.Mount(t, "size=96k")
	s := newHarness(t, apitest.Options{Folder: folder})
	s.added(t, target)
	smallfs.Fill(t, filepath.Join(folder, "fill"))
	s.do(t, "POST", "/targets", target.with(fields{"name": "two"})).wants(t, "a full disk", 507, "has no room")
	s.do(t, "PUT", "/targets/one", target).wants(t, "a full disk", 507, "has no room")
	s.do(t, "POST", "/targets/one/check", nil).wants(t, "a full disk", 507, "has no room")
	return s
}

// brokenHarness answers when its folder cannot be written.
func brokenHarness(t *testing.T, target fields) *harness {
	folder := smallfs.Mount(t, "size=1m")
	s := newHarness(t, apitest.Options{Folder: folder})
	s.added(t, target)
	if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	s.do(t, "POST", "/targets", target.with(fields{"name": "two"})).wants(t, "a read-only folder", 503, "cannot be written")
	s.do(t, "PUT", "/targets/one", target).wants(t, "a read-only folder", 503, "cannot be written")
	s.do(t, "POST", "/targets/one/check", nil).wants(t, "a read-only folder", 503, "cannot be written")
	s.do(t, "DELETE", "/targets/one", nil).wants(t, "a read-only folder", 503, "cannot be written")
	s.do(t, "GET", "/targets/one", nil).wants(t, "the target that stays", 200, "")
	return s
}

// rare are documented answers that take a thousand listeners or readers, or a disk that is full when a file is removed.
var rare = []string{"GET /events 503", "GET /targets/{name}/events 503", "GET /tasks/{id}/events 503", "GET /targets/{name}/interfaces 503", "GET /targets/{name}/neighbors 503",
	"GET /targets/{name}/hardware 503", "GET /targets/{name}/bgp 503", "DELETE /targets/{name} 507",
	// Streams without an end have tests of their own.
	"GET /events 200", "GET /targets/{name}/events 200"}

// wantAllAnswers fails the test for documented answers that were not seen.
func wantAllAnswers(t *testing.T, s *harness, seen map[string]int) {
	t.Helper()
	type document struct {
		Paths map[string]map[string]struct {
			Responses map[string]any
		}
	}
	documented := 0
	for path, operations := range decodeAs[document](t, s.do(t, "GET", "/openapi.json", nil)).Paths {
		pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), "[^/]+")
		for method, operation := range operations {
			for status := range operation.Responses {
				name := fmt.Sprintf("%s %s %s", strings.ToUpper(method), path, status)
				documented++
				if status == "500" || status == "default" || slices.Contains(rare, name) {
					continue
				}
				match := regexp.MustCompile("^" + strings.ToUpper(method) + " /api/v1" + pattern + " " + status + "$")
				if !slices.ContainsFunc(keys(seen), match.MatchString) {
					t.Errorf("no answer was %s", name)
				}
			}
		}
	}
	if documented < 80 {
		t.Errorf("only %d answers are documented", documented)
	}
}

func keys(m map[string]int) (all []string) {
	for key := range m {
		all = append(all, key)
	}
	return all
}

func TestPathsThatAreNone(t *testing.T) {
	s := newHarness(t, apitest.Options{})
	for _, path := range []string{"/api/v1/nothing", "/api/v1/", "/api/v1/targets/"} {
		response, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 404 || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if a := s.do(t, "PATCH", "/targets", nil); a.status != 405 || a.header.Get("Allow") != "GET, POST" {
		t.Errorf("%d %s %s", a.status, a.header, a.body)
	}
}

func TestOtherSitesAndNamesAreRefused(t *testing.T) {
	s, device := newHarness(t, apitest.Options{}), simulated(t)
	target := own(device, "new")
	s.do(t, "POST", "/targets", target, "Host", "evil.example").wants(t, "DNS rebinding", 403, "--web.external-url")
	s.do(t, "GET", "/tasks", nil, "Host", "evil.example").wants(t, "DNS rebinding", 403, "--web.external-url")
	s.do(t, "POST", "/targets", target, "Origin", "https://evil.example").wants(t, "another site", 403, "another site")
	s.do(t, "POST", "/targets", target, "Sec-Fetch-Site", "cross-site").wants(t, "another site", 403, "another site")
	s.do(t, "GET", "/targets", nil, "Host", "evil.example").wants(t, "reading", 200, "")
}

func TestAnythingInPaths(t *testing.T) {
	s := newHarness(t, apitest.Options{})
	for _, name := range []string{"a/b", "%", "%00", "'", `"`, "<script>", "名", "a b", "?", "#", ";", "a\nb"} {
		if a := s.do(t, "GET", "/targets/"+url.PathEscape(name), nil); a.status != 404 {
			t.Errorf("%q: %d %s", name, a.status, a.body)
		}
	}
}
