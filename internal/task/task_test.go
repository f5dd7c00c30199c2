package task_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/events"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

var steps = []string{"connect", "host_key", "login"}

func spec(i int) task.Spec {
	return task.Spec{Kind: "add", Target: fmt.Sprintf("edge%d", i), Address: fmt.Sprintf("192.0.2.1:%d", i+1), Steps: steps}
}

func submit(t *testing.T, q *task.Queue, s task.Spec, work task.Work) task.Task {
	t.Helper()
	submitted, err := q.Submit(s, work)
	if err != nil {
		t.Fatal(err)
	}
	return submitted
}

func get(t *testing.T, q *task.Queue, id string) task.Task {
	t.Helper()
	found, err := q.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// forever works until it is cancelled.
func forever(ctx context.Context, _ *task.Run) error {
	<-ctx.Done()
	return ctx.Err()
}

// told are the events of a task as "type state" or "type step state", in order.
func told(t *testing.T, q *task.Queue, id string) string {
	t.Helper()
	log, err := q.Events(id)
	if err != nil {
		t.Fatal(err)
	}
	all, _, _ := log.After(t.Context(), log.Start())
	var lines []string
	for _, e := range all {
		switch data := e.Data.(type) {
		case task.Task:
			lines = append(lines, fmt.Sprintf("%s %s", e.Type, data.State))
		case task.StepEvent:
			lines = append(lines, fmt.Sprintf("%s %s %s", e.Type, data.Name, data.State))
		}
	}
	return strings.Join(lines, "\n")
}

func TestStepsAreToldAsTheyHappen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := task.New(task.Options{}, nil)
		defer q.Close(t.Context())
		id := submit(t, q, spec(1), func(_ context.Context, run *task.Run) error {
			_ = run.Step("connect", func() (string, error) {
				time.Sleep(2 * time.Second)
				return "192.0.2.1", nil
			})
			run.Skip("host_key", "it is known")
			return run.Step("login", func() (string, error) {
				run.Progress("login", 1000, 10)
				return "", errors.New("login refused; check the password")
			})
		}).ID
		synctest.Wait()
		if running := get(t, q, id); running.State != task.Running || running.Steps[0].State != task.StepRunning || running.Steps[0].DurationSeconds != nil {
			t.Errorf("while it runs: %+v", running)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		ended := get(t, q, id)
		if ended.State != task.Failed || ended.Error != "login refused; check the password" || ended.Ended == nil {
			t.Errorf("%+v", ended)
		}
		connect, key, login := ended.Steps[0], ended.Steps[1], ended.Steps[2]
		if connect.State != task.StepSucceeded || *connect.DurationSeconds != 2 || connect.Detail != "192.0.2.1" ||
			key.State != task.StepSkipped || login.State != task.StepFailed || login.Rows != 10 || login.Bytes != 1000 {
			t.Errorf("%+v", ended.Steps)
		}
		want := "task queued\ntask running\nstep connect running\nstep connect succeeded\nstep host_key skipped\n" +
			"step login running\nprogress login running\nstep login failed\ntask failed"
		if got := told(t, q, id); got != want {
			t.Errorf("told:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestWorkersAndQueueAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := task.New(task.Options{}, nil)
		defer q.Close(t.Context())
		var running, most, done atomic.Int32
		for i := range 1000 {
			submit(t, q, spec(i), func(context.Context, *task.Run) error {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Second)
				running.Add(-1)
				done.Add(1)
				return nil
			})
		}
		if _, err := q.Submit(spec(1000), forever); !errors.Is(err, task.ErrFull) {
			t.Errorf("task 1,001: %v", err)
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if _, err := q.Submit(spec(1000), func(context.Context, *task.Run) error { return nil }); err != nil {
			t.Errorf("a task after some have ended: %v", err)
		}
		time.Sleep(1000 * time.Second)
		synctest.Wait()
		if done.Load() != 1000 || most.Load() != 8 {
			t.Errorf("%d tasks done, %d at a time; want 1000, 8", done.Load(), most.Load())
		}
		if list := q.List(); len(list) != 1000 || list[0].Target != "edge1000" || list[999].Target != "edge1" {
			t.Errorf("%d tasks are known, from %s to %s; want the newest 1,000, newest first", len(list), list[0].Target, list[len(list)-1].Target)
		}
	})
}

func TestTheSameDeviceTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := task.New(task.Options{}, nil)
		defer q.Close(t.Context())
		for range 20 {
			first := submit(t, q, spec(1), forever)
			for _, other := range []task.Spec{
				{Target: "edge1", Address: "192.0.2.9:830"},
				{Target: "edge9", Address: first.Address},
			} {
				var duplicate *task.DuplicateError
				if _, err := q.Submit(other, forever); !errors.As(err, &duplicate) || duplicate.Task != first.ID {
					t.Errorf("%+v: %v", other, err)
				}
			}
			if _, err := q.Cancel(first.ID); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if cancelled := get(t, q, first.ID); cancelled.State != task.Cancelled {
				t.Errorf("%+v", cancelled)
			}
			if _, err := q.Cancel(first.ID); !errors.Is(err, task.ErrFinished) {
				t.Errorf("cancelling it again: %v", err)
			}
		}
	})
}

