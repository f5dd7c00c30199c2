package web

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// serveMetrics answers with the metrics of every configured target and the exporter's own.
func (s *server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := s.withBudget(r)
	defer cancel()
	format, text := textFormat(r)
	var targets []*dto.MetricFamily
	each := slices.Values(targets)
	switch {
	case s.NoTargets:
	case text:
		each = s.Exporter.Families(ctx)
	default:
		targets = s.Exporter.Gather(ctx)
	}
	own, err := s.Own.Gather() // with an error, it returns the metrics that are valid
	if err != nil {
		s.Logger.Error("some of the exporter's own metrics are missing", "err", err)
	}
	if text {
		s.writeText(w, r, format, between(each, own))
	} else {
		s.writeFamilies(w, r, merge(targets, own))
	}
}

// writeFamilies answers in the format that the client accepts: text, OpenMetrics or protobuf. It omits and logs a family that
// cannot be written.
func (s *server) writeFamilies(w http.ResponseWriter, r *http.Request, families []*dto.MetricFamily) {
	if format, text := textFormat(r); text {
		s.writeText(w, r, format, slices.Values(families))
		return
	}
	promhttp.HandlerFor(
		prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil }),
		promhttp.HandlerOpts{
			ErrorLog:           encodeLog{ctx: r.Context(), logger: s.Logger},
			ErrorHandling:      promhttp.ContinueOnError,
			EnableOpenMetrics:  true,
			DisableCompression: true, // ours is faster
		},
	).ServeHTTP(w, r)
}

// textFormat returns the format that the client accepts; false if textWriter does not write it.
func textFormat(r *http.Request) (expfmt.Format, bool) {
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	kind := format.FormatType()
	return format, (kind == expfmt.TypeTextPlain || kind == expfmt.TypeOpenMetrics) && !r.URL.Query().Has("name[]")
}

// writeText is writeFamilies for text and OpenMetrics. It writes each family before it asks for the next one.
func (s *server) writeText(w http.ResponseWriter, r *http.Request, format expfmt.Format, families iter.Seq[*dto.MetricFamily]) {
	log := encodeLog{ctx: r.Context(), logger: s.Logger}
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Type", string(format))
	text := newTextWriter(w, format)
	for family := range families {
		if err := text.family(family); err != nil {
			log.Println(err)
		}
	}
	if err := text.close(); err != nil {
		log.Println(err)
	}
}

// between merges the exporter's own families into those of targets, sorted by name.
func between(targets iter.Seq[*dto.MetricFamily], own []*dto.MetricFamily) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		for family := range targets {
			for ; len(own) > 0 && own[0].GetName() < family.GetName(); own = own[1:] {
				if !yield(own[0]) {
					return
				}
			}
			if !yield(family) {
				return
			}
		}
		for _, family := range own {
			if !yield(family) {
				return
			}
		}
	}
}

// encodeLog is promhttp's logger. It logs nothing after the client has disconnected, because each family fails then.
type encodeLog struct {
	ctx    context.Context
	logger *slog.Logger
}

func (l encodeLog) Println(v ...any) {
	if l.ctx.Err() == nil {
		l.logger.Warn("a metric family is missing from the answer", "err", fmt.Sprint(v...))
	}
}

// merge returns all families sorted by name. Families of the same name and type become one. If the types differ, only the first is
// kept, because no format can have both. The arguments do not change: other scrapes may read them.
func merge(lists ...[]*dto.MetricFamily) []*dto.MetricFamily {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	merged := all[:0]
	for _, family := range all {
		if len(merged) == 0 || merged[len(merged)-1].GetName() != family.GetName() {
			merged = append(merged, family)
			continue
		}
		last := &merged[len(merged)-1]
		if (*last).GetType() == family.GetType() {
			*last = &dto.MetricFamily{
				Name: family.Name, Type: family.Type, Help: (*last).Help, Unit: (*last).Unit,
				Metric: slices.Concat((*last).Metric, family.Metric),
			}
		}
	}
	return merged
}
