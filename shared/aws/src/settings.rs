//! What a function is told through its environment, typed.

use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

/// A setting is missing or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set; template.yaml sets it")]
    Missing(&'static str),
    /// The variable has another type.
    #[error("the environment variable {name} is `{value}`; it must be {expected}")]
    Unreadable {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Settings contradict each other.
    #[error(transparent)]
    Schedule(#[from] wend_core::due::ScheduleError),
}

/// The variable `name`.
#[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
pub fn text(name: &'static str) -> Result<String, SettingsError> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(SettingsError::Missing(name)),
    }
}

/// The variable `name` as a whole number.
pub fn number<T: FromStr>(name: &'static str) -> Result<T, SettingsError> {
    parsed(name, "a whole number")
}

/// The variable `name` as a level: `error`, `warn`, `info`, `debug`, `trace` or `off`.
pub fn level(name: &'static str) -> Result<LevelFilter, SettingsError> {
    parsed(name, "a level such as `info`")
}

fn parsed<T: FromStr>(name: &'static str, expected: &'static str) -> Result<T, SettingsError> {
    let value = text(name)?;
    let parsed = value.parse();
    parsed.map_err(|_| SettingsError::Unreadable {
        name,
        value,
        expected,
    })
}

/// The variable `name` as whole seconds.
pub fn secs(name: &'static str) -> Result<Duration, SettingsError> {
    number(name).map(Duration::from_secs)
}

/// The times of wakes, in seconds: `WEND_QUEUE_BOUNDARY_SECS`, `WEND_LOOK_AHEAD_SECS`, `WEND_OVERDUE_SECS`.
pub fn schedule() -> Result<wend_core::due::Schedule, SettingsError> {
    Ok(wend_core::due::Schedule::new(
        secs("WEND_QUEUE_BOUNDARY_SECS")?,
        secs("WEND_LOOK_AHEAD_SECS")?,
        secs("WEND_OVERDUE_SECS")?,
    )?)
}

/// The tables: `WEND_CONTACTS_TABLE`, `WEND_LOG_TABLE`, `WEND_RELEASES_TABLE`, `WEND_COUPONS_TABLE`. A function that may not use a table has no
/// variable for it; its name is then empty and every request to it fails.
pub fn tables() -> crate::dynamodb::Tables {
    let table = |name| text(name).unwrap_or_default();
    crate::dynamodb::Tables {
        contacts: table("WEND_CONTACTS_TABLE"),
        log: table("WEND_LOG_TABLE"),
        releases: table("WEND_RELEASES_TABLE"),
        coupons: table("WEND_COUPONS_TABLE"),
    }
}
