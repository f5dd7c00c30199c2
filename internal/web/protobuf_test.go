package web_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"

	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// inPieces is an exporter whose families come in pieces, in memory that is used again for the next one.
type inPieces struct {
	*fakeExporter
	pieces []*dto.MetricFamily
	asked  func()
}

func (e inPieces) Families(context.Context) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		var reused dto.MetricFamily
		for _, piece := range e.pieces {
			e.asked()
			proto.Reset(&reused)
			proto.Merge(&reused, piece)
			if !yield(&reused) {
				return
			}
		}
	}
}

// manyPieces are two families of 100 pieces each.
func manyPieces() (pieces []*dto.MetricFamily) {
	for _, name := range []string{"a_total", "b_total"} {
		for i := range 100 {
			piece := counter(name, 0, time.Unix(1700000000, 0))
			piece.Metric = nil
			for j := range 100 {
				piece.Metric = append(piece.Metric, counter("", float64(j), time.Unix(1700000000, 0), "interface", strconv.Itoa(100*i+j)).Metric...)
			}
			pieces = append(pieces, piece)
		}
	}
	return pieces
}

// decoded reads an answer in protobuf.
func decoded(t *testing.T, body io.Reader) (families []*dto.MetricFamily) {
	t.Helper()
	reader := bufio.NewReader(body)
	for {
		family := &dto.MetricFamily{}
		err := protodelim.UnmarshalFrom(reader, family)
		if errors.Is(err, io.EOF) {
			return families
		}
		if err != nil {
			t.Fatal(err)
		}
		families = append(families, family)
	}
}

func TestProtobufHasEachFamilyOnce(t *testing.T) {
	e := inPieces{newFake(t, testConfig), manyPieces(), func() {}}
	e.pieces = append(e.pieces, gauge("b_total", 1), gauge("go_threads", 7, "target", "x")) // another type, and a name of our own
	h := web.New(web.Options{Exporter: e, Own: web.NewMetrics()})
	families := decoded(t, get(h, "/metrics", "Accept", acceptProtobuf).Body)
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		if byName[f.GetName()] != nil {
			t.Errorf("%s is there twice", f.GetName())
		}
		byName[f.GetName()] = f
	}
	for _, name := range []string{"a_total", "b_total"} {
		want := counter(name, 0, time.Unix(1700000000, 0))
		want.Metric = nil
		for _, piece := range e.pieces[:200] {
			if piece.GetName() == name {
				want.Metric = append(want.Metric, piece.Metric...)
			}
		}
		if !proto.Equal(byName[name], want) {
			t.Errorf("%s has %d metrics, or they are not those of its pieces", name, len(byName[name].GetMetric()))
		}
	}
	if got := len(byName["go_threads"].GetMetric()); got != 2 {
		t.Errorf("%d metrics of a name that a target and the exporter have, want 2", got)
	}
	only := decoded(t, get(h, "/metrics?name[]=a_total", "Accept", acceptProtobuf).Body)
	if len(only) != 1 || only[0].GetName() != "a_total" {
		t.Errorf("name[] gives %d families", len(only))
	}
}

// firstWrite calls a function at the first write.
type firstWrite struct {
	*httptest.ResponseRecorder
	call func()
}

func (w *firstWrite) Write(p []byte) (int, error) {
	if w.call != nil {
		w.call()
		w.call = nil
	}
	return w.ResponseRecorder.Write(p)
}

// Answers that are in memory as a whole fill it, when many clients ask and do not read.
func TestAnswersAreWrittenPieceByPiece(t *testing.T) {
	for _, accept := range []string{"", acceptOpenMetrics, acceptProtobuf} {
		for _, query := range []string{"", "?name[]=a_total&name[]=b_total"} {
			asked, atFirst := 0, 0
			e := inPieces{newFake(t, testConfig), manyPieces(), func() { asked++ }}
			w := &firstWrite{httptest.NewRecorder(), func() { atFirst = asked }}
			r := httptest.NewRequest("GET", "/metrics"+query, nil)
			r.Header.Set("Accept", accept)
			web.New(web.Options{Exporter: e, Own: web.NewMetrics()}).ServeHTTP(w, r)
			if asked-atFirst < 100 {
				t.Errorf("Accept %q, %q: %d of %d pieces were asked for before the first write", accept, query, atFirst, asked)
			}
		}
	}
}

func TestFormsOfProtobufForPeopleAreMadeOneAtATime(t *testing.T) {
	e := inPieces{newFake(t, testConfig), manyPieces(), func() {}}
	h := web.New(web.Options{Exporter: e, Own: web.NewMetrics()})
	const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text"
	status := 0
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := &firstWrite{httptest.NewRecorder(), func() { status = get(h, "/metrics", "Accept", accept).Code }}
	h.ServeHTTP(w, r)
	if body := w.Body.Bytes(); w.Code != 200 || bytes.Count(body, []byte(`name:"a_total"`)) != 1 || bytes.Count(body, []byte("counter")) < 20_000 {
		t.Errorf("status %d, and families are missing or there twice", w.Code)
	}
	if status != 503 {
		t.Errorf("status %d of a second one meanwhile, want 503", status)
	}
	if status := get(h, "/metrics", "Accept", accept).Code; status != 200 {
		t.Errorf("status %d after the first one has ended", status)
	}
}
