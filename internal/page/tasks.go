package page

import (
	"net/http"
	"slices"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/onboard"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// tasks is the page of all tasks.
type tasks struct {
	layout
	Groups []taskGroup
}

type taskGroup struct {
	Title, Empty string
	Tasks        []task.Task
	Total        int // some may not be shown
}

// mostTasks is how many tasks of a kind a page shows.
const mostTasks = 200

func (p *pages) serveTasks(w http.ResponseWriter, r *http.Request) {
	v := tasks{layout: p.layout(r, "Tasks"), Groups: []taskGroup{
		{Title: "Waiting for you", Empty: "No task waits for a host key or certificate to be confirmed."}, {Title: "Running", Empty: "No task is running."},
		{Title: "Queued", Empty: "No task is queued."}, {Title: "Done", Empty: "No task has ended yet."},
	}}
	v.Here, v.Events, v.Refresh = "tasks", true, 5
	for _, t := range p.Onboarder.Queue.List() {
		i := slices.Index([]task.State{task.AwaitingConfirmation, task.Running, task.Queued}, t.State)
		if i < 0 {
			i = len(v.Groups) - 1
		}
		g := &v.Groups[i]
		if g.Total++; g.Total <= mostTasks {
			g.Tasks = append(g.Tasks, t)
		}
	}
	p.write(w, http.StatusOK, "tasks", v)
}

// oneTask is the page of a task.
type oneTask struct {
	layout
	task.Task
	Final    bool
	There    bool   // the target is
	Again    string // where to try again with what was typed, relative to the root; "" where that is of no use
	Sentence string
}

func (p *pages) serveTask(w http.ResponseWriter, r *http.Request) {
	t, err := p.Onboarder.Queue.Get(r.PathValue("id"))
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.showTask(w, r, http.StatusOK, t, "")
}

func (p *pages) showTask(w http.ResponseWriter, r *http.Request, status int, t task.Task, sentence string) {
	titles := map[string]string{onboard.Add: "Add ", onboard.Replace: "Change ", onboard.Check: "Check "}
	v := oneTask{layout: p.layout(r, titles[t.Kind]+t.Target), Task: t, Final: t.State.Final(), Sentence: sentence}
	v.Here, v.Events = "task", !v.Final
	if !v.Final && t.State != task.AwaitingConfirmation {
		v.Refresh = 1
	}
	_, v.There = p.Exporter.Target(t.Target)
	if v.Final && t.State != task.Succeeded {
		switch t.Kind {
		case onboard.Add:
			v.Again = "add?again=" + escape(t.ID)
		case onboard.Replace:
			if own, ok := p.Exporter.Config().Target(t.Target); ok && own.Origin == config.OriginAPI {
				v.Again = "targets/" + escape(t.Target) + "/edit?again=" + escape(t.ID)
			}
		}
	}
	p.write(w, status, "task", v)
}

func (p *pages) confirm(w http.ResponseWriter, r *http.Request) {
	p.act(w, r, func(id string) error {
		_, err := p.Onboarder.Confirm(id, r.PostForm.Get("fingerprint"), p.person(r))
		return err
	})
}

func (p *pages) cancel(w http.ResponseWriter, r *http.Request) {
	p.act(w, r, func(id string) error {
		_, err := p.Onboarder.Cancel(id, p.person(r))
		return err
	})
}

// act does something with a task and shows it again.
func (p *pages) act(w http.ResponseWriter, r *http.Request, do func(id string) error) {
	id := r.PathValue("id")
	if err := do(id); err != nil {
		p.refuse(w, r, err)
		return
	}
	see(w, p.layout(r, "").Root+"tasks/"+escape(id))
}
