package command

import (
	"log/slog"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// poller reloads the configuration when its files, including those of target_files, have changed. A bad change is tried once.
type poller struct {
	interval time.Duration
	patterns []string
	files    *config.Files
	current  func() *config.Config
	reload   func() error
	logger   *slog.Logger

	last string // fingerprint of what was tried last
}

// look notes the state of the files that were just loaded. before is their fingerprint from before that, without target_files; if it has
// changed, the next look reloads.
func (p *poller) look(before string) {
	if p.files.Fingerprint(p.patterns, nil) == before {
		p.last = p.files.Fingerprint(p.patterns, p.current())
	}
}

// run polls until over is closed.
func (p *poller) run(over <-chan struct{}) {
	ticker := time.NewTicker(p.interval)
	defer ticker.Stop()
	for {
		select {
		case <-over:
			return
		case <-ticker.C:
		}
		now := p.files.Fingerprint(p.patterns, p.current())
		if now == p.last {
			continue
		}
		p.last = now
		p.logger.Info("the configuration's files have changed")
		_ = p.reload() // it has been logged; what changes meanwhile is seen the next time
	}
}
