//! Logs: one JSON object a line on standard output, which Lambda takes to CloudWatch.

use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` says how much (`info` without it). Ids are logged, addresses cannot be: they are
/// [`wend_core::personal::Personal`].
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter);
    // Lambda adds the time of its own.
    builder.without_time().with_current_span(false).init();
}
