package docs_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/corpus"
	"github.com/netconf-exporter/netconf_exporter/internal/docs"
)

var update = flag.Bool("update", false, "write the documents instead of comparing them")

// recorded lists the metrics that the recorded replies of real devices give, by module.
func recorded(t *testing.T) docs.Recorded {
	t.Helper()
	all := docs.Recorded{}
	for _, c := range corpus.Cases(t) {
		if c.Partial {
			continue
		}
		for _, sample := range c.Want {
			metric, _, _ := strings.Cut(sample, "{")
			all[c.Module] = append(all[c.Module], metric)
		}
	}
	return all
}

func TestMetricsIsFresh(t *testing.T) {
	const file = "../../docs/metrics.md"
	want, err := docs.Metrics(recorded(t))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run make docs", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/metrics.md is stale, run make docs:\n%s", diff)
	}
}
