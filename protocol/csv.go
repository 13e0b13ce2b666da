package protocol

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
)

// isCSV says whether the body is CSV by its content type.
func isCSV(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "text/csv", "application/csv":
		return true
	}
	return false
}

// readCSV reads a header and a row a line, as pandas.read_csv does on the server:
// what pandas takes for absent is Missing, numbers are numbers, True and False are
// 1 and 0, the rest is text. This path allocates; it is not the hot one.
func readCSV(s settings, b *Batch, body Body) error {
	b.start(s.limits)
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body.Bytes, []byte("\xef\xbb\xbf"))))
	in.ReuseRecord = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return &Error{Truncated, "the body is empty"}
	}
	if err != nil {
		return csvError(err)
	}
	for _, name := range header {
		if _, err := b.add(whole([]byte(name))); err != nil {
			return err
		}
	}
	for row := 0; ; row++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		if err := b.grow(row); err != nil {
			return err
		}
		for c, field := range record {
			b.set(c, row, b.csvCell(field))
		}
	}
}

// csvCell copies what it keeps: field is valid for this record only. Hexadecimal
// and underscores are numbers to Go only, so they are text here.
func (b *Batch) csvCell(field string) Cell {
	if f, err := strconv.ParseFloat(strings.TrimSpace(field), 64); err == nil && !strings.ContainsAny(field, "xX_") {
		return numeric(f)
	} else if errors.Is(err, strconv.ErrRange) {
		return Cell{Kind: Invalid}
	}
	switch field {
	case "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
		"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null": // the defaults of pandas 2
		return Cell{}
	case "True", "TRUE", "true":
		return Cell{Kind: Number, Number: 1}
	case "False", "FALSE", "false":
		return Cell{Kind: Number}
	}
	start := len(b.arena)
	b.arena = append(b.arena, field...)
	return textCell(b.arena[start:len(b.arena):len(b.arena)])
}

func csvError(err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return &Error{Schema, "broken CSV"}
	}
	if errors.Is(err, csv.ErrFieldCount) {
		return &Error{Shape, "line " + itoa(parse.Line) + " has another number of fields than the header"}
	}
	return &Error{Schema, "broken CSV in line " + itoa(parse.Line)}
}
