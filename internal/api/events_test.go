package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// event is one server-sent event.
type event struct {
	id         int64
	kind, data string
}

// listen reads a stream until it ends, or hear returns false.
func (s *harness) listen(ctx context.Context, t *testing.T, path, lastID string, hear func(event) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1"+path, nil)
	if err != nil {
		t.Error(err)
		return
	}
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		return
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%s: %s %s", path, response.Status, response.Header.Get("Content-Type"))
		return
	}
	var now event
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			now.id, _ = strconv.ParseInt(value, 10, 64)
		case "event":
			now.kind = value
		case "data":
			now.data = value
		case "":
			if now.kind != "" && !hear(now) {
				return
			}
			now = event{}
		}
	}
}

func TestATaskIsToldStepByStepAndResumed(t *testing.T) {
	s, device := newHarness(t, apitest.Options{}), simulated(t)
	submitted := decodeAs[task.Task](t, s.do(t, "POST", "/targets", own(device, "new")))
	path := "/tasks/" + submitted.ID + "/events"
	var all []event
	s.listen(t.Context(), t, path, "", func(e event) bool { all = append(all, e); return true }) // until the task has ended
	steps := 0
	for i, e := range all {
		if i > 0 && e.id != all[i-1].id+1 {
			t.Errorf("event %d follows %d", e.id, all[i-1].id)
		}
		if e.kind == "step" && strings.Contains(e.data, `"state":"succeeded"`) {
			steps++
		}
	}
	if steps != 10 || all[0].kind != "task" || !strings.Contains(all[len(all)-1].data, `"state":"succeeded"`) {
		t.Errorf("%d steps succeeded: %+v", steps, all)
	}
	for at := range all { // as a browser does that lost the connection there
		next := at + 1
		s.listen(t.Context(), t, path, strconv.FormatInt(all[at].id, 10), func(e event) bool {
			if next >= len(all) || e != all[next] {
				t.Errorf("after %d comes %+v", all[at].id, e)
			}
			next++
			return true
		})
		if next != len(all) {
			t.Errorf("after event %d of %d the stream ends at %d", at, len(all), next)
		}
	}
	for _, stale := range []string{"1", "-5", "9223372036854775807", "nonsense"} {
		var heard []event
		s.listen(t.Context(), t, path, stale, func(e event) bool { heard = append(heard, e); return true })
		if len(heard) != len(all)+1 || heard[0].kind != "reset" || !strings.Contains(heard[0].data, "read the state anew") {
			t.Errorf("after the stale identifier %s: %+v", stale, heard)
		}
	}
}

func TestReadsAreTold(t *testing.T) {
	s, device, other := newHarness(t, apitest.Options{}), simulated(t), simulated(t)
	s.added(t, own(device, "new"))
	s.added(t, own(other, "other"))
	for path, wanted := range map[string]string{"/targets/new/events": "new", "/events": ""} {
		heard := 0
		go func() {
			for range 50 {
				time.Sleep(20 * time.Millisecond)
				for _, name := range []string{"new", "other"} {
					if target, ok := s.Exporter.Target(name); ok {
						target.Scrape(t.Context(), nil)
					}
				}
			}
		}()
		s.listen(t.Context(), t, path, "", func(e event) bool {
			heard++
			if e.kind != "read" || !strings.Contains(e.data, `"target":"`+wanted) || !strings.Contains(e.data, `"state":"up"`) {
				t.Errorf("%s: %+v", path, e)
			}
			return heard < 5
		})
		if heard != 5 {
			t.Errorf("%s: %d events", path, heard)
		}
	}
}

// TestTwoHundredListenersWhileTwoHundredDevicesAreAdded has each listener hear of each device, with one client that never reads.
func TestTwoHundredListenersWhileTwoHundredDevicesAreAdded(t *testing.T) {
	const devices, listeners = 200, 200
	s := newHarness(t, apitest.Options{})
	fleet, err := simulator.Start(simulator.Config{Devices: devices, Interfaces: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	mute, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	_, _ = fmt.Fprint(mute, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")

	last := strconv.FormatInt(time.Now().UnixMicro(), 10) // nothing has happened yet
	var complete atomic.Int32
	var wg sync.WaitGroup
	for range listeners {
		wg.Go(func() {
			ended := map[string]bool{}
			s.listen(t.Context(), t, "/events", last, func(e event) bool {
				if e.kind == "task" && strings.Contains(e.data, `"state":"succeeded"`) {
					ended[e.data[:40]] = true
				}
				return len(ended) < devices
			})
			if len(ended) == devices {
				complete.Add(1)
			}
		})
	}
	for i, device := range fleet.Devices() {
		if a := s.do(t, "POST", "/targets", own(device, fmt.Sprintf("new%03d", i))); a.status != http.StatusAccepted {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	wg.Wait()
	if complete.Load() != listeners {
		t.Errorf("%d of %d listeners heard of all devices", complete.Load(), listeners)
	}
	if n := len(s.Exporter.Targets()); n != devices {
		t.Errorf("%d targets are in force", n)
	}
}

// TestAThousandAndOneTasks keeps all workers busy with devices that never say a word, so that the other tasks wait.
func TestAThousandAndOneTasks(t *testing.T) {
	s := newHarness(t, apitest.Options{})
	for i := range 1001 {
		address := fmt.Sprintf("127.0.0.1:%d", i+1)
		if i < 8 {
			silent := netconftest.Start(t, nil, func(d *netconftest.Device) {
				d.TCP = func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<10)); <-t.Context().Done() }
			})
			address = silent.Address
		}
		want := http.StatusAccepted
		if i == 1000 {
			want = http.StatusTooManyRequests
		}
		a := s.do(t, "POST", "/targets", fields{"name": fmt.Sprint("new", i), "address": address, "username": "a", "password": "b"})
		if a.status != want {
			t.Fatalf("task %d: %d %s", i+1, a.status, a.body)
		}
	}
	if tasks := decodeAs[api.Tasks](t, s.do(t, "GET", "/tasks?state=running&state=queued&limit=0", nil)); tasks.Total != 1000 || len(tasks.Tasks) != 0 {
		t.Errorf("%d tasks have not ended", tasks.Total)
	}
}

// TestAListenerThatReadsNothingIsCutOff fills the connection of a listener until nothing more goes in.
func TestAListenerThatReadsNothingIsCutOff(t *testing.T) {
	s := newHarness(t, apitest.Options{Patience: 300 * time.Millisecond})
	mute, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	_, _ = fmt.Fprint(mute, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	large := strings.Repeat("x", 2000)
	for range 40 {
		for range 500 {
			s.Events.Add("read", "new", map[string]string{"target": "new", "error": large})
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = mute.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := io.Copy(io.Discard, mute)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("after %d bytes the listener is still served", n)
	}
	heard := 0
	go func() {
		for range 20 {
			time.Sleep(50 * time.Millisecond)
			s.Events.Add("read", "new", map[string]string{"target": "new"})
		}
	}()
	s.listen(t.Context(), t, "/events", "", func(event) bool { heard++; return heard < 5 })
	if heard != 5 {
		t.Errorf("another listener hears %d events", heard)
	}
}

func TestAStreamIsNotHeldOpenForItsHead(t *testing.T) {
	s := newHarness(t, apitest.Options{})
	client := http.Client{Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	for range 2 { // the second one comes over the connection of the first
		response, err := client.Head(s.URL + "/api/v1/events")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%s %s", response.Status, response.Header)
		}
	}
}
