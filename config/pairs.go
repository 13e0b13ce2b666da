package config

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// pair is one key of a mapping with its value.
type pair struct {
	name  string
	key   ast.Node
	value ast.Node
}

// pairs returns the keys of the mapping n in the order of the file, each once:
// what the mapping says itself, then what it merges in with <<. Nothing (null)
// is an empty mapping, since a key with no value means "with the defaults".
func (d *decoder) pairs(n ast.Node, into reflect.Type, path string) []pair {
	var values []*ast.MappingValueNode
	switch v := n.(type) {
	case *ast.MappingNode:
		values = v.Values
	case *ast.MappingValueNode: // a mapping of one key, in some places of the library
		values = []*ast.MappingValueNode{v}
	case *ast.NullNode:
		return nil
	default:
		d.malformed(n, RuleType, path, wantsMapping(into))
		return nil
	}
	var out []pair
	var merged []ast.Node
	seen := make(map[string]ast.Node, len(values))
	for _, v := range values {
		if v.Key.IsMergeKey() {
			merged = append(merged, v.Value)
			continue
		}
		p := pair{keyName(v.Key), v.Key, v.Value}
		if first, twice := seen[p.name]; twice {
			d.fail(position(p.key), RuleDuplicateKey, join(path, p.name),
				"the key is given twice, first in line %d; keep one", position(first).Line)
			continue
		}
		seen[p.name] = p.key
		out = append(out, p)
	}
	for _, m := range merged {
		for _, p := range d.mergedPairs(m, into, path) {
			if _, own := seen[p.name]; !own {
				seen[p.name] = p.key
				out = append(out, p)
			}
		}
	}
	return out
}

func (d *decoder) mergedPairs(n ast.Node, into reflect.Type, path string) []pair {
	target := d.follow(n, path)
	if target == nil || !d.spend(target) {
		return nil
	}
	d.merging++
	defer func() { d.merging-- }()
	if d.merging > maxAliases {
		d.fail(position(n), RuleAlias, path, "the merges lead in a circle; write the keys out")
		return nil
	}
	if _, ok := target.(*ast.MappingNode); !ok {
		d.fail(position(n), RuleAlias, path, "<< wants the alias of a mapping, got %s", describe(target))
		return nil
	}
	return d.pairs(target, into, path)
}

func keyName(key ast.MapKeyNode) string {
	if s, ok := key.(*ast.StringNode); ok {
		return s.Value
	}
	if k, ok := key.(*ast.MappingKeyNode); ok && k.Value != nil {
		return k.Value.GetToken().Value
	}
	return key.GetToken().Value
}

func wantsMapping(into reflect.Type) string {
	if into == reflect.TypeFor[Monitor]() {
		return "off or a mapping"
	}
	if into.Kind() == reflect.Struct {
		return "a mapping with the keys " + list(keysOf(into))
	}
	return "a mapping of names"
}
