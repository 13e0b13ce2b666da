// Package model trains the three versions of the demo's model on real
// flights, at the start of the demo, in about a second:
//
//   - version 1, a logistic regression on departure delay and schedule;
//   - version 2, boosted trees that also know carrier, route and weather;
//   - version 3, version 2 retrained on newer flights by a broken pipeline.
//
// The target, predicted at departure, is "arrives more than 15 minutes late".
//
// # What is wrong with version 3
//
// Its training pipeline reads the recorded departure delay as hours and
// converts it to minutes: everything the model learns from is 60 times too
// large. The model fits that data as well as version 2 fits its own, and its
// offline evaluation, made by the same pipeline, is just as good. Served,
// it gets minutes. To the model 40 minutes look like what 40 seconds were in
// training, so it calls next to no flight late. This is a training-serving
// skew: nothing fails, no error is logged, only the answers are wrong. (A
// model trained on minutes and served hours behaves the same: what counts is
// the factor of 60 between the two.)
//
// # Figures
//
// Trained on January and February, tested on March and April (model_test.go
// holds the bounds):
//
//	version        AUC     predicted late
//	1              .897    20 %
//	2              .905    19 %
//	3 (as served)  .66     under 1 %
//
// Training is deterministic for a seed: the seed chooses which half of the
// rows each tree of the ensemble sees.
package model
