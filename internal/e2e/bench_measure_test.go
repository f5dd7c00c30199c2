//go:build linux

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// The units that internal/bench reads, besides Go's own ns/op. Times are medians: ns/op of the wall clock, the other one of the
// processor time of one process with its system calls.
const (
	cpuUnit  = "cpu-ns/op"
	peakUnit = "peak-B"  // most resident memory of the process while measured
	idleUnit = "idle-B"  // its resident memory before
	sizeUnit = "samples" // of one answer
)

// subject is work of one process that is measured. The units of its results begin with its name, if it has one.
type subject struct {
	name  string
	pid   int
	once  func()
	pause time.Duration // before each time, which is not measured
}

func (s subject) unit(unit string) string {
	if s.name == "" {
		return unit
	}
	return s.name + "-" + unit
}

// measure runs subjects alternately, so that other load on the machine affects all of them alike. It reports medians, on which that
// load has less effect.
func measure(b *testing.B, subjects ...subject) {
	b.Helper()
	for _, s := range subjects {
		s.once() // opens sessions and fills caches
	}
	walls, cpus := make([][]time.Duration, len(subjects)), make([][]time.Duration, len(subjects))
	for b.Loop() {
		for i, s := range subjects {
			time.Sleep(s.pause)
			began, used := time.Now(), processorTime(b, s.pid)
			s.once()
			walls[i], cpus[i] = append(walls[i], time.Since(began)), append(cpus[i], processorTime(b, s.pid)-used)
		}
	}
	for i, s := range subjects {
		b.ReportMetric(float64(median(walls[i])), s.unit("ns/op"))
		b.ReportMetric(float64(median(cpus[i])), s.unit(cpuUnit))
	}
}

// measureMemory is measure for a process that has done nothing yet. It also reports the peak of its memory, which a process with little
// garbage reaches late.
func measureMemory(b *testing.B, ours subject, others ...subject) {
	b.Helper()
	idle := memory(b, ours.pid, "VmRSS:")
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		ours.once()
	}
	measure(b, append([]subject{ours}, others...)...)
	b.ReportMetric(idle, idleUnit)
	b.ReportMetric(memory(b, ours.pid, "VmHWM:"), peakUnit)
}

func median[T cmp.Ordered](of []T) T {
	slices.Sort(of)
	return of[len(of)/2]
}

// processorTime is the processor time of all threads of a process. It is precise to nanoseconds; /proc/PID/stat has only 10 ms.
func processorTime(t testing.TB, pid int) time.Duration {
	const schedClock = 2 // CPUCLOCK_SCHED of the kernel's <linux/posix-timers.h>
	var now syscall.Timespec
	_, _, failed := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(int32(^pid<<3|schedClock)), uintptr(unsafe.Pointer(&now)), 0)
	if failed != 0 {
		t.Fatalf("processor time of process %d: %v", pid, failed)
	}
	return time.Duration(now.Nano())
}

// memory reads a field of /proc/PID/status, in bytes.
func memory(t testing.TB, pid int, field string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), field)
	words := strings.Fields(rest)
	if len(words) == 0 {
		t.Fatalf("/proc/%d/status has no %s", pid, field)
	}
	kilobytes, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes * 1024
}
