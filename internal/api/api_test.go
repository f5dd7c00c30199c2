package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

func TestAddSeeCheckReplaceRemove(t *testing.T) {
	s, device := newHarness(t, apitest.Options{}), simulated(t)
	a := s.do(t, "POST", "/targets", own(device, "new/1").with(fields{"host_key_fingerprint": nil, "labels": fields{"site": "ams"}}))
	if a.status != http.StatusAccepted || !strings.HasPrefix(a.header.Get("Location"), "/api/v1/tasks/") {
		t.Fatalf("%d %s %s", a.status, a.header, a.body)
	}
	id := strings.TrimPrefix(a.header.Get("Location"), "/api/v1/tasks/")
	waiting := s.follow(t, id)
	if waiting.State != task.AwaitingConfirmation || waiting.Fingerprint != device.Fingerprint() || waiting.KeyType != "ssh-ed25519" {
		t.Fatalf("%+v", waiting)
	}
	if a := s.do(t, "POST", "/tasks/"+id+"/confirm", fields{"fingerprint": "SHA256:other"}); a.status != http.StatusConflict {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do(t, "POST", "/tasks/"+id+"/confirm", fields{"fingerprint": waiting.Fingerprint}); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	if done := s.follow(t, id); done.State != task.Succeeded || len(done.Steps) != 10 {
		t.Fatalf("%+v", done)
	}

	list := decodeAs[api.Targets](t, s.do(t, "GET", "/targets?label=site:ams", nil))
	if list.Total != 1 || list.Targets[0].Name != "new/1" || list.Targets[0].State != observe.Up || list.Targets[0].Origin != "api" ||
		list.Targets[0].Interfaces != 3 || list.Targets[0].Auth != "stored:new/1" || list.Targets[0].Labels["site"] != "ams" {
		t.Errorf("%+v", list)
	}
	path := "/targets/" + url.PathEscape("new/1")
	if d := decodeAs[observe.Detail](t, s.do(t, "GET", path, nil)); len(d.Modules) == 0 || d.Modules[0].Why == "" || d.Capabilities == 0 || len(d.Timeline) == 0 {
		t.Errorf("%+v", d)
	}
	for range 2 {
		i := decodeAs[api.Interfaces](t, s.do(t, "GET", path+"/interfaces", nil))
		if len(i.Interfaces) != 3 || i.Interfaces[0].OperStatus == "" || i.Interfaces[0].Counters["receive_bytes"] == 0 {
			t.Fatalf("%+v", i)
		}
		name := i.Interfaces[1].Name
		if one := decodeAs[api.Interfaces](t, s.do(t, "GET", path+"/interfaces?max_age=1h&name="+url.QueryEscape(name), nil)); len(one.Interfaces) != 1 || one.Interfaces[0].Name != name {
			t.Errorf("%+v", one)
		}
	}
	if i := decodeAs[api.Interfaces](t, s.do(t, "GET", path+"/interfaces?max_age=1h", nil)); i.Interfaces[0].Rates == nil {
		t.Errorf("after two reads there are no rates: %+v", i.Interfaces[0])
	}
	for _, what := range []string{"neighbors", "hardware", "bgp"} {
		if a := s.do(t, "GET", path+"/"+what+"?timeout=5s", nil); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	check := s.do(t, "POST", path+"/check", nil)
	if check.status != http.StatusAccepted {
		t.Fatalf("%d %s", check.status, check.body)
	}
	if done := s.follow(t, decodeAs[task.Task](t, check).ID); done.State != task.Succeeded {
		t.Errorf("%+v", done)
	}
	put := s.do(t, "PUT", path, own(device, "new/1").with(fields{"labels": fields{"site": "fra"}}))
	if put.status != http.StatusAccepted {
		t.Fatalf("%d %s", put.status, put.body)
	}
	if done := s.follow(t, decodeAs[task.Task](t, put).ID); done.State != task.Succeeded || done.Kind != "replace" {
		t.Errorf("%+v", done)
	}
	if list := decodeAs[api.Targets](t, s.do(t, "GET", "/targets?label=site:fra&q=NEW", nil)); list.Total != 1 {
		t.Errorf("%+v", list)
	}
	if tasks := decodeAs[api.Tasks](t, s.do(t, "GET", "/tasks?state=succeeded", nil)); tasks.Total != 3 || tasks.Tasks[0].Kind != "replace" {
		t.Errorf("%+v", tasks)
	}
	if a := s.do(t, "DELETE", path, nil); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do(t, "GET", path, nil); a.status != http.StatusNotFound {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do(t, "GET", "/auths", nil); strings.TrimSpace(string(a.body)) != `{"auths":["far","lab"]}` {
		t.Errorf("%s", a.body)
	}
}
