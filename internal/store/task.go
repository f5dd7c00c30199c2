package store

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// PutTask keeps a task over a restart.
func (s *Store) PutTask(t task.Task) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return s.failed(replace(s.taskFile(t.ID), append(text, '\n')))
}

// RemoveTask forgets a task. One that stays is removed when there are too many at the next start.
func (s *Store) RemoveTask(id string) { _ = os.Remove(s.taskFile(id)) }

func (s *Store) taskFile(id string) string { return filepath.Join(s.tasks(), fileName(id)+".json") }

// Tasks returns the tasks that were kept, the oldest first. A file that is no task is none.
func (s *Store) Tasks() ([]task.Task, error) {
	entries, err := os.ReadDir(s.tasks())
	if err != nil {
		return nil, s.failed(err)
	}
	var tasks []task.Task
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(s.tasks(), entry.Name()))
		var t task.Task
		if err == nil && json.Unmarshal(text, &t) == nil && s.taskFile(t.ID) == filepath.Join(s.tasks(), entry.Name()) {
			tasks = append(tasks, t)
		}
	}
	slices.SortFunc(tasks, func(a, b task.Task) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return tasks, nil
}
