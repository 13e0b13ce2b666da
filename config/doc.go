// Package config reads Weir's configuration: strict YAML in, a complete,
// checked and read-only *Config out.
//
//	cfg, err := config.Load("weir.yaml")
//	if err != nil {
//		fmt.Fprintln(os.Stderr, err) // one line a fault: file:line:column: what is wrong and how to mend it
//		os.Exit(2)
//	}
//
// Load reads the file, decodes it against the types of this package (an
// unknown key, a key given twice or a value of the wrong type is a fault),
// fills in the defaults and checks every rule. A file either yields a Config
// that needs no further checking, or an Errors with all of its faults, in the
// order of the file. Each fault names its place and its Rule; for each Rule
// testdata has a .bad.yaml and, beside it, the exact text a user sees.
//
// A Config is a leaf: it knows nothing of Weir but the registry's weights and
// names, holds no pointers into the YAML, and must not be changed after loading. It marshals to JSON with the
// same keys as the YAML (the effective configuration, defaults included) and
// back, and Diff says in words what a new one would change.
//
// Folders are kept as written, so that two copies of one file compare equal
// wherever they lie; RegistryDir and StatePath resolve them against the
// folder of the configuration file.
package config
