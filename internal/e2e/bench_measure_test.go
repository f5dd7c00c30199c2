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

// measure runs what b measures, and reports medians: other programs on the machine then count for less.
func measure(b *testing.B, pid int, once func()) {
	b.Helper()
	once() // sessions, labels and buffers are there from now on
	var walls, cpus []time.Duration
	for b.Loop() {
		began, used := time.Now(), processorTime(b, pid)
		once()
		walls, cpus = append(walls, time.Since(began)), append(cpus, processorTime(b, pid)-used)
	}
	b.ReportMetric(float64(median(walls)), "ns/op")
	b.ReportMetric(float64(median(cpus)), cpuUnit)
}

// measureMemory is measure for a process that has done nothing yet; it reports its memory as well: at its most, which a process
// that makes little garbage at a time reaches late.
func measureMemory(b *testing.B, pid int, once func()) {
	b.Helper()
	idle := memory(b, pid, "VmRSS:")
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		once()
	}
	measure(b, pid, once)
	b.ReportMetric(idle, idleUnit)
	b.ReportMetric(memory(b, pid, "VmHWM:"), peakUnit)
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
