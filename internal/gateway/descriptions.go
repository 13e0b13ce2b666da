package gateway

import "github.com/prometheus/client_golang/prometheus"

// The metrics, as docs/metrics.md lists them. Names, units and labels are part of
// Weir's contract with dashboards.
var (
	requestsTotal       = describe("weir_requests_total", "Requests answered, by the status that the client saw; 499: the client left first.", "model", "version", "code")
	requestDuration     = describe("weir_request_duration_seconds", "From the end of a request's head to the last byte of its answer.", "model", "version")
	overheadSeconds     = describe("weir_overhead_seconds", "The part of a request's duration that was spent in Weir itself.", "model")
	inflightRequests    = describe("weir_inflight_requests", "Requests and copies that a version has not answered yet.", "model", "version")
	upstreamHealthy     = describe("weir_upstream_healthy", "1 while an endpoint passes its health checks, else 0; of a name, while any of its addresses does. Standby versions are checked too.", "model", "version", "endpoint")
	upstreamLimited     = describe("weir_upstream_limited_total", "Requests turned away because every endpoint had as many as it may: queue_full (429) or queue_timeout (503).", "model", "version", "reason")
	upstreamRetries     = describe("weir_upstream_retries_total", "Requests that were sent again: of an idempotent model whose endpoint died, or where an endpoint closed a new connection that had taken nothing yet. sent, or over_budget and not sent.", "model", "version", "outcome")
	upstreamHedges      = describe("weir_upstream_hedges_total", "Requests whose endpoint was silent for hedge.after, by what became of the second one: won, lost (the first answered, or nobody did), failed, or there was none: over_budget, no_endpoint.", "model", "version", "outcome")
	upstreamEjections   = describe("weir_upstream_ejections_total", "Times that an endpoint was left out for its failures.", "model", "version")
	shadowRequests      = describe("weir_shadow_requests_total", "Copies to a shadow: answered, failed, timeout, or dropped for the reason named. With shadow.noise_sample also those to the version that answered, under its own name.", "model", "version", "outcome")
	shadowNoise         = describe("weir_shadow_noise_ratio", "Share of compared rows in which a version's second answer to a request copied to the shadow differs from its first. Only with shadow.noise_sample.", "model", "version")
	shadowExcess        = describe("weir_shadow_excess_low", "Lower bound of a shadow's disagreement less the noise, at the level 0.05 for all time. Only with shadow.noise_sample.", "model", "version")
	shadowDisagreement  = describe("weir_shadow_disagreement_ratio", "Share of compared rows in which a shadow's answer differs from the primary's.", "model", "version")
	observationsDropped = describe("weir_observations_dropped_total", "Exchanges that a monitor did not see, by reason.", "model", "reason")
	monitorSeconds      = describe("weir_monitor_seconds_total", "Wall time that a monitor's workers spent on exchanges, decoding included.", "model")
	monitorObservations = describe("weir_monitor_observations_total", "Rows that a monitor observed.", "model")
	monitorLeftOut      = describe("weir_monitor_left_out_total", "Exchanges that a monitor did not observe because monitor.sample leaves them out.", "model")
	monitorQueueLength  = describe("weir_monitor_queue_length", "Exchanges that wait to be observed.", "model")
	monitorQueueBytes   = describe("weir_monitor_queue_bytes", "Bytes of their bodies.", "model")
	monitorMemory       = describe("weir_monitor_memory_bytes", "What a monitor's summaries, detectors and references can hold at most; monitor.max_memory bounds it.", "model")
	fairnessGap         = describe("weir_fairness_gap", "Largest difference between the positive rates of two slices of a field, since the version was first seen.", "model", "version", "field")
	featureMissing      = describe("weir_feature_missing_ratio", "Share of rows without a value, in the window.", "model", "version", "feature")
	driftScore          = describe("weir_drift_score", "Distance of an input from its reference, in the window. Its expectation without drift depends on the window's size.", "model", "version", "feature", "method")
	driftEvidence       = describe("weir_drift_evidence", "Evidence of drift, log10 of the detector's statistic; an alarm rings at the threshold its promise asks for.", "model", "version", "feature")
	predictionDrift     = describe("weir_prediction_drift_score", "Distance of the predictions from their reference, in the window; the worst output.", "model", "version", "method")
	predictionsTotal    = describe("weir_predictions_total", "Predictions by class.", "model", "version", "class")
	labelsTotal         = describe("weir_labels_total", "Labels by what became of them, and predictions that no label can find any more (evicted, evicted_copy, reused_id), also of shadows. Version is empty where it isn't known.", "model", "version", "outcome")
	qualityOf           = describe("weir_quality", "How good labelled predictions were since the start, by the labels of one source.", "model", "version", "source", "metric")
	alarmsTotal         = describe("weir_alarms_total", "Alarms by kind.", "model", "version", "kind")
	trafficInterim      = describe("weir_traffic_interim", "1 while a model is routed by a rollback that was made without the registry and is not committed yet.", "model")
	trafficGeneration   = describe("weir_traffic_generation", "The generation that this gateway routes by.", "model")
	trafficWeight       = describe("weir_traffic_weight", "Weight of an arm, in per cent.", "model", "version")
	rollbacksTotal      = describe("weir_rollbacks_total", "Generations that went back, by cause.", "model", "cause")
	rollbackDuration    = describe("weir_rollback_duration_seconds", "From the commit of a rollback's generation until this gateway routed by it.")
	reloadSuccessful    = describe("weir_config_last_reload_successful", "1 if the last attempt to load the configuration succeeded.")
	reloadTimestamp     = describe("weir_config_last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully.")
	reloadFailures      = describe("weir_config_reload_failures_total", "Attempts to load the configuration that were refused.")
	registryConnected   = describe("weir_registry_connected", "1 while the registry can be read.")
	registrySync        = describe("weir_registry_last_sync_timestamp_seconds", "When the registry was last read.")
	registryProblems    = describe("weir_registry_problems", "Registry documents that can't be used now; their models keep the last good content.")
	registryRefused     = describe("weir_registry_refused_total", "Registry content that was refused or could not be routed.")
	sourceConnected     = describe("weir_source_connected", "1 while the source of a model's versions can be read.", "model")
	sourceErrors        = describe("weir_source_errors_total", "Looks at the source of a model's versions that failed.", "model")
	sourceSkipped       = describe("weir_source_skipped_versions", "Versions that a source has and the registry has not, or has otherwise; GET models/{m} says why.", "model")
	leaderHere          = describe("weir_leader", "1 while this gateway runs the rollouts, else 0. Of the gateways on one registry at most one says 1, but for a moment after it is cut off.")
	refusedRequests     = describe("weir_refused_requests_total", "Requests and connections that Weir itself refused before a version was chosen, by problem.", "problem")
	secretsGood         = describe("weir_secrets_last_read_successful", "1 if the certificates, keys and tokens of a listener could be used when they were last read; else the last good ones are in force.", "listener")
	adminRefused        = describe("weir_admin_refused_total", "Calls of the admin API that were turned away, by reason.", "reason")
	auditFailures       = describe("weir_audit_failures_total", "Records that could not be written to the audit log; the log has them.")
	accessLogLines      = describe("weir_access_log_lines_total", "Lines written to the access log.")
	accessLogDropped    = describe("weir_access_log_dropped_total", "Lines that were to be written to the access log and were not, by reason.", "reason")
	spansSent           = describe("weir_spans_sent_total", "Spans that a collector has taken.")
	spansDropped        = describe("weir_spans_dropped_total", "Spans that were to be sent to a collector and did not get there, by reason.", "reason")
)

// descriptions are all of them, for the collector.
var descriptions = []*prometheus.Desc{
	requestsTotal, requestDuration, overheadSeconds, inflightRequests, upstreamHealthy,
	upstreamLimited, upstreamRetries, upstreamHedges, upstreamEjections, shadowRequests, shadowDisagreement, shadowNoise, shadowExcess,
	observationsDropped, fairnessGap, featureMissing, driftScore, driftEvidence, predictionDrift, predictionsTotal, alarmsTotal,
	labelsTotal, qualityOf, monitorSeconds, monitorObservations, monitorLeftOut, monitorQueueLength, monitorQueueBytes, monitorMemory,
	trafficInterim, trafficGeneration, trafficWeight, rollbacksTotal, rollbackDuration, reloadSuccessful, reloadTimestamp, reloadFailures,
	registryConnected, registrySync, registryProblems, registryRefused, leaderHere, sourceConnected, sourceErrors, sourceSkipped, refusedRequests, secretsGood, adminRefused, auditFailures, accessLogLines, accessLogDropped, spansSent, spansDropped,
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}
