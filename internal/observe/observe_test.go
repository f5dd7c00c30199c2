package observe_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/events"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
)

// TestARemovedTargetIsNotKept: what was read of a target counts for the memory limit only as long as it is a target.
func TestARemovedTargetIsNotKept(t *testing.T) {
	const auths = "auths: {lab: {username: u, password: p, insecure_ignore_host_key: true}}\n"
	parse := func(text string) *config.Config {
		c, err := config.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	exporter, err := collector.New(parse(auths+"targets: [{name: r1, address: 127.0.0.1, auth: lab}]"), collector.Options{Lazy: true})
	if err != nil {
		t.Fatal(err)
	}
	defer exporter.Close(t.Context())
	observer := observe.New(exporter, events.New(10))
	look := func() weak.Pointer[collector.Target] {
		target, _ := exporter.Target("r1")
		observer.Interfaces(target, nil)
		return weak.Make(target)
	}
	removed := look()
	if err := exporter.Apply(parse(auths)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); removed.Value() != nil; time.Sleep(time.Millisecond) { // it is closed in the background
		if runtime.GC(); time.Now().After(end) {
			t.Fatal("the target is still in memory")
		}
	}
	runtime.KeepAlive(observer)
}
