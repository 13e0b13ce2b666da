// Package peers holds the tests that put Weir in front of model servers and
// behind clients that other people wrote: MLServer with a scikit-learn model,
// mlflow models serve, and Triton's HTTP client; and that have it follow MLflow's
// model registry. Nothing of theirs is changed.
//
// They need the Python environments .cache/venv-mlserver and .cache/venv-mlflow,
// which `make peers` makes from the requirements beside this file, and are skipped
// where those are missing. With WEIR_REQUIRE_PEERS=1 a missing one is a failure.
//
// What was seen of MLServer 1.7.1: it makes up an id where a request has none; it
// answers 422 to the binary extension, which tritonclient uses unless told not to,
// so the extension is tested against testdata/binary_server.py, which speaks it
// with tritonclient's own routines. MLServer and MLflow need environments of their
// own, because they want different versions of FastAPI.
package peers
