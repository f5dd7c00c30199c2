package config

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// maxParsed bounds what a parsed keeps. Files of keys and certificates change seldom.
const maxParsed = 256

// parsed caches parsed files by content, for targets that share them. It is safe for concurrent use.
type parsed[T any] struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]parseResult[T] // by the digest of the contents
}

type parseResult[T any] struct {
	value T
	err   error
}

// of returns the result of parse for the contents, from the cache if it can. Other callers wait: most of them want the same.
func (p *parsed[T]) of(parse func() (T, error), contents ...[]byte) (T, error) {
	digest := sha256.New()
	for _, content := range contents {
		_, _ = digest.Write(binary.BigEndian.AppendUint64(nil, uint64(len(content))))
		_, _ = digest.Write(content)
	}
	id := [sha256.Size]byte(digest.Sum(nil))
	p.mu.Lock()
	defer p.mu.Unlock()
	found, known := p.kept[id]
	if !known {
		if p.kept == nil || len(p.kept) >= maxParsed {
			p.kept = map[[sha256.Size]byte]parseResult[T]{}
		}
		found.value, found.err = parse()
		p.kept[id] = found
	}
	return found.value, found.err
}
