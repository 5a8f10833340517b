//! Logs: one JSON object a line on standard output, which Lambda takes to CloudWatch.

use tracing_subscriber::filter::LevelFilter;

use crate::settings;

/// Starts logging; `RUST_LOG` names the least severe level (`info` without it). Ids are logged, addresses cannot be: they are
/// [`wend_core::personal::Personal`].
pub fn init() {
    let level = settings::level("RUST_LOG").unwrap_or(LevelFilter::INFO);
    let builder = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(level);
    // Lambda adds the time of its own.
    builder.without_time().with_current_span(false).init();
}
