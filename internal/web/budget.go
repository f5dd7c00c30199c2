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
	defaultBudget = 2 * time.Minute // of a request without the header, such as curl's; the target's timeout ends a read earlier
	longestBudget = 24 * time.Hour
)

// budget returns how long a scrape may wait: the scrape timeout that Prometheus sends, in seconds, minus the offset, which is for
// the transfer of the answer. If the timeout is not longer than the offset, the offset is not subtracted. If the header is no
// positive number, the budget is the default.
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
