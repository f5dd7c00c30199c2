package session

import (
	"time"
)

// maxUnansweredKeepalives is how many sessions that answered rpcs, but no keepalive, are closed for that. Some servers answer no
// global requests, against RFC 4254 section 4. After that many, only TCP's keepalives watch the device's idle sessions.
const maxUnansweredKeepalives = 2

// keepalive sends keepalives, if the stream has any, while no rpc is in flight, and closes the transport if the device does not answer one. A device that
// works on an rpc may be too busy to answer, so that only the deadline of the rpc counts then. It returns when the transport is
// closed, or at once if there is nothing to send.
func (s *session) keepalive(interval, patience time.Duration) {
	on, ok := s.stream.(pinger)
	if !ok {
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-s.transport.closed:
			return
		case <-ticker.C:
			if s.idle() >= interval {
				s.ping(on, patience)
			}
		}
	}
}

// idle returns for how long no rpc has been in flight.
func (s *session) idle() time.Duration {
	if s.busy.Load() {
		return 0
	}
	return time.Since(time.Unix(0, s.lastUse.Load()))
}

// alive reports whether the device still has its end of the session: anything arrives within patience after a keepalive was sent.
func (s *session) alive(patience time.Duration) bool {
	before := s.transport.traffic.arrived()
	answered := make(chan struct{})
	if on, ok := s.stream.(pinger); ok {
		go func() { // ends with the answer or when the connection is closed
			on.ping()
			close(answered)
		}()
	}
	select {
	case <-answered:
	case <-s.transport.closed:
	case <-time.After(patience):
	}
	return s.transport.cause() == nil && s.transport.traffic.arrived() != before
}

// ping sends one keepalive. It returns when the device has answered in any way, or closes the transport if the session was idle
// for all of patience.
func (s *session) ping(on pinger, patience time.Duration) {
	answered := make(chan struct{})
	go func() { // ends with the answer or when the connection is closed
		on.ping()
		close(answered)
	}()
	for {
		select {
		case <-answered:
			s.keepaliveAnswered = true
			return
		case <-s.transport.closed:
			return
		case <-time.After(patience):
			if s.idle() >= patience {
				s.transport.fail(errKeepaliveTimeout)
				return
			}
		}
	}
}
