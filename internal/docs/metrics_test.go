package docs_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/docs"
)

var update = flag.Bool("update", false, "write the documents instead of comparing them")

func TestMetricsIsFresh(t *testing.T) {
	const file = "../../docs/metrics.md"
	want, err := docs.Metrics()
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
