package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/weir-gateway/weir/bench/peers"
)

// observations are those that Weir's monitors have made so far of the given
// versions; 0 for a process that is not Weir.
func observations(ctx context.Context, p *peers.Process, versions ...string) (sum float64, err error) {
	if p == nil || p.Admin == "" {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, v := range versions {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Admin+"/api/v1/models/"+peers.Model+"/monitor?version="+v, nil)
		if err != nil {
			return 0, err
		}
		r, err := client.Do(q)
		if err != nil {
			return 0, fmt.Errorf("monitor of weir: %w", err)
		}
		var summary struct{ Observations float64 }
		err = json.NewDecoder(r.Body).Decode(&summary)
		_ = r.Body.Close()
		switch {
		case r.StatusCode == http.StatusNotFound: // nothing observed yet
			continue
		case err != nil:
			return 0, fmt.Errorf("monitor of weir: %w", err)
		case r.StatusCode != http.StatusOK:
			return 0, errors.New("monitor of weir: " + r.Status)
		}
		sum += summary.Observations
	}
	return sum, nil
}
