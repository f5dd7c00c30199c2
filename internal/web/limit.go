package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
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
				busy(w, r, fmt.Sprintf("%d requests are in flight, which is the limit; see --web.max-requests", max))
			}
		}
	}
}

// busy refuses a request: programs that use the API get a problem document (RFC 9457), all others a line of text.
func busy(w http.ResponseWriter, r *http.Request, sentence string) {
	const status = http.StatusServiceUnavailable
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, sentence, status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": sentence})
}
