package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// Tasks is a page of the tasks, the newest first.
type Tasks struct {
	Total int         `json:"total"`
	Tasks []task.Task `json:"tasks"`
}

// Confirmation says that a host key or certificate is the device's.
type Confirmation struct {
	Fingerprint string `json:"fingerprint" maxLength:"120" doc:"Fingerprint that the task shows."`
}

type Identified struct {
	ID string `path:"id" maxLength:"100" doc:"Identifier of the task."`
}

func (a *API) registerTasks(api huma.API) {
	guarded := func(o huma.Operation) huma.Operation {
		o.Middlewares = huma.Middlewares{a.guarded(api)}
		o.Errors = append(o.Errors, http.StatusForbidden)
		return o
	}
	huma.Register(api, guarded(operation("GET", "/tasks", "The tasks, the newest first", http.StatusUnprocessableEntity)),
		func(_ context.Context, in *struct {
			States []string `query:"state,explode" enum:"queued,running,awaiting_confirmation,succeeded,failed,cancelled" doc:"Only tasks in one of these states."`
			Limit  int      `query:"limit" minimum:"0" maximum:"1000" default:"100"`
			Offset int      `query:"offset" minimum:"0" default:"0"`
		}) (*body[Tasks], error) {
			all := a.Onboarder.Queue.List()
			if len(in.States) > 0 {
				all = slices.DeleteFunc(all, func(t task.Task) bool { return !slices.Contains(in.States, string(t.State)) })
			}
			page := Tasks{Total: len(all), Tasks: all[min(in.Offset, len(all)):]}
			page.Tasks = page.Tasks[:min(in.Limit, len(page.Tasks))]
			return &body[Tasks]{page}, nil
		})
	huma.Register(api, guarded(operation("GET", "/tasks/{id}", "A task with its steps", http.StatusNotFound)),
		func(_ context.Context, in *Identified) (*body[task.Task], error) {
			t, err := a.Onboarder.Queue.Get(in.ID)
			if err != nil {
				return nil, problem(err)
			}
			return &body[task.Task]{t}, nil
		})
	huma.Register(api, guarded(operation("POST", "/tasks/{id}/confirm", "Say that the host key or certificate that a task waits with is the device's",
		http.StatusBadRequest, http.StatusNotFound, http.StatusRequestTimeout, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)),
		func(ctx context.Context, in *struct {
			Identified
			Body Confirmation
		}) (*body[task.Task], error) {
			t, err := a.Onboarder.Confirm(in.ID, in.Body.Fingerprint, a.person(ctx))
			if err != nil {
				return nil, problem(err)
			}
			return &body[task.Task]{t}, nil
		})
	cancel := guarded(operation("DELETE", "/tasks/{id}", "Cancel a task", http.StatusNotFound, http.StatusConflict))
	cancel.DefaultStatus = http.StatusNoContent
	huma.Register(api, cancel, func(ctx context.Context, in *Identified) (*struct{}, error) {
		if _, err := a.Onboarder.Cancel(in.ID, a.person(ctx)); err != nil {
			return nil, problem(err)
		}
		return nil, nil
	})
}
