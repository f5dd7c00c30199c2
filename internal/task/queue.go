package task

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/netconf-exporter/netconf_exporter/internal/events"
)

// Options are the limits and callbacks of a Queue. A limit of 0 means the default given here.
type Options struct {
	Workers      int              // tasks that run at a time: 8
	Limit        int              // tasks that have not ended: 1,000
	Keep         int              // tasks that have ended and are still known: 1,000
	Confirmation time.Duration    // how long a task waits for a person: 10 min
	Record       func(Task) error // stores a task, at its start and its end; an error at the start refuses the task; may be nil
	Forget       func(id string)  // called for each task that is dropped; may be nil
	Events       *events.Log      // gets what happens to all tasks, too; may be nil
}

// eventsKept bounds the events of one task: two a step, and the progress of a read of some minutes.
const eventsKept = 512

// Work does the steps of a task. Its error is the task's; ctx ends when the task is cancelled.
type Work func(ctx context.Context, run *Run) error

// Spec says what a task is about.
type Spec struct {
	Kind, Target, Address string
	Device                string   // no two tasks work on the same one at a time; "": the address
	Steps                 []string // in order
	Input                 *Input   // not changed any more; may be nil
}

// Queue holds the tasks. It is safe for concurrent use.
type Queue struct {
	options Options
	workers *semaphore.Weighted // first come, first served
	life    context.Context
	end     context.CancelCauseFunc
	running sync.WaitGroup

	mu     sync.Mutex
	tasks  map[string]*entry
	order  []*entry          // oldest first
	claims map[string]string // identifier of the task that works on a device, by the name of its target and by Spec.Device
}

// entry is a task with what belongs to it. Its fields are under the queue's lock.
type entry struct {
	Task
	device  string
	log     *events.Log
	cancel  context.CancelCauseFunc
	confirm chan struct{} // closed by Confirm; nil unless it waits
}

// New returns a queue with the stored tasks, oldest first. Those that had not ended have failed.
func New(o Options, past []Task) *Queue {
	for field, value := range map[*int]int{&o.Workers: 8, &o.Limit: 1000, &o.Keep: 1000} {
		if *field == 0 {
			*field = value
		}
	}
	if o.Confirmation == 0 {
		o.Confirmation = 10 * time.Minute
	}
	q := &Queue{options: o, workers: semaphore.NewWeighted(int64(o.Workers)), tasks: map[string]*entry{}, claims: map[string]string{}}
	q.life, q.end = context.WithCancelCause(context.Background())
	for _, t := range past {
		e := &entry{Task: t.clone(), log: events.New(eventsKept)}
		if !e.State.Final() {
			e.end(ErrCutOff, time.Now())
			if o.Record != nil {
				_ = o.Record(e.Task) // else it is found cut off again
			}
		}
		e.log.Add("task", e.ID, e.clone())
		q.tasks[e.ID] = e
		q.order = append(q.order, e)
	}
	q.evict()
	return q
}

