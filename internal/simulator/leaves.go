package simulator

import (
	"strconv"
	"time"
)

// leafOf is a leaf of an interface and how its value is written. If nothing is written, the interface does not have the leaf.
type leafOf struct {
	name  string
	write func(b []byte, s *Interface) []byte
}

func writeName(b []byte, s *Interface) []byte        { return append(b, s.Name...) }
func writeDescription(b []byte, s *Interface) []byte { return append(b, s.Description...) }
func writeType(b []byte, s *Interface) []byte        { return append(append(b, "ianaift:"...), s.Type...) }
func writeEnabled(b []byte, s *Interface) []byte {
	return strconv.AppendBool(b, s.AdminStatus == "up")
}

// configuration has the config true leaves of RFC 7223 and RFC 8343.
func configuration() []leafOf {
	return []leafOf{{"name", writeName}, {"description", writeDescription}, {"type", writeType}, {"enabled", writeEnabled}}
}

// operational is an interface of RFC 8343 without its statistics.
func operational() []leafOf {
	return append(configuration(), state()[2:]...)
}

// state is an entry of RFC 7223's interfaces-state without its statistics.
func state() []leafOf {
	return []leafOf{
		{"name", writeName},
		{"type", writeType},
		{"admin-status", func(b []byte, s *Interface) []byte { return append(b, s.AdminStatus...) }},
		{"oper-status", func(b []byte, s *Interface) []byte { return append(b, s.OperStatus...) }},
		{"last-change", func(b []byte, s *Interface) []byte { return appendTime(b, s.LastChange) }},
		{"if-index", func(b []byte, s *Interface) []byte { return strconv.AppendInt(b, int64(s.Index), 10) }},
		{"phys-address", func(b []byte, s *Interface) []byte { return append(b, s.PhysAddress...) }},
		{"speed", func(b []byte, s *Interface) []byte {
			if s.Speed == 0 {
				return b
			}
			return strconv.AppendUint(b, s.Speed, 10)
		}},
	}
}

func statistics() []leafOf {
	counter := func(name string, value func(*Interface) uint64) leafOf {
		return leafOf{name, func(b []byte, s *Interface) []byte { return strconv.AppendUint(b, value(s), 10) }}
	}
	return []leafOf{
		{"discontinuity-time", func(b []byte, s *Interface) []byte { return appendTime(b, s.Discontinuity) }},
		counter("in-octets", func(s *Interface) uint64 { return s.In.Octets }),
		counter("in-unicast-pkts", func(s *Interface) uint64 { return s.In.UnicastPkts }),
		counter("in-broadcast-pkts", func(s *Interface) uint64 { return s.In.BroadcastPkts }),
		counter("in-multicast-pkts", func(s *Interface) uint64 { return s.In.MulticastPkts }),
		counter("in-discards", func(s *Interface) uint64 { return uint64(s.In.Discards) }),
		counter("in-errors", func(s *Interface) uint64 { return uint64(s.In.Errors) }),
		counter("in-unknown-protos", func(s *Interface) uint64 { return uint64(s.InUnknownProtos) }),
		counter("out-octets", func(s *Interface) uint64 { return s.Out.Octets }),
		counter("out-unicast-pkts", func(s *Interface) uint64 { return s.Out.UnicastPkts }),
		counter("out-broadcast-pkts", func(s *Interface) uint64 { return s.Out.BroadcastPkts }),
		counter("out-multicast-pkts", func(s *Interface) uint64 { return s.Out.MulticastPkts }),
		counter("out-discards", func(s *Interface) uint64 { return uint64(s.Out.Discards) }),
		counter("out-errors", func(s *Interface) uint64 { return uint64(s.Out.Errors) }),
	}
}

// appendTime appends a date-and-time of RFC 6991.
func appendTime(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, time.RFC3339Nano) }
