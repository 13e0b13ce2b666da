package judge

// Input is all that a judgement depends on.
type Input struct {
	Guardrails []Guardrail
	// FalseAlarm is the chance that an equally good version is ever failed,
	// over the whole rollout; it is split evenly over Shares tests.
	FalseAlarm float64
	Shares     int
	// PassLevel is the chance that a version as bad as a margin allows passes
	// that guardrail at one step.
	PassLevel float64
	// Next is the weight that a pass would lead to, in (0, 1].
	Next    float64
	Batches []Batch
}

// Judge returns the verdict on the assignment, then one for each guardrail.
// Where the assignment is not as drawn, the others are errors too: nothing can
// be compared.
func Judge(in Input) []Verdict { return nil }
