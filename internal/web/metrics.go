package web

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"
)

// serveMetrics answers with the metrics of every configured target and the exporter's own.
func (s *server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := s.withBudget(r)
	defer cancel()
	var targets iter.Seq[*dto.MetricFamily] = func(func(*dto.MetricFamily) bool) {}
	if !s.NoTargets {
		targets = s.Exporter.Families(ctx)
	}
	own, err := s.Own.Gather() // with an error, it returns the metrics that are valid
	if err != nil {
		s.Logger.Error("some of the exporter's own metrics are missing", "err", err)
	}
	s.writeFamilies(w, r, between(targets, own))
}

// writeFamilies answers in the format that the client accepts: text, OpenMetrics or protobuf. It writes each family before it asks for
// the next one, so that clients that take long do not fill the memory. It omits and logs a family that cannot be written.
func (s *server) writeFamilies(w http.ResponseWriter, r *http.Request, families iter.Seq[*dto.MetricFamily]) {
	log := encodeLog{ctx: r.Context(), logger: s.Logger}
	if names := r.URL.Query()["name[]"]; len(names) > 0 {
		families = named(families, names)
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	write := writeText
	switch format.FormatType() {
	case expfmt.TypeTextPlain, expfmt.TypeOpenMetrics:
	case expfmt.TypeProtoDelim:
		write = writeProtobuf
	default:
		if !s.whole.TryLock() {
			busy(w, r, "another answer in this form is under way; ask for text, or for protobuf with encoding=delimited")
			return
		}
		defer s.whole.Unlock()
		writeWhole(w, r, families, log)
		return
	}
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Type", string(format))
	write(w, format, families, log)
}

// writeWhole answers in the forms of protobuf that only people read. All families are in memory for as long as the client takes.
func writeWhole(w http.ResponseWriter, r *http.Request, families iter.Seq[*dto.MetricFamily], log encodeLog) {
	var whole []*dto.MetricFamily
	for family := range families {
		whole = append(whole, proto.Clone(family).(*dto.MetricFamily))
	}
	promhttp.HandlerFor(
		prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return merge(whole), nil }),
		promhttp.HandlerOpts{
			ErrorLog:           log,
			ErrorHandling:      promhttp.ContinueOnError,
			EnableOpenMetrics:  true,
			DisableCompression: true, // ours is faster
		},
	).ServeHTTP(w, r)
}

// named keeps the families of these names.
func named(families iter.Seq[*dto.MetricFamily], names []string) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		for family := range families {
			if slices.Contains(names, family.GetName()) && !yield(family) {
				return
			}
		}
	}
}

// writeText writes text or OpenMetrics.
func writeText(w io.Writer, format expfmt.Format, families iter.Seq[*dto.MetricFamily], log encodeLog) {
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
		own := own
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

// merge makes one family of those of one name that follow each other. If the types differ, only the first is kept, because no
// format can have both.
func merge(families []*dto.MetricFamily) (merged []*dto.MetricFamily) {
	for _, family := range families {
		if len(merged) == 0 || merged[len(merged)-1].GetName() != family.GetName() {
			merged = append(merged, family)
			continue
		}
		last := merged[len(merged)-1]
		if last.GetType() == family.GetType() {
			last.Metric = append(last.Metric, family.Metric...)
		}
	}
	return merged
}
