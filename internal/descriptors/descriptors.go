// Package descriptors shares out the file descriptors that the process may have. Sessions with devices leave some of them to clients
// and to files, so that at the limit the sessions that are open go on, and health checks are answered.
package descriptors

import "syscall"

// Spare is how many descriptors sessions leave to others: a quarter, and at most 4096.
func Spare() int { return min(limit()/4, 4096) }

// Taken reports whether a descriptor is one of those that sessions leave to others. The system gives the lowest one that is free.
func Taken(fd uintptr) bool { return int(fd) >= limit()-Spare() }

func limit() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 1 << 20
	}
	return int(min(l.Cur, 1<<30))
}