func TestConfirmation(t *testing.T) {
	confirming := func(ctx context.Context, run *task.Run) error {
		if err := run.Step("host_key", func() (string, error) {
			return "confirmed", run.Confirm(ctx, "host_key", task.Shown{KeyType: "ssh-ed25519", Fingerprint: "SHA256:right"})
		}); err != nil {
			return err
		}
		return run.Step("login", func() (string, error) { return "", nil })
	}
	synctest.Test(t, func(t *testing.T) {
		q := task.New(task.Options{}, nil)
		defer q.Close(t.Context())
		var ids []string
		for i := range 20 { // more than there are workers: one who waits holds back nobody
			ids = append(ids, submit(t, q, spec(i), confirming).ID)
		}
		synctest.Wait()
		for _, id := range ids {
			waiting := get(t, q, id)
			if waiting.State != task.AwaitingConfirmation || waiting.Fingerprint != "SHA256:right" || waiting.KeyType != "ssh-ed25519" ||
				waiting.Steps[1].State != task.StepWaiting || waiting.Steps[2].State != task.StepPending {
				t.Fatalf("%+v", waiting)
			}
			var other *task.OtherKeyError
			if _, err := q.Confirm(id, "SHA256:wrong"); !errors.As(err, &other) {
				t.Errorf("another key: %v", err)
			}
		}
		time.Sleep(9 * time.Minute)
		if _, err := q.Confirm(ids[0], "SHA256:right"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if done := get(t, q, ids[0]); done.State != task.Succeeded || done.Fingerprint != "" {
			t.Errorf("%+v", done)
		}
		if _, err := q.Confirm(ids[0], "SHA256:right"); !errors.Is(err, task.ErrFinished) {
			t.Errorf("confirming again: %v", err)
		}
		if _, err := q.Confirm("nonsense", "SHA256:right"); !errors.Is(err, task.ErrUnknown) {
			t.Errorf("confirming nothing: %v", err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		late := get(t, q, ids[1])
		if late.State != task.Failed || late.Error != task.ErrUnconfirmed.Error() || late.Steps[2].State != task.StepSkipped {
			t.Errorf("%+v", late)
		}
		running := submit(t, q, spec(99), forever)
		synctest.Wait()
		if _, err := q.Confirm(running.ID, "SHA256:right"); !errors.Is(err, task.ErrNotWaiting) {
			t.Errorf("confirming what does not wait: %v", err)
		}
	})
}

func TestTasksCutOffByARestartSaySo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		records := map[string]task.Task{}
		options := task.Options{Keep: 30, Record: func(t task.Task) error {
			mu.Lock()
			defer mu.Unlock()
			records[t.ID] = t
			return nil
		}, Forget: func(id string) {
			mu.Lock()
			defer mu.Unlock()
			delete(records, id)
		}}
		q := task.New(options, nil)
		cut := submit(t, q, spec(0), forever)
		for i := range 40 {
			submit(t, q, spec(i+1), func(context.Context, *task.Run) error { return nil })
			time.Sleep(time.Second)
		}
		mu.Lock()
		if len(records) != 31 {
			t.Errorf("%d records are kept; want 30 and the one at work", len(records))
		}
		var past []task.Task
		for _, record := range records {
			past = append(past, record)
		}
		mu.Unlock()
		q.Close(t.Context())

		next := task.New(options, past)
		defer next.Close(t.Context())
		failed := get(t, next, cut.ID)
		if failed.State != task.Failed || failed.Error != task.ErrCutOff.Error() {
			t.Errorf("%+v", failed)
		}
		submit(t, next, spec(0), func(context.Context, *task.Run) error { return nil }) // its device is free
	})
}

func TestATaskThatCannotBeRecordedIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left on device")
		q := task.New(task.Options{Limit: 1, Record: func(task.Task) error { return full }}, nil)
		for range 20 {
			if _, err := q.Submit(spec(1), forever); !errors.Is(err, full) {
				t.Errorf("%v", err)
			}
		}
		if list := q.List(); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		q.Close(t.Context())
		if _, err := q.Submit(spec(1), forever); !errors.Is(err, task.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestEventsOfAllTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := events.New(100)
		start := all.Start()
		q := task.New(task.Options{Events: all}, nil)
		defer q.Close(t.Context())
		for i := range 5 {
			submit(t, q, spec(i), func(context.Context, *task.Run) error { return nil })
		}
		synctest.Wait()
		if found, _, _ := all.After(t.Context(), start); len(found) != 15 {
			t.Errorf("%d events; want queued, running and succeeded of five tasks", len(found))
		}
		if _, err := q.Events("nonsense"); !errors.Is(err, task.ErrUnknown) {
			t.Error(err)
		}
	})
}
