package web

import (
	"fmt"
	"net/http"
)

// limited returns middleware that lets max requests run at a time and refuses others at once. Without a limit, many requests could
// fill the memory: a scrape that waits for a device takes some 50 kB, and a page of the fleet more. If max is 0, there is no limit. refused, if not nil, is called
// for each refusal.
func limited(max int, refused func()) func(http.HandlerFunc) http.HandlerFunc {
	slots := make(chan struct{}, max)
	return func(next http.HandlerFunc) http.HandlerFunc {
		if max <= 0 {
			return next
		}
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				next(w, r)
			default:
				if refused != nil {
					refused()
				}
				http.Error(w, fmt.Sprintf("%d requests are in flight, which is the limit; see --web.max-requests", max), http.StatusServiceUnavailable)
			}
		}
	}
}
