//go:build !race

package schedule_test

const randomSchedules = 10_000
