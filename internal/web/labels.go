package web

import (
	"cmp"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

const targetInfo = "netconf_target_info"

// addOwnLabels puts a target's own labels on netconf_target_info, as they are in the telemetry path's answer: for a
// Prometheus that does not keep those of service discovery, which are on every series. The families are the scrape's, their
// list is ours.
func addOwnLabels(families []*dto.MetricFamily, own map[string]string) {
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == targetInfo })
	if i < 0 || len(own) == 0 {
		return
	}
	info := families[i]
	labelled := &dto.MetricFamily{Name: info.Name, Help: info.Help, Type: info.Type}
	for _, m := range info.Metric {
		pairs := slices.Clone(m.Label)
		for name, value := range own {
			pairs = append(pairs, &dto.LabelPair{Name: &name, Value: &value})
		}
		slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
		labelled.Metric = append(labelled.Metric, &dto.Metric{Label: pairs, Gauge: m.Gauge})
	}
	families[i] = labelled
}
