package session

import (
	"crypto/sha256"
	"math/rand/v2"
	"time"
)

// backoff keeps a target from being logged in to for a while after its login was refused, so that we lock no account
// and flood no authentication server. A change of the secrets ends it.
type backoff struct {
	refusals int
	until    time.Time
	refusal  error
	digest   [sha256.Size]byte // of the credentials that were refused
}

// refused notes a refusal. The wait doubles from first to most, with up to a fifth added by chance, so that targets that
// were refused together do not come back together.
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
