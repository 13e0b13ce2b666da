package config

import (
	"fmt"
	"slices"
)

// maxDims bounds the elements of all embeddings of a model: each is a column of a
// decoded body.
const maxDims = 16384

// derived checks the columns that others are made of.
func (c *checker) derived(path string, m Monitor) {
	for i, name := range m.Text {
		inner := fmt.Sprintf("%s.text[%d]", path, i)
		switch {
		case name == "":
			c.fault(RuleText, inner, "is empty; name an input or output")
		case slices.Contains(m.Text[:i], name):
			c.fault(RuleText, inner, "%q is there twice; keep one", name)
		case m.Embeddings[name] != nil:
			c.fault(RuleText, inner, "%q is one of embeddings too; it can be one of them", name)
		}
	}
	all := 0
	for _, name := range sortedKeys(m.Embeddings) {
		inner := join(path+".embeddings", name)
		e := m.Embeddings[name]
		if !c.said(inner + ".dims") {
			c.fault(RuleEmbedding, inner, "has no dims; say how many numbers each list has")
			continue
		}
		c.count(inner+".dims", e.Dims, 2, maxDims)
		if e.Dims <= maxDims { // else it has been said
			all += e.Dims
		}
		if m.Features[name] != nil {
			c.fault(RuleEmbedding, inner, "has names for its columns in features, and is watched as one; remove it here or there")
		}
	}
	if all > maxDims {
		c.fault(RuleEmbedding, path+".embeddings", "have %d numbers together, at most %d can be watched; leave one out", all, maxDims)
	}
}
