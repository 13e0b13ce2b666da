package api

import (
	"time"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

// Report answers GET …/report: a version's window beside its reference, and what this version is and does.
type Report struct {
	monitor.LiveReport
	Serving Serving `json:"serving"`
}

// Serving is where a reported version comes from and what part it has in the traffic.
type Serving struct {
	Role string `json:"role"`
	// Weight is its share of the live traffic in per cent; only arms have one.
	Weight *registry.Weight `json:"weight,omitempty"`
	// Sample is the share of requests that a shadow gets a copy of.
	Sample float64 `json:"sample,omitempty"`
	// Traffic is the desired routing with its generation; null for a model without any.
	Traffic    *registry.Traffic `json:"traffic"`
	Routed     uint64            `json:"routed_generation"` // that this replica routes by; 0 is none
	Lineage    registry.Lineage  `json:"lineage"`
	Profile    string            `json:"profile,omitempty"` // digest of the registered reference
	Registered time.Time         `json:"registered"`
	By         string            `json:"by,omitempty"`
	Endpoints  []Endpoint        `json:"endpoints"`
}
