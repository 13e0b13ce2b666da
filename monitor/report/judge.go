package report

// New begins a report without features, for those that are described elsewhere, such
// as by a live window.
func New(reference, current Source) *Report {
	return &Report{Features: []Feature{}, Quality: newQuality(), Dataset: Dataset{Reference: reference, Current: current}}
}

// Judge adds a feature that has its sides and scores: what is wrong with it, whether
// it has drifted by its default score, and what that makes of the whole.
func (r *Report) Judge(f Feature) {
	f.Note = r.Quality.check(&f)
	d := &r.Dataset
	for _, s := range f.Scores {
		if s.Default && s.Drifted != nil {
			f.Drifted = s.Drifted
			d.Compared++
			if *s.Drifted {
				d.DriftedCount++
			}
		}
	}
	if d.Compared > 0 {
		d.DriftedShare = float64(d.DriftedCount) / float64(d.Compared)
		d.Drifted = d.DriftedShare >= 0.5
	}
	r.Features = append(r.Features, f)
}
