package task

import (
	"context"
	"slices"
	"time"
)

// Run is a task in the hands of the work that it does. Its methods are called by that work alone, but for Progress.
type Run struct {
	queue *Queue
	entry *entry
	holds bool // a worker's place
}

func (r *Run) acquire(ctx context.Context) error {
	err := r.queue.workers.Acquire(ctx, 1)
	r.holds = err == nil
	return err
}

func (r *Run) release() {
	if r.holds {
		r.holds = false
		r.queue.workers.Release(1)
	}
}

// ID is the task's identifier.
func (r *Run) ID() string { return r.entry.ID }

// Step does one step: do says what it found, or why it failed.
func (r *Run) Step(name string, do func() (detail string, err error)) error {
	r.change(name, "step", func(s *Step, now time.Time) { s.State, s.Start = StepRunning, &now })
	detail, err := do()
	r.change(name, "step", func(s *Step, now time.Time) {
		s.Detail = detail
		if err == nil {
			s.finish(StepSucceeded, now)
			return
		}
		s.finish(StepFailed, now)
		s.Error = err.Error()
	})
	return err
}

// Skip says why a step need not be done.
func (r *Run) Skip(name, why string) {
	r.change(name, "step", func(s *Step, _ time.Time) { s.State, s.Detail = StepSkipped, why })
}

// Progress says how much a step has received so far, in bytes, and how many rows were in it.
func (r *Run) Progress(name string, bytes, rows int64) {
	r.change(name, "progress", func(s *Step, _ time.Time) { s.Bytes, s.Rows = bytes, rows })
}

// Confirm waits within a step until a person confirms what the device showed, and leaves the worker's place to
// another task meanwhile.
func (r *Run) Confirm(ctx context.Context, name string, shown Shown) error {
	q, e := r.queue, r.entry
	confirmed := make(chan struct{})
	q.mu.Lock()
	by := time.Now().UTC().Add(q.options.Confirmation)
	e.State, e.Shown, e.ConfirmBy, e.confirm = AwaitingConfirmation, shown, &by, confirmed
	q.mu.Unlock()
	r.change(name, "step", func(s *Step, _ time.Time) {
		s.State, s.Detail = StepWaiting, "the device shows the "+shown.Text()
	})
	r.tellTask()
	r.release()

	timer := time.NewTimer(q.options.Confirmation)
	defer timer.Stop()
	select {
	case <-confirmed:
	case <-timer.C:
	case <-ctx.Done():
	}
	q.mu.Lock()
	inTime := e.confirm == nil // also if it came at the last moment
	e.Shown, e.ConfirmBy, e.confirm = Shown{}, nil, nil
	q.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !inTime:
		return ErrUnconfirmed
	}
	if err := r.acquire(ctx); err != nil {
		return err
	}
	r.change(name, "step", func(s *Step, _ time.Time) { s.State = StepRunning })
	r.tellTask()
	return nil
}

func (r *Run) tellTask() {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	r.queue.tell(r.entry, "task", r.entry.clone())
}

// StepEvent is what happened to a step of a task.
type StepEvent struct {
	Task   string `json:"task" doc:"Identifier of the task."`
	Target string `json:"target" doc:"Name of the target."`
	Step
}

// change changes a step and adds an event.
func (r *Run) change(name, kind string, change func(*Step, time.Time)) {
	r.queue.mu.Lock()
	defer r.queue.mu.Unlock()
	i := slices.IndexFunc(r.entry.Steps, func(s Step) bool { return s.Name == name })
	if i < 0 {
		return
	}
	change(&r.entry.Steps[i], time.Now().UTC())
	r.queue.tell(r.entry, kind, StepEvent{Task: r.entry.ID, Target: r.entry.Target, Step: r.entry.Steps[i]})
}

func (s *Step) finish(state StepState, now time.Time) {
	s.State = state
	if s.Start != nil {
		s.DurationSeconds = new(now.Sub(*s.Start).Seconds())
	}
}
