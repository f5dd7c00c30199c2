package restconf

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// longestWait bounds what a device may want to be left alone for: the clock that it counts by may be wrong.
const longestWait = 24 * time.Hour

// retryAfter is when a device may be asked again by its Retry-After header (RFC 9110, section 10.2.3); zero if it does not say.
func retryAfter(header http.Header, now time.Time) time.Time {
	value := header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) { // then it is the largest
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		if its, err := http.ParseTime(header.Get("Date")); err == nil { // by the device's clock
			wait = at.Sub(its)
		} else {
			wait = at.Sub(now)
		}
	}
	if wait <= 0 {
		return time.Time{}
	}
	return now.Add(min(wait, longestWait))
}
