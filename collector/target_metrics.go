package collector

import (
	"cmp"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// definition is a metric of ours about the reading of targets.
type definition struct {
	name, help string
	kind       dto.MetricType
}

const (
	gauge   = dto.MetricType_GAUGE
	counter = dto.MetricType_COUNTER
)

// The metrics about the reading of a target. They are part of docs/metrics.md.
var (
	up             = definition{"netconf_up", "Whether the device answered: 1, or 0 if it was not reached, not logged in to, or gave no answer in time.", gauge}
	scrapeFailure  = definition{"netconf_scrape_failure", "Whether the scrape failed, in full or in part, for the reason: 1 or 0.", gauge}
	scrapeDuration = definition{"netconf_scrape_duration_seconds", "How long the scrape waited for the target.", gauge}
	scrapeBudget   = definition{"netconf_scrape_budget_seconds", "How long the scrape could have waited: Prometheus' scrape timeout without the offset.", gauge}
	phaseDuration  = definition{"netconf_scrape_phase_duration_seconds", "Time that the read spent in each phase; 0 where a session was reused.", gauge}
	readDuration   = definition{"netconf_read_duration_seconds", "How long the last complete read of the device took, until the last of the modules of this scrape was read.", gauge}
	targetInfo     = definition{"netconf_target_info", "What the configuration says of the target; always 1.", gauge}

	moduleSuccess  = definition{"netconf_module_success", "Whether the module was read in full: 1, or 0 if it failed or was not complete in time.", gauge}
	moduleDuration = definition{"netconf_module_duration_seconds", "How long reading the module took.", gauge}
	moduleLastRead = definition{"netconf_module_last_read_timestamp_seconds", "When the module was last read in full, in Unix time.", gauge}
	moduleMaxAge   = definition{"netconf_module_max_age_seconds", "For how long what was read of the module is served again, where that is set.", gauge}
	moduleBytes    = definition{"netconf_module_reply_bytes", "Size of the device's replies to the module's reads.", gauge}
	moduleSamples  = definition{"netconf_module_samples", "Samples that the module gave; 0 where nothing in the replies matched.", gauge}
	moduleSkipped  = definition{"netconf_module_skipped_values", "Values that the device sent and that were left out: not valid, not plausible, duplicate, or over a limit.", gauge}

	moduleFiltered = definition{"netconf_module_filtered_rows", "Rows that the filters of the configuration left out; not there without filters.", gauge}

	sessionDials      = definition{"netconf_session_dials_total", "Attempts to open a session, by result: ok, or the reason of the failure.", counter}
	sessionUp         = definition{"netconf_session_established", "Whether a session to the device is open: 1 or 0.", gauge}
	sessionStart      = definition{"netconf_session_start_timestamp_seconds", "When the open session was opened, in Unix time.", gauge}
	certificateExpiry = definition{"netconf_tls_certificate_expiry_timestamp_seconds", "When the first of the certificates expires that the device showed at the last handshake, or that it is shown, in Unix time; not there without TLS.", gauge}
	sessionRetryAt    = definition{"netconf_login_retry_timestamp_seconds", "When a login will be tried again that the device or the account holds back after refusals, in Unix time.", gauge}
)

// Definition describes a metric for the documentation.
type Definition struct {
	Name, Help, Type string
	Labels           []string
}

// Definitions lists the metrics about the reading of a target.
func Definitions() (all []Definition) {
	for _, d := range []struct {
		definition
		labels []string
	}{
		{up, nil}, {scrapeFailure, []string{"reason"}}, {scrapeDuration, nil}, {scrapeBudget, nil}, {readDuration, nil}, {phaseDuration, []string{"phase"}},
		{targetInfo, []string{"address", "transport"}}, {moduleSuccess, []string{"module"}}, {moduleDuration, []string{"module"}},
		{moduleLastRead, []string{"module"}}, {moduleMaxAge, []string{"module"}}, {moduleBytes, []string{"module"}}, {moduleSamples, []string{"module"}},
		{moduleSkipped, []string{"module", "reason"}}, {moduleFiltered, []string{"module"}}, {sessionDials, []string{"result"}}, {sessionUp, nil}, {sessionStart, nil}, {sessionRetryAt, nil},
		{certificateExpiry, []string{"which"}},
	} {
		kind := "gauge"
		if d.kind == counter {
			kind = "counter"
		}
		all = append(all, Definition{d.name, d.help, kind, d.labels})
	}
	return all
}

// own adds the metrics about the reading of a target.
func (o *outcome) own(f *families) {
	put := func(d definition, value float64, labels ...string) { f.put(o, d, value, labels...) }
	put(up, number(o.up))
	for _, reason := range session.Reasons() {
		put(scrapeFailure, number(o.reasons[reason]), "reason", string(reason))
	}
	put(scrapeDuration, o.duration.Seconds())
	if o.budget > 0 {
		put(scrapeBudget, o.budget.Seconds())
	}
	if o.read > 0 {
		put(readDuration, o.read.Seconds())
	}
	for _, phase := range session.Phases() {
		put(phaseDuration, o.phases[phase].Seconds(), "phase", phase)
	}
	info := []string{"address", o.settings.config.HostPort(), "transport", string(o.settings.config.Over())}
	if f.labelled {
		for name, value := range o.settings.config.Labels {
			info = append(info, name, value)
		}
	}
	put(targetInfo, 1, info...)
	for _, m := range o.results {
		o.ownModule(f, m)
	}
	for _, name := range o.missing {
		put(moduleSuccess, 0, "module", name)
		put(moduleSamples, 0, "module", name)
	}
	for name, at := range o.lastRead {
		put(moduleLastRead, unix(at), "module", name)
		if m := o.settings.modules.byName[name]; m != nil && o.settings.maxAge(m) > 0 {
			put(moduleMaxAge, o.settings.maxAge(m).Seconds(), "module", name)
		}
	}
	for _, result := range session.Results() { // those without dials too, or increase() would miss the first of each
		put(sessionDials, float64(o.stats.Dials[result]), "result", string(result))
	}
	put(sessionUp, number(o.stats.Established))
	if o.stats.Established {
		put(sessionStart, unix(o.stats.Start))
	}
	if !o.stats.LoginRetry.IsZero() {
		put(sessionRetryAt, unix(o.stats.LoginRetry))
	}
	if at := o.stats.Certificates.Device; !at.IsZero() {
		put(certificateExpiry, unix(at), "which", "device")
	}
	if at := o.stats.Certificates.Ours; !at.IsZero() {
		put(certificateExpiry, unix(at), "which", "ours")
	}
}

func (o *outcome) ownModule(f *families, m *result) {
	put := func(d definition, value float64, labels ...string) {
		f.put(o, d, value, append([]string{"module", m.module}, labels...)...)
	}
	put(moduleSuccess, number(m.err == nil))
	put(moduleDuration, m.duration.Seconds())
	put(moduleBytes, float64(m.bytes))
	put(moduleSamples, float64(m.Samples))
	if len(o.settings.config.Filters) > 0 {
		put(moduleFiltered, float64(m.Filtered))
	}
	for reason, n := range m.Skipped {
		put(moduleSkipped, float64(n), "reason", reason)
	}
}

// put adds one sample; labels are names and values in turn.
func (f *families) put(o *outcome, d definition, value float64, labels ...string) {
	pairs := make([]*dto.LabelPair, 0, len(labels)/2+1)
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, f.pair(labels[i], labels[i+1]))
	}
	if f.labelled {
		pairs = append(pairs, o.target.label)
	}
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	family := f.family(d.name, d.help, d.kind)
	family.own = append(family.own, ownSample{pairs, value})
}

// pair returns a label pair that all targets share: they have the same reasons, phases and modules.
func (f *families) pair(name, value string) *dto.LabelPair {
	known := f.pairs[[2]string{name, value}]
	if known == nil {
		known = &dto.LabelPair{Name: &name, Value: &value}
		f.pairs[[2]string{name, value}] = known
	}
	return known
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }
