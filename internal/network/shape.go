package network

import (
	"math"
	"time"
)

// shape is how busy a line is over the day: shares of its peak at evenly spaced hours, from midnight UTC; between them
// the line is straight. A single value is steady traffic.
type shape []float64

const day = 24 * 60 * 60 // seconds

// integral is the area under the shape between two times, in seconds at peak.
func (s shape) integral(from, to time.Time) float64 {
	step := float64(day) / float64(len(s))
	var whole float64
	for i := range s {
		whole += step * (s[i] + s[(i+1)%len(s)]) / 2
	}
	days := (to.Unix() - to.Unix()%day - from.Unix() + from.Unix()%day) / day
	return max(0, float64(days)*whole+s.sinceMidnight(to)-s.sinceMidnight(from))
}

// at is the shape's value at a time.
func (s shape) at(t time.Time) float64 {
	i, within := s.position(t)
	return s[i] + (s[(i+1)%len(s)]-s[i])*within
}

// position tells between which values a time lies, and how far behind the first, from 0 to 1.
func (s shape) position(t time.Time) (i int, within float64) {
	step := float64(day) / float64(len(s))
	i = min(int(secondOfDay(t)/step), len(s)-1)
	return i, secondOfDay(t)/step - float64(i)
}

// sinceMidnight is the area from the last midnight on.
func (s shape) sinceMidnight(t time.Time) (area float64) {
	step := float64(day) / float64(len(s))
	last, within := s.position(t)
	for i := range last {
		area += step * (s[i] + s[(i+1)%len(s)]) / 2
	}
	return area + step*within*(s[last]+s.at(t))/2
}

func secondOfDay(t time.Time) float64 {
	return float64(t.Unix()%day) + float64(t.Nanosecond())/1e9
}

// wave goes up and down between -1 and 1 in its own period. Its seed decides where it begins.
type wave struct {
	period time.Duration
	seed   uint64
}

func (w wave) angle(t time.Time) float64 {
	turn := float64(w.seed%1024) / 1024
	// Reduced to one turn first, which keeps the precision.
	return 2 * math.Pi * (turn + float64(t.UnixNano()%int64(w.period))/float64(w.period))
}

func (w wave) at(t time.Time) float64 { return math.Sin(w.angle(t)) }

// integral is the area under the wave between two times, in seconds.
func (w wave) integral(from, to time.Time) float64 {
	return w.period.Seconds() / (2 * math.Pi) * (math.Cos(w.angle(from)) - math.Cos(w.angle(to)))
}

// seedOf makes a number of a name, so that the same name always behaves alike.
func seedOf(name string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset)
	for _, c := range []byte(name) {
		hash = (hash ^ uint64(c)) * prime
	}
	return hash ^ hash>>29
}
