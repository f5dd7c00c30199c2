package decode

// sum is a sample to which several rows add their numbers.
type sum struct {
	read   uint32
	sample int // its index in the family
}

// beginSum notes which sample of this read a metric's numbers are added up in.
func (c *Cache) beginSum(e *entity, metric, sample int) {
	if e.sums == nil {
		e.sums = map[int]sum{}
		c.grow(e, mapSize)
	}
	e.sums[metric] = sum{e.lastRead, sample}
}

// addToSum adds the number of another row, unless the sample was over the limit.
func (e *entity) addToSum(families []Family, metric int, number float64) {
	if s, ok := e.sums[metric]; ok && s.read == e.lastRead {
		families[metric].Samples[s.sample].Value += number
	}
}
