package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

const base = apitest.Base

// harness is an exporter whose answers are validated.
type harness struct {
	*apitest.Harness
	mu        sync.Mutex
	validator validator.Validator
	checked   map[string]int // answers that were validated, by method, path and status
}

func newHarness(t *testing.T, o apitest.Options) *harness {
	t.Helper()
	s := &harness{Harness: apitest.Start(t, o), checked: map[string]int{}}
	s.loadDocument(t)
	return s
}

// loadDocument reads the OpenAPI document that the answers must keep to.
func (s *harness) loadDocument(t *testing.T) {
	t.Helper()
	response, err := http.Get(s.URL + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		for _, p := range problems {
			t.Errorf("the OpenAPI document: %s: %s", p.Message, p.Reason)
		}
	}
	s.validator = v
}

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// get decodes a JSON answer.
func decodeAs[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

// do sends a request and validates the answer against the document. body is JSON, or a value that becomes JSON, or nil.
func (s *harness) do(t *testing.T, method, path string, body any, header ...string) answer {
	t.Helper()
	var text []byte
	switch body := body.(type) {
	case nil:
	case string:
		text = []byte(body)
	default:
		text, _ = json.Marshal(body)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Body = io.NopCloser(bytes.NewReader(content))
	s.validate(t, request, response, content)
	if response.StatusCode >= 400 {
		problem := response.Header.Get("Content-Type") == "application/problem+json" && bytes.Contains(content, []byte(`"detail":"`))
		if !problem || strings.Contains(string(content), "$schema") {
			t.Errorf("%s %s: %d is no problem document: %s", method, path, response.StatusCode, content)
		}
	}
	return answer{response.StatusCode, response.Header, content}
}

func (s *harness) validate(t *testing.T, request *http.Request, response *http.Response, content []byte) {
	if strings.HasSuffix(request.URL.Path, "/openapi.json") {
		return
	}
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if response.StatusCode == http.StatusMethodNotAllowed {
		return // of no operation
	}
	if ok, problems := s.validator.ValidateHttpResponse(request, response); !ok {
		for _, p := range problems {
			t.Errorf("%s %s: %d is not as documented: %s: %s %v\n%s", request.Method, request.URL.Path, response.StatusCode, p.Message, p.Reason, p.SchemaValidationErrors, content)
		}
	}
	s.checked[fmt.Sprintf("%s %s %d", request.Method, request.URL.EscapedPath(), response.StatusCode)]++
}

// follow waits until a task has ended, or waits to be confirmed. Each state on the way is validated too.
func (s *harness) follow(t *testing.T, id string) task.Task {
	t.Helper()
	return s.Follow(t, id, func() task.Task { return decodeAs[task.Task](t, s.do(t, "GET", "/tasks/"+id, nil)) })
}

func simulated(t *testing.T) *simulator.Device {
	t.Helper()
	devices, err := simulator.Start(simulator.Config{Devices: 1, Interfaces: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { devices.Close() })
	return devices.Devices()[0]
}

// fields is a JSON object.
type fields map[string]any

// own is a target with credentials of its own.
func own(device *simulator.Device, name string) fields {
	return fields{"name": name, "address": device.Address(), "username": "netconf", "password": "netconf", "host_key_fingerprint": device.Fingerprint()}
}

// with changes some fields; nil takes one out.
func (f fields) with(changes fields) fields {
	changed := fields{}
	for _, part := range []fields{f, changes} {
		for name, value := range part {
			if changed[name] = value; value == nil {
				delete(changed, name)
			}
		}
	}
	return changed
}

// added adds a target and waits until it is there.
func (s *harness) added(t *testing.T, target fields) {
	t.Helper()
	a := s.do(t, "POST", "/targets", target)
	if a.status != http.StatusAccepted {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if now := s.follow(t, decodeAs[task.Task](t, a).ID); now.State != task.Succeeded {
		t.Fatalf("%s: %s", now.State, now.Error)
	}
}
