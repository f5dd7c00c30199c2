//go:build linux

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	configuration "github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// TestKilledWhileDevicesAreAdded kills the exporter amid 200 additions, NETCONF_KILLS times (3 where it is not set; make kills: 50). No
// device whose addition was told to have succeeded is lost, no file is half written, and tasks that were cut off say so.
func TestKilledWhileDevicesAreAdded(t *testing.T) {
	const devices = 200
	rounds, err := strconv.Atoi(os.Getenv("NETCONF_KILLS"))
	if err != nil {
		rounds = 3
	}
	fleet, err := simulator.Start(simulator.Config{Devices: devices, Interfaces: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	added, lost, amid := 0, 0, 0
	for round := range rounds {
		folder := filepath.Join(t.TempDir(), "data")
		flags := []string{"--web.enable-admin-api", "--storage.path=" + folder, "--log.level=error"}
		e := startExporter(t, loopback, flags...)
		var succeeded sync.Map // by name
		var listening, adding sync.WaitGroup
		listening.Go(func() { hearSuccess(e.url, &succeeded) })
		for worker := range 4 {
			adding.Go(func() {
				for i := worker; i < devices && e.running(); i += 4 {
					d := fleet.Devices()[i]
					e.addTarget(t, map[string]any{"name": fmt.Sprintf("device%03d", i), "address": d.Address(), "username": "netconf", "password": "netconf",
						"host_key_fingerprint": d.Fingerprint()})
				}
			})
		}
		time.Sleep(50*time.Millisecond + rand.N(1500*time.Millisecond))
		_ = e.cmd.Process.Kill()
		<-e.ended
		adding.Wait()
		listening.Wait()
		wantWhole(t, folder)

		after := startExporter(t, loopback, flags...)
		names := keysOf(&succeeded)
		added += len(names)
		if len(names) > 0 && len(names) < devices {
			amid++
		}
		for _, name := range names {
			if status, body := after.get("/api/v1/targets/" + name); status != http.StatusOK {
				lost++
				t.Errorf("round %d: %s was added, and is lost: %d %s", round, name, status, body)
			}
		}
		for _, one := range tasksOf(t, after) {
			if _, ok := succeeded.Load(one.Target); !one.State.Final() || ok && one.State != task.Succeeded && one.Error != task.ErrCutOff.Error() {
				t.Errorf("round %d: after the restart a task is %s: %s", round, one.State, one.Error)
			}
		}
		wantWhole(t, folder)
		after.stop(syscall.SIGTERM)
	}
	t.Logf("killed %d times, %d of them amid the additions; %d devices had been added, %d of them were lost", rounds, amid, added, lost)
	if amid == 0 {
		t.Error("no kill came while devices were added")
	}
}

// hearSuccess listens to all tasks until the exporter is killed, and notes the devices that have been added.
func hearSuccess(url string, succeeded *sync.Map) {
	response, err := http.Get(url + "/api/v1/events")
	if err != nil {
		return
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for {
		line, err := lines.ReadString('\n')
		var t task.Task
		if text, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(text), &t) == nil && t.State == task.Succeeded && t.Kind == "add" {
			succeeded.Store(t.Target, true)
		}
		if err != nil {
			return
		}
	}
}

// wantWhole fails the test unless every file of a storage folder is whole.
func wantWhole(t *testing.T, folder string) {
	t.Helper()
	files, err := store.Files(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		stored, err := configuration.ReadStored(file)
		if err != nil {
			t.Errorf("half written: %v", err)
			continue
		}
		for _, auth := range stored.Auths {
			if password, err := new(configuration.Keyring).Password(auth); err != nil || password != "netconf" {
				t.Errorf("%s: its password is %q, %v", file, password, err)
			}
		}
	}
}

func tasksOf(t *testing.T, e *exporter) []task.Task {
	t.Helper()
	status, body := e.get("/api/v1/tasks?limit=1000")
	var page struct{ Tasks []task.Task }
	if err := json.NewDecoder(strings.NewReader(body)).Decode(&page); err != nil && err != io.EOF || status != http.StatusOK {
		t.Fatalf("%d %v", status, err)
	}
	return page.Tasks
}

func keysOf(m *sync.Map) (names []string) {
	m.Range(func(name, _ any) bool {
		names = append(names, name.(string))
		return true
	})
	return names
}
