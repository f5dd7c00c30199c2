//go:build race

package schedule_test

// randomSchedules is fewer than without the race detector, which makes each of them ten times slower.
const randomSchedules = 1000
