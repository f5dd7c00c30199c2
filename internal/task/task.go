// Package task runs work in the background, step by step, for people who watch it: a bounded queue, a bounded number of
// workers, and a state for each task and step. It does no I/O: what the steps do, and where tasks are recorded, is handed in.
package task

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// State is where a task is.
type State string

// The states of a task. The last three are final.
const (
	Queued               State = "queued"
	Running              State = "running"
	AwaitingConfirmation State = "awaiting_confirmation" // of a host key or certificate, by a person
	Succeeded            State = "succeeded"
	Failed               State = "failed"
	Cancelled            State = "cancelled"
)

// Final reports whether a task stays in the state.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// StepState is where a step is.
type StepState string

// The states of a step.
const (
	StepPending   StepState = "pending"
	StepRunning   StepState = "running"
	StepWaiting   StepState = "waiting" // for a person
	StepSucceeded StepState = "succeeded"
	StepFailed    StepState = "failed"
	StepSkipped   StepState = "skipped"
)

// Step is one part of a task.
type Step struct {
	Name            string     `json:"name" doc:"What the step does."`
	State           StepState  `json:"state" enum:"pending,running,waiting,succeeded,failed,skipped"`
	Start           *time.Time `json:"start,omitempty" doc:"When it began; absent before that."`
	DurationSeconds *float64   `json:"duration_seconds,omitempty" doc:"How long it took; absent until it ended."`
	Detail          string     `json:"detail,omitempty" doc:"What was found."`
	Error           string     `json:"error,omitempty" doc:"What went wrong and what to do about it."`
	Bytes           int64      `json:"bytes,omitempty" doc:"Bytes received so far."`
	Rows            int64      `json:"rows,omitempty" doc:"Rows decoded so far."`
}

// Task is a task as it was at one moment.
type Task struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind" enum:"add,replace,check"`
	Target  string     `json:"target" doc:"Name of the target."`
	Address string     `json:"address" doc:"What is dialled."`
	State   State      `json:"state" enum:"queued,running,awaiting_confirmation,succeeded,failed,cancelled"`
	Created time.Time  `json:"created"`
	Started *time.Time `json:"started,omitempty"`
	Ended   *time.Time `json:"ended,omitempty"`
	Shown
	ConfirmBy *time.Time `json:"confirm_by,omitempty" doc:"When the task gives up waiting."`
	Error     string     `json:"error,omitempty" doc:"What went wrong and what to do about it."`
	Input     *Input     `json:"input,omitempty" doc:"What was asked for, without the password."`
	Steps     []Step     `json:"steps"`
}

// Shown is the host key or certificate that the device showed, while it waits to be confirmed.
type Shown struct {
	Fingerprint string `json:"fingerprint,omitempty" doc:"Of the host key or certificate that the device showed, while it waits to be confirmed."`
	KeyType     string `json:"key_type,omitempty" doc:"Kind of that host key, such as ssh-ed25519; or certificate."`
	About       string `json:"about,omitempty" doc:"What the certificate says: of whom and by whom it is, until when, and for which names."`
	Why         string `json:"why,omitempty" doc:"Why the certificate is not trusted unless somebody confirms it."`
}

// IsCertificate tells a certificate from a host key.
func (s Shown) IsCertificate() bool { return s.About != "" }

// Text is what was shown, for people.
func (s Shown) Text() string {
	if s.IsCertificate() {
		return fmt.Sprintf("certificate %s (%s)", s.Fingerprint, s.About)
	}
	return fmt.Sprintf("%s host key %s", s.KeyType, s.Fingerprint)
}

// Input is what somebody asked for, for another try. It has no secret.
type Input struct {
	Address     string            `json:"address"`
	Auth        string            `json:"auth,omitempty"`
	Username    string            `json:"username,omitempty"`
	Modules     []string          `json:"modules,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Transport   string            `json:"transport,omitempty"`
	ProxyJump   string            `json:"proxy_jump,omitempty"`
	CallHome    bool              `json:"call_home,omitempty"`
	Fingerprint string            `json:"host_key_fingerprint,omitempty"`
	Certificate string            `json:"certificate_fingerprint,omitempty"`
}

// clone returns a copy that shares nothing that changes.
func (t *Task) clone() Task {
	c := *t
	c.Steps = slices.Clone(t.Steps)
	return c
}

// What Queue's methods return; the texts say what to do.
var (
	ErrUnknown     = errors.New("no task has that identifier; GET /api/v1/tasks lists those that are known")
	ErrFinished    = errors.New("the task has ended already")
	ErrNotWaiting  = errors.New("the task does not wait for a host key or certificate to be confirmed")
	ErrFull        = errors.New("as many tasks as are allowed are waiting or running; try again when some have ended")
	ErrClosed      = errors.New("the exporter is stopping; try again when it runs")
	ErrUnconfirmed = errors.New("nobody confirmed the host key or certificate in time; try again, and confirm the fingerprint when it matches " +
		"what the device's console shows")
	ErrCutOff = errors.New("the task was cut off by a restart of the exporter; try again")
	errCancel = errors.New("cancelled")
)

// OtherKeyError refuses the confirmation of a key that is not the one shown.
type OtherKeyError struct {
	Shown Shown
	Given string
}

func (e *OtherKeyError) Error() string {
	return fmt.Sprintf("the device showed the %s, not %s; compare it with the device's console, and confirm the one shown if it is right", e.Shown.Text(), e.Given)
}

// DuplicateError says that another task works on the same device.
type DuplicateError struct{ Task string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("task %s is at work on the same device; wait until it has ended, or cancel it", e.Task)
}
