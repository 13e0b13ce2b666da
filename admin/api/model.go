package api

import (
	"time"

	"github.com/weir-gateway/weir/registry"
)

// Models answers GET /api/v1/models.
type Models struct {
	Models []Model `json:"models"` // by name
	// Problems are documents of the registry that could not be read; their models keep what was read last.
	Problems []string `json:"problems,omitempty"`
}

// Model is what a gateway knows about one model: what is wanted (the registry), what this replica does, and how it goes.
type Model struct {
	Name string `json:"name"`
	// Configured is false for a model that only the registry knows: this gateway has no route for it.
	Configured bool `json:"configured"`
	// Routed is the generation this replica routes by; 0 is none.
	Routed uint64 `json:"routed_generation"`
	// Traffic is the desired routing; null for a model without any.
	Traffic *registry.Traffic `json:"traffic"`
	// Interim is a rollback that was made while the registry could not be reached: this replica routes by it in place of
	// Traffic, over whose generation it lies, until it is committed.
	Interim  *registry.Traffic `json:"interim,omitempty"`
	Versions []Version         `json:"versions"` // by registration
	// Rollout is the latest one, running or ended; null where there was none.
	Rollout *RolloutSummary `json:"rollout"`
	// RolloutError is why the rollout can't be told, such as a registry that can't be read now.
	RolloutError string `json:"rollout_error,omitempty"`
	// Source is what registers versions by itself; left out where nothing does.
	Source *Source `json:"source,omitempty"`
	// Leader is the gateway that runs rollouts, where several share the registry; absent while nobody does.
	Leader *registry.Replica `json:"leader,omitempty"`
	// Replicas are the gateways that share the registry, by name; absent in a list of models, and where there is one alone.
	Replicas []ReplicaStatus `json:"replicas,omitempty"`
	// ReplicasError is why they can't be told, such as a registry that can't be read now.
	ReplicasError string `json:"replicas_error,omitempty"`
}

// ReplicaStatus is what one gateway routes a model by, as it has told the others.
type ReplicaStatus struct {
	registry.Replica
	Here       bool   `json:"here,omitempty"`    // the one that answers
	Alive      bool   `json:"alive"`             // false: it has not been heard of for the time of a session, and may serve nevertheless
	Configured bool   `json:"configured"`        // it has a route for the model
	Routed     uint64 `json:"routed_generation"` // 0: none
	Behind     bool   `json:"behind,omitempty"`  // alive, and routing by an older generation than the wanted one
}

// The roles a version can have in its model's traffic.
const (
	RoleStable    = "stable"    // serves by default
	RoleCandidate = "candidate" // an arm that is not the stable version
	RoleShadow    = "shadow"    // receives copies
	RoleStandby   = "standby"   // kept connected, so that going back to it is instant
	RoleIdle      = "idle"      // registered only
)

// Version is a registered version with its part in the traffic.
type Version struct {
	Registered registry.Version `json:"registered"`
	Role       string           `json:"role"`
	// Weight is its share of the live traffic in per cent; only arms have one.
	Weight *registry.Weight `json:"weight,omitempty"`
	// Sample is the share of requests that a shadow gets a copy of, in (0, 1].
	Sample    float64         `json:"sample,omitempty"`
	Endpoints []Endpoint      `json:"endpoints"` // as this replica sees them; empty when it is not connected
	Monitor   *MonitorSummary `json:"monitor,omitempty"`
}

// Endpoint is one upstream address with its health as one replica sees it.
type Endpoint struct {
	URL       string    `json:"url"`
	Healthy   bool      `json:"healthy"`
	Since     time.Time `json:"since"` // of the present state
	LastError string    `json:"last_error,omitempty"`
	InFlight  int64     `json:"in_flight"`
}

// MonitorSummary is the short form of a monitor; GET …/monitor gives the whole.
type MonitorSummary struct {
	Observations uint64             `json:"observations"` // rows
	Requests     uint64             `json:"requests"`
	Errors       uint64             `json:"errors"`
	Latency      map[string]float64 `json:"latency_seconds,omitempty"` // by quantile
	Alarms       uint64             `json:"alarms"`                    // so far, over all features
}

// Readiness answers GET /-/ready.
type Readiness struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// Check is one condition of readiness.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Required bool   `json:"required"` // a failing check that is not required is told, but does not take the replica out
	Detail   string `json:"detail,omitempty"`
}

// Reloaded answers POST /-/reload.
type Reloaded struct {
	Took float64 `json:"took_seconds"`
}
