//! What the gateway tells Prometheus.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// Counters of one gateway.
pub struct Metrics {
    registry: Registry,
    /// Answers that were charged.
    pub answers: IntCounter,
    /// Answers whose callers hung up while they were computed.
    pub hung_up: IntCounter,
    /// Refusals by code.
    pub refusals: IntCounterVec,
    /// Tokens by direction.
    pub tokens: IntCounterVec,
    /// Seconds of generating one answer.
    pub seconds: Histogram,
    /// Receipts that are in no batch yet.
    pub pending: IntGauge,
    /// Batches that are not finally settled.
    pub open: IntGauge,
    /// Settlements that got into a block.
    pub settlements: IntCounter,
    /// Receipts that can never be claimed.
    pub written_off: IntCounter,
}

impl Metrics {
    /// # Errors
    /// Never: the names are valid and differ.
    pub fn new() -> prometheus::Result<Self> {
        let name = |name: &str| format!("openledger_gateway_{name}");
        let metrics = Self {
            registry: Registry::new(),
            answers: IntCounter::new(name("answers_total"), "Answers that were charged")?,
            hung_up: IntCounter::new(
                name("hung_up_total"),
                "Answers whose callers hung up while they were computed",
            )?,
            refusals: IntCounterVec::new(
                Opts::new(name("refusals_total"), "Requests that were refused"),
                &["code"],
            )?,
            tokens: IntCounterVec::new(
                Opts::new(name("tokens_total"), "Tokens of prompts and answers"),
                &["direction"],
            )?,
            seconds: Histogram::with_opts(HistogramOpts::new(
                name("generation_seconds"),
                "Seconds of generating one answer",
            ))?,
            pending: IntGauge::new(name("receipts_pending"), "Receipts in no batch yet")?,
            open: IntGauge::new(name("batches_open"), "Batches not finally settled")?,
            settlements: IntCounter::new(name("settlements_total"), "Settlements submitted")?,
            written_off: IntCounter::new(
                name("receipts_written_off_total"),
                "Receipts that can never be claimed",
            )?,
        };
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.answers.clone()))?;
        registry.register(Box::new(metrics.refusals.clone()))?;
        registry.register(Box::new(metrics.tokens.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.pending.clone()))?;
        registry.register(Box::new(metrics.open.clone()))?;
        registry.register(Box::new(metrics.settlements.clone()))?;
        registry.register(Box::new(metrics.hung_up.clone()))?;
        registry.register(Box::new(metrics.written_off.clone()))?;
        Ok(metrics)
    }

    /// In Prometheus' text format.
    pub fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}
