package generate

import (
	"context"
	"errors"
	"fmt"
)

// Source is where the text of YANG modules comes from.
type Source interface {
	// Module returns the text of a module or submodule, of this revision or, if there is none, of the latest. file names the text in
	// messages. The error is ErrNoModule if there is no module of that name.
	Module(ctx context.Context, name, revision string) (text, file string, err error)
	// Changing returns the names of modules that may augment nodes of a module at the paths, or deviate from them.
	Changing(ctx context.Context, module string, paths []string) ([]string, error)
	// ModuleNames returns the names of all modules, for messages; none if they are not known.
	ModuleNames() []string
}

// ErrNoModule says that a source has no module of that name.
var ErrNoModule = errors.New("there is no such YANG module")

// notGiven is the error of a device that has a module and does not return its text: other sources may have it.
type notGiven struct{ why error }

func (e *notGiven) Error() string {
	return fmt.Sprintf("the device does not return it: %v; take the vendor's YANG files, and name their directory with --yang-dir", e.why)
}

// Is makes the error one of ErrNoModule.
func (e *notGiven) Is(target error) bool { return target == ErrNoModule }

// Sources is several sources, the first one first: directories may have what a device imports but does not return.
type Sources []Source

// Module implements Source.
func (s Sources) Module(ctx context.Context, name, revision string) (text, file string, err error) {
	var first error
	for _, source := range s {
		if text, file, err = source.Module(ctx, name, revision); !errors.Is(err, ErrNoModule) {
			return text, file, err
		}
		if first == nil {
			first = err
		}
	}
	return "", "", first
}

// Changing implements Source. Only the first source counts: directories may hold modules that the device does not have.
func (s Sources) Changing(ctx context.Context, module string, paths []string) ([]string, error) {
	return s[0].Changing(ctx, module, paths)
}

// ModuleNames implements Source.
func (s Sources) ModuleNames() []string { return s[0].ModuleNames() }
