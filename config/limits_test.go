package config

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// limitRows returns docs/limits.md's tables: what stands under "where", without
// its backquotes, and the default.
func limitRows(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| [^|]+ \\| `([^`]+)` \\| ([^|]+) \\| [^|]+ \\|$").FindAllStringSubmatch(string(data), -1) {
		where := regexp.MustCompile("`([^`]+)`").FindStringSubmatch(row[2])
		if where == nil {
			t.Fatalf("this row says not where: %s", row[0])
		}
		rows[strings.TrimSpace(strings.SplitN(row[2], "`", 2)[0])+" "+where[1]] = row[1]
	}
	return rows
}

// isLimit says whether a key bounds something that is held or waited for.
func isLimit(path string) bool {
	if strings.HasSuffix(path, ".max_disagreement") { // of what a version says
		return false
	}
	return strings.HasPrefix(path, "limits.") ||
		regexp.MustCompile(`^models\.NAME\.(upstream|shadow|monitor|queue)?.*(timeout|max_[a-z_]+|queue|workers)$`).MatchString(path)
}

func TestEveryLimitIsInTheTable(t *testing.T) {
	rows := limitRows(t)
	c := defaults()
	m := new(Model)
	m.setDefaults()
	c.Models = map[string]*Model{"NAME": m}
	c.derive(func(string) bool { return false })
	for _, path := range leaves() {
		text, there := rows[" "+path]
		if !there {
			if isLimit(path) {
				t.Errorf("docs/limits.md has no row for %s", path)
			}
			continue
		}
		delete(rows, " "+path)
		if want, _ := defaultOf(c, path); text != want {
			t.Errorf("docs/limits.md gives %s the default %s, the code %s", path, text, want)
		}
	}
	for where, text := range rows {
		name, fixed := strings.CutPrefix(where, "fixed: ")
		if !fixed {
			t.Errorf("docs/limits.md has a row for%s, which is no key", where)
			continue
		}
		if value := constantOf(t, name); value != text {
			t.Errorf("docs/limits.md gives %s as %s, the code has %s", name, text, value)
		}
	}
}

// constantOf returns the value of a constant of ours, named proxy/http1.MaxFields.
func constantOf(t *testing.T, name string) string {
	t.Helper()
	dot := strings.LastIndexByte(name, '.')
	sources, err := filepath.Glob(filepath.Join("..", name[:dot], "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	value := "nothing of that name"
	for _, source := range sources {
		f, err := parser.ParseFile(fset, source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || spec.Names[0].Name != name[dot+1:] {
				return true
			}
			expression := strings.ReplaceAll(types.ExprString(spec.Values[0]), "time.Second", "1000000000")
			v, err := types.Eval(fset, nil, token.NoPos, expression)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			value = constant.ToInt(v.Value).ExactString()
			return false
		})
	}
	return value
}
