package session

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// guard runs f and makes an error of a panic. What a device sends is hostile: where our code or a library fails to expect it, that
// costs one read of one target, not the exporter.
func guard(f func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v, at %s; this is a bug in netconf_exporter", cause, panicOrigin())
		}
	}()
	return f()
}

// panicOrigin returns function, file and line of the code that panicked. It is called by the deferred function that recovers.
func panicOrigin() string {
	callers := make([]uintptr, 50)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for panicking := false; ; {
		frame, more := frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			panicking = true
		case panicking && !strings.HasPrefix(frame.Function, "runtime."):
			return fmt.Sprintf("%s (%s:%d)", frame.Function, path.Base(frame.File), frame.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
