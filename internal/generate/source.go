package generate

import (
	"context"
	"errors"
)

// Source is where the text of YANG modules comes from.
type Source interface {
	// Module gives the text of a module or submodule: of this revision where it has it, else of the latest. file names the
	// text in messages. The error is ErrNoModule where there is none of that name.
	Module(ctx context.Context, name, revision string) (text, file string, err error)
	// Augmenting names the modules that may add nodes to those of a module that the paths begin at.
	Augmenting(ctx context.Context, module string, paths []string) ([]string, error)
	// ModuleNames are the names of the modules that there are, for messages; none where that is not known.
	ModuleNames() []string
}

// ErrNoModule says that a source has no module of that name.
var ErrNoModule = errors.New("there is no such YANG module")

// Sources asks one source after the other: a directory may have what a device imports and does not give.
type Sources []Source

// Module implements Source.
func (s Sources) Module(ctx context.Context, name, revision string) (text, file string, err error) {
	err = ErrNoModule
	for _, source := range s {
		if text, file, err = source.Module(ctx, name, revision); !errors.Is(err, ErrNoModule) {
			return text, file, err
		}
	}
	return "", "", err
}

// Augmenting implements Source. What augments a module is the first source's affair: a directory beside a device may hold
// models that the device does not have.
func (s Sources) Augmenting(ctx context.Context, module string, paths []string) ([]string, error) {
	return s[0].Augmenting(ctx, module, paths)
}

// ModuleNames implements Source.
func (s Sources) ModuleNames() []string { return s[0].ModuleNames() }
