package collector_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/steadytest"
)

func TestTimelines(t *testing.T) { steadytest.RunTimelines(t, openWorld) }

func TestRandomSchedules(t *testing.T) {
	n := 25
	if testing.Short() {
		n = 5
	}
	steadytest.RunRandom(t, 1, n, openWorld)
}

// worldDriver reads a world with an exporter, and is the client that it reads with.
type worldDriver struct {
	*steadytest.World
	client
	t        *testing.T
	exporter *collector.Exporter
	updates  <-chan collector.Update
	reads    []*steadytest.Read
	ended    int // reads of which the end has been noted
}

func openWorld(t *testing.T, w *steadytest.World) steadytest.Driver {
	d := &worldDriver{World: w, t: t}
	e, err := collector.New(d.config(), collector.Options{Lazy: true}.WithClients(func(session.Options) collector.Client { return d }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	d.exporter = e
	updates, stop := e.Watch(100_000)
	t.Cleanup(stop)
	d.updates = updates
	return d
}

// config is the configuration with the content that modules have now: a value tells how often it has changed.
func (d *worldDriver) config() *config.Config {
	text := "catalog: {lab_value: {type: gauge, help: A value., labels: [thing]}}\n" + fmt.Sprintf("defaults: {timeout: %dns, modules: [a]}\nmodules:\n", d.Timeout)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		maxAge := time.Duration(0)
		for _, s := range d.Scrapers {
			for _, m := range s.Modules {
				if m.Name == name {
					maxAge = m.MaxAge
				}
			}
		}
		text += fmt.Sprintf("  %[1]s: {max_age: %[2]dns, namespaces: {l: \"urn:lab\"}, reads: [{get: [/l:%[1]s]}], rows: [{path: /l:%[1]s/item, key: [name], "+
			"labels: {thing: name}, metrics: {lab_value: {leaf: value, scale: %[3]d}}}]}\n", name, maxAge, d.Content(name)+1)
	}
	c, err := config.Parse([]byte(simulated(text, 1)))
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// Connect implements collector.Client. Each read begins with it.
func (d *worldDriver) Connect(context.Context, *session.Trace) (session.Hello, error) {
	var planned []string
	for _, name := range d.exporter.Reads()[0].Modules {
		planned = append(planned, d.Name(name))
	}
	d.reads = append(d.reads, d.Begin(planned))
	d.open(d.Began)
	return session.Hello{Capabilities: []string{"urn:lab"}}, nil
}

// RPC implements collector.Client.
func (d *worldDriver) RPC(ctx context.Context, _ *session.Trace, operation string, read func(io.Reader) error) error {
	i := strings.Index(operation, ` xmlns="urn:lab"`)
	module := operation[i-1 : i]
	r := d.reads[len(d.reads)-1]
	does := d.Ask(r, r.Planned(module))
	deadline, _ := ctx.Deadline()
	switch {
	case does.Takes >= time.Until(deadline):
		<-ctx.Done()
		d.Answer(r, steadytest.TimedOut)
		return d.fail(session.ReasonTimeout, "no answer")
	case does.Lost:
		time.Sleep(does.Takes)
		return d.fail(session.ReasonRefused, "connection refused")
	}
	time.Sleep(does.Takes)
	reply := items(module, module, "1", "")
	kind := steadytest.Complete
	if does.Fails {
		kind, reply = steadytest.Refused, "<rpc-error><error-tag>operation-failed</error-tag><error-severity>error</error-severity></rpc-error>"
	}
	d.Answer(r, kind)
	return read(strings.NewReader(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">` + reply + `</rpc-reply>`))
}

// Scrape implements steadytest.Driver.
func (d *worldDriver) Scrape(budget time.Duration, modules []steadytest.Module) (up bool, given map[string]time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	var names []string
	for _, m := range modules {
		names = append(names, m.Name)
	}
	s := d.exporter.Targets()[0].Scrape(ctx, names)
	got := samples(s.Families)
	given = map[string]time.Time{}
	for _, name := range names {
		if got["netconf_module_success module="+name] != 1 {
			continue
		}
		id := name
		if content := int(got["lab_value thing="+name]) - 1; content > 0 {
			id = fmt.Sprintf("%s@%d", name, content)
		} else if content < 0 {
			d.t.Errorf("%s is a success without rows", name)
		}
		given[id] = time.UnixMilli(int64(got["netconf_module_last_read_timestamp_seconds module="+name]*1000 + 0.5))
	}
	if up := got["netconf_up"] == 1; up != s.Up {
		d.t.Errorf("netconf_up is %v, the scrape says %v", up, s.Up)
	}
	return s.Up, given
}

// Reload implements steadytest.Driver.
func (d *worldDriver) Reload() {
	if err := d.exporter.Apply(d.config()); err != nil {
		d.t.Error(err)
	}
}

// Idle implements steadytest.Driver.
func (d *worldDriver) Idle() {
	for len(d.exporter.Reads()) > 0 {
		time.Sleep(time.Second)
	}
	for len(d.updates) > 0 {
		if u := <-d.updates; u.Kind == collector.ReadEnded {
			d.End(d.reads[d.ended], u.Time)
			d.ended++
		}
	}
	if d.ended != len(d.reads) {
		d.t.Errorf("%d of %d reads have ended", d.ended, len(d.reads))
	}
}
