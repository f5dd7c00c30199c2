package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/netconf-exporter/netconf_exporter/internal/events"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// Reset tells a listener that it has missed events.
type Reset struct {
	Message string `json:"message"`
}

const (
	heartbeat  = 15 * time.Second      // between signs of life of a stream in which nothing happens
	together   = 50 * time.Millisecond // events within this time are sent together
	writeLimit = 10 * time.Second      // a listener that takes nothing for so long is cut off, and may come back
	lostEvents = "events before this one are kept no more, or the exporter was restarted; read the state anew"
)

// Listening is where a listener left off.
type Listening struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"100" doc:"Identifier of the last event that was received; the stream continues after it."`
}

func (a *API) registerEvents(api huma.API) {
	streaming := func(path, summary string, guarded bool, errors []int, types map[string]any) huma.Operation {
		o := operation("GET", path, summary, append(errors, http.StatusServiceUnavailable)...)
		o.Responses = map[string]*huma.Response{"200": streamed(api, types)}
		if guarded {
			o.Middlewares = huma.Middlewares{a.guarded(api)}
			o.Errors = append(o.Errors, http.StatusForbidden)
		}
		return o
	}
	ofTask := map[string]any{"task": task.Task{}, "step": task.StepEvent{}, "progress": task.StepEvent{}}
	one := streaming("/tasks/{id}/events", "What happens to a task, from its beginning on", true, []int{http.StatusNotFound}, ofTask)
	one.Responses["204"] = &huma.Response{Description: "The task has ended, and the listener has heard all of it."}
	huma.Register(api, one, func(_ context.Context, in *struct {
		Identified
		Listening
	}) (*huma.StreamResponse, error) {
		log, err := a.Onboarder.Queue.Events(in.ID)
		if err != nil {
			return nil, problem(err)
		}
		place := in.place(log.Start())
		if t, err := a.Onboarder.Queue.Get(in.ID); err == nil && t.State.Final() && place == log.End() {
			return &huma.StreamResponse{Body: func(ctx huma.Context) { ctx.SetStatus(http.StatusNoContent) }}, nil
		}
		last := func(e events.Event) bool { t, ok := e.Data.(task.Task); return ok && t.State.Final() }
		return a.stream(log, place, nil, last), nil
	})
	huma.Register(api, streaming("/targets/{name}/events", "The result of each read of a target", false, []int{http.StatusNotFound}, map[string]any{"read": observe.Read{}}),
		func(_ context.Context, in *struct {
			Named
			Listening
		}) (*huma.StreamResponse, error) {
			if _, err := a.target(in.Name); err != nil {
				return nil, err
			}
			return a.stream(a.Events, in.place(a.Events.End()), func(e events.Event) bool { return e.Type == "read" && e.Subject == in.Name }, nil), nil
		})
	all := map[string]any{"read": observe.Read{}, "task": task.Task{}, "step": task.StepEvent{}, "progress": task.StepEvent{}}
	everything := streaming("/events", "The result of each read of all targets and, for those who may see tasks, what happens to all of these", false, nil, all)
	everything.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(ctx)
		next(huma.WithValue(ctx, requestKey{}, r))
	}}
	huma.Register(api, everything, func(ctx context.Context, in *Listening) (*huma.StreamResponse, error) {
		r, _ := ctx.Value(requestKey{}).(*http.Request)
		tasks := r != nil && a.Guard.Check(r) == nil
		return a.stream(a.Events, in.place(a.Events.End()), func(e events.Event) bool { return tasks || e.Type == "read" }, nil), nil
	})
}

// place is where the listener left off, or otherwise if it comes for the first time. What is no identifier is older than all.
func (l Listening) place(otherwise int64) int64 {
	if l.LastEventID == "" {
		return otherwise
	}
	id, err := strconv.ParseInt(l.LastEventID, 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// streamed describes a stream of events in the OpenAPI document.
func streamed(api huma.API, types map[string]any) *huma.Response {
	registry := api.OpenAPI().Components.Schemas
	var kinds []*huma.Schema
	for _, name := range []string{"task", "step", "progress", "read", "reset"} {
		data, ok := types[name]
		if name == "reset" {
			data, ok = Reset{}, true
		}
		if !ok {
			continue
		}
		kinds = append(kinds, &huma.Schema{
			Type: huma.TypeObject, Title: "Event " + name, Required: []string{"id", "event", "data"},
			Properties: map[string]*huma.Schema{
				"id":    {Type: huma.TypeInteger},
				"event": {Type: huma.TypeString, Enum: []any{name}},
				"data":  registry.Schema(reflect.TypeOf(data), true, name),
			},
		})
	}
	return &huma.Response{
		Description: "Server-sent events (HTML standard, section 9.2); data is JSON.",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{
			Type: huma.TypeString, Description: "A sequence of the events listed under x-events.", Extensions: map[string]any{"x-events": kinds},
		}}},
	}
}

// stream sends the events of a log that follow a place and are wanted, until the listener leaves or the last one was sent.
func (a *API) stream(log *events.Log, place int64, wanted, last func(events.Event) bool) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		select {
		case a.streams <- struct{}{}:
			defer func() { <-a.streams }()
		default:
			w.Header().Set("Retry-After", "10")
			writeProblem(w, http.StatusServiceUnavailable, "as many listeners as are allowed are connected; try again later")
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no") // of proxies
		if r.Method == http.MethodHead {
			return
		}
		s := &sender{w: w, control: http.NewResponseController(w)}
		s.write(": the stream begins\n\n")
		for ended := false; !ended && s.err == nil && r.Context().Err() == nil; {
			waiting, cancel := context.WithTimeout(r.Context(), heartbeat)
			found, next, missed := log.After(waiting, place)
			cancel()
			if missed {
				s.event(events.Event{ID: next - int64(len(found)), Type: "reset", JSON: func() ([]byte, error) { return json.Marshal(Reset{lostEvents}) }})
			}
			sent := false
			for _, e := range found {
				if wanted == nil || wanted(e) {
					s.event(e)
					sent = true
				}
				ended = ended || last != nil && last(e)
			}
			if len(found) == 0 && !missed {
				s.write(": nothing new\n\n")
			} else if sent || missed {
				s.flush()
			}
			place = next
			if !ended {
				pause(r.Context(), together)
			}
		}
	}}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// sender writes a stream. Its first error ends it.
type sender struct {
	w       io.Writer
	control *http.ResponseController
	err     error
}

func (s *sender) event(e events.Event) {
	text, err := e.JSON()
	if err != nil {
		s.err = err
		return
	}
	s.print("id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Type, text)
}

// write sends text at once.
func (s *sender) write(text string) {
	s.print("%s", text)
	s.flush()
}

func (s *sender) print(format string, args ...any) {
	if s.err == nil {
		_ = s.control.SetWriteDeadline(time.Now().Add(writeLimit)) // without it, the connection's own end has to do
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

func (s *sender) flush() {
	if s.err == nil {
		s.err = s.control.Flush()
		_ = s.control.SetWriteDeadline(time.Time{}) // between two events there is none: with HTTP/2 it would end the stream
	}
}
