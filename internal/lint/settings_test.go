package lint

import (
	"go/ast"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/config"
)

// idle are settings that nothing reads, with the reason.
var idle = map[string]string{
	"Registry.Dir":    "read through RegistryDir",
	"Forwarded.Trust": "read through Networks",
	"Config.StateDir": "read through StatePath",
}

// TestEverySettingIsRead finds keys of the configuration that are accepted,
// documented and without effect. It goes by the names of fields, so it can be
// fooled; it cannot be forgotten.
func TestEverySettingIsRead(t *testing.T) {
	read := map[string]bool{}
	for _, p := range packages(t) {
		if p.path != "internal/gateway" && p.path != "cmd/weir" {
			continue
		}
		for file, f := range p.files {
			if isTest(file) {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					read[s.Sel.Name] = true
				}
				return true
			})
		}
	}
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(s reflect.Type) {
		switch s.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(s.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		if seen[s] || !strings.HasSuffix(s.PkgPath(), "/config") {
			return
		}
		seen[s] = true
		for f := range s.Fields() {
			name := s.Name() + "." + f.Name
			if f.IsExported() && !read[f.Name] && idle[name] == "" {
				t.Errorf("nothing in internal/gateway or cmd/weir reads config.%s", name)
			}
			visit(f.Type)
		}
	}
	visit(reflect.TypeFor[config.Config]())
}
