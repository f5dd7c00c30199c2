package web

import (
	"net/http"
	"sync"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// cached serves a text that follows from the configuration alone. It is made once for each configuration: with thousands of
// targets, making it takes a hundred times the memory of the text.
type cached struct {
	contentType string
	make        func(*config.Config) ([]byte, error)

	mu   sync.Mutex // guards following fields
	of   *config.Config
	text []byte
	err  error
}

func (c *cached) get(of *config.Config) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of != of {
		c.of = of
		c.text, c.err = c.make(of)
	}
	return c.text, c.err
}

func (c *cached) serve(w http.ResponseWriter, of *config.Config) {
	text, err := c.get(of)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", c.contentType)
	_, _ = w.Write(text) // fails only if the client has disconnected
}
