package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// largeFamily is a family of some megabytes of text, more than sockets hold.
func largeFamily() []*dto.MetricFamily {
	value := strings.Repeat("x", 1<<20)
	family := &dto.MetricFamily{Name: new("lab_large"), Help: new("Large."), Type: dto.MetricType_GAUGE.Enum()}
	for i := range 20 {
		family.Metric = append(family.Metric, &dto.Metric{
			Label: []*dto.LabelPair{{Name: new("n"), Value: new(fmt.Sprint(i, value))}}, Gauge: &dto.Gauge{Value: new(1.0)},
		})
	}
	return []*dto.MetricFamily{family}
}

// TestClientsThatDoNotRead holds that clients that ask and take no answer hold their places for a short time only.
func TestClientsThatDoNotRead(t *testing.T) {
	fake := newFake(t, testConfig)
	fake.gather = func(context.Context) []*dto.MetricFamily { return largeFamily() }
	const places = 3
	server := httptest.NewServer(handler(fake, func(o *web.Options) { o.MaxScrapes, o.ClientTimeout = places, 100*time.Millisecond }))
	defer server.Close()
	for range 20 {
		for range places {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		if !eventually(func() bool {
			response, err := http.Get(server.URL + "/sd")
			if err != nil {
				return false
			}
			defer response.Body.Close()
			_, _ = io.Copy(io.Discard, response.Body)
			return response.StatusCode == http.StatusOK
		}) {
			t.Fatal("clients that read nothing keep others out")
		}
	}
}

// TestSlowDeviceAndQuickClient holds that the deadline is for clients: an answer that takes long to make is none of theirs.
func TestSlowDeviceAndQuickClient(t *testing.T) {
	fake := newFake(t, testConfig)
	fake.gather = func(context.Context) []*dto.MetricFamily {
		time.Sleep(300 * time.Millisecond)
		return largeFamily()
	}
	server := httptest.NewUnstartedServer(handler(fake, func(o *web.Options) { o.ClientTimeout = 100 * time.Millisecond }))
	for _, version := range []int{1, 2} {
		if version == 2 {
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
		} else {
			plain := httptest.NewServer(server.Config.Handler)
			defer plain.Close()
			server.URL = plain.URL
		}
		client := http.DefaultClient
		if version == 2 {
			client = server.Client()
		}
		for range 3 {
			response, err := client.Get(server.URL + "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if n < 20<<20 || err != nil || response.ProtoMajor != version {
				t.Errorf("HTTP %d: %d bytes, %v", response.ProtoMajor, n, err)
			}
		}
		server.URL = ""
	}
}

// TestBodyThatDoesNotCome holds that a client that announces a body and does not send it is given up.
func TestBodyThatDoesNotCome(t *testing.T) {
	read := make(chan error, 20)
	api := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
	})
	server := httptest.NewServer(handler(newFake(t, testConfig), func(o *web.Options) { o.API, o.ClientTimeout = api, 50*time.Millisecond }))
	defer server.Close()
	for range 20 {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "POST /api/v1/targets HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
		if err := <-read; err == nil {
			t.Error("half a body is taken for a whole one")
		}
		_, _ = io.Copy(io.Discard, bufio.NewReader(conn)) // until the server closes the connection
		conn.Close()
	}
}

func eventually(holds func() bool) bool {
	for range 1000 {
		if holds() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
