package task

import (
	"slices"

	"github.com/netconf-exporter/netconf_exporter/internal/events"
)

// Get returns a task as it is now.
func (q *Queue) Get(id string) (Task, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, ok := q.tasks[id]
	if !ok {
		return Task{}, ErrUnknown
	}
	return e.clone(), nil
}

// List returns all tasks, the newest first.
func (q *Queue) List() []Task {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Task, 0, len(q.order))
	for _, e := range slices.Backward(q.order) {
		list = append(list, e.clone())
	}
	return list
}

// Events returns the log of a task: events "task", with the whole task, and "step" and "progress", with one step.
func (q *Queue) Events(id string) (*events.Log, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, ok := q.tasks[id]
	if !ok {
		return nil, ErrUnknown
	}
	return e.log, nil
}

// Confirm says that the host key or certificate that a task waits with is the device's.
func (q *Queue) Confirm(id, fingerprint string) (Task, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, err := q.unfinished(id)
	switch {
	case err != nil:
		return Task{}, err
	case e.confirm == nil:
		return Task{}, ErrNotWaiting
	case e.Fingerprint != fingerprint:
		return Task{}, &OtherKeyError{Shown: e.Shown, Given: fingerprint}
	}
	close(e.confirm)
	if e.Input != nil { // so that another try need not ask again
		confirmed := *e.Input
		if e.IsCertificate() {
			confirmed.Certificate = fingerprint
		} else {
			confirmed.Fingerprint = fingerprint
		}
		e.Input = &confirmed
	}
	e.State, e.Shown, e.ConfirmBy, e.confirm = Running, Shown{}, nil, nil
	return e.clone(), nil
}

// Cancel ends a task. It returns at once; the task is cancelled when what it was doing has been given up.
func (q *Queue) Cancel(id string) (Task, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, err := q.unfinished(id)
	if err != nil {
		return Task{}, err
	}
	e.cancel(errCancel)
	return e.clone(), nil
}

// unfinished returns a task that has not ended. The caller holds mu.
func (q *Queue) unfinished(id string) (*entry, error) {
	e, ok := q.tasks[id]
	switch {
	case !ok:
		return nil, ErrUnknown
	case e.State.Final():
		return nil, ErrFinished
	}
	return e, nil
}
