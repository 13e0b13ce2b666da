package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"weir": func() { os.Exit(run()) },
	})
}

// TestScripts runs testdata/script: what a person types, and what comes back.
func TestScripts(t *testing.T) {
	tables, err := filepath.Abs("../../monitor/tabular/testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        exits,
			"certificates": certificates,
			"listens":      listens,
			"expand":       expand,
			"tokens":       tokens,
			"model":        modelServer,
			"ready":        ready,
			"infer":        infer,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("WEIR_ACTOR", "tester")
			e.Setenv("TZ", "UTC")
			e.Setenv("TABLES", tables)
			return freePorts(e)
		},
	})
}

// exits runs a command that must end with the code given first: exits 2 weir split flights.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got := strconv.Itoa(code); got != args[0] {
		ts.Fatalf("%v: exit code %s, want %s", args[1:], got, args[0])
	}
}
