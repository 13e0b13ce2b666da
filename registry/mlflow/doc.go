// Package mlflow makes MLflow's model registry a source of versions: what is
// registered there is registered here, with its lineage, and nothing else
// happens. It never changes traffic and never removes anything.
//
// A [Source] looks at one registered model at intervals. Each look reads the
// aliases and the newest versions; those that are READY, have endpoints and are
// not here yet are registered with the commit, parameters and data sets of their
// run. A version that is here already is left alone, whatever MLflow says of it
// later: a version never changes. What cannot be registered is reported with the
// reason, and tried again at the next look.
//
// MLflow down, slow, or answering with something else is an error of one look
// and changes nothing. A look is bounded: 10 s and 8 MiB an answer, 200 versions.
//
// MLflow's webhooks are delivered from its memory and lost when it restarts, so
// that they can only be a hint: a [Verifier] tells real ones from others, and
// whoever gets one calls [Source.Nudge] to have the next look at once.
//
// The API is MLflow's under /api/2.0/mlflow; the webhooks are those of MLflow 3.3
// and later. The tests in internal/peers run a real server, of MLflow 3.17.2.
package mlflow
