package session

import (
	"crypto/sha256"
	"math/rand/v2"
	"time"
)

// backoff delays the next login to a target after a refused one, so that no account is locked and no authentication server
// overloaded. A change of the secrets ends the delay.
type backoff struct {
	refusals int
	until    time.Time
	refusal  error
	digest   [sha256.Size]byte // of the credentials that were refused
}

// refused records a refusal. The wait doubles from first to most. Up to a fifth is added at random, so that targets that were
// refused at the same time are not retried at the same time.
func (b *backoff) refused(now time.Time, err error, used *credentials, first, most time.Duration) {
	wait := first
	for range b.refusals {
		wait = min(2*wait, most)
	}
	if b.digest != used.digest {
		b.refusals, wait = 0, first
	}
	wait += rand.N(wait/5 + 1)
	*b = backoff{refusals: b.refusals + 1, until: now.Add(wait), refusal: err, digest: used.digest}
}

// check returns an error while a login with these credentials must not be tried.
func (b *backoff) check(now time.Time, with *credentials) error {
	if b.refusals == 0 || b.digest != with.digest || !now.Before(b.until) {
		return nil
	}
	return backoffError(b.until, b.refusal)
}
