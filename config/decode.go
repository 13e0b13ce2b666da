package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/weir-gateway/weir/registry"
)

// decode reads n into v, whose type comes from this package; path is v's place
// in the configuration. Faults are noted and leave v as it was.
func (d *decoder) decode(n ast.Node, v reflect.Value, path string) {
	if n = d.follow(n, path); n == nil || !d.spend(n) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer: // to a model
		v.Set(reflect.New(v.Type().Elem()))
		if part, ok := reflect.TypeAssert[defaulter](v); ok {
			part.setDefaults()
		}
		d.decode(n, v.Elem(), path)
	case reflect.Struct:
		d.decodeStruct(n, v, path)
	case reflect.Map:
		d.decodeMap(n, v, path)
	case reflect.Slice:
		d.decodeSlice(n, v, path)
	default:
		d.decodeScalar(n, v, path)
	}
}

// spend counts a node, so that aliases cannot multiply without end.
func (d *decoder) spend(n ast.Node) bool {
	d.left--
	if d.left == -1 {
		d.fail(position(n), RuleTooLarge, "", "aliases make this file stand for more than %d values; write less of them", maxNodes)
	}
	return d.left >= 0
}

func (d *decoder) decodeStruct(n ast.Node, v reflect.Value, path string) {
	if m, ok := reflect.TypeAssert[*Monitor](v.Addr()); ok && isOff(n) {
		*m = Monitor{Off: true}
		return
	}
	fields := fieldsOf(v.Type())
	for _, p := range d.pairs(n, v.Type(), path) {
		inner := join(path, p.name)
		field, known := fields[p.name]
		if !known {
			d.fail(position(p.key), RuleUnknownKey, inner, "no such key; %s", suggestKey(p.name, v.Type()))
			continue
		}
		d.marks[inner] = mark{position(p.key), position(p.value)}
		d.decode(p.value, v.Field(field), inner)
	}
}

func isOff(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value == "off"
	case *ast.BoolNode:
		return !v.Value
	}
	return false
}

func (d *decoder) decodeMap(n ast.Node, v reflect.Value, path string) {
	out := reflect.MakeMap(v.Type())
	for _, p := range d.pairs(n, v.Type(), path) {
		inner := join(path, p.name)
		d.marks[inner] = mark{position(p.key), position(p.value)}
		element := reflect.New(v.Type().Elem()).Elem()
		d.decode(p.value, element, inner)
		if element.Kind() == reflect.Pointer && element.IsNil() {
			continue // its faults are noted; nobody has to expect a nil model
		}
		out.SetMapIndex(reflect.ValueOf(p.name), element)
	}
	v.Set(out)
}

func (d *decoder) decodeSlice(n ast.Node, v reflect.Value, path string) {
	if _, nothing := n.(*ast.NullNode); nothing {
		return
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		d.malformed(n, RuleType, path, "a list such as ["+example(v.Type().Elem())+"]")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		inner := fmt.Sprintf("%s[%d]", path, i)
		d.marks[inner] = mark{position(item), position(item)}
		if part, ok := reflect.TypeAssert[defaulter](out.Index(i).Addr()); ok {
			part.setDefaults()
		}
		d.decode(item, out.Index(i), inner)
	}
	v.Set(out)
}

func example(element reflect.Type) string {
	if element.Kind() == reflect.Struct {
		return "{…}, {…}"
	}
	return "a, b"
}

func (d *decoder) decodeScalar(n ast.Node, v reflect.Value, path string) {
	if _, nothing := n.(*ast.NullNode); nothing {
		d.broken[path] = true
		d.fail(position(n), RuleNoValue, path, "has no value; give one, or remove the key to have the default")
		return
	}
	text, quoted, ok := scalarText(n)
	if own := asScalar(v); own != nil {
		_, isWeight := own.(*weight)
		rule, wants := own.wants()
		if !ok || (isWeight && quoted) || own.parse(text) != nil {
			d.malformed(n, rule, path, wants)
		}
		return
	}
	wants := ""
	switch v.Kind() {
	case reflect.String:
		if _, is := n.(*ast.StringNode); is {
			v.SetString(text)
			return
		}
		wants = "text (in quotes, where it looks like something else)"
	case reflect.Bool:
		if b, is := n.(*ast.BoolNode); is {
			v.SetBool(b.Value)
			return
		}
		wants = "true or false"
	case reflect.Int:
		if i, err := strconv.ParseInt(text, 10, 64); ok && !quoted && err == nil {
			v.SetInt(i)
			return
		}
		wants = "a whole number"
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if ok && !quoted && err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			v.SetFloat(f)
			return
		}
		wants = "a number"
	default:
		panic("config: no decoding for " + v.Type().String()) // a field of a new type, which any test finds
	}
	d.malformed(n, RuleType, path, wants)
}

// malformed notes that n has not the form that path wants.
func (d *decoder) malformed(n ast.Node, rule Rule, path, wants string) {
	d.broken[path] = true
	d.fail(position(n), rule, path, "wants %s, got %s", wants, describe(n))
}

func asScalar(v reflect.Value) scalar {
	switch p := v.Addr().Interface().(type) {
	case scalar:
		return p
	case *registry.Weight:
		return (*weight)(p)
	}
	return nil
}

// scalarText returns what stands in the file. Numbers are read from it, not
// from the library's value: 0.1 must stay exact, and 1e6 is a number although
// the library takes it for text.
func scalarText(n ast.Node) (text string, quoted, ok bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		kind := v.GetToken().Type
		return v.Value, kind == token.SingleQuoteType || kind == token.DoubleQuoteType, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.GetToken().Value, false, true
	}
	return "", false, false
}

// describe says in words what a reader sees at a node.
func describe(n ast.Node) string {
	switch v := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.NullNode:
		return "nothing"
	case *ast.TagNode:
		return "the tag " + v.GetToken().Value + ", which has no use here"
	case *ast.StringNode:
		return "the text " + strconv.Quote(shorten(v.Value))
	}
	return shorten(n.GetToken().Value)
}

func shorten(s string) string {
	const longest = 40
	if runes := []rune(s); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return s
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }
