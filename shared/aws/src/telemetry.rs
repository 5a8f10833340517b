//! Logs: one JSON object a line on standard output, which Lambda takes to CloudWatch.

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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

/// What a person at a terminal wants to read of the logs: faults, and why something waits.
pub fn init_terminal() {
    let filter = filter_fn(|metadata| {
        *metadata.level() <= Level::WARN || metadata.target() == wend_app::dispatch::HELD
    });
    let layer = tracing_subscriber::fmt::layer()
        .without_time()
        .with_target(false);
    let layer = layer.with_writer(std::io::stderr).with_filter(filter);
    tracing_subscriber::registry().with(layer).init();
}
