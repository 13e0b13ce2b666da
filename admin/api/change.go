package api

import "github.com/weir-gateway/weir/registry"

// Registration is the body of PUT …/versions/{version}: what a version is, without its name.
type Registration struct {
	// Endpoints are http or https URLs. A path replaces the route's prefix.
	Endpoints []string         `json:"endpoints"`
	Lineage   registry.Lineage `json:"lineage,omitzero"`
	// Profile is the digest that POST /api/v1/profiles gave, or empty.
	Profile string `json:"profile,omitempty"`
}

// Registered answers a registration.
type Registered struct {
	Version registry.Version `json:"version"`
	// Created is false when the very same version was there already.
	Created bool `json:"created"`
	// Configured is false when this gateway has no route for the model.
	Configured bool `json:"configured"`
}

// TrafficUpdate is the body of PUT …/traffic: the whole new content. The generation it replaces goes into If-Match.
type TrafficUpdate struct {
	Stable  string            `json:"stable"`
	Arms    []registry.Arm    `json:"arms"`
	Shadows []registry.Shadow `json:"shadows,omitempty"`
	// Standby is computed where it is absent: what this change takes the traffic from, and what was standby before.
	Standby []string `json:"standby,omitempty"`
	Reason  string   `json:"reason,omitempty"`
}

// RollbackRequest is the body of POST …/rollback.
type RollbackRequest struct {
	// To is the generation whose content to bring back; 0 is the last settled one that differs from now.
	To     uint64 `json:"to,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Wait is how long to wait for all gateways that share the registry to route by it; 0: for this one only.
	Wait Duration `json:"wait,omitempty"`
}

// Changed answers a change of traffic.
type Changed struct {
	Traffic registry.Traffic `json:"traffic"`
	// Routed tells whether this replica routes by it already. When it does not (status 202), Note says why.
	Routed bool   `json:"routed"`
	Note   string `json:"note,omitempty"`
	// Interim tells that the registry could not be reached: this replica alone routes by the content, which has no
	// generation of its own until the registry is back and it is committed.
	Interim bool `json:"interim,omitempty"`
	// Took is the time from the call's arrival until this replica routed by the change, or until it gave up waiting.
	Took float64 `json:"took_seconds"`
	// Everywhere is the time until all gateways that are alive routed by it; absent where that was not waited for, or did
	// not come about (status 202): Note then names those that are behind.
	Everywhere *float64 `json:"everywhere_seconds,omitempty"`
	// Replicas are the gateways that were waited for, and those that are not heard of.
	Replicas []ReplicaStatus `json:"replicas,omitempty"`
}

// History answers GET …/history.
type History struct {
	Model       string             `json:"model"`
	Generations []registry.Traffic `json:"generations"` // newest first
}

// ProfileStored answers POST /api/v1/profiles.
type ProfileStored struct {
	Digest string `json:"digest"` // sha256:…
}

// Diff answers GET …/diff: what changed between two versions.
type Diff struct {
	Model string `json:"model"`
	From  string `json:"from"`
	To    string `json:"to"`
	// Changes are those of the registrations and, where both versions have a profile, one entry of what "profile" for
	// every feature that is described differently, with the feature as the name.
	Changes []registry.Change `json:"changes"`
}
