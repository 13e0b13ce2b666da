package lint

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestPackagesKeepNoState(t *testing.T) {
	for _, p := range packages(t) {
		for _, fault := range stateFaults(p) {
			t.Error(fault)
		}
	}
}

func TestPackagesDoNothingWhenImported(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: an init function; do it where it is needed", p.at(fn.Pos()))
				}
			}
		}
	}
}

// stateFaults finds package-level variables that are more than a name for a
// value: such that something writes to, such that are made to be written to,
// and such that start empty.
func stateFaults(p *pkg) (faults []string) {
	files, objects, info := resolve(p)
	add := func(pos token.Pos, name, format string, args ...any) {
		faults = append(faults, p.at(pos)+": the package variable "+name+" "+fmt.Sprintf(format, args...))
	}
	for _, f := range files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.VAR {
				continue
			}
			for _, s := range decl.Specs {
				spec := s.(*ast.ValueSpec)
				if len(spec.Values) == 0 && !isEmbedded(decl, spec) {
					add(spec.Pos(), spec.Names[0].Name, "starts empty, so something must set it; pass it in")
				}
				if kind := madeToChange(spec); kind != "" {
					add(spec.Pos(), spec.Names[0].Name, "is a %s, which is there to change; make it a field", kind)
				}
			}
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			for _, id := range written(n) {
				if o := info.Uses[id]; o != nil && objects[o] {
					add(id.Pos(), id.Name, "is written to, or its address is taken; make it a field, or a copy")
				}
			}
			return true
		})
	}
	slices.Sort(faults)
	return faults
}

// resolve finds out which identifiers mean which package-level variables of
// the package itself. Imports stay unknown; that is enough for this.
func resolve(p *pkg) (files []*ast.File, objects map[types.Object]bool, info *types.Info) {
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		if !isTest(name) {
			files = append(files, p.files[name])
		}
	}
	info = &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: nothing{}, Error: func(error) {}, IgnoreFuncBodies: false}
	checked, _ := conf.Check(p.path, p.fset, files, info)
	objects = map[types.Object]bool{}
	if checked != nil {
		for _, name := range checked.Scope().Names() {
			if v, ok := checked.Scope().Lookup(name).(*types.Var); ok {
				objects[v] = true
			}
		}
	}
	return files, objects, info
}

// nothing imports nothing.
type nothing struct{}

// Import implements types.Importer.
func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

func isEmbedded(decl *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{decl.Doc, spec.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// madeToChange says what kind of thing with a life of its own a variable is.
func madeToChange(spec *ast.ValueSpec) string {
	for _, e := range append(slices.Clone(spec.Values), spec.Type) {
		switch v := e.(type) {
		case *ast.CallExpr:
			if id, ok := v.Fun.(*ast.Ident); ok && (id.Name == "make" || id.Name == "new") {
				return id.Name + "(…)"
			}
		case *ast.CompositeLit:
			if kind := lock(v.Type); kind != "" {
				return kind
			}
		case *ast.ChanType:
			return "channel"
		case *ast.SelectorExpr:
			if kind := lock(v); kind != "" {
				return kind
			}
		}
	}
	return ""
}

func lock(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if from, ok := s.X.(*ast.Ident); ok && (from.Name == "sync" || from.Name == "atomic") {
			return from.Name + "." + s.Sel.Name
		}
	}
	return ""
}

// written returns the identifiers that a node may write to, at whatever depth
// (x, x.f, x[i]).
func written(n ast.Node) []*ast.Ident {
	var targets []ast.Expr
	switch v := n.(type) {
	case *ast.AssignStmt:
		if v.Tok != token.DEFINE {
			targets = v.Lhs
		}
	case *ast.IncDecStmt:
		targets = []ast.Expr{v.X}
	case *ast.UnaryExpr:
		if v.Op == token.AND {
			targets = []ast.Expr{v.X}
		}
	case *ast.CallExpr:
		if id, ok := v.Fun.(*ast.Ident); ok && len(v.Args) > 0 && (id.Name == "delete" || id.Name == "clear" || id.Name == "copy") {
			targets = v.Args[:1]
		}
	}
	var out []*ast.Ident
	for _, e := range targets {
		if id := base(e); id != nil {
			out = append(out, id)
		}
	}
	return out
}

func base(e ast.Expr) *ast.Ident {
	for {
		switch v := e.(type) {
		case *ast.Ident:
			return v
		case *ast.SelectorExpr:
			e = v.X
		case *ast.IndexExpr:
			e = v.X
		case *ast.SliceExpr:
			e = v.X
		case *ast.ParenExpr:
			e = v.X
		case *ast.StarExpr:
			e = v.X
		default:
			return nil
		}
	}
}
