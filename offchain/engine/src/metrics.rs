//! What the engine tells Prometheus.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// Counters of one engine.
pub struct Metrics {
    registry: Registry,
    /// Jobs that came to an end, by `done` or `failed`.
    pub jobs: IntCounterVec,
    /// Posted jobs that were not taken, by HTTP status.
    pub refusals: IntCounterVec,
    /// Receipts of jobs that were done.
    pub receipts: IntCounter,
    /// Jobs that wait.
    pub queued: IntGauge,
    /// 1 while one is computed.
    pub running: IntGauge,
    /// Seconds from taking a job off the queue to its end.
    pub seconds: Histogram,
}

impl Metrics {
    /// # Errors
    /// Never: the names are valid and differ.
    pub fn new() -> prometheus::Result<Self> {
        let name = |name: &str| format!("openledger_engine_{name}");
        let metrics = Self {
            registry: Registry::new(),
            jobs: IntCounterVec::new(
                Opts::new(name("jobs_total"), "Jobs that came to an end"),
                &["state"],
            )?,
            refusals: IntCounterVec::new(
                Opts::new(name("refusals_total"), "Posted jobs that were not taken"),
                &["status"],
            )?,
            receipts: IntCounter::new(name("receipts_total"), "Receipts that were attributed")?,
            queued: IntGauge::new(name("jobs_queued"), "Jobs that wait")?,
            running: IntGauge::new(name("jobs_running"), "Jobs that are being computed")?,
            seconds: Histogram::with_opts(
                HistogramOpts::new(name("job_seconds"), "Seconds of one job, fetching included")
                    .buckets(prometheus::exponential_buckets(0.1, 3.0, 10)?),
            )?,
        };
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.jobs.clone()))?;
        registry.register(Box::new(metrics.refusals.clone()))?;
        registry.register(Box::new(metrics.receipts.clone()))?;
        registry.register(Box::new(metrics.queued.clone()))?;
        registry.register(Box::new(metrics.running.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        Ok(metrics)
    }

    /// In Prometheus' text format.
    pub fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}
