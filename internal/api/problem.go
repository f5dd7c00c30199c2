package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/onboard"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// Status is the HTTP status that an error of adding, changing and removing stands for, and the headers that go with it.
func Status(err error) (status int, headers http.Header) {
	var duplicate *task.DuplicateError
	var taken *inventory.TakenError
	var owned *inventory.OwnedError
	var other *task.OtherKeyError
	var forbidden *onboard.NotAllowedError
	var storage *store.Error
	switch {
	case errors.As(err, &duplicate):
		return http.StatusConflict, http.Header{"Location": {Prefix + "/tasks/" + duplicate.Task}}
	case errors.As(err, &taken), errors.As(err, &owned), errors.As(err, &other), errors.Is(err, task.ErrFinished), errors.Is(err, task.ErrNotWaiting),
		errors.Is(err, onboard.ErrCallsHome):
		return http.StatusConflict, nil
	case errors.Is(err, task.ErrUnknown), errors.Is(err, inventory.ErrUnknown), errors.Is(err, onboard.ErrUnknownTarget):
		return http.StatusNotFound, nil
	case errors.As(err, &forbidden), errors.Is(err, inventory.ErrReadOnly):
		return http.StatusForbidden, nil
	case errors.Is(err, task.ErrFull):
		return http.StatusTooManyRequests, http.Header{"Retry-After": {"10"}}
	case errors.Is(err, task.ErrClosed):
		return http.StatusServiceUnavailable, nil
	case errors.As(err, &storage) && storage.Full:
		return http.StatusInsufficientStorage, nil
	case errors.As(err, &storage):
		return http.StatusServiceUnavailable, nil
	}
	return http.StatusUnprocessableEntity, nil
}

// Sentence is an error as people are shown it: without the places in a file that exists in memory alone.
func Sentence(err error) string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var sentences []string
		for _, e := range joined.Unwrap() {
			sentences = append(sentences, Sentence(e))
		}
		return strings.Join(sentences, "; ")
	}
	if e, ok := err.(*config.Error); ok && e.Position.File == "" {
		return e.Message
	}
	return err.Error()
}

// problem is an error as the API answers it.
func problem(err error) error {
	status, headers := Status(err)
	var e error = huma.NewError(status, Sentence(err))
	if headers != nil {
		e = huma.ErrorWithHeaders(e, headers)
	}
	return e
}

// explain makes one sentence of what the library says of a request that it refuses, and takes out what was sent: it may be a password.
func explain(_ huma.Context, _ string, body any) (any, error) {
	problem, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	var wrong []string
	for _, e := range problem.Errors {
		e.Value = nil
		wrong = append(wrong, e.Location+": "+e.Message)
	}
	switch {
	case problem.Status == http.StatusRequestEntityTooLarge:
		problem.Detail = fmt.Sprintf("the body has more than %d kB; shorten it", mostBody>>10)
	case problem.Status == http.StatusRequestTimeout:
		problem.Detail = "the body did not arrive in time; send the request again"
	case len(wrong) > 0:
		problem.Detail = strings.Join(wrong, "; ") + "; " + Prefix + "/openapi.json says what is expected"
	}
	return problem, nil
}

// writeProblem answers a request that reaches no operation (RFC 9457).
func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(&huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}
