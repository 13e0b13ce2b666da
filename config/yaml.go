package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxNodes bounds what aliases can blow a small file up to.
const maxNodes = 1 << 20

// maxAliases bounds an alias of an alias of …; a circle of them ends here.
const maxAliases = 8

// maxDepth is far above the six levels of a configuration.
const maxDepth = 64

// decoder walks the nodes of one file into the types of this package. The
// library's own decoder was not used: it stops at the first fault, and does not
// say where in the file a value stood, which the checks of meaning need.
type decoder struct {
	file    string
	faults  Errors
	marks   map[string]mark     // by path, of everything that the file says
	broken  map[string]bool     // paths whose value was malformed and is left at its default
	anchors map[string]ast.Node // by name
	left    int                 // nodes that may still be decoded
	merging int                 // depth of merges within merges
}

// mark is where a key and its value stand.
type mark struct{ key, value *token.Position }

func newDecoder(file string) *decoder {
	return &decoder{file: file, marks: map[string]mark{}, broken: map[string]bool{}, anchors: map[string]ast.Node{}, left: maxNodes}
}

// said reports whether the file has something at path, and not a default.
func (d *decoder) said(path string) bool {
	_, ok := d.marks[path]
	return ok
}

func (d *decoder) fail(at *token.Position, rule Rule, path, format string, args ...any) {
	e := Error{File: d.file, Path: path, Rule: rule, Message: fmt.Sprintf(format, args...), Line: 1, Column: 1}
	if at != nil {
		e.Line, e.Column = at.Line, at.Column
	}
	d.faults = append(d.faults, e)
}

// parse returns the file's one mapping, or nil after it noted why there is none.
func (d *decoder) parse(data []byte) ast.Node {
	if len(data) > maxFile {
		d.fail(nil, RuleTooLarge, "", "the file is larger than %s, which no configuration is; is it the right file?", Size(maxFile))
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	if at := tooDeep(tokens); at != nil {
		d.fail(at.Position, RuleTooLarge, "", "nests more than %d levels deep, which no configuration does; is it the right file?", maxDepth)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return nil
	}
	docs := file.Docs
	if len(docs) == 0 || docs[0].Body == nil {
		d.fail(nil, RuleOneDocument, "", "the file is empty; a configuration needs at least models: with one model")
		return nil
	}
	if len(docs) > 1 {
		d.fail(documentStart(docs[1]), RuleOneDocument, "", "a second YAML document begins here; a configuration is one, so remove the --- line or what follows it")
	}
	ast.Walk(visitor(d.anchor), docs[0].Body)
	return docs[0].Body
}

// tooDeep returns the token at which a file nests too deep. The library's
// parser recurses, takes time that grows with the square of the depth (100,000
// open brackets: a minute) and would end the process on a stack that is full.
// Depth by indentation needs no check: the file would have to be huge.
func tooDeep(tokens token.Tokens) *token.Token {
	depth, line, entries := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			entries++ // "- - -" and "!a !b" nest within a line
		}
		if depth > maxDepth || depth == 0 && entries > maxDepth {
			return t
		}
	}
	return nil
}

func documentStart(doc *ast.DocumentNode) *token.Position {
	if doc.Start != nil {
		return doc.Start.Position
	}
	return position(doc.Body)
}

func (d *decoder) syntax(err error) {
	var fault yaml.Error
	if !errors.As(err, &fault) {
		d.fail(nil, RuleSyntax, "", "not valid YAML: %s", firstLine(err.Error()))
		return
	}
	var at *token.Position
	if t := fault.GetToken(); t != nil {
		at = t.Position
	}
	d.fail(at, RuleSyntax, "", "not valid YAML: %s", firstLine(fault.GetMessage()))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

type visitor func(ast.Node)

// Visit implements ast.Visitor.
func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}

// anchor notes what the anchors of the file stand for, so that aliases can be
// followed whether or not the anchor's own place could be decoded.
func (d *decoder) anchor(n ast.Node) {
	a, ok := n.(*ast.AnchorNode)
	if !ok {
		return
	}
	name := a.Name.GetToken().Value
	if _, twice := d.anchors[name]; twice {
		d.fail(position(a), RuleAlias, "", "the anchor &%s is set a second time; give it another name", name)
		return
	}
	d.anchors[name] = a.Value
}

// follow returns the node that n stands for: aliases and anchors are looked
// through. It returns nil after it noted why there is none.
func (d *decoder) follow(n ast.Node, path string) ast.Node {
	for range maxAliases {
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.AliasNode:
			name := v.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.broken[path] = true
				d.fail(position(n), RuleAlias, path, "the alias *%s has no anchor &%s in this file", name, name)
				return nil
			}
			n = target
		case nil:
			return nil
		default:
			return n
		}
	}
	d.broken[path] = true
	d.fail(position(n), RuleAlias, path, "the aliases lead in a circle; write the value out")
	return nil
}

// position is where a reader sees a node begin. For a block mapping the
// library gives the first colon, which is not that.
func position(n ast.Node) *token.Position {
	if n == nil {
		return nil
	}
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return position(m.Values[0].Key)
	}
	if t := n.GetToken(); t != nil {
		return t.Position
	}
	return nil
}
