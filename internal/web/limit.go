package web

import (
	"fmt"
	"net/http"
)

// limited lets so many scrapes run at a time and refuses the others at once, so that a flood of them cannot fill memory: one
// that waits for a silent device costs some 50 kB. max 0 is no limit; refused, where given, is told of each refusal.
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
				http.Error(w, fmt.Sprintf("%d scrapes are in flight, which is the limit; see --web.max-requests", max), http.StatusServiceUnavailable)
			}
		}
	}
}
