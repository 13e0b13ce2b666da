package monitor

import "time"

// Bounds and format of profiles.
const (
	profileFormat        = 1
	maxProfileCategories = 512
)

// Profile is a reference: the schema and the distribution of every input and
// output, from training data or from a live window. It is immutable once used.
type Profile struct {
	Format   int              `json:"weir_profile"` // 1
	Source   string           `json:"source"`       // where it came from, for people
	Created  time.Time        `json:"created"`
	Rows     uint64           `json:"rows"`
	Derived  []Derivation     `json:"derived,omitempty"` // columns that features are made of
	Slices   []ProfileSlice   `json:"slices,omitempty"`
	Features []ProfileFeature `json:"features"`
}

// ProfileFeature is one input or output of a Profile.
type ProfileFeature struct {
	Name        string              `json:"name"`
	Role        string              `json:"role"` // input or output
	Kind        string              `json:"kind"` // numeric or categorical
	Count       uint64              `json:"count"`
	Missing     uint64              `json:"missing"`
	Invalid     uint64              `json:"invalid,omitempty"` // values of another type
	Numeric     *NumericProfile     `json:"numeric,omitempty"`
	Categorical *CategoricalProfile `json:"categorical,omitempty"`
}

// NumericProfile is a distribution function known exactly at up to 257 points.
// At[i] values equal Points[i]; Between[i] lie strictly between Points[i] and
// Points[i+1]. They are counted on a uniform sample of Sample values, all of them
// where there were not more.
type NumericProfile struct {
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
	Mean    float64   `json:"mean"`
	StdDev  float64   `json:"stddev"`
	Integer bool      `json:"integer"` // every value is whole
	Sample  uint64    `json:"sample"`
	Points  []float64 `json:"points"`
	At      []uint64  `json:"at"`
	Between []uint64  `json:"between"`
}

// CategoricalProfile counts the 512 most frequent categories; Rest are the values
// in none of them.
type CategoricalProfile struct {
	Categories []CategoryCount `json:"categories"` // most frequent first
	Rest       uint64          `json:"rest,omitempty"`
}

// CategoryCount is one category. Numbers are written in their shortest form.
type CategoryCount struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}
