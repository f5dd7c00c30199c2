package generate

import (
	"context"
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed base/*.yang
var baseFiles embed.FS

// base is a Source of the modules that most others import. Some devices return nothing for them.
type base struct{ Source }

// Module implements Source: the modules of the source first.
func (b base) Module(ctx context.Context, name, revision string) (text, file string, err error) {
	if text, file, err = b.Source.Module(ctx, name, revision); err == nil {
		return text, file, nil
	}
	found, globErr := fs.Glob(baseFiles, "base/"+name+"@*.yang")
	if globErr != nil || len(found) == 0 || strings.ContainsAny(name, `*?[\`) {
		return "", "", err
	}
	data, readErr := baseFiles.ReadFile(found[0])
	if readErr != nil {
		return "", "", err
	}
	return string(data), path.Base(found[0]), nil
}
