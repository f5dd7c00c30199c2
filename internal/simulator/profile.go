package simulator

import (
	"math"
	"time"
)

// role is the behaviour of an interface. The first interfaces of every device have one role each, so that a small fleet has all of
// them. A few of the other interfaces have a random role.
type role int

const (
	rolePlain role = iota
	roleOddDescription
	roleUnknownSpeed
	roleFlapping
	roleAdminDown
	roleDown
	roleLoopback
)

func roleOf(i, interfaces int) role {
	chance := dice(i)
	switch {
	case i <= int(roleDown):
		return role(i)
	case i == interfaces-1:
		return roleLoopback
	}
	switch chance.below(24) {
	case 0:
		return roleFlapping
	case 1:
		return roleAdminDown
	case 2:
		return roleDown
	}
	return rolePlain
}

// profile has the properties of an interface that do not change.
type profile struct {
	role            role
	hash            uint64
	since           time.Time // when it was created
	life            life
	speed           uint64  // bits per second
	loadIn, loadOut float64 // of the speed, on average
	packet          uint64  // octets of an average packet
	chatter         float64 // broadcast packets per second
	discards        float64 // per second
	errors          float64 // per second
	phase           float64 // of the waves in its traffic
}

// epoch is when the oldest devices were started. It gives the counters of fast interfaces the size that real ones have.
var epoch = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)

func (d *Device) profile(i int) profile {
	c := d.fleet.config
	device := dice(mix(mix(c.Seed) + uint64(d.index)))
	chance := dice(mix(uint64(device) + uint64(i)))
	p := profile{hash: chance.next(), role: roleOf(i, c.Interfaces)}
	p.since = epoch.Add(time.Duration(device.below(300*86400)+chance.below(60)) * time.Second)
	p.life = newLife(p.role, &chance)
	p.speed = [...]uint64{1e9, 1e9, 1e9, 10e9, 10e9, 25e9, 100e9}[chance.below(7)]
	p.loadIn, p.loadOut = 0.01+0.5*chance.fraction(), 0.01+0.5*chance.fraction()
	p.packet = 300 + chance.below(900)
	p.chatter = 0.2 + 2*chance.fraction()
	p.phase = 2 * math.Pi * chance.fraction()
	if chance.below(6) == 0 {
		p.errors = 0.05 * chance.fraction()
	}
	if chance.below(6) == 0 {
		p.discards = 5 * chance.fraction()
	}
	if i == 0 {
		p.discards = 600 // its 32 bits wrap each 83 days
	}
	if p.role == roleLoopback {
		p.speed, p.loadIn, p.loadOut = 8e9, 1e-5, 1e-5
	}
	return p
}

// work is the time for which an interface has been up, in seconds, modulated by a wave of a day and one of ten minutes. Its slope is
// between 0.4 and 1.6, so that counters proportional to it never decrease.
func (p *profile) work(active time.Duration, phase float64) float64 {
	seconds := active.Seconds()
	for _, wave := range [...]struct {
		period time.Duration
		swing  float64
	}{{24 * time.Hour, 0.35}, {10 * time.Minute, 0.25}} {
		turn := 2 * math.Pi / wave.period.Seconds()
		// Reduce to one period first: this keeps the sine precise after years.
		seconds += wave.swing / turn * (math.Sin(turn*(active%wave.period).Seconds()+phase) - math.Sin(phase))
	}
	return seconds
}

func (p *profile) physAddress() string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 17)
	b = append(b, "02"...) // locally administered
	for i := range 5 {
		octet := byte(p.hash >> (8 * i))
		b = append(b, ':', digits[octet>>4], digits[octet&15])
	}
	return string(b)
}

// life is when an interface is up: for the time up, then not for the time down, and so on. Either may be forever.
type life struct{ up, down time.Duration }

const forever = time.Duration(math.MaxInt64)

func newLife(r role, chance *dice) life {
	switch r {
	case roleFlapping:
		return life{time.Duration(35+chance.below(25)) * time.Second, time.Duration(10+chance.below(10)) * time.Second}
	case roleAdminDown:
		return life{0, forever}
	case roleDown:
		return life{time.Duration(1+chance.below(20*3600)) * time.Second, forever}
	}
	return life{forever, 0}
}

// at returns how long an interface of that age has been up in all, whether it is up, and the age at its last change.
func (l life) at(age time.Duration) (active time.Duration, up bool, changed time.Duration) {
	var past time.Duration // of the periods gone by
	if l.up != forever && l.down != forever {
		period := l.up + l.down
		past, age = age/period*period, age%period
		active = past / period * l.up
	}
	if age < l.up {
		return active + age, true, past
	}
	return active + l.up, false, past + l.up
}

// dice is a pseudo-random generator. Its numbers depend on its value only.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

// below returns a number from 0 to n-1, fraction one from 0 to 1.
func (d *dice) below(n uint64) uint64 { return d.next() % n }
func (d *dice) fraction() float64     { return float64(d.next()>>11) / (1 << 53) }

// mix is the finalizer of splitmix64: it gives unrelated results for neighbouring numbers.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
