package web

import (
	"cmp"
	"iter"
	"slices"

	dto "github.com/prometheus/client_model/go"
)

const targetInfo = "netconf_target_info"

// withOwnLabels adds a target's configured labels to netconf_target_info, as the telemetry path does, for a Prometheus that
// drops the labels of service discovery. It does not change the family itself, which other scrapes may share.
func withOwnLabels(families iter.Seq[*dto.MetricFamily], own map[string]string) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		for family := range families {
			if family.GetName() == targetInfo {
				family = labelled(family, own)
			}
			if !yield(family) {
				return
			}
		}
	}
}

func labelled(info *dto.MetricFamily, own map[string]string) *dto.MetricFamily {
	with := &dto.MetricFamily{Name: info.Name, Help: info.Help, Type: info.Type}
	for _, m := range info.Metric {
		pairs := slices.Clone(m.Label)
		for name, value := range own {
			pairs = append(pairs, &dto.LabelPair{Name: &name, Value: &value})
		}
		slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
		with.Metric = append(with.Metric, &dto.Metric{Label: pairs, Gauge: m.Gauge})
	}
	return with
}
