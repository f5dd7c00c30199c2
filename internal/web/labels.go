package web

import (
	"cmp"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

const targetInfo = "netconf_target_info"

// addOwnLabels adds a target's configured labels to netconf_target_info, as the telemetry path does, for a Prometheus that
// drops the labels of service discovery. It replaces the family in the list and does not change the family itself, which other
// scrapes may share.
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
