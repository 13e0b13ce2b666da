package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// maxFile is far above any configuration a person or a generator writes
// (10,000 models in full are 4 MB), and stops a wrong path to a log or a model
// file from being read into memory.
const maxFile = 16 << 20

// Load reads and checks the file at path. An error is an Errors, with every
// fault of the file.
func Load(path string) (*Config, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, Errors{{File: path, Rule: RuleUnreadable, Message: fmt.Sprintf("cannot be read: %v", err)}}
	}
	return Parse(path, data)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// Parse is Load for content that is already in memory. The name stands in the
// errors, and its folder is where relative folders start. An error is an
// Errors, with every fault of the content.
func Parse(name string, data []byte) (*Config, error) {
	d := newDecoder(name)
	c := defaults()
	if body := d.parse(data); body != nil {
		d.decode(body, reflect.ValueOf(c).Elem(), "")
		c.folder = filepath.Dir(name)
		if d.left >= 0 { // what is decoded is whole, and can be judged
			c.derive(d.said)
			(&checker{d}).config(c)
		}
	}
	if len(d.faults) > 0 {
		d.faults.sort()
		return nil, d.faults
	}
	return c, nil
}
