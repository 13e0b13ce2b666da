package lint

import (
	"bytes"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	maxLines    = 500
	maxReadme   = 150
	maxMainFile = 70
)

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for name, p := range packages(t) {
		f := p.files[path.Join(name, "doc.go")]
		if f == nil {
			if !single(p) {
				t.Errorf("%s has no doc.go", name)
			}
			continue
		}
		want := "Package " + f.Name.Name + " "
		if f.Name.Name == "main" {
			want = "Command " + path.Base(name) + " "
		}
		if text := f.Doc.Text(); !strings.HasPrefix(text, want) && !strings.HasPrefix(text, strings.TrimSuffix(want, path.Base(name)+" ")) {
			t.Errorf("%s/doc.go: the package's comment does not begin with %q", name, want)
		}
		for _, d := range f.Decls {
			if _, ok := d.(*ast.FuncDecl); ok {
				t.Errorf("%s: doc.go has the package's comment, not its code", p.at(d.Pos()))
			}
		}
	}
}

// single reports whether a package is one documented file, such as a small
// program of go:generate.
func single(p *pkg) bool {
	documented, files := false, 0
	for name, f := range p.files {
		if !isTest(name) {
			files++
			documented = f.Doc != nil
		}
	}
	return files == 1 && documented
}

func TestFilesCanBeTakenIn(t *testing.T) {
	limits := map[string]int{"README.md": maxReadme, "ARCHITECTURE.md": maxReadme, "cmd/weir/main.go": maxMainFile}
	walk(t, func(file string) {
		limit, special := limits[file]
		if !special {
			if !strings.HasSuffix(file, ".go") {
				return
			}
			limit = maxLines
		}
		if n := bytes.Count(read(t, file), []byte("\n")); n > limit {
			t.Errorf("%s has %d lines, more than %d; does it have one subject?", file, n, limit)
		}
	})
}

// foreign are paths of one person's or one job's machine.
var foreign = regexp.MustCompile(`(^|[\s"'(=:,])/(work|root|home|Users)/[A-Za-z0-9._-]+`)

func TestNothingNamesOnesOwnMachine(t *testing.T) {
	walk(t, func(file string) {
		switch filepath.Ext(file) {
		case ".go", ".md", ".yaml", ".yml", ".json", ".sh", ".txt", ".mod", ".py", "":
		default:
			return
		}
		for i, line := range bytes.Split(read(t, file), []byte("\n")) {
			if found := foreign.Find(line); found != nil {
				t.Errorf("%s:%d: names %s, which nobody else has", file, i+1, bytes.TrimSpace(found))
			}
		}
	})
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
