package web

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
)

// pageData is what the page shows.
type pageData struct {
	Version   string
	Telemetry string // relative
	NoTargets bool
	Rows      []row
	Count     map[string]int // rows by state
	Auths     []string       // auths that allow targets that are not configured
	Modules   []string       // names to offer in the form
}

// row is one target. Times that are not known are empty.
type row struct {
	Name, Address, State      string
	LastRead, Took, Session   string
	LastReadAt, SessionAt     string // in full
	Interfaces, Samples, Wait string
	Errors                    []string
}

func (s *server) newPageData(now time.Time) pageData {
	v := pageData{Version: s.Version, Telemetry: relative(s.TelemetryPath), NoTargets: s.NoTargets, Count: map[string]int{}}
	modules := map[string]bool{config.Auto: true}
	for _, target := range s.Exporter.Targets() {
		status := target.Status()
		v.Rows = append(v.Rows, newRow(target.Config(), status, now))
		v.Count[v.Rows[len(v.Rows)-1].State]++
		for _, module := range status.Modules {
			modules[module.Name] = true
		}
	}
	order := map[string]int{string(collector.StateDown): 0, string(collector.StateWaiting): 1, string(collector.StateUp): 2}
	slices.SortStableFunc(v.Rows, func(a, b row) int { return cmp.Compare(order[a.State], order[b.State]) })

	cfg := s.Exporter.Config()
	for name := range cfg.Modules {
		modules[name] = true
	}
	v.Modules = slices.Sorted(maps.Keys(modules))
	for _, name := range slices.Sorted(maps.Keys(cfg.Auths)) {
		if len(cfg.Auths[name].AllowedTargets) > 0 {
			v.Auths = append(v.Auths, name)
		}
	}
	return v
}

func newRow(target *config.Target, status collector.Status, now time.Time) row {
	r := row{Name: target.Name, Address: target.HostPort(), State: string(status.State)}
	if !status.LastRead.IsZero() {
		r.LastRead, r.LastReadAt = ago(now, status.LastRead), inFull(status.LastRead)
		r.Took = brief(status.Duration)
	}
	if status.State == collector.StateUp {
		r.Interfaces, r.Samples = thousands(status.Interfaces), thousands(status.Samples)
	}
	if !status.SessionSince.IsZero() {
		r.Session, r.SessionAt = brief(now.Sub(status.SessionSince)), "since "+inFull(status.SessionSince)
	}
	if wait := status.LoginRetry.Sub(now); wait > 0 {
		r.Wait = brief(wait)
	}
	if status.Err != "" {
		r.Errors = append(r.Errors, status.Err)
	}
	for _, module := range status.Modules {
		if !module.Success && module.Err != "" && !strings.Contains(status.Err, module.Err) {
			r.Errors = append(r.Errors, "module "+module.Name+": "+module.Err)
		}
	}
	return r
}

// ago returns how long before now t was.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if d := now.Sub(t); d >= time.Second {
		return brief(d) + " ago"
	}
	return "just now"
}

// brief writes a duration in one unit, or in two if one would be too coarse: 8 ms, 1.4 s, 5 min, 3 h 20 min, 12 d 4 h.
func brief(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0); {
	case d < time.Second-time.Millisecond/2:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < day:
		return twoUnits(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	return twoUnits(int(d/day), "d", int(d%day/time.Hour), "h")
}

func twoUnits(n int, unit string, rest int, restUnit string) string {
	if rest == 0 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return fmt.Sprintf("%d %s %d %s", n, unit, rest, restUnit)
}

func inFull(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
