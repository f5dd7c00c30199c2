package simulator

import (
	"math"
	"time"
)

// role is what an interface shows to whoever watches. The first few interfaces of every device have one each, so that even
// a small fleet shows all; of the others chance gives a few a role.
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

// profile is what does not change about an interface.
type profile struct {
	role            role
	hash            uint64
	since           time.Time // when it came into being
	life            life
	speed           uint64  // bits per second
	loadIn, loadOut float64 // of the speed, on average
	packet          uint64  // octets of an average packet
	chatter         float64 // broadcast packets per second
	discards        float64 // per second
	errors          float64 // per second
	phase           float64 // of the waves in its traffic
}

// epoch is when the oldest devices were started: counters of the faster interfaces are then of a size as seen in the field.
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

// work is the time an interface has been up, in seconds, bent by a daily wave and one of ten minutes; its slope stays between
// 0.4 and 1.6, so that what is proportional to it never goes back.
func (p *profile) work(active time.Duration, phase float64) float64 {
	seconds := active.Seconds()
	for _, wave := range [...]struct {
		period time.Duration
		swing  float64
	}{{24 * time.Hour, 0.35}, {10 * time.Minute, 0.25}} {
		turn := 2 * math.Pi / wave.period.Seconds()
		// Reduced to one turn first, which keeps the sine's precision after years.
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

// life is when an interface is up: for up, then not for down, and so on for ever; without a period, always or, once some
// time has passed, never more.
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

// at tells for an age how long the interface has been up in all, whether it is, and at which age that last changed.
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

// dice gives numbers that follow from its value alone.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

// below gives a number from 0 to n-1, fraction one from 0 to 1.
func (d *dice) below(n uint64) uint64 { return d.next() % n }
func (d *dice) fraction() float64     { return float64(d.next()>>11) / (1 << 53) }

// mix is the finalizer of splitmix64: neighbouring numbers come out unlike each other.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
