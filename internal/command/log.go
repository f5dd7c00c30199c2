package command

import (
	"io"
	"log/slog"
	"time"

	"github.com/go-kit/log"
	sloggokit "github.com/tjhop/slog-gokit"
)

// The formats of log lines.
const (
	FormatLogfmt = "logfmt"
	FormatJSON   = "json"
)

// NewLogger returns a logger that writes lines in the order of Prometheus' own programs: ts, caller, level, msg.
func NewLogger(w io.Writer, level slog.Leveler, format string) *slog.Logger {
	w = log.NewSyncWriter(w)
	logger := log.NewLogfmtLogger(w)
	if format == FormatJSON {
		logger = log.NewJSONLogger(w)
	}
	return slog.New(sloggokit.NewGoKitHandler(inOrder{logger}, level))
}

// inOrder reverses the fields that the handler writes before the message: level, caller, time.
type inOrder struct{ log.Logger }

func (l inOrder) Log(pairs ...any) error {
	ordered := make([]any, 0, len(pairs))
	rest := 0
	for rest+1 < len(pairs) && pairs[rest] != slog.MessageKey {
		rest += 2
	}
	for i := rest - 2; i >= 0; i -= 2 {
		key, value := pairs[i], pairs[i+1]
		if t, ok := value.(time.Time); ok {
			key, value = "ts", t.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		ordered = append(ordered, key, value)
	}
	return l.Logger.Log(append(ordered, pairs[rest:]...)...)
}
