package command_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/command"
)

func TestLogger(t *testing.T) {
	auth := &config.Auth{Username: "monitor", Password: "opensesame"}
	write := func(format string, level slog.Level) string {
		var out strings.Builder
		logger := command.NewLogger(&out, level, format)
		logger.Info("left out at warn")
		logger.With("target", "r1").Warn("two words", "err", errors.New("a \"quoted\"\nerror"), "auth", auth, "password", auth.Password)
		return out.String()
	}
	want := regexp.MustCompile(`^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z caller=log_test\.go:\d+ level=warn msg="two words" target=r1 err=`)
	logfmt := write(command.FormatLogfmt, slog.LevelWarn)
	if !want.MatchString(logfmt) || strings.Count(logfmt, "\n") != 1 {
		t.Errorf("logfmt gives %q", logfmt)
	}
	var line map[string]string
	text := write(command.FormatJSON, slog.LevelWarn)
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Errorf("%v in %q", err, text)
	}
	for key, want := range map[string]string{"level": "warn", "msg": "two words", "target": "r1", "err": "a \"quoted\"\nerror"} {
		if line[key] != want {
			t.Errorf("JSON has %s=%q, want %q", key, line[key], want)
		}
	}
	for _, out := range []string{logfmt, text} {
		if strings.Contains(out, "opensesame") || !strings.Contains(out, "<secret>") && !strings.Contains(out, `\u003csecret\u003e`) {
			t.Errorf("a secret is logged: %s", out)
		}
	}
	if got := strings.Count(write(command.FormatLogfmt, slog.LevelInfo), "\n"); got != 2 {
		t.Errorf("%d lines at info, want 2", got)
	}
}
