package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/registry"
)

// leaves returns the keys that hold values, not sections, in the form of the
// documentation.
func leaves() []string {
	var all, out []string
	schema(reflect.TypeFor[Config](), "", func(path string, _ reflect.StructField) { all = append(all, path) })
	for i, path := range all {
		if i+1 == len(all) || !strings.HasPrefix(all[i+1], path+".") && !strings.HasPrefix(all[i+1], path+"[") {
			out = append(out, path)
		}
	}
	return out
}

func TestEveryKeyIsDocumentedWithItsDefault(t *testing.T) {
	data, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // key → default
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(string(data), -1) {
		rows[row[1]] = strings.TrimSpace(row[2])
	}
	c := defaults()
	m := new(Model)
	m.setDefaults()
	c.Models = map[string]*Model{"NAME": m}
	c.derive(func(string) bool { return false })
	for _, path := range leaves() {
		text, documented := rows[path]
		if !documented {
			t.Errorf("docs/configuration.md has no row for %s", path)
			continue
		}
		delete(rows, path)
		if want, fixed := defaultOf(c, path); fixed && text != "`"+want+"`" {
			t.Errorf("docs/configuration.md gives %s the default %s, the code `%s`", path, text, want)
		}
	}
	for path := range rows {
		t.Errorf("docs/configuration.md has a row for %s, which is no key", path)
	}
}

// defaultOf returns the default of a key as documentation writes it; fixed is
// false where there is none, or it depends on other keys.
func defaultOf(c *Config, path string) (text string, fixed bool) {
	v := reflect.ValueOf(*c)
	for part := range strings.SplitSeq(path, ".") {
		name, inList := strings.CutSuffix(part, "[]")
		if part == "NAME" {
			if value := v.MapIndex(reflect.ValueOf(part)); value.IsValid() {
				v = value.Elem()
			} else { // of a map that is empty by default
				v = reflect.New(v.Type().Elem().Elem()).Elem()
			}
			continue
		}
		v = v.Field(fieldsOf(v.Type())[name])
		if inList { // a list's default is given for the list; an element's only where it has one
			v = reflect.New(v.Type().Elem()).Elem()
			if part, ok := reflect.TypeAssert[defaulter](v.Addr()); ok {
				part.setDefaults()
			}
		}
	}
	dependent := strings.HasSuffix(path, ".prefix") || strings.HasSuffix(path, "health.path")
	dependent = dependent || strings.HasSuffix(path, "embeddings.NAME.dims") // must be given
	dependent = dependent || strings.HasSuffix(path, "mlflow.poll")          // only where there is a source
	if _, isWeight := reflect.TypeAssert[registry.Weight](v); isWeight || dependent || strings.Contains(path, "guardrails") {
		return "", false
	}
	text = flow(v)
	return text, text != ""
}

func TestTheFullExampleHasEveryKey(t *testing.T) {
	data, err := os.ReadFile("testdata/full.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d := newDecoder("full.good.yaml")
	d.decode(d.parse(data), reflect.ValueOf(defaults()).Elem(), "")
	said := map[string]bool{}
	for path := range d.marks {
		path = strings.Replace(path, "models.iris.v1_a-b", "models.NAME", 1)
		said[regexp.MustCompile(`\[\d+\]`).ReplaceAllString(path, "[]")] = true
	}
	// Of another kind of registry, see consul.good.yaml, or of which only one can be given.
	other := map[string]bool{
		"registry.address": true, "registry.prefix": true, "registry.token_env": true, "registry.token_file": true,
		"registry.tls.ca": true, "registry.tls.cert": true, "registry.tls.key": true, "registry.tls.server_name": true,
		"discovery.consul.token_file": true, "models.NAME.assign.header": true, "models.NAME.assign.cookie": true,
	}
	for _, path := range leaves() {
		if !said[path] && !other[path] {
			t.Errorf("testdata/full.good.yaml does not give %s", path)
		}
	}
}

func TestEveryNumberHasARangeOrARule(t *testing.T) {
	data, err := os.ReadFile("testdata/range.bad.txt")
	if err != nil {
		t.Fatal(err)
	}
	// Held by rules of their own.
	other := map[string]bool{
		"models.NAME.rollout.steps[].weight": true, "models.NAME.rollout.guardrails[].quantile": true, "models.NAME.rollout.guardrails[].margin": true,
		"models.NAME.rollout.shadow.max_disagreement": true,
	}
	schema(reflect.TypeFor[Config](), "", func(path string, f reflect.StructField) {
		switch f.Type.Kind() {
		case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64:
		default:
			return
		}
		place := strings.NewReplacer("NAME", "flights", "[]", "[0]").Replace(path)
		if !other[path] && !strings.Contains(string(data), " "+place+": ") {
			t.Errorf("testdata/range.bad.yaml does not show the range of %s", path)
		}
	})
}
