package decode

import (
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Cache is what a target keeps of a module from one read to the next. It keeps the label pairs of each entity, so that they are
// made only when they change; the last value labels, for reads that are incomplete; and timestamps that were made from ages.
// Only one read at a time may use it.
type Cache struct {
	extra        *dto.LabelPair
	entities     map[string]*entity
	key          []byte
	infos        []*info // those of the read in progress
	sizes        []int   // how many samples the last read gave, by metric
	seenEntities int     // entities that the read in progress has found
	readNumber   uint32  // of the read in progress
	size         int64   // of all entities, in octets
	verdicts     verdicts
	seenSize     int64 // of those that the read in progress has found
}

// NewCache returns an empty Cache for one Program. extra is the label pair that LabelSet.Extra has in addition; it may be nil.
func NewCache(extra *dto.LabelPair) *Cache {
	return &Cache{extra: extra, entities: map[string]*entity{}}
}

// entity is what metrics are about, such as one interface. Its key labels and their values identify it.
type entity struct {
	lastRead uint32   // the last read that found it
	given    []uint64 // one bit for each metric: whether the read in progress has a sample of it
	keys     *LabelSet
	infos    []*info         // of the info metrics that it has
	ages     map[int]float64 // the last timestamps made from ages, by metric; those of start times by ^row
	start    start           // the last start time of its counters
	sums     map[int]sum     // by metric that adds up rows
	size     int64           // in octets, about
}

// start is a start time in two forms.
type start struct {
	unix float64 // seconds
	time *timestamppb.Timestamp
}

// find returns the entity with these key labels. It is created if it is new.
func (c *Cache) find(names []*string, values [][]byte) *entity {
	c.key = c.key[:0]
	for i, name := range names {
		c.key = append(append(append(append(c.key, *name...), 0), values[i]...), 0)
	}
	e, ok := c.entities[string(c.key)]
	if !ok {
		e = &entity{keys: c.labelSet(names, values)}
		c.entities[string(c.key)] = e
		c.grow(e, entitySize+int64(len(names))*labelSize+2*int64(len(c.key)))
	}
	if e.lastRead != c.readNumber {
		e.lastRead = c.readNumber
		c.seenEntities++
		c.seenSize += e.size
		clear(e.given)
	}
	return e
}

// setGiven notes that the entity has a sample of a metric. It returns false if it had one before in this read.
func (e *entity) setGiven(metric int) bool {
	for metric/64 >= len(e.given) {
		e.given = append(e.given, 0)
	}
	bit := uint64(1) << (metric % 64)
	first := e.given[metric/64]&bit == 0
	e.given[metric/64] |= bit
	return first
}

// debounce keeps a timestamp that was made from an age while it moves by less than two seconds: devices round ages.
func (c *Cache) debounce(e *entity, of int, q quantity) float64 {
	if !q.age {
		return q.value
	}
	if old, ok := e.ages[of]; ok && math.Abs(q.value-old) < 2 {
		return old
	}
	if e.ages == nil {
		e.ages = map[int]float64{}
		c.grow(e, mapSize)
	}
	e.ages[of] = q.value
	return q.value
}

// startTime returns the start time for a counter. The same one is returned while it does not change; nil if there is none.
func (c *Cache) startTime(e *entity, of int, q quantity) *timestamppb.Timestamp {
	unix := c.debounce(e, of, q)
	if unix == 0 {
		return nil
	}
	if e.start.time == nil || unix != e.start.unix {
		e.start = start{unix, timestamppb.New(time.UnixMicro(int64(unix * 1e6)))}
	}
	return e.start.time
}

// beginRead starts a read.
func (c *Cache) beginRead() {
	c.readNumber++
	c.seenEntities, c.seenSize = 0, 0
	clear(c.infos) // so that entities that are gone can be freed
	c.infos = c.infos[:0]
}

// Bounds of the entities that a read, because it was incomplete, did not find and that are remembered nevertheless.
const (
	maxMissedReads  = 100     // in a row
	maxMissing      = 10_000  // more than the read found
	maxMissingBytes = 8 << 20 // in octets
)

// dropGone drops the entities that the device no longer has. After an incomplete read they may be in what is missing, unless there
// are so many that the device must be making them up.
func (c *Cache) dropGone(incomplete bool) {
	if c.seenEntities == len(c.entities) {
		return
	}
	if len(c.entities) > 2*c.seenEntities+maxMissing || c.size > 2*c.seenSize+maxMissingBytes {
		incomplete = false
	}
	for key, e := range c.entities {
		if gone := c.readNumber - e.lastRead; gone > 0 && (!incomplete || gone > maxMissedReads) {
			delete(c.entities, key)
			c.size -= e.size
		}
	}
}

// grow notes that an entity takes more octets.
func (c *Cache) grow(e *entity, more int64) {
	e.size += more
	c.size += more
	if e.lastRead == c.readNumber {
		c.seenSize += more
	}
}

// forget drops all that is remembered.
func (c *Cache) forget() { *c = *NewCache(c.extra) }

// samplesSize is how many octets the slices of newSamples have in all.
func (c *Cache) samplesSize() (size int64) {
	for _, n := range c.sizes {
		size += int64(n) * sampleSize
	}
	return size
}

// newSamples returns a slice with room for as many samples of a metric as the last read gave.
func (c *Cache) newSamples(metric int) []Sample {
	if metric >= len(c.sizes) {
		return nil
	}
	return make([]Sample, 0, c.sizes[metric])
}

// keepSizes notes how many samples the read gave, for newSamples.
func (c *Cache) keepSizes(families []Family) {
	c.sizes = c.sizes[:0]
	for _, f := range families {
		c.sizes = append(c.sizes, len(f.Samples))
	}
}