// Submit queues a task. The errors are ErrFull, ErrClosed, *DuplicateError and those of Options.Record.
func (q *Queue) Submit(spec Spec, work Work) (Task, error) {
	ctx, cancel := context.WithCancelCause(q.life)
	e := &entry{
		Task:   Task{ID: newID(), Kind: spec.Kind, Target: spec.Target, Address: spec.Address, State: Queued, Created: time.Now().UTC(), Input: spec.Input},
		device: cmp.Or(spec.Device, spec.Address), log: events.New(eventsKept), cancel: cancel,
	}
	for _, name := range spec.Steps {
		e.Steps = append(e.Steps, Step{Name: name, State: StepPending})
	}
	if err := q.admit(e); err != nil {
		cancel(err)
		return Task{}, err
	}
	if record := q.options.Record; record != nil {
		if err := record(e.Task); err != nil {
			cancel(err)
			q.refuse(e)
			return Task{}, err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tell(e, "task", e.clone())
	queued := e.clone()
	go q.work(ctx, e, work)
	return queued, nil
}

// admit enters the task, unless there are too many or its device is taken.
func (q *Queue) admit(e *entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.life.Err() != nil {
		return ErrClosed
	}
	unfinished := 0
	for _, other := range q.order {
		if !other.State.Final() {
			unfinished++
		}
	}
	for _, key := range e.keys() {
		if id, taken := q.claims[key]; taken {
			return &DuplicateError{id}
		}
	}
	if unfinished >= q.options.Limit {
		return ErrFull
	}
	for _, key := range e.keys() {
		q.claims[key] = e.ID
	}
	q.tasks[e.ID] = e
	q.order = append(q.order, e)
	q.running.Add(1)
	return nil
}

// refuse takes back what admit did.
func (q *Queue) refuse(e *entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.release(e)
	delete(q.tasks, e.ID)
	q.order = slices.DeleteFunc(q.order, func(other *entry) bool { return other == e })
	q.running.Done()
}

// keys are what the task claims until it ends.
func (e *entry) keys() []string { return []string{"name " + e.Target, "device " + e.device} }

// release gives up the claims of a task. It is called under the lock.
func (q *Queue) release(e *entry) {
	for _, key := range e.keys() {
		if q.claims[key] == e.ID {
			delete(q.claims, key)
		}
	}
}

// work does a task when its turn comes.
func (q *Queue) work(ctx context.Context, e *entry, work Work) {
	defer q.running.Done()
	defer e.cancel(nil)
	run := &Run{queue: q, entry: e}
	err := run.acquire(ctx)
	if err == nil {
		q.mu.Lock()
		now := time.Now().UTC()
		e.State, e.Started = Running, &now
		q.tell(e, "task", e.clone())
		q.mu.Unlock()
		err = work(ctx, run)
		run.release()
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	q.mu.Lock()
	ended := e.clone()
	q.mu.Unlock()
	ended.end(err, time.Now())
	if q.options.Record != nil {
		_ = q.options.Record(ended) // else it is found cut off after a restart, and the target in the storage tells the rest
	}
	q.mu.Lock()
	e.Task, e.confirm = ended, nil
	q.release(e) // under the same lock: whoever sees that the task has ended may begin the next one
	q.tell(e, "task", ended)
	forgotten := q.evict()
	q.mu.Unlock()
	q.forget(forgotten)
}

// end puts the task into the final state that err stands for.
func (t *Task) end(err error, now time.Time) {
	now = now.UTC()
	t.Ended, t.Shown, t.ConfirmBy = &now, Shown{}, nil
	switch {
	case err == nil:
		t.State = Succeeded
	case errors.Is(err, errCancel):
		t.State, t.Error = Cancelled, "the task was cancelled"
	default:
		t.State, t.Error = Failed, err.Error()
	}
	for i := range t.Steps {
		switch step := &t.Steps[i]; step.State {
		case StepPending:
			step.State = StepSkipped
		case StepRunning, StepWaiting:
			step.finish(StepFailed, now)
			step.Error = t.Error
		}
	}
}

// evict drops the oldest of too many tasks that have ended. It is called under the lock.
func (q *Queue) evict() (forgotten []string) {
	ended := 0
	for _, e := range q.order {
		if e.State.Final() {
			ended++
		}
	}
	q.order = slices.DeleteFunc(q.order, func(e *entry) bool {
		if !e.State.Final() || ended <= q.options.Keep {
			return false
		}
		ended--
		delete(q.tasks, e.ID)
		forgotten = append(forgotten, e.ID)
		return true
	})
	return forgotten
}

func (q *Queue) forget(ids []string) {
	for _, id := range ids {
		if q.options.Forget != nil {
			q.options.Forget(id)
		}
	}
}

// tell adds an event to the task's log and to the log of all tasks. It is called under the lock.
func (q *Queue) tell(e *entry, kind string, data any) {
	e.log.Add(kind, e.ID, data)
	if q.options.Events != nil {
		q.options.Events.Add(kind, e.ID, data)
	}
}

// Close ends all tasks and waits until they have, or ctx ends.
func (q *Queue) Close(ctx context.Context) {
	q.mu.Lock()
	q.end(ErrCutOff) // under the lock: none is admitted any more
	q.mu.Unlock()
	done := make(chan struct{})
	go func() {
		q.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func newID() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	return hex.EncodeToString(random[:])
}
