package web

import (
	"encoding/binary"
	"io"
	"iter"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"
)

// writeProtobuf writes each family as one message with its length ahead of it. Families may come in pieces, and a message is its
// pieces one after the other. So that no family has to be in memory as a whole, families are asked for twice: for their lengths
// first.
func writeProtobuf(w io.Writer, _ expfmt.Format, families iter.Seq[*dto.MetricFamily], log encodeLog) {
	var lengths []int
	for piece, follows := range pieces(families) {
		if !follows {
			lengths = append(lengths, 0)
		}
		lengths[len(lengths)-1] += proto.Size(piece)
	}
	buf := make([]byte, 0, textBuffer+4<<10)
	for piece, follows := range pieces(families) {
		if !follows {
			buf = binary.AppendUvarint(buf, uint64(lengths[0]))
			lengths = lengths[1:]
		}
		metrics := piece.Metric
		for first := true; first || len(metrics) > 0; first = false {
			const atOnce = 64
			some := &dto.MetricFamily{Metric: metrics[:min(atOnce, len(metrics))]}
			if metrics = metrics[len(some.Metric):]; first {
				some.Name, some.Help, some.Type, some.Unit = piece.Name, piece.Help, piece.Type, piece.Unit
			}
			var err error
			if buf, err = (proto.MarshalOptions{}).MarshalAppend(buf, some); err == nil && len(buf) >= textBuffer {
				_, err = w.Write(buf)
				buf = buf[:0]
			}
			if err != nil { // what follows would be read with wrong lengths
				log.Println(err)
				return
			}
		}
	}
	if _, err := w.Write(buf); err != nil {
		log.Println(err)
	}
}

// pieces gives what becomes of families in protobuf, and whether each piece follows one of the same family: it has metrics alone
// then. Of families of one name and different types only the first is there.
func pieces(families iter.Seq[*dto.MetricFamily]) iter.Seq2[*dto.MetricFamily, bool] {
	return func(yield func(*dto.MetricFamily, bool) bool) {
		name, kind := "", dto.MetricType(0)
		for family := range families {
			follows := family.GetName() == name
			if len(family.Metric) == 0 || follows && family.GetType() != kind {
				continue
			}
			if name, kind = family.GetName(), family.GetType(); follows {
				family = &dto.MetricFamily{Metric: family.Metric}
			}
			if !yield(family, follows) {
				return
			}
		}
	}
}
