package protocol

// Kind says what a Cell holds.
type Kind uint8

// The kinds of cell.
const (
	Missing Kind = iota // null, NaN, or absent from this row
	Number              // a finite number; booleans are 0 and 1
	Text                // valid UTF-8
	Invalid             // anything else: the wrong type for its column, an infinity, broken UTF-8
)

// Cell is one value of one observation.
type Cell struct {
	Kind   Kind
	Number float64 // finite; 0 unless Kind is Number
	Text   []byte  // aliases the body or the Batch; nil unless Kind is Text
}

// Column is one feature of a batch. Names are unique within a batch.
type Column struct {
	Name  string
	Cells []Cell // len(Cells) == Batch.Rows
}

// Skip names an input or output that is not a table and was therefore left out.
type Skip struct {
	Name   string
	Reason SkipReason
}

// SkipReason is a stable word for a counter's label.
type SkipReason string

// The reasons for leaving a tensor out.
const (
	SkipRank SkipReason = "rank" // more than two dimensions, e.g. an image
	SkipWide SkipReason = "wide" // a row has more elements than Limits.Columns, e.g. an embedding
)

// Batch is the table that a body was read into. The zero value is ready; a Batch
// that is used again for bodies of the same layout allocates nothing. Keep one for
// requests and one for responses.
type Batch struct {
	Rows    int
	Columns []Column
	Skipped []Skip // at most maxSkips entries, one a name
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() {
	b.Rows = 0
	b.Columns = b.Columns[:0]
	b.Skipped = b.Skipped[:0]
}
