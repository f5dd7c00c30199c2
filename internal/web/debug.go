package web

import (
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// writeDebug answers a probe in a form for people: the target and the modules, the errors, when each phase began and how long it
// took, and then the metrics.
func (s *server) writeDebug(w http.ResponseWriter, target *config.Target, modules []string, scrape *collector.Scrape, families iter.Seq[*dto.MetricFamily]) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if modules == nil {
		modules = target.Modules
	}
	result := "down"
	if scrape.Up {
		result = "up"
	}
	_, _ = fmt.Fprintf(w, "target   %s\naddress  %s\nauth     %s\nmodules  %s\nresult   %s\n",
		oneLine(target.Name), target.HostPort(), oneLine(target.Auth), oneLine(strings.Join(modules, ", ")), result)
	if scrape.Err != nil {
		for line := range strings.Lines(scrape.Err.Error()) {
			_, _ = fmt.Fprintf(w, "error    %s\n", oneLine(strings.TrimRight(line, "\r\n")))
		}
	}
	if scrape.Note != "" {
		_, _ = fmt.Fprintf(w, "note     %s\n", oneLine(scrape.Note))
	}
	_, _ = io.WriteString(w, "\n")
	WriteTimeline(w, scrape.Events)
	WriteExplanations(w, scrape.Explanations)
	_, _ = io.WriteString(w, "\n")
	text := newTextWriter(w, expfmt.NewFormat(expfmt.TypeTextPlain))
	for family := range families {
		if err := text.family(family); err != nil {
			_, _ = fmt.Fprintf(w, "# %s is missing: %s\n", oneLine(family.GetName()), oneLine(err.Error()))
		}
	}
	_ = text.close()
}

// WriteTimeline writes one line for each event of a read. Times are in milliseconds.
func WriteTimeline(w io.Writer, events []session.Event) {
	if len(events) == 0 {
		_, _ = io.WriteString(w, "No timeline: nothing was sent to the device for this probe.\n")
		return
	}
	_, _ = fmt.Fprintf(w, "%12s %12s  %-6s  %s\n", "start ms", "took ms", "phase", "detail")
	for _, event := range events {
		line := fmt.Sprintf("%12s %12s  %-6s  %s", milliseconds(event.Start), milliseconds(event.Duration), event.Phase, oneLine(event.Detail))
		_, _ = io.WriteString(w, strings.TrimRight(line, " ")+"\n")
	}
}

// WriteExplanations writes what became of the replies, module by module.
func WriteExplanations(w io.Writer, explanations []collector.Explanation) {
	for _, e := range explanations {
		_, _ = fmt.Fprintf(w, "\nmodule %s\n", oneLine(e.Module))
		if e.Note != "" {
			_, _ = fmt.Fprintf(w, "  %s\n", oneLine(e.Note))
		}
		if e.Lines == nil {
			_, _ = fmt.Fprintf(w, "  read at %s, before anybody asked for an explanation; the next read has one\n", e.At.UTC().Format(time.RFC3339))
		}
		for _, line := range e.Lines {
			_, _ = fmt.Fprintf(w, "  %s\n", oneLine(line))
		}
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f", d.Seconds()*1000)
}
