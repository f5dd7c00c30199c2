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

// perInterface and the other units are what internal/bench makes its table of, beside Go's own ns/op: both are medians,
// of the wall clock and of the processor's time, system calls included, that one process used.
const (
	cpuUnit  = "cpu-ns/op"
	peakUnit = "peak-B"  // most resident memory of the process while measured
	idleUnit = "idle-B"  // its resident memory before
	sizeUnit = "samples" // of one answer
)

// subject is something that is measured: what one process does. The units of its numbers begin with its name, if it has one.
type subject struct {
	name string
	pid  int
	once func()
}

func (s subject) unit(unit string) string {
	if s.name == "" {
		return unit
	}
	return s.name + "-" + unit
}

// measure runs subjects in turn, so that what else goes on in the machine befalls all of them alike, and reports medians, for
// which other programs count less.
func measure(b *testing.B, subjects ...subject) {
	b.Helper()
	for _, s := range subjects {
		s.once() // sessions, labels and buffers are there from now on
	}
	walls, cpus := make([][]time.Duration, len(subjects)), make([][]time.Duration, len(subjects))
	for b.Loop() {
		for i, s := range subjects {
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

// measureMemory is measure for a process that has done nothing yet; it reports its memory as well: at its most, which a process
// that makes little garbage at a time reaches late.
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

// processorTime is what all threads of a process have used, in nanoseconds where /proc/PID/stat has hundredths of a second.
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
