package web

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	timeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"
	defaultBudget = 2 * time.Minute // for people with curl; a read ends with its target's own timeout
	longestBudget = 24 * time.Hour
)

// budget returns how long a scrape may wait: the scrape timeout that Prometheus sent, in seconds, minus the offset that
// the way back needs. A timeout not longer than the offset is used whole, and one that makes no sense not at all.
func budget(header string, offset float64) time.Duration {
	seconds, err := strconv.ParseFloat(header, 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 {
		return defaultBudget
	}
	if seconds > offset {
		seconds -= offset
	}
	return time.Duration(min(seconds, longestBudget.Seconds()) * float64(time.Second))
}

// withBudget returns the request's context with the scrape's deadline.
func (s *server) withBudget(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), budget(r.Header.Get(timeoutHeader), s.TimeoutOffset))
}
