//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"testing"
)

// The headers of Prometheus 2.42.
var prometheusHeaders = http.Header{
	"Accept":                              {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"},
	"Accept-Encoding":                     {"gzip"},
	"User-Agent":                          {"Prometheus/2.42.0"},
	"X-Prometheus-Scrape-Timeout-Seconds": {"60"},
}

// scraper sends requests as Prometheus does, over one connection if the server keeps it open. It connects in the network namespace of
// the calling thread, which http.Client does not.
type scraper struct {
	t       testing.TB
	address string
	path    string
	conn    net.Conn
	in      *bufio.Reader
}

func newScraper(t testing.TB, address, path string) *scraper {
	s := &scraper{t: t, address: address, path: path}
	t.Cleanup(s.close)
	return s
}

func (s *scraper) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// scrape reads an answer without decompressing it, so that the measurement costs little.
func (s *scraper) scrape() { s.to(io.Discard) }

func (s *scraper) to(w io.Writer) {
	request, err := http.NewRequest(http.MethodGet, "http://"+s.address+s.path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.conn == nil {
		if s.conn, err = net.Dial("tcp", s.address); err != nil {
			s.t.Fatal(err)
		}
		s.in = bufio.NewReaderSize(s.conn, 64<<10)
	}
	request.Header = prometheusHeaders
	if err := request.Write(s.conn); err != nil {
		s.t.Fatal(err)
	}
	response, err := http.ReadResponse(s.in, request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: status %s", s.path, response.Status)
	}
	if _, err := io.Copy(w, response.Body); err != nil {
		s.t.Fatal(err)
	}
	if response.Close {
		s.close()
	}
}

// size returns the number of samples of one answer and its uncompressed size in octets.
func (s *scraper) size() (samples, octets int) {
	var body bytes.Buffer
	s.to(&body)
	text, err := gzip.NewReader(&body)
	if err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := lines.Bytes()
		octets += len(line) + 1
		if len(line) > 0 && line[0] != '#' {
			samples++
		}
	}
	if lines.Err() != nil || samples == 0 {
		s.t.Fatalf("%s gives %d samples: %v", s.path, samples, lines.Err())
	}
	return samples, octets
}

func (s *scraper) report(b *testing.B) {
	samples, _ := s.size()
	b.ReportMetric(float64(samples), sizeUnit)
}

func (e *exporter) scraper(path string) *scraper {
	return newScraper(e.t, e.url[len("http://"):], path)
}
