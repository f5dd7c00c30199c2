package command

import (
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// memoryLimit returns how many bytes all devices together may take; 0 means no limit. wanted is the flag; empty means half of what the
// process may have: GOMEMLIMIT, the limit of its cgroup, or the machine's memory. The Go runtime is told to stay below 1.6
// times the limit, unless GOMEMLIMIT says otherwise: what is beside the limit is for garbage, answers and the configuration.
func memoryLimit(wanted string, logger *slog.Logger) (int64, error) {
	runtimeLimit := debug.SetMemoryLimit(-1)
	given := runtimeLimit != math.MaxInt64
	var limit int64
	switch {
	case wanted != "":
		bytes, err := config.ParseBytes(wanted)
		if err != nil || bytes < 0 {
			return 0, fmt.Errorf("--collector.memory-limit=%s is not a size; write a size such as 512MiB, or 0 for no limit", wanted)
		}
		limit = int64(bytes)
	case given:
		limit = runtimeLimit / 2
	default:
		whole, err := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)()
		if err != nil {
			logger.Warn("devices may take any amount of memory, because it is not known how much there is; set --collector.memory-limit", "err", err)
			return 0, nil
		}
		limit = int64(min(whole, math.MaxInt64)) / 2
	}
	if limit > 0 && !given {
		debug.SetMemoryLimit(limit / 10 * 16)
	}
	logger.Debug("memory", "limit_for_devices", config.Bytes(limit), "limit_of_the_runtime", config.Bytes(debug.SetMemoryLimit(-1)))
	return limit, nil
}

// maxRequests returns how many requests may be in flight; 0 means no limit. An answer that a client takes slowly holds up to a MiB, so
// there is one request for each MiB that devices may take, but not so few that scrapes wait for each other.
func maxRequests(wanted int, memory int64) int {
	const fewest = 64
	if memory == 0 {
		return wanted
	}
	return min(wanted, max(fewest, int(memory>>20)))
}
