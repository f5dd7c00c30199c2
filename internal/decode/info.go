package decode

import "slices"

// info is the value labels of a sample of an info metric, in the order of Metric.Info.
type info struct {
	values   []string // of the last read; set points into it, so it is not changed
	next     []string // of the read in progress
	set      *LabelSet
	lastRead uint32 // the last read that gave the sample

	of             *entity
	metric, sample int // where the sample is in the families of the read in progress
}

// info returns the value labels of a metric; nil if there are none yet.
func (e *entity) info(metric int) *info {
	for _, known := range e.infos {
		if known.metric == metric {
			return known
		}
	}
	return nil
}

// beginInfo starts to collect the value labels of a sample.
func (c *Cache) beginInfo(e *entity, metric *Metric, index, sample int) {
	known := e.info(index)
	if known == nil {
		known = &info{of: e, metric: index, next: make([]string, len(metric.Info))}
		e.infos = append(e.infos, known)
		c.grow(e, infoSize+int64(len(metric.Info))*valueSize+int64(len(e.keys.Pairs))*16)
	}
	clear(known.next)
	known.sample, known.lastRead = sample, c.readNumber
	c.infos = append(c.infos, known)
}

// labelInfo sets the labels of the samples of info metrics. The label set of the last read is used again if nothing changed.
// After an incomplete read, labels without a value keep their last one.
func (c *Cache) labelInfo(families []Family, incomplete bool) {
	for _, known := range c.infos {
		for i, value := range known.values {
			if known.next[i] == "" && incomplete {
				known.next[i] = value
			}
		}
		if known.set == nil || !slices.Equal(known.next, known.values) {
			for i, value := range known.values {
				if value != known.next[i] {
					c.grow(known.of, -int64(len(value)))
				}
			}
			known.values = slices.Clone(known.next)
			known.set = c.withValues(known.of.keys, families[known.metric].Metric.Info, known.values)
		}
		families[known.metric].Samples[known.sample].Labels = known.set
	}
}

// mergeRepeated handles a sample that comes again: its value labels fill those that are still empty. Without value labels it is
// a duplicate.
func (b *builder) mergeRepeated(m *RowMetric, e *entity) {
	if len(m.Info) == 0 {
		b.duplicates++
		return
	}
	known := e.info(m.Metric)
	if known == nil || known.lastRead != b.cache.readNumber {
		return // the sample was over the limit
	}
	for i, label := range m.Info {
		switch {
		case label < 0 || known.next[i] != "":
		case i < len(known.values) && string(b.labels[label]) == known.values[i]:
			known.next[i] = known.values[i]
		default:
			known.next[i] = string(b.labels[label])
			b.cache.grow(known.of, int64(len(known.next[i])))
		}
	}
}
